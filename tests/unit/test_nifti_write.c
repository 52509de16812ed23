/* test_nifti_write.c: written files read back, contain no text besides geometry, and are whole or absent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <nifti2_io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "scratch.h"
#include "base/fs.h"
#include "base/mem.h"
#include "voxgan/version.h"
#include "voxgan/volume.h"
#include "voxgan/rng.h"

static vg_volume example(void) {
  vg_geometry g = {{50, 41, 30}, {{{-0.9, 0.1, 0, 30}, {0.1, 0.9, 0, -20}, {0, 0, 2, 5}}}};
  vg_volume v;
  vg_rng r = vg_rng_init(3, 3);
  assert_int_equal(vg_volume_new(&g, &v), VG_OK);
  for (size_t i = 0; i < vg_geometry_voxels(&g); i++) {
    if (i % 700 < 300) v.data[i] = (float)vg_rng_uniform(&r, -100, 300);
  }
  return v;
}

static double clamped(double v, double lo, double hi) {
  return v < lo ? lo : v > hi ? hi : v;
}

static void test_write(void **state) {
  (void)state;
  static const vg_volume_write_options options[] = {
      {.dtype = VG_DT_F32, .xform_code = 1},
      {.dtype = VG_DT_I16, .xform_code = 4},
      {.dtype = VG_DT_U8, .xform_code = 1},
      {.dtype = VG_DT_U16, .slope = 0.01, .inter = -100, .xform_code = 2},
      {.dtype = VG_DT_I16, .slope = 0.25, .xform_code = 1, .compression = 6},
      {.dtype = VG_DT_F32, .slope = 2, .inter = 1, .xform_code = 1},
  };
  vg_volume v = example();
  size_t n = vg_geometry_voxels(&v.geo);
  for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
    const vg_volume_write_options *o = &options[k];
    for (int zipped = 0; zipped < 2; zipped++) {
      const char *path = in_scratch(zipped ? "o.nii.gz" : "o.nii");
      vg_volume back;
      vg_volume_header info;
      assert_int_equal(vg_volume_write(path, &v, o), VG_OK);
      if (vg_volume_read(path, &back, &info)) fail_msg("%s", vg_error());
      assert_int_equal(info.dtype, o->dtype);
      assert_int_equal(info.xform_code, o->xform_code);
      assert_int_equal(vg_geometry_same(&back.geo, "written", &v.geo, "ours", 1e-4), VG_OK);
      double slope = o->slope != 0 ? (double)(float)o->slope : 1;
      double lo = o->dtype == VG_DT_I16 ? -32768 : 0;
      double hi = o->dtype == VG_DT_U8 ? 255 : o->dtype == VG_DT_U16 ? 65535 : 32767;
      for (size_t i = 0; i < n; i++) {
        double stored = ((double)v.data[i] - o->inter) / slope;
        if (o->dtype != VG_DT_F32) stored = rint(clamped(stored, lo, hi));
        assert_true(fabs((double)back.data[i] - (stored * slope + o->inter)) < 1e-4);
      }
      vg_volume_release(&back);
    }
  }
  assert_int_equal(vg_volume_write(in_scratch("default.nii"), &v, NULL), VG_OK);
  v.data[77] = NAN;
  for (size_t k = 0; k < 2; k++) {
    assert_int_equal(vg_volume_write(in_scratch("nan.nii"), &v, &options[k]), VG_DATA);
    assert_non_null(
        strstr(vg_error(), "1 voxel is NaN or infinite, or beyond 1e30, the first at (27, 1, 0)"));
    assert_false(exists(in_scratch("nan.nii")));
  }
  v.data[77] = 0;
  assert_int_equal(vg_volume_write(in_scratch("o.mha"), &v, NULL), VG_FAILED);
  assert_int_equal(vg_volume_write(in_scratch("no/o.nii"), &v, NULL), VG_IO);
  vg_volume_release(&v);
}

static void test_write_labels(void **state) {
  (void)state;
  vg_geometry g = {{33, 20, 10}, {{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}};
  vg_labelmap m;
  assert_int_equal(vg_labelmap_new(&g, &m), VG_OK);
  for (int wide = 0; wide < 2; wide++) {
    vg_labelmap back;
    vg_volume_header info;
    for (size_t i = 0; i < vg_geometry_voxels(&g); i++) m.data[i] = (uint16_t)(i / 50 % 256);
    if (wide) m.data[5000] = 65535;
    assert_int_equal(vg_volume_write_labels(in_scratch("seg.nii.gz"), &m, 3), VG_OK);
    assert_int_equal(vg_volume_read_labels(in_scratch("seg.nii.gz"), &back, &info), VG_OK);
    assert_int_equal(info.dtype, wide ? VG_DT_U16 : VG_DT_U8);
    assert_int_equal(info.xform_code, 3);
    assert_memory_equal(back.data, m.data, vg_geometry_voxels(&g) * sizeof *m.data);
    vg_labelmap_release(&back);
  }
  vg_labelmap_release(&m);
}

/* Geometry is all that a header of ours says. */
static void test_header_is_bare(void **state) {
  (void)state;
  vg_volume v = example();
  void *bytes;
  size_t len;
  struct nifti_1_header h, bare = {0};
  assert_int_equal(vg_volume_write(in_scratch("h.nii"), &v, NULL), VG_OK);
  assert_int_equal(vg_fs_read(in_scratch("h.nii"), &bytes, &len), VG_OK);
  memcpy(&h, bytes, sizeof h);
  assert_int_equal(len, 352 + vg_geometry_voxels(&v.geo) * 4);
  assert_memory_equal((char *)bytes + 348, "\0\0\0", 4);
  bare.sizeof_hdr = 348;
  memcpy(bare.dim, h.dim, sizeof bare.dim);
  memcpy(bare.pixdim, h.pixdim, sizeof bare.pixdim);
  bare.datatype = h.datatype, bare.bitpix = h.bitpix, bare.vox_offset = 352;
  bare.scl_slope = 1, bare.xyzt_units = NIFTI_UNITS_MM;
  bare.qform_code = bare.sform_code = 1;
  memcpy(&bare.quatern_b, &h.quatern_b, 6 * sizeof(float));
  memcpy(bare.srow_x, h.srow_x, 12 * sizeof(float));
  memcpy(bare.magic, "n+1", 4);
  assert_memory_equal(&h, &bare, sizeof h);
  vg_free(bytes);
  vg_volume_release(&v);
}

