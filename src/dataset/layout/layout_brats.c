/* layout_brats.c: the file names of the BraTS challenges. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "dataset/layout.h"
#include "base/fs.h"
#include "voxgan/volume.h"
#include "base/str.h"

typedef struct suffix {
  const char *text; /* the part after the last separator of the stem */
  vg_file_kind kind;
  const char *series;
} suffix;

/* `anat` is not a BraTS name: voxgan stores a tissue map under it, beside the tumour map. */
static const suffix suffixes_2013[] = {
    {"t1", VG_FILE_SERIES, "t1"},       {"t1ce", VG_FILE_SERIES, "t1c"}, {"t2", VG_FILE_SERIES, "t2"},
    {"flair", VG_FILE_SERIES, "flair"}, {"seg", VG_FILE_TUMOUR, ""},     {"anat", VG_FILE_ANATOMY, ""},
    {NULL, VG_FILE_OTHER, NULL},
};
static const suffix suffixes_2023[] = {
    {"t1n", VG_FILE_SERIES, "t1"},    {"t1c", VG_FILE_SERIES, "t1c"}, {"t2w", VG_FILE_SERIES, "t2"},
    {"t2f", VG_FILE_SERIES, "flair"}, {"seg", VG_FILE_TUMOUR, ""},    {"anat", VG_FILE_ANATOMY, ""},
    {NULL, VG_FILE_OTHER, NULL},
};

/* The length of id without a trailing separator and digits, or the whole length if it has none. */
static size_t without_number(const char *id, char sep, size_t least_digits) {
  size_t n = strlen(id), k = n;
  while (k > 0 && isdigit((unsigned char)id[k - 1])) k--;
  if (n - k < least_digits || k < 2 || id[k - 1] != sep) return n;
  return k - 1;
}

/* Ids of 2012-2016 and 2017-2019 end in the number of the scan (brats_tcia_pat117_0042,
 * Brats18_TCIA08_242_1). Ids of 2020 and 2021 end in the number of the subject. */
static size_t person_length_2013(const char *id) {
  static const char *const numbered[] = {"brats_2013_pat", "brats_tcia_pat", "Brats17_", "Brats18_",
                                         "Brats19_"};
  for (size_t i = 0; i < sizeof numbered / sizeof numbered[0]; i++)
    if (vg_starts_with(id, numbered[i])) return without_number(id, '_', 1);
  return strlen(id);
}

/* BraTS-GLI-00001-000: the last number is the timepoint if another number precedes it. */
static size_t person_length_2023(const char *id) {
  size_t n = without_number(id, '-', 3);
  return n > 0 && isdigit((unsigned char)id[n - 1]) ? n : strlen(id);
}

static bool classify(const char *path, char sep, const suffix *suffixes, vg_file_role *out) {
  memset(out, 0, sizeof *out);
  if (!vg_volume_is_path(path) || !vg_volume_stem(path, out->id, sizeof out->id)) return false;
  char *cut = strrchr(out->id, sep);
  if (!cut || cut == out->id) return false;
  for (const suffix *s = suffixes; s->text; s++) {
    if (strcmp(cut + 1, s->text) != 0) continue;
    *cut = '\0';
    out->kind = s->kind;
    snprintf(out->series, sizeof out->series, "%s", s->series);
    return true;
  }
  return false;
}

static void set_person(vg_file_role *out, size_t length) {
  memcpy(out->person, out->id, length);
  out->person[length] = '\0';
}

static bool classify_2013(const vg_source *source, const char *path, vg_file_role *out) {
  (void)source;
  bool known = classify(path, '_', suffixes_2013, out);
  /* The segmentation of case 355 of 2020 has a scanner's name, W39_1998.09.19_Segm.nii, so use the folder's
   * name as the case. */
  if (!known && vg_volume_is_path(path) && vg_ends_with(out->id, "_Segm")) {
    const char *slash = strrchr(path, '/');
    const char *dir = slash;
    while (dir && dir > path && dir[-1] != '/') dir--;
    if (dir && dir < slash && (size_t)(slash - dir) < sizeof out->id) {
      memcpy(out->id, dir, (size_t)(slash - dir));
      out->id[slash - dir] = '\0';
      out->kind = VG_FILE_TUMOUR;
      known = true;
    }
  }
  if (known) set_person(out, person_length_2013(out->id));
  return known;
}

