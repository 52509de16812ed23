/* mix.h: one data set of nnU-Net from real and synthetic cases, with folds that validate on real cases only.
 */
#ifndef VG_MIX_H
#define VG_MIX_H
#include "voxgan/dataset.h"
#include "voxgan/output.h"

typedef struct vg_mix_options {
  const char *real, *synth, *out;
  const char *real_layout, *synth_layout; /* NULL: guessed */
  const char *tumour_scheme;              /* of both; NULL */
  const char *name;                       /* "501_Mixed"; NULL */
  const char *like;    /* a data set of nnU-Net whose channels, labels and regions the new one takes; NULL */
  const char *licence; /* for dataset.json; NULL */
  const char *key;     /* key file of an anonymous synthetic data set; NULL */
  int folds;
  uint64_t seed;  /* of the draw of folds */
  bool unchecked; /* trains on synthetic cases of unknown sources in every fold */
  bool copy;      /* copies the images instead of linking to them */
  bool skip_incomplete;
} vg_mix_options;

/* Writes OUT/DatasetNNN_NAME: imagesTr with links, labelsTr, dataset.json, splits_final.json and README.md.
 * Ids begin with real_ or synth_. VG_DATA: a case lacks a series or its tumour map, a class has no value,
 * grids of a case differ, or the sources of the synthetic cases are unknown. VG_USAGE: out holds other files.
 */
vg_status vg_mix(const vg_mix_options *options);

#endif
