/* output_claim.c: who writes a data set, and what becomes of the one that was there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/str.h"
#include "output/produce_set.h"
#include "voxgan/log.h"
#include "voxgan/output.h"

#define DESCRIPTION "dataset_description.json"
#define MANIFEST "manifest.csv"
#define CLOSED ".voxgan/closed"
#define WAIT_NS 100000000L
#define MUTEX ".voxgan/lock" /* each process holds it while it looks around */
#define WORK ".voxgan/work"  /* shared by all who work here */

/* ---- who works here ---- */

static vg_status take_mutex(const char *root, vg_lock *mutex) {
  char *path = vg_fs_join(root, MUTEX), *dir = path ? vg_fs_dirname(path) : NULL;
  *mutex = (vg_lock){.fd = -1};
  vg_status st = dir ? vg_fs_make_dirs(dir) : VG_MEMORY;
  if (!st) st = vg_lock_take(path, mutex);
  vg_free(dir);
  vg_free(path);
  return st;
}

/* With the mutex. *alone: nobody else works here. *taken is false while someone closes the data set. */
static vg_status begin_work(const char *root, vg_lock *work, bool *alone, bool *taken) {
  char *path = vg_fs_join(root, WORK);
  vg_status st = path ? vg_lock_try(path, work, alone) : VG_MEMORY;
  *taken = *alone;
  if (!st && !*alone) st = vg_lock_share(path, work, taken);
  vg_free(path);
  return st;
}

static vg_status rest(const char *root, bool *said) {
  if (vg_interrupted())
    return vg_fail(VG_INTERRUPTED, "interrupted while waiting for another voxgan in %s", root);
  char *path = vg_fs_join(root, WORK);
  if (!*said && path)
    vg_info("%s: waiting for another voxgan that writes there%s", root, vg_lock_holder(path));
  *said = true;
  vg_free(path);
  nanosleep(&(struct timespec){.tv_nsec = WAIT_NS}, NULL);
  return VG_OK;
}

/* ---- what the folder holds ---- */

/* *same: the folder's description is ours. *other: it has another, or one that cannot be read. */
static vg_status compare(const char *root, const vg_json *mine, bool *same, bool *other) {
  vg_json *there = NULL;
  char *path = vg_fs_join(root, DESCRIPTION), *a = NULL, *b = NULL;
  *same = *other = false;
  if (!path) return VG_MEMORY;
  vg_status st = VG_OK;
  if (!access(path, F_OK)) {
    st = vg_json_read(path, &there);
    a = vg_json_print(mine, false);
    b = st ? NULL : vg_json_print(there, false);
    if (!a || (!st && !b)) st = VG_MEMORY;
    *same = !st && !strcmp(a, b);
    *other = !*same;
  } else if (errno != ENOENT) {
    st = vg_fail_errno(path, "cannot read");
  }
  vg_free(a);
  vg_free(b);
  vg_free(path);
  vg_json_free(there);
  return st;
}

/* Removes another study's data set, in an order that leaves either study recognisable wherever a kill ends
 * this: without its manifest nothing is complete, and as long as the description is the old one, so are the
 * records. */
static vg_status clear(const char *root, const vg_owned *files, vg_owned *there) {
  vg_owned both = {0};
  char **ids = NULL, *manifest = vg_fs_join(root, MANIFEST);
  size_t n = 0;
  snprintf(both.kind, sizeof both.kind, "%s",
           strlen(files->kind) > strlen(there->kind) ? files->kind : there->kind);
  vg_status st = manifest ? vg_owned_merge(&both, files) : VG_MEMORY;
  if (!st) st = vg_owned_merge(&both, there);
  if (!st) st = vg_owned_write(root, &both);
  if (!st) st = vg_fs_remove(manifest);
  if (!st) st = vg_output_reopen(root);
  if (!st) st = vg_record_list(root, &ids, &n);
  for (size_t i = 0; i < n && !st; i++) st = vg_record_remove(root, ids[i]);
  vg_strv_free(ids);
  ids = NULL;
  n = 0;
  if (!st) st = vg_failure_list(root, &ids, &n);
  for (size_t i = 0; i < n && !st; i++) st = vg_failure_remove(root, ids[i]);
  if (!st) st = vg_owned_clear(root, there, DESCRIPTION);
  vg_strv_free(ids);
  vg_owned_release(&both);
  vg_free(manifest);
  return st;
}

/* ---- claiming ---- */