static bool classify_2023(const vg_source *source, const char *path, vg_file_role *out) {
  (void)source;
  bool known = classify(path, '-', suffixes_2023, out);
  if (known) set_person(out, person_length_2023(out->id));
  return known;
}

/* The part of path that ends before `end`, a slash; NULL: there is none. */
static const char *part_before(const char *path, const char *end) {
  const char *from = end;
  while (from && from > path && from[-1] != '/') from--;
  return from == end ? NULL : from;
}

/* The id is the folder above the file's own. In 2013 patients of high grade and of low grade were both
 * numbered from 0001 on, so such a number has the folder's name before it: HG_0001. */
static bool folder_id(const char *path, char *id, size_t size) {
  const char *own = part_before(path, strrchr(path, '/')), *end = own > path ? own - 1 : NULL;
  const char *from = end ? part_before(path, end) : NULL;
  if (!from) return false;
  const char *above =
      strspn(from, "0123456789") == (size_t)(end - from) && from > path ? part_before(path, from - 1) : NULL;
  const int n = above
                    ? snprintf(id, size, "%.*s_%.*s", (int)(from - 1 - above), above, (int)(end - from), from)
                    : snprintf(id, size, "%.*s", (int)(end - from), from);
  return n > 0 && (size_t)n < size;
}

/* HGG/ID/VSD.Brain.XX.O.MR_Flair.54512/VSD.Brain.XX.O.MR_Flair.54512.mha: the last two parts of the name say
 * what the file is. */
static bool classify_2015(const vg_source *source, const char *path, vg_file_role *out) {
  static const suffix parts[] = {{"MR_Flair", VG_FILE_SERIES, "flair"},
                                 {"MR_T1", VG_FILE_SERIES, "t1"},
                                 {"MR_T1c", VG_FILE_SERIES, "t1c"},
                                 {"MR_T2", VG_FILE_SERIES, "t2"},
                                 {"OT", VG_FILE_TUMOUR, ""},
                                 {NULL, VG_FILE_OTHER, NULL}};
  char stem[128];
  (void)source;
  memset(out, 0, sizeof *out);
  if (!vg_volume_is_path(path) || !vg_volume_stem(path, stem, sizeof stem)) return false;
  if (!vg_starts_with(stem, "VSD.Brain")) return false;
  char *number = strrchr(stem, '.');
  if (!number[1] || number[1 + strspn(number + 1, "0123456789")]) return false;
  *number = '\0';
  const char *what = strrchr(stem, '.') ? strrchr(stem, '.') + 1 : stem;
  if (!folder_id(path, out->id, sizeof out->id)) return false;
  for (const suffix *s = parts; s->text; s++) {
    if (strcmp(what, s->text) != 0) continue;
    out->kind = s->kind;
    snprintf(out->series, sizeof out->series, "%s", s->series);
  }
  set_person(out, person_length_2013(out->id));
  return out->kind != VG_FILE_OTHER;
}

static vg_status name_file(const char *id, char sep, const suffix *suffixes, vg_file_kind kind,
                           const char *series, char *buf, size_t size) {
  for (const suffix *s = suffixes; s->text; s++) {
    if (s->kind != kind || (kind == VG_FILE_SERIES && strcmp(s->series, series ? series : "") != 0)) continue;
    int n = snprintf(buf, size, "%s/%s%c%s.nii.gz", id, id, sep, s->text);
    if (n < 0 || (size_t)n >= size) return vg_fail(VG_CONFIG, "%s: the id is too long for a path", id);
    return VG_OK;
  }
  return vg_fail(VG_CONFIG, "%s: a BraTS layout has no name for series '%s' (t1, t1c, t2, flair)", id,
                 series ? series : "");
}

static vg_status path_2013(const char *id, vg_file_kind kind, const char *series, char *buf, size_t size) {
  return name_file(id, '_', suffixes_2013, kind, series, buf, size);
}

static vg_status path_2023(const char *id, vg_file_kind kind, const char *series, char *buf, size_t size) {
  return name_file(id, '-', suffixes_2023, kind, series, buf, size);
}

/* Editions up to 2016 and editions from 2017 to 2021 have the same file names. */
static size_t score_edition(const vg_layout *layout, bool later, const char *root, char *const *files,
                            size_t n, char *reason, size_t size) {
  size_t count = vg_layout_count(layout, files, n);
  return count && vg_brats_from_2017(layout, root, files, n, reason, size) == later ? count : 0;
}

