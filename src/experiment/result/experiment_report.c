/* experiment_report.c: writes the results as a page. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "experiment/experiment_job.h"
#include "experiment/result/experiment_results.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text/plural.h"
#include "report/report.h"
#include "voxgan/version.h"

/* ---- differences ---- */

static vg_status put_differences(const experiment_results *r, vg_report *page) {
  static const char *const header[] = {"row",  "augmentation", "region",   "metric", "difference",
                                       "from", "to",           "subjects", "verdict"};
  vg_table t = {0};
  vg_status st = vg_table_init(&t, sizeof header / sizeof header[0], header);
  for (size_t i = 0; i < r->n_cells && !st; i++) {
    const experiment_cell *c = &r->cells[i];
    const experiment_column *k = &r->columns[c->column];
    char mean[VG_FIGURE], low[VG_FIGURE], high[VG_FIGURE], n[VG_FIGURE];
    if (!c->compared) continue;
    snprintf(n, sizeof n, "%zu", c->difference.n);
    const char *cells[] = {r->design.rows[c->row].name,
                           vg_experiment_augmentation(c->augmented),
                           k->region,
                           k->metric->name,
                           vg_experiment_difference_text(r, c, c->difference.mean, mean, sizeof mean),
                           vg_experiment_difference_text(r, c, c->difference.low, low, sizeof low),
                           vg_experiment_difference_text(r, c, c->difference.high, high, sizeof high),
                           n,
                           vg_experiment_verdict_name(r, c)};
    st = vg_table_add_row(&t, cells);
  }
  if (!st && t.rows > 1) {
    vg_report_section(page, "Against real subjects alone");
    vg_report_text(
        page,
        "Differences to row real at the same augmentation, with 95 %% intervals (%d bootstrap resamples: "
        "test subjects are resampled together for both rows, seeds for each row separately). A difference "
        "whose interval excludes 0 is above noise: we would expect to see it again with other subjects and "
        "newly trained networks. Fewer than %d subjects, or a single seed, do not allow that conclusion. Of "
        "%zu such intervals, one in twenty misses by chance alone.",
        VG_RESAMPLES_CROSSED, EXPERIMENT_LEAST_SUBJECTS, t.rows - 1);
    vg_report_table(page, "Differences to real", &t, 1);
  }
  vg_table_release(&t);
  return st;
}

static vg_status put_sentences(const experiment_results *r, vg_report *page) {
  vg_str text = VG_STR_INIT;
  vg_status st = VG_OK;
  for (size_t i = 0; i < r->n_cells && !st; i++) {
    const experiment_cell *c = &r->cells[i];
    if (!c->compared || strcmp(r->columns[c->column].metric->name, "dice") != 0) continue;
    vg_str_clear(&text);
    st = vg_experiment_sentence(r, c, &text);
    if (!st && vg_str_failed(&text)) st = VG_MEMORY;
    if (!st) vg_report_item(page, "%s.", vg_str_text(&text));
  }
  vg_str_release(&text);
  return st;
}

/* ---- the opening ---- */

/* Dice of the whole tumour that calling all of the brain tumour would reach: 2 V / (V + brain), with 80 ml of
 * 1,200. */
#define LEARNT_NOTHING 0.13
/* Steps below which a network is not trained, whatever its size. */
#define TRIAL_STEPS 500

static bool is_dice_of(const experiment_results *r, const experiment_cell *c, const char *region) {
  const experiment_column *k = &r->columns[c->column];
  return !strcmp(k->metric->name, "dice") && !strcmp(k->region, region);
}

/* The region that decides: the whole tumour, or the first one shown. */
static const char *deciding_region(const experiment_results *r) {
  const char *first = NULL;
  for (size_t i = 0; i < r->n_cells; i++) {
    if (is_dice_of(r, &r->cells[i], "WT")) return "WT";
    if (!first && !strcmp(r->columns[r->cells[i].column].metric->name, "dice"))
      first = r->columns[r->cells[i].column].region;
  }
  return first;
}

/* The cell of row real, with augmentation if that was done; NULL: none. */
static const experiment_cell *baseline(const experiment_results *r, const char *region) {
  const experiment_cell *found = NULL;
  const int row = vg_experiment_design_baseline(&r->design);
  for (size_t i = 0; i < r->n_cells; i++)
    if (r->cells[i].row == row && is_dice_of(r, &r->cells[i], region) && (!found || r->cells[i].augmented))
      found = &r->cells[i];
  return found;
}

