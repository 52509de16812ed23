/* cache_use.c: the users of a cache.
 *
 * CACHE/users/ID.lock  held by a process as long as it uses the cache; its time is that of the beginning
 * CACHE/users/gate      shared by processes that prepare cases, held alone by one that prunes
 * CACHE/about/KEY      what a case was made of, as JSON
 *
 * A case's time of modification is that of its last use. So a case that is older than the beginning of every
 * user is used by none of them. */
#include "prep/cache/cache_use.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/file/partial.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/json.h"
#include "voxgan/log.h"

/* A link that vg_cache_link made is relative. An absolute one is the user's, whose run keeps its cases there.
 */
static bool is_made_link(const char *path) {
  char first;
  return readlink(path, &first, 1) == 1 && first != '/';
}

/* The folder that a run lies in, whether its path ends in slashes or not. */
static char *folder_around(const char *run) {
  size_t n = strlen(run);
  while (n > 1 && run[n - 1] == '/') n--;
  char *bare = vg_format("%.*s", (int)n, run), *dir = bare ? vg_fs_dirname(bare) : NULL;
  vg_free(bare);
  return dir;
}

vg_status vg_cache_folder(const char *run, const char *setting, char **out) {
  const char *named = getenv("VOXGAN_CACHE");
  bool own = false;
  *out = NULL;
  if (setting && *setting) return (*out = vg_strdup(setting)) ? VG_OK : VG_MEMORY;
  if (named && *named) return (*out = vg_strdup(named)) ? VG_OK : VG_MEMORY;
  char *inside = vg_fs_join(run, VG_CACHE_LINK), *parent = folder_around(run);
  vg_status st = !inside || !parent ? VG_MEMORY : is_made_link(inside) ? VG_OK : vg_fs_is_dir(inside, &own);
  if (!st && !(*out = own ? vg_strdup(inside) : vg_fs_join(parent, VG_CACHE_FOLDER))) st = VG_MEMORY;
  vg_free(inside);
  vg_free(parent);
  return st;
}

/* The way from one folder to another, "../voxgan-cache" for one. Both paths are absolute and without links.
 */
static char *way(const char *from, const char *to) {
  vg_str text = VG_STR_INIT;
  size_t same = 0, i = 0;
  do {
    if ((!from[i] || from[i] == '/') && (!to[i] || to[i] == '/')) same = i;
  } while (from[i] && from[i] == to[i] && ++i);
  for (const char *c = from + same; *c; c++)
    if (*c == '/') vg_str_add(&text, "../");
  vg_str_add(&text, to + same + (to[same] == '/'));
  return vg_str_take(&text);
}

vg_status vg_cache_link(const char *run, const char *cache) {
  struct stat there;
  char *path = vg_fs_join(run, VG_CACHE_LINK), *from = realpath(run, NULL), *to = realpath(cache, NULL),
       *text = from && to ? way(from, to) : NULL;
  const bool found = from && to;
  vg_status st = path && (text || !found) ? VG_OK : VG_MEMORY;
  if (!st && text && *text) {
    if (is_made_link(path)) (void)unlink(path);
    if (lstat(path, &there) && symlink(text, path)) vg_debug("%s: no link can be made", path);
  }
  vg_free(text);
  vg_free(path);
  free(from); /* the C library's */
  free(to);
  return st;
}

/* ---- users ---- */

static vg_status enter(const char *cache, vg_cache_use *u) {
  char *gate = vg_fs_join(cache, "users/gate");
  vg_status st = gate ? VG_OK : VG_MEMORY;
  while (!st && !u->preparing) {
    st = vg_lock_share(gate, &u->gate, &u->preparing);
    if (st || u->preparing) break;
    if (vg_interrupted()) st = vg_fail(VG_INTERRUPTED, "interrupted while `voxgan cache` prunes %s", cache);
    nanosleep(&(struct timespec){0, 50000000}, NULL);
  }
  vg_free(gate);
  return st;
}

static vg_status enrol(const char *users, vg_cache_use *u) {
  char id[17];
  if (!vg_random_hex(id)) return vg_fail_errno(users, "no random bytes");
  u->path = vg_format("%s/%s.lock", users, id);
  vg_status st = u->path ? vg_fs_write_atomic(u->path, "", 0) : VG_MEMORY;
  if (!st) st = vg_lock_take(u->path, &u->own);
  u->registered = !st;
  return st;
}

vg_status vg_cache_use_begin(const char *cache, vg_cache_use *u) {
  *u = (vg_cache_use){0};
  if (!cache || !*cache) return VG_OK;
  char *users = vg_fs_join(cache, "users"), *locks = vg_fs_join(cache, "locks");
  vg_status st = users && locks ? vg_fs_make_dirs(users) : VG_MEMORY;
  if (!st) st = vg_fs_make_dirs(locks);
  if (!st) st = enter(cache, u);
  if (!st) st = enrol(users, u);
  if (st == VG_IO) { /* somebody else's cache, which we may read */
    vg_error_clear();
    st = VG_OK;
  }
  vg_free(users);
  vg_free(locks);
  if (st) vg_cache_use_end(u);
  return st;
}

void vg_cache_use_prepared(vg_cache_use *u) {
  if (u->preparing) vg_lock_release(&u->gate);
  u->preparing = false;
}

void vg_cache_use_end(vg_cache_use *u) {
  vg_cache_use_prepared(u);
  if (u->registered) {
    (void)unlink(u->path);
    vg_lock_release(&u->own);
  }
  vg_free(u->path);
  *u = (vg_cache_use){0};
}

/* ---- notes ---- */

static vg_status write_about(const char *path, const vg_dataset *ds, const vg_subject *subject,
                             const vg_prep_settings *settings) {
  vg_str series = VG_STR_INIT, classes = VG_STR_INIT;
  const char *data = vg_source_name(&ds->sources[subject->source]);
  char *path_of_data = realpath(data, NULL);
  vg_json *j = vg_json_object();
  for (int i = 0; i < settings->series.n; i++)
    vg_str_addf(&series, "%s%s", i ? "," : "", settings->series.names[i]);
  for (int i = 0; i < settings->classes.n; i++)
    vg_str_addf(&classes, "%s%s", i ? "," : "", settings->classes.names[i]);
  vg_json_put_string(j, "data", path_of_data ? path_of_data : data);
  vg_json_put_string(j, "id", subject->id);
  vg_json_put_string(j, "series", vg_str_text(&series));
  vg_json_put_string(j, "classes", vg_str_text(&classes));
  vg_json_put_axes(j, "spacing", settings->spacing);
  vg_status st =
      j && !vg_str_failed(&series) && !vg_str_failed(&classes) ? vg_json_write(path, j) : VG_MEMORY;
  vg_str_release(&series);
  vg_str_release(&classes);
  vg_json_free(j);
  free(path_of_data); /* the C library's */
  return st;
}

void vg_cache_note(const char *cache, const char *key, const vg_dataset *ds, const vg_subject *subject,
                   const vg_prep_settings *settings) {
  bool there = true;
  char *path = vg_format("%s/%s" VG_CACHE_ENDING, cache, key), *about = vg_format("%s/about", cache),
       *note = vg_format("%s/about/%s", cache, key);
  if (path) (void)utimensat(AT_FDCWD, path, NULL, 0);
  vg_status st = path && about && note ? vg_fs_exists(note, &there) : VG_MEMORY;
  if (!st && !there) st = vg_fs_make_dirs(about);
  if (!st && !there) st = write_about(note, ds, subject, settings);
  if (st) vg_error_clear();
  vg_free(path);
  vg_free(about);
  vg_free(note);
}
