/* recall.h: the data and settings of a run, for `train --out RUN --resume` without further arguments. */
#ifndef VG_JOBS_RECALL_H
#define VG_JOBS_RECALL_H
#include "voxgan/dataset.h"

/* The data sets that a run learns from. */
typedef struct vg_recalled {
  char **paths, **layouts; /* n each */
  int n;
} vg_recalled;

/* Where a run keeps its settings and its data sets. */
#define VG_RUN_CONFIG "config.json"
#define VG_RUN_DATA "data.json"

/* Reads RUN/data.json. n is 0 where the run has none. */
vg_status vg_recall_data(const char *run, vg_recalled *out);
void vg_recalled_release(vg_recalled *r);
/* Writes it, with absolute paths. */
vg_status vg_recall_write(const char *run, const vg_roots *roots);

#endif
