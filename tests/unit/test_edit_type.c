/* test_edit_type.c: the classes of a tumour become exactly those requested, to the voxel, and nothing else
 * changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scratch.h"
#include "mini_tree.h"
#include "model_head.h"
#include "edit/brain/tissue.h"
#include "voxgan/edit.h"
#include "grid/grid.h"

static const double at[3] = {-28, -20, 14};

static vg_maps head(void) {
  return model_head(model_grid(1.5, 1.5, 2, 10), at, 18);
}

static vg_status apply(vg_maps *m, const char *text) {
  vg_edit_chain chain = {0};
  vg_edit_context context = {.seed = 1, .key = 2};
  vg_status st = vg_edit_chain_add(&chain, text);
  if (!st) st = vg_edit_chain_apply(&chain, m, &context, NULL);
  vg_edit_chain_release(&chain);
  return st;
}

static vg_maps edited(const char *text) {
  vg_maps m = head();
  must(apply(&m, text));
  return m;
}

static bool is_core(const vg_maps *m, size_t i) {
  return m->tumour[i] && m->tumour[i] != MAKER_OEDEMA;
}

static size_t core_size(const vg_maps *m) {
  size_t n = 0, all = vg_geometry_voxels(&m->geo);
  for (size_t i = 0; i < all; i++) n += is_core(m, i);
  return n;
}

static void same_core(const vg_maps *a, const vg_maps *b) {
  size_t all = vg_geometry_voxels(&a->geo);
  for (size_t i = 0; i < all; i++) assert_int_equal(is_core(a, i), is_core(b, i));
}

/* Signed distance to the core's surface (vg_free). */
static float *core_distance(const vg_maps *m) {
  size_t all = vg_geometry_voxels(&m->geo);
  uint8_t *mask = vg_malloc(all, 1);
  float *d = vg_malloc(all, sizeof *d);
  double mm[3];
  assert_true(mask && d);
  for (size_t i = 0; i < all; i++) mask[i] = is_core(m, i);
  vg_geometry_spacing(&m->geo, mm);
  must(vg_signed_distance(mask, m->geo.dim, mm, d));
  vg_free(mask);
  return d;
}

static void no_change(void **state) {
  (void)state;
  vg_maps before = head(), m = edited("type");
  assert_true(maps_equal(&before, &m));
  vg_maps_release(&before);
  vg_maps_release(&m);
}

static void shares(void **state) {
  (void)state;
  static const double asked[] = {0, 0.05, 0.37, 0.5, 0.999, 1};
  static const char *const kinds[] = {"keep", "ring", "none"};
  vg_maps before = head();
  size_t core = core_size(&before);
  for (size_t k = 0; k < 3; k++)
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
      char text[96];
      snprintf(text, sizeof text, "type:enhancing=%s,necrosis=%g", kinds[k], asked[i]);
      vg_maps m = edited(text);
      same_core(&before, &m);
      /* The classes are BraTS': a core that does not enhance is necrosis. */
      size_t wanted = k == 2 ? core : (size_t)llround(asked[i] * (double)core);
      assert_int_equal(count_code(&m, MAKER_NECROSIS), wanted);
      assert_int_equal(count_code(&m, MAKER_ENHANCING), core - wanted);
      assert_int_equal(count_code(&m, MAKER_OEDEMA), count_code(&before, MAKER_OEDEMA));
      /* No voxel of the necrosis lies nearer to the surface than one that is none. */
      float *d = core_distance(&m), shallowest = -INFINITY, deepest = INFINITY;
      size_t all = vg_geometry_voxels(&m.geo);
      for (size_t v = 0; v < all; v++) {
        if (m.tumour[v] == MAKER_NECROSIS) shallowest = fmaxf(shallowest, d[v]);
        if (m.tumour[v] == MAKER_ENHANCING) deepest = fminf(deepest, d[v]);
      }
      assert_true(shallowest <= deepest);
      vg_free(d);
      vg_maps_release(&m);
    }
  vg_maps_release(&before);
}

static void ring(void **state) {
  (void)state;
  vg_maps m = edited("type:enhancing=ring,rim=4");
  float *d = core_distance(&m);
  size_t all = vg_geometry_voxels(&m.geo);
  for (size_t v = 0; v < all; v++)
    if (is_core(&m, v)) assert_int_equal(m.tumour[v], d[v] > -4 ? MAKER_ENHANCING : MAKER_NECROSIS);
  assert_true(count_code(&m, MAKER_NECROSIS) > 100);
  vg_free(d);
  vg_maps_release(&m);
}

