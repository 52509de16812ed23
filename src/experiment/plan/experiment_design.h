/* experiment_design.h: rows, augmentation and seeds, and the jobs that follow from them. */
#ifndef VG_EXPERIMENT_DESIGN_H
#define VG_EXPERIMENT_DESIGN_H
#include <stdbool.h>
#include <stddef.h>
#include "io/json.h"

/* What a row trains on. */
typedef struct experiment_kind {
  const char *name, *text; /* name: for the command line; text: for people */
  bool real, synth;        /* training data */
  bool tuned;              /* fine-tuned on a share of real, after synthetic */
} experiment_kind;

typedef struct experiment_row {
  const experiment_kind *kind;
  size_t most;   /* synthetic cases, drawn again for each seed; 0: all */
  char name[48]; /* "real+synthetic:20" */
} experiment_row;

#define EXPERIMENT_ROWS 16

typedef struct experiment_design {
  experiment_row rows[EXPERIMENT_ROWS]; /* row real first, if there is one: the others are compared with it */
  int n_rows;
  bool augmented[2]; /* [0] without, [1] with */
  int first_seed, seeds;
} experiment_design;

/* "on" or "off", as on the command line and in all results. */
const char *vg_experiment_augmentation(bool augmented);
/* The index of row real, or -1. */
int vg_experiment_design_baseline(const experiment_design *d);

typedef struct experiment_job {
  int row; /* index into the design's rows */
  const experiment_kind *kind;
  size_t most;
  bool augmented;
  int seed;
  char name[80]; /* name of its folder: "real+synthetic-20-augmented-seed1" */
} experiment_job;

/* rows, augmentation: as in vg_experiment_options. VG_USAGE: the message names the item that is unknown or
 * repeated. */
vg_status vg_experiment_design_parse(const char *rows, const char *augmentation, int seeds, int first_seed,
                                     experiment_design *out);
size_t vg_experiment_design_jobs(const experiment_design *d);
/* Returns job k. Jobs run seed by seed, so that the first finished jobs can already be compared. */
experiment_job vg_experiment_design_job(const experiment_design *d, size_t k);

vg_json *vg_experiment_design_json(const experiment_design *d);
/* Reads what vg_experiment_design_json() wrote, else VG_DATA. */
vg_status vg_experiment_design_read(const vg_json *j, const char *name, experiment_design *out);

#endif
