/* owned.c: the list of an output folder's files, and walks over the folder by it. */
#include "base/file/owned.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file/retry.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

#define FOLDER ".voxgan"
#define LIST FOLDER "/files"
#define HEAD "voxgan files 1 "

/* ---- the list ---- */

void vg_owned_release(vg_owned *o) {
  vg_strv_free(o->paths);
  *o = (vg_owned){0};
}

vg_status vg_owned_add(vg_owned *o, const char *path) {
  if (o->n + 2 > o->cap) {
    size_t cap = o->cap ? 2 * o->cap : 64;
    char **paths = vg_realloc(o->paths, cap, sizeof *paths);
    if (!paths) return VG_MEMORY;
    o->paths = paths;
    o->paths[o->n] = NULL; /* the list ends here where the copy fails */
    o->cap = cap;
  }
  char *copy = vg_strdup(path);
  if (!copy) return VG_MEMORY;
  o->paths[o->n++] = copy;
  o->paths[o->n] = NULL;
  return VG_OK;
}

vg_status vg_owned_merge(vg_owned *o, const vg_owned *more) {
  vg_status st = VG_OK;
  for (size_t i = 0; i < more->n && !st; i++) st = vg_owned_add(o, more->paths[i]);
  return st;
}

static int by_bytes(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(vg_owned *o) {
  if (!o->n) return;
  qsort(o->paths, o->n, sizeof *o->paths, by_bytes);
  size_t kept = 1;
  for (size_t i = 1; i < o->n; i++) {
    if (strcmp(o->paths[i], o->paths[kept - 1]) != 0)
      o->paths[kept++] = o->paths[i];
    else
      vg_free(o->paths[i]);
  }
  o->n = kept;
  o->paths[kept] = NULL;
}

vg_status vg_owned_read(const char *root, vg_owned *out) {
  struct stat s;
  void *bytes = NULL;
  size_t len;
  *out = (vg_owned){0};
  char *path = vg_fs_join(root, LIST);
  vg_status st = path ? VG_OK : VG_MEMORY;
  if (!st && lstat(path, &s)) {
    if (errno != ENOENT && errno != ENOTDIR) st = vg_fail_errno(path, "cannot read");
    vg_free(path);
    return st;
  }
  if (!st) st = vg_fs_read(path, &bytes, &len);
  char *line = bytes, *end = line ? strchr(line, '\n') : NULL;
  if (!st &&
      (!end || !vg_starts_with(line, HEAD) || end - line >= (long)(sizeof HEAD + sizeof out->kind - 1)))
    st = vg_fail(VG_DATA, "%s: not a list that this program wrote", path);
  if (!st)
    snprintf(out->kind, sizeof out->kind, "%.*s", (int)(end - line - (long)sizeof HEAD + 1),
             line + sizeof HEAD - 1);
  while (!st && *(line = end + 1) && (end = strchr(line, '\n'))) {
    *end = '\0';
    st = vg_owned_add(out, line);
  }
  if (st) vg_owned_release(out);
  sort(out);
  vg_free(bytes);
  vg_free(path);
  return st;
}

vg_status vg_owned_write(const char *root, vg_owned *o) {
  vg_str text = VG_STR_INIT;
  char *path = vg_fs_join(root, LIST), *dir = path ? vg_fs_dirname(path) : NULL;
  sort(o);
  vg_str_addf(&text, HEAD "%s\n", o->kind);
  for (size_t i = 0; i < o->n; i++) vg_str_addf(&text, "%s\n", o->paths[i]);
  vg_status st = dir && !vg_str_failed(&text) ? vg_fs_make_dirs(dir) : VG_MEMORY;
  if (!st) st = vg_fs_write_atomic(path, vg_str_text(&text), text.len);
  vg_str_release(&text);
  vg_free(dir);
  vg_free(path);
  return st;
}

static bool is_listed(const vg_owned *o, const char *path) {
  char pattern[256];
  const char *key = path;
  if (!o->n) return false;
  if (bsearch(&key, o->paths, o->n, sizeof *o->paths, by_bytes)) return true;
  if (strchr(path, '/') || strlen(path) >= sizeof pattern) return false;
  size_t n = 0;
  for (const char *c = path; *c; c++)
    if (!isdigit((unsigned char)*c))
      pattern[n++] = *c;
    else if (!n || pattern[n - 1] != '#')
      pattern[n++] = '#';
  pattern[n] = '\0';
  key = pattern;
  return bsearch(&key, o->paths, o->n, sizeof *o->paths, by_bytes) != NULL;
}

/* ---- walks ---- */

typedef enum action { CHECK, SWEEP, CLEAR } action;

typedef struct walk {
  const char *root, *keep;
  const vg_owned *owned;
  action what;
  bool links, alone;
} walk;

/* What systems leave in a folder by themselves, and nobody writes over. */
static bool is_dropping(const char *name) {
  return !strcmp(name, ".DS_Store") || !strcmp(name, "Thumbs.db") || !strcmp(name, "desktop.ini") ||
         vg_starts_with(name, ".nfs");
}

/* Whether a half-written file belongs to a listed path. */
static bool is_our_partial(const walk *w, char *path) {
  const size_t len = vg_fs_partial(path);
  if (!len) return false;
  const char letter = path[len];
  path[len] = '\0';
  const bool ours = !strcmp(path, FOLDER) || vg_starts_with(path, FOLDER "/") || is_listed(w->owned, path);
  path[len] = letter;
  return ours;
}

static vg_status visit_file(const walk *w, int dir, const char *name, char *path, const struct stat *s) {
  const bool within = vg_starts_with(path, FOLDER "/");
  const bool kind = S_ISREG(s->st_mode) || (S_ISLNK(s->st_mode) && w->links && !within);
  const bool partial = is_our_partial(w, path), ours = within || is_listed(w->owned, path);
  if (w->what == SWEEP) return partial ? vg_fs_sweep_one(w->root, dir, name, w->alone) : VG_OK;
  if (w->what == CHECK) {
    if ((kind && (ours || partial)) || (S_ISREG(s->st_mode) && is_dropping(name))) return VG_OK;
    return vg_fail(VG_USAGE,
                   "%s: holds %s, which is not of this data set: name another folder, or move that file away",
                   w->root, path);
  }
  if (within || !ours || (w->keep && !strcmp(path, w->keep))) return VG_OK;
  if (!(S_ISREG(s->st_mode) || S_ISLNK(s->st_mode)) || !unlinkat(dir, name, 0) || errno == ENOENT)
    return VG_OK;
  return vg_fail_in(vg_fail_errno(path, "cannot remove"), "%s", w->root);
}

static vg_status list(const char *path, int fd, char ***names) {
  vg_owned all = {0};
  vg_status st = VG_OK;
  DIR *d = fdopendir(fd);
  if (!d) {
    st = vg_fail_errno(path, "cannot read folder");
    close(fd);
    return st;
  }
  for (errno = 0; !st;) {
    const struct dirent *e = readdir(d);
    if (!e) {
      if (errno) st = vg_fail_errno(path, "cannot read folder");
      break;
    }
    if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) st = vg_owned_add(&all, e->d_name);
    errno = 0;
  }
  closedir(d);
  sort(&all);
  if (st) vg_owned_release(&all);
  *names = all.paths;
  return st;
}

