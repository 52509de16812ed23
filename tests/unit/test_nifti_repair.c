/* test_nifti_repair.c: faults of a header are repaired with a word, or refused; none in silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "io/nifti/nifti_repair.h"
#include "nifti_maker.h"
#include "voxgan/log.h"

/* A file that only its qform places. */
static maker by_qform(int version) {
  maker m = new_maker(version, VG_DT_I16);
  m.v1.sform_code = 0, m.v2.sform_code = 0;
  m.v1.qform_code = 1, m.v2.qform_code = 1;
  return m;
}

static void assert_noted(const maker *m, vg_repair kind, long files, const double mm[3]) {
  static int nth;
  char name[32];
  vg_volume_header info;
  double have[3];
  long before = vg_repair_count(kind);
  snprintf(name, sizeof name, "noted%d.nii", nth++);
  const char *path = save_single(m, name);
  for (int again = 0; again < 2; again++)
    if (vg_volume_info(path, &info)) fail_msg("%s", vg_error());
  assert_int_equal(vg_repair_count(kind) - before, files);
  vg_geometry_spacing(&info.geo, have);
  for (int a = 0; a < 3 && mm; a++) assert_float_equal(have[a], mm[a], 1e-6);
}

static void sizes_are_repaired_with_a_word(void **state) {
  (void)state;
  static const double mm[3] = {1.5, 2.5, 3.5};
  for (int version = 1; version <= 2; version++) {
    maker m = by_qform(version);
    assert_noted(&m, VG_REPAIR_SIZE_SIGN, 0, mm);
    m.v1.pixdim[2] = -2.5f, m.v2.pixdim[2] = -2.5;
    assert_noted(&m, VG_REPAIR_SIZE_SIGN, 1, mm);
    m.v1.qform_code = 0, m.v2.qform_code = 0;
    assert_noted(&m, VG_REPAIR_SIZE_SIGN, 1, mm);
    m.v1.sform_code = 1, m.v2.sform_code = 1; /* not in use */
    assert_noted(&m, VG_REPAIR_SIZE_SIGN, 0, NULL);
    m = by_qform(version);
    m.v1.pixdim[3] = 0, m.v2.pixdim[3] = 0;
    assert_noted(&m, VG_REPAIR_SIZE_ZERO, 1, (double[]){1.5, 2.5, 1});
    m.v1.pixdim[3] = NAN, m.v2.pixdim[3] = NAN;
    assert_refused(save_single(&m, "nan.nii"), "voxel size of nan along z");
    m.v1.sform_code = 1, m.v2.sform_code = 1;
    assert_noted(&m, VG_REPAIR_SIZE_ZERO, 0, NULL);
  }
}

static void other_fields_are_repaired_with_a_word(void **state) {
  (void)state;
  static const double mm[3] = {1.5, 2.5, 3.5};
  static const double qfacs[] = {0, 3, -2};
  for (int version = 1; version <= 2; version++) {
    maker m = by_qform(version);
    assert_noted(&m, VG_REPAIR_QFAC, 0, mm);
    for (int i = 0; i < 3; i++) {
      m.v1.pixdim[0] = (float)qfacs[i], m.v2.pixdim[0] = qfacs[i];
      assert_noted(&m, VG_REPAIR_QFAC, 1, mm);
    }
    m = by_qform(version);
    m.v1.xyzt_units = 5, m.v2.xyzt_units = 5;
    assert_noted(&m, VG_REPAIR_UNITS, 1, mm);
    m = by_qform(version);
    m.v1.dim[5] = 9, m.v2.dim[5] = 9;
    assert_noted(&m, VG_REPAIR_LENGTHS, 1, mm);
    m = by_qform(version);
    m.v1.scl_inter = 7, m.v2.scl_inter = 7;
    assert_noted(&m, VG_REPAIR_SCALE, 1, mm);
    m = by_qform(version);
    m.v1.scl_slope = m.v1.scl_inter = NAN, m.v2.scl_slope = m.v2.scl_inter = NAN;
    assert_noted(&m, VG_REPAIR_SCALE, 0, mm);
    m.v1.qform_code = 0, m.v2.qform_code = 0;
    assert_noted(&m, VG_REPAIR_ORIENTATION, 1, mm);
  }
}

static void what_has_no_reading_is_refused(void **state) {
  (void)state;
  for (int field = 0; field < 8; field++) {
    maker m = by_qform(1);
    float *const fields[] = {&m.v1.quatern_b, &m.v1.quatern_c, &m.v1.quatern_d, &m.v1.qoffset_x,
                             &m.v1.qoffset_y, &m.v1.qoffset_z, &m.v1.pixdim[0], &m.v1.quatern_b};
    *fields[field] = field < 7 ? NAN : 1.5f;
    assert_refused(save_single(&m, "q.nii"), "the qform cannot place voxels");
    m.v1.sform_code = 1;
    m.v1.qform_code = 0;
    assert_noted(&m, VG_REPAIR_QFAC, 0, NULL);
  }
}

static void two_forms_are_compared(void **state) {
  (void)state;
  maker m = by_qform(1);
  static const float rows[3][4] = {{1.5f, 0, 0, 0}, {0, 2.5f, 0, 0}, {0, 0, -3.5f, 0}}; /* as the qform */
  memcpy(m.v1.srow_x, rows, sizeof rows);
  m.v1.sform_code = 1;
  assert_noted(&m, VG_REPAIR_TWO_FORMS, 0, NULL);
  m.v1.srow_x[3] = 4;
  assert_noted(&m, VG_REPAIR_TWO_FORMS, 1, NULL);
  m.v1.sform_code = 4; /* another space, whose origin may be elsewhere */
  assert_noted(&m, VG_REPAIR_TWO_FORMS, 0, NULL);
  m.v1.srow_x[0] = -1.5f; /* but left stays left */
  assert_noted(&m, VG_REPAIR_TWO_FORMS, 1, NULL);
}

