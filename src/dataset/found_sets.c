/* found_sets.c: finds the data sets in a folder, by guessing the layout of its subfolders. */
#include "dataset/found_sets.h"

#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "dataset/layout.h"
#include "voxgan/volume.h"

enum { DEPTH = 6 }; /* of folders that hold data sets */

void vg_found_sets_release(vg_found_sets *f) {
  for (size_t i = 0; i < f->n; i++) vg_free(f->sets[i].path);
  vg_free(f->sets);
  vg_free(f->other);
  memset(f, 0, sizeof *f);
}

static vg_status add_set(vg_found_sets *f, const char *path, const char *layout, bool shared) {
  vg_found_set *more = vg_realloc(f->sets, f->n + 1, sizeof *more);
  if (!more) return VG_MEMORY;
  f->sets = more;
  more[f->n] = (vg_found_set){vg_strdup(path), layout, shared};
  return more[f->n].path ? (f->n++, VG_OK) : VG_MEMORY;
}

static vg_status add_other(vg_found_sets *f, const char *root, const char *file) {
  f->others++;
  if (!f->other) f->other = vg_fs_join(root, file);
  return f->other ? VG_OK : VG_MEMORY;
}

/* Moves what `from` found to f. */
static vg_status merge(vg_found_sets *f, vg_found_sets *from) {
  vg_status st = VG_OK;
  for (size_t i = 0; i < from->n && !st; i++)
    st = add_set(f, from->sets[i].path, from->sets[i].layout, from->sets[i].shared);
  f->others += from->others;
  if (!f->other) {
    f->other = from->other;
    from->other = NULL;
  }
  vg_found_sets_release(from);
  return st;
}

/* The files of a folder, or of one of its subfolders. */
typedef struct tree {
  const char *root;
  char *const *files; /* relative to root */
  size_t n;
  const char *layout; /* as guessed; NULL: none */
} tree;

typedef struct child {
  char *path;   /* of the subfolder */
  char **files; /* relative to it, borrowed */
  size_t first, n, volumes;
  size_t fit; /* volumes that the parent's layout knows */
  /* the layout by which it is the folder of one subject, not a data set; NULL: none */
  const char *subject_of;
  vg_found_sets found; /* in a subfolder that the parent's layout does not cover */
} child;

static void child_release(child *c) {
  vg_free(c->path);
  vg_free(c->files);
  vg_found_sets_release(&c->found);
}

/* Whether the subfolder is called as the one subject that the layout sees in it. */
static bool is_subject(const tree *t, const child *c, const char *layout) {
  const size_t name = strlen(vg_fs_basename(c->path));
  char id[sizeof((vg_file_role *)0)->id] = "";
  vg_file_role role;
  for (size_t i = 0; i < c->n; i++) {
    const char *file = t->files[c->first + i];
    if (!vg_volume_is_path(file) || !vg_layout_find(layout)->classify(NULL, file, &role)) continue;
    const bool called = !strncmp(role.id, file, name) || !strncmp(role.person, file, name);
    if (!called || (*id && strcmp(role.person, id) != 0)) return false;
    strcpy(id, role.person);
  }
  return *id;
}

static vg_status child_at(const tree *t, size_t first, child *c) {
  const char *file = t->files[first];
  const size_t name = strcspn(file, "/");
  vg_file_role role;
  *c = (child){.first = first};
  while (first + c->n < t->n && !strncmp(t->files[first + c->n], file, name + 1)) c->n++;
  char *folder = vg_format("%.*s", (int)name, file);
  c->path = folder ? vg_fs_join(t->root, folder) : NULL;
  c->files = vg_malloc(c->n, sizeof *c->files);
  vg_free(folder);
  if (!c->path || !c->files) return VG_MEMORY;
  for (size_t i = 0; i < c->n; i++) {
    char *path = t->files[first + i];
    const bool volume = vg_volume_is_path(path);
    c->files[i] = path + name + 1;
    c->volumes += volume;
    c->fit += volume && t->layout && vg_layout_find(t->layout)->classify(NULL, path, &role);
  }
  if (t->layout && is_subject(t, c, t->layout)) c->subject_of = t->layout;
  return VG_OK;
}

static vg_status look(const char *root, char *const *files, size_t n, int depth, vg_found_sets *out);

