/* nnunet_description.c: reads dataset.json of nnU-Net and of the Decathlon. */
#include "dataset/layout/nnunet_description.h"
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/str.h"
#include "label/class_words.h"
#include "voxgan/log.h"

static vg_status find_description(const char *root, char *const *files, size_t n, const char **out) {
  *out = NULL;
  for (size_t i = 0; i < n; i++) {
    const char *slash = strchr(files[i], '/');
    if (strcmp(slash ? slash + 1 : files[i], "dataset.json") != 0) continue;
    if (slash && !vg_starts_with(files[i], "Dataset") && !vg_starts_with(files[i], "Task")) continue;
    if (*out)
      return vg_fail(VG_DATA, "%s: holds several nnU-Net data sets (%s and %s): give the folder of one", root,
                     *out, files[i]);
    *out = files[i];
  }
  return *out ? VG_OK : vg_fail(VG_DATA, "%s: no dataset.json; an nnU-Net data set needs one", root);
}

vg_status vg_nnunet_open(vg_source *source, char *const *files, size_t n, vg_nnunet_reader read) {
  const char *relative;
  vg_json *root = NULL;
  vg_status st = find_description(source->root, files, n, &relative);
  if (st) return st;
  char *path = vg_fs_join(source->root, relative);
  st = path ? vg_json_read(path, &root) : VG_MEMORY;
  if (!st) st = read(path, root, source);
  vg_json_free(root);
  vg_free(path);
  return st;
}

vg_status vg_nnunet_need(const char *path, const vg_json *root, const char *key, vg_json_type type,
                         const vg_json **out) {
  static const char *const known[] = {"channel_names", "labels",      "numTraining", "file_ending",
                                      "name",          "description", "reference",   "licence",
                                      "release",       "voxgan",      "license",     "tensorImageSize",
                                      "modality",      NULL};
  const vg_json *node = *out = vg_json_get(root, key);
  if (node && vg_json_type_of(node) == type) return VG_OK;
  if (node)
    return vg_fail(VG_DATA, "%s: '%s' is not %s", path, key, type == VG_JSON_OBJECT ? "an object" : "a text");
  if (vg_json_get(root, "modality") && strcmp(key, "modality") != 0)
    return vg_fail(VG_DATA, "%s: no key '%s', but 'modality': convert this data set of nnU-Net v1 to v2",
                   path, key);
  for (const vg_json *c = vg_json_first(root); c; c = vg_json_next(c)) {
    const char *near = vg_names_nearest(VG_NAMES(known), vg_json_key(c));
    if (near && strcmp(near, key) == 0)
      return vg_fail(VG_DATA, "%s: no key '%s'; is '%s' a typing error?", path, key, vg_json_key(c));
  }
  return vg_fail(VG_DATA, "%s: no key '%s'", path, key);
}