typedef struct claim {
  const char *root;
  const vg_json *description;
  vg_owned *files;
  bool overwrite, sharded;
} claim;

static vg_status check_kind(const char *root, vg_owned *there) {
  if (*there->kind && !vg_starts_with(there->kind, "study"))
    return vg_fail(VG_USAGE, "%s: was made by another command: name another folder", root);
  return vg_owned_check(root, there, vg_ends_with(there->kind, "links"));
}

/* Says what the folder is now. *made is false where another process was first. */
static vg_status describe(const claim *c, bool replace, bool *made) {
  char *path = vg_fs_join(c->root, DESCRIPTION);
  vg_status st = path ? VG_OK : VG_MEMORY;
  *made = true;
  if (!st && replace) st = vg_json_write(path, c->description);
  if (!st && !replace) st = vg_json_write_new(path, c->description, made);
  vg_free(path);
  return st;
}

/* The folder's list and description become ours. */
static vg_status settle(const claim *c, vg_owned *there, bool same, bool other, bool *made) {
  vg_status st = VG_OK;
  *made = true;
  if (same) return st;
  /* The list comes before what it lists. Beside another study's, it grows first. */
  st = other ? clear(c->root, c->files, there) : vg_owned_write(c->root, c->files);
  if (!st) st = describe(c, other, made);
  return st || !other ? st : vg_owned_write(c->root, c->files);
}

/* With the mutex. *entered is false where somebody closes the data set, or was first although we had the
 * mutex. */
static vg_status enter(const claim *c, vg_lock *work, bool *entered) {
  bool same, other, alone = false, taken, made = true;
  vg_owned there;
  *entered = false;
  vg_status st = vg_owned_read(c->root, &there);
  if (st) return st;
  st = compare(c->root, c->description, &same, &other);
  if (st && !(other && c->overwrite)) goto out;
  const size_t listed = there.n;
  st = same ? vg_owned_merge(&there, c->files) : VG_OK;
  if (!st) st = check_kind(c->root, &there);
  if (st) goto out;
  if (other && !c->overwrite) {
    st =
        vg_fail(VG_USAGE, "%s: holds a data set of another study, model or settings; --overwrite replaces it",
                c->root);
    goto out;
  }
  if ((st = begin_work(c->root, work, &alone, &taken)) || !taken) goto out;
  if (!alone && c->overwrite && (other || !c->sharded)) {
    st = vg_fail(VG_USAGE, "%s: another voxgan is writing there; --overwrite has to wait for its end",
                 c->root);
    goto out;
  }
  if ((st = vg_owned_sweep(c->root, &there, alone))) goto out;
  st = settle(c, &there, same, other, &made);
  /* Where no lock worked, another study's list may have replaced ours. */
  if (!st && same && there.n > listed) st = vg_owned_write(c->root, c->files);
  if (!st) vg_lock_admit(work);
  *entered = !st && made;
out:
  if (!*entered) vg_lock_release(work);
  vg_owned_release(&there);
  return st;
}

vg_status vg_output_claim(const char *root, const vg_json *description, const vg_produce_options *o,
                          vg_owned *files, vg_lock *work) {
  const claim c = {root, description, files, o->overwrite, o->shards > 0};
  bool entered = false, said = false;
  *work = (vg_lock){.fd = -1};
  vg_status st = vg_owned_look_first(root); /* a folder of others stays as it is */
  if (!st) st = vg_fs_require_writable_dir(root);
  while (!st && !entered) {
    vg_lock mutex;
    if ((st = take_mutex(root, &mutex))) break;
    st = enter(&c, work, &entered);
    vg_lock_release(&mutex);
    if (!st && !entered) st = rest(root, &said);
  }
  return st;
}

vg_status vg_output_reopen(const char *root) {
  char *path = vg_fs_join(root, CLOSED);
  vg_status st = path ? vg_fs_remove(path) : VG_MEMORY;
  vg_free(path);
  return st;
}

vg_status vg_output_end_work(const char *root, vg_lock *work, bool *waited) {
  char *path = vg_fs_join(root, WORK);
  bool taken = false;
  vg_lock mutex;
  vg_status st = path ? VG_OK : VG_MEMORY;
  vg_lock_release(work);
  *waited = false;
  while (!st && !taken) {
    if ((st = take_mutex(root, &mutex))) break;
    st = vg_lock_try(path, work, &taken);
    vg_lock_release(&mutex);
    if (!st && !taken) st = rest(root, waited);
  }
  vg_free(path);
  return st;
}
