/* eval_summary.c: writes metrics.csv and summary.json. */
#include "eval/eval_output.h"
#include "io/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fs.h"
#include "base/file/owned.h"
#include "base/mem.h"
#include "base/number/statistic.h"
#include "base/str.h"
#include "voxgan/version.h"

static void put_ids(vg_json *parent, const char *key, char *const *ids, size_t n) {
  vg_json *list = vg_json_put_take(parent, key, vg_json_array());
  for (size_t i = 0; i < n; i++) vg_json_put_string(list, NULL, ids[i]);
}

static void put_left_out(vg_json *root, const vg_eval *e) {
  vg_json *list = vg_json_put_take(root, "left_out", vg_json_array());
  for (int i = 0; i < e->n_left_out; i++) {
    vg_json *row = vg_json_put_take(list, NULL, vg_json_object());
    vg_json_put_string(row, "suite", e->left_out[i].suite);
    vg_json_put_string(row, "why", e->left_out[i].why);
  }
}

/* Small volumes have fewer scales. MS-SSIM values with different numbers of scales cannot be compared. */
static void put_ms_ssim_scales(vg_json *root, const vg_eval *e) {
  vg_json *scales = vg_json_put_take(root, "ms_ssim_scales", vg_json_object());
  for (size_t c = 0; c < e->n_cases; c++) {
    if (e->ms_ssim_scales[c]) vg_json_put_number(scales, e->ids[c], e->ms_ssim_scales[c]);
  }
}

vg_json *vg_eval_settings_json(const vg_eval *e) {
  vg_json *settings = vg_json_object();
  vg_json_put_string(settings, "normalise", vg_eval_normalise_name(e->normalise));
  vg_json *suites = vg_json_put_take(settings, "suites", vg_json_array());
  for (int i = 0; vg_eval_suites_at(i); i++) {
    if (e->suites >> i & 1) vg_json_put_string(suites, NULL, vg_eval_suites_at(i));
  }
  vg_json_put_bool(settings, "unpaired", e->unpaired);
  vg_json_put_number(settings, "band_mm", e->band);
  vg_json_put_number(settings, "surface_mm", e->surface_mm);
  vg_json_put_string(settings, "challenge", e->lesion_rules->challenge);
  vg_json *bootstrap = vg_json_put_take(settings, "interval", vg_json_object());
  vg_json_put_string(bootstrap, "of", "mean");
  vg_json_put_number(bootstrap, "level", 0.95);
  vg_json_put_number(bootstrap, "resamples", VG_RESAMPLES_SUBJECTS);
  return settings;
}

void vg_eval_put_rounded(vg_json *row, const char *key, double value) {
  char text[32];
  snprintf(text, sizeof text, "%.9g", value);
  vg_json_put_number(row, key, strtod(text, NULL));
}

vg_json *vg_eval_group_json(const eval_group *g, eval_row_form form) {
  const bool full = form == EVAL_ROW_FULL;
  const struct {
    const char *key;
    double value;
    bool compared; /* a baseline needs it */
  } figures[] = {{"mean", g->mean, true}, {"sd", g->sd, false},        {"median", g->median, false},
                 {"q1", g->q1, false},    {"q3", g->q3, false},        {"min", g->least, false},
                 {"max", g->most, false}, {"ci_low", g->ci_low, true}, {"ci_high", g->ci_high, true}};
  vg_json *row = vg_json_object();
  vg_json_put_string(row, "series", g->series);
  vg_json_put_string(row, "region", g->region);
  vg_json_put_string(row, "metric", g->metric->name);
  if (full) vg_json_put_string(row, "unit", g->metric->metric->unit);
  vg_json_put_number(row, "n", (double)g->n);
  if (full || g->infinite) vg_json_put_number(row, "infinite", (double)g->infinite);
  for (size_t k = 0; k < sizeof figures / sizeof *figures; k++) {
    if (full)
      vg_json_put_number(row, figures[k].key, figures[k].value);
    else if (figures[k].compared && !isnan(figures[k].value))
      vg_eval_put_rounded(row, figures[k].key, figures[k].value);
  }
  return row;
}

static void put_groups(vg_json *root, const vg_eval *e) {
  vg_json *metrics = vg_json_put_take(root, "metrics", vg_json_array());
  for (size_t i = 0; i < e->n_groups; i++)
    vg_json_put_take(metrics, NULL, vg_eval_group_json(&e->groups[i], EVAL_ROW_FULL));
}

static void put_curve(vg_json *to, const char *mean_key, const char *sd_key, const eval_curve *c) {
  vg_json *means = vg_json_put_take(to, mean_key, vg_json_array());
  vg_json *sds = vg_json_put_take(to, sd_key, vg_json_array());
  for (int b = 0; b < VG_PROFILE_BINS; b++) {
    vg_json_put_number(means, NULL, c->mean[b]);
    vg_json_put_number(sds, NULL, c->sd[b]);
  }
}

static void put_side(vg_json *row, const char *key, const eval_side *side) {
  vg_json *to = vg_json_put_take(row, key, vg_json_object());
  vg_json_put_number(to, "n", (double)side->n);
  put_curve(to, "intensity", "intensity_sd", &side->intensity);
  put_curve(to, "gradient", "gradient_sd", &side->gradient);
}

static void put_profiles(vg_json *root, const vg_eval *e) {
  if (!e->profiles) return;
  vg_json *list = vg_json_put_take(root, "profiles", vg_json_array());
  for (int s = 0; s < e->n_series; s++) {
    for (int r = 0; r < e->boundary_regions.n; r++) {
      eval_side real, synth;
      if (!vg_eval_profile_sides(e, s, r, &real, &synth)) continue;
      vg_json *row = vg_json_put_take(list, NULL, vg_json_object());
      vg_json_put_string(row, "series", e->series[s]);
      vg_json_put_string(row, "region", e->boundary_regions.names[r]);
      vg_json_put_number(row, "from_mm", -VG_PROFILE_MM);
      vg_json_put_number(row, "to_mm", VG_PROFILE_MM);
      put_side(row, "real", &real);
      put_side(row, "synth", &synth);
    }
  }
}