/* Says what the experiment found, and what to do. The order of the questions matters: differences to a
 * baseline that learned nothing say nothing. */
static vg_status put_opening(const experiment_results *r, vg_report *page) {
  const char *region = deciding_region(r);
  const double steps = vg_json_number(vg_json_get(r->plan, "steps"), 0);
  if (steps < TRIAL_STEPS || r->n_subjects < EXPERIMENT_LEAST_SUBJECTS)
    vg_report_note(
        page, VG_TONE_WARN,
        "This is a trial, not a result: %.0f %s a network, %zu test %s, %d %s. It shows "
        "that everything runs. A result needs networks that are trained to the end, at least %d test "
        "subjects, and three seeds or more.",
        steps, vg_plural(steps, "step", "steps"), r->n_subjects,
        vg_plural(r->n_subjects, "subject", "subjects"), r->design.seeds,
        vg_plural(r->design.seeds, "seed", "seeds"), EXPERIMENT_LEAST_SUBJECTS);
  const experiment_cell *real = region ? baseline(r, region) : NULL;
  if (!real) return VG_OK;
  if (!(real->mean.mean >= LEARNT_NOTHING)) {
    vg_report_note(
        page, VG_TONE_BAD,
        "The networks that saw real subjects alone have learned nothing: their %s Dice is %.2f, and "
        "calling the whole brain tumour would reach about %.2f. Nothing below shows what synthetic "
        "data are worth. Train longer (train.epochs), with more subjects or a larger patch, until row "
        "real segments, and repeat.",
        region, real->mean.mean, LEARNT_NOTHING);
    return VG_OK;
  }
  const experiment_cell *best = NULL;
  for (size_t i = 0; i < r->n_cells; i++) {
    const experiment_cell *c = &r->cells[i];
    if (c->compared && c->augmented == real->augmented && is_dice_of(r, c, region) &&
        (!best || c->difference.mean > best->difference.mean))
      best = c;
  }
  if (!best) return VG_OK;
  vg_str text = VG_STR_INIT;
  vg_status st = vg_experiment_sentence(r, best, &text);
  if (!st && vg_str_failed(&text)) st = VG_MEMORY;
  const char *verdict = vg_experiment_verdict_name(r, best);
  const bool better = !strcmp(verdict, "better"), worse = !strcmp(verdict, "worse");
  if (!st)
    vg_report_note(
        page,
        better  ? VG_TONE_GOOD
        : worse ? VG_TONE_BAD
                : VG_TONE_PLAIN,
        "%s %s.%s",
        better  ? "Synthetic data help."
        : worse ? "Synthetic data harm: every row with them is worse than real subjects alone. Of these "
                  "rows the best:"
                : "No row with synthetic data is better than real subjects alone beyond noise. The best of "
                  "them:",
        vg_str_text(&text),
        better  ? ""
        : worse ? " Look at the synthetic images first (voxgan eval)."
                : " More test subjects and more seeds make smaller differences visible.");
  vg_str_release(&text);
  return st;
}

/* ---- scores ---- */

/* Computes each subject's mean over the seeds of a row. */
static void subject_means(const experiment_results *r, int row, bool augmented, size_t column, double *buffer,
                          double *means) {
  const experiment_values v = vg_experiment_results_gather(r, row, augmented, column, buffer);
  for (size_t i = 0; i < v.subjects; i++) {
    double sum = 0;
    size_t n = 0;
    for (size_t s = 0; s < v.seeds; s++)
      if (isfinite(v.v[s * v.subjects + i])) sum += v.v[s * v.subjects + i], n++;
    means[i] = n ? sum / (double)n : (double)NAN;
  }
}

static bool any_finite(const double *v, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (isfinite(v[i])) return true;
  return false;
}

