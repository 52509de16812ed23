/* eval_report.c: writes report.html: an overview, then a section for each suite. */
#include "eval/eval_output.h"

#include <stdio.h>
#include <string.h>
#include "eval/model/evaluation_tables.h"
#include "eval/page/eval_page.h"
#include "eval/suite/suite.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "voxgan/version.h"

/* Bytes of the page that the slices of a suite may take. */
#define GALLERIES (5u << 20)
#define MANY_ROWS 20

/* ---- the head ---- */

/* Returns the last component of a path, which may end in a slash (vg_free). A report that is passed on should
 * not show the folders above it. */
static char *name_of(const char *path) {
  size_t n = strlen(path);
  while (n > 1 && path[n - 1] == '/') n--;
  vg_str s = VG_STR_INIT;
  vg_str_add_bytes(&s, path, n);
  char *whole = vg_str_take(&s), *name = whole ? vg_strdup(vg_fs_basename(whole)) : NULL;
  vg_free(whole);
  return name;
}

static const char *const normalisations[] = {[VG_NORMALISE_EACH] = "each volume's own range",
                                             [VG_NORMALISE_REAL] = "the real volume's range",
                                             [VG_NORMALISE_NONE] = "nothing: values as stored"};

static vg_status add_head(vg_report *r, const vg_eval *e, const char *real, const char *synth) {
  vg_str series = VG_STR_INIT, suites = VG_STR_INIT;
  const char *name;
  for (int i = 0; i < e->n_series; i++) vg_str_addf(&series, "%s%s", i ? ", " : "", e->series[i]);
  for (int i = 0; (name = vg_eval_suites_at(i)); i++) {
    if (e->suites >> i & 1) vg_str_addf(&suites, "%s%s", suites.len ? ", " : "", name);
  }
  vg_report_fact(r, "Real data set", "%s", real);
  vg_report_fact(r, "Synthetic data set", "%s", synth);
  vg_report_fact(r, "Subjects on both sides", "%zu", e->unpaired ? 0 : e->n_cases);
  vg_report_fact(r, "On one side only", "%zu real, %zu synthetic", e->n_real_only, e->n_synth_only);
  if (series.len) vg_report_fact(r, "Series compared", "%s", vg_str_text(&series));
  vg_report_fact(r, "Suites", "%s", suites.len ? vg_str_text(&suites) : "");
  vg_report_fact(r, "Intensities normalised by", "%s", normalisations[e->normalise]);
  vg_report_fact(r, "Band around the tumour, mm", "%g", e->band);
  vg_report_fact(r, "Tolerance of surfaces, mm", "%g", e->surface_mm);
  vg_report_fact(r, "Lesions counted by the rules of BraTS", "%s", e->lesion_rules->challenge);
  vg_report_fact(r, "Intervals", "95 %% of the mean, bootstrap over subjects");
  vg_report_fact(r, "voxgan", "%s", vg_version());
  bool ok = !vg_str_failed(&series) && !vg_str_failed(&suites);
  vg_str_release(&series);
  vg_str_release(&suites);
  return ok ? VG_OK : VG_MEMORY;
}

static void add_left_out(vg_report *r, const vg_eval *e) {
  for (int i = 0; i < e->n_left_out; i++)
    vg_report_note(r, VG_TONE_WARN, "Left out, suite %s: %s.", e->left_out[i].suite, e->left_out[i].why);
}

/* ---- sections ---- */

static vg_status add_baseline(vg_report *r, const vg_eval *e) {
  vg_table moved = {0};
  if (!e->baseline) return VG_OK;
  vg_report_section(r, "Against the baseline");
  if (e->n_worse)
    vg_report_note(r, VG_TONE_BAD, "%zu %s worse than in %s.", e->n_worse,
                   vg_plural(e->n_worse, "value is", "values are"), vg_fs_basename(e->baseline));
  else
    vg_report_note(r, VG_TONE_GOOD, "Nothing is worse than in %s.", vg_fs_basename(e->baseline));
  if (!e->n_moved) return VG_OK;
  vg_status st = vg_eval_moved_table(e, &moved);
  bool many = e->n_moved >= MANY_ROWS;
  if (many) vg_report_fold_open(r, "What moved");
  if (!st) vg_report_table(r, "What moved beyond its tolerance", &moved, 3);
  if (many) vg_report_fold_close(r);
  vg_table_release(&moved);
  return st;
}

