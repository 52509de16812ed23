/* test_nifti.c: every kind of NIfTI file there can be, made here byte by byte, and every broken one. */
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
#include <unistd.h>
#include "scratch.h"
#include "voxgan/fs.h"
#include "voxgan/gzip.h"
#include "voxgan/mem.h"
#include "voxgan/nifti.h"
#include "voxgan/rng.h"
#include "voxgan/str.h"

/* ---- making files --------------------------------------------------------------------------- */

enum { NX = 4, NY = 3, NZ = 2, N = NX * NY * NZ };

static const vg_dtype all_types[] = {VG_DT_U8,  VG_DT_I8,  VG_DT_U16, VG_DT_I16, VG_DT_U32,
                                     VG_DT_I32, VG_DT_U64, VG_DT_I64, VG_DT_F32, VG_DT_F64};

static int type_size(vg_dtype t) {
  int bytes, swap;
  nifti_datatype_sizes(t, &bytes, &swap);
  return bytes;
}

static void store(vg_dtype t, double v, uint8_t *to) {
  switch (t) {
  case VG_DT_U8:
    memcpy(to, &(uint8_t){(uint8_t)v}, 1);
    break;
  case VG_DT_I8:
    memcpy(to, &(int8_t){(int8_t)v}, 1);
    break;
  case VG_DT_U16:
    memcpy(to, &(uint16_t){(uint16_t)v}, 2);
    break;
  case VG_DT_I16:
    memcpy(to, &(int16_t){(int16_t)v}, 2);
    break;
  case VG_DT_U32:
    memcpy(to, &(uint32_t){(uint32_t)v}, 4);
    break;
  case VG_DT_I32:
    memcpy(to, &(int32_t){(int32_t)v}, 4);
    break;
  case VG_DT_U64:
    memcpy(to, &(uint64_t){(uint64_t)v}, 8);
    break;
  case VG_DT_I64:
    memcpy(to, &(int64_t){(int64_t)v}, 8);
    break;
  case VG_DT_F32:
    memcpy(to, &(float){(float)v}, 4);
    break;
  case VG_DT_F64:
    memcpy(to, &v, 8);
    break;
  }
}

/* Voxel i of the test files, which all the types can hold. */
static double sample(vg_dtype t, int i) {
  bool negative =
      t == VG_DT_I8 || t == VG_DT_I16 || t == VG_DT_I32 || t == VG_DT_I64 || t == VG_DT_F32 || t == VG_DT_F64;
  double fraction = t == VG_DT_F32 || t == VG_DT_F64 ? 0.25 : 0;
  return (negative ? i * 5 - 40 : i * 5) + fraction;
}

typedef struct maker {
  struct nifti_1_header v1;
  struct nifti_2_header v2;
  int version;
  bool swap;
  vg_dtype type;
  double values[N];
  int n; /* voxels that are really there */
} maker;

static maker new_maker(int version, vg_dtype t) {
  maker m = {.version = version, .type = t, .n = N};
  static const int dim[8] = {3, NX, NY, NZ, 1, 1, 1, 1};
  m.v1.sizeof_hdr = 348;
  memcpy(m.v1.magic, "n+1", 4);
  m.v2.sizeof_hdr = 540;
  memcpy(m.v2.magic, "n+2\0\r\n\032\n", 8);
  for (int d = 0; d < 8; d++) {
    m.v1.dim[d] = (short)dim[d];
    m.v2.dim[d] = dim[d];
  }
  for (int d = 0; d < 4; d++) {
    m.v1.pixdim[d] = d == 0 ? -1 : (float)(d + 0.5);
    m.v2.pixdim[d] = d == 0 ? -1 : d + 0.5;
  }
  m.v1.datatype = m.v2.datatype = (short)t;
  m.v1.bitpix = m.v2.bitpix = (short)(8 * type_size(t));
  m.v1.vox_offset = 352;
  m.v2.vox_offset = 544;
  m.v1.xyzt_units = NIFTI_UNITS_MM;
  m.v2.xyzt_units = NIFTI_UNITS_MM;
  m.v1.sform_code = 1;
  m.v2.sform_code = 1;
  static const float rows[3][4] = {{-2, 0, 0, 90}, {0, 2, 0, -126}, {0, 0.5, 3, -72}};
  memcpy(m.v1.srow_x, rows, sizeof rows);
  for (int k = 0; k < 4; k++) {
    m.v2.srow_x[k] = (double)rows[0][k];
    m.v2.srow_y[k] = (double)rows[1][k];
    m.v2.srow_z[k] = (double)rows[2][k];
  }
  for (int i = 0; i < N; i++) m.values[i] = sample(t, i);
  return m;
}

