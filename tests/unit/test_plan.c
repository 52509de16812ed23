/* test_plan.c: plans are read key by key, faults are named, shares are met exactly. */
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
#include "study/plan.h"

static vg_plan parsed(const char *text) {
  vg_plan p;
  must(vg_plan_parse("p.json", "/plans", text, &p));
  return p;
}

static void whole(void **state) {
  (void)state;
  vg_plan p = parsed(
      "{\"about\": \"x\", \"hosts\": {\"path\": \"healthy\", \"layout\": \"bids\", \"ids\": [\"sub-1\"]},"
      " \"donors\": {\"path\": [\"/a\", \"b\"], \"tumour_scheme\": \"brats2013\"},"
      " \"cohorts\": ["
      "  {\"name\": \"small-left\", \"count\": 20, \"edits\": [\"type:enhancing=none\"],"
      "   \"mix\": [{\"share\": 1, \"edits\": [\"type:grade=low\"]}, {\"share\": 3, \"name\": \"as is\"}],"
      "   \"volume_ml\": [1, 80]},"
      "  {\"count\": 5, \"hosts\": {\"path\": \"other\"},"
      "   \"mix\": [[{\"edits\": []}], [{}, {\"volume_ml\": [2, 3]}]], \"balance\": {\"grade\": "
      "[\"high\"]}}]}");
  assert_int_equal(p.n, 2);
  const vg_plan_cohort *a = &p.cohorts[0], *b = &p.cohorts[1];
  assert_string_equal(a->name, "small-left");
  assert_int_equal(a->count, 20);
  assert_string_equal(a->hosts.paths[0], "/plans/healthy");
  assert_string_equal(a->hosts.layouts[0], "bids");
  assert_string_equal(a->hosts.ids[0], "sub-1");
  assert_null(a->hosts.ids[1]);
  assert_string_equal(a->donors.paths[0], "/a");
  assert_string_equal(a->donors.paths[1], "/plans/b");
  assert_string_equal(a->donors.tumour_scheme, "brats2013");
  assert_int_equal(a->chain.n, 1);
  assert_true(a->target.ml[0] == 1 && a->target.ml[1] == 80);
  assert_int_equal(a->n_factors, 1);
  assert_true(a->factors[0].levels[0].share == 0.25 && a->factors[0].levels[1].share == 0.75);
  assert_string_equal(a->factors[0].levels[0].text, "type:grade=low");
  assert_string_equal(a->factors[0].levels[1].text, "as is");
  assert_string_equal(b->name, "cohort-2");
  assert_string_equal(b->hosts.paths[0], "/plans/other");
  assert_null(b->hosts.layouts);
  assert_int_equal(b->n_factors, 3);
  assert_int_equal(b->factors[0].n, 1);
  assert_true(b->factors[1].levels[1].target.ml[1] == 3);
  assert_string_equal(b->factors[2].levels[0].text, "high");
  assert_int_equal(b->factors[2].levels[0].chain.n, 1);
  assert_true(isinf(b->target.ml[1]));
  vg_plan_release(&p);
}

static void balances(void **state) {
  (void)state;
  vg_plan p = parsed("{\"cohorts\": [{\"count\": 4, \"balance\": {\"hemisphere\": [\"left\", \"right\"],"
                     " \"volume_ml\": [1, 10.5, 30], \"grade\": [\"low\", \"high\"]}}]}");
  const vg_plan_cohort *c = &p.cohorts[0];
  static const char *const names[] = {"grade", "volume", "hemisphere"};
  static const char *const texts[] = {"low", "1 to 10.5 ml", "left"}, *const edits[] = {"type", "scale",
                                                                                        "move"};
  assert_int_equal(c->n_factors, 3);
  for (int f = 0; f < 3; f++) {
    assert_string_equal(c->factors[f].name, names[f]);
    assert_string_equal(c->factors[f].levels[0].text, texts[f]);
    assert_string_equal(c->factors[f].levels[0].chain.steps[0].name, edits[f]);
  }
  assert_true(c->factors[1].levels[1].target.ml[0] == 10.5 && c->factors[1].levels[1].target.ml[1] == 30);
  const vg_plan_level *side = c->factors[2].levels;
  assert_true(side[0].target.left[0] == 0.9 && side[0].target.left[1] == 1);
  assert_true(side[1].target.left[0] == 0 && side[1].target.left[1] == 0.1);
  vg_plan_release(&p);
}

#define COHORT(text) "{\"cohorts\": [{\"count\": 4, " text "}]}"