static vg_status visit_folder(const walk *w, int at, const char *name, const char *below);

static vg_status visit(const walk *w, int dir, const char *name, const char *below) {
  struct stat s;
  char *path = *below ? vg_fs_join(below, name) : vg_strdup(name);
  vg_status st = VG_OK;
  if (!path) return VG_MEMORY;
  if (fstatat(dir, name, &s, AT_SYMLINK_NOFOLLOW)) {
    if (errno != ENOENT) st = vg_fail_in(vg_fail_errno(path, "cannot read"), "%s", w->root);
  } else if (!S_ISDIR(s.st_mode)) {
    st = visit_file(w, dir, name, path, &s);
  } else if (!*below && (!strcmp(name, "lost+found") || (!strcmp(name, FOLDER) && w->what == CLEAR))) {
    /* not ours, or the caller clears it */
  } else {
    st = visit_folder(w, dir, name, path);
    if (!st && w->what == CLEAR) (void)unlinkat(dir, name, AT_REMOVEDIR); /* where it is empty now */
  }
  vg_free(path);
  return st;
}

static vg_status visit_folder(const walk *w, int at, const char *name, const char *below) {
  char **names = NULL;
  int fd = vg_openat_again(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), kept = -1;
  if (fd < 0) {
    if (errno == ENOENT) return VG_OK;
    return vg_fail_in(vg_fail_errno(*below ? below : ".", "cannot read folder"), "%s", w->root);
  }
  vg_status st =
      (kept = fcntl(fd, F_DUPFD_CLOEXEC, 0)) < 0 ? vg_fail_errno(w->root, "cannot read folder") : VG_OK;
  if (st)
    close(fd);
  else
    st = list(w->root, fd, &names);
  for (size_t i = 0; names && names[i] && !st; i++) st = visit(w, kept, names[i], below);
  vg_strv_free(names);
  if (kept >= 0) close(kept);
  return st;
}

