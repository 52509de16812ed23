/* layout_edition.c: signs for and against the meaning of label values. It compares tissues with T1-weighted
 * scans, and finds out which BraTS edition a folder holds if file names do not show it: by ids, by the
 * folder's name or, last, by label values. */
#include <stdio.h>
#include <string.h>

#include "dataset/layout.h"
#include "base/fs.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/str.h"
#include "base/text/plural.h"

/* The number of label maps that are searched for the values that distinguish two editions, and the number if
 * those contradict each other. */
enum { PEEK = 8, PEEK_MORE = 64 };

typedef enum edition { UNKNOWN, BEFORE_2017, FROM_2017 } edition;

static edition edition_of_id(const char *id) {
  static const char *const later[] = {"Brats17", "Brats18", "Brats19", "BraTS17",
                                      "BraTS18", "BraTS19", "BraTS20", "BraTS2021"};
  for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
    if (vg_starts_with(id, later[i])) return FROM_2017;
  if (vg_starts_with(id, "brats_tcia_pat") || strstr(id, "2013")) return BEFORE_2017;
  return UNKNOWN;
}

typedef struct values_seen {
  int maps;
  bool three, four;
} values_seen;

/* An unreadable map is ignored here; the later reading reports its fault better. */
static void see_values(const char *root, const char *file, values_seen *seen) {
  char *path = vg_fs_join(root, file);
  vg_labelmap map = {0};
  if (path && vg_volume_read_labels(path, &map, NULL) == VG_OK) {
    size_t n = vg_geometry_voxels(&map.geo);
    for (size_t i = 0; i < n; i++) {
      seen->three |= map.data[i] == 3;
      seen->four |= map.data[i] == 4;
    }
    seen->maps++;
  } else {
    vg_error_clear();
  }
  vg_labelmap_release(&map);
  vg_free(path);
}

/* Value 3 is non-enhancing tumour up to 2016, and unused from 2017 to 2021; 4 is enhancing tumour in both.
 * From 2023 on, and in data sets changed for nnU-Net, 3 is enhancing tumour. So 3 and 4 show an edition up to
 * 2016, but 3 without 4 does not. */
static values_seen look_at_values(const vg_layout *layout, const char *root, char *const *files, size_t n) {
  values_seen seen = {0};
  vg_file_role role;
  for (size_t i = 0; i < n && seen.maps < (seen.three && !seen.four ? PEEK_MORE : PEEK); i++) {
    if (seen.three && seen.four) break;
    if (layout->classify(NULL, files[i], &role) && role.kind == VG_FILE_TUMOUR)
      see_values(root, files[i], &seen);
  }
  return seen;
}

/* By ids, else by the folder's name; UNKNOWN: neither tells. */
static edition edition_of_names(const vg_layout *layout, const char *root, char *const *files, size_t n,
                                const char **by) {
  size_t votes[3] = {0};
  vg_file_role role;
  for (size_t i = 0; i < n; i++)
    if (layout->classify(NULL, files[i], &role)) votes[edition_of_id(role.id)]++;
  *by = "ids";
  if (votes[BEFORE_2017] || votes[FROM_2017])
    return votes[BEFORE_2017] <= votes[FROM_2017] ? FROM_2017 : BEFORE_2017;
  char *trimmed = vg_strdup(root);
  size_t len = trimmed ? strlen(trimmed) : 0;
  while (len > 1 && trimmed[len - 1] == '/') trimmed[--len] = '\0';
  const char *base = trimmed ? vg_fs_basename(trimmed) : "";
  bool old = strstr(base, "2013") || strstr(base, "2015"),
       later = strstr(base, "2018") || strstr(base, "2019") || strstr(base, "2020") || strstr(base, "2021");
  vg_free(trimmed);
  *by = "the folder's name";
  return old == later ? UNKNOWN : later ? FROM_2017 : BEFORE_2017;
}

bool vg_brats_from_2017(const vg_layout *layout, const char *root, char *const *files, size_t n, char *reason,
                        size_t size) {
  const char *by;
  const edition named = edition_of_names(layout, root, files, n, &by);
  if (named != UNKNOWN) {
    snprintf(reason, size, "from its file names and %s", by);
    return named == FROM_2017;
  }
  const values_seen seen = look_at_values(layout, root, files, n);
  if (seen.three)
    snprintf(reason, size, "from its file names and the label values 3%s in %d label %s",
             seen.four ? " and 4" : ", but not 4,", seen.maps, vg_plural(seen.maps, "map", "maps"));
  else if (seen.maps)
    snprintf(reason, size, "from its file names; no label value 3 in %d label %s", seen.maps,
             vg_plural(seen.maps, "map", "maps"));
  else
    snprintf(reason, size, "from its file names; there is no label map that would show the edition");
  return !seen.three;
}