static void put_sets(vg_json *root, const vg_eval *e) {
  vg_json *sets = vg_json_put_take(root, "sets", vg_json_array());
  for (size_t i = 0; i < e->n_sets; i++) {
    const eval_set *s = &e->sets[i];
    vg_json *row = vg_json_put_take(sets, NULL, vg_json_object());
    vg_json_put_string(row, "suite", s->metric->suite);
    vg_json_put_string(row, "metric", s->metric->name);
    vg_json_put_string(row, "space", s->space);
    vg_json_put_number(row, "value", s->value);
    vg_json_put_number(row, "ci_low", s->ci_low);
    vg_json_put_number(row, "ci_high", s->ci_high);
    vg_json_put_number(row, "floor", s->floor);
    vg_json_put_number(row, "n_real", (double)s->n_real);
    vg_json_put_number(row, "n_synth", (double)s->n_synth);
    vg_json_put_string(row, "note", s->note);
  }
}

static void put_verdicts(vg_json *root, const vg_eval *e) {
  vg_json *verdicts = vg_json_put_take(root, "verdicts", vg_json_array());
  for (size_t i = 0; i < e->n_verdicts; i++) {
    vg_json *row = vg_json_put_take(verdicts, NULL, vg_json_object());
    vg_json_put_string(row, "suite", e->verdicts[i].suite);
    vg_json_put_string(row, "check", e->verdicts[i].check);
    vg_json_put_string(row, "verdict", e->verdicts[i].verdict);
    vg_json_put_string(row, "text", e->verdicts[i].text);
  }
}

static void put_moved(vg_json *root, const vg_eval *e) {
  if (!e->baseline) return;
  vg_json *section = vg_json_put_take(root, "baseline", vg_json_object());
  vg_json *list = vg_json_put_take(section, "moved", vg_json_array());
  for (size_t i = 0; i < e->n_moved; i++) {
    const eval_moved *m = &e->moved[i];
    vg_json *row = vg_json_put_take(list, NULL, vg_json_object());
    vg_json_put_string(row, "series", m->series);
    vg_json_put_string(row, "region", m->region);
    vg_json_put_string(row, "metric", m->metric);
    vg_json_put_number(row, "baseline", m->before);
    vg_json_put_number(row, "now", m->now);
    vg_json_put_string(row, "allowed", m->allowed);
    vg_json_put_string(row, "verdict", m->verdict);
  }
  vg_json_put_number(section, "worse", (double)e->n_worse);
}

vg_status vg_eval_summary_json(vg_eval *e) {
  vg_json *root = e->summary = vg_json_object();
  if (!root) return VG_MEMORY;
  vg_json_put_string(root, "kind", "voxgan evaluation");
  vg_json_put_string(root, "version", vg_version());
  vg_json_put_take(root, "settings", vg_eval_settings_json(e));
  put_left_out(root, e);
  put_ms_ssim_scales(root, e);
  vg_json *subjects = vg_json_put_take(root, "subjects", vg_json_object());
  put_ids(subjects, "paired", e->ids, e->unpaired ? 0 : e->n_cases);
  put_ids(subjects, "real_only", e->real_only, e->n_real_only);
  put_ids(subjects, "synth_only", e->synth_only, e->n_synth_only);
  put_groups(root, e);
  put_profiles(root, e);
  put_sets(root, e);
  put_verdicts(root, e);
  put_moved(root, e);
  return VG_OK;
}

vg_status vg_eval_check_files(const vg_eval_settings *set) {
  static const char *const files[][2] = {{"metrics.csv", "subject,series,region,metric,value\n"},
                                         {"summary.json", "voxgan evaluation"},
                                         {"report.html", "content=\"default-src 'none'; img-src data:; "},
                                         {"neighbours.csv", "subject,space,nearest,"},
                                         {"membership.csv", "subject,trained_on,"},
                                         {"detect.csv", "subject,side,x,y,z,logit"},
                                         {"identifiers.csv", "file,field,kind,count"}};
  vg_status st = set->write_baseline ? vg_owned_check_file(set->write_baseline, "voxgan evaluation") : VG_OK;
  for (size_t i = 0; i < sizeof files / sizeof files[0] && set->out && !st; i++) {
    char *path = vg_fs_join(set->out, files[i][0]);
    st = path ? vg_owned_check_file(path, files[i][1]) : VG_MEMORY;
    vg_free(path);
  }
  return st;
}

/* ---- metrics.csv ---- */

static void add_sets_csv(const vg_eval *e, vg_str *text) {
  for (size_t i = 0; i < e->n_sets; i++) {
    const eval_set *s = &e->sets[i];
    if (isnan(s->value)) continue;
    vg_str_add(text, ",");
    vg_str_add_csv(text, s->space);
    vg_str_addf(text, ",,%s,%.9g\n", s->metric->name, s->value);
  }
}

vg_status vg_eval_write(const vg_eval *e, const char *out) {
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
  add_sets_csv(e, &text);
  if (vg_str_failed(&text)) {
    st = vg_fail(VG_MEMORY, "%s: out of memory", csv);
    goto out;
  }
  st = vg_fs_write_atomic(csv, vg_str_text(&text), text.len);
  /* The summary is written last: if it exists, the table beside it is complete. */
  if (!st) st = vg_json_write(json, e->summary);
out:
  vg_str_release(&text);
  vg_free(csv);
  vg_free(json);
  return st;
}
