/* format_bids.c: a BIDS derivative. The name of every file contains desc-synthetic, unless the images are
 * real. Label maps are discrete segmentations, seg-tumour and seg-anatomy. Their lookup tables lie at the
 * root and apply to all of them (inheritance principle). */
#include <stdio.h>
#include <string.h>
#include "dataset/layout.h"
#include "output/format/format_values.h"
#include "base/fs.h"
#include "io/json.h"
#include "base/mem.h"
#include "label/class_colours.h"
#include "base/str.h"

#define DESC "desc-synthetic_"
#define SEG_TUMOUR "seg-tumour_" /* the layout itself puts it into the path */
#define SEG_ANATOMY "seg-anatomy_"

static const char *desc(const vg_format_set *set) {
  return set->real ? "" : DESC;
}

/* The lookup tables allow any values, but we keep well-known ones if they cover the classes. */
static vg_status schemes(vg_format_set *set) {
  static const struct {
    vg_role role;
    const char *known;
  } rows[] = {{VG_ROLE_TUMOUR, "brats2013"}, {VG_ROLE_ANATOMY, "tissues"}};
  for (int i = 0; i < 2; i++) {
    vg_scheme *s = rows[i].role == VG_ROLE_TUMOUR ? &set->tumour : &set->anatomy;
    if (!vg_classes_count(&set->classes, rows[i].role))
      s->n = 0;
    else if (!vg_format_known_values(set, rows[i].role, rows[i].known, s) &&
             !vg_format_own_values(set, rows[i].role, s))
      vg_format_count_values(set, rows[i].role, s);
  }
  return VG_OK;
}

static vg_status id(const char *wanted, char *buf, size_t size) {
  char subject[128], session[128];
  vg_status st = vg_bids_id(wanted, subject, session, sizeof subject);
  if (st) return st;
  int n = snprintf(buf, size, "sub-%s%s%s", subject, *session ? "_ses-" : "", session);
  return n >= 0 && (size_t)n < size ? VG_OK : vg_fail(VG_CONFIG, "%s: the name is too long", wanted);
}

/* The path of the layout, with seg- and desc- inserted before the suffix: desc- must be the last entity. */
static vg_status path(const vg_format_set *set, const char *case_id, vg_file_kind kind, const char *series,
                      char *buf, size_t size) {
  char plain[512];
  vg_status st = vg_layout_bids.path(case_id, kind, series, plain, sizeof plain);
  if (st) return st;
  const char *suffix = strrchr(plain, '_') + 1;
  int n = snprintf(buf, size, "%.*s%s%s%s", (int)(suffix - plain), plain,
                   kind == VG_FILE_ANATOMY ? SEG_ANATOMY : "", desc(set), suffix);
  return n >= 0 && (size_t)n < size ? VG_OK
                                    : vg_fail(VG_CONFIG, "%s: the id is too long for a path", case_id);
}

/* ---- the files that describe the data set ---- */

static vg_status write_text(const char *root, const char *name, vg_str *text) {
  char *whole = vg_fs_join(root, name);
  vg_status st =
      !whole || vg_str_failed(text) ? VG_MEMORY : vg_fs_write_atomic(whole, vg_str_text(text), text->len);
  vg_free(whole);
  vg_str_release(text);
  return st;
}

/* yes_no: a key with a boolean value, or NULL. */
static vg_status write_sidecar(const char *root, const char *name, const char *description,
                               const char *yes_no, bool yes) {
  vg_json *j = vg_json_object();
  vg_json_put_string(j, "Description", description);
  if (yes_no) vg_json_put_bool(j, yes_no, yes);
  char *whole = vg_fs_join(root, name);
  vg_status st = whole ? vg_json_write(whole, j) : VG_MEMORY;
  vg_free(whole);
  vg_json_free(j);
  return st;
}

static vg_status write_lookup(const char *root, const char *name, const vg_scheme *scheme) {
  vg_str t = VG_STR_INIT;
  uint8_t colours[VG_LABELS_MAX][3];
  vg_str_add(&t, "index\tname\tcolor\n0\tbackground\t#000000\n");
  vg_scheme_colours(scheme, colours);
  for (int i = 0; i < scheme->n; i++) {
    const uint8_t *rgb = colours[i];
    vg_str_addf(&t, "%u\t%s\t#%02x%02x%02x\n", (unsigned)scheme->labels[i].value, scheme->labels[i].name,
                rgb[0], rgb[1], rgb[2]);
  }
  return write_text(root, name, &t);
}