/* VG_DATA: an id of 2023 or later in names as they were up to 2021. Some programs rename files so, and leave
 * the label values as they were. */
static vg_status check_ids(const vg_layout *layout, const vg_source *source, char *const *files, size_t n) {
  vg_file_role role;
  for (size_t i = 0; i < n; i++)
    if (layout->classify(NULL, files[i], &role) && vg_brats_is_task_id(role.id))
      return vg_fail(
          VG_DATA,
          "%s: %s is an id of BraTS from 2023 on, but file names are those of BraTS up to 2021, whose "
          "label values differ: name --tumour-scheme (data.tumour_scheme): brats2023, brats2024, "
          "brats2024-ped, or brats where 4 is enhancing",
          source->root, role.id);
  return VG_OK;
}

vg_status vg_brats_check_edition(const vg_layout *layout, const vg_source *source, char *const *files,
                                 size_t n) {
  const char *by;
  if (source->tumour_scheme.n) return VG_OK;
  vg_status st = check_ids(layout, source, files, n);
  if (st || !source->guessed) return st;
  if (edition_of_names(layout, source->root, files, n, &by) != UNKNOWN) return VG_OK;
  const values_seen seen = look_at_values(layout, source->root, files, n);
  if (!seen.three || seen.four) return VG_OK;
  return vg_fail(
      VG_DATA,
      "%s: what value 3 means is ambiguous: names are those of BraTS up to 2021, but %d label %s "
      "no value 4 (enhancing). --tumour-scheme (data.tumour_scheme) brats2023 takes 3 as enhancing, "
      "--layout brats2013 as non-enhancing",
      source->root, seen.maps, vg_plural(seen.maps, "map has", "maps have"));
}

/* ---- tissues and T1-weighted scans: compares the meaning of tissue values that a layout assumes with the
 * intensities; CSF is the darkest tissue ---- */

enum { CSF, GM, WM, TISSUES };
static const char *const names[TISSUES] = {"csf", "gm", "wm"};

enum { SAMPLE = 3, BINS = 2048, LEAST_VOXELS = 20 };

/* Finds the value of each tissue. False: the scheme has other classes, or several values for one. */
static bool tissue_values(const vg_scheme *s, uint16_t values[TISSUES]) {
  if (s->n != TISSUES) return false;
  for (int k = 0; k < TISSUES; k++) {
    values[k] = 0;
    for (int i = 0; i < s->n; i++)
      if (strcmp(s->labels[i].name, names[k]) == 0 && !s->labels[i].more) values[k] = s->labels[i].value;
    if (!values[k]) return false;
  }
  return true;
}

/* The value below which a share of the counted voxels lies. */
static double quantile(const size_t *bins, double share, double lo, double step) {
  size_t all = 0, below = 0;
  for (int b = 0; b < BINS; b++) all += bins[b];
  for (int b = 0; b < BINS; b++) {
    below += bins[b];
    if ((double)below >= share * (double)all) return lo + step * (b + 0.5);
  }
  return lo + step * BINS;
}

/* Medians of the tissues, and the interquartile range of all of them. False: too few voxels. */
static bool measure(const vg_volume *t1, const vg_labelmap *map, const uint16_t values[TISSUES],
                    size_t (*bins)[BINS], double median[TISSUES], double *spread) {
  const size_t n = vg_geometry_voxels(&map->geo);
  size_t count[TISSUES] = {0};
  double lo = 0, hi = 0;
  bool any = false;
  for (size_t i = 0; i < n; i++) {
    if (!map->data[i]) continue;
    const double v = (double)t1->data[i];
    if (!(v > -1e30 && v < 1e30)) return false;
    if (!any || v < lo) lo = v;
    if (!any || v > hi) hi = v;
    any = true;
  }
  const double step = (hi - lo) / BINS;
  if (!(step > 0)) return false;
  memset(bins, 0, (TISSUES + 1) * sizeof *bins);
  for (size_t i = 0; i < n; i++) {
    for (int k = 0; k < TISSUES && map->data[i]; k++) {
      if (map->data[i] != values[k]) continue;
      int b = (int)(((double)t1->data[i] - lo) / step);
      if (b > BINS - 1) b = BINS - 1;
      bins[k][b]++;
      bins[TISSUES][b]++;
      count[k]++;
    }
  }
  for (int k = 0; k < TISSUES; k++) {
    if (count[k] < LEAST_VOXELS) return false;
    median[k] = quantile(bins[k], 0.5, lo, step);
  }
  *spread = quantile(bins[TISSUES], 0.75, lo, step) - quantile(bins[TISSUES], 0.25, lo, step);
  return true;
}

