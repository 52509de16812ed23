/* radiomics_levels.h: a region's grey levels, which all texture matrices are made of. */
#ifndef VG_EVAL_RADIOMICS_LEVELS_H
#define VG_EVAL_RADIOMICS_LEVELS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

enum { VG_LEVELS_MAX = 4096, VG_DIRECTIONS = 13 };
/* What pyradiomics adds to a probability under a logarithm. */
#define VG_LEVEL_EPS 2.220446049250313e-16

/* The box of the region with a margin of one voxel, so that every voxel of the region has all neighbours. */
typedef struct vg_radiomics_levels {
  int dim[3];
  size_t voxels;                 /* of the box */
  ptrdiff_t step[VG_DIRECTIONS]; /* to one of each pair of opposite neighbours */
  int n_steps;
  uint16_t *at; /* (voxels) index of the level + 1; 0: outside the region */
  size_t n_inside;
  int n, most;   /* levels that occur; the largest level */
  double *value; /* (n) the levels, 1 and up, ascending */
  double *count; /* (n) voxels */
} vg_radiomics_levels;

/* Bins from the largest multiple of their width that is not above the least value. n 0: too many levels.
 * data and roi: (Z, Y, X) of dim; the region is not empty. _release also after a failure. */
vg_status vg_radiomics_levels_make(const double *data, const uint8_t *roi, const int dim[3], double width,
                                   vg_radiomics_levels *out);
void vg_radiomics_levels_release(vg_radiomics_levels *l);

/* The co-occurrence matrix (n, n) of a direction: how often two levels are neighbours, counted both ways.
 * Returns its sum. */
double vg_radiomics_levels_pairs(const vg_radiomics_levels *l, ptrdiff_t step, double *p);

/* ---- the features of one image, by class, in the order of their names ---- */

/* values: the region's n intensities; reorders them. */
void vg_radiomics_first_order(double *values, size_t n, const vg_radiomics_levels *l, double shift,
                              double voxel_mm3, double out[18]);
vg_status vg_radiomics_glcm(const vg_radiomics_levels *l, double out[22]);
vg_status vg_radiomics_mcc(const vg_radiomics_levels *l, double out[2]);
vg_status vg_radiomics_gldm(const vg_radiomics_levels *l, double out[14]);
vg_status vg_radiomics_glrlm(const vg_radiomics_levels *l, double out[16]);
vg_status vg_radiomics_glszm(const vg_radiomics_levels *l, double out[16]);
vg_status vg_radiomics_ngtdm(const vg_radiomics_levels *l, double out[5]);

#endif
