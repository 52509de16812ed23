/* search.h: the search for a place that a lesion fits. */
#ifndef VG_EDIT_SEARCH_H
#define VG_EDIT_SEARCH_H
#include "edit/lesion/lesion.h"

/* Which places are tried: the nominal one, then places at growing distance from it; without one, places
 * drawn evenly. All but the nominal are allowed voxels of the region. */
typedef struct vg_search {
  const uint8_t *allowed;
  const uint8_t *centres;      /* mask of voxels that places are drawn from; NULL: allowed */
  const vg_brain_frame *frame; /* may be NULL where region is "any" */
  const char *region;
  bool keep_side;        /* of a left- or right- region: fit counts what crosses the midplane as not landed */
  const double *nominal; /* world mm; NULL */
  double reach;          /* farthest from the nominal place, mm */
  const char *what;      /* is placed, for the message: "a tumour" */
} vg_search;

/* The half of the brain that a point lies in, as a region. */
const char *vg_search_side(const vg_brain_frame *frame, const double mm[3]);

/* Puts the lesion down at the first place where rules->fit of its shape is on allowed tissue; the pose's `at`
 * is set. VG_REFUSED, for example "no place for a tumour of 40.2 ml in region left-temporal: 100 tried, the
 * best had 41% of it on allowed tissue". */
vg_status vg_search_place(vg_maps *maps, const vg_lesion *lesion, vg_lesion_pose *pose,
                          const vg_search *search, const vg_place_rules *rules, vg_rng *rng, uint8_t *put);

#endif
