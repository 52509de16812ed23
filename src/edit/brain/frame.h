/* frame.h: the brain's own coordinates: the plane between its hemispheres, its axes, and named regions. */
#ifndef VG_EDIT_FRAME_H
#define VG_EDIT_FRAME_H
#include <stdbool.h>
#include "voxgan/maps.h"

/* The origin lies on the midsagittal plane, at the middle of the brain's extent along the other two axes.
 * Front and up follow the world's axes as closely as the plane allows, because symmetry does not show how far
 * a head nods. */
typedef struct vg_brain_frame {
  double origin[3];   /* world mm */
  double axis[3][3];  /* unit vectors to the right, to the front, up */
  double reach[3][2]; /* extent of the brain along each axis from the origin, mm: least (negative) and most;
                         a ten-thousandth of the brain may lie beyond each */
} vg_brain_frame;

/* Takes as midsagittal plane the one, near the middle and tilted by at most 20 degrees, about which the brain
 * mask (and the known tissues) are most symmetric. VG_REFUSED: there is no brain. */
vg_status vg_frame_find(const vg_maps *maps, vg_brain_frame *out);

/* From world mm to -1..1 along each axis of the brain (0 is the origin), and back. */
void vg_frame_to_unit(const vg_brain_frame *f, const double mm[3], double unit[3]);
void vg_frame_from_unit(const vg_brain_frame *f, const double unit[3], double mm[3]);
/* The mirrored point in the other hemisphere, world mm. */
void vg_frame_mirror(const vg_brain_frame *f, const double mm[3], double out[3]);

/* Named regions: the hemispheres, and the lobes, each also with left- and right-. No atlas is needed: planes
 * in unit coordinates put every point into one lobe (region.c). deep is an ellipsoid around the basal ganglia
 * and thalami; cerebellum is everything below the tentorium, including the brainstem; where the anatomy map
 * has a class of that name, it is that class. "any" is the whole brain. brainstem is no region of the frame:
 * the anatomy class of that name shows it. */
#define VG_REGION_STEM "brainstem"
#define VG_REGION_CEREBELLUM "cerebellum"
#define VG_REGIONS                                                                                        \
  "any|left-hemisphere|right-hemisphere|frontal|left-frontal|right-frontal|parietal|left-parietal|right-" \
  "parietal|"                                                                                             \
  "temporal|left-temporal|right-temporal|occipital|left-occipital|right-occipital|deep|left-deep|right-"  \
  "deep|"                                                                                                 \
  "cerebellum|left-cerebellum|right-cerebellum|" VG_REGION_STEM
bool vg_frame_in_region(const vg_brain_frame *f, const char *region, const double mm[3]);

#endif