static size_t image_bytes(const maker *m, uint8_t *to) {
  int size = type_size(m->type);
  for (int i = 0; i < m->n; i++) {
    uint8_t *at = to + i * size;
    store(m->type, m->values[i], at);
    for (int b = 0; m->swap && b < size / 2; b++) {
      uint8_t kept = at[b];
      at[b] = at[size - 1 - b];
      at[size - 1 - b] = kept;
    }
  }
  return (size_t)(m->n * size);
}

static size_t header_bytes(const maker *m, uint8_t *to) {
  struct nifti_1_header v1 = m->v1;
  struct nifti_2_header v2 = m->v2;
  if (m->swap) {
    swap_nifti_header(&v1, 1);
    swap_nifti_header(&v2, 2);
  }
  memcpy(to, m->version == 1 ? (const void *)&v1 : (const void *)&v2, m->version == 1 ? 348 : 540);
  return m->version == 1 ? 348 : 540;
}

static void save_bytes(const char *path, const void *bytes, size_t len) {
  void *gz;
  size_t gz_len;
  if (!vg_ends_with(path, ".gz")) {
    assert_int_equal(vg_fs_write_atomic(path, bytes, len), VG_OK);
    return;
  }
  assert_int_equal(vg_gzip_deflate(bytes, len, 6, &gz, &gz_len), VG_OK);
  assert_int_equal(vg_fs_write_atomic(path, gz, gz_len), VG_OK);
  vg_free(gz);
}

static uint8_t file_buf[8192];

/* One file in file_buf; answers its length. */
static size_t single_bytes(const maker *m) {
  memset(file_buf, 0, sizeof file_buf);
  size_t at = header_bytes(m, file_buf) + 4;
  return at + image_bytes(m, file_buf + at);
}

static const char *save_single(const maker *m, const char *name) {
  const char *path = in_scratch(name);
  save_bytes(path, file_buf, single_bytes(m));
  return path;
}

static void assert_reads(const char *path, const maker *m, double slope, double inter) {
  vg_volume v = {0};
  vg_nifti_info info;
  vg_status st = vg_nifti_read(path, &v, &info);
  if (st) fail_msg("%s", vg_error());
  assert_int_equal(info.dtype, m->type);
  assert_int_equal(info.version, m->version);
  assert_int_equal(v.geo.dim[0], m->v1.dim[1]);
  assert_int_equal(v.geo.dim[1], m->v1.dim[2]);
  for (int i = 0; i < m->n; i++) {
    float want = (float)(m->values[i] * slope + inter);
    if (v.data[i] != want) fail_msg("%s: voxel %d: %g, wanted %g", path, i, (double)v.data[i], (double)want);
  }
  vg_volume_release(&v);
}

static void assert_refused(const char *path, const char *because) {
  vg_volume v = {0};
  vg_labelmap m = {0};
  long live = vg_mem_live();
  assert_int_equal(vg_nifti_read(path, &v, NULL), VG_DATA);
  if (!strstr(vg_error(), because) || !strstr(vg_error(), vg_fs_basename(path)))
    fail_msg("'%s' does not name %s and say '%s'", vg_error(), path, because);
  assert_null(strchr(vg_error(), '\n'));
  assert_int_equal(vg_nifti_read_labels(path, &m, NULL), VG_DATA);
  assert_int_equal(vg_mem_live(), live);
}

/* ---- files that read ------------------------------------------------------------------------ */

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
  static const char *const names[][2] = {
      {"p.hdr", "p.img"}, {"q.hdr.gz", "q.img.gz"}, {"r.hdr", "r.img.gz"}, {"s.hdr.gz", "s.img"}};
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
  assert_int_equal(vg_nifti_read(in_scratch("p.hdr"), &v, NULL), VG_IO);
  assert_non_null(strstr(vg_error(), "p.img"));
}