static vg_status walk_root(walk w, vg_owned *o) {
  sort(o);
  w.owned = o;
  /* The root itself may be a link. */
  char *real = realpath(w.root, NULL);
  if (!real) return errno == ENOENT ? VG_OK : vg_fail_errno(w.root, "cannot open folder");
  vg_status st = visit_folder(&w, AT_FDCWD, real, "");
  free(real); /* the C library's */
  return st;
}

vg_status vg_owned_check(const char *root, vg_owned *o, bool links) {
  return walk_root((walk){.root = root, .what = CHECK, .links = links}, o);
}

vg_status vg_owned_sweep(const char *root, vg_owned *o, bool alone) {
  return walk_root((walk){.root = root, .what = SWEEP, .alone = alone}, o);
}

vg_status vg_owned_clear(const char *root, vg_owned *o, const char *keep) {
  return walk_root((walk){.root = root, .what = CLEAR, .links = true, .keep = keep}, o);
}

/* ---- a file ---- */

vg_status vg_owned_check_file(const char *path, const char *mark) {
  char head[8192];
  struct stat s;
  ssize_t n = -1;
  int fd = vg_open_again(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT && lstat(path, &s) && errno == ENOENT) return vg_fs_sweep_of(path);
  if (fd < 0 && errno != ENOENT && errno != ENXIO && errno != ENOTDIR)
    return vg_fail_errno(path, "cannot open");
  if (fd >= 0 && !fstat(fd, &s) && S_ISREG(s.st_mode)) n = read(fd, head, sizeof head);
  if (fd >= 0) close(fd);
  if (!n || (n > 0 && memmem(head, (size_t)n, mark, strlen(mark)))) return vg_fs_sweep_of(path);
  return vg_fail(VG_USAGE,
                 "%s: already exists, and this command did not make it: name another output, or move it away",
                 path);
}

/* ---- a folder with one maker at a time ---- */

/* Reads the list of the folder, which must be of the same kind or empty. */
static vg_status look(const char *root, const char *kind, bool links, vg_owned *there) {
  vg_status st = vg_owned_read(root, there);
  if (!st) st = vg_owned_check(root, there, links);
  if (!st && *there->kind && strcmp(there->kind, kind) != 0)
    st = vg_fail(VG_USAGE, "%s: was made by another command or with other settings: name another folder",
                 root);
  if (st) vg_owned_release(there);
  return st;
}

vg_status vg_owned_look_first(const char *root) {
  vg_owned there;
  vg_status st = vg_owned_read(root, &there);
  if (st || *there.kind) {
    vg_owned_release(&there);
    return st;
  }
  st = vg_owned_check(root, &there, false);
  if (st != VG_USAGE) return st;
  /* Its maker may have come in between: the list is written before all else. */
  char *why = vg_strdup(vg_error());
  if (!why) return VG_MEMORY;
  st = vg_owned_read(root, &there);
  if (!st && !*there.kind) st = vg_fail(VG_USAGE, "%s", why);
  vg_owned_release(&there);
  vg_free(why);
  return st;
}

vg_status vg_owned_claim(const char *root, vg_owned *files, bool links, vg_lock *lock) {
  vg_owned there;
  char *path = vg_fs_join(root, FOLDER "/lock"), *dir = path ? vg_fs_dirname(path) : NULL;
  *lock = (vg_lock){.fd = -1};
  vg_status st = dir ? vg_owned_look_first(root) : VG_MEMORY;
  if (!st) {
    st = vg_fs_require_writable_dir(root);
    if (!st) st = vg_fs_make_dirs(dir);
    if (!st) st = vg_lock_take(path, lock);
    if (!st) st = look(root, files->kind, links, &there);
    if (!st) {
      st = vg_owned_merge(files, &there);
      vg_owned_release(&there);
    }
    if (!st) st = vg_owned_write(root, files);
    if (!st) st = vg_owned_sweep(root, files, true);
    if (st) vg_lock_release(lock);
  }
  vg_free(dir);
  vg_free(path);
  return st;
}
