/* change.h: the steps that all edits of a tumour share: take the tumour out, put it down again, heal the
 * tissue that it left, and let the tissue that it gained push. */
#ifndef VG_EDIT_CHANGE_H
#define VG_EDIT_CHANGE_H
#include "edit/lesion/lesion.h"
#include "edit/displace/mass.h"
#include "edit/lesion/search.h"

typedef struct vg_change {
  vg_maps *maps;
  const vg_edit_call *call;
  vg_site_rules rules;
  vg_mass_settings mass;
  vg_brain_frame frame; /* if asked for */
  uint8_t *before;      /* the tumour map as it was */
  uint8_t *allowed;     /* where tumour may be put */
  vg_lesion lesion;     /* if one is taken */
} vg_change;

/* The values of VG_MASS_PARAMS and of VG_SITE_PARAMS in a call. */
vg_mass_settings vg_mass_of_call(const vg_edit_call *call);
vg_site_rules vg_site_rules_of_call(const vg_edit_call *call);

/* Leaves the tumours of maps where they are; new tumour keeps away from them. */
vg_status vg_change_begin(vg_change *c, vg_maps *maps, const vg_edit_call *call, bool with_frame);
/* Takes the tumour out of maps. Its old voxels count as allowed, even those that other rules forbid.
 * VG_REFUSED "the case has no tumour to VERB". */
vg_status vg_change_take(vg_change *c, vg_maps *maps, const vg_edit_call *call, const char *verb,
                         bool with_frame);

/* Puts the taken lesion down at `at`, or at the nearest site where it fits. */
vg_status vg_change_put_near(vg_change *c, vg_lesion_pose *pose, const double at[3]);

/* st: the status of the edit's own step. After a success, voxels that are no longer tumour heal if their
 * anatomy is unknown, and new tumour voxels push. After a failure the tumour map is restored. */
vg_status vg_change_end(vg_change *c, vg_status st);

#endif