/* A synthetic file says so, in 80 bytes that hold nothing else; readers see it. */
static void test_mark(void **state) {
  (void)state;
  vg_volume v = example();
  vg_labelmap m;
  assert_int_equal(vg_labelmap_new(&v.geo, &m), VG_OK);
  char want[80] = "synthetic: voxgan ";
  strcat(want, vg_version());
  for (int marked = 0; marked < 2; marked++)
    for (int labels = 0; labels < 2; labels++) {
      const vg_volume_write_options o = {.dtype = VG_DT_I16, .synthetic = marked};
      const char *path = in_scratch("mark.nii");
      void *bytes;
      size_t len;
      struct nifti_1_header h;
      vg_volume_header info;
      assert_int_equal(
          labels ? vg_volume_write_marked_labels(path, &m, 1, marked) : vg_volume_write(path, &v, &o), VG_OK);
      assert_int_equal(vg_fs_read(path, &bytes, &len), VG_OK);
      memcpy(&h, bytes, sizeof h);
      vg_free(bytes);
      assert_memory_equal(h.descrip, marked ? want : (char[80]){0}, 80);
      assert_int_equal(vg_volume_info(path, &info), VG_OK);
      assert_int_equal(info.synthetic, marked);
    }
  vg_labelmap_release(&m);
  vg_volume_release(&v);
}

static void test_write_memory_failures(void **state) {
  (void)state;
  vg_volume v = example();
  static const char *const written[] = {"w.nii", "w.nii.gz"};
  for (int k = 0; k < 4; k++) {
    vg_volume_write_options o = {.dtype = k < 2 ? VG_DT_I16 : VG_DT_F32};
    for (long n = 1;; n++) {
      long live = vg_mem_live();
      vg_mem_fail_after(n);
      vg_status st = vg_volume_write(in_scratch(written[k % 2]), &v, &o);
      vg_mem_fail_after(0);
      assert_int_equal(vg_mem_live(), live);
      if (!st) break;
      assert_int_equal(st, VG_MEMORY);
      assert_false(exists(in_scratch(written[k % 2])));
    }
    assert_int_equal(vg_fs_remove(in_scratch(written[k % 2])), VG_OK);
  }
  vg_volume_release(&v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_write),
      cmocka_unit_test(test_write_labels),
      cmocka_unit_test(test_header_is_bare),
      cmocka_unit_test(test_mark),
      cmocka_unit_test(test_write_memory_failures),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
