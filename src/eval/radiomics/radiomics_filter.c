/* radiomics_filter.c: Laplacians of Gaussians and wavelet bands, line by line along each axis. */
#include "eval/radiomics/radiomics_filter.h"

#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "base/number/extent.h"

/* A filter of one line of n values. to may not be from. */
typedef void (*filter_line)(const void *how, const double *from, size_t n, double *to);

/* Filters every line along an axis, in place. */
static vg_status along(int axis, filter_line filter, const void *how, const int dim[3], double *data) {
  size_t step = 1;
  for (int a = 0; a < axis; a++) step *= (size_t)dim[a];
  const size_t n = (size_t)dim[axis], all = vg_extent_voxels(dim), block = step * n;
  double *from = vg_malloc(2 * n, sizeof *from);
  if (!from) return VG_MEMORY;
  double *to = from + n;
  for (size_t i = 0; i < all; i++) {
    if (i % block >= step) continue; /* not the first of a line */
    for (size_t k = 0; k < n; k++) from[k] = data[i + k * step];
    filter(how, from, n, to);
    for (size_t k = 0; k < n; k++) data[i + k * step] = to[k];
  }
  vg_free(from);
  return VG_OK;
}

/* ---- Gaussians ---- */

/* Deriche's approximation by two damped oscillations: their amplitudes by order of derivative (0, 1, 2),
 * their frequencies and decays. */
static const double A1[] = {1.3530, -0.6724, -1.3563}, B1[] = {1.8151, -3.4327, 5.2318};
static const double A2[] = {-0.3531, 0.6724, 0.3446}, B2[] = {0.0902, 0.6100, -2.2355};
static const double W1 = 0.6681, L1 = -1.3932, W2 = 2.0787, L2 = -1.3732;

/* A recursive filter of fourth order: n of the forward pass, m of the backward one, d of both feedbacks. bn
 * and bm continue the line's ends. */
typedef struct recursive {
  double n[4], m[4], d[4], bn[4], bm[4];
} recursive;

/* Sums of coefficients, of k times and of k^2 times the k-th. */
typedef struct sums {
  double s, d, e;
} sums;

static sums numerator(double sigma, int order, double n[4]) {
  const double a1 = A1[order], b1 = B1[order], a2 = A2[order], b2 = B2[order];
  const double s1 = sin(W1 / sigma), s2 = sin(W2 / sigma), c1 = cos(W1 / sigma), c2 = cos(W2 / sigma);
  const double e1 = exp(L1 / sigma), e2 = exp(L2 / sigma);
  n[0] = a1 + a2;
  n[1] = e2 * (b2 * s2 - (a2 + 2 * a1) * c2) + e1 * (b1 * s1 - (a1 + 2 * a2) * c1);
  n[2] = 2 * e1 * e2 * ((a1 + a2) * c2 * c1 - b1 * c2 * s1 - b2 * c1 * s2) + a2 * e1 * e1 + a1 * e2 * e2;
  n[3] = e2 * e1 * e1 * (b2 * s2 - a2 * c2) + e1 * e2 * e2 * (b1 * s1 - a1 * c1);
  return (sums){n[0] + n[1] + n[2] + n[3], n[1] + 2 * n[2] + 3 * n[3], n[1] + 4 * n[2] + 9 * n[3]};
}

static sums denominator(double sigma, double d[4]) {
  const double c1 = cos(W1 / sigma), c2 = cos(W2 / sigma), e1 = exp(L1 / sigma), e2 = exp(L2 / sigma);
  d[0] = -2 * (e2 * c2 + e1 * c1);
  d[1] = 4 * c2 * c1 * e1 * e2 + e1 * e1 + e2 * e2;
  d[2] = -2 * c1 * e1 * e2 * e2 - 2 * c2 * e2 * e1 * e1;
  d[3] = e1 * e1 * e2 * e2;
  return (sums){1 + d[0] + d[1] + d[2] + d[3], d[0] + 2 * d[1] + 3 * d[2] + 4 * d[3],
                d[0] + 4 * d[1] + 9 * d[2] + 16 * d[3]};
}

