/* evaluation.h: the data model of an evaluation: the cases measured, groups of values and their statistics,
 * profiles, sets, verdicts, and values that moved against a baseline. The terminal output, report.html,
 * metrics.csv, summary.json and baselines are all made from it.
 */
#ifndef VG_EVAL_EVALUATION_H
#define VG_EVAL_EVALUATION_H
#include "eval/metric/metric_boundary.h"
#include "io/json.h"
#include "voxgan/dataset.h"
#include "voxgan/evaluate.h"

/* One metric of a series in a region. */
typedef struct eval_group {
  const char *series; /* borrowed from the evaluation */
  const char *region;
  const vg_metric_row *metric;
  /* over the cases: */
  size_t n, infinite;                           /* finite values, infinite ones */
  double mean, sd, median, q1, q3, least, most; /* NaN where n is too small */
  double ci_low, ci_high;                       /* of the mean */
} eval_group;

#define EVAL_SERIES_MAX 16
#define EVAL_SURFACES_MAX 3 /* tumour, oedema, enhancing */

/* A suite that the user asked for, but that has no value. */
typedef struct eval_left_out {
  const char *suite, *why;
} eval_left_out;

/* One series across one surface in one case. */
typedef struct eval_profile {
  vg_profile real, synth;
} eval_profile;

/* A metric of two sets of subjects. */
typedef struct eval_set {
  const vg_set_metric_row *metric;
  char space[32]; /* a space of features.def, a series, ... */
  double value;
  double ci_low, ci_high; /* 95 % interval; NaN where there is none */
  double floor; /* column "reference": the value between two halves of the real set, unless the suite defines
                   another; NaN: too few subjects */
  size_t n_real, n_synth; /* subjects */
  char note[160];         /* "" */
} eval_set;

/* A finding in words. */
typedef struct eval_verdict {
  const char *suite, *check; /* borrowed, static */
  char *verdict, *text;
} eval_verdict;

/* One value that differs from the baseline by more than its tolerance. */
typedef struct eval_moved {
  const char *series, *region, *metric; /* borrowed from the evaluation or its baseline */
  double before, now;                   /* means; NaN where there is none */
  char allowed[48];
  const char *verdict; /* static */
} eval_moved;

struct vg_eval {
  size_t n_cases, n_groups;
  char **ids; /* (n_cases) */
  eval_group *groups;
  double *values; /* (n_cases, n_groups); NaN: undefined or missing */
  char series[EVAL_SERIES_MAX][VG_SERIES_NAME];
  int n_series;
  vg_json *recorded; /* the synthetic data set's description, or NULL */
  vg_regions image_regions, tumour_regions, anatomy_regions;
  vg_regions boundary_regions; /* surfaces; their members are labels of the tumour maps */
  eval_profile
      *profiles; /* (n_cases, n_series, boundary_regions.n), or NULL; all NaN where a case has none */
  bool unpaired; /* no subject is on both sides: cases are the synthetic subjects, suite boundary only */
  eval_profile *real_profiles; /* if unpaired: profiles of the real subjects, in the order of profiles */
  size_t n_real_profiles;
  uint32_t suites;
  eval_set *sets;
  size_t n_sets;
  eval_verdict *verdicts;
  size_t n_verdicts;
  struct eval_patches *patches;  /* what suite detect shows, or NULL */
  struct eval_spectrum *spectra; /* (n_spectra) of suite distribution, or NULL */
  size_t n_spectra;
  eval_left_out left_out[8];
  int n_left_out;
  double band, surface_mm; /* mm */
  const vg_lesion_rules *lesion_rules;
  int *ms_ssim_scales;            /* (n_cases); 0 if no image was compared */
  char **real_only, **synth_only; /* ids without partner */
  size_t n_real_only, n_synth_only;
  vg_normalise normalise;
  char *baseline;         /* name of the baseline; NULL: this run has none */
  vg_json *baseline_root; /* keeps the names in moved alive */
  eval_moved *moved;
  size_t n_moved, n_worse;
  vg_json *summary; /* written only: nothing reads it back */
};

#define EVAL_TUMOUR_LABELS "tumour_labels"
#define EVAL_ANATOMY_LABELS "anatomy_labels"

/* ---- questions ---- */

bool vg_eval_compares_labels(const eval_group *g);
/* Whether any group is of that kind. */
bool vg_eval_wants(const vg_eval *e, vg_metric_kind kind);
/* Whether the evaluation has groups, sets or verdicts of a suite. */
bool vg_eval_has_groups(const vg_eval *e, const char *suite);
bool vg_eval_has_sets(const vg_eval *e, const char *suite);
bool vg_eval_has_verdicts(const vg_eval *e, const char *suite);
bool vg_eval_is_left_out(const vg_eval *e, const char *suite);
int vg_eval_series_index(const vg_eval *e, const char *series); /* -1 */

/* ---- values and groups ---- */

/* Makes room for the values of e->n_cases cases. */
vg_status vg_eval_values_new(vg_eval *e);
/* Computes the statistics of every group and drops groups without any value. */
vg_status vg_eval_summarise(vg_eval *e);

/* ---- profiles ---- */

eval_profile *vg_eval_profile_at(const vg_eval *e, eval_profile *profiles, size_t index, int series,
                                 int surface);
/* Makes room for the profiles of e->n_cases cases; stores those of one case. */
vg_status vg_eval_profiles_new(vg_eval *e);
void vg_eval_profiles_store(vg_eval *e, size_t index, int series, const vg_boundary *b);

/* Statistics over the cases of one side, by bin of 1 mm. NaN: no case has a voxel in the bin; for the SD:
 * fewer than two cases have. */
typedef struct eval_curve {
  double mean[VG_PROFILE_BINS], sd[VG_PROFILE_BINS];
} eval_curve;
typedef struct eval_side {
  size_t n; /* cases that have the surface */
  eval_curve intensity, gradient;
} eval_side;
/* Computes both sides of one series across one surface. Returns false if no case of either side has the
 * surface. */
bool vg_eval_profile_sides(const vg_eval *e, int series, int surface, eval_side *real, eval_side *synth);

/* ---- sets, verdicts, skipped suites ---- */

/* Add the results of a suite. All strings are copied, except static names. */
vg_status vg_eval_add_set(vg_eval *e, const eval_set *row);
vg_status vg_eval_add_verdict(vg_eval *e, const char *suite, const char *check, const char *verdict,
                              const char *text);
void vg_eval_sets_release(vg_eval *e);
/* Logs and records that a suite has no value although the user asked for it. why is static. */
void vg_eval_leave_out(vg_eval *e, const char *suite, const char *why);

/* Returns the content of summary.json. Borrowed. */
const vg_json *vg_eval_summary(const vg_eval *e);

#endif
