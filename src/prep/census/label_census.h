/* label_census.h: counts the classes that label maps show. */
#ifndef VG_DATA_LABEL_CENSUS_H
#define VG_DATA_LABEL_CENSUS_H
#include "voxgan/dataset.h"

/* Says how many maps show each class of each source's schemes, and in which volumes, and warns of classes
 * that none shows. Reads 64 maps of a source at most, spread over the data set. Maps that cannot be read are
 * ignored. anatomy, tumour: which maps. *whole (or NULL): the only value of all tumour maps, if classes of
 * their scheme never occur, so that it may be the whole tumour; else 0. */
vg_status vg_dataset_take_census(const vg_dataset *ds, bool anatomy, bool tumour, uint16_t *whole);

#endif
