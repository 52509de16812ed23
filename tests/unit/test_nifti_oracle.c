/* test_nifti_oracle.c: voxgan reads files of nibabel, and nibabel reads files of voxgan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "oracle.h"
#include "scratch.h"
#include "base/fs.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "voxgan/rng.h"

/* v against what stem.txt and stem.raw say. */
static void assert_told(const vg_volume *v, const char *stem) {
  char path[512];
  vg_geometry want;
  void *raw;
  size_t len;
  snprintf(path, sizeof path, "%s.txt", stem);
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  for (int d = 0; d < 3; d++) assert_int_equal(fscanf(f, "%d", &want.dim[d]), 1);
  for (int i = 0; i < 12; i++) assert_int_equal(fscanf(f, "%lf", &want.affine.m[i / 4][i % 4]), 1);
  fclose(f);
  if (vg_geometry_same(&v->geo, stem, &want, "nibabel", 1e-3)) fail_msg("%s", vg_error());
  snprintf(path, sizeof path, "%s.raw", stem);
  assert_int_equal(vg_fs_read(path, &raw, &len), VG_OK);
  assert_int_equal(len, vg_geometry_voxels(&want) * sizeof(float));
  const float *values = raw;
  for (size_t i = 0; i < vg_geometry_voxels(&want); i++) {
    /* nibabel scales small integers in single precision; the rest must agree to the bit. */
    float tol = strstr(stem, "_1_1") || strstr(stem, "_2_1") ? 5e-5f : 0;
    if (!(fabsf(v->data[i] - values[i]) <= tol))
      fail_msg("%s: voxel %zu is %g, nibabel has %g", stem, i, (double)v->data[i], (double)values[i]);
  }
  vg_free(raw);
}

static void test_reads_nibabels(void **state) {
  (void)state;
  char name[256], stem[256], at[512];
  int files = 0;
  require_python("numpy, nibabel");
  assert_int_equal(run_python("nifti_oracle.py", "make", scratch, NULL), 0);
  FILE *list = fopen(in_scratch("list.txt"), "r");
  assert_non_null(list);
  while (fscanf(list, "%255s", name) == 1) {
    vg_volume v;
    vg_geometry stored;
    if (vg_volume_read(in_scratch(name), &v, NULL)) fail_msg("%s", vg_error());
    assert_true(vg_volume_stem(name, stem, sizeof stem));
    snprintf(at, sizeof at, "%s", in_scratch(stem));
    assert_told(&v, at);
    stored = v.geo;
    if (strcmp(stem, "slice")) {
      assert_int_equal(vg_volume_canonicalise(&v), VG_OK);
      snprintf(at, sizeof at, "%s.canon", in_scratch(stem));
      assert_told(&v, at);
      assert_int_equal(vg_volume_to_geometry(&v, &stored), VG_OK);
      assert_told(&v, in_scratch(stem));
    }
    vg_volume_release(&v);
    files++;
  }
  fclose(list);
  assert_int_equal(files, 10 * 2 * 2 * 2 + 48 * 2 + 20 + 1);
}

static void tell(const char *stem, const vg_volume *v, double step) {
  char path[512];
  snprintf(path, sizeof path, "%s.txt", stem);
  FILE *f = fopen(path, "w");
  fprintf(f, "%d %d %d\n", v->geo.dim[0], v->geo.dim[1], v->geo.dim[2]);
  for (int i = 0; i < 12; i++) fprintf(f, "%.17g ", v->geo.affine.m[i / 4][i % 4]);
  fprintf(f, "\n%.17g\n", step);
  fclose(f);
  snprintf(path, sizeof path, "%s.raw", stem);
  f = fopen(path, "wb");
  fwrite(v->data, sizeof *v->data, vg_geometry_voxels(&v->geo), f);
  fclose(f);
}

static void test_nibabel_reads_ours(void **state) {
  (void)state;
  static const vg_volume_write_options options[] = {
      {.dtype = VG_DT_F32, .xform_code = 1},
      {.dtype = VG_DT_I16, .slope = 0.01, .xform_code = 1},
      {.dtype = VG_DT_I16, .xform_code = 1},
      {.dtype = VG_DT_U16, .slope = 0.05, .inter = -200, .xform_code = 2},
      {.dtype = VG_DT_U8, .slope = 2, .inter = -250, .xform_code = 1},
      {.dtype = VG_DT_I16, .xform_code = 1, .compression = 9},
  };
  vg_rng r = vg_rng_init(5, 6);
  require_python("numpy, nibabel");
  for (int k = 0; k < 12; k++) {
    const vg_volume_write_options *o = &options[k % 6];
    char name[64], path[512];
    /* a rotation about a random axis, of a size and handedness of its own */
    double n[3], len = 0, s = sin(k), c = cos(k);
    for (int i = 0; i < 3; i++) n[i] = vg_rng_normal(&r), len += n[i] * n[i];
    for (int i = 0; i < 3; i++) n[i] /= sqrt(len);
    vg_geometry g = {{200, 91 + k, 40}, {{{0}}}};
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 3; j++) {
        double cross = i == j ? 0 : ((j - i + 3) % 3 == 1 ? -1 : 1) * n[3 - i - j];
        double turn = (i == j) * c + (1 - c) * n[i] * n[j] + s * cross;
        g.affine.m[i][j] = turn * (0.7 + j) * (k % 2 && j == 0 ? -1 : 1);
      }
      g.affine.m[i][3] = 40 * vg_rng_normal(&r);
    }
    vg_volume v;
    assert_int_equal(vg_volume_new(&g, &v), VG_OK);
    for (size_t i = 0; i < vg_geometry_voxels(&g); i++) {
      if (i % 1000 < 600) v.data[i] = (float)vg_rng_uniform(&r, -200, 250);
    }
    snprintf(name, sizeof name, "ours%02d", k);
    tell(in_scratch(name), &v, o->dtype == VG_DT_F32 ? 0 : o->slope != 0 ? o->slope : 1);
    snprintf(path, sizeof path, "%s.nii%s", in_scratch(name), k % 4 == 3 ? "" : ".gz");
    if (vg_volume_write(path, &v, o)) fail_msg("%s", vg_error());
    vg_volume_release(&v);
  }
  assert_int_equal(run_python("nifti_oracle.py", "check", scratch, NULL), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reads_nibabels),
      cmocka_unit_test(test_nibabel_reads_ours),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
