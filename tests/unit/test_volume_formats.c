/* test_volume_formats.c: MGH, MetaImage and NRRD files made by hand from their documents, good and broken,
 * and files of nibabel. tests/oracle/volumes_oracle.py compares with SimpleITK. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "io/nifti/nifti_repair.h"
#include "io/raw/raw.h"
#include "nifti_maker.h"
#include "oracle.h"

/* Voxel i of every file here is 3 i + 1, as int16. Big-endian or not. */
static size_t voxels(uint8_t *to, int n, bool big) {
  for (int i = 0; i < n; i++) {
    const int v = 3 * i + 1;
    to[2 * i + big] = (uint8_t)v;
    to[2 * i + !big] = (uint8_t)(v >> 8);
  }
  return 2 * (size_t)n;
}

static uint8_t bytes[1 << 16];

/* A text header and the voxels behind it. */
static const char *save_text(const char *name, const char *header, bool big) {
  const size_t len = strlen(header);
  memcpy(bytes, header, len);
  const char *path = in_scratch(name);
  const size_t all = len + voxels(bytes + len, N, big);
  assert_int_equal(vg_fs_write_atomic(path, bytes, all), VG_OK);
  return path;
}

static void assert_values(const char *path, const double affine[12]) {
  vg_volume v = {0};
  vg_volume_header head;
  if (vg_volume_read(path, &v, &head)) fail_msg("%s", vg_error());
  assert_int_equal(head.dtype, VG_DT_I16);
  assert_int_equal(v.geo.dim[0], NX);
  assert_int_equal(v.geo.dim[1], NY);
  assert_int_equal(v.geo.dim[2], NZ);
  for (int i = 0; i < N; i++) assert_true(v.data[i] == (float)(3 * i + 1));
  for (int i = 0; i < 12; i++)
    if (!(fabs(v.geo.affine.m[i / 4][i % 4] - affine[i]) < 1e-6))
      fail_msg("%s: affine[%d][%d] is %g, wanted %g", path, i / 4, i % 4, v.geo.affine.m[i / 4][i % 4],
               affine[i]);
  vg_volume_release(&v);
  vg_labelmap m = {0};
  if (vg_volume_read_labels(path, &m, NULL)) fail_msg("%s", vg_error());
  for (int i = 0; i < N; i++) assert_int_equal(m.data[i], 3 * i + 1);
  vg_labelmap_release(&m);
}

/* Axis 0 runs along +P by 2 mm, axis 1 along +S by 3, axis 2 along +L by 4; the first voxel lies at L 10, P
 * 20, S 30. In R, A, S: x = -10 - 4 k, y = -20 - 2 i, z = 30 + 3 j. */
static const double lps[12] = {0, 0, -4, -10, -2, 0, 0, -20, 0, 3, 0, 30};

#define META_HEAD                                                                           \
  "ObjectType = Image\nNDims = 3\nBinaryData = True\nTransformMatrix = 0 1 0 0 0 1 1 0 0\n" \
  "Offset = 10 20 30\nElementSpacing = 2 3 4\nDimSize = 4 3 2\nElementType = MET_SHORT\n"

static void test_meta(void **state) {
  (void)state;
  assert_values(save_text("a.mha", META_HEAD "ElementDataFile = LOCAL\n", false), lps);
  assert_values(
      save_text("b.mha", META_HEAD "BinaryDataByteOrderMSB = True\r\nElementDataFile = LOCAL\n", true), lps);
  /* A file beside it, alone, behind a header of its own, and at the end of the file. */
  voxels(bytes + 8, N, false);
  assert_int_equal(vg_fs_write_atomic(in_scratch("c.raw"), bytes + 8, 2 * N), VG_OK);
  assert_int_equal(vg_fs_write_atomic(in_scratch("d.raw"), bytes, 8 + 2 * N), VG_OK);
  assert_values(save_text("c.mhd", META_HEAD "ElementDataFile = c.raw\n", false), lps);
  assert_values(save_text("d.mhd", META_HEAD "HeaderSize = 8\nElementDataFile = d.raw\n", false), lps);
  assert_values(save_text("e.mhd", META_HEAD "HeaderSize = -1\nElementDataFile = d.raw\n", false), lps);
  voxels(bytes, N, false);
  assert_int_equal(vg_fs_write_atomic(in_scratch("g.raw"), bytes, 2 * N), VG_OK);
  static const char here[] = META_HEAD "ElementDataFile = ./g.raw"; /* and no line break behind it */
  assert_int_equal(vg_fs_write_atomic(in_scratch("g.MHD"), here, sizeof here - 1), VG_OK);
  assert_values(in_scratch("g.MHD"), lps);
}

