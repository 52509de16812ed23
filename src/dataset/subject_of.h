/* subject_of.h: finds a subject by its id. */
#ifndef VG_SUBJECT_OF_H
#define VG_SUBJECT_OF_H
#include "voxgan/dataset.h"

/* The subject of that id in a data set whose subjects are sorted, or NULL. */
const vg_subject *vg_dataset_subject_of(const vg_dataset *ds, const char *id);

#endif
