/* layout_nnunet.c: data sets of nnU-Net v2: imagesTr/CASE_0000.nii.gz a channel, labelsTr/CASE.nii.gz, and
 * dataset.json, which describes channels and label values. The root is the folder of the data set, or a
 * folder of data sets (nnUNet_raw) that contains only one.
 *
 * anatomyTr/CASE.nii.gz is not an nnU-Net name: voxgan stores the anatomy map there, beside the tumour
 * labels. The key "voxgan" of dataset.json gives the meaning of its values. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "dataset/layout.h"
#include "label/class_words.h"
#include "voxgan/log.h"
#include "base/fs.h"
#include "base/mem.h"
#include "io/json.h"
#include "voxgan/volume.h"
#include "base/names.h"
#include "base/str.h"

#define DIGITS 4 /* in a channel's number */

static bool in_folder(const char *path, const char *folder) {
  size_t n = strlen(folder);
  return strncmp(path, folder, n) == 0 && path[n] == '/' && !strchr(path + n + 1, '/');
}

/* CASE_0003: removes the number from the text and returns it, or -1. */
static int cut_channel(char *stem) {
  size_t n = strlen(stem);
  if (n < DIGITS + 2 || stem[n - DIGITS - 1] != '_') return -1;
  int number = 0;
  for (size_t i = n - DIGITS; i < n; i++) {
    if (!isdigit((unsigned char)stem[i])) return -1;
    number = 10 * number + (stem[i] - '0');
  }
  stem[n - DIGITS - 1] = '\0';
  return number;
}

static bool classify(const vg_source *source, const char *path, vg_file_role *out) {
  memset(out, 0, sizeof *out);
  if (!vg_volume_is_path(path) || !vg_volume_stem(path, out->id, sizeof out->id)) return false;
  const char *slash = strchr(path, '/');
  if (vg_starts_with(path, "Dataset") && slash) path = slash + 1;
  if (in_folder(path, "labelsTr")) {
    out->kind = !source || source->tumour_scheme.n ? VG_FILE_TUMOUR : VG_FILE_ANATOMY;
  } else if (in_folder(path, "anatomyTr")) {
    out->kind = VG_FILE_ANATOMY;
  } else if (in_folder(path, "imagesTr")) {
    int channel = cut_channel(out->id);
    if (channel < 0 || (source && channel >= source->channels.n)) return false;
    out->kind = VG_FILE_SERIES;
    if (source) memcpy(out->series, source->channels.names[channel], sizeof out->series);
  }
  memcpy(out->person, out->id, sizeof out->person);
  return out->kind != VG_FILE_OTHER;
}

/* ---- dataset.json ---- */

/* Finds the dataset.json of the data set among the files of a root. */
static vg_status find_description(const char *root, char *const *files, size_t n, const char **out) {
  *out = NULL;
  for (size_t i = 0; i < n; i++) {
    const char *slash = strchr(files[i], '/');
    if (strcmp(slash ? slash + 1 : files[i], "dataset.json") != 0) continue;
    if (slash && !vg_starts_with(files[i], "Dataset")) continue;
    if (*out)
      return vg_fail(VG_DATA, "%s: holds several nnU-Net data sets (%s and %s): give the folder of one", root,
                     *out, files[i]);
    *out = files[i];
  }
  return *out ? VG_OK : vg_fail(VG_DATA, "%s: no dataset.json; an nnU-Net data set needs one", root);
}

/* Reads a required key. */
static vg_status need(const char *path, const vg_json *root, const char *key, vg_json_type type,
                      const vg_json **out) {
  static const char *const known[] = {
      "channel_names", "labels",          "numTraining", "file_ending", "name",
      "description",   "reference",       "licence",     "release",     "voxgan",
      "license",       "tensorImageSize", NULL};
  const vg_json *node = *out = vg_json_get(root, key);
  if (node && vg_json_type_of(node) == type) return VG_OK;
  if (node)
    return vg_fail(VG_DATA, "%s: '%s' is not %s", path, key, type == VG_JSON_OBJECT ? "an object" : "a text");
  if (vg_json_get(root, "modality"))
    return vg_fail(VG_DATA, "%s: no key '%s', but 'modality': convert this data set of nnU-Net v1 to v2",
                   path, key);
  for (const vg_json *c = vg_json_first(root); c; c = vg_json_next(c)) {
    const char *near = vg_names_nearest(VG_NAMES(known), vg_json_key(c));
    if (near && strcmp(near, key) == 0)
      return vg_fail(VG_DATA, "%s: no key '%s'; is '%s' a typing error?", path, key, vg_json_key(c));
  }
  return vg_fail(VG_DATA, "%s: no key '%s'", path, key);
}

