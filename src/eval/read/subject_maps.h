/* subject_maps.h: label maps of a case, and distances to the surfaces of what they label. */
#ifndef VG_EVAL_EVALUATE_MAPS_H
#define VG_EVAL_EVALUATE_MAPS_H
#include "voxgan/dataset.h"
#include "voxgan/labels.h"
#include "voxgan/metric.h"

/* One map as class index + 1, (Z, Y, X) of geo; data NULL where there is none. Zero at first; _release. */
typedef struct eval_map {
  uint8_t *data;
  vg_geometry geo;
  const char *path;
} eval_map;

/* path NULL: leaves out as it is. */
vg_status vg_eval_map_read(const char *path, const vg_scheme *scheme, const vg_classes *classes, vg_role role,
                           eval_map *out);
/* A subject's anatomy map; of a source that allows it to lie on a grid of its own, on that of the subject's
 * tumour map, or else its first series. */
vg_status vg_eval_anatomy_read(const vg_dataset *ds, const vg_subject *s, const vg_classes *classes,
                               eval_map *out);
void vg_eval_map_release(eval_map *m);

/* The surface of the voxels whose label (0 to 255) is a member, in a box of that reach (mm). Caller:
 * _release. */
vg_status vg_eval_surface(const eval_map *map, const uint8_t *member, double reach, vg_surface *out);
void vg_eval_surface_release(vg_surface *s);

#endif