/* Whether a subfolder is a data set of the parent's layout that does not join others. */
static bool is_whole(const tree *t, const child *c) {
  const vg_layout *layout = t->layout ? vg_layout_find(t->layout) : NULL;
  return layout && layout->one_folder && c->volumes && vg_layout_count(layout, c->files, c->n) == c->volumes;
}

/* Whether a subfolder shows that this folder is no single data set. Label maps alone often lie beside the
 * images that they belong to, and files of no layout beside others. */
static bool stands_alone(const tree *t, const child *c) {
  for (size_t i = 0; i < c->found.n; i++) {
    const char *layout = c->found.sets[i].layout;
    if (!t->layout || (strcmp(layout, t->layout) != 0 && vg_layout_find(layout)->precedence >= 0))
      return true;
  }
  return false;
}

/* Lists the data sets of a folder that holds several: each subfolder, and by layouts what lies in the folder
 * itself: folders of subjects, and files. */
static vg_status list_sets(const tree *t, child *children, size_t n, int depth, vg_found_sets *out) {
  vg_file_role role;
  vg_status st = VG_OK;
  for (size_t i = 0; i < n && !st; i++) {
    child *c = &children[i];
    if (c->subject_of || !c->volumes) continue;
    if (c->fit == c->volumes) st = look(c->path, c->files, c->n, depth + 1, &c->found);
    if (!st) st = merge(out, &c->found);
  }
  bool own = false;
  for (size_t i = 0; i < t->n && !st; i++) {
    if (strchr(t->files[i], '/') || !vg_volume_is_path(t->files[i])) continue;
    const bool fits = t->layout && vg_layout_find(t->layout)->classify(NULL, t->files[i], &role);
    own |= fits;
    if (!fits) st = add_other(out, t->root, t->files[i]);
  }
  const char *name;
  for (int k = 0; (name = vg_layout_at(k, NULL)) && !st; k++) {
    bool any = own && t->layout == name;
    for (size_t i = 0; i < n && !any; i++) any = children[i].subject_of == name;
    if (any) st = add_set(out, t->root, name, true);
  }
  return st;
}

/* A folder that is one data set, or none. */
static vg_status list_one(const tree *t, vg_found_sets *out) {
  if (t->layout) return add_set(out, t->root, t->layout, false);
  vg_status st = VG_OK;
  for (size_t i = 0; i < t->n && !st; i++)
    if (vg_volume_is_path(t->files[i])) st = add_other(out, t->root, t->files[i]);
  return st;
}

static vg_status look(const char *root, char *const *files, size_t n, int depth, vg_found_sets *out) {
  char reason[160];
  tree t = {root, files, n, vg_layout_guess(root, files, n, reason, sizeof reason)};
  if (!t.layout) vg_error_clear();
  child *children = vg_calloc(n ? n : 1, sizeof *children);
  size_t count = 0, wholes = 0;
  bool several = false;
  vg_status st = children ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < n && !st; i++) {
    if (!strchr(files[i], '/')) continue;
    child *c = &children[count++];
    if ((st = child_at(&t, i, c))) break;
    i += c->n - 1;
    wholes += is_whole(&t, c);
    if (c->fit == c->volumes || depth == DEPTH) continue;
    st = look(c->path, c->files, c->n, depth + 1, &c->found);
    if (!c->subject_of && c->found.n == 1 && is_subject(&t, c, c->found.sets[0].layout))
      c->subject_of = c->found.sets[0].layout;
    several |= stands_alone(&t, c);
  }
  several |= wholes > 1;
  if (!st) st = several ? list_sets(&t, children, count, depth, out) : list_one(&t, out);
  for (size_t i = 0; i < count; i++) child_release(&children[i]);
  vg_free(children);
  return st;
}

vg_status vg_found_sets_look(const char *root, vg_found_sets *out) {
  char **files = NULL;
  size_t n = 0;
  vg_fs_faults faults;
  memset(out, 0, sizeof *out);
  vg_status st = vg_fs_walk_faults(root, &files, &n, &faults); /* reading a set names its own faults */
  if (!st) st = look(root, files, n, 0, out);
  vg_fs_faults_free(&faults);
  vg_strv_free(files);
  if (st) vg_found_sets_release(out);
  return st;
}
