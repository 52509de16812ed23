/* maps_maker.h: label maps drawn by a function of the position, or taken from the phantom.
 *
 * Include after cmocka.h and mini_tree.h. */
#ifndef VG_TESTS_MAPS_MAKER_H
#define VG_TESTS_MAPS_MAKER_H
#include "voxgan/maps.h"
#include "voxgan/phantom.h"
#include "base/pool.h"

enum { MAKER_CSF = 1, MAKER_GM, MAKER_WM, MAKER_NECROSIS, MAKER_OEDEMA, MAKER_ENHANCING };

/* csf, gm, wm, necrosis, oedema, enhancing: the codes above. */
static inline vg_classes maker_classes(void) {
  static const char *const names[] = {"csf", "gm", "wm", "necrosis", "oedema", "enhancing"};
  vg_classes c = {0};
  for (int i = 0; i < 6; i++)
    must(vg_classes_add_name(&c, names[i], i < 3 ? VG_ROLE_ANATOMY : VG_ROLE_TUMOUR));
  return c;
}

/* Anatomy code at a place of the world, 0 outside the brain. */
typedef uint8_t (*maker_tissue)(const void *arg, const double mm[3]);

static inline vg_maps maker_maps(const vg_geometry *geo, maker_tissue at, const void *arg) {
  vg_maps m;
  vg_classes classes = maker_classes();
  must(vg_maps_new(geo, &classes, &m));
  size_t i = 0;
  for (int z = 0; z < geo->dim[2]; z++)
    for (int y = 0; y < geo->dim[1]; y++)
      for (int x = 0; x < geo->dim[0]; x++, i++) {
        double ijk[3] = {x, y, z}, mm[3];
        vg_affine_apply(&geo->affine, ijk, mm);
        m.anatomy[i] = at(arg, mm);
        m.brain[i] = m.anatomy[i] != 0;
      }
  return m;
}

/* Marks a ball, of any class where only tissue is 0, in a map of m (anatomy or tumour) or a mask; returns its
 * number of voxels. Only inside the brain. */
static inline size_t maker_ball(const vg_maps *m, const double centre[3], double radius, uint8_t value,
                                uint8_t *map) {
  size_t i = 0, n = 0;
  for (int z = 0; z < m->geo.dim[2]; z++)
    for (int y = 0; y < m->geo.dim[1]; y++)
      for (int x = 0; x < m->geo.dim[0]; x++, i++) {
        double ijk[3] = {x, y, z}, mm[3], d = 0;
        vg_affine_apply(&m->geo.affine, ijk, mm);
        for (int a = 0; a < 3; a++) d += (mm[a] - centre[a]) * (mm[a] - centre[a]);
        if (d > radius * radius || !m->brain[i]) continue;
        map[i] = value;
        n++;
      }
  return n;
}

/* Fails each allocation of fn in turn: it says so, and leaves nothing behind. */
static inline void maker_starve(vg_status (*fn)(vg_maps *m), vg_maps *m) {
  vg_threads_set(1);
  long live = vg_mem_live();
  vg_status st = VG_MEMORY;
  for (long at = 1; st; at++) {
    vg_mem_fail_after(at);
    st = fn(m);
    vg_mem_fail_after(0);
    assert_true(!st || st == VG_MEMORY);
    assert_int_equal(vg_mem_live(), live);
  }
  vg_threads_set(0);
}

/* Tissues of a healthy phantom whose largest side has size voxels, axes R, A, S. */
static inline vg_maps maker_phantom(int size, uint64_t seed) {
  vg_phantom_settings s = {.subjects = 1, .size = {size, size, size}, .layout = "bids", .seed = seed};
  vg_labelmap tissue;
  must(vg_phantom_make(&s, 0, false, NULL, NULL, &tissue));
  must(vg_labelmap_canonicalise(&tissue));
  vg_classes classes = maker_classes();
  vg_maps m;
  must(vg_maps_new(&tissue.geo, &classes, &m));
  size_t n = vg_geometry_voxels(&tissue.geo);
  for (size_t i = 0; i < n; i++) m.anatomy[i] = (uint8_t)tissue.data[i], m.brain[i] = tissue.data[i] != 0;
  vg_labelmap_release(&tissue);
  return m;
}

#endif
