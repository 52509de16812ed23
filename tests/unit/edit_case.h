/* edit_case.h: runs edits written as users write them, and checks what must hold after each. Include after
 * model_head.h. */
#ifndef VG_TESTS_EDIT_CASE_H
#define VG_TESTS_EDIT_CASE_H
#include "voxgan/edit.h"

static inline vg_status edit_donor(void *donors, const char *id, vg_rng *rng, const vg_maps **maps,
                                   const char **used) {
  (void)rng, (void)id;
  *maps = donors;
  *used = "donor";
  return VG_OK;
}

/* donor may be NULL. */
static inline vg_status edit(vg_maps *maps, const char *text, uint64_t key, vg_maps *donor) {
  vg_edit_chain chain = {0};
  vg_edit_context context = {.seed = 7, .key = key, .donors = donor, .donor = donor ? edit_donor : NULL};
  must(vg_edit_chain_add(&chain, text));
  vg_status st = vg_edit_chain_apply(&chain, maps, &context, NULL);
  vg_edit_chain_release(&chain);
  return st;
}

/* Only known classes of the right role, and no label outside the brain; ventricles: nor tumour in the model
 * head's. */
static inline void assert_sound(const vg_maps *m, bool ventricles) {
  size_t i = 0;
  for (int z = 0; z < m->geo.dim[2]; z++)
    for (int y = 0; y < m->geo.dim[1]; y++)
      for (int x = 0; x < m->geo.dim[0]; x++, i++) {
        uint8_t a = m->anatomy[i], t = m->tumour[i];
        if (!a && !t) continue;
        assert_true(m->brain[i] == 1);
        assert_true(!a || (a <= m->classes.n && m->classes.roles[a - 1] == VG_ROLE_ANATOMY));
        assert_true(!t || (t <= m->classes.n && m->classes.roles[t - 1] == VG_ROLE_TUMOUR));
        double p[3];
        vg_affine_apply(&m->geo.affine, (double[]){x, y, z}, p);
        if (t && ventricles && fabs(p[0]) < 16 && fabs(p[1]) < 35 && fabs(p[2]) < 18)
          assert_true(model_tissue(NULL, p) != MAKER_CSF);
      }
}

#endif
