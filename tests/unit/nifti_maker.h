/* nifti_maker.h: NIfTI files made byte by byte, in every type, order and version. Include after
 * cmocka.h; the program's group setup is scratch_setup. */
#ifndef VG_TESTS_NIFTI_MAKER_H
#define VG_TESTS_NIFTI_MAKER_H
#include <nifti2_io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "scratch.h"
#include "base/fs.h"
#include "io/gzip.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/str.h"

enum { NX = 4, NY = 3, NZ = 2, N = NX * NY * NZ };

static const vg_dtype all_types[] = {VG_DT_U8,  VG_DT_I8,  VG_DT_U16, VG_DT_I16, VG_DT_U32,
                                     VG_DT_I32, VG_DT_U64, VG_DT_I64, VG_DT_F32, VG_DT_F64};

static inline int type_size(vg_dtype t) {
  int bytes, swap;
  nifti_datatype_sizes(t, &bytes, &swap);
  return bytes;
}

static inline void store(vg_dtype t, double v, uint8_t *to) {
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
static inline double sample(vg_dtype t, int i) {
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

static inline maker new_maker(int version, vg_dtype t) {
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

static inline size_t image_bytes(const maker *m, uint8_t *to) {
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

static inline size_t header_bytes(const maker *m, uint8_t *to) {
  struct nifti_1_header v1 = m->v1;
  struct nifti_2_header v2 = m->v2;
  if (m->swap) {
    swap_nifti_header(&v1, 1);
    swap_nifti_header(&v2, 2);
  }
  memcpy(to, m->version == 1 ? (const void *)&v1 : (const void *)&v2, m->version == 1 ? 348 : 540);
  return m->version == 1 ? 348 : 540;
}

static inline void save_bytes(const char *path, const void *bytes, size_t len) {
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

/* One file in file_buf; returns its length. */
static inline size_t single_bytes(const maker *m) {
  memset(file_buf, 0, sizeof file_buf);
  size_t at = header_bytes(m, file_buf) + 4;
  return at + image_bytes(m, file_buf + at);
}

static inline const char *save_single(const maker *m, const char *name) {
  const char *path = in_scratch(name);
  save_bytes(path, file_buf, single_bytes(m));
  return path;
}

static inline void assert_reads(const char *path, const maker *m, double slope, double inter) {
  vg_volume v = {0};
  vg_volume_header info;
  vg_status st = vg_volume_read(path, &v, &info);
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

static inline void assert_refused(const char *path, const char *because) {
  vg_volume v = {0};
  vg_labelmap m = {0};
  long live = vg_mem_live();
  assert_int_equal(vg_volume_read(path, &v, NULL), VG_DATA);
  if (!strstr(vg_error(), because) || !strstr(vg_error(), vg_fs_basename(path)))
    fail_msg("'%s' does not name %s and say '%s'", vg_error(), path, because);
  assert_null(strchr(vg_error(), '\n'));
  assert_int_equal(vg_volume_read_labels(path, &m, NULL), VG_DATA);
  assert_int_equal(vg_mem_live(), live);
}

#endif