static void faults(void **state) {
  (void)state;
  static const struct {
    const char *text, *says;
  } rows[] = {
      {"{\"cohorts\": [", "p.json:1:14"},
      {"[]", "p.json: the plan must be an object"},
      {"{}", "p.json: cohorts must be a list"},
      {"{\"cohorts\": []}", "p.json: cohorts must be a list of at least one cohort"},
      {"{\"cohort\": []}", "unknown key cohort; did you mean cohorts?"},
      {"{\"cohorts\": [{}]}", "cohorts[0].count is missing"},
      {"{\"cohorts\": [{\"count\": 0}]}", "cohorts[0].count must be a whole number from 1"},
      {"{\"cohorts\": [{\"count\": 2.5}]}", "cohorts[0].count must be a whole number"},
      {"{\"cohorts\": [{\"count\": \"4\"}]}", "cohorts[0].count must be a whole number"},
      {"{\"cohorts\": [{\"count\": 1, \"name\": \"a\"}, {\"count\": 1, \"name\": \"a\"}]}",
       "two cohorts are called a"},
      {COHORT("\"balnce\": {}"), "unknown key cohorts[0].balnce; did you mean balance?"},
      {COHORT("\"count\": 5"), "cohorts[0].count is given twice"},
      {COHORT("\"name\": \"a b\""), "cohorts[0].name must be"},
      {COHORT("\"edits\": \"scale\""), "cohorts[0].edits must be a list of edits"},
      {COHORT("\"edits\": [3]"), "cohorts[0].edits[0] must be a text"},
      {COHORT("\"edits\": [\"type\", \"tpye\"]"), "cohorts[0].edits[1]: no edit tpye; did you mean type?"},
      {COHORT("\"edits\": [\"type:necrosis=uniform(0,2)\"]"), "2 is not within 0 to 1"},
      {COHORT("\"hosts\": {\"layout\": \"bids\"}"), "cohorts[0].hosts.path is missing"},
      {COHORT("\"hosts\": {\"path\": []}"), "cohorts[0].hosts.path must be a list of at least one"},
      {COHORT("\"hosts\": {\"path\": \"a\", \"idss\": \"b\"}"),
       "unknown key cohorts[0].hosts.idss; did you mean ids?"},
      {COHORT("\"donors\": \"a\""), "cohorts[0].donors must be an object"},
      {COHORT("\"mix\": {}"), "cohorts[0].mix must be a list of alternatives"},
      {COHORT("\"mix\": []"), "cohorts[0].mix must have 1 to"},
      {COHORT("\"mix\": [{\"share\": 0}]"), "cohorts[0].mix[0].share must be a number above 0"},
      {COHORT("\"mix\": [{\"edit\": []}]"), "cohorts[0].mix[0].edit; did you mean edits?"},
      {COHORT("\"mix\": [[{}], {}]"), "cohorts[0].mix[1] must be a list too"},
      {COHORT("\"mix\": [[{\"edits\": [\"x\"]}]]"), "cohorts[0].mix[0][0].edits[0]: no edit x"},
      {COHORT("\"volume_ml\": [5]"), "cohorts[0].volume_ml must be [least, most] in ml"},
      {COHORT("\"volume_ml\": [5, 4]"), "cohorts[0].volume_ml must be [least, most] in ml"},
      {COHORT("\"balance\": {\"volume_ml\": [5]}"), "balance.volume_ml must be two or more rising volumes"},
      {COHORT("\"balance\": {\"volume_ml\": [0, 5]}"),
       "balance.volume_ml must be two or more rising volumes"},
      {COHORT("\"balance\": {\"volume_ml\": [5, 9, 9]}"), "two or more rising volumes"},
      {COHORT("\"balance\": {\"volume_ml\": [5, 1e9]}"), "balance.volume_ml: scale:ml=uniform("},
      {COHORT("\"balance\": {\"hemisphere\": [\"left\", \"left\"]}"),
       "[\"left\", \"right\"], or one of them"},
      {COHORT("\"balance\": {\"hemisphere\": \"left\"}"), "[\"left\", \"right\"], or one of them"},
      {COHORT("\"balance\": {\"grade\": [\"middle\"]}"), "balance.grade must be [\"low\", \"high\"]"},
      {COHORT("\"balance\": {\"volumeml\": [1, 2]}"), "balance.volumeml; did you mean volume_ml?"},
      {COHORT("\"balance\": {\"volume_ml\": [1, 2, 9]}, \"volume_ml\": [3, 10]"),
       "no volume is both in \"1 to 2 ml\" and within volume_ml, 3 to 10 ml"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vg_plan p;
    long live = vg_mem_live();
    must_say(vg_plan_parse("p.json", "/plans", rows[i].text, &p), VG_CONFIG, rows[i].says);
    assert_non_null(strstr(vg_error(), "p.json"));
    assert_int_equal(vg_mem_live(), live);
  }
  vg_plan p;
  must_say(vg_plan_read("/nowhere/p.json", &p), VG_CONFIG, "/nowhere/p.json");
}

/* Counts of one factor's levels, over the cases that have level `is` of factor `where` (-1: all). */
static void count(const vg_plan_cohort *c, const uint16_t *level, size_t n, int factor, int where, int is,
                  size_t out[8]) {
  memset(out, 0, 8 * sizeof *out);
  for (size_t i = 0; i < n; i++) {
    const uint16_t *mine = level + i * (size_t)c->n_factors;
    if (where < 0 || mine[where] == is) out[mine[factor]]++;
  }
}

static void dealing(void **state) {
  (void)state;
  vg_plan p =
      parsed("{\"cohorts\": [{\"count\": 60, \"mix\": [{\"share\": 0.5}, {\"share\": 0.3}, {\"share\": "
             "0.2}], \"balance\": {\"volume_ml\": [1, 10, 30, 80], \"hemisphere\": [\"left\", "
             "\"right\"]}}]}");
  const vg_plan_cohort *c = &p.cohorts[0];
  uint16_t level[200 * 3], again[200 * 3];
  size_t got[8];
  for (uint64_t seed = 1; seed <= 20; seed++) {
    vg_rng rng = vg_rng_init(seed, 5), same = vg_rng_init(seed, 5);
    must(vg_plan_deal(c, 60, &rng, level));
    must(vg_plan_deal(c, 60, &same, again));
    assert_memory_equal(level, again, 60 * 3 * sizeof *level);
    count(c, level, 60, 0, -1, 0, got);
    assert_true(got[0] == 30 && got[1] == 18 && got[2] == 12);
    count(c, level, 60, 1, -1, 0, got);
    assert_true(got[0] == 20 && got[1] == 20 && got[2] == 20);
    count(c, level, 60, 2, -1, 0, got);
    assert_true(got[0] == 30 && got[1] == 30);
    /* Volumes within each alternative, sides within each volume. */
    for (int l = 0; l < 3; l++) {
      count(c, level, 60, 1, 0, l, got);
      for (int v = 0; v < 3; v++) assert_true(fabs((double)got[v] - (double[]){10, 6, 4}[l]) <= 1);
      count(c, level, 60, 2, 1, l, got);
      assert_in_range(got[0], 9, 11);
    }
    /* Not dealt in the order of the cases. */
    size_t runs = 0;
    for (size_t i = 1; i < 60; i++) runs += level[i * 3] != level[(i - 1) * 3];
    assert_in_range(runs, 15, 59);
  }
  /* Counts that the shares do not divide: each within one of its share. */
  for (size_t n = 1; n < 60; n++) {
    vg_rng rng = vg_rng_init(n, 6);
    must(vg_plan_deal(c, n, &rng, level));
    count(c, level, n, 0, -1, 0, got);
    static const double share[] = {0.5, 0.3, 0.2};
    size_t sum = 0;
    for (int l = 0; l < 3; l++) {
      assert_true(fabs((double)got[l] - share[l] * (double)n) < 1);
      sum += got[l];
    }
    assert_int_equal(sum, n);
  }
  vg_plan_release(&p);
}

/* The plans that are shipped, from the root of the source. */
static void shipped(void **state) {
  (void)state;
  static const char *const files[] = {"configs/study_balanced.json", "configs/study_brats.json"};
  static const size_t counts[] = {54, 1000};
  for (int i = 0; i < 2; i++) {
    vg_plan p;
    if (!exists(files[i])) {
      print_message("not run from the root of the source\n");
      skip();
    }
    must(vg_plan_read(files[i], &p));
    size_t n = 0;
    for (int c = 0; c < p.n; c++) n += p.cohorts[c].count;
    assert_int_equal(n, counts[i]);
    vg_plan_release(&p);
  }
}

static void out_of_memory(void **state) {
  (void)state;
  static const char text[] =
      "{\"hosts\": {\"path\": \"a\", \"ids\": [\"b\"]}, \"cohorts\": [{\"count\": 3, \"edits\": [\"type\"], "
      "\"mix\": [{\"edits\": [\"type\"]}], \"balance\": {\"grade\": [\"low\"]}}]}";
  for (long n = 1; n < 1000; n++) {
    vg_plan p;
    long live = vg_mem_live();
    vg_mem_fail_after(n);
    vg_status st = vg_plan_parse("p.json", "/plans", text, &p);
    vg_mem_fail_after(0);
    if (!st) {
      vg_plan_release(&p);
      return;
    }
    assert_int_equal(st, VG_MEMORY);
    assert_int_equal(vg_mem_live(), live);
  }
  fail();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole),   cmocka_unit_test(balances), cmocka_unit_test(faults),
      cmocka_unit_test(dealing), cmocka_unit_test(shipped),  cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
