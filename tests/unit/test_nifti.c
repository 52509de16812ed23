/* test_nifti.c: every kind of NIfTI file that reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "nifti_maker.h"

static void test_every_kind(void **state) {
  (void)state;
  for (int version = 1; version <= 2; version++) {
    for (size_t t = 0; t < sizeof all_types / sizeof *all_types; t++) {
      for (int swap = 0; swap < 2; swap++) {
        maker m = new_maker(version, all_types[t]);
        m.swap = swap;
        assert_reads(save_single(&m, "k.nii"), &m, 1, 0);
        assert_reads(save_single(&m, "k.nii.gz"), &m, 1, 0);
        m.v1.scl_slope = 0.5f, m.v1.scl_inter = -3;
        m.v2.scl_slope = 0.5, m.v2.scl_inter = -3;
        assert_reads(save_single(&m, "k.nii.gz"), &m, 0.5, -3);
      }
    }
  }
}

/* The vector code must agree with the last few voxels that it leaves over, at any length. */
static void test_every_length(void **state) {
  (void)state;
  for (size_t t = 0; t < sizeof all_types / sizeof *all_types; t++) {
    for (int swap = 0; swap < 2; swap++) {
      for (int n = 1; n <= N; n++) {
        maker m = new_maker(1, all_types[t]);
        m.swap = swap;
        m.n = n;
        m.v1.dim[1] = (short)n;
        m.v1.dim[2] = m.v1.dim[3] = 1;
        assert_reads(save_single(&m, "l.nii"), &m, 1, 0);
      }
    }
  }
}

