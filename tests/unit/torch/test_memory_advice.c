/* test_memory_advice.c: the largest size that the estimate reports does fit, and no larger one does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "run/memory_advice.h"
#include "run/model_file.h"

#define ALL ((size_t)-1)

static const char *describe(const vg_config *c, size_t bytes, vg_str *text) {
  vg_gan_spec spec;
  vg_gan_objective o;
  const int patch[3] = {c->train.patch[2], c->train.patch[1], c->train.patch[0]};
  vg_spec_from_config(c, 5, 4, patch, &spec);
  vg_gan_objective_set(&o, c);
  vg_str_clear(text);
  vg_memory_advice(c, &spec, &o, bytes, text);
  return vg_str_text(text);
}

/* Bytes that a step of the config needs. */
static size_t need(const vg_config *c) {
  vg_gan_spec spec;
  vg_gan_objective o;
  const int patch[3] = {c->train.patch[2], c->train.patch[1], c->train.patch[0]};
  vg_spec_from_config(c, 5, 4, patch, &spec);
  vg_gan_objective_set(&o, c);
  return vg_gan_step_bytes(&spec, &o, c->train.batch, patch);
}

static void each_alone_fits(void **state) {
  (void)state;
  static const char *const generators[] = {"unet", "resnet", "unet_k3", "spade"};
  vg_str text = VG_STR_INIT;
  for (int g = 0; g < 4; g++) {
    vg_config c;
    vg_config_default(&c);
    assert_int_equal(vg_config_set(&c, "train.patch=96,64,80"), VG_OK);
    c.net.ngf = c.net.ndf = 16;
    c.train.batch = 4;
    strcpy(c.net.generator, generators[g]);
    strcpy(c.train.reconstruction, "l1");
    const size_t whole = need(&c), within = whole / 5 * 4;
    const char *said = describe(&c, within, &text);
    const char *batch = strstr(said, "train.batch="), *patch = strstr(said, "train.patch=");
    if (!batch || !patch) fail_msg("%s", said);
    vg_config less = c;
    int n, x[3];
    assert_int_equal(sscanf(batch, "train.batch=%d (", &n), 1);
    less.train.batch = n;
    assert_true(n < 4 && need(&less) <= within);
    less.train.batch = n + 1;
    assert_true(need(&less) > within);
    less = c;
    assert_int_equal(sscanf(patch, "train.patch=%d,%d,%d (", &x[0], &x[1], &x[2]), 3);
    memcpy(less.train.patch, x, sizeof x);
    assert_true(x[0] < 96 && x[0] > x[2] && x[2] > x[1] && need(&less) <= within);
    less = c;
    less.train.recompute = true;
    assert_int_equal(strstr(said, "train.recompute=true") != NULL, need(&less) <= within);
    assert_null(strstr(describe(&less, within, &text), "train.recompute=true"));
  }
  vg_str_release(&text);
}

static void nothing_fits(void **state) {
  (void)state;
  vg_config c;
  vg_str text = VG_STR_INIT;
  vg_config_default(&c);
  assert_int_equal(vg_config_set(&c, "train.patch=64,64,1"), VG_OK);
  strcpy(c.train.reconstruction, "l1");
  assert_string_equal(describe(&c, 1 << 20, &text),
                      "none of train.recompute, train.batch and train.patch alone");
  /* an axis of one voxel stays, and all of it fits in enough */
  assert_non_null(strstr(describe(&c, ALL, &text), "train.recompute=true ("));
  assert_non_null(strstr(vg_str_text(&text), "train.patch=56,56,1 ("));
  assert_null(strstr(vg_str_text(&text), "train.batch"));
  vg_str_release(&text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_alone_fits),
      cmocka_unit_test(nothing_fits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
