/* layout_adni.c: ADNI scans, as IDA delivers them,
 * ADNI/<subject>/<series>/<date>/<image>/<name>_I<image>.nii, with label volumes of FreeSurfer. A case is a
 * T1-weighted scan, identified by its subject and image number. Other series lie on other grids and are
 * skipped.
 *
 * Label volumes (aparc+aseg, aseg, ... as .mgz or NIfTI) lie in the image's folder, in the subject's folder,
 * or in a FreeSurfer tree, which may also be beside the root. A label volume belongs to the image whose
 * number is in its path; otherwise to the image in its folder; otherwise to the image of its visit, by the
 * folder's date; otherwise to its subject's only image. If several images match, it is an error. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataset/layout.h"
#include "base/fs.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/str.h"
#include "base/text/plural.h"

/* Names of label volumes, best first. An image with several takes the best. */
static const char *const label_names[] = {"aparc+aseg", "aparc.DKTatlas+aseg", "aparc.a2009s+aseg", "wmparc",
                                          "aseg"};
enum { LABEL_NAMES = sizeof label_names / sizeof label_names[0] };

/* ---- the parts of a path ---- */

typedef struct facts {
  const char *subject; /* "002_S_0295" in the path, or NULL */
  int subject_len;
  long long image; /* 40966 of I40966; -1 */
  const char *day; /* "2006-11-02" in the path, or NULL */
  int label;       /* row of label_names; -1: not a label volume */
} facts;

static int digits(const char *p) {
  int n = 0;
  while (isdigit((unsigned char)p[n])) n++;
  return n;
}

static bool starts_word(const char *path, const char *p) {
  return p == path || !isalnum((unsigned char)p[-1]);
}

/* The length of a subject id (3 digits, _S_, 4 or 5 digits), or 0. */
static int subject_at(const char *path, const char *p) {
  if (!starts_word(path, p) || digits(p) != 3 || strncmp(p + 3, "_S_", 3) != 0) return 0;
  int n = digits(p + 6);
  return n >= 4 && n <= 5 && !isalpha((unsigned char)p[6 + n]) ? 6 + n : 0;
}

static bool day_at(const char *path, const char *p) {
  return starts_word(path, p) && digits(p) == 4 && p[4] == '-' && digits(p + 5) == 2 && p[7] == '-' &&
         digits(p + 8) == 2;
}

/* Whether the path lies in a FreeSurfer subject folder, where only label volumes count. */
static bool in_recon(const char *path) {
  return strstr(path, "/mri/") || strcasestr(path, "freesurfer");
}

/* The label name is in the file's stem, or in a folder's name if IDA delivers the volume as a series. */
static int label_of(const char *path, bool *delivered) {
  char stem[256];
  const char *name = vg_fs_basename(path);
  *delivered = false;
  if (!vg_volume_stem(path, stem, sizeof stem)) return -1;
  for (int i = 0; i < LABEL_NAMES; i++) {
    size_t n = strlen(label_names[i]), all = strlen(stem);
    if (all < n || strcmp(stem + all - n, label_names[i]) != 0) continue;
    if (all == n || strchr("_-.", stem[all - n - 1])) return i;
  }
  for (int i = 0; i < LABEL_NAMES && !strstr(path, "/mri/"); i++) {
    const char *at = strstr(path, label_names[i]);
    *delivered = at && at < name;
    if (*delivered) return i;
  }
  return -1;
}

static facts facts_of(const char *path) {
  bool delivered;
  facts at = {.image = -1, .label = label_of(path, &delivered)};
  for (const char *p = path; *p; p++) {
    int n = subject_at(path, p);
    if (n && !at.subject) at.subject = p, at.subject_len = n;
    if (day_at(path, p)) at.day = p;
    n = *p == 'I' && starts_word(path, p) ? digits(p + 1) : 0;
    /* A delivered label volume has an image number of its own, not that of its scan. */
    if (n > 0 && n < 12 && !isalpha((unsigned char)p[1 + n]) && !delivered)
      at.image = strtoll(p + 1, NULL, 10);
  }
  return at;
}