static vg_status add_suite(vg_report *r, const vg_eval *e, const char *name, bool pictures) {
  const vg_eval_suite *suite = vg_eval_suites_find(name);
  const bool groups = vg_eval_has_groups(e, name), sets = vg_eval_has_sets(e, name);
  const bool verdicts = vg_eval_has_verdicts(e, name);
  vg_status st = VG_OK;
  if (!suite || (!groups && !sets && !verdicts)) return VG_OK;
  vg_report_section(r, suite->title);
  vg_report_text(r, "%s", suite->text);
  if (verdicts) st = vg_eval_page_verdicts(r, e, name);
  if (!st && sets) st = vg_eval_page_sets(r, e, name);
  if (!st && pictures && suite->pictures) st = suite->pictures(r, e);
  if (!st && suite->charts) suite->charts(r, e);
  if (!st && groups) st = vg_eval_page_groups(r, e, name);
  return st;
}

static vg_status add_suites(vg_report *r, const vg_eval *e, bool pictures) {
  const char *name;
  vg_status st = VG_OK;
  for (int i = 0; (name = vg_eval_suites_at(i)) && !st; i++) st = add_suite(r, e, name, pictures);
  return st;
}

static vg_status add_galleries(vg_report *r, const eval_study *s) {
  const vg_eval *e = s->evaluation;
  vg_status st = VG_OK;
  if (vg_eval_wants(e, VG_METRIC_IMAGE) || vg_eval_wants(e, VG_METRIC_BOUNDARY)) {
    vg_report_section(r, "Slices of images");
    st = vg_eval_page_images(r, s, GALLERIES);
  }
  if (!st && (vg_eval_wants(e, VG_METRIC_OVERLAP) || vg_eval_wants(e, VG_METRIC_LESION))) {
    vg_report_section(r, "Slices of label maps");
    st = vg_eval_page_labels(r, s, GALLERIES);
  }
  return st;
}

vg_status vg_eval_report(const eval_study *s, const vg_eval_settings *set, const char *path) {
  const vg_eval *e = s->evaluation;
  char *real = name_of(set->real ? set->real : vg_source_name(&s->real.sources[0])),
       *synth = name_of(set->synth);
  vg_report *r = NULL;
  vg_status st = VG_MEMORY;
  if (!real || !synth) goto out;
  r = vg_report_new(
      "Evaluation of synthetic MRI",
      !e->n_groups ? "Compares the synthetic data set with the real one, as wholes."
      : e->unpaired
          ? "Compares synthetic subjects, which have no real partners, with the mean of the real ones."
          : "Compares each synthetic subject with the real one of the same name.");
  vg_eval_page_opening(r, e);
  if ((st = add_head(r, e, real, synth))) goto out;
  if (!set->no_gallery && ((e->n_groups && !e->unpaired) || e->patches))
    vg_report_note(r, VG_TONE_PLAIN,
                   "This page contains slices of the real scans. Show it only to people who may see the "
                   "scans. voxgan eval --no-gallery omits the slices.");
  add_left_out(r, e);
  if ((st = vg_eval_page_verdicts(r, e, NULL))) goto out;
  if ((st = add_baseline(r, e))) goto out;
  if ((st = add_suites(r, e, !set->no_gallery))) goto out;
  if (!set->no_gallery && (st = add_galleries(r, s))) goto out;
  st = vg_report_write(r, path);
out:
  vg_report_free(r);
  vg_free(real);
  vg_free(synth);
  return st;
}