static void test_dimensions(void **state) {
  (void)state;
  vg_nifti_info info;
  maker m = new_maker(1, VG_DT_I16);
  m.v1.dim[0] = 7; /* trailing ones */
  assert_reads(save_single(&m, "d.nii"), &m, 1, 0);
  m.v1.dim[0] = 2; /* a slice; what follows must not be looked at */
  m.v1.dim[3] = 0;
  m.v1.pixdim[3] = 0;
  m.n = NX * NY;
  const char *path = save_single(&m, "d.nii");
  assert_reads(path, &m, 1, 0);
  assert_int_equal(vg_nifti_info_read(path, &info), VG_OK);
  assert_int_equal(info.geo.dim[2], 1);
  m = new_maker(1, VG_DT_I16);
  m.v1.dim[0] = 4;
  m.v1.dim[4] = 2;
  assert_refused(save_single(&m, "d.nii"), "one volume is wanted");
  m.v1.dim[0] = 5;
  m.v1.dim[4] = 1;
  m.v1.dim[5] = 3;
  assert_refused(save_single(&m, "d.nii"), "one volume is wanted");
}

static void assert_affine(const char *path, const double want[3][4], int code) {
  vg_nifti_info info;
  if (vg_nifti_info_read(path, &info)) fail_msg("%s", vg_error());
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
    static const double metres[3][4] = {{1500, 0, 0, 0}, {0, 2500, 0, 0}, {0, 0, 3500, 0}};
    assert_affine(save_single(&m, "a.nii"), metres, 0);
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
    if (vg_nifti_read_labels(path, &map, NULL)) fail_msg("%s", vg_error());
    for (int i = 0; i < N; i++) assert_int_equal(map.data[i], i % 5);
    vg_labelmap_release(&map);
    if (type_size(m.type) < 2) continue;
    if (m.type != VG_DT_I16) { /* the largest */
      m.values[1] = 65535;
      assert_int_equal(vg_nifti_read_labels(save_single(&m, "l.nii.gz"), &map, NULL), VG_OK);
      assert_int_equal(map.data[1], 65535);
      vg_labelmap_release(&map);
    }
    if (type_size(m.type) > 2) {
      m.values[1] = 65536;
      assert_int_equal(vg_nifti_read_labels(save_single(&m, "l.nii.gz"), &map, NULL), VG_DATA);
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
    assert_int_equal(vg_nifti_read_labels(save_single(&m, "l.nii"), &map, NULL), VG_DATA);
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
      assert_int_equal(vg_nifti_read(save_single(&m, "n.nii.gz"), &v, NULL), VG_DATA);
      assert_non_null(strstr(vg_error(), "n.nii.gz: 2 voxels are NaN or infinite, the first at (1, 0, 1)"));
    }
  }
}

/* ---- files that do not ---------------------------------------------------------------------- */

static void test_bad_headers(void **state) {
  (void)state;
  maker m = new_maker(1, VG_DT_I16);
  memset(m.v1.magic, 0, 4);
  assert_refused(save_single(&m, "b.nii"), "wrong magic");
  uint8_t head[348];
  save_bytes(in_scratch("analyze.hdr"), head, header_bytes(&m, head));
  save_bytes(in_scratch("analyze.img"), head, 48);
  assert_refused(in_scratch("analyze.hdr"), "ANALYZE");
  memcpy(m.v1.magic, "ni1", 4);
  assert_refused(save_single(&m, "b.nii"), ".img");
  m = new_maker(2, VG_DT_I16);
  m.v2.magic[5] = '\r';
  assert_refused(save_single(&m, "b.nii"), "damaged");
  memcpy(m.v2.magic, "n+1", 4);
  assert_refused(save_single(&m, "b.nii"), "wrong magic");
  m = new_maker(1, VG_DT_I16);
  m.v1.sizeof_hdr = 349;
  assert_refused(save_single(&m, "b.nii"), "not a NIfTI file");
  m = new_maker(1, VG_DT_I16);
  m.v1.dim[0] = 0;
  assert_refused(save_single(&m, "b.nii"), "0 dimensions");
  m.v1.dim[0] = 8;
  assert_refused(save_single(&m, "b.nii"), "8 dimensions");
  m.v1.dim[0] = 3;
  m.v1.dim[2] = 0;
  assert_refused(save_single(&m, "b.nii"), "length of 0 along dimension 2");
  m.v1.dim[2] = -3;
  assert_refused(save_single(&m, "b.nii"), "length of -3");
  m = new_maker(1, VG_DT_I16);
  m.v1.bitpix = 8;
  assert_refused(save_single(&m, "b.nii"), "8 bits a voxel");
  static const short strange[] = {0, 1, 32, 128, 1536, 1792, 2048, 2304, 77, -4};
  for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
    m.v1.datatype = strange[i];
    assert_refused(save_single(&m, "b.nii"), "not supported");
  }
  m = new_maker(1, VG_DT_I16);
  static const float offsets[] = {1, 348, 352.5f, -352, NAN, INFINITY, 1e30f};
  for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
    m.v1.vox_offset = offsets[i];
    assert_refused(save_single(&m, "b.nii"), "offset");
  }
  m.v1.vox_offset = 1000;
  assert_refused(save_single(&m, "b.nii"), "promises");
  m = new_maker(1, VG_DT_I16);
  memset(m.v1.srow_y, 0, sizeof m.v1.srow_y);
  assert_refused(save_single(&m, "b.nii"), "sform cannot place voxels");
  m = new_maker(1, VG_DT_I16);
  m.v1.srow_y[3] = NAN;
  assert_refused(save_single(&m, "b.nii"), "sform cannot place voxels");
}