/* The sessions of a subject must follow each other in ids; otherwise the order is free. */
static vg_status write_participants(const char *root, const char *const *ids, size_t n) {
  vg_str t = VG_STR_INIT;
  vg_str_add(&t, "participant_id\n");
  for (size_t i = 0; i < n; i++) {
    int len = (int)strcspn(ids[i], "_");
    bool again = i && !strncmp(ids[i], ids[i - 1], (size_t)len) && strchr("_", ids[i - 1][len]);
    if (!again) vg_str_addf(&t, "%.*s\n", len, ids[i]);
  }
  return write_text(root, "participants.tsv", &t);
}

/* Writes the lookup table and the sidecar of one of the two maps. */
static vg_status describe_map(const vg_format_set *set, const char *root, const char *seg, const char *what,
                              const vg_scheme *scheme) {
  char table[64], sidecar[64], text[64];
  if (!scheme->n) return VG_OK;
  snprintf(table, sizeof table, "%s%sdseg.tsv", seg, desc(set));
  snprintf(sidecar, sizeof sidecar, "%s%sdseg.json", seg, desc(set));
  snprintf(text, sizeof text, "%s that the %simages show", what, set->real ? "" : "synthetic ");
  vg_status st = write_lookup(root, table, scheme);
  return st ? st : write_sidecar(root, sidecar, text, set->real ? NULL : "Manual", false);
}

/* Names the sidecar that holds for all images with this suffix. */
static void sidecar_name(const char *image, char *buf, size_t size) {
  const char *suffix = strrchr(image, '_') + 1;
  snprintf(buf, size, DESC "%.*s.json", (int)strcspn(suffix, "."), suffix);
}

static vg_status finish(const vg_format_set *set, const char *root, const char *const *ids, size_t n) {
  vg_str ignore = VG_STR_INIT;
  vg_status st = write_participants(root, ids, n);
  vg_str_add(&ignore, "manifest.csv\ncontact-sheet-*.png\nprobabilities/\n*_scan.*\n");
  if (!st) st = write_text(root, ".bidsignore", &ignore);
  vg_str_release(&ignore);
  if (!st) st = describe_map(set, root, SEG_TUMOUR, "tumour", &set->tumour);
  if (!st) st = describe_map(set, root, SEG_ANATOMY, "anatomy", &set->anatomy);
  /* T1w with and without contrast share a sidecar: at one level only one file may apply to an image. */
  for (int i = 0; !st && !set->real && i < set->series.n; i++) {
    char image[512], name[64];
    st = path(set, "sub-x", VG_FILE_SERIES, set->series.names[i], image, sizeof image);
    if (st) break;
    sidecar_name(image, name, sizeof name);
    st = write_sidecar(root, name, "made by a model from label maps; it shows no real person",
                       "SkullStripped", true);
  }
  return st;
}

static vg_status closing(const vg_format_set *set, vg_owned *files) {
  static const char *const segs[] = {SEG_TUMOUR, SEG_ANATOMY}, *const ends[] = {"tsv", "json"};
  vg_status st = vg_owned_add(files, "participants.tsv");
  char name[600], image[512];
  if (!st) st = vg_owned_add(files, ".bidsignore");
  for (int i = 0; i < 4 && !st; i++) {
    snprintf(name, sizeof name, "%s%sdseg.%s", segs[i / 2], desc(set), ends[i % 2]);
    st = vg_owned_add(files, name);
  }
  for (int i = 0; i < set->series.n && !st; i++) {
    if ((st = path(set, "sub-x", VG_FILE_SERIES, set->series.names[i], image, sizeof image))) break;
    sidecar_name(image, name, sizeof name);
    st = vg_owned_add(files, name);
  }
  return st;
}

/* The usual format of scans with one series, and of label maps that a model finds in scans. */
static int rank(const vg_format_set *set) {
  return set->series.n == 1 || (!set->series.n && set->real) ? 2 : 0;
}

const vg_dataset_format vg_dataset_format_bids = {.layout = "bids",
                                                  .any_class = true,
                                                  .rank = rank,
                                                  .schemes = schemes,
                                                  .id = id,
                                                  .path = path,
                                                  .finish = finish,
                                                  .closing = closing};
