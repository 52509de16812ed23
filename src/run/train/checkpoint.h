/* checkpoint.h: the position of a run, saved so that it survives a stop.
 *
 * A checkpoint is checkpoints/step-NNNNNNNNN.safetensors: both networks, both Adams, the moving average and
 * the train_state, sealed by a checksum and written atomically. Random streams are functions of the seed and
 * of positions that the state holds, so a resumed run draws what the uninterrupted one would have. */
#ifndef VG_RUN_CHECKPOINT_H
#define VG_RUN_CHECKPOINT_H
#include "nn/nn.h"

/* Sums over the epoch in progress. */
typedef struct epoch_sums {
  vg_gan_losses losses;
  int64_t steps, volumes, skipped;
  double seconds, waited; /* in all, and for the loader */
  double lr_g, lr_d;      /* of the last step */
} epoch_sums;

typedef struct train_state {
  int64_t epoch, batch; /* the next to do: epoch from 0, batch within it */
  int64_t batches;      /* of an epoch */
  int64_t validate;     /* 1: the epoch before is logged, and is to be validated before anything else */
  int64_t step;         /* optimiser steps done */
  double best;          /* lowest cost of a validation so far; infinite before the first */
  int64_t best_step;    /* when that was */
  double seconds;       /* of training, over all sessions */
  int64_t log_bytes;    /* of log.jsonl */
  epoch_sums sums;
} train_state;

/* Saves; then removes all but the newest keep checkpoints up to this step, and the best one. */
vg_status vg_checkpoint_save(const char *run, vg_gan *gan, const train_state *s, int keep);
/* Restores the newest checkpoint whose checksum is right, and warns of each damaged one. *found
 * is false (and nothing is changed) when the run has none; VG_DATA when all are damaged. */
vg_status vg_checkpoint_load(const char *run, vg_gan *gan, train_state *s, bool *found);
/* A GAN that is not to be trained on, with the newest checkpoint's discriminator; it is built only once its
 * tensors were found there. *out is NULL when the run has no checkpoint. */
vg_status vg_checkpoint_load_discriminator(const char *run, const vg_gan_spec *spec,
                                           const vg_gan_objective *objective, vg_device device, vg_gan **out);
/* Path of the newest checkpoint (vg_free); *out is NULL where there is none. */
vg_status vg_checkpoint_newest(const char *run, char **out);
/* Removes all. */
vg_status vg_checkpoint_clear(const char *run);

#endif
