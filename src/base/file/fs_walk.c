/* fs_walk.c: lists every file below a folder, in an order that does not depend on the disk. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

typedef struct folder_id {
  dev_t dev;
  ino_t ino;
} folder_id;

typedef struct walk {
  const char *root;
  char **files;
  size_t n, cap;
  folder_id *seen;
  size_t seen_n, seen_cap;
} walk;

static int by_bytes(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Appends path to the list, which takes ownership even on failure and stays NULL-terminated. */
static vg_status push_file(walk *w, char *path) {
  if (!path) return VG_MEMORY;
  if (w->n + 2 > w->cap) {
    size_t cap = w->cap ? w->cap * 2 : 64;
    char **files = vg_realloc(w->files, cap, sizeof *files);
    if (!files) {
      vg_free(path);
      return VG_MEMORY;
    }
    w->files = files;
    w->cap = cap;
  }
  w->files[w->n++] = path;
  w->files[w->n] = NULL;
  return VG_OK;
}

static vg_status visit_once(walk *w, const struct stat *s, bool *fresh) {
  *fresh = false;
  for (size_t i = 0; i < w->seen_n; i++) {
    if (w->seen[i].dev == s->st_dev && w->seen[i].ino == s->st_ino) return VG_OK;
  }
  if (w->seen_n == w->seen_cap) {
    size_t cap = w->seen_cap ? w->seen_cap * 2 : 64;
    folder_id *seen = vg_realloc(w->seen, cap, sizeof *seen);
    if (!seen) return VG_MEMORY;
    w->seen = seen;
    w->seen_cap = cap;
  }
  w->seen[w->seen_n++] = (folder_id){s->st_dev, s->st_ino};
  *fresh = true;
  return VG_OK;
}

static vg_status list_names(const char *path, char ***names) {
  walk list = {.root = path}; /* reused as a growing list of strings */
  vg_status st = VG_OK;
  DIR *dir = opendir(path);
  if (!dir) return vg_fail_errno(path, "cannot open folder");
  for (;;) {
    errno = 0;
    const struct dirent *e = readdir(dir);
    if (!e && errno) st = vg_fail_errno(path, "cannot read folder");
    if (!e) break;
    if (e->d_name[0] == '.') continue;
    st = push_file(&list, vg_strdup(e->d_name));
    if (st) break;
  }
  closedir(dir);
  if (!st && !list.files) {
    list.files = VG_NEW_N(char *, 1);
    if (!list.files) st = VG_MEMORY;
  }
  if (st) {
    vg_strv_free(list.files);
    return st;
  }
  qsort(list.files, list.n, sizeof *list.files, by_bytes);
  *names = list.files;
  return VG_OK;
}

/* below: path of the folder relative to the root; "" for the root itself. */
static vg_status walk_folder(walk *w, const char *below) {
  char **names = NULL;
  char *path = vg_fs_join(w->root, below);
  vg_status st = path ? list_names(path, &names) : VG_MEMORY;
  /* Real folders come before links, so that a file gets its own path if it has one below the root. */
  for (int links = 0; !st && links < 2; links++) {
    for (char **name = names; !st && *name; name++) {
      struct stat own, target;
      char *full = vg_fs_join(path, *name);
      char *relative = full ? vg_fs_join(below, *name) : NULL;
      bool fresh = true;
      if (!relative) {
        st = VG_MEMORY;
      } else if (lstat(full, &own) || stat(full, &target)) {
        /* it vanished, or it is a dead link: not a file */
      } else if (S_ISLNK(own.st_mode) != links) {
        /* belongs to the other round */
      } else if (S_ISREG(target.st_mode)) {
        st = push_file(w, relative);
        relative = NULL;
      } else if (S_ISDIR(target.st_mode)) {
        st = visit_once(w, &target, &fresh);
        if (!st && fresh) st = walk_folder(w, relative);
      }
      vg_free(relative);
      vg_free(full);
    }
  }
  vg_strv_free(names);
  vg_free(path);
  return st;
}

vg_status vg_fs_walk(const char *root, char ***files, size_t *n) {
  walk w = {.root = root};
  struct stat s;
  bool fresh;
  if (stat(root, &s)) return vg_fail_errno(root, "cannot open folder");
  vg_status st = visit_once(&w, &s, &fresh);
  if (!st) st = walk_folder(&w, "");
  if (!st && !w.files) {
    w.files = VG_NEW_N(char *, 1);
    if (!w.files) st = VG_MEMORY;
  }
  vg_free(w.seen);
  if (st) {
    vg_strv_free(w.files);
    return st;
  }
  if (w.n) qsort(w.files, w.n, sizeof *w.files, by_bytes);
  *files = w.files;
  *n = w.n;
  return VG_OK;
}