static size_t score_2013(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  return score_edition(&vg_layout_brats2013, false, root, files, n, reason, size);
}

static size_t score_2021(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  return score_edition(&vg_layout_brats2021, true, root, files, n, reason, size);
}

/* A doubt goes to layout brats2023, which says how to decide it. */
static size_t score_task(const vg_layout *layout, unsigned tasks, const char *root, char *const *files,
                         size_t n, char *reason, size_t size) {
  const size_t count = vg_layout_count(layout, files, n);
  vg_str why = VG_STR_INIT;
  if (!count) return 0;
  const vg_brats_task task = vg_brats_task_of(layout, root, files, n, &why);
  const bool fits = tasks >> task & 1;
  if (fits)
    snprintf(reason, size, "%s",
             task == VG_BRATS_DOUBT ? "from its file names; the edition is in doubt" : vg_str_text(&why));
  vg_str_release(&why);
  return fits ? count : 0;
}

static size_t score_2023(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  return score_task(&vg_layout_brats2023,
                    1u << VG_BRATS_2023 | 1u << VG_BRATS_PED_2023 | 1u << VG_BRATS_DOUBT, root, files, n,
                    reason, size);
}

static size_t score_2024(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  return score_task(&vg_layout_brats2024, 1u << VG_BRATS_TREATED, root, files, n, reason, size);
}

static size_t score_ped(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  return score_task(&vg_layout_brats2024_ped, 1u << VG_BRATS_PED, root, files, n, reason, size);
}

static size_t score_2015(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  (void)root, (void)reason, (void)size;
  return vg_layout_count(&vg_layout_brats2015, files, n);
}

static vg_status open_2013(vg_source *source, char *const *files, size_t n) {
  return vg_brats_check_edition(&vg_layout_brats2013, source, files, n);
}

static vg_status open_2021(vg_source *source, char *const *files, size_t n) {
  return vg_brats_check_edition(&vg_layout_brats2021, source, files, n);
}

static vg_status open_2023(vg_source *source, char *const *files, size_t n) {
  return vg_brats_check_task(&vg_layout_brats2023, source, files, n);
}

static vg_status open_2024(vg_source *source, char *const *files, size_t n) {
  return vg_brats_check_ids(&vg_layout_brats2024, source, files, n, false);
}

static vg_status open_ped(vg_source *source, char *const *files, size_t n) {
  return vg_brats_check_ids(&vg_layout_brats2024_ped, source, files, n, true);
}

const vg_layout vg_layout_brats2013 = {.tumour_scheme = "brats2013",
                                       .anatomy_scheme = "tissues",
                                       .classify = classify_2013,
                                       .path = path_2013,
                                       .open = open_2013,
                                       .score = score_2013,
                                       .precedence = 2};
const vg_layout vg_layout_brats2015 = {.tumour_scheme = "brats2013",
                                       .anatomy_scheme = "tissues",
                                       .classify = classify_2015,
                                       .score = score_2015,
                                       .precedence = 2};
const vg_layout vg_layout_brats2021 = {.tumour_scheme = "brats",
                                       .anatomy_scheme = "tissues",
                                       .classify = classify_2013,
                                       .path = path_2013,
                                       .open = open_2021,
                                       .score = score_2021,
                                       .precedence = 2};
const vg_layout vg_layout_brats2023 = {.tumour_scheme = "brats2023",
                                       .anatomy_scheme = "tissues",
                                       .classify = classify_2023,
                                       .path = path_2023,
                                       .open = open_2023,
                                       .score = score_2023,
                                       .precedence = 1};
const vg_layout vg_layout_brats2024 = {.tumour_scheme = "brats2024",
                                       .anatomy_scheme = "tissues",
                                       .classify = classify_2023,
                                       .path = path_2023,
                                       .open = open_2024,
                                       .score = score_2024,
                                       .precedence = 1};
const vg_layout vg_layout_brats2024_ped = {.tumour_scheme = "brats2024-ped",
                                           .anatomy_scheme = "tissues",
                                           .classify = classify_2023,
                                           .path = path_2023,
                                           .open = open_ped,
                                           .score = score_ped,
                                           .precedence = 1};
