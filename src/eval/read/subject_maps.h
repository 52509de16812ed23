/* subject_maps.h: label maps of a case, and distances to the surfaces of labelled regions. */
#ifndef VG_EVAL_EVALUATE_MAPS_H
#define VG_EVAL_EVALUATE_MAPS_H
#include "voxgan/dataset.h"
#include "voxgan/labels.h"
#include "voxgan/metric.h"

/* One map as class index + 1, (Z, Y, X) of geo; data NULL if there is none. Zero at first; _release. */
typedef struct eval_map {
  uint8_t *data;
  vg_geometry geo;
  const char *path;
} eval_map;

/* path NULL: does not touch out. */
vg_status vg_eval_map_read(const char *path, const vg_scheme *scheme, const vg_classes *classes, vg_role role,
                           eval_map *out);
/* Reads a subject's anatomy map. If the source allows the map its own grid, resamples it to the grid of the
 * subject's tumour map, or else of its first series. */
vg_status vg_eval_anatomy_read(const vg_dataset *ds, const vg_subject *s, const vg_classes *classes,
                               eval_map *out);
void vg_eval_map_release(eval_map *m);

/* Computes the surface of the voxels whose label (0 to 255) is a member, in a box with margin `reach` (mm).
 * The caller releases it. */
vg_status vg_eval_surface(const eval_map *map, const uint8_t *member, double reach, vg_surface *out);
void vg_eval_surface_release(vg_surface *s);

#endif
