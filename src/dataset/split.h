/* split.h: a split of a data set as JSON, for split.json and run folders. */
#ifndef VG_DATASET_SPLIT_H
#define VG_DATASET_SPLIT_H
#include "io/json.h"
#include "voxgan/dataset.h"

/* {"train": [ids], "val": [ids]} */
vg_json *vg_dataset_split_json(const vg_dataset *ds, const bool *is_val);

#endif