#define NRRD_HEAD                                                                                   \
  "NRRD0004\n# a comment\ntype: short\ndimension: 3\nsizes: 4 3 2\nendian: little\nencoding: raw\n" \
  "key:=space: nothing\n"
#define NRRD_PLACE "space directions: (0,2,0) (0,0,3) (4,0,0)\nspace origin: (10,20,30)\n"

static void test_nrrd(void **state) {
  (void)state;
  static const double ras[12] = {0, 0, 4, 10, 2, 0, 0, 20, 0, 3, 0, 30};
  static const double las[12] = {0, 0, -4, -10, 2, 0, 0, 20, 0, 3, 0, 30};
  static const double plain[12] = {-2, 0, 0, 0, 0, -3, 0, 0, 0, 0, 4, 0};
  assert_values(save_text("a.nrrd", NRRD_HEAD "space: left-posterior-superior\n" NRRD_PLACE "\n", false),
                lps);
  assert_values(save_text("b.nrrd", NRRD_HEAD "space: RAS\n" NRRD_PLACE "\n", false), ras);
  assert_values(save_text("c.nrrd", NRRD_HEAD "space: left-anterior-superior\n" NRRD_PLACE "\n", false), las);
  const long before = vg_repair_count(VG_REPAIR_ORIENTATION);
  assert_values(save_text("d.nrrd", NRRD_HEAD "spacings: 2 3 4\n\n", false), plain);
  assert_int_equal(vg_repair_count(VG_REPAIR_ORIENTATION), before + 1);
  assert_values(
      save_text("e.nrrd", NRRD_HEAD "endian: big\nspace: LPS\n" NRRD_PLACE "byte skip: -1\n\nxx", true), lps);
  voxels(bytes, N, false);
  assert_int_equal(vg_fs_write_atomic(in_scratch("f.raw"), bytes, 2 * N), VG_OK);
  save_text("f.nhdr", NRRD_HEAD "space: LPS\n" NRRD_PLACE "data file: ./f.raw\n\n", false);
  assert_values(in_scratch("f.nhdr"), lps);
  static const char open_end[] = NRRD_HEAD "space: LPS\n" NRRD_PLACE "data file: f.raw";
  assert_int_equal(vg_fs_write_atomic(in_scratch("g.NHDR"), open_end, sizeof open_end - 1), VG_OK);
  assert_values(in_scratch("g.NHDR"), lps);
}

/* ITK puts slices and series of volumes into a space of 2 and 4 dimensions. */
static void test_nrrd_of_itk(void **state) {
  (void)state;
  static const char *const headers[] = {
      "NRRD0004\ntype: short\ndimension: 2\nspace dimension: 2\nsizes: 4 6\nspace directions: (0,2) (3,0)\n"
      "kinds: domain domain\nendian: little\nencoding: raw\nspace origin: (0,0)\n\n",
      "NRRD0004\ntype: short\ndimension: 4\nspace dimension: 4\nsizes: 2 2 2 3\nspace directions: (0,2,0,0) "
      "(0,0,3,0) (4,0,0,0) (0,0,0,1)\nendian: little\nencoding: raw\nspace origin: (1,2,3,0)\n\n"};
  static const char *const names[] = {"slice.nrrd", "series.nrrd#2"};
  static const int dims[2][3] = {{4, 6, 1}, {2, 2, 2}};
  static const double sizes[2][3] = {{2, 3, 1}, {2, 3, 4}};
  for (int k = 0; k < 2; k++) {
    vg_volume v = {0};
    save_text(k ? "series.nrrd" : names[k], headers[k], false);
    if (vg_volume_read(in_scratch(names[k]), &v, NULL)) fail_msg("%s", vg_error());
    for (int d = 0; d < 3; d++) {
      assert_int_equal(v.geo.dim[d], dims[k][d]);
      assert_true(fabs(fabs(v.geo.affine.m[d][d]) - sizes[k][d]) < 1e-6);
    }
    assert_true(v.data[0] == (float)(k ? 3 * 16 + 1 : 1));
    vg_volume_release(&v);
  }
  assert_refused(save_text("bad.nrrd",
                           NRRD_HEAD "space dimension: 9\nspace directions: (0,2,0) (0,0,3) (4,0,0)\n\n",
                           false),
                 "space directions");
}

