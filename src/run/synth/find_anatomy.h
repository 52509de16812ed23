/* find_anatomy.h: anatomy maps that a model finds in the images of a data set. */
#ifndef VG_RUN_FIND_ANATOMY_H
#define VG_RUN_FIND_ANATOMY_H
#include "voxgan/dataset.h"

/* Makes an anatomy map of every subject of set by a model of image2label, in a folder below `beside` whose
 * name tells the model and the images, so that finished maps are kept. Gives the maps to the subjects, in
 * place of those that they have. VG_DATA: a subject lacks a series that the model reads. */
vg_status vg_find_anatomy(const char *model, const char *beside, const char *device, int threads,
                          vg_dataset *set);

#endif
