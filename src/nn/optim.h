/* optim.h: Adam over a network's parameters. */
#ifndef VG_NN_OPTIM_H
#define VG_NN_OPTIM_H
#include "nn/block.h"

/* Moments of the trained parameters, in the order of params. */
typedef struct vg_adam {
  vg_params *params; /* borrowed */
  double beta1, beta2;
  int n;
  vg_tensor **value, **exp_avg, **exp_avg_sq; /* value borrowed, moments owned */
  const char **name;                          /* borrowed */
} vg_adam;

vg_status vg_adam_init(vg_adam *a, vg_params *params, double beta1, double beta2);
void vg_adam_release(vg_adam *a);
/* Step t (from 1) from the parameters' gradients. VG_NONFINITE, and nothing changed, when a gradient is not
 * finite. */
vg_status vg_adam_update(vg_adam *a, double lr, int64_t t);

/* Copies of tensors, so that a step that fails leaves everything as it was, bit for bit. The copies are
 * the current scope's. */
typedef struct vg_undo {
  vg_tensor **list; /* tensor, copy, tensor, copy, ... */
  int n, cap;
} vg_undo;

vg_status vg_undo_keep_adam(vg_undo *u, const vg_adam *a);         /* values and moments */
vg_status vg_undo_keep_statistics(vg_undo *u, const vg_params *p); /* of batch norm */
vg_status vg_undo_apply(const vg_undo *u);
void vg_undo_release(vg_undo *u);

#endif
