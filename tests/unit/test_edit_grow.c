/* test_edit_grow.c: tumours grown from a seed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "model_head.h"
#include "edit_case.h"
#include "grid/grid.h"
#include "base/pool.h"

/* A ball of white matter to the right, grey to the left, in a shell of fluid. */
static uint8_t halves(const void *arg, const double mm[3]) {
  (void)arg;
  double r = sqrt(mm[0] * mm[0] + mm[1] * mm[1] + mm[2] * mm[2]);
  return r > 34 ? 0 : r > 31 ? MAKER_CSF : mm[0] > 0 ? MAKER_WM : MAKER_GM;
}

static uint8_t only_white(const void *arg, const double mm[3]) {
  return halves(arg, mm) ? MAKER_WM : 0;
}

static vg_maps ball(maker_tissue tissue) {
  vg_geometry g = mini_geometry("RAS", 72, 72, 72, 1, 1, 1);
  return maker_maps(&g, tissue, NULL);
}

static vg_tumour_facts measure(const vg_maps *m) {
  vg_tumour_facts f;
  must(vg_tumour_measure(m, &f));
  return f;
}

static double ml_of(const vg_tumour_facts *f, int code) {
  return f->ml[code - 1];
}

static void volume_is_as_asked_in_tissue_alone(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double ml;
  } cases[] = {{"grow:ml=20", 20}, {"grow:ml=0.3,roughness=1", 0.3}, {"grow:ml=70,white=10,fit=0.2", 70}};
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    vg_maps m = ball(halves);
    must(edit(&m, cases[c].text, c, NULL));
    vg_tumour_facts f = measure(&m);
    assert_float_equal(f.total_ml, cases[c].ml, 1e-9);
    assert_float_equal(f.outside_ml, 0, 0);
    assert_int_equal(f.components, 1);
    size_t n = vg_geometry_voxels(&m.geo);
    for (size_t i = 0; i < n; i++) assert_true(!m.tumour[i] || m.anatomy[i] > MAKER_CSF);
    vg_maps_release(&m);
  }
}

/* Maps of whole heads may label the skull, where no tumour of the brain lies. */
static void the_skull_is_no_site(void **state) {
  (void)state;
  for (uint64_t c = 0; c < 4; c++) {
    vg_maps m = ball(halves);
    snprintf(m.classes.names[MAKER_GM - 1], sizeof m.classes.names[0], "skull");
    must(edit(&m, c % 2 ? "grow:ml=20,anywhere,fit=0.1" : "grow:ml=20,fit=0.1", c, NULL));
    assert_float_equal(measure(&m).total_ml, 20, 1e-9);
    const size_t n = vg_geometry_voxels(&m.geo);
    for (size_t i = 0; i < n; i++) assert_true(!m.tumour[i] || m.anatomy[i] != MAKER_GM);
    vg_maps_release(&m);
  }
}

static void white_matter_is_preferred(void **state) {
  (void)state;
  static const char *const texts[] = {"grow:ml=8,x=0,y=0,z=0,roughness=0,white=1",
                                      "grow:ml=8,x=0,y=0,z=0,roughness=0,white=3"};
  double share[2];
  for (int fast = 0; fast < 2; fast++) {
    vg_maps m = ball(halves);
    must(edit(&m, texts[fast], 1, NULL));
    size_t n = vg_geometry_voxels(&m.geo), white = 0, all = 0;
    for (size_t i = 0; i < n; i++) all += m.tumour[i] > 0, white += m.tumour[i] && m.anatomy[i] == MAKER_WM;
    share[fast] = (double)white / (double)all;
    vg_maps_release(&m);
  }
  assert_float_equal(share[0], 0.5, 0.04);
  assert_true(share[1] > 0.85);
}

