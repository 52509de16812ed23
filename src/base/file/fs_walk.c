/* fs_walk.c: lists every file below a folder, in an order that does not depend on the disk. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file/retry.h"
#include "base/task/progress.h"
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
  vg_task task;
  vg_fs_faults *faults; /* NULL: a folder that cannot be read stops the walk */
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
  vg_task_step(&w->task);
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

/* Copies path. */
static vg_status push_fault(vg_fs_faults *f, const char *path, int fault, bool folder) {
  if (!f) return VG_OK;
  vg_fs_fault *more = vg_realloc(f->items, f->n + 1, sizeof *more);
  if (!more) return VG_MEMORY;
  f->items = more;
  char *copy = vg_strdup(path);
  if (!copy) return VG_MEMORY;
  more[f->n++] = (vg_fs_fault){copy, fault, folder};
  return VG_OK;
}

void vg_fs_faults_free(vg_fs_faults *faults) {
  for (size_t i = 0; i < faults->n; i++) vg_free(faults->items[i].path);
  vg_free(faults->items);
  *faults = (vg_fs_faults){NULL, 0};
}

/* VG_IO with errno kept in *fault where the folder cannot be read. */
static vg_status list_names(const char *path, char ***names, int *fault) {
  walk list = {.root = path}; /* reused as a growing list of strings */
  vg_status st = VG_OK;
  DIR *dir = vg_opendir_again(path);
  *fault = dir ? 0 : errno;
  if (!dir) return vg_fail_errno(path, "cannot open folder");
  for (;;) {
    errno = 0;
    const struct dirent *e = readdir(dir);
    if (!e && (*fault = errno)) st = vg_fail_errno(path, "cannot read folder");
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

static vg_status walk_folder(walk *w, const char *below);

/* A name of the folder below, which may be a link. fault: the errno of a failed lstat, or 0. Takes
 * relative. */
static vg_status walk_name(walk *w, const char *full, char *relative, int fault) {
  struct stat target;
  bool fresh = true;
  vg_status st = VG_OK;
  if (!fault && stat(full, &target)) fault = errno;
  if (fault) {
    st = push_fault(w->faults, relative, fault, false);
    if (!st) return push_file(w, relative);
  } else if (S_ISREG(target.st_mode)) {
    return push_file(w, relative);
  } else if (S_ISDIR(target.st_mode)) {
    st = visit_once(w, &target, &fresh);
    if (!st && fresh) st = walk_folder(w, relative);
  }
  vg_free(relative);
  return st;
}

/* Walks one name, or finds that it is a link and leaves it to a later call, with links. */
static vg_status walk_one(walk *w, const char *path, const char *below, const char *name, bool links,
                          bool *is_link) {
  struct stat own;
  char *full = vg_fs_join(path, name), *relative = full ? vg_fs_join(below, name) : NULL;
  vg_status st = relative ? VG_OK : VG_MEMORY;
  const int fault = !st && !links && lstat(full, &own) ? errno : 0;
  if (!links) *is_link = !st && !fault && S_ISLNK(own.st_mode);
  if (st || fault == ENOENT || *is_link != links)
    vg_free(relative); /* it has vanished, or waits for the other links */
  else
    st = walk_name(w, full, relative, fault);
  vg_free(full);
  return st;
}

/* below: path of the folder relative to the root, "" for the root itself. */
static vg_status walk_folder(walk *w, const char *below) {
  char **names = NULL;
  int fault = 0;
  size_t n = 0;
  char *path = vg_fs_join(w->root, below);
  vg_status st = path ? list_names(path, &names, &fault) : VG_MEMORY;
  if (st == VG_IO && fault && *below && w->faults) {
    vg_free(path);
    return push_fault(w->faults, below, fault, true);
  }
  while (!st && names[n]) n++;
  bool *is_link = st ? NULL : VG_NEW_N(bool, n);
  if (!st && !is_link) st = VG_MEMORY;
  /* Real folders before links, so that a file is known by its own path where it has one. */
  for (int links = 0; !st && links < 2; links++) {
    for (size_t i = 0; i < n && !st; i++)
      if (!links || is_link[i]) st = walk_one(w, path, below, names[i], links, &is_link[i]);
  }
  vg_free(is_link);
  vg_strv_free(names);
  vg_free(path);
  return st;
}

static vg_status walk_root(const char *root, char ***files, size_t *n, vg_fs_faults *faults) {
  walk w = {.root = root, .faults = faults};
  struct stat s;
  bool fresh;
  if (stat(root, &s)) return vg_fail_errno(root, "cannot open folder");
  vg_task_begin(&w.task, "listing files", "found", 0);
  vg_status st = visit_once(&w, &s, &fresh);
  if (!st) st = walk_folder(&w, "");
  vg_task_end(&w.task);
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

vg_status vg_fs_walk(const char *root, char ***files, size_t *n) {
  return walk_root(root, files, n, NULL);
}

vg_status vg_fs_walk_faults(const char *root, char ***files, size_t *n, vg_fs_faults *faults) {
  *faults = (vg_fs_faults){NULL, 0};
  vg_status st = walk_root(root, files, n, faults);
  if (st) vg_fs_faults_free(faults);
  return st;
}

vg_status vg_fs_walk_optional(const char *root, char ***files, size_t *n) {
  bool exists;
  *files = NULL;
  *n = 0;
  vg_status st = vg_fs_exists(root, &exists);
  if (!st && exists) return vg_fs_walk(root, files, n);
  if (!st && !(*files = VG_NEW_N(char *, 1))) st = VG_MEMORY;
  return st;
}
