/* test_png.c: libpng reads back the drawn pixels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "scratch.h"
#include "base/fs.h"
#include "base/mem.h"
#include "picture/png.h"

static const uint8_t *pixel(const vg_picture *p, int x, int y) {
  return p->rgb + 3 * (y * p->width + x);
}

static void test_planes(void **state) {
  (void)state;
  vg_picture p;
  static const float values[3][4] = {{0, 1, 2, 3}, {4, 5, 6, 7}, {-9, (float)NAN, 99, 10}};
  static const uint8_t classes[2][2] = {{0, 1}, {2, 1}};
  assert_int_equal(vg_picture_new(20, 12, &p), VG_OK);
  vg_picture_grey(&p, 1, 2, values[0], 4, 3, 1, 4, 0, 10, 2);
  /* v grows upwards: the first row of values is the lowest of the picture */
  assert_int_equal(pixel(&p, 1, 2 + 4)[0], 0);
  assert_int_equal(pixel(&p, 7, 7)[1], 77); /* 3 of 10 */
  assert_int_equal(pixel(&p, 8, 7)[2], 77);
  assert_int_equal(pixel(&p, 9, 7)[0], 0);
  assert_int_equal(pixel(&p, 1, 2)[0], 0);   /* below lo */
  assert_int_equal(pixel(&p, 3, 2)[0], 0);   /* NaN */
  assert_int_equal(pixel(&p, 5, 2)[0], 255); /* above hi */
  vg_picture_classes(&p, 12, 0, classes[0], 2, 2, 1, 2, 3, (const uint8_t[6]){9, 8, 7, 1, 2, 3});
  assert_memory_equal(pixel(&p, 15, 5), pixel(&p, 17, 0), 3);
  assert_memory_not_equal(pixel(&p, 15, 5), pixel(&p, 12, 0), 3);
  assert_memory_equal(pixel(&p, 12, 5), "\0\0\0", 3);
  /* transposed, and partly outside: nothing is written past the edge */
  vg_picture_grey(&p, -3, -3, values[0], 3, 4, 4, 1, 0, 10, 2);
  vg_picture_grey(&p, 18, 10, values[0], 3, 4, 4, 1, 0, 10, 2);
  vg_picture_text(&p, 17, 9, "edge");
  vg_picture_release(&p);
  assert_int_equal(vg_picture_new(0, 5, &p), VG_FAILED);
}

static void test_write(void **state) {
  (void)state;
  vg_picture p;
  assert_int_equal(vg_picture_new(320, 40, &p), VG_OK);
  vg_picture_text(&p, 2, 2, "The quick brown fox jumps over the lazy dog. 0123456");
  vg_picture_text(&p, 2, 12, "ABCDEFGHIJKLMNOPQRSTUVWXYZ 789 !\"#$%&'()*+,-./:;<=>?");
  vg_picture_text(&p, 2, 22, "@[\\]^_`{|}~ \xc3\xa9");
  float ramp[300];
  for (int i = 0; i < 300; i++) ramp[i] = (float)i;
  vg_picture_grey(&p, 2, 32, ramp, 300, 1, 1, 0, 0, 299, 1);
  assert_int_equal(vg_picture_write(in_scratch("p.png"), &p), VG_OK);
  const char *keep = getenv("VOXGAN_KEEP_PNG"); /* for a look */
  if (keep) vg_picture_write(keep, &p);
  png_image image = {.version = PNG_IMAGE_VERSION};
  assert_true(png_image_begin_read_from_file(&image, in_scratch("p.png")));
  image.format = PNG_FORMAT_RGB;
  assert_int_equal(image.width, 320);
  assert_int_equal(image.height, 40);
  uint8_t *back = vg_malloc(PNG_IMAGE_SIZE(image), 1);
  assert_true(png_image_finish_read(&image, NULL, back, 0, NULL));
  assert_memory_equal(back, p.rgb, 320 * 40 * 3);
  vg_free(back);
  /* a capital T: its bar, its stem, and nothing beside the stem */
  assert_int_equal(pixel(&p, 2, 2)[0], 255);
  assert_int_equal(pixel(&p, 4, 8)[0], 255);
  assert_int_equal(pixel(&p, 2, 8)[0], 0);
  assert_int_equal(vg_picture_write(in_scratch("no/p.png"), &p), VG_IO);
  vg_mem_fail_after(1);
  assert_int_equal(vg_picture_write(in_scratch("q.png"), &p), VG_MEMORY);
  vg_mem_fail_after(0);
  assert_false(exists(in_scratch("q.png")));
  vg_picture_release(&p);
}

/* Grey, few colours, many: whatever the file holds, the same pixels come back. */
static void test_kinds(void **state) {
  (void)state;
  static const struct {
    int colours;
    png_uint_32 format;
  } kinds[] = {{0, PNG_FORMAT_GRAY},
               {2, PNG_FORMAT_RGB_COLORMAP},
               {256, PNG_FORMAT_RGB_COLORMAP},
               {257, PNG_FORMAT_RGB}};
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    vg_picture p;
    assert_int_equal(vg_picture_new(37, 29, &p), VG_OK);
    for (int i = 0; i < 37 * 29; i++) {
      int c = kinds[k].colours ? i % kinds[k].colours : i;
      for (int b = 0; b < 3; b++)
        p.rgb[3 * i + b] = (uint8_t)(kinds[k].colours ? c * (7 + 2 * b) + b + c / 256 : c);
    }
    void *bytes;
    size_t n;
    assert_int_equal(vg_picture_png(&p, &bytes, &n), VG_OK);
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_memory(&image, bytes, n));
    assert_int_equal(image.format & (PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_COLORMAP),
                     kinds[k].format & (PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_COLORMAP));
    image.format = PNG_FORMAT_RGB;
    uint8_t *back = vg_malloc(PNG_IMAGE_SIZE(image), 1);
    assert_true(png_image_finish_read(&image, NULL, back, 0, NULL));
    assert_memory_equal(back, p.rgb, 37 * 29 * 3);
    vg_free(back);
    vg_free(bytes);
    vg_picture_release(&p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_planes), cmocka_unit_test(test_write),
                                     cmocka_unit_test(test_kinds)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