static void put_be(uint8_t *to, int32_t v) {
  for (int i = 0; i < 4; i++) to[i] = (uint8_t)((uint32_t)v >> (24 - 8 * i));
}

static void put_float(uint8_t *to, float v) {
  int32_t bits;
  memcpy(&bits, &v, sizeof bits);
  put_be(to, bits);
}

/* Sizes 2, 3, 4 mm; axes along A, S and R; the centre, at voxel (2, 1.5, 1), lies at (5, 6, 7). */
static size_t mgh_bytes(bool placed, int frames) {
  static const int head[7] = {1, NX, NY, NZ, 1, 4, 0};
  static const float place[15] = {2, 3, 4, 0, 1, 0, 0, 0, 1, 1, 0, 0, 5, 6, 7};
  memset(bytes, 0, 284);
  for (int i = 0; i < 7; i++) put_be(bytes + 4 * i, i == 4 ? frames : head[i]);
  bytes[29] = placed;
  for (int i = 0; i < 15; i++) put_float(bytes + 30 + 4 * i, place[i]);
  return 284 + voxels(bytes + 284, N * frames, true);
}

static void test_mgh(void **state) {
  (void)state;
  /* x = 5 + 4 (k - 1), y = 6 + 2 (i - 2), z = 7 + 3 (j - 1.5) */
  static const double affine[12] = {0, 0, 4, 1, 2, 0, 0, 2, 0, 3, 0, 2.5};
  /* Coronal slices of 1 mm: x = -(i - 2), y = k - 1, z = -(j - 1.5) */
  static const double coronal[12] = {-1, 0, 0, 2, 0, 0, 1, -1, 0, -1, 0, 1.5};
  const size_t len = mgh_bytes(true, 1);
  save_bytes(in_scratch("a.mgh"), bytes, len);
  assert_values(in_scratch("a.mgh"), affine);
  save_bytes(in_scratch("a.mgh.gz"), bytes, len);
  assert_int_equal(rename(in_scratch("a.mgh.gz"), in_scratch("a.mgz")), 0);
  assert_values(in_scratch("a.mgz"), affine);
  save_bytes(in_scratch("b.mgh"), bytes, mgh_bytes(false, 1));
  assert_values(in_scratch("b.mgh"), coronal);
  char stem[32];
  assert_true(vg_volume_stem("mri/aparc+aseg.mgz", stem, sizeof stem));
  assert_string_equal(stem, "aparc+aseg");
}

