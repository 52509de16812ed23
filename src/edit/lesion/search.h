/* search.h: the search for a site where a lesion fits. */
#ifndef VG_EDIT_SEARCH_H
#define VG_EDIT_SEARCH_H
#include "edit/lesion/lesion.h"

/* The sites to try: first the nominal one, then sites at a growing distance from it. Without a nominal site,
 * all allowed voxels are equally likely. Every site but the nominal one is an allowed voxel of the region. */
typedef struct vg_search {
  const uint8_t *allowed;
  const uint8_t *centres;      /* mask of the voxels to draw sites from; NULL: allowed */
  const vg_brain_frame *frame; /* may be NULL if region is "any" */
  const char *region;
  bool keep_side;        /* in a left- or right- region, the fit excludes what crosses the midplane */
  const double *nominal; /* world mm; NULL */
  double reach;          /* greatest distance from the nominal site, mm */
  const char *what;      /* what is put down, for messages: "a tumour" */
} vg_search;

/* The hemisphere of a point, as a region. */
const char *vg_search_side(const vg_brain_frame *frame, const double mm[3]);

/* Puts the lesion down at the first site where at least rules->fit of its shape is on allowed tissue, and
 * sets pose->at to it. VG_REFUSED, for example "no site for a tumour of 40.2 ml in region left-temporal: 100
 * tried, the best had 41% of it on allowed tissue". */
vg_status vg_search_site(vg_maps *maps, const vg_lesion *lesion, vg_lesion_pose *pose,
                         const vg_search *search, const vg_site_rules *rules, vg_rng *rng, uint8_t *put);

#endif
