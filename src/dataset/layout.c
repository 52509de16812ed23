/* layout.c: the registry of layouts: looks up a layout by name, and guesses it from the files of a folder. */
#include "dataset/layout.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "voxgan/volume.h"
#include "base/file/magic.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/str.h"
#include "base/text/plural.h"

typedef struct row {
  const char *name, *help;
  const vg_layout *layout;
} row;

#define ROWS 32
static row layouts[ROWS] = {
#define VG_LAYOUT(name, help) {#name, help, &vg_layout_##name},
#include "registry/layouts.def"
#undef VG_LAYOUT
};

bool vg_layout_add(const char *name, const char *help, const vg_layout *layout) {
  for (int i = 0; i < ROWS; i++) {
    if (layouts[i].name) continue;
    layouts[i] = (row){name, help, layout};
    return true;
  }
  return false;
}

const char *vg_layout_at(int i, const char **help) {
  if (i < 0 || i >= ROWS || !layouts[i].name) return NULL;
  if (help) *help = layouts[i].help;
  return layouts[i].name;
}

const vg_layout *vg_layout_find(const char *name) {
  const int i = vg_names_find(VG_NAMES_N(layouts, ROWS), name);
  return i < 0 ? NULL : layouts[i].layout;
}

const char *vg_layout_of_file(const char *path) {
  for (int i = 0; vg_layout_at(i, NULL); i++)
    if (layouts[i].layout->suffix && vg_ends_with(path, layouts[i].layout->suffix)) return layouts[i].name;
  return NULL;
}

const char *vg_layout_of_any_name(bool scan) {
  for (int i = 0; vg_layout_at(i, NULL); i++)
    if (scan ? layouts[i].layout->any_scan : layouts[i].layout->any_name) return layouts[i].name;
  VG_BUG("no layout takes a file of any name");
}

bool vg_layout_knows(const char *file) {
  vg_file_role role;
  for (int i = 0; vg_layout_at(i, NULL); i++)
    if (layouts[i].layout->classify(NULL, file, &role) && *role.id) return true;
  return false;
}

bool vg_layout_any_role(const char *path, vg_file_role *out) {
  char stem[256];
  memset(out, 0, sizeof *out);
  if (!vg_volume_is_path(path) || !vg_volume_stem(path, stem, sizeof stem)) return false;
  const char *slash = strrchr(path, '/');
  const int n = snprintf(out->id, sizeof out->id, "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path, stem);
  if (n < 0 || (size_t)n >= sizeof out->id) return false;
  for (char *c = out->id; *c; c++)
    if (*c == '/') *c = '_';
  memcpy(out->person, out->id, sizeof out->person);
  return true;
}

bool vg_layout_says_labels(const char *path) {
  static const char *const words[] = {"seg", "label", "parc"};
  char stem[256];
  if (!vg_volume_stem(path, stem, sizeof stem)) return false;
  for (char *c = stem; *c; c++) *c = (char)tolower((unsigned char)*c);
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    for (const char *at = stem; (at = strstr(at, words[i])); at++)
      if (at == stem || !isalpha((unsigned char)at[-1]) || !isalpha((unsigned char)at[strlen(words[i])]))
        return true;
  return false;
}

/* What --layout takes: each layout, then auto. */
static const char *choice_at(const void *list, size_t i) {
  (void)list;
  const char *name = vg_layout_at((int)i, NULL);
  return !name && (!i || vg_layout_at((int)i - 1, NULL)) ? "auto" : name;
}

vg_status vg_layout_unknown(const char *name) {
  const vg_names names = VG_NAMES_BY(choice_at, NULL);
  const char *near = vg_names_nearest(names, name);
  if (near) return vg_fail(VG_CONFIG, "no layout '%s'; did you mean %s?", name, near);
  vg_str all = VG_STR_INIT;
  vg_names_join(names, &all);
  vg_status st = vg_fail(VG_CONFIG, "no layout '%s' (%s)", name, vg_str_text(&all));
  vg_str_release(&all);
  return st;
}

size_t vg_layout_count(const vg_layout *layout, char *const *files, size_t n) {
  size_t count = 0;
  vg_file_role role;
  for (size_t i = 0; i < n; i++)
    count += vg_volume_is_path(files[i]) && layout->classify(NULL, files[i], &role);
  return count;
}

/* Names the format of the first file whose format is known, out of a few. False: of none. */
static bool say_format(const char *root, char *const *files, size_t n) {
  enum { LOOKS = 64 };
  for (size_t i = 0; i < n && i < LOOKS; i++) {
    char *path = vg_fs_join(root, files[i]);
    const char *advice = path ? vg_file_advice(path) : NULL;
    if (advice)
      vg_fail(VG_DATA, "%s: no volume below this folder; its file %s is %s", root, files[i], advice);
    vg_free(path);
    if (advice) return true;
  }
  return false;
}

/* FreeSurfer writes its volumes of a subject into SUBJECT/mri. */
static bool is_freesurfer(char *const *files, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (vg_ends_with(files[i], "mri/aseg.mgz") || vg_ends_with(files[i], "mri/aparc+aseg.mgz")) return true;
  return false;
}

const char *vg_layout_guess(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  const row *best = NULL;
  size_t most = 0, images = 0;
  for (size_t i = 0; i < n; i++) images += vg_volume_is_path(files[i]);
  for (int i = 0; vg_layout_at(i, NULL); i++) {
    const vg_layout *layout = layouts[i].layout;
    char why[160] = "from its file names";
    size_t score = layout->score ? layout->score(root, files, n, why, sizeof why) : 0;
    if (!score || score < most || (best && score == most && layout->precedence <= best->layout->precedence))
      continue;
    best = &layouts[i];
    most = score;
    snprintf(reason, size, "%s", why);
  }
  if (best) return best->name;
  if (!images && say_format(root, files, n)) return NULL;
  if (!images)
    vg_fail(VG_DATA, "%s: no volume (.nii.gz, .mha, .nrrd, .mgz, ...) below this folder", root);
  else if (is_freesurfer(files, n))
    vg_fail(
        VG_DATA,
        "%s: this is FreeSurfer's output, which a CSV manifest lists: a line \"id,t1,aseg\", then for each "
        "subject a line such as \"p01,p01/mri/norm.mgz,p01/mri/aseg.mgz\" (docs/guide/answers.md)",
        root);
  else
    vg_fail(VG_DATA,
            "%s: none of its %zu %s has a name of a known layout (ID_t1ce, ID-t1c, sub-X_T1w, "
            "imagesTr/X_0000, 002_S_0295/MPR/.../I40966); a CSV manifest can list them, and --layout scans "
            "takes each as a scan of one subject",
            root, images, vg_plural(images, "volume", "volumes"));
  return NULL;
}
