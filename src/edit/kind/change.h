/* change.h: what the edits of a tumour share around their own step: the tumour is taken out, put down again,
 * the place that it left heals, and what it gained pushes. */
#ifndef VG_EDIT_CHANGE_H
#define VG_EDIT_CHANGE_H
#include "edit/lesion/lesion.h"
#include "edit/brain/mass.h"
#include "edit/lesion/search.h"

typedef struct vg_change {
  vg_maps *maps;
  const vg_edit_call *call;
  vg_place_rules rules;
  vg_mass_settings mass;
  vg_brain_frame frame; /* where asked for */
  uint8_t *before;      /* the tumour map as it was */
  uint8_t *allowed;     /* where tumour may be put */
  vg_lesion lesion;     /* where one is taken */
} vg_change;

/* The parameters of VG_MASS_PARAMS and of VG_PLACE_PARAMS, as the call has them. */
vg_mass_settings vg_mass_of_call(const vg_edit_call *call);
vg_place_rules vg_place_of_call(const vg_edit_call *call);

/* Nothing is taken: the tumours of maps stay, and are kept off. */
vg_status vg_change_begin(vg_change *c, vg_maps *maps, const vg_edit_call *call, bool with_frame);
/* Takes the tumour out of maps; where it was, it may stay, also where allowed leaves no room. VG_REFUSED "the
 * case has no tumour to VERB". */
vg_status vg_change_take(vg_change *c, vg_maps *maps, const vg_edit_call *call, const char *verb,
                         bool with_frame);

/* The taken lesion put down at `at`, or as near as fit asks. */
vg_status vg_change_put_near(vg_change *c, vg_lesion_pose *pose, const double at[3]);

/* st is that of the edit's own step: after a success, voxels that are tumour no more heal where their anatomy
 * is not known, and those that have become tumour push; after a failure the tumour map is as it was. */
vg_status vg_change_end(vg_change *c, vg_status st);

#endif
