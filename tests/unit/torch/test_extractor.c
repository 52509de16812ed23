/* test_extractor.c: networks that a user supplies, against PyTorch. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../oracle.h"
#include "../scratch.h"
#include "base/fs.h"
#include "run/entry.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "voxgan/run.h"
#include "tensor/tensor.h"

static int made; /* the oracle has written its files */

static int set_up(void **state) {
  if (scratch_setup(state)) return -1;
  vg_log_set_level(VG_LOG_ERROR);
  char *argv[] = {(char *)ORACLE_PYTHON, (char *)"-c", (char *)"import torch", NULL};
  made = !run_argv(argv, 1) && !run_python("script_oracle.py", scratch, NULL);
  return 0;
}

static void need_files(void) {
  if (made) return;
  print_message("skipped: " ORACLE_PYTHON " has no torch\n");
  skip();
}

static float *read_floats(const char *name, size_t n) {
  float *out = vg_malloc(n, sizeof *out);
  FILE *f = fopen(in_scratch(name), "rb");
  assert_non_null(f);
  assert_int_equal(fread(out, sizeof *out, n, f), n);
  fclose(f);
  return out;
}

static vg_status open_script(const char *name, const char *input, vg_extractor *x) {
  vg_extractor_options o = {.path = in_scratch(name), .input = input, .threads = 1};
  return vg_extractor_open(&o, x);
}

static void test_features_are_pytorchs(void **state) {
  (void)state;
  need_files();
  static const struct {
    const char *name, *input;
    size_t n, each, dims;
  } cases[] = {{"volumes", "3d,1,20", 3, 20 * 20 * 20, 5}, {"slices", "2d,3,32", 4, 3 * 32 * 32, 6}};
  for (int k = 0; k < 2; k++) {
    char file[64];
    vg_extractor x;
    snprintf(file, sizeof file, "%s.pt", cases[k].name);
    if (open_script(file, cases[k].input, &x)) fail_msg("%s", vg_error());
    assert_int_equal(x.dims, cases[k].dims);
    snprintf(file, sizeof file, "%s.input", cases[k].name);
    float *inputs = read_floats(file, cases[k].n * cases[k].each);
    snprintf(file, sizeof file, "%s.expected", cases[k].name);
    float *expected = read_floats(file, cases[k].n * cases[k].dims), out[24], again[24];
    assert_int_equal(x.extract(&x, inputs, cases[k].n, out), VG_OK);
    assert_int_equal(x.extract(&x, inputs, cases[k].n, again), VG_OK);
    for (size_t i = 0; i < cases[k].n * cases[k].dims; i++) {
      assert_true(fabsf(out[i] - expected[i]) <= 1e-5f);
      assert_true(out[i] == again[i]);
    }
    vg_free(inputs);
    vg_free(expected);
    vg_extractor_close(&x);
  }
  assert_int_equal(vg_tensor_live(), 0);
}

static void test_input_is_found(void **state) {
  (void)state;
  need_files();
  vg_extractor x;
  assert_int_equal(open_script("volumes.pt", NULL, &x), VG_OK);
  assert_true(!x.flat && x.channels == 1 && x.size == 96 && x.dims == 5);
  vg_extractor_close(&x);
  assert_int_equal(open_script("slices.pt", NULL, &x), VG_OK);
  assert_true(x.flat && x.channels == 3 && x.size == 224 && x.dims == 6);
  vg_extractor_close(&x);
  vg_extractor_close(&x);
}

static void test_faults_are_one_line(void **state) {
  (void)state;
  need_files();
  static const struct {
    const char *file, *input, *text;
    vg_status status;
  } faults[] = {{"none.pt", NULL, "no such file", VG_DATA},
                {"text.pt", NULL, "not a TorchScript module", VG_DATA},
                {"scalar.pt", NULL, "none of the usual inputs", VG_DATA},
                {"scalar.pt", "2d,1,8", "no row of features", VG_DATA},
                {"slices.pt", "3d,1,16", "with input 3d,1,16", VG_DATA},
                {"slices.pt", "2d,3", "is not 2d or 3d", VG_CONFIG},
                {"slices.pt", "4d,3,32", "is not 2d or 3d", VG_CONFIG},
                {"slices.pt", "2d,3,32 ", "is not 2d or 3d", VG_CONFIG}};
  for (size_t k = 0; k < sizeof faults / sizeof *faults; k++) {
    vg_extractor x;
    vg_status st = open_script(faults[k].file, faults[k].input, &x);
    if (st != faults[k].status || !strstr(vg_error(), faults[k].text))
      print_error("%d: %s\n", (int)st, vg_error());
    assert_int_equal(st, faults[k].status);
    assert_non_null(strstr(vg_error(), faults[k].text));
    assert_null(strchr(vg_error(), '\n'));
    assert_null(x.own);
  }
  assert_int_equal(vg_tensor_live(), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_features_are_pytorchs),
      cmocka_unit_test(test_input_is_found),
      cmocka_unit_test(test_faults_are_one_line),
  };
  return cmocka_run_group_tests(tests, set_up, scratch_teardown);
}
