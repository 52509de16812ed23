/* experiment_design.h: rows, augmentation and seeds, and the jobs that they make. */
#ifndef VG_EXPERIMENT_DESIGN_H
#define VG_EXPERIMENT_DESIGN_H
#include <stdbool.h>
#include <stddef.h>
#include "io/json.h"

typedef struct experiment_row {
  const char *name, *text; /* as the command line has it; as a person does */
  bool real, synth;        /* what is trained on */
  bool tuned;              /* on a share of real, after synthetic */
} experiment_row;

#define EXPERIMENT_ROWS 4
/* In the order of a report; the first is what the others are compared with. */
const experiment_row *vg_experiment_row_at(int i); /* NULL past the last */

typedef struct experiment_design {
  bool rows[EXPERIMENT_ROWS];
  bool augmented[2]; /* [0] without, [1] with */
  int first_seed, seeds;
} experiment_design;

typedef struct experiment_job {
  const experiment_row *row;
  bool augmented;
  int seed;
  char name[64]; /* of its folder: "real+synthetic-augmented-seed1" */
} experiment_job;

/* rows, augmentation: as in vg_experiment_options. VG_USAGE names what is unknown or given twice. */
vg_status vg_experiment_design_parse(const char *rows, const char *augmentation, int seeds, int first_seed,
                                     experiment_design *out);
size_t vg_experiment_design_jobs(const experiment_design *d);
/* Job k: seed by seed, so that what is finished first can be compared first. */
experiment_job vg_experiment_design_job(const experiment_design *d, size_t k);

vg_json *vg_experiment_design_json(const experiment_design *d);
/* VG_DATA: not what the former wrote. */
vg_status vg_experiment_design_read(const vg_json *j, const char *name, experiment_design *out);

#endif
