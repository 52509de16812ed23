/* run_data.h: what a training run learns from: subjects found, classes decided, split, cases prepared. */
#ifndef VG_RUN_DATA_H
#define VG_RUN_DATA_H
#include "prep/cache/cache_use.h"
#include "prep/prep.h"
#include "prep/randomise/randomise.h"
#include "study/train_edits.h"
#include "voxgan/run.h"

typedef struct run_data {
  vg_dataset set;
  bool *is_val; /* set.n */
  vg_prep_settings prep;
  vg_case *train, *val; /* prepared, in the order of set */
  size_t n_train, n_val;
  bool *last;                     /* n_train: the case is of the last data set */
  vg_range ranges[VG_SERIES_MAX]; /* medians over the training cases */
  vg_train_edits *edits;          /* NULL without train.edits */
  vg_cache_use use;
  int patch[3]; /* D, H, W, resolved */
  int box[3];   /* D, H, W about a tumour, see tumour_crop.h; 0 unless train.w_local is set */
} run_data;

/* split_path: an existing split.json to follow, or NULL to draw one. cache: folder. known: classes whose
 * parts of tumours the run takes, if it has the same. */
vg_status vg_run_data_open(const vg_train_options *o, const char *split_path, const char *cache,
                           const vg_classes *known, run_data *out);
void vg_run_data_release(run_data *d);

/* The cases that validations score, *n of them: those held out, else the first that are trained on. */
vg_case *vg_run_validated(const run_data *d, size_t *n);
/* What the cases' maps of kinds mean, edited or not. */
const vg_kinds *vg_run_kinds(const run_data *d);
/* The settings of synthetic images. */
void vg_run_randomise(const vg_config *c, vg_randomise *out);

#endif
