/* eval_report.c: report.html: what was compared, then a section a suite, made from the summary. */
#include "eval/page/eval_page.h"

#include <stdio.h>
#include <string.h>
#include "voxgan/fs.h"
#include "base/mem.h"
#include "voxgan/str.h"

/* Bytes of the page that the slices of a suite may take. */
#define GALLERIES (5u << 20)
#define MANY_ROWS 20

/* What stands above a suite's figures. Suites without a row have their name alone. */
static const struct {
  const char *suite, *title, *text;
} suites[] = {
    {"image", "Images",
     "Synthetic series against the real ones of the same subject, inside the brain, the tumour, its parts "
     "and a "
     "band around it."},
    {"overlap", "Label maps", "Synthetic label maps against the real ones, class by class."},
    {"boundary", "Tumour boundary",
     "Whether a tumour belongs to its image or lies on top of it: intensity and gradient across its surface, "
     "each image around its own."},
    {"distribution", "Distribution",
     "The synthetic data set as a whole against the real one: how far apart they lie, and how diverse each "
     "is."},
    {"privacy", "Privacy",
     "Whether synthetic images give away the ones that were trained on. No result here is a proof of "
     "anonymity."},
};

static const char *title_of(const char *suite, const char **text) {
  *text = NULL;
  for (size_t k = 0; k < sizeof suites / sizeof *suites; k++) {
    if (strcmp(suites[k].suite, suite) != 0) continue;
    *text = suites[k].text;
    return suites[k].title;
  }
  return suite;
}

/* ---- the head ---- */

/* The last component of a path, which may end in a slash (vg_free). The rest is nobody's business. */
static char *name_of(const char *path) {
  size_t n = strlen(path);
  while (n > 1 && path[n - 1] == '/') n--;
  vg_str s = VG_STR_INIT;
  vg_str_add_bytes(&s, path, n);
  char *whole = vg_str_take(&s), *name = whole ? vg_strdup(vg_fs_basename(whole)) : NULL;
  vg_free(whole);
  return name;
}

/* "t1, flair" (vg_free). */
static char *join_strings(const vg_json *list) {
  vg_str s = VG_STR_INIT;
  vg_str_add(&s, "");
  for (const vg_json *v = vg_json_first(list); v; v = vg_json_next(v))
    vg_str_addf(&s, "%s%s", v == vg_json_first(list) ? "" : ", ", vg_json_string(v, ""));
  return vg_str_take(&s);
}

static void add_settings(vg_report *r, const vg_json *settings) {
  static const struct {
    const char *key, *name;
  } names[] = {{"band_mm", "Band around the tumour, mm"},
               {"challenge", "Lesions counted by the rules of BraTS"}};
  for (const vg_json *v = vg_json_first(settings); v; v = vg_json_next(v)) {
    const char *name = vg_json_key(v);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
      if (!strcmp(names[k].key, name)) name = names[k].name;
    }
    if (!strcmp(name, "normalise")) continue;
    if (vg_json_type_of(v) == VG_JSON_STRING) vg_report_fact(r, name, "%s", vg_json_string(v, ""));
    if (vg_json_type_of(v) == VG_JSON_NUMBER) vg_report_fact(r, name, "%g", vg_json_number(v, 0));
  }
  vg_report_fact(r, "Intervals", "95 %% of the mean, bootstrap over subjects");
}

static const char *const normalisations[] = {[VG_NORMALISE_EACH] = "each volume's own range",
                                             [VG_NORMALISE_REAL] = "the real volume's range",
                                             [VG_NORMALISE_NONE] = "nothing: values as stored"};

static vg_status add_head(vg_report *r, const vg_evaluation *e, const char *real, const char *synth) {
  const vg_json *subjects = vg_json_get(e->summary, "subjects"),
                *settings = vg_json_get(e->summary, "settings");
  char *asked = join_strings(vg_json_get(settings, "suites"));
  vg_str series = VG_STR_INIT;
  for (int i = 0; i < e->n_series; i++) vg_str_addf(&series, "%s%s", i ? ", " : "", e->series[i]);
  vg_report_fact(r, "Real data set", "%s", real);
  vg_report_fact(r, "Synthetic data set", "%s", synth);
  vg_report_fact(r, "Subjects on both sides", "%zu", vg_json_size(vg_json_get(subjects, "paired")));
  vg_report_fact(r, "On one side only", "%zu real, %zu synthetic",
                 vg_json_size(vg_json_get(subjects, "real_only")),
                 vg_json_size(vg_json_get(subjects, "synth_only")));
  if (series.len) vg_report_fact(r, "Series compared", "%s", vg_str_text(&series));
  vg_report_fact(r, "Suites", "%s", asked ? asked : "");
  vg_report_fact(r, "Intensities normalised by", "%s", normalisations[e->normalise]);
  add_settings(r, settings);
  vg_report_fact(r, "voxgan", "%s", vg_json_string(vg_json_get(e->summary, "version"), ""));
  bool ok = asked && !vg_str_failed(&series);
  vg_free(asked);
  vg_str_release(&series);
  return ok ? VG_OK : VG_MEMORY;
}

