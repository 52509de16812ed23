/* test_edits.c: rules for every row of edits.def: help, bounds, the grid, known classes, the brain, the
 * stream. Each edit's purpose is tested in its own file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "model_head.h"
#include "edit_case.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/str.h"

static const double left[3] = {-33, 15, 12};

/* For rows that do nothing by default, or do more than one thing. */
static const char *const texts[] = {
    "scale:factor=1.5,mass=0.8",
    "scale:diameter=0.7",
    "move:random",
    "move:region=right-parietal,mass=0.5",
    "rotate:random",
    "graft:region=right-hemisphere,mass=1",
    "multifocal:n=3,ml=1",
    "deform:target=all",
    "grow:ml=5,mass=1",
};

static bool is_choice(const char *choices, const char *text) {
  char **c = vg_split(choices, '|', NULL);
  bool found = false;
  for (int i = 0; c[i]; i++) found |= !strcmp(c[i], text);
  vg_strv_free(c);
  return found;
}

static void parameters_are_described(void **state) {
  (void)state;
  const vg_edit *edit;
  const char *name, *help;
  for (int i = 0; (name = vg_edit_at(i, &edit, &help)); i++) {
    int n = 0;
    assert_true(strlen(help) > 10);
    assert_ptr_equal(vg_edit_find(name), edit);
    bool donor = false;
    for (const vg_param *p = edit->params; p->name; p++, n++) {
      donor |= p->type == VG_PARAM_DONOR;
      if (!p->help || strlen(p->help) < 2) fail_msg("%s:%s has no help", name, p->name);
      if (p->type == VG_PARAM_NUMBER || p->type == VG_PARAM_WHOLE) {
        if (!p->unit) fail_msg("%s:%s has no unit", name, p->name);
        if (!(p->least < p->most)) fail_msg("%s:%s has no range", name, p->name);
        if (!isnan(p->def) && !(p->def >= p->least && p->def <= p->most))
          fail_msg("%s:%s is outside its bounds by default", name, p->name);
      } else if (p->type == VG_PARAM_CHOICE) {
        assert_non_null(p->choices);
        if (p->text_def && *p->text_def && !is_choice(p->choices, p->text_def))
          fail_msg("%s:%s is no choice by default", name, p->name);
      }
      for (const vg_param *q = edit->params; q < p; q++) assert_string_not_equal(p->name, q->name);
    }
    assert_true(n <= VG_EDIT_PARAMS);
    assert_int_equal(donor, edit->needs_donor);
  }
}

/* Twice, on another number of threads: the same bytes, and what holds after any edit. */
static void try_text(const char *text, vg_maps *donor) {
  vg_maps m = model_head(model_grid(3, 3, 3, 5), left, 15), again, was;
  must(vg_maps_copy(&m, &again));
  must(vg_maps_copy(&m, &was));
  vg_threads_set(0);
  vg_status st = edit(&m, text, 3, donor);
  /* Some say what they want. */
  if (st && st != VG_CONFIG) fail_msg("%s: %s", text, vg_error());
  vg_threads_set(3);
  assert_int_equal(edit(&again, text, 3, donor), st);
  vg_threads_set(0);
  if (!maps_equal(&m, &again)) fail_msg("%s differs between runs", text);
  assert_memory_equal(&m.geo, &was.geo, sizeof m.geo);
  assert_memory_equal(&m.native, &was.native, sizeof m.native);
  assert_memory_equal(&m.classes, &was.classes, sizeof m.classes);
  if (!strstr(text, "target=all")) assert_memory_equal(m.brain, was.brain, vg_geometry_voxels(&m.geo));
  if (st) assert_true(maps_equal(&m, &was));
  assert_sound(&m, false);
  vg_maps_release(&m);
  vg_maps_release(&again);
  vg_maps_release(&was);
}

static void every_edit_keeps_maps_sound(void **state) {
  (void)state;
  const char *name;
  vg_maps donor = model_head(model_grid(2.5, 3, 4, -10), left, 12);
  long live = vg_mem_live();
  for (int i = 0; (name = vg_edit_at(i, NULL, NULL)); i++) try_text(name, &donor);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) try_text(texts[i], &donor);
  assert_int_equal(vg_mem_live(), live);
  vg_maps_release(&donor);
}

/* A case that has neither tumour nor brain is refused, not crashed on. */
static void empty_maps_are_no_fault(void **state) {
  (void)state;
  const char *name;
  vg_maps donor = model_head(model_grid(5, 5, 5, 0), left, 15), m;
  vg_classes classes = maker_classes();
  must(vg_maps_new(&donor.geo, &classes, &m));
  for (int i = 0; (name = vg_edit_at(i, NULL, NULL)); i++) {
    vg_status st = edit(&m, name, 1, &donor);
    if (st != VG_OK && st != VG_REFUSED && st != VG_CONFIG) fail_msg("%s: %s", name, vg_error());
    assert_sound(&m, false);
  }
  vg_maps_release(&donor);
  vg_maps_release(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parameters_are_described),
      cmocka_unit_test(every_edit_keeps_maps_sound),
      cmocka_unit_test(empty_maps_are_no_fault),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
