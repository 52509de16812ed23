/* eval_summary.c: an evaluation as files: metrics.csv, summary.json. */
#include <math.h>
#include <string.h>
#include "eval/model/evaluation.h"
#include "voxgan/fs.h"
#include "base/mem.h"
#include "voxgan/str.h"
#include "voxgan/version.h"

static void put_ids(vg_json *parent, const char *key, char *const *ids, size_t n) {
  vg_json *list = vg_json_put_take(parent, key, vg_json_array());
  for (size_t i = 0; i < n; i++) vg_json_put_string(list, NULL, ids[i]);
}

static void put_left_out(vg_json *root, const vg_evaluation *e) {
  vg_json *list = vg_json_put_take(root, "left_out", vg_json_array());
  for (int i = 0; i < e->n_left_out; i++) {
    vg_json *row = vg_json_put_take(list, NULL, vg_json_object());
    vg_json_put_string(row, "suite", e->left_out[i].suite);
    vg_json_put_string(row, "why", e->left_out[i].why);
  }
}

/* Small volumes have fewer scales; values over different numbers of them do not compare. */
static void put_ms_ssim_scales(vg_json *root, const vg_evaluation *e) {
  vg_json *scales = vg_json_put_take(root, "ms_ssim_scales", vg_json_object());
  for (size_t c = 0; c < e->n_cases; c++) {
    if (e->ms_ssim_scales[c]) vg_json_put_number(scales, e->ids[c], e->ms_ssim_scales[c]);
  }
}

vg_status vg_eval_summary_json(vg_evaluation *e) {
  vg_json *root = e->summary = vg_json_object();
  if (!root) return VG_MEMORY;
  vg_json_put_string(root, "kind", "voxgan evaluation");
  vg_json_put_string(root, "version", vg_version());
  vg_json *settings = vg_json_put_take(root, "settings", vg_json_object());
  vg_json_put_string(settings, "normalise", vg_normalise_name(e->normalise));
  vg_json *suites = vg_json_put_take(settings, "suites", vg_json_array());
  for (int i = 0; vg_suite_at(i); i++) {
    if (e->suites >> i & 1) vg_json_put_string(suites, NULL, vg_suite_at(i));
  }
  vg_json_put_bool(settings, "unpaired", e->unpaired);
  vg_json_put_number(settings, "band_mm", e->band);
  vg_json_put_string(settings, "challenge", e->lesion_rules->challenge);
  vg_json *bootstrap = vg_json_put_take(settings, "interval", vg_json_object());
  vg_json_put_string(bootstrap, "of", "mean");
  vg_json_put_number(bootstrap, "level", 0.95);
  vg_json_put_number(bootstrap, "resamples", EVAL_RESAMPLES);
  put_left_out(root, e);
  put_ms_ssim_scales(root, e);
  vg_json *subjects = vg_json_put_take(root, "subjects", vg_json_object());
  put_ids(subjects, "paired", e->ids, e->unpaired ? 0 : e->n_cases);
  put_ids(subjects, "real_only", e->real_only, e->n_real_only);
  put_ids(subjects, "synth_only", e->synth_only, e->n_synth_only);
  vg_json *metrics = vg_json_put_take(root, "metrics", vg_json_array());
  for (size_t i = 0; i < e->n_groups; i++) {
    const eval_group *g = &e->groups[i];
    vg_json *row = vg_json_put_take(metrics, NULL, vg_json_object());
    vg_json_put_string(row, "series", g->series);
    vg_json_put_string(row, "region", g->region);
    vg_json_put_string(row, "metric", g->metric->name);
    vg_json_put_string(row, "unit", g->metric->metric->unit);
    vg_json_put_number(row, "n", (double)g->n);
    vg_json_put_number(row, "infinite", (double)g->infinite);
    vg_json_put_number(row, "mean", g->mean);
    vg_json_put_number(row, "sd", g->sd);
    vg_json_put_number(row, "median", g->median);
    vg_json_put_number(row, "q1", g->q1);
    vg_json_put_number(row, "q3", g->q3);
    vg_json_put_number(row, "min", g->least);
    vg_json_put_number(row, "max", g->most);
    vg_json_put_number(row, "ci_low", g->ci_low);
    vg_json_put_number(row, "ci_high", g->ci_high);
  }
  vg_eval_profiles_json(e, root);
  vg_eval_sets_json(e, root);
  return VG_OK;
}

vg_status vg_eval_write(const vg_evaluation *e, const char *out) {
  vg_status st = VG_OK;
  char *csv = vg_fs_join(out, "metrics.csv"), *json = vg_fs_join(out, "summary.json");
  vg_str text = VG_STR_INIT;
  if (!csv || !json) {
    st = VG_MEMORY;
    goto out;
  }
  vg_str_add(&text, "subject,series,region,metric,value\n");
  for (size_t c = 0; c < e->n_cases; c++) {
    for (size_t i = 0; i < e->n_groups; i++) {
      const eval_group *g = &e->groups[i];
      double v = e->values[c * e->n_groups + i];
      if (isnan(v)) continue;
      vg_str_add_csv(&text, e->ids[c]);
      vg_str_add(&text, ",");
      vg_str_add_csv(&text, g->series);
      vg_str_add(&text, ",");
      vg_str_add_csv(&text, g->region);
      vg_str_addf(&text, ",%s,%.9g\n", g->metric->name, v);
    }
  }
  vg_eval_sets_csv(e, &text);
  if (vg_str_failed(&text)) {
    st = vg_fail(VG_MEMORY, "%s: out of memory", csv);
    goto out;
  }
  st = vg_fs_write_atomic(csv, vg_str_text(&text), text.len);
  /* Last: a summary means that the table beside it is whole. */
  if (!st) st = vg_json_write(json, e->summary);
out:
  vg_str_release(&text);
  vg_free(csv);
  vg_free(json);
  return st;
}
