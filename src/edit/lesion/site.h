/* place.h: where a tumour may be. */
#ifndef VG_EDIT_PLACE_H
#define VG_EDIT_PLACE_H
#include "edit/brain/frame.h"
#include "voxgan/edit.h"

/* Parameters that every edit that places a tumour takes, for its params table. */
#define VG_PLACE_PARAMS                                                                                   \
  {.name = "gap",                                                                                         \
   .type = VG_PARAM_NUMBER,                                                                               \
   .def = 5,                                                                                              \
   .least = 0,                                                                                            \
   .most = 100,                                                                                           \
   .unit = "mm",                                                                                          \
   .help = "least distance to other tumours"},                                                            \
      {.name = "fit",                                                                                     \
       .type = VG_PARAM_NUMBER,                                                                           \
       .def = 0.6,                                                                                        \
       .least = 0,                                                                                        \
       .most = 1,                                                                                         \
       .unit = "",                                                                                        \
       .help = "least share of the shape on allowed tissue; the surface elsewhere takes up the rest"},    \
      {.name = "tries",                                                                                   \
       .type = VG_PARAM_WHOLE,                                                                            \
       .def = 100,                                                                                        \
       .least = 1,                                                                                        \
       .most = 100000,                                                                                    \
       .unit = "",                                                                                        \
       .help = "places tried before giving up"},                                                          \
  {                                                                                                       \
    .name = "anywhere", .type = VG_PARAM_FLAG,                                                            \
    .help = "let the tumour overlap ventricles and other tumours; it stays inside the brain all the same" \
  }

/* A world coordinate, as a parameter; NAN: not given. Include math.h. */
#define VG_PLACE_COORDINATE(axis, text)                                                            \
  {                                                                                                \
    .name = axis, .type = VG_PARAM_NUMBER, .def = NAN, .least = -1000, .most = 1000, .unit = "mm", \
    .help = text                                                                                   \
  }

typedef struct vg_place_rules {
  double gap, fit;
  int tries;
  bool anywhere;
} vg_place_rules;

/* Where tumour may be, (Z, Y, X) 0/1: inside the brain; not in ventricles (mask, or NULL), not nearer than
 * gap to voxels of maps->tumour, unless anywhere. maps->tumour holds the other tumours only. */
vg_status vg_place_allowed(const vg_maps *maps, const vg_place_rules *rules, const uint8_t *ventricles,
                           uint8_t *allowed);

/* A voxel centre (world mm) drawn evenly from the allowed voxels of a region. VG_REFUSED when there is none.
 */
vg_status vg_place_draw(const vg_maps *maps, const uint8_t *allowed, const vg_brain_frame *frame,
                        const char *region, vg_rng *rng, double mm[3]);

/* Takes what is nearer than gap to the mask, and the mask itself, out of allowed. */
vg_status vg_place_keep_off(const vg_geometry *geo, const uint8_t *mask, double gap, uint8_t *allowed);

/* The voxels that lie `least` to `most` mm from the mask. */
vg_status vg_place_band(const vg_geometry *geo, const uint8_t *mask, double least, double most,
                        uint8_t *band);

/* The allowed voxel of a region (world mm) nearest to the region's middle: the mean of its brain voxels, of
 * those on the same side as `near` where the region has any there. VG_REFUSED when there is none. */
vg_status vg_place_middle(const vg_maps *maps, const uint8_t *allowed, const vg_brain_frame *frame,
                          const char *region, const double near[3], double mm[3]);

#endif