/* Adds one chart per region, with the rows without and with augmentation. */
static vg_status put_charts(const experiment_results *r, vg_report *page, const char *metric) {
  enum { STRIPS = 2 * EXPERIMENT_ROWS };
  double *buffer = vg_malloc((size_t)(r->design.seeds + STRIPS) * r->n_subjects, sizeof *buffer);
  if (!buffer) return VG_MEMORY;
  for (size_t c = 0; c < r->n_columns; c++) {
    const experiment_column *column = &r->columns[c];
    vg_chart_strip strips[STRIPS];
    size_t n = 0;
    bool any = false; /* of the values can be drawn */
    if (!vg_experiment_column_shown(r, c) || strcmp(column->metric->name, metric) != 0) continue;
    for (size_t i = 0; i < r->n_cells; i++) {
      const experiment_cell *cell = &r->cells[i];
      if (cell->column != c) continue;
      double *means = buffer + ((size_t)r->design.seeds + n) * r->n_subjects;
      subject_means(r, cell->row, cell->augmented, c, buffer, means);
      any |= any_finite(means, r->n_subjects);
      strips[n++] = (vg_chart_strip){.group = cell->augmented ? "augmentation on" : "augmentation off",
                                     .series = r->design.rows[cell->row].name,
                                     .values = means,
                                     .n = r->n_subjects};
    }
    char title[64], x[64];
    const char *unit = column->metric->metric->unit;
    snprintf(title, sizeof title, "%s: %s", column->region, metric);
    snprintf(x, sizeof x, "%s%s%s", metric, *unit ? ", " : "", unit);
    if (any) vg_report_strips(page, &(vg_chart){.title = title, .x = x}, strips, n);
  }
  vg_free(buffer);
  return VG_OK;
}

static vg_status put_scores(const experiment_results *r, vg_report *page) {
  static const char *const metrics[] = {"dice", "hd95"}, *const names[] = {"Dice", "HD95"};
  vg_status st = VG_OK;
  vg_report_section(page, "Scores");
  vg_report_text(
      page,
      "Each test subject's mean over seeds is taken first; the table shows mean and SD over "
      "subjects. A missed region has an infinite distance; these are counted beside the "
      "mean. A region that a subject lacks, and that is not predicted either, counts as a Dice of 1 and a "
      "distance of 0. WT is the whole tumour, TC its core, ET the enhancing part.");
  for (int m = 0; m < 2 && !st; m++) {
    vg_table t;
    st = vg_experiment_results_table(r, metrics[m], VG_PLUS_MINUS, &t);
    if (!st && t.rows > 1) vg_report_table(page, names[m], &t, 1);
    vg_table_release(&t);
    if (!st) st = put_charts(r, page, metrics[m]);
  }
  return st;
}

/* ---- predictions ---- */

/* Adds the sheet of each row's first finished job. Those of an older voxgan have none. */
static vg_status put_predictions(const experiment_results *r, vg_report *page, const char *out) {
  vg_status st = VG_OK;
  bool begun = false;
  for (int row = 0; row < r->design.n_rows && !st; row++) {
    for (size_t k = 0; k < r->n_jobs && !st; k++) {
      const experiment_outcome *o = &r->jobs[k];
      bool there = false;
      if (o->job.row != row || o->state != JOB_FINISHED) continue;
      char *path = vg_experiment_job_sheet(out, &o->job);
      st = path ? vg_fs_exists(path, &there) : VG_MEMORY;
      if (there && !begun) {
        begun = true;
        vg_report_section(page, "Predictions");
        vg_report_text(page,
                       "The worst, the median and the best test subject of each row's first job, in the "
                       "axial slice through the middle of the labels: the real labels, those predicted, "
                       "their outlines (real blue, predicted orange, white where they agree), and the image. "
                       "These are images of persons: show them only to people who may see the scans.");
      }
      char *caption = vg_format("%s, augmentation %s, seed %d, from left to right: real labels, predicted "
                                "labels, outlines of both, image",
                                r->design.rows[row].name, o->job.augmented ? "on" : "off", o->job.seed);
      if (!caption) st = VG_MEMORY;
      if (there && caption) vg_report_picture_file(page, path, r->design.rows[row].name, caption);
      vg_free(caption);
      vg_free(path);
      break;
    }
  }
  return st;
}

/* ---- how it was done ---- */

static vg_status put_left_out(const experiment_results *r, vg_report *page) {
  static const char *const header[] = {"case", "of", "why"};
  const vg_json *list = vg_json_get(r->plan, "left_out");
  vg_table t = {0};
  vg_status st = vg_json_size(list) ? vg_table_init(&t, 3, header) : VG_OK;
  for (const vg_json *j = vg_json_first(list); j && !st; j = vg_json_next(j)) {
    const char *cells[] = {vg_json_string(vg_json_get(j, "id"), ""), vg_json_string(vg_json_get(j, "of"), ""),
                           vg_json_string(vg_json_get(j, "why"), "")};
    st = vg_table_add_row(&t, cells);
  }
  if (!st && t.rows) {
    vg_report_fold_open(page, "Excluded from training");
    vg_report_table(page, "Cases that would have leaked test subjects into training", &t, 1);
    vg_report_fold_close(page);
  }
  vg_table_release(&t);
  return st;
}

