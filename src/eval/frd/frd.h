/* frd.h: suite frd: the Frechet radiomics distance between the real and the synthetic set. */
#ifndef VG_EVAL_FRD_H
#define VG_EVAL_FRD_H
#include <stdbool.h>
#include "eval/model/eval_study.h"
#include "eval/radiomics/radiomics.h"
#include "eval/set/set_distance.h"

/* The distance of each version in settings.frd, by series, in the brain and in the tumour: features
 * (radiomics.h) are scaled, and then the squared Frechet distance follows, as frd-score 1.0 gives it. Images
 * are in [-1, 1] and cut to the brain's box before a version reads them. VG_CONFIG: no such version. */
vg_status vg_frd_run(eval_study *s, const vg_eval_settings *set);

/* The values of one feature; each a row of features. */
typedef struct vg_frd_column {
  const double *const *real, *const *synth;
  size_t n_real, n_synth, feature;
} vg_frd_column;

/* A version of the distance: one row of frd.def. */
typedef struct vg_frd_version {
  const char *metric; /* row of set_metrics.def */
  const vg_radiomics_kind *kind;
  double mm;           /* images with finer voxels are averaged to it; 0: none is */
  double offset, gain; /* features are computed of (v + offset) * gain */
  bool logarithm;      /* of the squared distance */
  double undefined;    /* takes the place of a scaled feature that is not finite */
  /* A scaled feature is (v - *zero) / *unit. Returns false if the feature is to be dropped. */
  bool (*scale)(const vg_frd_column *c, double *zero, double *unit);
} vg_frd_version;

#define VG_FRD(name, help) extern const vg_frd_version vg_frd_##name;
#include "registry/frd.def"

/* "v1,v0" as bits in the order of frd.def; NULL: the first row. VG_CONFIG: no such version. */
vg_status vg_frd_parse(const char *text, unsigned *bits);

/* The squared distance of two lists of rows (n, features of the version), with its interval and floor. Rows
 * with a NaN in the first column do not count; *n_real, *n_synth: rows that count. VG_OK with *dims 0: no
 * feature remains. */
vg_status vg_frd_distance(const vg_frd_version *version, const double *real, size_t *n_real,
                          const double *synth, size_t *n_synth, size_t *dims, vg_set_distance *out);

#endif
