/* radiomics.c: all images of a region, and all features of each. */
#include "eval/radiomics/radiomics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/number/extent.h"
#include "eval/radiomics/radiomics_family.h"
#include "eval/radiomics/radiomics_filter.h"
#include "grid/grid.h"

enum { SIGMAS = 4, BANDS = 8, LEAST_SIDE = 4 };
static const double sigmas[SIGMAS] = {2, 3, 4, 5};
#define WIDEST 5.0

struct vg_radiomics_kind {
  unsigned families; /* bits, in the order of radiomics.def */
  int features;      /* of all images */
  int images;        /* the first so many of: the original, Laplacians, wavelets */
  int margin;        /* voxels around the region that filters see */
  double sd;         /* over the whole image after scaling, with mean 0; 0: intensities stay as they are */
  double bin_width, shift;
};

enum {
#define VG_RADIOMICS(name, n, v0, v1) ROW_##name,
#include "registry/radiomics.def"
  FAMILIES
};

static const struct {
  const vg_radiomics_family *family;
  int n;
} families[] = {
#define VG_RADIOMICS(name, n, v0, v1) {&vg_radiomics_family_##name, n},
#include "registry/radiomics.def"
};

const vg_radiomics_kind vg_radiomics_v0 = {
#define VG_RADIOMICS(name, n, v0, v1) | (unsigned)(v0) << ROW_##name
    .families = 0
#include "registry/radiomics.def"
    ,
    .features = VG_RADIOMICS_FEATURES_V0,
    .images = 1,
    .bin_width = 25};

const vg_radiomics_kind vg_radiomics_v1 = {
#define VG_RADIOMICS(name, n, v0, v1) | (unsigned)(v1) << ROW_##name
    .families = 0
#include "registry/radiomics.def"
    ,
    .features = VG_RADIOMICS_FEATURES,
    .images = VG_RADIOMICS_IMAGES,
    .margin = 10,
    .sd = 100,
    .bin_width = 5,
    .shift = 300};

static bool has_family(const vg_radiomics_kind *kind, int family) {
  return kind->families >> family & 1;
}

int vg_radiomics_count(const vg_radiomics_kind *kind) {
  return kind->features;
}

const char *vg_radiomics_name(const vg_radiomics_kind *kind, int i, char *buf, size_t size) {
  const int of_image = kind->features / kind->images, image = i / of_image;
  int feature = i % of_image, k = 0;
  char of[32];
  if (!image)
    snprintf(of, sizeof of, "original");
  else if (image <= SIGMAS)
    snprintf(of, sizeof of, "log-sigma-%.0f-0-mm-3D", sigmas[image - 1]);
  else
    snprintf(of, sizeof of, "wavelet-%c%c%c", "LH"[(image - 1 - SIGMAS) & 1],
             "LH"[(image - 1 - SIGMAS) >> 1 & 1], "LH"[(image - 1 - SIGMAS) >> 2 & 1]);
  for (; !has_family(kind, k) || feature >= families[k].n; k++)
    if (has_family(kind, k)) feature -= families[k].n;
  snprintf(buf, size, "%s_%s_%s", of, families[k].family->name, families[k].family->features[feature]);
  return buf;
}

/* The image and its region, cut out. */
typedef struct region {
  int dim[3];
  const double *mm;
  double *image;
  uint8_t *roi;
  size_t inside; /* voxels of the region */
} region;

static void region_release(region *r) {
  vg_free(r->image);
  vg_free(r->roi);
}

/* The mean and SD (n - 1) of all voxels. */
static void spread(const float *image, size_t n, double *mean, double *sd) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++) sum += (double)image[i];
  *mean = sum / (double)n;
  for (size_t i = 0; i < n; i++) squares += ((double)image[i] - *mean) * ((double)image[i] - *mean);
  *sd = n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
}

/* *fits: the region has features. */
static vg_status cut(const vg_radiomics_kind *kind, const float *image, const uint8_t *roi, const int dim[3],
                     region *r, bool *fits) {
  int lo[3];
  double mean = 0, sd = 0;
  if (kind->sd > 0) spread(image, vg_extent_voxels(dim), &mean, &sd);
  *fits = (!(kind->sd > 0) || sd > 0) && vg_mask_box(roi, dim, kind->margin, lo, r->dim);
  if (!*fits) return VG_OK;
  for (int a = 0; a < 3 && kind->images > 1; a++)
    *fits &= r->dim[a] >= LEAST_SIDE && r->dim[a] >= ceil(WIDEST / r->mm[a]) + 1;
  const size_t n = vg_extent_voxels(r->dim);
  r->image = vg_malloc(n, sizeof *r->image);
  r->roi = vg_malloc(n, 1);
  if (!r->image || !r->roi) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) {
    int at[3];
    vg_extent_at(r->dim, i, at);
    const size_t from = vg_extent_index(dim, lo[0] + at[0], lo[1] + at[1], lo[2] + at[2]);
    r->image[i] = kind->sd > 0 ? ((double)image[from] - mean) / sd * kind->sd : (double)image[from];
    r->roi[i] = roi[from] != 0;
    r->inside += r->roi[i];
  }
  *fits &= r->inside > 1;
  return VG_OK;
}

static vg_status measure(const vg_radiomics_kind *kind, const region *r, const double *image, double *out) {
  vg_radiomics_levels l;
  vg_status st = vg_radiomics_levels_make(image, r->roi, r->dim, kind->bin_width, &l);
  double *values = vg_malloc(r->inside, sizeof *values);
  if (!st && !values) st = VG_MEMORY;
  if (!st && l.n) {
    size_t n = 0;
    for (size_t i = 0, all = vg_extent_voxels(r->dim); i < all; i++)
      if (r->roi[i]) values[n++] = image[i];
    const vg_radiomics_region given = {&l, values, r->mm, kind->shift};
    for (int k = 0; k < FAMILIES && !st; k++) {
      if (!has_family(kind, k)) continue;
      st = families[k].family->compute(&given, out);
      out += families[k].n;
    }
  }
  vg_free(values);
  vg_radiomics_levels_release(&l);
  return st;
}

vg_status vg_radiomics_compute(const vg_radiomics_kind *kind, const float *image, const uint8_t *roi,
                               const int dim[3], const double mm[3], double *out) {
  region r = {.mm = mm};
  bool fits;
  const int of_image = kind->features / kind->images;
  for (int i = 0; i < kind->features; i++) out[i] = NAN;
  vg_status st = cut(kind, image, roi, dim, &r, &fits);
  double *filtered =
      !st && fits && kind->images > 1 ? vg_malloc(vg_extent_voxels(r.dim), sizeof *filtered) : NULL;
  if (!st && fits && kind->images > 1 && !filtered) st = VG_MEMORY;
  if (!st && fits) st = measure(kind, &r, r.image, out);
  for (int k = 1; k < kind->images && fits && !st; k++) {
    st = k <= SIGMAS ? vg_radiomics_log(r.image, r.dim, mm, sigmas[k - 1], filtered)
                     : vg_radiomics_wavelet(r.image, r.dim, (unsigned)(k - 1 - SIGMAS), filtered);
    if (!st) st = measure(kind, &r, filtered, out + k * of_image);
  }
  vg_free(filtered);
  region_release(&r);
  return st;
}