static void oedema(void **state) {
  (void)state;
  vg_maps before = head();
  for (int width = 0; width <= 16; width += 4) {
    char text[64];
    snprintf(text, sizeof text, "type:oedema=%d", width);
    vg_maps m = edited(text);
    same_core(&before, &m);
    float *d = core_distance(&m);
    size_t all = vg_geometry_voxels(&m.geo);
    uint8_t *ventricles = vg_malloc(all, 1);
    must(vg_ventricles_find(&m, NULL, ventricles));
    for (size_t v = 0; v < all; v++) {
      if (is_core(&m, v)) {
        assert_int_equal(m.tumour[v], before.tumour[v]);
        continue;
      }
      bool wanted = width && d[v] <= width && m.brain[v] && !ventricles[v];
      /* Tissue that a ventricle separates from the core is excluded. */
      if (m.tumour[v]) assert_true(wanted);
      if (wanted && d[v] <= width / 3.0) assert_int_equal(m.tumour[v], MAKER_OEDEMA);
    }
    assert_memory_equal(m.anatomy, before.anatomy, all);
    assert_memory_equal(m.brain, before.brain, all);
    vg_free(d);
    vg_free(ventricles);
    vg_maps_release(&m);
  }
  vg_maps_release(&before);
}

/* Across a ventricle lies brain that is near in a straight line only. */
static void oedema_hangs_together(void **state) {
  (void)state;
  vg_maps m = head();
  size_t all = vg_geometry_voxels(&m.geo), i = 0;
  memset(m.tumour, 0, all);
  /* Fluid between two slabs, from skull to skull. */
  for (int z = 0; z < m.geo.dim[2]; z++)
    for (int y = 0; y < m.geo.dim[1]; y++)
      for (int x = 0; x < m.geo.dim[0]; x++, i++) {
        double p[3];
        vg_affine_apply(&m.geo.affine, (double[]){x, y, z}, p);
        if (m.brain[i] && fabs(p[0]) < 4) m.anatomy[i] = MAKER_CSF;
        if (m.brain[i] && ellipsoid(p, -12, 0, 10, 6, 6, 6) < 1) m.tumour[i] = MAKER_NECROSIS;
      }
  uint8_t *ventricles = vg_malloc(all, 1);
  must(vg_ventricles_find(&m, NULL, ventricles));
  size_t wet = 0;
  for (size_t v = 0; v < all; v++) wet += ventricles[v];
  must(apply(&m, "type:oedema=20"));
  vg_tumour_facts f;
  must(vg_tumour_measure(&m, &f));
  assert_true(wet > 0);
  assert_int_equal(f.components, 1);
  vg_free(ventricles);
  vg_maps_release(&m);
}

static void healed_where_unknown(void **state) {
  (void)state;
  vg_maps m = head();
  size_t all = vg_geometry_voxels(&m.geo);
  for (size_t i = 0; i < all; i++)
    if (m.tumour[i]) m.anatomy[i] = 0;
  must(apply(&m, "type:oedema=0"));
  for (size_t i = 0; i < all; i++)
    if (m.brain[i] && !m.tumour[i]) assert_true(m.anatomy[i] > 0);
  vg_maps_release(&m);
}

static void grades(void **state) {
  (void)state;
  vg_maps before = head(), low = edited("type:grade=low"), high = edited("type:grade=high");
  same_core(&before, &low);
  same_core(&before, &high);
  assert_int_equal(count_code(&low, MAKER_ENHANCING), 0);
  assert_int_equal(count_code(&low, MAKER_NECROSIS), core_size(&before));
  assert_in_range(count_code(&low, MAKER_OEDEMA), 1, count_code(&before, MAKER_OEDEMA));
  vg_maps ring3 = edited("type:enhancing=ring,rim=3");
  assert_true(maps_equal(&ring3, &high));
  /* A parameter overrides the grade. */
  vg_maps own = edited("type:grade=low,enhancing=keep,oedema=6,necrosis=0.25");
  assert_int_equal(count_code(&own, MAKER_NECROSIS), llround(0.25 * (double)core_size(&before)));
  assert_true(count_code(&own, MAKER_OEDEMA) > count_code(&low, MAKER_OEDEMA));
  /* And back: low grade made high again. */
  must(apply(&low, "type:grade=high,necrosis=0.5"));
  assert_int_equal(count_code(&low, MAKER_NECROSIS), llround(0.5 * (double)core_size(&before)));
  vg_maps_release(&before);
  vg_maps_release(&low);
  vg_maps_release(&high);
  vg_maps_release(&ring3);
  vg_maps_release(&own);
}