static void add_left_out(vg_report *r, const vg_json *summary) {
  for (const vg_json *row = vg_json_first(vg_json_get(summary, "left_out")); row; row = vg_json_next(row))
    vg_report_note(r, VG_TONE_WARN, "Left out, suite %s: %s.", vg_json_string(vg_json_get(row, "suite"), ""),
                   vg_json_string(vg_json_get(row, "why"), ""));
}

/* ---- sections ---- */

static void add_baseline(vg_report *r, const vg_evaluation *e) {
  if (!e->baseline) return;
  vg_report_section(r, "Against the baseline");
  if (e->n_worse)
    vg_report_note(r, VG_TONE_BAD, "%zu value%s worse than in %s.", e->n_worse,
                   e->n_worse > 1 ? "s are" : " is", vg_fs_basename(e->baseline));
  else
    vg_report_note(r, VG_TONE_GOOD, "Nothing is worse than in %s.", vg_fs_basename(e->baseline));
  if (e->moved.rows < 2) return;
  bool many = e->moved.rows > MANY_ROWS;
  if (many) vg_report_fold_open(r, "What moved");
  vg_report_table(r, "What moved beyond its tolerance", &e->moved, 3);
  if (many) vg_report_fold_close(r);
}

static bool has_groups(const vg_evaluation *e, const char *suite) {
  for (size_t g = 0; g < e->n_groups; g++) {
    if (!strcmp(e->groups[g].metric->suite, suite)) return true;
  }
  return false;
}

static bool has_rows(const vg_json *list, const char *suite) {
  for (const vg_json *row = vg_json_first(list); row; row = vg_json_next(row)) {
    if (!strcmp(vg_json_string(vg_json_get(row, "suite"), ""), suite)) return true;
  }
  return false;
}

static vg_status add_suite(vg_report *r, const eval_study *s, const char *suite) {
  const vg_evaluation *e = s->evaluation;
  const char *text, *title = title_of(suite, &text);
  bool groups = has_groups(e, suite), sets = has_rows(vg_json_get(e->summary, "sets"), suite);
  bool verdicts = has_rows(vg_json_get(e->summary, "verdicts"), suite);
  if (!groups && !sets && !verdicts) return VG_OK;
  vg_report_section(r, title);
  if (text) vg_report_text(r, "%s", text);
  vg_status st = verdicts ? vg_eval_report_verdicts(r, e->summary, suite) : VG_OK;
  if (!st && sets) st = vg_eval_report_sets(r, e, suite);
  if (!st && groups && !strcmp(suite, "boundary")) vg_eval_report_profiles(r, e->summary);
  if (!st && groups) st = vg_eval_report_groups(r, e, suite);
  return st;
}

static vg_status add_suites(vg_report *r, const eval_study *s) {
  vg_status st = VG_OK;
  for (size_t k = 0; k < sizeof suites / sizeof *suites && !st; k++) st = add_suite(r, s, suites[k].suite);
  return st;
}

static vg_status add_galleries(vg_report *r, const eval_study *s) {
  const vg_evaluation *e = s->evaluation;
  vg_status st = VG_OK;
  if (vg_eval_wants(e, VG_METRIC_IMAGE) || vg_eval_wants(e, VG_METRIC_BOUNDARY)) {
    vg_report_section(r, "Slices of images");
    st = vg_eval_report_images(r, s, GALLERIES);
  }
  if (!st && (vg_eval_wants(e, VG_METRIC_OVERLAP) || vg_eval_wants(e, VG_METRIC_LESION))) {
    vg_report_section(r, "Slices of label maps");
    st = vg_eval_report_labels(r, s, GALLERIES);
  }
  return st;
}

vg_status vg_eval_report(const eval_study *s, const vg_evaluate_settings *set, const char *path) {
  const vg_evaluation *e = s->evaluation;
  char *real = name_of(set->real ? set->real : s->real.sources[0].root), *synth = name_of(set->synth);
  vg_report *r = NULL;
  vg_status st = VG_MEMORY;
  if (!real || !synth) goto out;
  r = vg_report_new("Evaluation of synthetic MRI",
                    !e->n_groups ? "The synthetic data set against the real one, as wholes."
                    : e->unpaired
                        ? "Synthetic subjects without real partners, against the mean of the real ones."
                        : "Each synthetic subject against the real one of the same name.");
  if ((st = add_head(r, e, real, synth))) goto out;
  if (!set->no_gallery && e->n_groups && !e->unpaired)
    vg_report_note(r, VG_TONE_PLAIN,
                   "This page holds slices of the real scans: it may be shown to whom these may be shown. "
                   "voxgan eval --no-gallery leaves them out.");
  add_left_out(r, e->summary);
  if ((st = vg_eval_report_verdicts(r, e->summary, NULL))) goto out;
  add_baseline(r, e);
  if ((st = add_suites(r, s))) goto out;
  if (!set->no_gallery && (st = add_galleries(r, s))) goto out;
  st = vg_report_write(r, path);
out:
  vg_report_free(r);
  vg_free(real);
  vg_free(synth);
  return st;
}
