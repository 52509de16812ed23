/* dataset_apart.h: a data set that is read must not lie where a command writes. */
#ifndef VG_DATASET_APART_H
#define VG_DATASET_APART_H
#include "voxgan/dataset.h"

/* VG_USAGE where one of the data set's folders or manifests and out overlap (base/apart.h), or one of its
 * files lies in out, through links too. VG_OK if out does not exist. */
vg_status vg_dataset_apart(const vg_dataset *ds, const char *out);

#endif
