/* format_brats.c: the BraTS editions: their names and label values, as the layouts of the same names know
 * them. */
#include <stdio.h>
#include <string.h>
#include "dataset/layout.h"
#include "output/format/formats.h"

/* From 2017 on label 1 is the necrotic and non-enhancing core together. The merged class comes last, so that
 * value 1 is first of all necrosis. */
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
  /* No edition has an anatomy map, so values of the sources' own are as good as any. */
  if (!vg_classes_count(&set->classes, VG_ROLE_ANATOMY))
    set->anatomy.n = 0;
  else if (!st && !vg_format_known_values(set, VG_ROLE_ANATOMY, layout->anatomy_scheme, &set->anatomy) &&
           !vg_format_own_values(set, VG_ROLE_ANATOMY, &set->anatomy))
    st = vg_format_lacks(set, VG_ROLE_ANATOMY, &set->anatomy, format);
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

const vg_dataset_format vg_dataset_format_brats2013 = {"brats2013", schemes_2013, id, path_2021, NULL, NULL};
const vg_dataset_format vg_dataset_format_brats2021 = {"brats2021", schemes_2021, id, path_2021, NULL, NULL};
const vg_dataset_format vg_dataset_format_brats2023 = {"brats2023", schemes_2023, id, path_2023, NULL, NULL};
