/* label_census.h: finds classes of a scheme that label maps never show. */
#ifndef VG_DATA_LABEL_CENSUS_H
#define VG_DATA_LABEL_CENSUS_H
#include "voxgan/dataset.h"

/* Warns of the classes of each source's schemes that no label map shows. Reads maps until every class was
 * seen, and 64 at most, spread over the data set. Maps that cannot be read are ignored. anatomy, tumour:
 * which maps. */
vg_status vg_dataset_warn_of_classes(const vg_dataset *ds, bool anatomy, bool tumour);

#endif
