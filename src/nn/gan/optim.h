/* optim.h: Adam over a network's parameters. */
#ifndef VG_NN_OPTIM_H
#define VG_NN_OPTIM_H
#include "nn/layer/block.h"

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
/* Step t (from 1) from the parameters' gradients. skip NULL: VG_NONFINITE, and nothing changed, when a
 * gradient is not finite; otherwise it says so itself, as vg_adam_step's does. clock as vg_adam_step's. */
vg_status vg_adam_update(vg_adam *a, double lr, int64_t t, vg_tensor *skip, vg_tensor *clock);

/* Copies of tensors, so that a step that fails leaves everything as it was, bit for bit. The copies are
 * the current scope's. */
typedef struct vg_undo {
  vg_tensor **list; /* tensor, copy, tensor, copy, ... */
  int n, cap;
} vg_undo;

vg_status vg_undo_keep_adam(vg_undo *u, const vg_adam *a);         /* values and moments */
vg_status vg_undo_keep_statistics(vg_undo *u, const vg_params *p); /* of batch norm */
vg_status vg_undo_apply(const vg_undo *u);
/* The same where flag is not 0, without waiting to know; faults are kept for vg_tensor_check. */
void vg_undo_apply_where(const vg_undo *u, vg_tensor *flag);
void vg_undo_release(vg_undo *u);

#endif