static void test_pairs(void **state) {
  (void)state;
  static const char *const names[][2] = {{"p.hdr", "p.img"},
                                         {"q.hdr.gz", "q.img.gz"},
                                         {"r.hdr", "r.img.gz"},
                                         {"s.hdr.gz", "s.img"},
                                         {"T.HDR", "T.IMG"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    for (int version = 1; version <= 2; version++) {
      maker m = new_maker(version, VG_DT_I16);
      uint8_t head[540], image[N * 2];
      m.v1.magic[1] = m.v2.magic[1] = 'i';
      m.v1.vox_offset = 0;
      m.v2.vox_offset = 0;
      save_bytes(in_scratch(names[i][0]), head, header_bytes(&m, head));
      save_bytes(in_scratch(names[i][1]), image, image_bytes(&m, image));
      assert_reads(in_scratch(names[i][0]), &m, 1, 0);
      assert_reads(in_scratch(names[i][1]), &m, 1, 0);
    }
  }
  vg_volume v;
  assert_int_equal(vg_fs_remove(in_scratch("p.img")), VG_OK);
  assert_int_equal(vg_volume_read(in_scratch("p.hdr"), &v, NULL), VG_IO);
  assert_non_null(strstr(vg_error(), "p.img"));
}

/* Some programs write endings in capitals. */
static void test_capitals(void **state) {
  (void)state;
  char stem[32];
  const maker m = new_maker(1, VG_DT_I16);
  assert_reads(save_single(&m, "CASE_T1.NII"), &m, 1, 0);
  assert_int_equal(rename(save_single(&m, "c.nii.gz"), in_scratch("CASE_T1.Nii.GZ")), 0);
  assert_reads(in_scratch("CASE_T1.Nii.GZ"), &m, 1, 0);
  assert_true(vg_volume_is_path("CASE_T1.NII.GZ"));
  assert_true(vg_volume_stem("d/CASE_T1.NII.GZ", stem, sizeof stem));
  assert_string_equal(stem, "CASE_T1");
}

static void test_dimensions(void **state) {
  (void)state;
  vg_volume_header info;
  maker m = new_maker(1, VG_DT_I16);
  m.v1.dim[0] = 7; /* trailing ones */
  assert_reads(save_single(&m, "d.nii"), &m, 1, 0);
  m.v1.dim[0] = 2; /* a slice; the reader must ignore the rest */
  m.v1.dim[3] = 0;
  m.v1.pixdim[3] = 0;
  m.n = NX * NY;
  const char *path = save_single(&m, "d.nii");
  assert_reads(path, &m, 1, 0);
  assert_int_equal(vg_volume_info(path, &info), VG_OK);
  assert_int_equal(info.geo.dim[2], 1);
  m = new_maker(1, VG_DT_I16);
  m.v1.dim[0] = 4;
  m.v1.dim[4] = 2;
  assert_refused(save_single(&m, "d.nii"), "needs a single volume");
  m.v1.dim[0] = 5;
  m.v1.dim[4] = 1;
  m.v1.dim[5] = 3;
  assert_refused(save_single(&m, "d.nii"), "needs a single volume");
}

static void assert_affine(const char *path, const double want[3][4], int code) {
  vg_volume_header info;
  if (vg_volume_info(path, &info)) fail_msg("%s", vg_error());
  assert_int_equal(info.xform_code, code);
  for (int i = 0; i < 12; i++) {
    if (fabs(info.geo.affine.m[i / 4][i % 4] - want[i / 4][i % 4]) > 1e-5)
      fail_msg("affine[%d][%d] is %g, wanted %g", i / 4, i % 4, info.geo.affine.m[i / 4][i % 4],
               want[i / 4][i % 4]);
  }
}

static void test_affine_choice(void **state) {
  (void)state;
  for (int version = 1; version <= 2; version++) {
    static const double sform[3][4] = {{-2, 0, 0, 90}, {0, 2, 0, -126}, {0, 0.5, 3, -72}};
    maker m = new_maker(version, VG_DT_I16);
    m.v1.qform_code = 2;
    m.v2.qform_code = 2;
    m.v1.quatern_b = 0.6f, m.v1.quatern_c = 0.8f; /* half a turn about (0.6, 0.8, 0) */
    m.v2.quatern_b = 0.6, m.v2.quatern_c = 0.8;
    m.v1.qoffset_x = 7, m.v1.qoffset_y = 8, m.v1.qoffset_z = 9;
    m.v2.qoffset_x = 7, m.v2.qoffset_y = 8, m.v2.qoffset_z = 9;
    assert_affine(save_single(&m, "a.nii"), sform, 1);
    m.v1.sform_code = 0;
    m.v2.sform_code = 0;
    /* R = 2 n n' - 1, columns by 1.5, 2.5 and, by qfac, -3.5 */
    static const double qform[3][4] = {
        {-0.28 * 1.5, 0.96 * 2.5, 0, 7}, {0.96 * 1.5, 0.28 * 2.5, 0, 8}, {0, 0, 3.5, 9}};
    assert_affine(save_single(&m, "a.nii"), qform, 2);
    m.v1.qform_code = 0;
    m.v2.qform_code = 0;
    static const double spacing[3][4] = {{1.5, 0, 0, 0}, {0, 2.5, 0, 0}, {0, 0, 3.5, 0}};
    assert_affine(save_single(&m, "a.nii"), spacing, 0);
    m.v1.xyzt_units = NIFTI_UNITS_METER;
    m.v2.xyzt_units = NIFTI_UNITS_METER;
    assert_refused(save_single(&m, "a.nii"), "voxels of 1500x2500x3500 mm");
    for (int d = 1; d < 4; d++) m.v1.pixdim[d] /= 1000, m.v2.pixdim[d] /= 1000;
    assert_affine(save_single(&m, "a.nii"), spacing, 0);
    m.v1.xyzt_units = NIFTI_UNITS_MICRON | NIFTI_UNITS_SEC;
    m.v2.xyzt_units = NIFTI_UNITS_MICRON | NIFTI_UNITS_SEC;
    m.v1.sform_code = 4;
    m.v2.sform_code = 4;
    static const double microns[3][4] = {{-2e-3, 0, 0, 9e-2}, {0, 2e-3, 0, -0.126}, {0, 5e-4, 3e-3, -0.072}};
    assert_affine(save_single(&m, "a.nii"), microns, 4);
  }
}

static void test_scale_oddities(void **state) {
  (void)state;
  maker m = new_maker(1, VG_DT_I16);
  m.v1.scl_slope = 0; /* none, whatever the intercept */
  m.v1.scl_inter = 5;
  assert_reads(save_single(&m, "s.nii"), &m, 1, 0);
  m.v1.scl_slope = NAN; /* how nibabel says none */
  m.v1.scl_inter = NAN;
  assert_reads(save_single(&m, "s.nii"), &m, 1, 0);
  m.v1.scl_slope = INFINITY;
  assert_refused(save_single(&m, "s.nii"), "scales by");
  m.v1.scl_slope = 2;
  assert_refused(save_single(&m, "s.nii"), "scales by");
}

static void test_labels(void **state) {
  (void)state;
  for (size_t t = 0; t < sizeof all_types / sizeof *all_types; t++) {
    maker m = new_maker(1, all_types[t]);
    vg_labelmap map;
    for (int i = 0; i < N; i++) m.values[i] = i % 5;
    if (m.type == VG_DT_F32) m.values[3] = 3.0004;
    const char *path = save_single(&m, "l.nii.gz");
    if (vg_volume_read_labels(path, &map, NULL)) fail_msg("%s", vg_error());
    for (int i = 0; i < N; i++) assert_int_equal(map.data[i], i % 5);
    vg_labelmap_release(&map);
    if (type_size(m.type) < 2) continue;
    if (m.type != VG_DT_I16) { /* the largest */
      m.values[1] = 65535;
      assert_int_equal(vg_volume_read_labels(save_single(&m, "l.nii.gz"), &map, NULL), VG_OK);
      assert_int_equal(map.data[1], 65535);
      vg_labelmap_release(&map);
    }
    if (type_size(m.type) > 2) {
      m.values[1] = 65536;
      assert_int_equal(vg_volume_read_labels(save_single(&m, "l.nii.gz"), &map, NULL), VG_DATA);
      assert_non_null(strstr(vg_error(), "65536 at (1, 0, 0)"));
    }
  }
  static const double wrong[] = {2.5, -1, 0.002, 1e30, -INFINITY, NAN};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    maker m = new_maker(1, VG_DT_F32);
    vg_labelmap map;
    for (int k = 0; k < N; k++) m.values[k] = k % 5;
    m.values[17] = wrong[i];
    m.values[20] = wrong[i];
    assert_int_equal(vg_volume_read_labels(save_single(&m, "l.nii"), &map, NULL), VG_DATA);
    assert_non_null(strstr(vg_error(), "l.nii: 2 voxels"));
    assert_non_null(strstr(vg_error(), "at (1, 1, 1)"));
  }
}

