/* scanner.c: linear interpolation to a coarser grid and back, one axis after the other. */
#include "prep/randomise/scanner.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/simd.h"
#include "base/number/extent.h"
#include "base/whole.h"

double vg_scanner_sigma(double step) {
  return step > 1 ? step / 2.354820045 : 0;
}

vg_scanner vg_scanner_of(const int dim[3], const double step[3], const double shift[3]) {
  vg_scanner s;
  for (int a = 0; a < 3; a++) {
    const bool same = !(step[a] > 1) || dim[a] == 1;
    s.step[a] = same ? 1 : step[a];
    s.offset[a] = same ? 0 : shift[a] * (step[a] - 1);
    s.dim[a] = same ? dim[a] : 1 + vg_index_of(floor((dim[a] - 1 - s.offset[a]) / step[a]), dim[a]);
  }
  return s;
}

VG_HOT static void between(const float *restrict a, const float *restrict b, float t, float *restrict out,
                           size_t n) {
  const float s = 1 - t;
  for (size_t i = 0; i < n; i++) out[i] = s * a[i] + t * b[i];
}

/* Output k of n_out along an axis lies at start + k * step of n_in inputs. */
static void lerp_axis(const float *in, float *out, size_t outer, int n_in, int n_out, size_t inner,
                      double start, double step) {
  for (size_t o = 0; o < outer; o++, in += (size_t)n_in * inner)
    for (int k = 0; k < n_out; k++, out += inner) {
      double at = start + k * step;
      at = at < 0 ? 0 : at > n_in - 1 ? n_in - 1 : at;
      const size_t first = (size_t)at, next = first + 1 < (size_t)n_in ? first + 1 : first;
      between(in + first * inner, in + next * inner, (float)(at - (double)first), out, inner);
    }
}

/* The same along the last axis: each row by the same table. */
static void lerp_rows(const float *in, float *out, size_t rows, int n_in, int n_out, double start,
                      double step) {
  enum { PART = 512 };
  int first[PART];
  float t[PART];
  for (int from = 0; from < n_out; from += PART) {
    const int len = n_out - from < PART ? n_out - from : PART;
    for (int k = 0; k < len; k++) {
      double at = start + (from + k) * step;
      at = at < 0 ? 0 : at > n_in - 1 ? n_in - 1 : at;
      first[k] = (int)at < n_in - 1 ? (int)at : n_in > 1 ? n_in - 2 : 0;
      t[k] = (float)(at - first[k]);
    }
    for (size_t row = 0; row < rows; row++) {
      const float *a = in + row * (size_t)n_in;
      float *b = out + row * (size_t)n_out + from;
      const int next = n_in > 1;
      for (int k = 0; k < len; k++) b[k] = a[first[k]] + t[k] * (a[first[k] + next] - a[first[k]]);
    }
  }
}

static void each_axis(const vg_scanner *s, const int dim[3], bool back, float *v, float *work) {
  float *from = v, *to = work;
  int now[3];
  memcpy(now, back ? s->dim : dim, sizeof now);
  for (int k = 0; k < 3; k++) {
    const int a = back ? 2 - k : k; /* fewest voxels in between */
    if (s->step[a] == 1) continue;
    const double start = back ? -s->offset[a] / s->step[a] : s->offset[a];
    const double step = back ? 1 / s->step[a] : s->step[a];
    size_t outer = 1, inner = 1;
    for (int b = 0; b < a; b++) outer *= (size_t)now[b];
    for (int b = a + 1; b < 3; b++) inner *= (size_t)now[b];
    const int n_out = back ? dim[a] : s->dim[a];
    if (a == 2)
      lerp_rows(from, to, outer, now[a], n_out, start, step);
    else
      lerp_axis(from, to, outer, now[a], n_out, inner, start, step);
    now[a] = n_out;
    float *swap = from;
    from = to, to = swap;
  }
  if (from != v) memcpy(v, from, vg_extent_voxels(now) * sizeof *v);
}

void vg_scanner_sample(const vg_scanner *s, const int dim[3], float *v, float *work) {
  each_axis(s, dim, false, v, work);
}

void vg_scanner_back(const vg_scanner *s, const int dim[3], float *v, float *work) {
  each_axis(s, dim, true, v, work);
}