static vg_status read_channels(const char *path, const vg_json *names, vg_series_list *out) {
  size_t n = vg_json_size(names);
  if (n > VG_SERIES_MAX)
    return vg_fail(VG_DATA, "%s: %zu channels, more than the %d that are supported", path, n, VG_SERIES_MAX);
  for (out->n = 0; (size_t)out->n < n; out->n++) {
    char key[16], *series = out->names[out->n];
    snprintf(key, sizeof key, "%d", out->n);
    const char *name = vg_json_string(vg_json_get(names, key), NULL);
    if (!name) return vg_fail(VG_DATA, "%s: 'channel_names' has no text for channel %s of %zu", path, key, n);
    vg_series_word(name, series);
    if (!*series)
      return vg_fail(VG_DATA, "%s: channel %s is called '%s', which is not a valid name", path, key, name);
    for (int k = 0; k < out->n; k++)
      if (strcmp(out->names[k], series) == 0)
        return vg_fail(VG_DATA, "%s: channels %d and %d are both %s", path, k, out->n, series);
  }
  return VG_OK;
}

/* The role of a label by its name; false: its name does not show it. */
static bool role_of(const vg_json *label, vg_role *role) {
  const char *name;
  return vg_class_word(vg_json_key(label), &name, role) == VG_WORD_CLASS;
}

/* Whether the label stands for a class. Voxels of "ignore" stay outside the scheme, so that a map that has
 * any is refused with their number. */
static bool is_class(const char *path, const vg_json *label) {
  const char *name;
  vg_role role;
  if (vg_json_number(label, 0) == 0) return false;
  if (vg_class_word(vg_json_key(label), &name, &role) != VG_WORD_IGNORE) return true;
  vg_info("%s: label '%s' (value %.17g) marks voxels that nobody labelled; voxgan refuses a map with such "
          "voxels",
          path, vg_json_key(label), vg_json_number(label, 0));
  return false;
}

static vg_status unknown_label(const char *path, const vg_json *labels, const vg_json *unknown) {
  vg_str text = VG_STR_INIT;
  for (const vg_json *c = vg_json_first(labels); c; c = vg_json_next(c)) {
    char value[32];
    vg_role role = VG_ROLE_ANATOMY;
    const char *name;
    if (vg_json_type_of(c) != VG_JSON_NUMBER || vg_json_number(c, 0) == 0 ||
        vg_class_word(vg_json_key(c), &name, &role) == VG_WORD_IGNORE)
      continue;
    snprintf(value, sizeof value, "%.17g", vg_json_number(c, 0));
    const bool known = role_of(c, &role);
    vg_scheme_text_add(&text, value, vg_json_key(c), role);
    if (known) continue;
    text.len -= strlen(vg_role_name(role));
    vg_str_add(&text, "ROLE");
  }
  vg_status st = vg_fail(VG_DATA,
                         "%s: label '%s' (value %.17g) could be tumour or anatomy; say what it is with "
                         "--tumour-scheme (data.tumour_scheme) '%s', where ROLE is tumour or anatomy",
                         path, vg_json_key(unknown), vg_json_number(unknown, 0), vg_str_text(&text));
  vg_str_release(&text);
  return st;
}

/* The role that all labels of unknown names have, if the caller knows it, or the first such label. */
static const vg_json *first_unknown(const vg_json *labels, bool *tumour) {
  const vg_json *unknown = NULL;
  for (const vg_json *c = vg_json_first(labels); c; c = vg_json_next(c)) {
    vg_role role;
    const char *name;
    if (vg_json_type_of(c) != VG_JSON_NUMBER || vg_json_number(c, 0) == 0) continue;
    const vg_word word = vg_class_word(vg_json_key(c), &name, &role);
    *tumour |= word == VG_WORD_CLASS && role == VG_ROLE_TUMOUR;
    if (!unknown && word == VG_WORD_UNKNOWN) unknown = c;
  }
  return unknown;
}

/* role: of all labels; NULL: derive it from their names. anatomy_named: the user has named a scheme for
 * anatomy, which is then the role of unknown names if no label is a tumour. */