static vg_status measure_subject(const char *t1_path, const char *map_path, const uint16_t values[TISSUES],
                                 size_t (*bins)[BINS], bool *done, double median[TISSUES], double *spread) {
  vg_volume t1 = {0};
  vg_labelmap map = {0};
  *done = false;
  vg_status st = vg_volume_read_labels(map_path, &map, NULL);
  if (!st) st = vg_volume_read(t1_path, &t1, NULL);
  if (!st) st = vg_volume_canonicalise(&t1);
  if (!st) st = vg_labelmap_canonicalise(&map);
  if (!st && memcmp(t1.geo.dim, map.geo.dim, sizeof map.geo.dim) == 0)
    *done = measure(&t1, &map, values, bins, median, spread);
  vg_volume_release(&t1);
  vg_labelmap_release(&map);
  /* Reading for use reports a fault better. */
  if (st == VG_MEMORY || st == VG_INTERRUPTED) return st;
  vg_error_clear();
  return VG_OK;
}

/* The name of another scheme by which the class of `value` is csf, or NULL. */
static const char *fitting_scheme(const vg_scheme *assumed, uint16_t value) {
  const vg_scheme *s;
  uint16_t values[TISSUES];
  for (int i = 0; (s = vg_scheme_at(i, NULL)); i++)
    if (strcmp(s->name, assumed->name) != 0 && tissue_values(s, values) && values[CSF] == value)
      return s->name;
  return NULL;
}

static vg_status contradiction(const vg_source *source, const vg_subject *s, const uint16_t values[TISSUES],
                               const double median[TISSUES]) {
  const int darkest = median[GM] < median[WM] ? GM : WM;
  const char *other = fitting_scheme(&source->anatomy_scheme, values[darkest]);
  char *text = vg_scheme_text(&source->anatomy_scheme);
  vg_status st =
      vg_fail(VG_DATA,
              "%s: by scheme %s (%s), which no table and no option names, csf is brighter than %s on the "
              "T1-weighted scan "
              "(medians %.4g and %.4g): name the scheme with --anatomy-scheme (data.anatomy_scheme)%s%s%s",
              s->anatomy, source->anatomy_scheme.name, text ? text : "", names[darkest], median[CSF],
              median[darkest], other ? "; value " : "",
              other ? (values[darkest] == 1 ? "1 is csf by scheme " : "3 is csf by scheme ") : "",
              other ? other : "");
  vg_free(text);
  return st;
}

vg_status vg_dataset_check_tissues(const vg_dataset *ds, int source) {
  const vg_source *src = &ds->sources[source];
  const int t1 = vg_series_find(&ds->series, "t1");
  uint16_t values[TISSUES];
  if (!src->assumed[VG_ROLE_ANATOMY] || t1 < 0 || !tissue_values(&src->anatomy_scheme, values)) return VG_OK;
  size_t(*bins)[BINS] = vg_malloc(TISSUES + 1, sizeof *bins);
  const vg_subject *first = NULL;
  double median[TISSUES], spread, shown[TISSUES] = {0};
  int measured = 0, fit = 0, unfit = 0;
  vg_status st = bins ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < ds->n && measured < SAMPLE && !st; i++) {
    const vg_subject *s = &ds->subjects[i];
    bool done = false;
    if (s->source != source || !s->anatomy || !s->series[t1]) continue;
    measured++; /* a faulty file counts: it must not make this read everything */
    st = measure_subject(s->series[t1], s->anatomy, values, bins, &done, median, &spread);
    if (st || !done) continue;
    const double darkest = median[GM] < median[WM] ? median[GM] : median[WM];
    if (!(median[CSF] - darkest > 0.25 * spread)) {
      fit++;
      continue;
    }
    if (!unfit++) {
      first = s;
      memcpy(shown, median, sizeof shown);
    }
  }
  vg_free(bins);
  return st || fit >= unfit ? st : contradiction(src, first, values, shown);
}