/* Share of two tumours that is both's, read at the points of a's grid. */
static double agreement(const vg_maps *a, const vg_maps *b) {
  vg_affine to_b;
  assert_true(vg_affine_invert(&b->geo.affine, &to_b));
  size_t i = 0, both = 0, either = 0;
  for (int z = 0; z < a->geo.dim[2]; z++)
    for (int y = 0; y < a->geo.dim[1]; y++)
      for (int x = 0; x < a->geo.dim[0]; x++, i++) {
        double mm[3], v[3];
        vg_affine_apply(&a->geo.affine, (double[]){x, y, z}, mm);
        vg_affine_apply(&to_b, mm, v);
        size_t j = 0;
        bool in = true;
        for (int k = 2; k >= 0; k--) {
          int at = (int)floor(v[k] + 0.5);
          in = in && at >= 0 && at < b->geo.dim[k];
          j = j * (size_t)b->geo.dim[k] + (size_t)(in ? at : 0);
        }
        bool here = a->tumour[i] > 0, there = in && b->tumour[j];
        either += here || there;
        both += here && there;
      }
  return (double)both / (double)either;
}

static void shape_in_mm_is_the_same_on_any_grid(void **state) {
  (void)state;
  static const char text[] = "grow:ml=15,x=0,y=0,z=0,roughness=0.6";
  vg_geometry grids[] = {mini_geometry("RAS", 73, 73, 73, 1, 1, 1),
                         mini_geometry("RAS", 91, 37, 49, 0.8, 2, 1.5),
                         mini_geometry("LPS", 61, 101, 31, 1.2, 0.7, 2.5)};
  vg_maps m[3];
  for (int g = 0; g < 3; g++) {
    m[g] = maker_maps(&grids[g], only_white, NULL);
    must(edit(&m[g], text, 4, NULL));
    assert_float_equal(measure(&m[g]).total_ml, 15, 0.002);
  }
  assert_true(agreement(&m[0], &m[1]) > 0.85);
  assert_true(agreement(&m[0], &m[2]) > 0.85);
  /* A ball it is not, and with another seed it is another. */
  vg_maps other = maker_maps(&grids[0], only_white, NULL);
  must(edit(&other, text, 5, NULL));
  assert_true(agreement(&m[0], &other) < 0.75);
  for (int g = 0; g < 3; g++) vg_maps_release(&m[g]);
  vg_maps_release(&other);
}

static void even_growth_is_a_ball_with_a_rim(void **state) {
  (void)state;
  vg_maps m = ball(only_white);
  must(edit(&m, "grow:ml=20,x=0,y=0,z=0,roughness=0,core=0.5,rim=4", 1, NULL));
  vg_tumour_facts f = measure(&m);
  double core = cbrt(0.75 * 10000 / acos(-1.0)), necrosis = pow(core - 4, 3) / (0.75 * 1000) * acos(-1.0);
  assert_float_equal(ml_of(&f, MAKER_OEDEMA), 10, 1e-9);
  assert_float_equal(ml_of(&f, MAKER_NECROSIS), necrosis, 0.15 * necrosis);
  for (int a = 0; a < 3; a++) assert_float_equal(f.centre[a], 0, 0.6);
  /* Necrosis is deeper than the rim below the core's surface, and nothing else is. */
  size_t n = vg_geometry_voxels(&m.geo);
  uint8_t *not_core = vg_malloc(n, 1);
  float *d = vg_malloc(n, sizeof *d);
  assert_true(not_core && d);
  for (size_t i = 0; i < n; i++)
    not_core[i] = m.tumour[i] != MAKER_NECROSIS && m.tumour[i] != MAKER_ENHANCING;
  must(vg_distance(not_core, m.geo.dim, (double[]){1, 1, 1}, d));
  for (size_t i = 0; i < n; i++)
    if (!not_core[i]) assert_int_equal(m.tumour[i], d[i] < 4.5F ? MAKER_ENHANCING : MAKER_NECROSIS);
  vg_free(not_core);
  vg_free(d);
  vg_maps_release(&m);
}

