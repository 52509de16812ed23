/* trainer.h: a training in progress, which train.c and the files train_*.c work on. */
#ifndef VG_RUN_TRAINER_H
#define VG_RUN_TRAINER_H
#include "run/group/run_group.h"
#include "run/model_file.h"
#include "run/train/checkpoint.h"
#include "run/train/run_data.h"
#include "run/train/run_folder.h"
#include "run/train/train_log.h"
#include "sample/loader.h"
#include "voxgan/run.h"

typedef struct trainer {
  const vg_train_options *o;
  vg_run_claim claim;
  bool cleared;    /* the folder holds a new run from here on */
  vg_group *group; /* of the processes that train; NULL: this one alone. Rank 0 writes the folder */
  group_clock group_began;
  bool stopping; /* all processes stop here, and know it */
  run_data data;
  model_info info; /* what goes into the model file */
  vg_gan *gan;
  vg_loader *loader;
  vg_randomise randomise; /* the loader borrows it */
  train_state state;
  vg_device device;
  vg_gan_objective objective;
  size_t need;           /* estimated bytes of a step, or of saving a checkpoint if that needs more */
  bool saves;            /* need is that of saving */
  size_t budget;         /* bytes that were free at the start; 0: not known */
  char limit[160];       /* what sets budget; "": the device */
  int n_batches;         /* of a step, of all processes */
  vg_gan_batch *batches; /* n_batches: those of this process in a step come first */
  float **copies;        /* n_batches: the data of each, where a process has several in a step; else NULL */
  train_log log;
  int64_t saved_step; /* of the last checkpoint, or where this session began */
  double saved_at;    /* vg_now */
  double caught_up;   /* vg_now: when the losses of a GPU's steps were read last */
  char *init;         /* the model that the first weights were taken from in this session, or NULL */
  vg_gan_transfer taken;
} trainer;

/* train_setup.c */

/* Whether this process writes the folder. */
bool vg_trainer_writes(const trainer *t);
/* The path of a file in the run (vg_free). */
vg_status vg_trainer_path(const trainer *t, const char *name, char **out);
vg_status vg_trainer_open_data(trainer *t, bool continues);
/* Makes the networks. VG_MEMORY before they are made, where a step would not fit. */
vg_status vg_trainer_build(trainer *t);
vg_status vg_trainer_open_loader(trainer *t);
void vg_trainer_close_loader(trainer *t);
void vg_trainer_say_plan(const trainer *t);
/* VG_MEMORY with what would fit. */
vg_status vg_trainer_fail_memory(const trainer *t, const char *why);

/* train_step.c */

/* The next step of an epoch that is not at its end. VG_NONFINITE: the step changed no weight. */
vg_status vg_trainer_step(trainer *t);
/* Reads the losses of the steps since the last call, which a GPU has kept. VG_NONFINITE when one of them
 * stops the run. */
vg_status vg_trainer_catch_up(trainer *t);

/* train_save.c */

vg_status vg_trainer_save_checkpoint(trainer *t);
/* Whether a checkpoint is due besides those at validations. */
bool vg_trainer_checkpoint_due(const trainer *t);
/* Validates, and saves the models and a checkpoint. */
vg_status vg_trainer_validate(trainer *t);
/* Saves all for a later --resume, and returns VG_INTERRUPTED. */
vg_status vg_trainer_stop(trainer *t);
/* Adds the last good checkpoint to the message of a loss, gradient or score that is not finite. */
vg_status vg_trainer_fail_not_finite(const trainer *t);

/* train_cost.c */

/* Times a few steps, and says what the run will cost. */
vg_status vg_trainer_say_cost(trainer *t);

#endif