/* NaN outside the brain is the lowest value, where that is wanted; infinity never is. */
static void test_nan(void **state) {
  (void)state;
  maker m = new_maker(1, VG_DT_F32);
  for (int i = 0; i < N; i++) m.values[i] = i < 5 ? NAN : i - 10;
  const char *path = save_single(&m, "nan.nii");
  assert_refused(path, "--nan-background takes NaN as background");
  vg_raw_nan_is_background = true;
  vg_volume v = {0};
  if (vg_volume_read(path, &v, NULL)) fail_msg("%s", vg_error());
  for (int i = 0; i < N; i++) assert_true(v.data[i] == (i < 5 ? -5 : (float)(i - 10)));
  vg_volume_release(&v);
  vg_labelmap map = {0};
  for (int i = 0; i < N; i++) m.values[i] = i < 5 ? NAN : i;
  if (vg_volume_read_labels(save_single(&m, "nan.nii"), &map, NULL)) fail_msg("%s", vg_error());
  for (int i = 0; i < N; i++) assert_int_equal(map.data[i], i < 5 ? 0 : i);
  vg_labelmap_release(&map);
  m.values[9] = 0.5; /* behind NaN that is none of the faults */
  assert_int_equal(vg_volume_read_labels(save_single(&m, "half.nii"), &map, NULL), VG_DATA);
  assert_non_null(strstr(
      vg_error(), "1 voxel is no label (whole numbers from 0 to 65535), the first is 0.5 at (1, 2, 0)"));
  vg_raw_nan_is_background = false;
  m.values[9] = 9;
  assert_int_equal(vg_volume_read_labels(save_single(&m, "nan.nii"), &map, NULL), VG_DATA);
  assert_non_null(strstr(vg_error(), "--nan-background takes NaN as background"));
  vg_raw_nan_is_background = true;
  for (int i = 0; i < N; i++) m.values[i] = i < 5 ? NAN : i - 10;
  m.values[7] = INFINITY;
  assert_refused(save_single(&m, "inf.nii"), "NaN or infinite");
  for (int i = 0; i < N; i++) m.values[i] = NAN;
  assert_int_equal(vg_volume_read(save_single(&m, "all.nii"), &v, NULL), VG_DATA); /* no lowest value */
  assert_non_null(strstr(vg_error(), "NaN or infinite"));
  vg_raw_nan_is_background = false;
}

/* One volume of several is named by its number. */
static void test_parts(void **state) {
  (void)state;
  int part;
  assert_int_equal(vg_volume_part("d/a.nii.gz#12", &part), 10);
  assert_int_equal(part, 12);
  assert_int_equal(vg_volume_part("d/a.nii.gz#", &part), 11);
  assert_int_equal(part, -1);
  assert_int_equal(vg_volume_part("d#1/a.nii.gz", &part), 12);
  assert_int_equal(part, -1);
  const size_t len = mgh_bytes(true, 3);
  save_bytes(in_scratch("four.mgh"), bytes, len);
  save_bytes(in_scratch("four.mgh.gz"), bytes, len);
  static const char *const names[] = {"four.mgh#1", "four.mgh.gz#1"};
  for (int k = 0; k < 2; k++) {
    vg_volume v = {0};
    if (vg_volume_read(in_scratch(names[k]), &v, NULL)) fail_msg("%s", vg_error());
    for (int i = 0; i < N; i++) assert_true(v.data[i] == (float)(3 * (i + N) + 1));
    vg_volume_release(&v);
  }
  assert_refused(in_scratch("four.mgh"), "3 volumes or components");
  vg_volume v = {0};
  assert_int_equal(vg_volume_read(in_scratch("four.mgh#3"), &v, NULL), VG_DATA);
  assert_non_null(strstr(vg_error(), "volume 3 is wanted, but the file has 3"));
}