/* Whether a scan is T1-weighted, by the words of the series folder, or of the file name if there is no such
 * folder: MPR, MPRAGE, MP-RAGE, IR-FSPGR, T1, MT1. */
static bool is_t1(const char *path, const facts *at) {
  char word[64];
  size_t n = 0;
  bool t1 = false, other = false;
  const char *p = at->subject + at->subject_len, *end = *p == '/' ? strchr(p + 1, '/') : NULL;
  if (!end) end = path + strlen(path);
  for (;; p++) {
    if (p < end && isalnum((unsigned char)*p)) {
      if (n + 1 < sizeof word) word[n++] = (char)tolower((unsigned char)*p);
      continue;
    }
    word[n] = '\0';
    n = 0;
    t1 |= vg_starts_with(word, "mpr") || vg_starts_with(word, "rage") || vg_starts_with(word, "t1") ||
          vg_starts_with(word, "mt1") || strstr(word, "spgr");
    other |= vg_starts_with(word, "t2") || strstr(word, "flair") || strstr(word, "mask");
    if (p >= end) return t1 && !other;
  }
}

static bool classify(const vg_source *source, const char *path, vg_file_role *out) {
  (void)source;
  memset(out, 0, sizeof *out);
  if (!vg_volume_is_path(path)) return false;
  facts at = facts_of(path);
  if (at.label >= 0) {
    out->kind = VG_FILE_ANATOMY;
    return at.subject || at.image >= 0;
  }
  if (!at.subject || at.image < 0 || in_recon(path) || !is_t1(path, &at)) return false;
  out->kind = VG_FILE_SERIES;
  strcpy(out->series, "t1");
  snprintf(out->person, sizeof out->person, "%.*s", at.subject_len, at.subject);
  snprintf(out->id, sizeof out->id, "%.16s_I%lld", out->person, at.image);
  return true;
}

/* ---- which label volume belongs to which image ---- */

/* The link from a label volume to its image, most certain first. */
typedef enum bond { BY_IMAGE, BY_FOLDER, BY_VISIT, BY_SUBJECT, BONDS } bond;
static const char *const bond_names[] = {"image number", "folder", "visit", "subject"};

typedef struct item {
  const char *path; /* below the root */
  facts at;
  bond by;
  const struct item *labels; /* the label volume of an image */
} item;

typedef struct pairing {
  item *images, *labels; /* in order of path */
  size_t n_images, n_labels;
} pairing;

static bool same_text(const char *a, const char *b, int n) {
  return a && b && !strncmp(a, b, (size_t)n);
}

static bool same_subject(const item *a, const item *b) {
  return a->at.subject && b->at.subject && a->at.subject_len == b->at.subject_len &&
         same_text(a->at.subject, b->at.subject, a->at.subject_len);
}

static bool same_folder(const item *a, const item *b) {
  size_t n = (size_t)(vg_fs_basename(a->path) - a->path);
  return n == (size_t)(vg_fs_basename(b->path) - b->path) && !strncmp(a->path, b->path, n);
}

static bool belongs(const item *label, const item *image, bond by) {
  if (label->at.subject && !same_subject(label, image)) return false;
  if (by == BY_IMAGE) return label->at.image == image->at.image;
  if (by == BY_FOLDER) return same_folder(label, image);
  return by == BY_SUBJECT || same_text(label->at.day, image->at.day, 10);
}

static bond bond_of(const pairing *p, const item *label) {
  if (label->at.image >= 0) return BY_IMAGE;
  for (size_t i = 0; i < p->n_images; i++)
    if (same_folder(label, &p->images[i])) return BY_FOLDER;
  return label->at.day ? BY_VISIT : BY_SUBJECT;
}

static bool is_mgz(const item *label) {
  return vg_ends_with(label->path, ".mgz");
}

