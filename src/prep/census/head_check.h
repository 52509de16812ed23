/* head_check.h: tells whole heads from skull-stripped brains; the sizes of brains. */
#ifndef VG_PREP_HEAD_CHECK_H
#define VG_PREP_HEAD_CHECK_H
#include "voxgan/dataset.h"

/* Millilitres above which what stands out from the background is more than a brain. The largest of 23 brains
 * of the healthy and of patients had 1,690. */
#define VG_BRAIN_MOST_ML 1900
/* An adult's brain with its fluid has 1,000 to 1,900 ml. Beyond these limits it is a child's, or the voxel
 * size is wrong. */
#define VG_FOUND_BRAIN_LEAST_ML 750
#define VG_FOUND_BRAIN_MOST_ML 2200

/* Warns of each source whose scans seem to be whole heads: of 8 subjects at most, spread over the data set,
 * at least half have a foreground larger than a brain. Subjects with an anatomy map do not count: it shows
 * their brain. *found: there is such a source. */
vg_status vg_dataset_warn_of_heads(const vg_dataset *ds, bool *found);

#endif
