/* test_nifti_faults.c: every broken NIfTI file is refused with a message, and each failing allocation too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <unistd.h>
#include "nifti_maker.h"
#include "voxgan/rng.h"

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
  vg_volume_header info;
  maker m = new_maker(1, VG_DT_I16);
  m.v1.dim[3] = NZ + 1;
  assert_refused(save_single(&m, "b.nii"), "promises 4x3x3 voxels of int16, 72 bytes at 352");
  assert_refused(save_single(&m, "b.nii.gz"), "promises 4x3x3 voxels");
  /* So many that even the header alone is not believable, and nothing may be allocated for them. */
  m.v1.dim[1] = m.v1.dim[2] = m.v1.dim[3] = 32767;
  assert_refused(save_single(&m, "b.nii"), "promises");
  assert_refused(save_single(&m, "b.nii.gz"), "promises");
  assert_int_equal(vg_volume_info(in_scratch("b.nii.gz"), &info), VG_DATA);
  m = new_maker(2, VG_DT_F64);
  m.v2.dim[1] = m.v2.dim[2] = m.v2.dim[3] = 2147483647;
  assert_refused(save_single(&m, "b.nii"), "promises");
  m.v2.dim[1] = (int64_t)1 << 40;
  assert_refused(save_single(&m, "b.nii"), "length of 1099511627776");
}

/* A slip of the unit, or a hostile header: lengths in voxels would leave the ints that hold them. */
static void test_grids_that_cannot_be(void **state) {
  (void)state;
  static const struct {
    double mm, offset, shear;
    const char *says; /* NULL: fine */
  } grids[] = {{1e-3, 0, 0, NULL},
               {0.9e-3, 0, 0, "voxels of"},
               {1e-10, 0, 0, "voxels of"},
               {5e-324, 0, 0, "cannot place voxels"},
               {1e-40, 0, 0, "voxels of"},
               {100, 0, 0, NULL},
               {101, 0, 0, "voxels of"},
               {11983717.14285714, 0, 0, "voxels of"},
               {1e200, 0, 0, "cannot place voxels"},
               {1, 999999, 0, NULL},
               {1, -1e6, 0, "begins 1e+06 mm from the origin"},
               {1, 1e17, 0, "mm from the origin"},
               {1, INFINITY, 0, "cannot place voxels"},
               {1, NAN, 0, "cannot place voxels"},
               {1, 0, 20, NULL},
               {1, 0, 99, NULL},
               {10, 0, 2000, "voxels of"},
               {0.5, 0, 60, "all but parallel"}};
  for (size_t i = 0; i < sizeof grids / sizeof *grids; i++) {
    maker m = new_maker(2, VG_DT_U8);
    vg_volume_header info;
    const double rows[3][4] = {
        {grids[i].mm, grids[i].shear, 0, grids[i].offset}, {0, grids[i].mm, 0, 0}, {0, 0, grids[i].mm, 0}};
    memcpy(m.v2.srow_x, rows[0], sizeof rows[0]);
    memcpy(m.v2.srow_y, rows[1], sizeof rows[1]);
    memcpy(m.v2.srow_z, rows[2], sizeof rows[2]);
    const char *path = save_single(&m, "grid.nii");
    if (grids[i].says)
      assert_refused(path, grids[i].says);
    else if (vg_volume_info(path, &info))
      fail_msg("%s", vg_error());
  }
  /* 32767 voxels of 4 mm are 131 m. */
  maker m = new_maker(2, VG_DT_U8);
  m.v2.dim[0] = 1;
  m.v2.dim[1] = 32767;
  m.v2.srow_x[0] = 4;
  assert_refused(save_single(&m, "grid.nii"), "mm long");
  m.v2.dim[1] = 32768;
  assert_refused(save_single(&m, "grid.nii"), "promises 32768x1x1 voxels");
}

/* A voxel may not be put so far into a compressed file that its promise becomes a budget for a bomb. */
static void test_budget(void **state) {
  (void)state;
  maker m = new_maker(2, VG_DT_U8);
  m.v2.vox_offset = (int64_t)1 << 40;
  assert_refused(save_single(&m, "b.nii.gz"), "offset");
  m = new_maker(1, VG_DT_U8);
  const size_t len = single_bytes(&m), zeros = (size_t)3 << 20;
  uint8_t *big = vg_calloc(len + zeros, 1);
  memcpy(big, file_buf, len);
  void *gz;
  size_t gz_len;
  vg_volume v;
  assert_int_equal(vg_gzip_deflate(big, len + zeros, 6, &gz, &gz_len), VG_OK);
  assert_int_equal(vg_fs_write_atomic(in_scratch("b.nii.gz"), gz, gz_len), VG_OK);
  assert_int_equal(vg_volume_read(in_scratch("b.nii.gz"), &v, NULL), VG_DATA);
  assert_non_null(strstr(vg_error(), "more than the"));
  vg_free(gz);
  /* Far more bytes than the voxels can take, compressed or not. */
  assert_int_equal(vg_gzip_deflate(file_buf, len, 6, &gz, &gz_len), VG_OK);
  memset(big, 0, len + zeros);
  memcpy(big, gz, gz_len);
  assert_int_equal(vg_fs_write_atomic(in_scratch("b.nii.gz"), big, len + zeros), VG_OK);
  assert_int_equal(vg_volume_read(in_scratch("b.nii.gz"), &v, NULL), VG_DATA);
  assert_non_null(strstr(vg_error(), "before compression"));
  vg_free(gz);
  vg_free(big);
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
      assert_int_equal(vg_volume_read(path, &v, NULL), VG_DATA);
    }
    assert_int_equal(vg_gzip_deflate(file_buf, len, 6, &gz, &gz_len), VG_OK);
    for (size_t cut = 0; cut < gz_len; cut++) {
      vg_volume v;
      assert_int_equal(vg_fs_write_atomic(path, gz, cut), VG_OK);
      assert_int_equal(vg_volume_read(path, &v, NULL), VG_DATA);
    }
    vg_free(gz);
  }
  vg_volume v;
  assert_int_equal(vg_volume_read(in_scratch("absent.nii"), &v, NULL), VG_IO);
  assert_int_equal(vg_volume_read(scratch, &v, NULL), VG_IO);
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
    vg_status st = vg_volume_read(path, &v, NULL);
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
      vg_status st = vg_volume_read(in_scratch(names[k]), &v, NULL);
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
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_grids_that_cannot_be),
      cmocka_unit_test(test_budget),
      cmocka_unit_test(test_bad_headers),
      cmocka_unit_test(test_broken_promises),
      cmocka_unit_test(test_cut_files),
      cmocka_unit_test(test_members_and_excess),
      cmocka_unit_test(test_random_damage),
      cmocka_unit_test(test_memory_failures),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