static void test_broken_promises(void **state) {
  (void)state;
  vg_nifti_info info;
  maker m = new_maker(1, VG_DT_I16);
  m.v1.dim[3] = NZ + 1;
  assert_refused(save_single(&m, "b.nii"), "promises 4x3x3 voxels of int16, 72 bytes at 352");
  assert_refused(save_single(&m, "b.nii.gz"), "promises 4x3x3 voxels");
  /* So many that even the header alone is not believable, and nothing may be allocated for them. */
  m.v1.dim[1] = m.v1.dim[2] = m.v1.dim[3] = 32767;
  assert_refused(save_single(&m, "b.nii"), "promises");
  assert_refused(save_single(&m, "b.nii.gz"), "promises");
  assert_int_equal(vg_nifti_info_read(in_scratch("b.nii.gz"), &info), VG_DATA);
  m = new_maker(2, VG_DT_F64);
  m.v2.dim[1] = m.v2.dim[2] = m.v2.dim[3] = 2147483647;
  assert_refused(save_single(&m, "b.nii"), "more than can be");
  m.v2.dim[1] = (int64_t)1 << 40;
  assert_refused(save_single(&m, "b.nii"), "length of 1099511627776");
}

static void test_cut_files(void **state) {
  (void)state;
  for (int version = 1; version <= 2; version++) {
    maker m = new_maker(version, VG_DT_I16);
    void *gz;
    size_t gz_len, len = single_bytes(&m);
    const char *path = in_scratch("cut.nii");
    for (size_t cut = 0; cut < len; cut += 7) {
      vg_volume v;
      save_bytes(path, file_buf, cut);
      assert_int_equal(vg_nifti_read(path, &v, NULL), VG_DATA);
    }
    assert_int_equal(vg_gzip_deflate(file_buf, len, 6, &gz, &gz_len), VG_OK);
    for (size_t cut = 0; cut < gz_len; cut++) {
      vg_volume v;
      assert_int_equal(vg_fs_write_atomic(path, gz, cut), VG_OK);
      assert_int_equal(vg_nifti_read(path, &v, NULL), VG_DATA);
    }
    vg_free(gz);
  }
  vg_volume v;
  assert_int_equal(vg_nifti_read(in_scratch("absent.nii"), &v, NULL), VG_IO);
  assert_int_equal(vg_nifti_read(scratch, &v, NULL), VG_IO);
}

static void test_members_and_excess(void **state) {
  (void)state;
  maker m = new_maker(1, VG_DT_I16);
  size_t len = single_bytes(&m), a_len, b_len;
  void *a, *b;
  assert_int_equal(vg_gzip_deflate(file_buf, 200, 6, &a, &a_len), VG_OK);
  assert_int_equal(vg_gzip_deflate(file_buf + 200, len - 200, 6, &b, &b_len), VG_OK);
  uint8_t *joined = vg_malloc(a_len + b_len, 1);
  memcpy(joined, a, a_len);
  memcpy(joined + a_len, b, b_len);
  assert_int_equal(vg_fs_write_atomic(in_scratch("members.nii.gz"), joined, a_len + b_len), VG_OK);
  assert_reads(in_scratch("members.nii.gz"), &m, 1, 0);
  vg_free(a);
  vg_free(b);
  vg_free(joined);
  save_bytes(in_scratch("more.nii"), file_buf, len + 100);
  assert_reads(in_scratch("more.nii"), &m, 1, 0);
  save_bytes(in_scratch("more.nii.gz"), file_buf, len + 100);
  assert_reads(in_scratch("more.nii.gz"), &m, 1, 0);
  /* the magic, not the name, says whether it is gzip */
  save_bytes(in_scratch("plain.nii"), file_buf, len);
  assert_int_equal(rename(in_scratch("plain.nii"), in_scratch("plain.nii.gz")), 0);
  assert_reads(in_scratch("plain.nii.gz"), &m, 1, 0);
}

