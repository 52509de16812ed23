/* site.h: the voxels where a tumour may lie. */
#ifndef VG_EDIT_SITE_H
#define VG_EDIT_SITE_H
#include "edit/brain/frame.h"
#include "voxgan/edit.h"

/* Parameters of every edit that chooses a site for a tumour, for its params table. */
#define VG_SITE_PARAMS                                                                                 \
  {.name = "gap",                                                                                      \
   .type = VG_PARAM_NUMBER,                                                                            \
   .def = 5,                                                                                           \
   .least = 0,                                                                                         \
   .most = 100,                                                                                        \
   .unit = "mm",                                                                                       \
   .help = "least distance to other tumours"},                                                         \
      {.name = "fit",                                                                                  \
       .type = VG_PARAM_NUMBER,                                                                        \
       .def = 0.6,                                                                                     \
       .least = 0,                                                                                     \
       .most = 1,                                                                                      \
       .unit = "",                                                                                     \
       .help = "least share of the shape on allowed tissue; the surface elsewhere takes up the rest"}, \
      {.name = "tries",                                                                                \
       .type = VG_PARAM_WHOLE,                                                                         \
       .def = 100,                                                                                     \
       .least = 1,                                                                                     \
       .most = 100000,                                                                                 \
       .unit = "",                                                                                     \
       .help = "sites tried before giving up"},                                                        \
  {                                                                                                    \
    .name = "anywhere", .type = VG_PARAM_FLAG,                                                         \
    .help = "let the tumour overlap ventricles and other tumours, but not leave the brain"             \
  }

/* A parameter that is a world coordinate; NAN: not given. Include math.h. */
#define VG_SITE_COORDINATE(axis, text)                                                             \
  {                                                                                                \
    .name = axis, .type = VG_PARAM_NUMBER, .def = NAN, .least = -1000, .most = 1000, .unit = "mm", \
    .help = text                                                                                   \
  }

typedef struct vg_site_rules {
  double gap, fit;
  int tries;
  bool anywhere;
} vg_site_rules;

/* Sets allowed, (Z, Y, X) 0/1, to the brain voxels that lie outside the ventricles (mask, or NULL) and at
 * least `gap` mm from maps->tumour, which must hold the other tumours only. With `anywhere`, all of the brain
 * is allowed. */
vg_status vg_site_allowed(const vg_maps *maps, const vg_site_rules *rules, const uint8_t *ventricles,
                          uint8_t *allowed);

/* Whether a voxel, at mm, lies in a named region. */
bool vg_site_is_in(const vg_maps *maps, const vg_brain_frame *frame, const char *region, size_t voxel,
                   const double mm[3]);

/* The brain of a named region, ml, without tissue of the head (vg_class_head_table()). */
double vg_site_region_ml(const vg_maps *maps, const vg_brain_frame *frame, const char *region);

/* Draws the centre (world mm) of an allowed voxel of a region, all equally likely. VG_REFUSED: the region has
 * none. */
vg_status vg_site_draw(const vg_maps *maps, const uint8_t *allowed, const vg_brain_frame *frame,
                       const char *region, vg_rng *rng, double mm[3]);

/* Clears in allowed the mask and the voxels nearer than `gap` mm to it. */
vg_status vg_site_keep_off(const vg_geometry *geo, const uint8_t *mask, double gap, uint8_t *allowed);

/* Sets band to the voxels that lie `least` to `most` mm from the mask. */
vg_status vg_site_band(const vg_geometry *geo, const uint8_t *mask, double least, double most, uint8_t *band);

/* Finds the allowed voxel (world mm) nearest to the middle of a region: the mean of the region's brain
 * voxels, on the side of `near` if the region has any there. VG_REFUSED: no voxel of the region is allowed.
 */
vg_status vg_site_middle(const vg_maps *maps, const uint8_t *allowed, const vg_brain_frame *frame,
                         const char *region, const double near[3], double mm[3]);

#endif