static void test_faults(void **state) {
  (void)state;
  static const struct {
    const char *name, *header, *because;
  } texts[] = {
      {"f.mha", "ObjectType = Image\n", "no ElementDataFile"},
      {"f.mha", "what is this\n", "not a MetaImage header"},
      {"f.mha", META_HEAD "ObjectType = Mesh\nElementDataFile = LOCAL\n", "holds a Mesh"},
      {"f.mha", META_HEAD "DimSize = 4 3\nElementDataFile = LOCAL\n", "DimSize"},
      {"f.mha", META_HEAD "DimSize = 4 3 -2\nElementDataFile = LOCAL\n", "a length of -2 along dimension 3"},
      {"f.mha", META_HEAD "DimSize = 99999 99999 9\nElementDataFile = LOCAL\n", "2^31 in all"},
      {"f.mha", META_HEAD "DimSize = 400 300 200\nElementDataFile = LOCAL\n", "header promises 400x300x200"},
      {"f.mha", META_HEAD "ElementSpacing = 2 3 nan\nElementDataFile = LOCAL\n", "ElementSpacing"},
      {"f.mha", META_HEAD "ElementSpacing = 2 3 1e9\nElementDataFile = LOCAL\n", "mm can be"},
      {"f.mha", META_HEAD "TransformMatrix = 1 0 0 1 0 0 0 0 1\nElementDataFile = LOCAL\n", "parallel"},
      {"f.mha", META_HEAD "ElementType = MET_STRING\nElementDataFile = LOCAL\n", "type MET_STRING"},
      {"f.mha", META_HEAD "ElementNumberOfChannels = 3\nElementDataFile = LOCAL\n", "3 components"},
      {"f.mha", META_HEAD "BinaryData = False\nElementDataFile = LOCAL\n", "voxels are text"},
      {"f.mha", META_HEAD "CompressedData = True\nElementDataFile = LOCAL\n", "compressed data"},
      {"f.mhd", META_HEAD "ElementDataFile = ../c.raw\n", "named without folders"},
      {"f.mhd", META_HEAD "ElementDataFile = /etc/passwd\n", "named without folders"},
      {"f.mhd", META_HEAD "ElementDataFile = LIST\n", "several files"},
      {"f.mhd", META_HEAD "ElementDataFile = slice%03d.raw 1 2 1\n", "several files"},
      {"f.nrrd", "NRRD\n", "not an NRRD file"},
      {"f.nrrd", NRRD_HEAD "space: LPS\n" NRRD_PLACE, "empty line"},
      {"f.nrrd", NRRD_HEAD "encoding: ascii\nspace: LPS\n" NRRD_PLACE "\n", "encoding 'ascii'"},
      {"f.nrrd", NRRD_HEAD "encoding: bzip2\nspace: LPS\n" NRRD_PLACE "\n", "encoding 'bzip2'"},
      {"f.nrrd", NRRD_HEAD "type: block\nspace: LPS\n" NRRD_PLACE "\n", "type 'block'"},
      {"f.nrrd", NRRD_HEAD "space: scanner-xyz\n" NRRD_PLACE "\n", "does not tell left from right"},
      {"f.nrrd", NRRD_HEAD "space: LPS\nspace directions: none (0,0,3) (4,0,0)\n\n", "no axis of space"},
      {"f.nrrd", NRRD_HEAD "space: LPS\nspace directions: (1,2) 3\n\n", "space directions"},
      {"f.nrrd", NRRD_HEAD "space: LPS\nspace units: \"um\" \"um\" \"um\"\n" NRRD_PLACE "\n", "space units"},
      {"f.nrrd", NRRD_HEAD "sizes: 4 3 2000000\nspace: LPS\n" NRRD_PLACE "\n", "2^31 in all"},
      {"f.nrrd", NRRD_HEAD "sizes: 4 3 200\nspace: LPS\n" NRRD_PLACE "\n", "header promises 4x3x200"},
      {"f.nrrd", NRRD_HEAD "dimension: 7\nspace: LPS\n" NRRD_PLACE "\n", "7 dimensions"},
      {"f.nrrd", NRRD_HEAD "space: LPS\n" NRRD_PLACE "data file: ../a.raw\n\n", "named without folders"},
      {"f.nrrd", NRRD_HEAD "encoding: gzip\nspace: LPS\n" NRRD_PLACE "\n", "compressed data"},
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    assert_refused(save_text(texts[i].name, texts[i].header, false), texts[i].because);
  const struct {
    int at;
    int32_t value;
    const char *because;
  } mgh[] = {{0, 2, "not an MGH file"},    {4, -1, "a length of -1"}, {4, 30000, "header promises"},
             {12, 1 << 30, "2^31 in all"}, {20, 7, "type 7"},         {16, 5, "5 volumes or components"}};
  for (size_t i = 0; i < sizeof mgh / sizeof mgh[0]; i++) {
    const size_t len = mgh_bytes(true, 1);
    put_be(bytes + mgh[i].at, mgh[i].value);
    save_bytes(in_scratch("f.mgh"), bytes, len);
    assert_refused(in_scratch("f.mgh"), mgh[i].because);
  }
  const size_t len = mgh_bytes(true, 1);
  put_float(bytes + 42, NAN);
  save_bytes(in_scratch("f.mgh"), bytes, len);
  assert_refused(in_scratch("f.mgh"), "not finite");
  save_bytes(in_scratch("f.mgh"), bytes, 100);
  assert_refused(in_scratch("f.mgh"), "too few for an MGH header");
}

static void test_memory(void **state) {
  (void)state;
  const size_t len = mgh_bytes(true, 1);
  save_bytes(in_scratch("m.mgh.gz"), bytes, len);
  voxels(bytes, N, false);
  assert_int_equal(vg_fs_write_atomic(in_scratch("m.raw"), bytes, 2 * N), VG_OK);
  save_text("m.mhd", META_HEAD "ElementDataFile = m.raw\n", false);
  save_text("m.nrrd", NRRD_HEAD "space: LPS\n" NRRD_PLACE "\n", false);
  static const char *const names[] = {"m.mgh.gz", "m.mhd", "m.nrrd"};
  for (int k = 0; k < 3; k++) {
    vg_status st = VG_MEMORY;
    for (long n = 1; st; n++) {
      vg_volume v = {0};
      const long live = vg_mem_live();
      vg_mem_fail_after(n);
      st = vg_volume_read(in_scratch(names[k]), &v, NULL);
      vg_mem_fail_after(0);
      if (st) assert_int_equal(st, VG_MEMORY);
      vg_volume_release(&v);
      assert_int_equal(vg_mem_live(), live);
    }
  }
}

/* Files of nibabel, and files of FreeSurfer among the real data. */
static void test_nibabel(void **state) {
  (void)state;
  require_python("numpy, nibabel");
  const char *root = getenv("VOXGAN_REAL_DATA");
  assert_int_equal(run_python("volumes_oracle.py", "make", scratch, root ? root : "", NULL), 0);
  FILE *list = fopen(in_scratch("list.txt"), "r");
  char path[512], stem[512];
  int files = 0;
  assert_non_null(list);
  while (fscanf(list, "%511s %511s", path, stem) == 2) {
    vg_volume v = {0};
    char file[600];
    double want[12];
    int dim[3];
    void *raw;
    size_t bytes_read;
    if (vg_volume_read(path, &v, NULL)) fail_msg("%s", vg_error());
    snprintf(file, sizeof file, "%s.txt", stem);
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    for (int d = 0; d < 3; d++) assert_int_equal(fscanf(f, "%d", &dim[d]), 1);
    for (int i = 0; i < 12; i++) assert_int_equal(fscanf(f, "%lf", &want[i]), 1);
    fclose(f);
    assert_memory_equal(dim, v.geo.dim, sizeof dim);
    for (int i = 0; i < 12; i++) assert_true(fabs(v.geo.affine.m[i / 4][i % 4] - want[i]) < 2e-5);
    snprintf(file, sizeof file, "%s.raw", stem);
    assert_int_equal(vg_fs_read(file, &raw, &bytes_read), VG_OK);
    assert_int_equal(bytes_read, vg_geometry_voxels(&v.geo) * sizeof(float));
    assert_memory_equal(raw, v.data, bytes_read);
    vg_free(raw);
    vg_volume_release(&v);
    files++;
  }
  fclose(list);
  assert_true(files >= 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_meta),   cmocka_unit_test(test_nrrd),   cmocka_unit_test(test_nrrd_of_itk),
      cmocka_unit_test(test_mgh),    cmocka_unit_test(test_parts),  cmocka_unit_test(test_nan),
      cmocka_unit_test(test_faults), cmocka_unit_test(test_memory), cmocka_unit_test(test_nibabel),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
