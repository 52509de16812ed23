/* features.c: the registry of feature spaces, and the plan of what to measure. */
#include "eval/feature/features.h"
#include "base/names.h"

#include <string.h>

static const vg_feature_row rows[] = {
#define VG_FEATURES(name, help) {#name, help, &vg_features_##name},
#include "registry/features.def"
#undef VG_FEATURES
};
enum { n_rows = sizeof rows / sizeof *rows };
_Static_assert(n_rows <= VG_FEATURE_SPACES_MAX, "features.def has more rows than VG_FEATURE_SPACES_MAX");

const vg_feature_row *vg_features_at(int i) {
  return i >= 0 && i < n_rows ? &rows[i] : NULL;
}

int vg_features_find(const char *name) {
  return vg_names_find(VG_NAMES_N(rows, n_rows), name);
}

static bool by_anatomy(const vg_feature_plan *plan) {
  return plan->has_anatomy && plan->anatomy.n;
}

static int tissues(const vg_feature_plan *plan) {
  return by_anatomy(plan) ? plan->anatomy.n : 1;
}

int vg_features_regions(const vg_feature_plan *plan) {
  return tissues(plan) + (plan->has_tumour ? plan->tumour.n : 0);
}

const char *vg_features_region_name(const vg_feature_plan *plan, int region) {
  const int first_tumour = tissues(plan);
  if (region >= first_tumour) return plan->tumour.names[region - first_tumour];
  return by_anatomy(plan) ? plan->anatomy.names[region] : "brain";
}

int vg_features_region_at(const vg_feature_input *in, size_t voxel) {
  if (!in->brain[voxel]) return -1;
  if (!in->tumour || !in->tumour[voxel]) return by_anatomy(in->plan) ? in->anatomy[voxel] - 1 : 0;
  return in->plan->has_tumour ? tissues(in->plan) + in->tumour[voxel] - 1 : -1;
}

size_t vg_features_dims(const vg_feature_plan *plan, const vg_feature_space *space) {
  return space->dims(plan) * (space->of_labels ? 1 : (size_t)plan->series.n);
}

/* Counts the set's subjects that have the series. */
static size_t subjects_with(const vg_dataset *set, const char *series) {
  int k = vg_series_find(&set->series, series);
  size_t n = 0;
  for (size_t i = 0; i < set->n && k >= 0; i++) n += set->subjects[i].series[k] != NULL;
  return n;
}

static vg_status add_classes(vg_feature_plan *plan, const vg_dataset *set) {
  for (int i = 0; i < set->n_sources; i++) {
    vg_status st = vg_classes_add(&plan->anatomy, &set->sources[i].anatomy_scheme, VG_ROLE_ANATOMY);
    if (!st) st = vg_classes_add(&plan->tumour, &set->sources[i].tumour_scheme, VG_ROLE_TUMOUR);
    if (st) return st;
  }
  return VG_OK;
}

vg_status vg_features_plan_init(vg_feature_plan *plan, const vg_dataset *const *sets, int n_sets) {
  memset(plan, 0, sizeof *plan);
  bool any_tumour = true;
  plan->has_anatomy = plan->has_tumour = true;
  for (int s = 0; s < n_sets; s++) {
    size_t with_tumour = 0;
    vg_status st = add_classes(plan, sets[s]);
    if (st) return st;
    for (size_t i = 0; i < sets[s]->n; i++) {
      plan->has_anatomy &= sets[s]->subjects[i].anatomy != NULL;
      plan->has_tumour &= sets[s]->subjects[i].tumour != NULL;
      with_tumour += sets[s]->subjects[i].tumour != NULL;
    }
    any_tumour &= with_tumour > 0;
  }
  for (int k = 0; k < sets[0]->series.n; k++) {
    const char *name = sets[0]->series.names[k];
    bool common = true;
    for (int s = 0; s < n_sets; s++) {
      size_t n = subjects_with(sets[s], name);
      common &= n && 2 * n >= sets[s]->n;
    }
    if (common) memcpy(plan->series.names[plan->series.n++], name, VG_SERIES_NAME);
  }
  for (int i = 0; i < n_rows; i++) {
    if (rows[i].space->by_extractor) continue;
    bool possible = rows[i].space->of_labels ? any_tumour : plan->series.n > 0;
    plan->spaces |= (uint32_t)possible << i;
  }
  return VG_OK;
}

void vg_features_plan_extract(vg_feature_plan *plan, const vg_extractor *x) {
  plan->extractor = x;
  for (int i = 0; i < n_rows; i++)
    plan->spaces |= (uint32_t)(rows[i].space->by_extractor && plan->series.n > 0) << i;
}
