/* evaluate_maps.h: label maps of a case, and distances to the surfaces of what they label. */
#ifndef VG_EVAL_EVALUATE_MAPS_H
#define VG_EVAL_EVALUATE_MAPS_H
#include "voxgan/dataset.h"
#include "voxgan/labels.h"

/* One map as class index + 1, (Z, Y, X) of geo; data NULL where there is none. Zero at first; _release. */
typedef struct eval_map {
  uint8_t *data;
  vg_geometry geo;
  const char *path;
} eval_map;

/* path NULL: leaves out as it is. */
vg_status vg_eval_map_read(const char *path, const vg_scheme *scheme, const vg_classes *classes, vg_role role,
                           eval_map *out);
void vg_eval_map_release(eval_map *m);

/* Signed distance, mm, to the surface of a mask (vg_signed_distance), in a box that holds all within some
 * reach of it; distance NULL for an empty mask. */
typedef struct eval_surface {
  int lo[3], extent[3];
  float *distance; /* (extent z, y, x) */
} eval_surface;

/* Of the voxels whose label (0 to 255) is a member. Caller: _release. */
vg_status vg_eval_surface(const eval_map *map, const uint8_t *member, double reach, eval_surface *out);
void vg_eval_surface_release(eval_surface *s);

#endif
