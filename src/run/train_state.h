/* train_state.h: where a run stands, and how that survives a stop. */
#ifndef VG_RUN_TRAIN_STATE_H
#define VG_RUN_TRAIN_STATE_H
#include "run/model_file.h"
#include "run/run_data.h"

typedef struct train_state {
  int epoch, batch; /* the next to do: epoch from 0, batch within it */
  int64_t step;     /* optimiser steps done */
  double best;      /* lowest validation MAE so far; infinite before the first */
  double seconds;   /* of training, over all sessions */
} train_state;

/* checkpoints/last.safetensors: both networks, both Adams, and the state. Atomic. */
vg_status checkpoint_save(const char *run, vg_gan *gan, const train_state *s);
/* Restores it; *found is false (and nothing is changed) when the run has none. */
vg_status checkpoint_load(const char *run, vg_gan *gan, train_state *s, bool *found);
/* Drops the log's lines of steps after the one that a resumed run continues from. */
vg_status log_rewind(const char *log_path, int64_t step);

#endif