static vg_status read_labels(const char *path, const vg_json *labels, const vg_role *role, bool anatomy_named,
                             vg_scheme *out) {
  vg_str text = VG_STR_INIT;
  vg_status st = VG_OK;
  bool tumour = false;
  const vg_json *unknown = first_unknown(labels, &tumour);
  for (const vg_json *c = vg_json_first(labels); c && !st; c = vg_json_next(c)) {
    char value[32];
    vg_role own = VG_ROLE_ANATOMY;
    if (vg_json_type_of(c) == VG_JSON_ARRAY)
      st =
          vg_fail(VG_DATA, "%s: label '%s' is a region; give the label map's own values with --tumour-scheme",
                  path, vg_json_key(c));
    else if (vg_json_type_of(c) != VG_JSON_NUMBER)
      st = vg_fail(VG_DATA, "%s: the value of label '%s' is not a number", path, vg_json_key(c));
    if (st || !is_class(path, c)) continue;
    snprintf(value, sizeof value, "%.17g", vg_json_number(c, 0));
    role_of(c, &own);
    vg_scheme_text_add(&text, value, vg_json_key(c), role ? *role : own);
  }
  if (!st && !text.len)
    st = vg_str_failed(&text) ? VG_MEMORY : vg_fail(VG_DATA, "%s: 'labels' has only background", path);
  if (!st && vg_scheme_parse(vg_str_text(&text), out)) st = vg_fail_in(VG_DATA, "%s", path);
  if (!st && unknown && !role && (tumour || !anatomy_named)) st = unknown_label(path, labels, unknown);
  vg_str_release(&text);
  return st;
}

/* Reads voxgan's own key: the role of the target labels, and the scheme of the anatomy beside a tumour. */
static vg_status read_own(const char *path, const vg_json *own, const vg_role **role, vg_source *source) {
  static const vg_role roles[] = {VG_ROLE_ANATOMY, VG_ROLE_TUMOUR};
  const char *target = vg_json_string(vg_json_get(own, "target"), "");
  const char *anatomy = vg_json_string(vg_json_get(own, "anatomy_labels"), NULL);
  *role = NULL;
  for (size_t i = 0; i < 2; i++)
    if (strcmp(target, vg_role_name(roles[i])) == 0) *role = &roles[i];
  if (anatomy && !source->anatomy_scheme.n && vg_scheme_parse(anatomy, &source->anatomy_scheme))
    return vg_fail_in(VG_DATA, "%s: 'voxgan': 'anatomy_labels'", path);
  return VG_OK;
}

static vg_status read_description(const char *path, const vg_json *root, vg_source *source) {
  const vg_json *channels, *labels, *ending;
  const vg_role *role;
  vg_status st = need(path, root, "channel_names", VG_JSON_OBJECT, &channels);
  if (!st) st = need(path, root, "labels", VG_JSON_OBJECT, &labels);
  if (!st) st = need(path, root, "file_ending", VG_JSON_STRING, &ending);
  if (st) return st;
  if (vg_json_get(root, "dataset"))
    return vg_fail(VG_DATA, "%s: lists its files under 'dataset'; voxgan reads only imagesTr and labelsTr",
                   path);
  if (!vg_starts_with(vg_json_string(ending, ""), ".nii"))
    return vg_fail(VG_DATA, "%s: file_ending is '%s'; voxgan reads only NIfTI", path,
                   vg_json_string(ending, ""));
  st = read_channels(path, channels, &source->channels);
  if (!st) st = read_own(path, vg_json_get(root, "voxgan"), &role, source);
  /* A scheme from the user describes the target labels; dataset.json may have regions instead. */
  if (st || source->tumour_scheme.n || (role && *role == VG_ROLE_ANATOMY && source->anatomy_scheme.n))
    return st;
  vg_scheme target;
  st = read_labels(path, labels, role, source->anatomy_scheme.n > 0, &target);
  if (st) return st;
  bool tumour = false;
  for (int i = 0; i < target.n; i++) tumour |= target.labels[i].role == VG_ROLE_TUMOUR;
  if (tumour)
    source->tumour_scheme = target;
  else if (!source->anatomy_scheme.n)
    source->anatomy_scheme = target;
  return VG_OK;
}

static vg_status open_root(vg_source *source, char *const *files, size_t n) {
  const char *relative;
  vg_json *root = NULL;
  vg_status st = find_description(source->root, files, n, &relative);
  if (st) return st;
  char *path = vg_fs_join(source->root, relative);
  st = path ? vg_json_read(path, &root) : VG_MEMORY;
  if (!st) st = read_description(path, root, source);
  vg_json_free(root);
  vg_free(path);
  return st;
}

static size_t score(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  (void)root, (void)reason, (void)size;
  return vg_layout_count(&vg_layout_nnunet, files, n);
}

const vg_layout vg_layout_nnunet = {
    .anatomy_scheme = "tissues", .classify = classify, .open = open_root, .score = score, .precedence = 3};