vg_status vg_nnunet_channels(const char *path, const char *what, const vg_json *names, vg_series_list *out) {
  size_t n = vg_json_size(names);
  if (n > VG_SERIES_MAX)
    return vg_fail(VG_DATA, "%s: %zu channels, more than the %d that are supported", path, n, VG_SERIES_MAX);
  for (out->n = 0; (size_t)out->n < n; out->n++) {
    char key[16], *series = out->names[out->n];
    snprintf(key, sizeof key, "%d", out->n);
    const char *name = vg_json_string(vg_json_get(names, key), NULL);
    if (!name) return vg_fail(VG_DATA, "%s: '%s' has no text for channel %s of %zu", path, what, key, n);
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

static vg_status read_plain(const char *path, const vg_json *labels, const vg_role *role, bool anatomy_named,
                            vg_scheme *out) {
  vg_str text = VG_STR_INIT;
  vg_status st = VG_OK;
  bool tumour = false;
  const vg_json *unknown = first_unknown(labels, &tumour);
  for (const vg_json *c = vg_json_first(labels); c && !st; c = vg_json_next(c)) {
    char value[32];
    vg_role own = VG_ROLE_ANATOMY;
    if (vg_json_type_of(c) != VG_JSON_NUMBER)
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

/* ---- regions: each value's class follows from the regions that contain it ---- */

enum { REGIONS_MOST = 32 };

typedef enum region_kind { OTHER, CLASS, CORE, WHOLE } region_kind;

typedef struct region {
  const char *name;
  const vg_json *values; /* a number or an array */
  region_kind kind;
  const char *klass; /* of kind CLASS */
  size_t n;
} region;

static region region_of(const vg_json *label) {
  static const char *const cores[] = {"core", "tumorcore", "tumourcore", "tc"};
  region r = {vg_json_key(label), label, OTHER, NULL, 1};
  char simple[64];
  vg_role role;
  const bool list = vg_json_type_of(label) == VG_JSON_ARRAY;
  if (list) r.n = vg_json_size(label);
  vg_word_simplify(r.name, simple, sizeof simple);
  if (strcmp(simple, "wt") == 0 || strstr(simple, "whole")) r.kind = WHOLE;
  for (size_t i = 0; i < sizeof cores / sizeof cores[0]; i++)
    if (strcmp(simple, cores[i]) == 0) r.kind = CORE;
  if (r.kind == OTHER && vg_class_word(r.name, &r.klass, &role) == VG_WORD_CLASS && (r.klass || r.n == 1))
    r.kind = CLASS;
  if (r.kind == CLASS && !r.klass) r.klass = r.name;
  return r;
}

static bool holds(const region *r, double value) {
  if (vg_json_type_of(r->values) != VG_JSON_ARRAY) return vg_json_number(r->values, 0) == value;
  for (const vg_json *v = vg_json_first(r->values); v; v = vg_json_next(v))
    if (vg_json_number(v, 0) == value) return true;
  return false;
}

/* Whether every value of a is one of b. */
static bool within(const region *a, const region *b) {
  if (vg_json_type_of(a->values) != VG_JSON_ARRAY) return holds(b, vg_json_number(a->values, 0));
  for (const vg_json *v = vg_json_first(a->values); v; v = vg_json_next(v))
    if (!holds(b, vg_json_number(v, 0))) return false;
  return true;
}

/* The class of a value: that of the smallest region that is a class, else what is left of the core (necrosis)
 * or of the whole tumour (oedema), or that region itself where nothing was subtracted. NULL: only regions of
 * unknown names have it. */
static const char *class_of_value(const region *regions, int n, double value) {
  const region *best = NULL;
  for (int i = 0; i < n; i++) {
    const region *r = &regions[i];
    if (r->kind == OTHER || !holds(r, value)) continue;
    if (!best || r->kind < best->kind || (r->kind == best->kind && r->n < best->n)) best = r;
  }
  if (!best || best->kind == CLASS) return best ? best->klass : NULL;
  for (int i = 0; i < n; i++)
    if (regions[i].kind < best->kind && regions[i].kind != OTHER && within(&regions[i], best))
      return best->kind == CORE ? "necrosis" : "oedema";
  return best->kind == CORE ? "core" : "tumour";
}

static vg_status bad_region(const char *path, const char *name) {
  return vg_fail(VG_DATA, "%s: label '%s' is a region; give the label map's own values with --tumour-scheme",
                 path, name);
}

static vg_status read_regions(const char *path, const vg_json *labels, vg_scheme *out) {
  region regions[REGIONS_MOST];
  vg_str text = VG_STR_INIT;
  vg_status st = VG_OK;
  int n = 0;
  for (const vg_json *c = vg_json_first(labels); c; c = vg_json_next(c)) {
    if (vg_json_type_of(c) == VG_JSON_NUMBER && vg_json_number(c, 0) == 0) continue;
    if (n == REGIONS_MOST || vg_json_size(c) > VG_LABELS_MAX) return bad_region(path, vg_json_key(c));
    regions[n++] = region_of(c);
  }
  /* Values in the order of the numbers. */
  for (int value = 1; value <= VG_LABELS_MAX && !st; value++) {
    char number[16];
    const region *first = NULL;
    for (int i = 0; i < n && !first; i++)
      if (holds(&regions[i], value)) first = &regions[i];
    if (!first) continue;
    const char *klass = class_of_value(regions, n, value);
    if (!klass) st = bad_region(path, first->name);
    snprintf(number, sizeof number, "%d", value);
    if (klass) vg_scheme_text_add(&text, number, klass, VG_ROLE_TUMOUR);
  }
  if (!st && vg_str_failed(&text)) st = VG_MEMORY;
  if (!st && !text.len) st = vg_fail(VG_DATA, "%s: 'labels' has only background", path);
  if (!st && vg_scheme_parse(vg_str_text(&text), out)) st = vg_fail_in(VG_DATA, "%s", path);
  if (!st) vg_info("%s: its labels are regions; values are taken as %s", path, vg_str_text(&text));
  vg_str_release(&text);
  return st;
}

vg_status vg_nnunet_labels(const char *path, const vg_json *labels, const vg_role *role, bool anatomy_named,
                           vg_scheme *out) {
  for (const vg_json *c = vg_json_first(labels); c; c = vg_json_next(c))
    if (vg_json_type_of(c) == VG_JSON_ARRAY) return read_regions(path, labels, out);
  return read_plain(path, labels, role, anatomy_named, out);
}

void vg_nnunet_take_labels(vg_source *source, const vg_scheme *target) {
  if (vg_scheme_has_role(target, VG_ROLE_TUMOUR)) {
    if (!source->tumour_scheme.n) source->tumour_scheme = *target;
  } else if (!source->anatomy_scheme.n) {
    source->anatomy_scheme = *target;
  }
}