/* Classes by name, of whatever code. */
static void classes_stand_in_for_what_is_not_known(void **state) {
  (void)state;
  static const struct {
    const char *classes[4]; /* of tumour */
    const char *params;
    int found[4]; /* of classes: some of it */
    const char *refusal;
  } cases[] = {
      {{"necrosis", "oedema", "enhancing"}, "", {1, 1, 1, 0}, NULL},
      {{"necrosis", "oedema", "enhancing"}, ",rim=0", {1, 1, 0, 0}, NULL},
      {{"necrosis", "oedema", "nonenhancing", "enhancing"}, "", {1, 1, 0, 1}, NULL},
      {{"necrosis", "oedema", "nonenhancing", "enhancing"}, ",rim=0", {0, 1, 1, 0}, NULL},
      {{"necrosis", "enhancing"}, "", {1, 1, 0, 0}, NULL},
      {{"nonenhancing", "oedema"}, "", {1, 1, 0, 0}, NULL},
      {{"enhancing", "oedema"}, "", {1, 1, 0, 0}, NULL},
      {{"oedema"}, "", {1, 0, 0, 0}, NULL},
      {{"oedema", "enhancing"}, ",core=0", {1, 0, 0, 0}, NULL},
      {{"lump", "bump"}, "", {1, 0, 0, 0}, NULL},
      {{NULL}, "", {0}, "no tumour class"},
  };
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    vg_geometry g = mini_geometry("RAS", 40, 40, 40, 1, 1, 1);
    vg_classes classes = {0};
    vg_maps m;
    char text[64];
    must(vg_classes_add_name(&classes, "brain", VG_ROLE_ANATOMY));
    for (int i = 0; i < 4 && cases[c].classes[i]; i++)
      must(vg_classes_add_name(&classes, cases[c].classes[i], VG_ROLE_TUMOUR));
    must(vg_maps_new(&g, &classes, &m));
    size_t n = vg_geometry_voxels(&g);
    memset(m.anatomy, 1, n);
    memset(m.brain, 1, n);
    snprintf(text, sizeof text, "grow:ml=8%s", cases[c].params);
    vg_status st = edit(&m, text, 2, NULL);
    if (cases[c].refusal) {
      must_say(st, VG_REFUSED, cases[c].refusal);
    } else {
      must(st);
      vg_tumour_facts f = measure(&m);
      assert_float_equal(f.total_ml, 8, 1e-9);
      for (int i = 0; i < 4; i++)
        if ((f.ml[i + 1] > 0) != cases[c].found[i])
          fail_msg("case %zu: %g ml of class %d", c, f.ml[i + 1], i);
    }
    vg_maps_release(&m);
  }
}

static void distance_is_kept_to_other_tumours(void **state) {
  (void)state;
  vg_maps m = ball(halves);
  uint8_t *other = vg_calloc(vg_geometry_voxels(&m.geo), 1);
  float *d = vg_malloc(vg_geometry_voxels(&m.geo), sizeof *d);
  assert_true(other && d);
  maker_ball(&m, (double[]){10, 0, 0}, 8, MAKER_NECROSIS, m.tumour);
  maker_ball(&m, (double[]){10, 0, 0}, 8, 1, other);
  must(vg_distance(other, m.geo.dim, (double[]){1, 1, 1}, d));
  must(edit(&m, "grow:ml=20,gap=6,fit=0.3", 1, NULL));
  size_t n = vg_geometry_voxels(&m.geo);
  for (size_t i = 0; i < n; i++) {
    if (other[i])
      assert_int_equal(m.tumour[i], MAKER_NECROSIS);
    else
      assert_true(!m.tumour[i] || d[i] >= 6);
  }
  assert_int_equal(measure(&m).components, 2);
  vg_free(other);
  vg_free(d);
  vg_maps_release(&m);
}

static void seeds_are_drawn_from_the_region(void **state) {
  (void)state;
  for (uint64_t s = 0; s < 6; s++) {
    vg_maps m = ball(only_white);
    must(edit(&m, s % 2 ? "grow:ml=2,region=left-hemisphere" : "grow:ml=2,region=right-hemisphere", s, NULL));
    vg_tumour_facts f = measure(&m);
    assert_true(s % 2 ? f.left_share > 0.5 : f.left_share < 0.5);
    vg_maps_release(&m);
  }
}

static void same_stream_same_bytes(void **state) {
  (void)state;
  vg_maps m[3];
  for (int i = 0; i < 3; i++) {
    vg_threads_set(i ? 3 : 1);
    m[i] = ball(halves);
    must(edit(&m[i], "grow:ml=12,mass=0.5", i == 2, NULL));
  }
  vg_threads_set(0);
  size_t n = vg_geometry_voxels(&m[0].geo);
  assert_memory_equal(m[0].tumour, m[1].tumour, n);
  assert_memory_equal(m[0].anatomy, m[1].anatomy, n);
  assert_true(memcmp(m[0].tumour, m[2].tumour, n));
  for (int i = 0; i < 3; i++) vg_maps_release(&m[i]);
}

