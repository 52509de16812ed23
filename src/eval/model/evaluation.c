/* evaluation.c: queries, storage for values, and release of the struct that all steps of an evaluation share.
 */
#include "eval/model/evaluation_patches.h"
#include "io/json.h"

#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "voxgan/log.h"

static const char *const normalise_names[] = {"each", "real", "none", NULL};

const char *vg_eval_normalise_name(vg_normalise n) {
  return normalise_names[n];
}

vg_status vg_eval_normalise_parse(const char *text, vg_normalise *out) {
  for (int i = 0; normalise_names[i]; i++) {
    if (strcmp(text, normalise_names[i]) != 0) continue;
    *out = (vg_normalise)i;
    return VG_OK;
  }
  return vg_fail(VG_CONFIG, "no normalisation '%s': each, real or none", text);
}

/* ---- questions ---- */

bool vg_eval_compares_labels(const eval_group *g) {
  return g->metric->metric->kind == VG_METRIC_OVERLAP || g->metric->metric->kind == VG_METRIC_LESION;
}

bool vg_eval_wants(const vg_eval *e, vg_metric_kind kind) {
  for (size_t g = 0; g < e->n_groups; g++) {
    if (e->groups[g].metric->metric->kind == kind) return true;
  }
  return false;
}

bool vg_eval_has_groups(const vg_eval *e, const char *suite) {
  for (size_t g = 0; g < e->n_groups; g++) {
    if (!strcmp(e->groups[g].metric->suite, suite)) return true;
  }
  return false;
}

bool vg_eval_has_sets(const vg_eval *e, const char *suite) {
  for (size_t i = 0; i < e->n_sets; i++) {
    if (!strcmp(e->sets[i].metric->suite, suite)) return true;
  }
  return false;
}

bool vg_eval_has_verdicts(const vg_eval *e, const char *suite) {
  for (size_t i = 0; i < e->n_verdicts; i++) {
    if (!strcmp(e->verdicts[i].suite, suite)) return true;
  }
  return false;
}

bool vg_eval_is_left_out(const vg_eval *e, const char *suite) {
  for (int i = 0; i < e->n_left_out; i++) {
    if (!strcmp(e->left_out[i].suite, suite)) return true;
  }
  return false;
}

int vg_eval_series_index(const vg_eval *e, const char *series) {
  for (int s = 0; s < e->n_series; s++) {
    if (!strcmp(e->series[s], series)) return s;
  }
  return -1;
}

/* ---- filling it ---- */

vg_status vg_eval_values_new(vg_eval *e) {
  e->values = vg_malloc(e->n_cases * e->n_groups, sizeof *e->values);
  e->ms_ssim_scales = VG_NEW_N(int, e->n_cases);
  if (!e->values || !e->ms_ssim_scales) return VG_MEMORY;
  if (vg_eval_wants(e, VG_METRIC_BOUNDARY) && vg_eval_profiles_new(e)) return VG_MEMORY;
  for (size_t i = 0; i < e->n_cases * e->n_groups; i++) e->values[i] = NAN;
  return VG_OK;
}

void vg_eval_leave_out(vg_eval *e, const char *suite, const char *why) {
  if (e->n_left_out < (int)(sizeof e->left_out / sizeof *e->left_out))
    e->left_out[e->n_left_out++] = (eval_left_out){suite, why};
  vg_info("suite %s is skipped: %s", suite, why);
}

/* ---- the end ---- */

static void free_ids(char **ids, size_t n) {
  for (size_t i = 0; ids && i < n; i++) vg_free(ids[i]);
  vg_free(ids);
}

void vg_eval_free(vg_eval *e) {
  if (!e) return;
  free_ids(e->ids, e->n_cases);
  free_ids(e->real_only, e->n_real_only);
  free_ids(e->synth_only, e->n_synth_only);
  vg_free(e->groups);
  vg_free(e->values);
  vg_free(e->ms_ssim_scales);
  vg_free(e->profiles);
  vg_free(e->real_profiles);
  vg_eval_sets_release(e);
  vg_eval_patches_free(e->patches);
  vg_free(e->spectra);
  vg_free(e->moved);
  vg_json_free(e->baseline_root);
  vg_json_free(e->summary);
  vg_json_free(e->recorded);
  vg_free(e->baseline);
  vg_free(e);
}

const vg_json *vg_eval_summary(const vg_eval *e) {
  return e->summary;
}
