/* radiomics.c: all images of a region, and all features of each. */
#include "eval/radiomics/radiomics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/number/extent.h"
#include "eval/radiomics/radiomics_filter.h"
#include "eval/radiomics/radiomics_levels.h"
#include "grid/grid.h"

enum { MARGIN = 10, SIGMAS = 4, BANDS = 8, LEAST_SIDE = 4 };
#define SCALE 100.0
static const double sigmas[SIGMAS] = {2, 3, 4, 5};
#define WIDEST 5.0

static const struct {
  const char *name;
  int n;
  const char *features[22];
} classes[] = {
    {"firstorder",
     18,
     {"10Percentile", "90Percentile", "Energy", "Entropy", "InterquartileRange", "Kurtosis", "Maximum",
      "MeanAbsoluteDeviation", "Mean", "Median", "Minimum", "Range", "RobustMeanAbsoluteDeviation",
      "RootMeanSquared", "Skewness", "TotalEnergy", "Uniformity", "Variance"}},
    {"glcm",
     22,
     {"Autocorrelation",
      "ClusterProminence",
      "ClusterShade",
      "ClusterTendency",
      "Contrast",
      "Correlation",
      "DifferenceAverage",
      "DifferenceEntropy",
      "DifferenceVariance",
      "Id",
      "Idm",
      "Idmn",
      "Idn",
      "Imc1",
      "Imc2",
      "InverseVariance",
      "JointAverage",
      "JointEnergy",
      "JointEntropy",
      "MaximumProbability",
      "SumEntropy",
      "SumSquares"}},
    {"glrlm",
     16,
     {"GrayLevelNonUniformity", "GrayLevelNonUniformityNormalized", "GrayLevelVariance",
      "HighGrayLevelRunEmphasis", "LongRunEmphasis", "LongRunHighGrayLevelEmphasis",
      "LongRunLowGrayLevelEmphasis", "LowGrayLevelRunEmphasis", "RunEntropy", "RunLengthNonUniformity",
      "RunLengthNonUniformityNormalized", "RunPercentage", "RunVariance", "ShortRunEmphasis",
      "ShortRunHighGrayLevelEmphasis", "ShortRunLowGrayLevelEmphasis"}},
    {"glszm",
     16,
     {"GrayLevelNonUniformity", "GrayLevelNonUniformityNormalized", "GrayLevelVariance",
      "HighGrayLevelZoneEmphasis", "LargeAreaEmphasis", "LargeAreaHighGrayLevelEmphasis",
      "LargeAreaLowGrayLevelEmphasis", "LowGrayLevelZoneEmphasis", "ZoneEntropy", "SizeZoneNonUniformity",
      "SizeZoneNonUniformityNormalized", "ZonePercentage", "ZoneVariance", "SmallAreaEmphasis",
      "SmallAreaHighGrayLevelEmphasis", "SmallAreaLowGrayLevelEmphasis"}},
    {"ngtdm", 5, {"Busyness", "Coarseness", "Complexity", "Contrast", "Strength"}}};

const char *vg_radiomics_name(int i, char *buf, size_t size) {
  const int image = i / VG_RADIOMICS_OF_IMAGE;
  int feature = i % VG_RADIOMICS_OF_IMAGE, c = 0;
  char of[32];
  if (!image)
    snprintf(of, sizeof of, "original");
  else if (image <= SIGMAS)
    snprintf(of, sizeof of, "log-sigma-%.0f-0-mm-3D", sigmas[image - 1]);
  else
    snprintf(of, sizeof of, "wavelet-%c%c%c", "LH"[(image - 1 - SIGMAS) & 1],
             "LH"[(image - 1 - SIGMAS) >> 1 & 1], "LH"[(image - 1 - SIGMAS) >> 2 & 1]);
  for (; feature >= classes[c].n; c++) feature -= classes[c].n;
  snprintf(buf, size, "%s_%s_%s", of, classes[c].name, classes[c].features[feature]);
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
static vg_status cut(const float *image, const uint8_t *roi, const int dim[3], region *r, bool *fits) {
  int lo[3];
  double mean, sd;
  spread(image, vg_extent_voxels(dim), &mean, &sd);
  *fits = sd > 0 && vg_mask_box(roi, dim, MARGIN, lo, r->dim);
  if (!*fits) return VG_OK;
  for (int a = 0; a < 3; a++) *fits &= r->dim[a] >= LEAST_SIDE && r->dim[a] >= ceil(WIDEST / r->mm[a]) + 1;
  const size_t n = vg_extent_voxels(r->dim);
  r->image = vg_malloc(n, sizeof *r->image);
  r->roi = vg_malloc(n, 1);
  if (!r->image || !r->roi) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) {
    int at[3];
    vg_extent_at(r->dim, i, at);
    const size_t from = vg_extent_index(dim, lo[0] + at[0], lo[1] + at[1], lo[2] + at[2]);
    r->image[i] = ((double)image[from] - mean) / sd * SCALE;
    r->roi[i] = roi[from] != 0;
    r->inside += r->roi[i];
  }
  *fits &= r->inside > 1;
  return VG_OK;
}

static vg_status measure(const region *r, const double *image, double out[VG_RADIOMICS_OF_IMAGE]) {
  vg_levels l;
  vg_status st = vg_levels_make(image, r->roi, r->dim, &l);
  double *values = vg_malloc(r->inside, sizeof *values);
  if (!st && !values) st = VG_MEMORY;
  if (!st && l.n) {
    size_t n = 0;
    for (size_t i = 0, all = vg_extent_voxels(r->dim); i < all; i++)
      if (r->roi[i]) values[n++] = image[i];
    vg_radiomics_first_order(values, n, &l, r->mm[0] * r->mm[1] * r->mm[2], out);
    st = vg_radiomics_glcm(&l, out + 18);
    if (!st) st = vg_radiomics_glrlm(&l, out + 40);
    if (!st) st = vg_radiomics_glszm(&l, out + 56);
    if (!st) st = vg_radiomics_ngtdm(&l, out + 72);
  }
  vg_free(values);
  vg_levels_release(&l);
  return st;
}

vg_status vg_radiomics_compute(const float *image, const uint8_t *roi, const int dim[3], const double mm[3],
                               double out[VG_RADIOMICS_FEATURES]) {
  region r = {.mm = mm};
  bool fits;
  for (int i = 0; i < VG_RADIOMICS_FEATURES; i++) out[i] = NAN;
  vg_status st = cut(image, roi, dim, &r, &fits);
  double *filtered = !st && fits ? vg_malloc(vg_extent_voxels(r.dim), sizeof *filtered) : NULL;
  if (!st && fits && !filtered) st = VG_MEMORY;
  if (!st && fits) st = measure(&r, r.image, out);
  for (int k = 1; k < VG_RADIOMICS_IMAGES && fits && !st; k++) {
    st = k <= SIGMAS ? vg_radiomics_log(r.image, r.dim, mm, sigmas[k - 1], filtered)
                     : vg_radiomics_wavelet(r.image, r.dim, (unsigned)(k - 1 - SIGMAS), filtered);
    if (!st) st = measure(&r, filtered, out + k * VG_RADIOMICS_OF_IMAGE);
  }
  vg_free(filtered);
  region_release(&r);
  return st;
}