static void growth_pushes_the_anatomy(void **state) {
  (void)state;
  size_t fluid[2] = {0};
  for (int push = 0; push < 2; push++) {
    vg_maps m = ball(halves);
    must(edit(&m, push ? "grow:ml=15,x=12,y=0,z=0,mass=1" : "grow:ml=15,x=12,y=0,z=0", 1, NULL));
    size_t n = vg_geometry_voxels(&m.geo);
    for (size_t i = 0; i < n; i++) {
      fluid[push] += m.anatomy[i] == MAKER_CSF;
      assert_int_equal(m.brain[i], m.anatomy[i] || m.tumour[i]);
    }
    vg_maps_release(&m);
  }
  assert_true(fluid[1] < fluid[0]);
}

static void what_cannot_be_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
    vg_status status;
  } cases[] = {
      {"grow:ml=900", "no room for 900 ml: the largest connected piece of free tissue has 12", VG_REFUSED},
      {"grow:ml=0.0004", "not within", VG_CONFIG},
      {"grow:x=1,y=2", "give all of x, y and z", VG_CONFIG},
      {"grow:x=1,y=2,z=3,region=frontal", "a position x, y, z or a region", VG_CONFIG},
      {"grow:x=0,y=0,z=200", "the seed 0.0, 0.0, 200.0 lies outside the brain", VG_REFUSED},
      {"grow:x=0,y=35.5,z=0", "outside the brain", VG_REFUSED},
      {"grow:x=0,y=32.5,z=0", "in fluid", VG_REFUSED},
      {"grow:ml=100,fit=0.95,tries=7", "7 tried, the best had", VG_REFUSED},
      {"grow:ml=20,x=0,y=27,z=0,fit=0.9", "of a ball", VG_REFUSED},
  };
  vg_maps m = ball(halves), before = ball(halves);
  size_t n = vg_geometry_voxels(&m.geo);
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    vg_edit_chain chain = {0};
    vg_edit_context context = {0};
    vg_status st = vg_edit_chain_add(&chain, cases[c].text);
    if (!st) st = vg_edit_chain_apply(&chain, &m, &context, NULL);
    must_say(st, cases[c].status, cases[c].message);
    assert_memory_equal(m.tumour, before.tumour, n);
    assert_memory_equal(m.anatomy, before.anatomy, n);
    vg_edit_chain_release(&chain);
  }
  vg_maps_release(&m);
  vg_maps_release(&before);
}

static void memory_may_run_out(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("RAS", 18, 18, 18, 4, 4, 4);
  vg_maps m = maker_maps(&g, only_white, NULL);
  size_t n = vg_geometry_voxels(&m.geo);
  vg_edit_chain chain = {0};
  vg_edit_context context = {0};
  must(vg_edit_chain_add(&chain, "grow:ml=1"));
  vg_threads_set(1);
  long live = vg_mem_live();
  bool ok = false;
  for (long at = 1; !ok; at++) {
    vg_mem_fail_after(at);
    vg_status st = vg_edit_chain_apply(&chain, &m, &context, NULL);
    vg_mem_fail_after(0);
    ok = !st;
    assert_true(ok || st == VG_MEMORY);
    assert_int_equal(vg_mem_live(), live);
    for (size_t i = 0; i < n && !ok; i++) assert_int_equal(m.tumour[i], 0);
  }
  vg_threads_set(0);
  vg_edit_chain_release(&chain);
  vg_maps_release(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(volume_is_as_asked_in_tissue_alone),
      cmocka_unit_test(the_skull_is_no_site),
      cmocka_unit_test(white_matter_is_preferred),
      cmocka_unit_test(shape_in_mm_is_the_same_on_any_grid),
      cmocka_unit_test(even_growth_is_a_ball_with_a_rim),
      cmocka_unit_test(classes_stand_in_for_what_is_not_known),
      cmocka_unit_test(distance_is_kept_to_other_tumours),
      cmocka_unit_test(seeds_are_drawn_from_the_region),
      cmocka_unit_test(same_stream_same_bytes),
      cmocka_unit_test(growth_pushes_the_anatomy),
      cmocka_unit_test(what_cannot_be_is_refused),
      cmocka_unit_test(memory_may_run_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
