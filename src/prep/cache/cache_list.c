/* cache_list.c: lists the cases of a cache, and removes those that nobody uses. */
#include "prep/cache/cache_list.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/str.h"
#include "io/json.h"
#include "prep/prep_case.h"

/* ---- finding it ---- */

static vg_status is_cache(const char *folder, bool *is) {
  char *locks = vg_fs_join(folder, "locks"), *hashes = vg_fs_join(folder, "hashes");
  bool both[2] = {false, false};
  vg_status st = locks && hashes ? vg_fs_is_dir(locks, &both[0]) : VG_MEMORY;
  if (!st) st = vg_fs_is_dir(hashes, &both[1]);
  *is = both[0] && both[1];
  vg_free(locks);
  vg_free(hashes);
  return st;
}

/* Where the link leads that a run has, for the listing to name; the link itself where there is none. */
static char *follow(const char *folder) {
  char *path = vg_fs_join(folder, VG_CACHE_LINK), *whole = path ? realpath(path, NULL) : NULL;
  if (!whole) return path;
  vg_free(path);
  path = vg_strdup(whole);
  free(whole); /* the C library's */
  return path;
}

vg_status vg_cache_find(const char *folder, char **out) {
  enum { TRIES = 4 };
  char *tries[TRIES] = {vg_strdup(folder), vg_fs_join(folder, VG_CACHE_FOLDER), follow(folder), NULL};
  bool is = false;
  *out = NULL;
  vg_status st = vg_cache_folder(folder, "", &tries[3]);
  for (int i = 0; i < TRIES && !st && !*out; i++) {
    st = tries[i] ? is_cache(tries[i], &is) : VG_MEMORY;
    if (!st && is) *out = tries[i];
  }
  for (int i = 0; i < TRIES; i++)
    if (tries[i] != *out) vg_free(tries[i]);
  if (!st && !*out)
    st = vg_fail(VG_DATA, "%s: neither it nor " VG_CACHE_FOLDER " in it is a cache of prepared volumes",
                 folder);
  return st;
}

/* ---- users ---- */

/* Counts the processes that use the cache, and the beginning of the first one's use. Files of dead ones go.
 */
static vg_status read_users(const char *folder, size_t *users, struct timespec *since) {
  char *path = vg_fs_join(folder, "users");
  DIR *d = path ? opendir(path) : NULL;
  vg_status st = !path ? VG_MEMORY : !d && errno != ENOENT ? vg_fail_errno(path, "cannot read") : VG_OK;
  *users = 0;
  for (struct dirent *e; d && !st && (e = readdir(d));) {
    vg_lock lock;
    bool free_now = false;
    struct stat s;
    if (!vg_ends_with(e->d_name, ".lock")) continue;
    char *one = vg_fs_join(path, e->d_name);
    if (!one) st = VG_MEMORY;
    if (st || stat(one, &s)) { /* it has just ended */
      vg_free(one);
      continue;
    }
    if (vg_lock_try(one, &lock, &free_now)) vg_error_clear(); /* closed to us: it counts as running */
    if (free_now) {
      (void)unlink(one);
      vg_lock_release(&lock);
    } else {
      const bool first = !*users || s.st_mtim.tv_sec < since->tv_sec ||
                         (s.st_mtim.tv_sec == since->tv_sec && s.st_mtim.tv_nsec < since->tv_nsec);
      if (first) *since = s.st_mtim;
      ++*users;
    }
    vg_free(one);
  }
  if (d) closedir(d);
  vg_free(path);
  return st;
}

/* ---- cases ---- */

static bool is_key(const char *name) {
  size_t n = strspn(name, "0123456789abcdef");
  return n == VG_HASH_LEN - 1 && !strcmp(name + n, VG_CACHE_ENDING);
}