static vg_status give(const char *root, item *image, const item *label) {
  const item *has = image->labels;
  const bool tie = has && has->by == label->by && has->at.label == label->at.label;
  /* A NIfTI file beside FreeSurfer's own was made from it. */
  const bool converted = tie && same_folder(has, label) && is_mgz(has) != is_mgz(label);
  if (tie && !converted)
    return vg_fail(VG_DATA, "%s: two label volumes claim image I%lld (%s): %s and %s", root, image->at.image,
                   image->path, has->path, label->path);
  bool better = !has || (converted ? is_mgz(has) : has->by == label->by && label->at.label < has->at.label);
  if (has)
    vg_debug("image I%lld: skipped %s in favour of %s", image->at.image, better ? has->path : label->path,
             better ? label->path : has->path);
  if (better) image->labels = label;
  return VG_OK;
}

static vg_status place_label(const char *root, const pairing *p, const item *label) {
  item *first = NULL, *second = NULL;
  bool open = false;
  for (size_t i = 0; i < p->n_images; i++) {
    item *image = &p->images[i];
    if (!belongs(label, image, label->by)) continue;
    open |= !image->labels;
    if (!first)
      first = image;
    else if (!second)
      second = image;
  }
  if (!second) return first ? give(root, first, label) : VG_OK;
  if (open)
    return vg_fail(VG_DATA,
                   "%s: %s could belong to %s or to %s: put the image's number in its path (I%lld), or list "
                   "the cases in "
                   "a CSV manifest",
                   root, label->path, first->path, second->path, first->at.image);
  vg_debug("skipped %s: the images that it could belong to have their own label volumes", label->path);
  return VG_OK;
}

/* A label volume without its image, and an image of the same subject without labels, point to a mistake. */
static vg_status check_left_over(const char *root, const pairing *p) {
  for (size_t k = 0; k < p->n_labels; k++) {
    const item *label = &p->labels[k], *open = NULL;
    bool placed = false;
    for (size_t i = 0; i < p->n_images && !placed; i++) {
      placed = belongs(label, &p->images[i], label->by);
      if (!open && !p->images[i].labels && same_subject(label, &p->images[i])) open = &p->images[i];
    }
    if (placed) continue;
    if (open)
      return vg_fail(VG_DATA,
                     "%s: %s (by its %s) belongs to no image, and %s of the same subject has no label volume",
                     root, label->path, bond_names[label->by], open->path);
    vg_debug("skipped %s: its image is missing", label->path);
  }
  return VG_OK;
}

static int by_bond(const void *a, const void *b) {
  const item *x = a, *y = b;
  return x->by != y->by ? (x->by > y->by) - (x->by < y->by) : strcmp(x->path, y->path);
}

static vg_status match(const char *root, pairing *p) {
  vg_status st = VG_OK;
  for (size_t k = 0; k < p->n_labels; k++) p->labels[k].by = bond_of(p, &p->labels[k]);
  if (p->n_labels) qsort(p->labels, p->n_labels, sizeof *p->labels, by_bond);
  for (size_t k = 0; k < p->n_labels && !st; k++) st = place_label(root, p, &p->labels[k]);
  return st ? st : check_left_over(root, p);
}

static void say_pairs(const char *root, const pairing *p) {
  size_t n[BONDS] = {0}, all = 0;
  vg_str t = VG_STR_INIT;
  for (size_t i = 0; i < p->n_images; i++) {
    const item *image = &p->images[i];
    vg_debug("image I%lld (%s): labels %s%s%s", image->at.image, image->path,
             image->labels ? image->labels->path : "none", image->labels ? ", by " : "",
             image->labels ? bond_names[image->labels->by] : "");
    all += image->labels != NULL;
    if (image->labels) n[image->labels->by]++;
  }
  for (int b = 0; b < BONDS; b++)
    if (n[b]) vg_str_addf(&t, "%s%zu by %s", t.len ? ", " : ": ", n[b], bond_names[b]);
  vg_info("%s: %zu of %zu %s %s a label volume%s", root, all, p->n_images,
          vg_plural(p->n_images, "image", "images"), vg_plural(all, "has", "have"), vg_str_text(&t));
  vg_str_release(&t);
}

