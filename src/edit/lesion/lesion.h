/* lesion.h: a tumour taken out of its maps, to be turned, scaled and put down elsewhere.
 *
 * Its classes are nested regions: region k holds every voxel of the k-th class or of a deeper one (tissue.h).
 * So the class of a voxel is that of the deepest region around it, and any label map is represented exactly.
 * Each region is a signed distance field. To put the lesion down on another grid we interpolate the fields:
 * nesting survives, and surfaces stay smooth. The level of each region is chosen so that its volume is exact
 * to the voxel, even if the brain's edge or a ventricle leaves less room.
 */
#ifndef VG_EDIT_LESION_H
#define VG_EDIT_LESION_H
#include "edit/lesion/site.h"
#include "voxgan/edit.h"

/* Voxels around the tumour's box, so that fields slope outwards at its faces. */
#define VG_LESION_MARGIN 2

typedef struct vg_lesion {
  int n;                        /* regions, outermost first */
  uint8_t code[VG_CLASSES_MAX]; /* of a voxel whose deepest region is k */
  double ml[VG_CLASSES_MAX];    /* volume of region k, with the regions nested in it */
  vg_geometry geo;              /* of the fields: the tumour's box with a margin */
  float *field[VG_CLASSES_MAX]; /* (Z, Y, X) signed distance, mm, negative inside */
  double centre[3];             /* of mass, world mm of the source maps */
  size_t pieces;   /* components of region 0 by 26 neighbours; put down, it has at most as many */
  size_t n_points; /* sample points of region 0, evenly spread: */
  float *points;   /* (n_points, 3) offsets from the centre, mm */
} vg_lesion;

/* Takes the tumour of maps, or its voxels within `only` (mask, may be NULL). VG_REFUSED: there is none. */
vg_status vg_lesion_take(const vg_maps *maps, const uint8_t *only, vg_lesion *out);
void vg_lesion_release(vg_lesion *l);

/* How to put a lesion down: a world point x of the host shows the lesion's point
 *   centre + linear * (x - at) + warp(x). */
typedef struct vg_lesion_pose {
  double at[3];        /* the new centre of the lesion, world mm of the host */
  double linear[3][3]; /* host offset -> lesion offset: the inverse of rotation and scaling */
  double ml_factor;    /* factor of the lesion's volumes */
  /* A smooth displacement, mm, at most warp_reach long; NULL: none. */
  void (*warp)(const void *field, const double mm[3], double displacement[3]);
  const void *warp_field;
  double warp_reach;
} vg_lesion_pose;
vg_lesion_pose vg_lesion_pose_at(const double at[3]);                /* unturned, unscaled */
void vg_lesion_pose_scale(vg_lesion_pose *pose, double factor);      /* factor of the volume */
void vg_lesion_pose_turn(vg_lesion_pose *pose, double r[3][3]);      /* r: a rotation or reflection */
void vg_rotation_of_angles(const double degrees[3], double r[3][3]); /* about x, then y, then z */
void vg_rotation_random(vg_rng *rng, double r[3][3]);                /* all equally likely */

/* Host world -> lesion world, without the warp. */
vg_affine vg_lesion_pose_affine(const vg_lesion *l, const vg_lesion_pose *pose);

/* Share of the lesion's points that land on allowed voxels of a grid, without the warp. */
double vg_lesion_fit(const vg_lesion *l, const vg_lesion_pose *pose, const vg_geometry *geo,
                     const uint8_t *allowed);

/* Writes the lesion over maps->tumour, within allowed. VG_REFUSED, with maps unchanged: less than rules->fit
 * of its shape lands on allowed voxels, or its volume has no room. put (may be NULL): mask, (Z, Y, X) 0/1, in
 * which the voxels written are marked. */
vg_status vg_lesion_put(vg_maps *maps, const vg_lesion *l, const vg_lesion_pose *pose, const uint8_t *allowed,
                        const vg_site_rules *rules, uint8_t *put);

#endif