/* With a class of its own for the core that neither enhances nor died. */
static void four_classes(void **state) {
  (void)state;
  vg_maps before = head(), m;
  must(vg_classes_add_name(&before.classes, "nonenhancing", VG_ROLE_TUMOUR));
  int solid = before.classes.n;
  size_t core = core_size(&before);
  must(vg_maps_copy(&before, &m));
  must(apply(&m, "type:grade=low"));
  assert_int_equal(count_code(&m, solid), core);
  must(apply(&m, "type:enhancing=ring,rim=2,necrosis=0.1"));
  assert_int_equal(count_code(&m, MAKER_NECROSIS), llround(0.1 * (double)core));
  assert_true(count_code(&m, solid) > 50 && count_code(&m, MAKER_ENHANCING) > 50);
  must(apply(&m, "type:enhancing=none"));
  assert_int_equal(count_code(&m, MAKER_ENHANCING), 0);
  assert_int_equal(count_code(&m, MAKER_NECROSIS), llround(0.1 * (double)core));
  must(apply(&m, "type:necrosis=0"));
  assert_int_equal(count_code(&m, solid), core);
  same_core(&before, &m);
  vg_maps_release(&before);
  vg_maps_release(&m);
}

static void mass(void **state) {
  (void)state;
  vg_maps off = edited("type:oedema=20"), on = edited("type:oedema=20,mass=0.5");
  size_t all = vg_geometry_voxels(&on.geo), moved = 0;
  for (size_t i = 0; i < all; i++) moved += on.anatomy[i] != off.anatomy[i];
  assert_true(moved > 100);
  assert_memory_equal(on.tumour, off.tumour, all);
  assert_memory_equal(on.brain, off.brain, all);
  vg_maps_release(&off);
  vg_maps_release(&on);
}

static void refused(void **state) {
  (void)state;
  vg_maps m = model_head(model_grid(3, 3, 3, 0), NULL, 0);
  must_say(apply(&m, "type:grade=low"), VG_REFUSED, "type: there is no tumour");
  vg_maps_release(&m);
  m = head();
  size_t all = vg_geometry_voxels(&m.geo);
  for (size_t i = 0; i < all; i++)
    if (m.tumour[i]) m.tumour[i] = MAKER_OEDEMA;
  must_say(apply(&m, "type:grade=low"), VG_REFUSED, "no core");
  vg_maps_release(&m);
  /* Classes that cannot say it: a scheme of oedema and one core class. */
  m = head();
  strcpy(m.classes.names[MAKER_NECROSIS - 1], "core");
  strcpy(m.classes.names[MAKER_ENHANCING - 1], "rest");
  vg_maps copy;
  must(vg_maps_copy(&m, &copy));
  must_say(apply(&m, "type:grade=high"), VG_REFUSED, "no class enhancing");
  must_say(apply(&m, "type:enhancing=none"), VG_REFUSED, "no class necrosis");
  must_say(apply(&m, "type:necrosis=0.5"), VG_REFUSED, "no class necrosis");
  assert_true(maps_equal(&m, &copy));
  strcpy(m.classes.names[MAKER_OEDEMA - 1], "halo");
  must_say(apply(&m, "type:oedema=5"), VG_REFUSED, "no class oedema");
  vg_maps_release(&m);
  vg_maps_release(&copy);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_change),
      cmocka_unit_test(shares),
      cmocka_unit_test(ring),
      cmocka_unit_test(oedema),
      cmocka_unit_test(oedema_hangs_together),
      cmocka_unit_test(healed_where_unknown),
      cmocka_unit_test(grades),
      cmocka_unit_test(four_classes),
      cmocka_unit_test(mass),
      cmocka_unit_test(refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