/* Random damage must end in a message or a volume, not in a crash; sanitizers watch. */
static void test_random_damage(void **state) {
  (void)state;
  vg_rng r = vg_rng_init(11, 12);
  long live = vg_mem_live();
  const char *path = in_scratch("damaged.nii");
  for (int k = 0; k < 3000; k++) {
    maker m = new_maker(1 + k % 2, all_types[k % 10]);
    vg_volume v = {0};
    m.swap = k & 4;
    size_t len = single_bytes(&m);
    for (uint64_t hits = 1 + vg_rng_below(&r, 4); hits; hits--)
      file_buf[vg_rng_below(&r, k % 3 ? 130 : len)] = (uint8_t)vg_rng_u32(&r);
    FILE *f = fopen(path, "wb");
    fwrite(file_buf, 1, len, f);
    fclose(f);
    vg_status st = vg_nifti_read(path, &v, NULL);
    assert_true(st == VG_OK || st == VG_DATA);
    vg_volume_release(&v);
  }
  assert_int_equal(vg_mem_live(), live);
}

static void test_memory_failures(void **state) {
  (void)state;
  maker m = new_maker(1, VG_DT_I16);
  static const char *const names[] = {"m.nii", "m.nii.gz", "m.hdr"};
  uint8_t head[348], image[N * 2];
  m.v1.magic[1] = 'i';
  save_bytes(in_scratch("m.hdr"), head, header_bytes(&m, head));
  m.v1.vox_offset = 0;
  save_bytes(in_scratch("m.hdr"), head, header_bytes(&m, head));
  save_bytes(in_scratch("m.img.gz"), image, image_bytes(&m, image));
  m.v1.magic[1] = '+';
  m.v1.vox_offset = 352;
  save_single(&m, names[0]);
  save_single(&m, names[1]);
  for (int k = 0; k < 3; k++) {
    long failures = 0;
    for (long n = 1;; n++) {
      vg_volume v = {0};
      long live = vg_mem_live();
      vg_mem_fail_after(n);
      vg_status st = vg_nifti_read(in_scratch(names[k]), &v, NULL);
      vg_mem_fail_after(0);
      if (!st) {
        vg_volume_release(&v);
        break;
      }
      failures++;
      assert_int_equal(st, VG_MEMORY);
      assert_non_null(strstr(vg_error(), "m."));
      assert_int_equal(vg_mem_live(), live);
    }
    assert_true(failures >= 1);
  }
  vg_volume v;
  assert_int_equal(vg_nifti_read(in_scratch("m.nii"), &v, NULL), VG_OK);
  static const char *const written[] = {"w.nii", "w.nii.gz"};
  for (int k = 0; k < 4; k++) {
    vg_nifti_write_options o = {.dtype = k < 2 ? VG_DT_I16 : VG_DT_F32};
    for (long n = 1;; n++) {
      long live = vg_mem_live();
      vg_mem_fail_after(n);
      vg_status st = vg_nifti_write(in_scratch(written[k % 2]), &v, &o);
      vg_mem_fail_after(0);
      assert_int_equal(vg_mem_live(), live);
      if (!st) break;
      assert_int_equal(st, VG_MEMORY);
      assert_false(vg_fs_exists(in_scratch(written[k % 2])));
    }
    assert_int_equal(vg_fs_remove(in_scratch(written[k % 2])), VG_OK);
  }
  vg_volume_release(&v);
}

