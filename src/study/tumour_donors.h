/* tumour_donors.h: tumours that edits may graft into the label maps of training samples: those of a data set,
 * or of phantoms. */
#ifndef VG_STUDY_TUMOUR_DONORS_H
#define VG_STUDY_TUMOUR_DONORS_H
#include "study/map_cache.h"
#include "voxgan/rng.h"

typedef struct vg_tumour_donors vg_tumour_donors;

/* Opens the data set in `folder`, whose subjects with a tumour map are the donors; folder "": phantoms. Adds
 * the classes of their tumours to classes. VG_CONFIG: no subject has a tumour map. */
vg_status vg_tumour_donors_open(const char *folder, uint64_t seed, vg_classes *classes,
                                vg_tumour_donors **out);
void vg_tumour_donors_free(vg_tumour_donors *d);
/* The classes of the maps that are given from now on; they include those of the tumours. */
void vg_tumour_donors_set_classes(vg_tumour_donors *d, const vg_classes *classes);

/* A user of the donors holds one at a time. By {.of = donors}, and vg_donor_hold_release. */
typedef struct vg_donor_hold {
  vg_tumour_donors *of;
  const vg_map_entry *held;
  vg_memo *memo;    /* learns what is known of the donors; NULL */
  vg_pieces pieces; /* of the donors so far, added up */
} vg_donor_hold;
void vg_donor_hold_release(vg_donor_hold *h);
/* As the donor of vg_edit_context, which describes it; hold: a vg_donor_hold. Any number of threads may call
 * it. */
vg_status vg_tumour_donors_give(void *hold, const char *id, vg_rng *rng, const vg_maps **maps,
                                const char **used);

#endif
