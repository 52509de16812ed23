/* apart.c: whether two paths lead into one another. */
#include "base/file/apart.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

/* The whole path without links. What is not there yet is put behind the part that is. vg_free; NULL: no
 * memory. */
static char *resolve(const char *path) {
  char *at = vg_strdup(path), *rest = vg_strdup("");
  char *real = NULL, *whole = NULL;
  while (at && rest && !(real = realpath(at, NULL)) && strcmp(at, "/") && strcmp(at, ".")) {
    char *longer = vg_format("/%s%s", vg_fs_basename(at), rest), *up = vg_fs_dirname(at);
    vg_free(rest);
    vg_free(at);
    rest = longer;
    at = up;
  }
  if (at && rest) whole = vg_format("%s%s", real && strcmp(real, "/") ? real : "", rest);
  if (whole && !*whole) {
    vg_free(whole);
    whole = vg_strdup("/");
  }
  free(real); /* the C library's */
  vg_free(rest);
  vg_free(at);
  return whole;
}

/* Both are resolved. Folders are compared by device and inode, so that a second mount of one, or a name in
 * other letters, is seen too. *within false where memory lacks. */
static vg_status is_within(const char *path, const char *dir, bool *within) {
  struct stat whole, here;
  const bool there = !stat(dir, &whole);
  const size_t n = strcmp(dir, "/") ? strlen(dir) : 0;
  *within = !strncmp(path, dir, n) && (!path[n] || path[n] == '/');
  char *at = *within || !there ? NULL : vg_strdup(path);
  if (!*within && there && !at) return VG_MEMORY;
  while (at && !*within) {
    *within = !stat(at, &here) && here.st_dev == whole.st_dev && here.st_ino == whole.st_ino;
    char *up = strcmp(at, "/") ? vg_fs_dirname(at) : NULL;
    if (strcmp(at, "/") && !up) {
      vg_free(at);
      return VG_MEMORY;
    }
    vg_free(at);
    at = up;
  }
  vg_free(at);
  return VG_OK;
}

/* The path of the name itself, whatever it leads to. */
static char *own_path(const char *path) {
  char *dir = vg_fs_dirname(path), *real = dir ? resolve(dir) : NULL;
  char *own = real ? vg_fs_join(real, vg_fs_basename(path)) : NULL;
  vg_free(dir);
  vg_free(real);
  return own;
}

vg_status vg_fs_apart(const char *in_name, const char *in, const char *out_name, const char *out) {
  char *from = resolve(in), *link = own_path(in), *to = resolve(out);
  bool one = false, two = false, three = false;
  vg_status st = from && link && to ? is_within(from, to, &one) : VG_MEMORY;
  if (!st) st = is_within(to, from, &two);
  if (!st) st = is_within(link, to, &three);
  if (!st && (one || two || three))
    st = vg_fail(VG_USAGE, "%s%s%s and %s%s%s lie within one another: name another output", out_name,
                 *out_name ? " " : "", out, in_name, *in_name ? " " : "", in);
  vg_free(from);
  vg_free(link);
  vg_free(to);
  return st;
}