static vg_status put_jobs(const experiment_results *r, vg_report *page) {
  static const char *const header[] = {"job", "real", "synthetic", "seconds", "state"};
  vg_table t = {0};
  vg_status st = vg_table_init(&t, 5, header);
  for (size_t k = 0; k < r->n_jobs && !st; k++) {
    const experiment_outcome *o = &r->jobs[k];
    char texts[3][32] = {"", "", ""};
    const double v[] = {o->real, o->synth, o->seconds};
    for (int i = 0; i < 3 && o->state == JOB_FINISHED; i++)
      snprintf(texts[i], sizeof texts[i], "%.*f", i == 2, v[i]);
    const char *cells[] = {o->job.name, texts[0], texts[1], texts[2], vg_experiment_state_name(o->state)};
    st = vg_table_add_row(&t, cells);
  }
  if (!st) {
    vg_report_fold_open(page, "Jobs");
    vg_report_table(page, "Number of training subjects, and the time for training and testing", &t, 1);
    vg_report_fold_close(page);
  }
  vg_table_release(&t);
  return st;
}

static vg_status put_method(const experiment_results *r, vg_report *page) {
  const vg_json *p = r->plan;
  const double steps = vg_json_number(vg_json_get(p, "steps"), 0);
  vg_report_section(page, "How it was done");
  vg_report_text(
      page,
      "Every job trained the same network for %.0f %s with the same settings, and tested the weights of "
      "the last step. No validation was used to choose a network. Test subjects, and synthetic cases made "
      "from them, were excluded from training%s. A fine-tuned network saw synthetic cases first and then, in "
      "the last %.0f of %.0f epochs, %.3g %% of the real subjects (at least one), drawn again for each seed.",
      steps, vg_plural(steps, "step", "steps"),
      vg_json_bool(vg_json_get(p, "checked"), true)
          ? ""
          : "; but the sources of the synthetic cases were not checked",
      vg_json_number(vg_json_get(p, "tuning_epochs"), 0),
      vg_json_number(vg_json_get(vg_json_get(vg_json_get(p, "config"), "train"), "epochs"), 0),
      100 * vg_json_number(vg_json_get(p, "share"), 0));
  vg_status st = put_left_out(r, page);
  return st ? st : put_jobs(r, page);
}

vg_status vg_experiment_results_report(const experiment_results *r, const char *out) {
  vg_report *page =
      vg_report_new("The value of the synthetic data",
                    "Segmentation trained on real and on synthetic data, tested on real subjects.");
  vg_status st = put_opening(r, page);
  vg_report_fact(page, "Test subjects", "%zu", r->n_subjects);
  vg_report_fact(page, "Real subjects to train on", "%zu", vg_json_size(vg_json_get(r->plan, "real")));
  vg_report_fact(page, "Synthetic cases", "%zu", vg_json_size(vg_json_get(r->plan, "synthetic")));
  vg_report_fact(page, "Seeds", "%d", r->design.seeds);
  for (const vg_json *e = vg_json_first(vg_json_get(r->plan, "keep_largest")); e; e = vg_json_next(e))
    vg_report_fact(page, "Largest component kept of", "%s", vg_json_string(e, ""));
  vg_report_fact(page, "Jobs finished", "%zu of %zu", r->finished, r->n_jobs);
  vg_report_fact(page, "voxgan", "%s", vg_version());
  if (r->finished < r->n_jobs)
    vg_report_note(page, VG_TONE_WARN,
                   "Incomplete: %zu of %zu %s %s missing. The rows show the finished seeds only.",
                   r->n_jobs - r->finished, r->n_jobs, vg_plural(r->n_jobs, "job", "jobs"),
                   vg_plural(r->n_jobs - r->finished, "is", "are"));
  for (const vg_json *e = vg_json_first(vg_json_get(r->plan, "not_checked")); e; e = vg_json_next(e))
    vg_report_note(page, VG_TONE_WARN, "Not checked: %s.", vg_json_string(e, ""));
  if (!st) st = put_sentences(r, page);
  if (!st) st = put_differences(r, page);
  if (!st) st = put_scores(r, page);
  if (!st) st = put_predictions(r, page, out);
  if (!st) st = put_method(r, page);
  char *path = vg_fs_join(out, "report.html");
  if (!st) st = path ? vg_report_write(page, path) : VG_MEMORY;
  vg_free(path);
  vg_report_free(page);
  return st;
}
