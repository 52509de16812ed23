/* resample.c: separable resampling by sparse weights along each axis. */
#include "grid/resample.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "base/mem.h"
#include "base/whole.h"

/* Adds tap j of output k, unless it lies outside the input. */
static void add_tap(vg_axis_map *m, int k, int j, double w) {
  if (j < 0 || j >= m->n_in || (w == 0 && m->count[k] == 0)) return;
  if (m->count[k] == 0) m->first[k] = j;
  m->weights[(size_t)k * (size_t)m->width + (size_t)m->count[k]++] = (float)w;
}

/* Cubic convolution (Keys 1981, a = -1/2) at t, 0 to 1, between the second and third of four points. */
static void keys(double t, double w[4]) {
  w[0] = ((-0.5 * t + 1) * t - 0.5) * t;
  w[1] = (1.5 * t - 2.5) * t * t + 1;
  w[2] = ((-1.5 * t + 2) * t + 0.5) * t;
  w[3] = (0.5 * t - 0.5) * t * t;
}

/* Computes the mean over an output voxel from the means over input voxels, exactly for parabolas. A
 * parabola's mean over a voxel of width h is its value at the centre plus h^2/24 of its second derivative.
 * The interpolation points are therefore the means minus (1 - step^2)/24 of their second differences. */
static void add_sharp_taps(vg_axis_map *m, int k, double centre, double step) {
  const double c = (1 - step * step) / 24;
  const int j = vg_int_of(floor(centre));
  double w[8] = {0}; /* the four points, and two on either side */
  keys(centre - j, w + 2);
  for (int t = 0; t < 6; t++) {
    add_tap(m, k, j - 2 + t, w[t + 1] - c * (w[t] - 2 * w[t + 1] + w[t + 2]));
  }
}

static vg_status axis_init(vg_axis_map *m, int n_in, int n_out, double step, double start, bool sharp) {
  m->n_in = n_in;
  m->n_out = n_out;
  m->width = step > 1 ? vg_int_of(fmin(ceil(step), n_in)) + 2 : sharp ? 6 : 2;
  m->first = VG_NEW_N(int, n_out);
  m->count = VG_NEW_N(int, n_out);
  m->weights = vg_calloc((size_t)n_out * (size_t)m->width, sizeof *m->weights);
  if (!m->first || !m->count || !m->weights) return VG_MEMORY;
  for (int k = 0; k < n_out; k++) {
    double lo = k * step + start;
    if (step > 1) {
      double hi = lo + step;
      for (int j = vg_index_of(floor(lo), n_in); j < hi && j < n_in; j++) {
        double overlap = fmin(hi, j + 1) - fmax(lo, j);
        if (overlap > 1e-9) add_tap(m, k, j, overlap / step);
      }
    } else {
      double centre = lo + step / 2 - 0.5;
      int j = vg_int_of(floor(centre));
      if (sharp) {
        add_sharp_taps(m, k, centre, step);
        continue;
      }
      add_tap(m, k, j, 1 - (centre - j));
      add_tap(m, k, j + 1, centre - j);
    }
  }
  return VG_OK;
}

vg_status vg_resampler_init(vg_resampler *r, const int in[3], const int out[3], const double step[3],
                            const double start[3], bool sharp) {
  memset(r, 0, sizeof *r);
  r->identity = true;
  for (int a = 0; a < 3; a++) {
    r->identity &= in[a] == out[a] && fabs(step[a] - 1) < 1e-9 && fabs(start[a]) < 1e-9;
    r->order[a] = a;
    vg_status st = axis_init(&r->axis[a], in[a], out[a], step[a], start[a], sharp);
    if (st) return st;
  }
  if (r->identity) return VG_OK;
  for (int i = 1; i < 3; i++)
    for (int k = i; k > 0; k--) {
      int a = r->order[k - 1], b = r->order[k];
      if ((double)out[a] / in[a] <= (double)out[b] / in[b]) break;
      r->order[k - 1] = b;
      r->order[k] = a;
    }
  size_t dim[3] = {(size_t)in[0], (size_t)in[1], (size_t)in[2]};
  for (int i = 0; i < 2; i++) {
    dim[r->order[i]] = (size_t)out[r->order[i]];
    r->work[i] = vg_malloc(dim[0] * dim[1] * dim[2], sizeof(float));
    if (!r->work[i]) return VG_MEMORY;
  }
  return VG_OK;
}

VG_HOT static void along_x(const vg_axis_map *m, const float *in, float *out, size_t rows) {
  for (size_t row = 0; row < rows; row++, in += m->n_in, out += m->n_out)
    for (int k = 0; k < m->n_out; k++) {
      const float *w = m->weights + (size_t)k * (size_t)m->width, *v = in + m->first[k];
      float sum = 0;
      for (int t = 0; t < m->count[k]; t++) sum += w[t] * v[t];
      out[k] = sum;
    }
}

/* inner: number of floats between neighbours along the axis. */
VG_HOT static void along_rows(const vg_axis_map *m, const float *restrict in, float *restrict out,
                              size_t outer, size_t inner) {
  for (size_t o = 0; o < outer; o++, in += (size_t)m->n_in * inner)
    for (int k = 0; k < m->n_out; k++, out += inner) {
      const float *w = m->weights + (size_t)k * (size_t)m->width;
      memset(out, 0, inner * sizeof *out);
      for (int t = 0; t < m->count[k]; t++) {
        const float *v = in + (size_t)(m->first[k] + t) * inner;
        float wt = w[t];
        for (size_t i = 0; i < inner; i++) out[i] += wt * v[i];
      }
    }
}

void vg_resample(vg_resampler *r, const float *in, float *out) {
  size_t dim[3];
  for (int a = 0; a < 3; a++) dim[a] = (size_t)r->axis[a].n_in;
  if (r->identity) {
    memcpy(out, in, dim[0] * dim[1] * dim[2] * sizeof *out);
    return;
  }
  for (int i = 0; i < 3; i++) {
    int a = r->order[i];
    float *to = i == 2 ? out : r->work[i];
    if (a == 0)
      along_x(&r->axis[0], in, to, dim[1] * dim[2]);
    else if (a == 1)
      along_rows(&r->axis[1], in, to, dim[2], dim[0]);
    else
      along_rows(&r->axis[2], in, to, 1, dim[0] * dim[1]);
    dim[a] = (size_t)r->axis[a].n_out;
    in = to;
  }
}

void vg_resampler_release(vg_resampler *r) {
  for (int a = 0; a < 3; a++) {
    vg_free(r->axis[a].first);
    vg_free(r->axis[a].count);
    vg_free(r->axis[a].weights);
  }
  vg_free(r->work[0]);
  vg_free(r->work[1]);
  memset(r, 0, sizeof *r);
}
