/* test_magic.c: formats told by their first bytes, as libmagic's rules and the formats' own documents give
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/file/magic.h"

static void formats_are_told(void **state) {
  (void)state;
  static const struct {
    size_t at;
    const char *bytes;
    size_t n;
    const char *says;
  } rows[] = {
      {128, "DICM", 4, "dcm2niix"},
      {0, "\x89HDF\r\n\x1a\n", 8, "MINC 2"},
      {0, "CDF\x01", 4, "mnc2nii"},
      {0, "MATLAB 5.0 MAT-file", 19, "niftiwrite"},
      {0, "\x93NUMPY\x01", 7, "NumPy"},
      {0, "NRRD0004\n", 9, ".nrrd"},
      {0, "ObjectType = Image", 18, ".mha"},
      {0, "# === DATA DESCRIPTION FILE ===", 31, "PAR"},
      {0, "\x89PNG\r\n\x1a\n", 8, "PNG"},
      {0, "\xff\xd8\xff\xe0", 4, "JPEG"},
      {0, "PK\x03\x04", 4, "ZIP"},
      {257, "ustar", 5, "tar"},
      {0, "<!DOCTYPE html>", 15, "web page"},
      {0, "version https://git-lfs.github.com/spec/v1", 41, "git lfs pull"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char bytes[512] = {0};
    memcpy(bytes + rows[i].at, rows[i].bytes, rows[i].n);
    const char *said = vg_magic_advice(bytes, sizeof bytes);
    assert_non_null(said);
    assert_non_null(strstr(said, rows[i].says));
    assert_null(vg_magic_advice(bytes, rows[i].at + 2)); /* too short to tell */
  }
}

static void others_are_not(void **state) {
  (void)state;
  char nifti[512] = {0x5c, 0x01};
  memcpy(nifti + 344, "n+1", 4);
  assert_null(vg_magic_advice(nifti, sizeof nifti));
  assert_null(vg_magic_advice("", 0));
  assert_null(vg_file_advice("/nonexistent"));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(formats_are_told), cmocka_unit_test(others_are_not)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
