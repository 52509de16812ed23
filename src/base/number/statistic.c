/* statistic.c: means, medians, bootstrap intervals; shares and rank statistics of small samples. */
#include "base/number/statistic.h"

#include <math.h>
#include "base/mem.h"
#include "base/number/order_statistic.h"
#include "voxgan/rng.h"

double vg_statistic_mean(const double *v, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += v[i];
  return n ? sum / (double)n : NAN;
}

double vg_statistic_median_sorted(const double *sorted, size_t n) {
  return n ? (sorted[(n - 1) / 2] + sorted[n / 2]) / 2 : NAN;
}

double vg_statistic_median(double *v, size_t n) {
  vg_sort_f64(v, n);
  return vg_statistic_median_sorted(v, n);
}

/* ---- the bootstrap ---- */

void vg_statistic_interval(double *drawn, size_t n, vg_interval_rule rule, double *low, double *high) {
  *low = *high = NAN;
  if (!n) return;
  vg_sort_f64(drawn, n);
  if (rule == VG_INTERVAL_RANKS) {
    *low = drawn[n / 40];
    *high = drawn[n - 1 - n / 40];
  } else {
    *low = vg_quantile_f64(drawn, n, 0.025);
    *high = vg_quantile_f64(drawn, n, 0.975);
  }
}

vg_status vg_statistic_bootstrap(vg_statistic_of statistic, const double *v, size_t n, vg_interval_rule rule,
                                 const char *stream, double *low, double *high) {
  *low = *high = NAN;
  if (n < 2) return VG_OK;
  double *resample = vg_malloc(n, sizeof *resample), *drawn = vg_malloc(VG_RESAMPLES_SUBJECTS, sizeof *drawn);
  vg_status st = resample && drawn ? VG_OK : VG_MEMORY;
  if (!st) {
    vg_rng r = vg_rng_init(0, vg_rng_key(stream, 0, 0));
    for (int k = 0; k < VG_RESAMPLES_SUBJECTS; k++) {
      for (size_t i = 0; i < n; i++) resample[i] = v[vg_rng_below(&r, n)];
      drawn[k] = statistic(resample, n);
    }
    vg_statistic_interval(drawn, VG_RESAMPLES_SUBJECTS, rule, low, high);
  }
  vg_free(resample);
  vg_free(drawn);
  return st;
}

/* ---- shares ---- */

static const double z95 = 1.959963984540054;

vg_estimate vg_statistic_share(size_t k, size_t n) {
  if (!n) return (vg_estimate){NAN, NAN, NAN};
  const double p = (double)k / (double)n, zz = z95 * z95, m = (double)n;
  const double centre = (p + zz / (2 * m)) / (1 + zz / m);
  const double half = z95 / (1 + zz / m) * sqrt(p * (1 - p) / m + zz / (4 * m * m));
  return (vg_estimate){p, k ? centre - half : 0, k < n ? centre + half : 1};
}

/* ---- the area under the curve ---- */

/* Newcombe's method 5: how many standard errors lie between theta and `at`, if `at` is the true value. */
static double auc_z(double theta, double at, double n, double m) {
  const double both = (n + m) / 2 - 1;
  const double variance = at * (1 - at) * (1 + both * (1 - at) / (2 - at) + both * at / (1 + at)) / (n * m);
  return (theta - at) / sqrt(variance);
}

/* The true value that lies z standard errors from theta. auc_z falls as the true value rises. */
static double auc_bound(double theta, double z, double n, double m) {
  double lo = 0, hi = 1;
  for (int i = 0; i < 60; i++) {
    const double at = (lo + hi) / 2;
    if (auc_z(theta, at, n, m) > z)
      lo = at;
    else
      hi = at;
  }
  return (lo + hi) / 2;
}

vg_estimate vg_statistic_auc(const double *high, size_t n_high, const double *low, size_t n_low) {
  double wins = 0, n = 0, m = 0;
  for (size_t j = 0; j < n_low; j++) m += !isnan(low[j]);
  for (size_t i = 0; i < n_high; i++) {
    if (isnan(high[i])) continue;
    n++;
    for (size_t j = 0; j < n_low; j++) wins += high[i] > low[j] ? 1 : high[i] == low[j] ? 0.5 : 0;
  }
  if (!(n > 0 && m > 0)) return (vg_estimate){NAN, NAN, NAN};
  const double theta = wins / (n * m);
  return (vg_estimate){theta, theta > 0 ? auc_bound(theta, z95, n, m) : 0,
                       theta < 1 ? auc_bound(theta, -z95, n, m) : 1};
}

/* ---- prediction ---- */

/* P(|T| < t) in closed form (Abramowitz and Stegun, 26.7.3 and 26.7.4). */
static double t_within(double t, int df) {
  const double theta = atan(t / sqrt(df)), c2 = cos(theta) * cos(theta);
  double term = df % 2 ? cos(theta) : 1, sum = df == 1 ? 0 : term;
  for (int k = df % 2 ? 3 : 2; k < df; k += 2) {
    term *= c2 * (k - 1) / k;
    sum += term;
  }
  return df % 2 ? 2 / M_PI * (theta + sin(theta) * sum) : sin(theta) * sum;
}

double vg_statistic_t_quantile(double p, int df) {
  double lo = 0, hi = 1;
  while ((1 + t_within(hi, df)) / 2 < p && hi < 1e12) hi *= 2;
  for (int i = 0; i < 100; i++) {
    const double t = (lo + hi) / 2;
    if ((1 + t_within(t, df)) / 2 < p)
      lo = t;
    else
      hi = t;
  }
  return (lo + hi) / 2;
}

double vg_statistic_prediction_limit(const double *v, size_t n, double alpha) {
  if (n < 3) return NAN;
  double sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++) sum += v[i];
  const double mean = sum / (double)n;
  for (size_t i = 0; i < n; i++) squares += (v[i] - mean) * (v[i] - mean);
  const double sd = sqrt(squares / (double)(n - 1));
  if (!(sd > 0)) return NAN;
  return mean - vg_statistic_t_quantile(1 - alpha, (int)n - 1) * sd * sqrt(1 + 1 / (double)n);
}
