/* format_brats.c: the BraTS editions, with the file names and label values of the layouts of the same names.
 */
#include <stdio.h>
#include <string.h>
#include "dataset/layout.h"
#include "output/format/format_values.h"

/* From 2017 on, label 1 is the necrotic and the non-enhancing core together. The merged class comes last, so
 * that value 1 reads back as necrosis. */
static void merge_core(vg_scheme *s) {
  vg_label *l = &s->labels[s->n++];
  *l = (vg_label){.value = 1, .role = VG_ROLE_TUMOUR};
  snprintf(l->name, sizeof l->name, "nonenhancing");
}

static vg_status schemes(vg_format_set *set, const char *format, const vg_layout *layout, bool merged) {
  vg_status st = VG_OK;
  if (vg_classes_count(&set->classes, VG_ROLE_TUMOUR)) {
    st = vg_scheme_parse(layout->tumour_scheme, &set->tumour);
    if (!st && merged && vg_classes_find(&set->classes, "nonenhancing") >= 0) merge_core(&set->tumour);
    if (!st) st = vg_format_lacks(set, VG_ROLE_TUMOUR, &set->tumour, format);
  } else {
    set->tumour.n = 0;
  }
  /* No edition has an anatomy map, so the values of the sources may stay. */
  if (!vg_classes_count(&set->classes, VG_ROLE_ANATOMY))
    set->anatomy.n = 0;
  else if (!st && !vg_format_known_values(set, VG_ROLE_ANATOMY, layout->anatomy_scheme, &set->anatomy) &&
           !vg_format_own_values(set, VG_ROLE_ANATOMY, &set->anatomy)) {
    if (!set->anatomy.n) st = vg_scheme_parse(layout->anatomy_scheme, &set->anatomy);
    if (!st) st = vg_format_lacks(set, VG_ROLE_ANATOMY, &set->anatomy, format);
  }
  return st;
}

static vg_status schemes_2013(vg_format_set *set) {
  return schemes(set, "brats2013", &vg_layout_brats2013, false);
}
static vg_status schemes_2021(vg_format_set *set) {
  return schemes(set, "brats2021", &vg_layout_brats2021, true);
}
static vg_status schemes_2023(vg_format_set *set) {
  return schemes(set, "brats2023", &vg_layout_brats2023, true);
}

static vg_status schemes_2024(vg_format_set *set) {
  return schemes(set, "brats2024", &vg_layout_brats2024, true);
}
static vg_status schemes_ped(vg_format_set *set) {
  return schemes(set, "brats2024_ped", &vg_layout_brats2024_ped, false);
}

static vg_status id(const char *wanted, char *buf, size_t size) {
  return vg_format_clean(wanted, "-_.", buf, size);
}

static vg_status path_2021(const vg_format_set *set, const char *case_id, vg_file_kind kind,
                           const char *series, char *buf, size_t size) {
  (void)set;
  return vg_layout_brats2021.path(case_id, kind, series, buf, size);
}
static vg_status path_2023(const vg_format_set *set, const char *case_id, vg_file_kind kind,
                           const char *series, char *buf, size_t size) {
  (void)set;
  return vg_layout_brats2023.path(case_id, kind, series, buf, size);
}

/* The 2021 edition is the usual one for tumours, so it serves where no format fits better. */
static int rank_2021(const vg_format_set *set) {
  (void)set;
  return 1;
}

const vg_dataset_format vg_dataset_format_brats2013 = {
    .layout = "brats2013", .schemes = schemes_2013, .id = id, .path = path_2021};
const vg_dataset_format vg_dataset_format_brats2021 = {
    .layout = "brats2021", .rank = rank_2021, .schemes = schemes_2021, .id = id, .path = path_2021};
const vg_dataset_format vg_dataset_format_brats2023 = {
    .layout = "brats2023", .schemes = schemes_2023, .id = id, .path = path_2023};
const vg_dataset_format vg_dataset_format_brats2024 = {
    .layout = "brats2024", .schemes = schemes_2024, .id = id, .path = path_2023};
const vg_dataset_format vg_dataset_format_brats2024_ped = {
    .layout = "brats2024_ped", .schemes = schemes_ped, .id = id, .path = path_2023};