static void unknown_stays_unknown(void **state) {
  (void)state;
  vg_geometry g = {{6, 5, 4}, {{{2, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, 3, 0}}}};
  vg_labelmap map;
  vg_volume_header info;
  void *bytes;
  size_t len;
  struct nifti_1_header h;
  assert_int_equal(vg_labelmap_new(&g, &map), VG_OK);
  for (int code = 0; code < 5; code++) {
    assert_int_equal(vg_volume_write_labels(in_scratch("u.nii"), &map, code), VG_OK);
    assert_int_equal(vg_volume_info(in_scratch("u.nii"), &info), VG_OK);
    assert_int_equal(info.xform_code, code);
    assert_int_equal(vg_geometry_same(&info.geo, "a", &g, "b", 1e-6), VG_OK);
    assert_int_equal(vg_fs_read(in_scratch("u.nii"), &bytes, &len), VG_OK);
    memcpy(&h, bytes, sizeof h);
    vg_free(bytes);
    assert_int_equal(h.qform_code, code);
    assert_int_equal(h.sform_code, code);
  }
  /* A quaternion cannot hold a shear, so there is none. */
  map.geo.affine.m[0][1] = 0.5;
  assert_int_equal(vg_volume_write_labels(in_scratch("u.nii"), &map, 1), VG_OK);
  assert_int_equal(vg_fs_read(in_scratch("u.nii"), &bytes, &len), VG_OK);
  memcpy(&h, bytes, sizeof h);
  vg_free(bytes);
  assert_int_equal(h.qform_code, 0);
  assert_int_equal(h.sform_code, 1);
  vg_labelmap_release(&map);
}

static void clamping_is_reported(void **state) {
  (void)state;
  vg_geometry g = {{6, 5, 4}, {{{2, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, 3, 0}}}};
  vg_volume v;
  long before = vg_repair_count(VG_REPAIR_CLAMPED);
  assert_int_equal(vg_volume_new(&g, &v), VG_OK);
  v.data[3] = -32768.4f, v.data[4] = 32767.4f;
  vg_volume_write_options o = {.dtype = VG_DT_I16, .xform_code = 1};
  assert_int_equal(vg_volume_write(in_scratch("fits.nii"), &v, &o), VG_OK);
  assert_int_equal(vg_repair_count(VG_REPAIR_CLAMPED), before);
  v.data[3] = -100000;
  assert_int_equal(vg_volume_write(in_scratch("beyond.nii"), &v, &o), VG_OK);
  assert_int_equal(vg_repair_count(VG_REPAIR_CLAMPED), before + 1);
  o.slope = 5, o.inter = -100000;
  assert_int_equal(vg_volume_write(in_scratch("scaled.nii"), &v, &o), VG_OK);
  assert_int_equal(vg_repair_count(VG_REPAIR_CLAMPED), before + 1);
  vg_volume_release(&v);
}

/* The tolerance is what float32 quaternions need, and no half voxel. */
static void tolerance_is_that_of_the_format(void **state) {
  (void)state;
  double worst = 0;
  for (int k = 0; k < 200; k++) {
    const double turn = M_PI - 2e-3 * k / 200, c = cos(turn), s = sin(turn);
    vg_geometry g = {{240, 240, 155}, {{{c, -s, 0, 90}, {s, c, 0, -120}, {0, 0, 1, -70}}}}, back = g;
    nifti_dmat44 m = {{{0}}};
    double b, cc, d, x, y, z, dx, dy, dz, qfac;
    for (int r = 0; r < 3; r++)
      for (int j = 0; j < 4; j++) m.m[r][j] = g.affine.m[r][j];
    nifti_dmat44_to_quatern(m, &b, &cc, &d, &x, &y, &z, &dx, &dy, &dz, &qfac);
    m = nifti_quatern_to_dmat44((double)(float)b, (double)(float)cc, (double)(float)d, x, y, z, dx, dy, dz,
                                qfac);
    for (int r = 0; r < 3; r++)
      for (int j = 0; j < 4; j++) back.affine.m[r][j] = m.m[r][j];
    if (vg_geometry_same(&back, "a", &g, "b", vg_geometry_tolerance(&g))) fail_msg("%s", vg_error());
    for (int r = 0; r < 2; r++) worst = fmax(worst, 240 * fabs(back.affine.m[r][0] - g.affine.m[r][0]));
    back = g;
    back.affine.m[2][3] += 0.5;
    assert_int_equal(vg_geometry_same(&back, "a", &g, "b", vg_geometry_tolerance(&g)), VG_DATA);
  }
  assert_true(worst > 1e-2); /* the rounding is there */
}

static void sheared_voxels_have_their_volume(void **state) {
  (void)state;
  vg_geometry g = {{6, 5, 4}, {{{2, 1, 0, 0}, {0, 2, 0, 0}, {0, 0, 3, 0}}}};
  double mm[3];
  vg_geometry_spacing(&g, mm);
  assert_float_equal(mm[1], sqrt(5), 1e-12);
  assert_float_equal(vg_geometry_voxel_ml(&g), 0.012, 1e-12);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes_are_repaired_with_a_word),
      cmocka_unit_test(other_fields_are_repaired_with_a_word),
      cmocka_unit_test(what_has_no_reading_is_refused),
      cmocka_unit_test(two_forms_are_compared),
      cmocka_unit_test(unknown_stays_unknown),
      cmocka_unit_test(clamping_is_reported),
      cmocka_unit_test(tolerance_is_that_of_the_format),
      cmocka_unit_test(sheared_voxels_have_their_volume),
  };
  vg_log_set_level(VG_LOG_ERROR);
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
