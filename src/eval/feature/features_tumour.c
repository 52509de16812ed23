/* features_tumour.c: size, shape and position of a tumour. */
#include <math.h>
#include <string.h>
#include "eval/set/symmetric.h"
#include "eval/feature/features.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "base/number/extent.h"

/* The features, in this order, followed by each class's volume (ml). */
enum {
  VOLUME,               /* ml */
  SURFACE,              /* cm^2 */
  SPHERICITY,           /* surface of a ball of the same volume, divided by the surface */
  SURFACE_TO_VOLUME,    /* per mm */
  LENGTHS,              /* three axes in mm, longest first, of the ellipsoid with the same second moments */
  CENTRE = LENGTHS + 3, /* x, y, z; 0 to 1 from the lower to the upper side of the brain's box */
  COMPONENTS = CENTRE + 3, /* number of components, with 26 neighbours */
  CLASSES
};

/* A mask in its box with a margin of one voxel. */
typedef struct tumour_box {
  int lo[3], dim[3];
  uint8_t *mask;
} tumour_box;

static vg_status cut_tumour(const vg_feature_input *in, tumour_box *out) {
  size_t n = vg_extent_voxels(in->dim);
  uint8_t *mask = vg_malloc(n, 1);
  out->mask = NULL;
  if (!mask) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) mask[i] = in->tumour[i] != 0;
  bool any = vg_mask_box(mask, in->dim, 0, out->lo, out->dim);
  for (int a = 0; a < 3; a++) out->dim[a] += 2;
  if (any) out->mask = vg_calloc(vg_extent_voxels(out->dim), 1);
  vg_status st = any && !out->mask ? VG_MEMORY : VG_OK;
  for (int z = 1; out->mask && z < out->dim[2] - 1; z++) {
    for (int y = 1; y < out->dim[1] - 1; y++) {
      size_t to = vg_extent_index(out->dim, 0, y, z) + 1;
      size_t from = vg_extent_index(in->dim, out->lo[0], out->lo[1] + y - 1, out->lo[2] + z - 1);
      memcpy(out->mask + to, mask + from, (size_t)out->dim[0] - 2);
    }
  }
  vg_free(mask);
  return st;
}

/* The 13 lines through a voxel and its neighbours. Each has a weight: the share of all directions that are
 * nearest to it, counted with a hundred thousand points that the golden angle spreads evenly over the sphere.
 */
enum { LINES = 13, SPREAD = 100000 };
typedef struct line {
  int step[3];
  double length, share; /* mm */
} line;

static void find_lines(const double mm[3], line out[LINES]) {
  int n = 0;
  double unit[LINES][3];
  for (int c = 14; c < 27; c++, n++) { /* the later one of each pair of opposite neighbours */
    out[n] = (line){{c % 3 - 1, c / 3 % 3 - 1, c / 9 - 1}, 0, 0};
    for (int a = 0; a < 3; a++) unit[n][a] = out[n].step[a] * mm[a];
    out[n].length = sqrt(unit[n][0] * unit[n][0] + unit[n][1] * unit[n][1] + unit[n][2] * unit[n][2]);
    for (int a = 0; a < 3; a++) unit[n][a] /= out[n].length;
  }
  const double golden = 3.14159265358979323846 * (3 - sqrt(5));
  for (int i = 0; i < SPREAD; i++) {
    double z = 1 - (i + 0.5) * 2 / SPREAD, r = sqrt(1 - z * z), x = r * cos(golden * i),
           y = r * sin(golden * i);
    int best = 0;
    double most = -1;
    for (int k = 0; k < LINES; k++) {
      double cosine = fabs(x * unit[k][0] + y * unit[k][1] + z * unit[k][2]);
      if (cosine > most) most = cosine, best = k;
    }
    out[best].share += 1.0 / SPREAD;
  }
}

/* Computes the surface in mm^2 by Crofton's formula over the 13 lines (Legland, Kieu and Devaux, Image
 * Analysis and Stereology 26, 2007). The surface is 4 times the mean area of the projections, and each line
 * of voxels that enters the mask contributes its share of such an area. */
