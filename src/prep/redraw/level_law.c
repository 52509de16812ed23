/* level_law.c: see level_law.h. Without it, redrawn levels would be rougher than those of the tumour: cutting
 * a smooth variable into levels roughens it. */
#include "prep/redraw/level_law.h"

#include <math.h>

/* x such that a standard normal variable is below it in this share of cases. */
static double normal_quantile(double share) {
  double lo = -10, hi = 10;
  for (int i = 0; i < 60; i++) {
    const double mid = (lo + hi) / 2;
    if (0.5 * erfc(-mid * M_SQRT1_2) < share)
      lo = mid;
    else
      hi = mid;
  }
  return (lo + hi) / 2;
}

/* Adds the coefficients of a step at x: density(x) He[k - 1](x) / sqrt(k!), of which He[k - 1] / sqrt((k -
 * 1)!) follows from a recurrence. */
static void add_step(double x, double coefficient[VG_LEVEL_TERMS + 1]) {
  const double density = exp(-0.5 * x * x) / sqrt(2 * M_PI);
  double before = 0, polynomial = 1;
  for (int k = 1; k <= VG_LEVEL_TERMS; k++) {
    coefficient[k] += density * polynomial / sqrt(k);
    const double next = (x * polynomial - sqrt(k - 1) * before) / sqrt(k);
    before = polynomial;
    polynomial = next;
  }
}

void vg_level_law_add(vg_level_law *law, const size_t count[], int n, double weight) {
  double coefficient[VG_LEVEL_TERMS + 1] = {0}, mean = 0, square = 0, all = 0, below = 0, sum = 0;
  for (int k = 0; k < n; k++) {
    all += (double)count[k];
    mean += k * (double)count[k];
    square += (double)k * k * (double)count[k];
  }
  mean /= all;
  const double variance = square / all - mean * mean;
  for (int k = 0; k + 1 < n; k++) {
    below += (double)count[k];
    if (below > 0 && below < all) add_step(normal_quantile(below / all), coefficient);
  }
  for (int k = 1; k <= VG_LEVEL_TERMS; k++) {
    const double term = coefficient[k] * coefficient[k] / variance;
    law->term[k] += weight * term;
    sum += term;
  }
  law->term[VG_LEVEL_TERMS] += weight * fmax(0, 1 - sum); /* of the higher terms */
  law->weight += weight;
}

double vg_level_law_of_normal(const vg_level_law *law, double r) {
  double sum = 0;
  for (int k = VG_LEVEL_TERMS; k >= 1; k--) sum = (sum + law->term[k]) * r;
  return sum / law->weight;
}

double vg_level_law_to_normal(const vg_level_law *law, double levels) {
  double lo = 0, hi = 1;
  if (!(levels > 0)) return 0;
  for (int i = 0; i < 40; i++) {
    const double mid = (lo + hi) / 2;
    if (vg_level_law_of_normal(law, mid) < levels)
      lo = mid;
    else
      hi = mid;
  }
  return (lo + hi) / 2;
}
