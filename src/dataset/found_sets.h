/* found_sets.h: the data sets in a folder that holds several. */
#ifndef VG_DATASET_FOUND_SETS_H
#define VG_DATASET_FOUND_SETS_H
#include <stdbool.h>
#include <stddef.h>
#include "voxgan/status.h"

typedef struct vg_found_set {
  char *path;
  const char *layout; /* as guessed for this folder alone */
  bool shared;        /* the folder holds other data sets too, so that --layout must name this one */
} vg_found_set;

typedef struct vg_found_sets {
  vg_found_set *sets;
  size_t n;
  size_t others; /* volumes of no known layout */
  char *other;   /* the first of them; NULL */
} vg_found_sets;
void vg_found_sets_release(vg_found_sets *f);

/* Finds the data sets below a folder: one that is the folder itself, or several, where subfolders have files
 * of different layouts. A folder that has the name of its one subject is no data set of its own. */
vg_status vg_found_sets_look(const char *root, vg_found_sets *out);

#endif