static bool before(struct timespec a, struct timespec b) {
  return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

static vg_status read_about(const char *folder, vg_cached *c) {
  char *path = vg_format("%s/about/%s", folder, c->key);
  bool there = false;
  vg_json *j = NULL;
  vg_status st = path ? vg_fs_exists(path, &there) : VG_MEMORY;
  if (!st && there && (st = vg_json_read(path, &j)) != VG_OK && st != VG_MEMORY) {
    vg_error_clear(); /* a damaged note costs only its words */
    st = VG_OK;
  }
  c->data = vg_strdup(vg_json_string(vg_json_get(j, "data"), ""));
  c->series = vg_strdup(vg_json_string(vg_json_get(j, "series"), ""));
  c->classes = vg_strdup(vg_json_string(vg_json_get(j, "classes"), ""));
  vg_json_axes(vg_json_get(j, "spacing"), c->spacing); /* else zeros */
  if (!st && (!c->data || !c->series || !c->classes)) st = VG_MEMORY;
  vg_json_free(j);
  vg_free(path);
  return st;
}

static vg_status add_case(vg_cache_list *l, const char *name, size_t *room) {
  char *path = vg_fs_join(l->folder, name);
  struct stat s;
  bool is = false;
  if (!path) return VG_MEMORY;
  vg_status st = lstat(path, &s) || !S_ISREG(s.st_mode) ? VG_OK : vg_case_file_is(path, &is);
  vg_free(path);
  if (st || !is) return st;
  if (l->n == *room) {
    *room = *room ? 2 * *room : 64;
    vg_cached *more = vg_realloc(l->cases, *room, sizeof *more);
    if (!more) return VG_MEMORY;
    l->cases = more;
  }
  vg_cached *c = &l->cases[l->n++];
  *c = (vg_cached){.bytes = (uint64_t)s.st_size, .used = s.st_mtim};
  memcpy(c->key, name, VG_HASH_LEN - 1);
  return read_about(l->folder, c);
}

static int last_used_first(const void *a, const void *b) {
  const vg_cached *x = a, *y = b;
  return before(y->used, x->used) ? -1 : before(x->used, y->used) ? 1 : strcmp(x->key, y->key);
}

vg_status vg_cache_read(const char *folder, vg_cache_list *out) {
  struct timespec since = {0};
  size_t room = 0;
  *out = (vg_cache_list){.folder = vg_strdup(folder)};
  DIR *d = opendir(folder);
  vg_status st = !out->folder ? VG_MEMORY : d ? VG_OK : vg_fail_errno(folder, "cannot read");
  for (struct dirent *e; !st && (e = readdir(d));)
    if (is_key(e->d_name)) st = add_case(out, e->d_name, &room);
  if (d) closedir(d);
  if (!st) st = read_users(folder, &out->users, &since);
  if (!st && out->n) qsort(out->cases, out->n, sizeof *out->cases, last_used_first);
  for (size_t i = 0; i < out->n && out->users; i++) out->cases[i].in_use = !before(out->cases[i].used, since);
  if (st) vg_cache_list_release(out);
  return st;
}

void vg_cache_list_release(vg_cache_list *l) {
  for (size_t i = 0; i < l->n; i++) {
    vg_free(l->cases[i].data);
    vg_free(l->cases[i].series);
    vg_free(l->cases[i].classes);
  }
  vg_free(l->cases);
  vg_free(l->folder);
  *l = (vg_cache_list){0};
}

/* ---- pruning ---- */

vg_status vg_prune_parse(const char *text, vg_prune *out) {
  static const struct {
    const char *name;
    double seconds, bytes;
  } units[] = {{"h", 3600, 0}, {"d", 86400, 0}, {"w", 604800, 0}, {"kB", 0, 1e3},
               {"MB", 0, 1e6}, {"GB", 0, 1e9},  {"TB", 0, 1e12}};
  char *unit;
  const double v = strtod(text, &unit);
  out->older = -1;
  out->most = UINT64_MAX;
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
    if (strcmp(unit, units[i].name) != 0 || !isdigit((unsigned char)*text) || !(v >= 0 && v < 1e6)) continue;
    if (units[i].bytes > 0)
      out->most = (uint64_t)(v * units[i].bytes);
    else
      out->older = v * units[i].seconds;
    return VG_OK;
  }
  return vg_fail(
      VG_USAGE,
      "--prune is \"%s\", but must be an age (30d, 12h: what was not used for that long goes) or a "
      "size (50GB, 500MB: what may stay)",
      text);
}

static vg_status remove_case(const vg_cache_list *l, const char *key) {
  char *path = vg_format("%s/%s" VG_CACHE_ENDING, l->folder, key),
       *about = vg_format("%s/about/%s", l->folder, key);
  vg_status st = path && about ? vg_fs_remove(path) : VG_MEMORY;
  if (!st) st = vg_fs_remove(about);
  vg_free(path);
  vg_free(about);
  return st;
}

static vg_status prune(vg_cache_list *l, const vg_prune *rule) {
  struct timespec now;
  uint64_t total = 0;
  vg_status st = VG_OK;
  clock_gettime(CLOCK_REALTIME, &now);
  for (size_t i = 0; i < l->n; i++) total += l->cases[i].bytes;
  for (size_t i = l->n; i-- > 0 && !st;) {
    vg_cached *c = &l->cases[i];
    const double age = difftime(now.tv_sec, c->used.tv_sec);
    const bool old = rule->older >= 0 && age >= rule->older;
    if (c->in_use || (!old && total <= rule->most)) continue;
    if (!rule->dry_run) st = remove_case(l, c->key);
    c->removed = !st;
    total -= c->bytes;
  }
  return st;
}

vg_status vg_cache_prune(const char *folder, const vg_prune *rule, vg_cache_list *out) {
  char *path = vg_fs_join(folder, "users/gate");
  vg_lock gate;
  bool taken = false;
  *out = (vg_cache_list){0};
  vg_status st = path ? vg_lock_try(path, &gate, &taken) : VG_MEMORY;
  if (!st && !taken)
    st =
        vg_fail(VG_REFUSED, "%s: a process is preparing volumes in it; prune it when that has ended", folder);
  if (!st) st = vg_cache_read(folder, out);
  if (!st) st = prune(out, rule);
  if (taken) vg_lock_release(&gate);
  if (st) vg_cache_list_release(out);
  vg_free(path);
  return st;
}