static void test_not_finite(void **state) {
  (void)state;
  static const vg_dtype types[] = {VG_DT_F32, VG_DT_F64};
  static const double wrong[] = {NAN, INFINITY, -INFINITY, 1e300};
  for (int t = 0; t < 2; t++) {
    for (int w = 0; w < 3 + t; w++) {
      maker m = new_maker(1, types[t]);
      vg_volume v;
      m.values[13] = m.values[22] = wrong[w];
      assert_int_equal(vg_volume_read(save_single(&m, "n.nii.gz"), &v, NULL), VG_DATA);
      assert_non_null(strstr(
          vg_error(), "n.nii.gz: 2 voxels are NaN or infinite, or beyond 1e30, the first at (1, 0, 1)"));
    }
  }
}

static void test_names(void **state) {
  (void)state;
  char buf[16];
  assert_true(vg_volume_is_path("a/b.nii") && vg_volume_is_path("b.nii.gz") && vg_volume_is_path("b.hdr"));
  assert_false(vg_volume_is_path("b.img") || vg_volume_is_path("b.gz") || vg_volume_is_path("b.nii.txt"));
  assert_true(vg_volume_stem("a.x/b.c.nii.gz", buf, sizeof buf));
  assert_string_equal(buf, "b.c");
  assert_true(vg_volume_stem("plain", buf, sizeof buf));
  assert_string_equal(buf, "plain");
  assert_false(vg_volume_stem("a_name_that_is_long.nii", buf, sizeof buf));
  assert_string_equal(vg_dtype_name(VG_DT_I16), "int16");
}

/* Every real volume that is at hand reads. */
static void test_real_data(void **state) {
  (void)state;
  const char *root = getenv("VOXGAN_REAL_DATA");
  char **files;
  size_t n;
  int seen = 0;
  if (!root) root = "../shared/real";
  if (!exists(root)) {
    print_message("skipped: no folder %s (set VOXGAN_REAL_DATA)\n", root);
    skip();
  }
  assert_int_equal(vg_fs_walk(root, &files, &n), VG_OK);
  for (size_t i = 0; i < n; i++) {
    if (!vg_volume_is_path(files[i])) continue;
    char *path = vg_fs_join(root, files[i]);
    vg_volume v;
    vg_labelmap m;
    if (vg_volume_read(path, &v, NULL)) fail_msg("%s", vg_error());
    bool labels = strstr(files[i], "seg") != NULL;
    if (labels && vg_volume_read_labels(path, &m, NULL)) fail_msg("%s", vg_error());
    if (labels) {
      /* Whole-head maps have values of FreeSurfer and tissues of the head, up to 530; its parcellations go to
       * 14175. */
      const int most = strstr(files[i], ".mgz") ? 14175 : strstr(files[i], "labels_only/") ? 530 : 4;
      for (size_t k = 0; k < vg_geometry_voxels(&m.geo); k++)
        if (m.data[k] > most) fail_msg("%s: a label %d", path, (int)m.data[k]);
      vg_labelmap_release(&m);
    }
    vg_volume_release(&v);
    vg_free(path);
    seen++;
  }
  vg_strv_free(files);
  assert_true(seen > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_kind),     cmocka_unit_test(test_every_length),
      cmocka_unit_test(test_pairs),          cmocka_unit_test(test_capitals),
      cmocka_unit_test(test_dimensions),     cmocka_unit_test(test_affine_choice),
      cmocka_unit_test(test_scale_oddities), cmocka_unit_test(test_labels),
      cmocka_unit_test(test_not_finite),     cmocka_unit_test(test_names),
      cmocka_unit_test(test_real_data),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
