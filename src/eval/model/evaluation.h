/* evaluation.h: what the files of an evaluation share: the cases measured, the groups of values, their
 * summary. */
#ifndef VG_EVAL_EVALUATION_H
#define VG_EVAL_EVALUATION_H
#include "eval/metric/metric_boundary.h"
#include "voxgan/dataset.h"
#include "voxgan/evaluate.h"
#include "voxgan/str.h"
#include "voxgan/table.h"

/* What one number of a case is: a metric of a series in a region. */
typedef struct eval_group {
  const char *series; /* borrowed from the study's lists */
  const char *region;
  const vg_metric_row *metric;
  /* over the cases: */
  size_t n, infinite;                           /* finite values, infinite ones */
  double mean, sd, median, q1, q3, least, most; /* NaN where n is too small */
  double ci_low, ci_high;                       /* of the mean */
} eval_group;

#define EVAL_SERIES_MAX 16
#define EVAL_SURFACES_MAX 3 /* tumour, oedema, enhancing */
#define EVAL_RESAMPLES 1000 /* of the bootstrap */

/* A suite that was asked for and has no value. */
typedef struct eval_left_out {
  const char *suite, *why;
} eval_left_out;

/* Of one series across one surface in one case. */
typedef struct eval_profile {
  vg_profile real, synth;
} eval_profile;

/* A metric of two sets of subjects. */
typedef struct eval_set {
  const vg_set_metric_row *metric;
  char space[32]; /* what it was measured in: features.def, a series, ... */
  double value;
  double ci_low, ci_high; /* 95 % interval; NaN where there is none */
  double floor; /* "reference": between two halves of the real set, or as the suite says; NaN: too few */
  size_t n_real, n_synth; /* subjects */
  char note[160];         /* "" */
} eval_set;

/* A finding in words. */
typedef struct eval_verdict {
  const char *suite, *check; /* borrowed, static */
  char *verdict, *text;
} eval_verdict;

struct vg_evaluation {
  size_t n_cases, n_groups;
  char **ids; /* (n_cases) */
  eval_group *groups;
  double *values; /* (n_cases, n_groups); NaN: not defined or not there */
  char series[EVAL_SERIES_MAX][VG_SERIES_NAME];
  int n_series;
  vg_json *recorded; /* the synthetic data set's description, or NULL */
  vg_regions image_regions, tumour_regions, anatomy_regions;
  vg_regions boundary_regions; /* surfaces; members are labels of the tumour maps */
  eval_profile *profiles; /* (n_cases, n_series, boundary_regions.n), or NULL; all NaN where there is none */
  bool unpaired;          /* no subject is on both sides: cases are the synthetic ones, suite boundary only */
  eval_profile *real_profiles; /* where unpaired: of the real subjects, as profiles */
  size_t n_real_profiles;
  uint32_t suites;
  eval_set *sets;
  size_t n_sets;
  eval_verdict *verdicts;
  size_t n_verdicts;
  eval_left_out left_out[8];
  int n_left_out;
  double band; /* mm */
  const vg_lesion_rules *lesion_rules;
  int *ms_ssim_scales;            /* (n_cases); 0 where no image was compared */
  char **real_only, **synth_only; /* ids without partner */
  size_t n_real_only, n_synth_only;
  vg_normalise normalise;
  vg_json *summary;
  vg_table moved; /* against the baseline; rows 0 when there is none */
  size_t n_worse;
  char *baseline; /* its name, or NULL */
};

#define EVAL_TUMOUR_LABELS "tumour_labels"
#define EVAL_ANATOMY_LABELS "anatomy_labels"

bool vg_eval_compares_labels(const eval_group *g);
/* Whether some group is of that kind. */
bool vg_eval_wants(const vg_evaluation *e, vg_metric_kind kind);

int vg_eval_series_index(const vg_evaluation *e, const char *series); /* -1 */
/* Room for what is measured in e->n_cases cases. */
vg_status vg_eval_values_new(vg_evaluation *e);

eval_profile *vg_eval_profile_at(const vg_evaluation *e, eval_profile *profiles, size_t index, int series,
                                 int surface);
/* Room for the profiles, and those of one case. */
vg_status vg_eval_profiles_new(vg_evaluation *e);
void vg_eval_profiles_store(vg_evaluation *e, size_t index, const char *series, const vg_boundary *b);
/* "profiles" of the summary: means and SD over cases. */
void vg_eval_profiles_json(const vg_evaluation *e, vg_json *root);

/* Both images to [-1, 1] as e->normalise says; range: of the data afterwards. */
vg_status vg_eval_normalise(const vg_evaluation *e, const char *series, vg_volume *real,
                            const char *real_path, vg_volume *synth, const uint8_t *cells, double *range);

/* Adds what a suite found of the sets; both are copied. row->space and row->metric tell a row from the
 * others. */
vg_status vg_eval_add_set(vg_evaluation *e, const eval_set *row);
vg_status vg_eval_add_verdict(vg_evaluation *e, const char *suite, const char *check, const char *verdict,
                              const char *text);
/* Says and records that a suite which was asked for has no value; why is borrowed and static. */
void vg_eval_leave_out(vg_evaluation *e, const char *suite, const char *why);
/* "sets" and "verdicts" of the summary; the rows of metrics.csv; tables. */
void vg_eval_sets_json(const vg_evaluation *e, vg_json *root);
void vg_eval_sets_csv(const vg_evaluation *e, vg_str *text);
/* A suite's sets as rows; *t: the caller's, zero at first. */
vg_status vg_eval_sets_table(const vg_evaluation *e, const char *suite, vg_table *t);
vg_status vg_eval_sets_print(const vg_evaluation *e, const char *suite, FILE *to);
void vg_eval_sets_release(vg_evaluation *e);

/* Statistics of every group; groups without any value are dropped. */
vg_status vg_eval_summarise(vg_evaluation *e);
vg_status vg_eval_summary_json(vg_evaluation *e);
vg_status vg_eval_write(const vg_evaluation *e, const char *out);

/* Means and SD of a suite: rows are series and region, columns the metrics of its nth table, from 0; *more:
 * there is another one. *t: the caller's, zero at first; without rows where there is nothing. */
vg_status vg_eval_means_table(const vg_evaluation *e, const char *suite, int nth, const char *plus_minus,
                              bool *more, vg_table *t);

/* How far a mean may move: within the baseline's interval where it has one, else by a share of the mean. */
typedef struct eval_tolerance {
  bool interval;
  double share;
} eval_tolerance;

/* A baseline, read before the work begins. */
typedef struct eval_baseline {
  const char *path;
  vg_json *root;
  eval_tolerance *tolerance; /* by metric row */
} eval_baseline;
/* Parses the tolerances, and reads the baseline where there is one; e: this run's settings. */
vg_status vg_eval_baseline_read(const vg_evaluate_settings *s, const vg_evaluation *e, eval_baseline *b);
/* Fills e->moved and e->n_worse and adds "baseline" to the summary. */
vg_status vg_eval_baseline_compare(const eval_baseline *b, vg_evaluation *e);
/* What a baseline needs of a summary, a line a metric, so that a diff can be read. */
vg_status vg_eval_baseline_write(const vg_evaluation *e, const char *path);
void vg_eval_baseline_release(eval_baseline *b);

#endif