/* ---- writing -------------------------------------------------------------------------------- */

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
  static const vg_nifti_write_options options[] = {
      {.dtype = VG_DT_F32},
      {.dtype = VG_DT_I16},
      {.dtype = VG_DT_U8},
      {.dtype = VG_DT_U16, .slope = 0.01, .inter = -100, .xform_code = 2},
      {.dtype = VG_DT_I16, .slope = 0.25, .gzip_level = 6},
      {.dtype = VG_DT_F32, .slope = 2, .inter = 1},
  };
  vg_volume v = example();
  size_t n = vg_geometry_voxels(&v.geo);
  for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
    const vg_nifti_write_options *o = &options[k];
    for (int zipped = 0; zipped < 2; zipped++) {
      const char *path = in_scratch(zipped ? "o.nii.gz" : "o.nii");
      vg_volume back;
      vg_nifti_info info;
      assert_int_equal(vg_nifti_write(path, &v, o), VG_OK);
      if (vg_nifti_read(path, &back, &info)) fail_msg("%s", vg_error());
      assert_int_equal(info.dtype, o->dtype);
      assert_int_equal(info.xform_code, o->xform_code ? o->xform_code : 1);
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
  assert_int_equal(vg_nifti_write(in_scratch("default.nii"), &v, NULL), VG_OK);
  v.data[77] = NAN;
  for (size_t k = 0; k < 2; k++) {
    assert_int_equal(vg_nifti_write(in_scratch("nan.nii"), &v, &options[k]), VG_DATA);
    assert_non_null(strstr(vg_error(), "1 voxels are NaN or infinite, the first at (27, 1, 0)"));
    assert_false(vg_fs_exists(in_scratch("nan.nii")));
  }
  v.data[77] = 0;
  assert_int_equal(vg_nifti_write(in_scratch("o.mha"), &v, NULL), VG_FAILED);
  assert_int_equal(vg_nifti_write(in_scratch("no/o.nii"), &v, NULL), VG_IO);
  vg_volume_release(&v);
}

static void test_write_labels(void **state) {
  (void)state;
  vg_geometry g = {{33, 20, 10}, {{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}};
  vg_labelmap m;
  assert_int_equal(vg_labelmap_new(&g, &m), VG_OK);
  for (int wide = 0; wide < 2; wide++) {
    vg_labelmap back;
    vg_nifti_info info;
    for (size_t i = 0; i < vg_geometry_voxels(&g); i++) m.data[i] = (uint16_t)(i / 50 % 256);
    if (wide) m.data[5000] = 65535;
    assert_int_equal(vg_nifti_write_labels(in_scratch("seg.nii.gz"), &m, 3), VG_OK);
    assert_int_equal(vg_nifti_read_labels(in_scratch("seg.nii.gz"), &back, &info), VG_OK);
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
  assert_int_equal(vg_nifti_write(in_scratch("h.nii"), &v, NULL), VG_OK);
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

static void test_names(void **state) {
  (void)state;
  char buf[16];
  assert_true(vg_nifti_is_path("a/b.nii") && vg_nifti_is_path("b.nii.gz") && vg_nifti_is_path("b.hdr"));
  assert_false(vg_nifti_is_path("b.img") || vg_nifti_is_path("b.gz") || vg_nifti_is_path("b.nii.txt"));
  assert_true(vg_nifti_stem("a.x/b.c.nii.gz", buf, sizeof buf));
  assert_string_equal(buf, "b.c");
  assert_true(vg_nifti_stem("plain", buf, sizeof buf));
  assert_string_equal(buf, "plain");
  assert_false(vg_nifti_stem("a_name_that_is_long.nii", buf, sizeof buf));
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
  if (!vg_fs_is_dir(root)) {
    print_message("skipped: no folder %s (set VOXGAN_REAL_DATA)\n", root);
    skip();
  }
  assert_int_equal(vg_fs_walk(root, &files, &n), VG_OK);
  for (size_t i = 0; i < n; i++) {
    if (!vg_nifti_is_path(files[i])) continue;
    char *path = vg_fs_join(root, files[i]);
    vg_volume v;
    vg_labelmap m;
    if (vg_nifti_read(path, &v, NULL)) fail_msg("%s", vg_error());
    bool labels = strstr(files[i], "seg") != NULL;
    if (labels && vg_nifti_read_labels(path, &m, NULL)) fail_msg("%s", vg_error());
    if (labels) {
      for (size_t k = 0; k < vg_geometry_voxels(&m.geo); k++) assert_true(m.data[k] < 5);
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
      cmocka_unit_test(test_pairs),          cmocka_unit_test(test_dimensions),
      cmocka_unit_test(test_affine_choice),  cmocka_unit_test(test_scale_oddities),
      cmocka_unit_test(test_labels),         cmocka_unit_test(test_not_finite),
      cmocka_unit_test(test_bad_headers),    cmocka_unit_test(test_broken_promises),
      cmocka_unit_test(test_cut_files),      cmocka_unit_test(test_members_and_excess),
      cmocka_unit_test(test_random_damage),  cmocka_unit_test(test_memory_failures),
      cmocka_unit_test(test_write),          cmocka_unit_test(test_write_labels),
      cmocka_unit_test(test_header_is_bare), cmocka_unit_test(test_names),
      cmocka_unit_test(test_real_data),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
