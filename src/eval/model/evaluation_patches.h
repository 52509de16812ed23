/* evaluation_patches.h: the patches that an evaluation shows: those that gave the synthetic set away. */
#ifndef VG_EVAL_EVALUATION_PATCHES_H
#define VG_EVAL_EVALUATION_PATCHES_H
#include "eval/model/evaluation.h"

enum { EVAL_PATCHES_SHOWN = 36, EVAL_PATCHES_OF_ONE = 4 }; /* of a side; of a subject */

typedef struct eval_patch {
  char *id;
  bool synthetic;
  int at[3];
  double logit;
  uint8_t *voxels; /* (series, edge, edge) */
} eval_patch;

struct eval_patches {
  vg_series_list series;
  int edge;
  size_t n;
  eval_patch list[2 * EVAL_PATCHES_SHOWN]; /* the synthetic side's first, the strongest first */
};

vg_status vg_eval_patches_new(vg_eval *e, const vg_series_list *series, int edge);
/* Copies its arguments. At most EVAL_PATCHES_SHOWN of a side. */
vg_status vg_eval_add_patch(vg_eval *e, const char *id, bool synthetic, const int at[3], double logit,
                            const uint8_t *voxels);
void vg_eval_patches_free(struct eval_patches *p);

#endif