/* Cases and images are both in the order of the files. Some images may belong to cases that were not asked
 * for. */
static vg_status put_labels(vg_dataset *ds, int source, const pairing *p) {
  size_t k = 0;
  while (k < ds->n && ds->subjects[k].source != source) k++;
  for (size_t i = 0; i < p->n_images && k < ds->n; i++) {
    char id[128];
    const item *image = &p->images[i];
    snprintf(id, sizeof id, "%.*s_I%lld", image->at.subject_len, image->at.subject, image->at.image);
    if (strcmp(id, ds->subjects[k].id) != 0) continue;
    vg_subject *s = &ds->subjects[k++];
    if (!image->labels) continue;
    vg_status st = vg_subject_put_take(s, &s->anatomy, "label volume",
                                       vg_fs_join(ds->sources[source].root, image->labels->path));
    if (st) return st;
  }
  return VG_OK;
}

static vg_status collect(pairing *p, char *const *files, size_t n) {
  p->images = vg_malloc(n ? n : 1, sizeof *p->images);
  p->labels = vg_malloc(n ? n : 1, sizeof *p->labels);
  if (!p->images || !p->labels) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) {
    vg_file_role role;
    if (!classify(NULL, files[i], &role)) continue;
    item it = {.path = files[i], .at = facts_of(files[i])};
    *(it.at.label >= 0 ? &p->labels[p->n_labels++] : &p->images[p->n_images++]) = it;
  }
  return VG_OK;
}

/* Joins files with those of a FreeSurfer folder beside the root. */
static vg_status with_beside(const char *root, char *const *files, size_t n, char ***all, size_t *n_all) {
  char *beside = vg_fs_join(root, "../FreeSurfer"), **more = NULL;
  size_t n_more = 0, k = 0;
  vg_status st = beside ? vg_fs_walk_optional(beside, &more, &n_more) : VG_MEMORY;
  if (!st && !(*all = vg_calloc(n + n_more + 1, sizeof **all))) st = VG_MEMORY;
  for (size_t i = 0; i < n && !st; i++, k++)
    if (!((*all)[k] = vg_strdup(files[i]))) st = VG_MEMORY;
  for (size_t i = 0; i < n_more && !st; i++, k++)
    if (!((*all)[k] = vg_format("../FreeSurfer/%s", more[i]))) st = VG_MEMORY;
  if (!st && n_more) vg_info("%s: also searching label volumes in ../FreeSurfer beside it", root);
  *n_all = k;
  vg_strv_free(more);
  vg_free(beside);
  return st;
}

static vg_status pair(vg_dataset *ds, int source, char *const *files, size_t n) {
  const char *root = ds->sources[source].root;
  char **all = NULL;
  size_t n_all = 0;
  pairing p = {0};
  vg_status st = with_beside(root, files, n, &all, &n_all);
  if (!st) st = collect(&p, all, n_all);
  if (!st) st = match(root, &p);
  if (!st) say_pairs(root, &p);
  if (!st) st = put_labels(ds, source, &p);
  vg_free(p.images);
  vg_free(p.labels);
  vg_strv_free(all);
  return st;
}

/* FreeSurfer works on its own grid, 256 voxels of 1 mm along each axis. */
static vg_status open_root(vg_source *source, char *const *files, size_t n) {
  (void)files, (void)n;
  source->regrid = true;
  return VG_OK;
}

/* Counts only files whose path names the case, because an aparc+aseg alone could be of any data set. */
static size_t score(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  (void)root, (void)reason, (void)size;
  size_t count = 0;
  vg_file_role role;
  for (size_t i = 0; i < n; i++)
    count += vg_volume_is_path(files[i]) && classify(NULL, files[i], &role) && *role.id;
  return count;
}

const vg_layout vg_layout_adni = {.anatomy_scheme = "freesurfer",
                                  .classify = classify,
                                  .open = open_root,
                                  .pair = pair,
                                  .score = score,
                                  .precedence = 4};