/* The Gaussian (order 0), or its second derivative. sigma in voxels. */
static recursive gaussian(double sigma, int order) {
  recursive r;
  const sums d = denominator(sigma, r.d);
  const sums n = numerator(sigma, 0, r.n);
  double scale = 2 * n.s / d.s - r.n[0];
  if (order) {
    double second[4];
    const sums m = numerator(sigma, order, second);
    const double beta = -(2 * m.s - d.s * second[0]) / (2 * n.s - d.s * r.n[0]);
    const double s = m.s + beta * n.s, dn = m.d + beta * n.d, en = m.e + beta * n.e;
    for (int k = 0; k < 4; k++) r.n[k] = second[k] + beta * r.n[k];
    scale = (en * d.s * d.s - d.e * s * d.s - 2 * dn * d.d * d.s + 2 * d.d * d.d * s) / (d.s * d.s * d.s);
  }
  double sum_n = 0, sum_m = 0;
  for (int k = 0; k < 4; k++) r.n[k] /= scale;
  for (int k = 0; k < 4; k++) {
    r.m[k] = (k < 3 ? r.n[k + 1] : 0) - r.d[k] * r.n[0];
    sum_n += r.n[k];
    sum_m += r.m[k];
  }
  for (int k = 0; k < 4; k++) {
    r.bn[k] = r.d[k] * sum_n / d.s;
    r.bm[k] = r.d[k] * sum_m / d.s;
  }
  return r;
}

/* Both passes; beyond its ends the line has its outermost values. */
static void filter_recursive(const void *how, const double *from, size_t n, double *to) {
  const recursive *r = how;
  const double first = from[0], last = from[n - 1];
  double back[4] = {0};
  for (size_t i = 0; i < n; i++) {
    double v = 0;
    for (size_t k = 0; k < 4; k++) {
      v += r->n[k] * (i >= k ? from[i - k] : first);
      v -= i > k ? r->d[k] * to[i - k - 1] : r->bn[k] * first;
    }
    to[i] = v;
  }
  for (size_t i = n; i-- > 0;) { /* back: the backward pass of the next four */
    double v = 0;
    for (size_t k = 0; k < 4; k++) {
      v += r->m[k] * (i + k + 1 < n ? from[i + k + 1] : last);
      v -= i + k + 1 < n ? r->d[k] * back[k] : r->bm[k] * last;
    }
    memmove(back + 1, back, 3 * sizeof *back);
    back[0] = v;
    to[i] = (double)(float)(to[i] + v);
  }
}

vg_status vg_radiomics_log(const double *in, const int dim[3], const double mm[3], double sigma,
                           double *out) {
  const size_t n = vg_extent_voxels(dim);
  double *part = vg_malloc(n, sizeof *part);
  vg_status st = part ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < n; i++) out[i] = 0;
  for (int axis = 0; axis < 3 && !st; axis++) {
    memcpy(part, in, n * sizeof *part);
    const recursive second = gaussian(sigma / mm[axis], 2);
    st = along(axis, filter_recursive, &second, dim, part);
    for (int other = 0; other < 3 && !st; other++) {
      if (other == axis) continue;
      const recursive smooth = gaussian(sigma / mm[other], 0);
      st = along(other, filter_recursive, &smooth, dim, part);
    }
    for (size_t i = 0; i < n && !st; i++) out[i] += part[i] * sigma * sigma / (mm[axis] * mm[axis]);
  }
  vg_free(part);
  return st;
}

/* ---- wavelets ---- */

/* coif1 (Daubechies, Ten Lectures on Wavelets, 1992, table 8.1). */
enum { TAPS = 6 };
static const double low[TAPS] = {-0.01565572813546454, -0.0727326195128539, 0.38486484686420286,
                                 0.8525720202122554,   0.3378976624578092,  -0.0727326195128539};
static const double high_pass[TAPS] = {0.0727326195128539,  0.3378976624578092, -0.8525720202122554,
                                       0.38486484686420286, 0.0727326195128539, -0.01565572813546454};

static void filter_periodic(const void *how, const double *from, size_t n, double *to) {
  const double *taps = how;
  const size_t even = n + n % 2;
  for (size_t i = 0; i < n; i++) {
    double v = 0;
    for (size_t k = 0; k < TAPS; k++) {
      const size_t at = (i + TAPS / 2 + TAPS * even - k) % even;
      v += taps[k] * from[at < n ? at : 0];
    }
    to[i] = v;
  }
}

vg_status vg_radiomics_wavelet(const double *in, const int dim[3], unsigned high, double *out) {
  vg_status st = VG_OK;
  memcpy(out, in, vg_extent_voxels(dim) * sizeof *out);
  for (int axis = 0; axis < 3 && !st; axis++)
    st = along(axis, filter_periodic, high >> axis & 1 ? high_pass : low, dim, out);
  return st;
}