static double surface(const tumour_box *b, const double mm[3]) {
  line lines[LINES];
  double sum = 0, voxel = mm[0] * mm[1] * mm[2];
  size_t row = (size_t)b->dim[0], plane = row * (size_t)b->dim[1], n = plane * (size_t)b->dim[2];
  find_lines(mm, lines);
  for (int k = 0; k < LINES; k++) {
    const int *s = lines[k].step;
    /* Thanks to the margin, every voxel of the mask has all its neighbours. */
    ptrdiff_t step = s[0] + s[1] * (ptrdiff_t)row + s[2] * (ptrdiff_t)plane;
    size_t entries = 0;
    for (size_t i = 0; i < n; i++) {
      if (b->mask[i]) entries += !b->mask[(ptrdiff_t)i - step];
    }
    sum += lines[k].share * (double)entries * voxel / lines[k].length;
  }
  return 4 * sum;
}

/* Computes centre and lengths. */
static vg_status moments(const vg_feature_input *in, const tumour_box *b, float *out) {
  double n = 0, sum[3] = {0}, products[9] = {0}, values[3];
  size_t i = 0;
  for (int z = 0; z < b->dim[2]; z++) {
    for (int y = 0; y < b->dim[1]; y++) {
      for (int x = 0; x < b->dim[0]; x++, i++) {
        if (!b->mask[i]) continue;
        double at[3] = {x * in->mm[0], y * in->mm[1], z * in->mm[2]};
        n++;
        for (int r = 0; r < 3; r++) {
          sum[r] += at[r];
          for (int c = 0; c <= r; c++) products[3 * r + c] += at[r] * at[c];
        }
      }
    }
  }
  for (int r = 0; r < 3; r++) {
    double voxel = b->lo[r] - 1 + sum[r] / n / in->mm[r];
    out[CENTRE + r] = (float)((voxel + 0.5 - in->lo[r]) / in->extent[r]);
    for (int c = 0; c <= r; c++) products[3 * r + c] = products[3 * r + c] / n - sum[r] / n * (sum[c] / n);
  }
  vg_status st = vg_set_eigenvalues(products, 3, values);
  /* A full ellipsoid's second moment is a fifth of its half axis squared. */
  for (int a = 0; a < 3 && !st; a++) out[LENGTHS + a] = (float)(2 * sqrt(5 * fmax(values[2 - a], 0)));
  return st;
}

static size_t dims(const vg_feature_plan *plan) {
  return CLASSES + (size_t)plan->tumour.n;
}

static vg_status compute(const vg_feature_input *in, float *out) {
  tumour_box b = {{0}, {0}, NULL};
  uint32_t *label = NULL;
  vg_status st = in->tumour ? cut_tumour(in, &b) : VG_OK;
  if (!b.mask) {
    out[0] = NAN;
    return st;
  }
  size_t n = vg_extent_voxels(in->dim), components = 0;
  size_t n_box = vg_extent_voxels(b.dim);
  double ml = in->voxel_ml, area = surface(&b, in->mm), volume = 0;
  double by_class[VG_CLASSES_MAX + 1] = {0};
  for (size_t i = 0; i < n; i++) by_class[in->tumour[i]]++;
  for (int k = 0; k < in->plan->tumour.n; k++) {
    volume += by_class[k + 1] * ml;
    out[CLASSES + k] = (float)(by_class[k + 1] * ml);
  }
  out[VOLUME] = (float)volume;
  out[SURFACE] = (float)(area / 100);
  out[SPHERICITY] = (float)(cbrt(36 * 3.14159265358979323846 * 1e6 * volume * volume) / area);
  out[SURFACE_TO_VOLUME] = (float)(area / (1000 * volume));
  st = moments(in, &b, out);
  label = vg_malloc(n_box, sizeof *label);
  if (!st) st = label ? vg_components(b.mask, b.dim, 26, label, &components, NULL) : VG_MEMORY;
  out[COMPONENTS] = (float)components;
  vg_free(label);
  vg_free(b.mask);
  return st;
}

const vg_feature_space vg_features_tumour = {
    .of_labels = true, .units_differ = true, .dims = dims, .compute = compute};
