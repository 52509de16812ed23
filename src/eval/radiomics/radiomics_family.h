/* radiomics_family.h: a family of radiomic features, as pyradiomics' classes: one row of radiomics.def. */
#ifndef VG_EVAL_RADIOMICS_FAMILY_H
#define VG_EVAL_RADIOMICS_FAMILY_H
#include "eval/radiomics/radiomics_levels.h"

/* A region, and all that a family may need of it. */
typedef struct vg_radiomics_region {
  const vg_radiomics_levels *levels; /* at least one */
  double *values;                    /* (levels->n_inside) intensities; a family may reorder them */
  const double *mm;
  double shift; /* makes intensities positive in Energy, TotalEnergy and RootMeanSquared */
} vg_radiomics_region;

typedef struct vg_radiomics_family {
  const char *name;                                                /* as in pyradiomics' names of features */
  const char *features[22];                                        /* as many as the row says */
  vg_status (*compute)(const vg_radiomics_region *r, double *out); /* VG_MEMORY */
} vg_radiomics_family;

#define VG_RADIOMICS(name, n, v0, v1) extern const vg_radiomics_family vg_radiomics_family_##name;
#include "registry/radiomics.def"

#endif
