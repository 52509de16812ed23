/* metric_boundary.c: intensity and gradient across the tumour's surface. They show whether a tumour looks
 * like part of the image or pasted onto it.
 */
#include "eval/metric/metric_boundary.h"

#include <math.h>
#include "eval/metric/metric_memo.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/number/extent.h"
#include "base/whole.h"

#define NEAR_MM 1.5
#define FAR_FROM_MM 3.0
#define FAR_TO_MM 8.0

/* ---- one image, one surface ---- */

typedef struct image {
  const int *dim;
  const double *mm;
  const uint8_t *cells;
  const float *data;
} image;

/* Computes the magnitude of the gradient at voxel i = (x, y, z). Returns false at the edge of the brain. */
static bool gradient_at(const image *im, const int at[3], size_t i, double *magnitude) {
  const size_t step[3] = {1, (size_t)im->dim[0], (size_t)im->dim[0] * (size_t)im->dim[1]};
  double squares = 0;
  for (int d = 0; d < 3; d++) {
    if (im->dim[d] == 1) continue;
    if (at[d] == 0 || at[d] + 1 == im->dim[d] || !im->cells[i - step[d]] || !im->cells[i + step[d]])
      return false;
    double slope = ((double)im->data[i + step[d]] - (double)im->data[i - step[d]]) / (2 * im->mm[d]);
    squares += slope * slope;
  }
  *magnitude = sqrt(squares);
  return true;
}

typedef struct tally {
  double n[VG_PROFILE_BINS], intensity[VG_PROFILE_BINS], gradient[VG_PROFILE_BINS];
  double near_n, near, far_n, far;
} tally;

static void add_voxel(tally *t, double distance, double intensity, double gradient) {
  int bin = vg_int_of(floor(distance)) + VG_PROFILE_MM;
  if (bin >= 0 && bin < VG_PROFILE_BINS) {
    t->n[bin]++;
    t->intensity[bin] += intensity;
    t->gradient[bin] += gradient;
  }
  double off = fabs(distance);
  if (off <= NEAR_MM) {
    t->near_n++;
    t->near += gradient;
  } else if (off >= FAR_FROM_MM && off <= FAR_TO_MM) {
    t->far_n++;
    t->far += gradient;
  }
}

static void profile(const image *im, const vg_surface *s, vg_profile *out) {
  tally t = {0};
  const float *distance = s->distance;
  for (int z = 0; z < s->extent[2] && distance; z++) {
    for (int y = 0; y < s->extent[1]; y++, distance += s->extent[0]) {
      for (int x = 0; x < s->extent[0]; x++) {
        if (!(fabsf(distance[x]) <= VG_PROFILE_MM)) continue;
        const int at[3] = {s->lo[0] + x, s->lo[1] + y, s->lo[2] + z};
        size_t i = vg_extent_index(im->dim, at[0], at[1], at[2]);
        double gradient;
        if (im->cells[i] && gradient_at(im, at, i, &gradient))
          add_voxel(&t, (double)distance[x], (double)im->data[i], gradient);
      }
    }
  }
  for (int b = 0; b < VG_PROFILE_BINS; b++) {
    out->intensity[b] = t.n[b] > 0 ? t.intensity[b] / t.n[b] : NAN;
    out->gradient[b] = t.n[b] > 0 ? t.gradient[b] / t.n[b] : NAN;
  }
  out->sharpness = t.near_n > 0 && t.far > 0 ? t.near / t.near_n / (t.far / t.far_n) : NAN;
}

/* ---- all surfaces of an input ---- */

typedef struct boundary_job {
  const vg_metric_input *in;
  vg_boundary *out;
} boundary_job;

static vg_status one_side(void *arg, size_t index) {
  const boundary_job *j = arg;
  const vg_metric_input *in = j->in;
  size_t r = index / 2;
  bool synth = index % 2;
  image im = {in->dim, in->spacing, in->cells, synth ? in->synth : in->real};
  profile(&im, synth ? &in->synth_surfaces[r] : &in->real_surfaces[r],
          synth ? &j->out->synth[r] : &j->out->real[r]);
  return VG_OK;
}

static vg_status all_profiles(const vg_metric_input *in, void *block) {
  return vg_parallel(2 * (size_t)in->regions->n, one_side, &(boundary_job){in, block});
}

const vg_boundary *vg_metric_boundary_profiles(const vg_metric_input *in) {
  return in->boundary ? in->boundary : vg_metric_memo_get(in, all_profiles, sizeof(vg_boundary));
}

/* ---- metrics ---- */

/* Computes mean |a - b| over the bins that both have, and the mean of a there; NaN if there are none. */
static double mean_gap(const double *a, const double *b, double *level) {
  double sum = 0, n = 0;
  *level = 0;
  for (int k = 0; k < VG_PROFILE_BINS; k++) {
    if (isnan(a[k]) || isnan(b[k])) continue;
    sum += fabs(a[k] - b[k]);
    *level += a[k];
    n++;
  }
  *level = n > 0 ? *level / n : NAN;
  return n > 0 ? sum / n : NAN;
}

static vg_status profile_intensity(const vg_metric_input *in, double *values) {
  const vg_boundary *b = vg_metric_boundary_profiles(in);
  if (!b) return VG_MEMORY;
  for (int r = 0; r < in->regions->n; r++) {
    double level;
    values[r] = mean_gap(b->real[r].intensity, b->synth[r].intensity, &level) / in->range;
  }
  return VG_OK;
}

static vg_status profile_gradient(const vg_metric_input *in, double *values) {
  const vg_boundary *b = vg_metric_boundary_profiles(in);
  if (!b) return VG_MEMORY;
  for (int r = 0; r < in->regions->n; r++) {
    double level, gap = mean_gap(b->real[r].gradient, b->synth[r].gradient, &level);
    values[r] = level > 0 ? gap / level : NAN;
  }
  return VG_OK;
}

static vg_status boundary_sharpness(const vg_metric_input *in, double *values) {
  const vg_boundary *b = vg_metric_boundary_profiles(in);
  if (!b) return VG_MEMORY;
  for (int r = 0; r < in->regions->n; r++) {
    double real = b->real[r].sharpness;
    values[r] = real > 0 ? b->synth[r].sharpness / real : NAN;
  }
  return VG_OK;
}

const vg_metric vg_metric_profile_intensity = {
    .unit = "", .kind = VG_METRIC_BOUNDARY, .ideal = 0, .compute = profile_intensity};
const vg_metric vg_metric_profile_gradient = {
    .unit = "", .kind = VG_METRIC_BOUNDARY, .ideal = 0, .compute = profile_gradient};
const vg_metric vg_metric_boundary_sharpness = {
    .unit = "", .kind = VG_METRIC_BOUNDARY, .ideal = 1, .compute = boundary_sharpness};
