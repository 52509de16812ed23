/* test_contact_sheet.c: pages show each case at its tumour, the right way round and in proportion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <png.h>
#include "mini_tree.h"
#include "scratch.h"
#include "label/class_colours.h"
#include "output/sheet/contact_sheet.h"
#include "voxgan/log.h"
#include "picture/png.h"
#include "base/pool.h"

static const uint16_t tumour_values[5] = {0, 0, 2, 4, 1}, anatomy_values[5] = {0, 2, 3, 3, 1};

static vg_picture read_page(const char *dir, int page) {
  char name[64];
  snprintf(name, sizeof name, "contact-sheet-%02d.png", page);
  char *path = vg_fs_join(dir, name);
  png_image image = {.version = PNG_IMAGE_VERSION};
  if (!png_image_begin_read_from_file(&image, path)) fail_msg("%s: %s", path, image.message);
  image.format = PNG_FORMAT_RGB;
  vg_picture p = {(int)image.width, (int)image.height, vg_malloc(PNG_IMAGE_SIZE(image), 1)};
  assert_true(png_image_finish_read(&image, NULL, p.rgb, 0, NULL));
  vg_free(path);
  return p;
}

/* Pixels of a colour (NULL: any but black and white) below the heading: how many, their mean place, and their
 * box. */
typedef struct blob {
  int n, lo[2], hi[2];
  double at[2];
} blob;

static blob find_colour(const vg_picture *p, const uint8_t *rgb, int left, int right) {
  blob b = {.lo = {p->width, p->height}};
  for (int y = 70; y < p->height; y++)
    for (int x = left; x < right; x++) {
      const uint8_t *c = p->rgb + 3 * (y * p->width + x);
      if (rgb ? memcmp(c, rgb, 3) : !c[0] || c[0] == 255) continue;
      int at[2] = {x, y};
      b.n++;
      for (int a = 0; a < 2; a++) {
        b.at[a] += at[a];
        b.lo[a] = at[a] < b.lo[a] ? at[a] : b.lo[a];
        b.hi[a] = at[a] > b.hi[a] ? at[a] : b.hi[a];
      }
    }
  for (int a = 0; a < 2; a++) b.at[a] /= b.n;
  return b;
}

static void write_case(const char *dir, const char *id, vg_geometry g, bool tumour, bool anatomy,
                       bool flair) {
  char name[96];
  snprintf(name, sizeof name, "%s/%s_t1.nii.gz", id, id);
  mini_write_image(dir, name, g, 60, -5, 1);
  snprintf(name, sizeof name, "%s/%s_flair.nii.gz", id, id);
  if (flair) mini_write_image(dir, name, g, 60, 0, 0); /* of one value */
  snprintf(name, sizeof name, "%s/%s_seg.nii.gz", id, id);
  if (tumour) mini_write_labels(dir, name, g, 60, tumour_values);
  snprintf(name, sizeof name, "%s/%s_anat.nii.gz", id, id);
  if (anatomy) mini_write_labels(dir, name, g, 60, anatomy_values);
}

static int make_sheet(const char *dir, const vg_contact_sheet_options *o) {
  vg_dataset ds = {0};
  int pages = -1;
  must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
  must(vg_contact_sheet(&ds, o, dir, &pages));
  vg_dataset_release(&ds);
  return pages;
}

/* The tumour is right and front, at a third of the radius: on whichever grid, radiological shows it left and
 * up, in world proportions. */
static void sides_and_proportions(void **state) {
  (void)state;
  static const struct {
    const char *code;
    int dim[3];
    double mm[3];
  } grids[] = {
      {"RAS", {70, 70, 70}, {2, 2, 2}}, {"LPS", {36, 72, 48}, {4, 2, 3}}, {"ASR", {72, 30, 40}, {2, 5, 4}}};
  uint8_t oedema[3], grey[3];
  const vg_classes two = {.n = 2, .names = {"gm", "oedema"}, .roles = {VG_ROLE_ANATOMY, VG_ROLE_TUMOUR}};
  vg_colours colours;
  vg_class_colours(&two, colours);
  memcpy(grey, colours[0], 3);
  memcpy(oedema, colours[1], 3);
  for (size_t i = 0; i < sizeof grids / sizeof grids[0]; i++)
    for (int neurological = 0; neurological < 2; neurological++) {
      char name[32];
      snprintf(name, sizeof name, "sides-%zu-%d", i, neurological);
      const char *dir = in_scratch(name);
      const int *d = grids[i].dim;
      const double *mm = grids[i].mm;
      write_case(dir, "a", mini_geometry(grids[i].code, d[0], d[1], d[2], mm[0], mm[1], mm[2]), true, true,
                 true);
      assert_int_equal(make_sheet(dir, &(vg_contact_sheet_options){.neurological = neurological}), 1);
      vg_picture p = read_page(dir, 1);
      /* The brain is 96 x 120 mm, and 120 mm with 3 on either side are 152 pixels. */
      const double scale = 152.0 / 126, size[2] = {96 * scale, 120 * scale};
      int tile = (int)(102 * scale), next = 4 + tile + 11;
      blob lesion = find_colour(&p, oedema, 4, 4 + tile), brain = find_colour(&p, grey, 4, 4 + tile);
      blob image = find_colour(&p, NULL, next, next + tile);
      assert_true(lesion.n > 100 && brain.n > 1000);
      double slack = scale * mm[0] + scale * mm[1] + 1;
      for (int a = 0; a < 2; a++) {
        int extent = brain.hi[a] - brain.lo[a], of_image = image.hi[a] - image.lo[a];
        double off = lesion.at[a] - 0.5 * (brain.lo[a] + brain.hi[a]);
        double want = (a == 0 && neurological ? 18 : -18) * scale;
        if (fabs(extent - size[a]) > slack || abs(extent - of_image) > 2 * slack || fabs(off - want) > slack)
          fail_msg("%s %d: axis %d of %d and %d pixels, the lesion at %g, wanted %g", grids[i].code,
                   neurological, a, extent, of_image, off, want);
      }
      vg_picture_release(&p);
    }
}

static void cases_are_picked_evenly(void **state) {
  (void)state;
  const char *dir = in_scratch("many");
  vg_geometry g = mini_geometry("RAS", 24, 24, 16, 6, 6, 9);
  for (int k = 0; k < 7; k++) {
    char id[16];
    snprintf(id, sizeof id, "case%d", k);
    write_case(dir, id, g, k != 3, k != 4, k == 5); /* maps and series may be missing */
  }
  /* A case of two series is 3 x (123 + 10) pixels wide, so two stand side by side. */
  assert_int_equal(make_sheet(dir, &(vg_contact_sheet_options){.rows = 3}), 3);
  vg_picture three = read_page(dir, 1), one = read_page(dir, 3);
  assert_true(three.height > one.height + 100 && three.width == one.width);
  vg_picture_release(&three);
  vg_picture_release(&one);
  /* Pages of the longer sheet go. */
  assert_int_equal(make_sheet(dir, &(vg_contact_sheet_options){.rows = 2, .most = 3, .title = "some"}), 2);
  char *path = vg_fs_join(dir, "contact-sheet-03.png");
  assert_false(exists(path));
  vg_free(path);
  assert_int_equal(make_sheet(dir, &(vg_contact_sheet_options){.most = 1}), 1);

  /* The same bytes whatever the number of threads. */
  char hashes[2][VG_HASH_LEN];
  path = vg_fs_join(dir, "contact-sheet-01.png");
  for (int t = 0; t < 2; t++) {
    vg_threads_set(t ? 4 : 1);
    assert_int_equal(make_sheet(dir, NULL), 1);
    must(vg_hash_file(path, hashes[t]));
  }
  vg_threads_set(0);
  assert_string_equal(hashes[0], hashes[1]);
  vg_free(path);
}

/* Cases without images are one tile wide: a page of them is not mostly black. */
static void narrow_cases_fill_the_page(void **state) {
  (void)state;
  const char *dir = in_scratch("narrow");
  vg_geometry g = mini_geometry("RAS", 70, 70, 70, 2, 2, 2);
  for (int k = 0; k < 12; k++) {
    char name[64];
    snprintf(name, sizeof name, "case%02d/case%02d_seg.nii.gz", k, k);
    mini_write_labels(dir, name, g, 60, tumour_values);
    snprintf(name, sizeof name, "case%02d/case%02d_anat.nii.gz", k, k);
    mini_write_labels(dir, name, g, 60, anatomy_values);
  }
  assert_int_equal(make_sheet(dir, NULL), 1);
  vg_picture p = read_page(dir, 1);
  size_t lit = 0;
  for (size_t i = 0; i < (size_t)p.width * (size_t)p.height; i++) lit += p.rgb[3 * i] > 20;
  /* The ellipse of a brain fills pi / 4 of its box, which fills 88 % of its tile. */
  assert_true((double)lit > 0.4 * p.width * p.height);
  assert_true(p.width <= 840 && p.height < 500);
  vg_picture_release(&p);
}

static void faults_are_named(void **state) {
  (void)state;
  const char *dir = in_scratch("faults");
  vg_geometry g = mini_geometry("RAS", 24, 24, 16, 6, 6, 9);
  vg_dataset ds = {0};
  must_say(vg_contact_sheet(&ds, NULL, dir, NULL), VG_DATA, "no case");
  write_case(dir, "a", g, true, false, false);
  static const uint16_t strange[5] = {0, 0, 2, 9, 1};
  mini_write_labels(dir, "a/a_seg.nii.gz", g, 60, strange);
  must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
  must_say(vg_contact_sheet(&ds, NULL, dir, NULL), VG_DATA, "case a: ");
  assert_non_null(strstr(vg_error(), "label value 9"));
  mini_write_labels(dir, "a/a_seg.nii.gz", g, 60, tumour_values);
  assert_int_equal(vg_contact_sheet(&ds, NULL, in_scratch("no/folder"), NULL), VG_IO);
  for (long n = 1; n < 2000; n += 7) {
    vg_mem_fail_after(n);
    vg_status st = vg_contact_sheet(&ds, NULL, dir, NULL);
    vg_mem_fail_after(0);
    if (!st) break;
    assert_int_equal(st, VG_MEMORY);
  }
  touch(dir, "a/a_t1.nii.gz");
  must_say(vg_contact_sheet(&ds, NULL, dir, NULL), VG_DATA, "a_t1.nii.gz");
  vg_dataset_release(&ds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sides_and_proportions),
      cmocka_unit_test(cases_are_picked_evenly),
      cmocka_unit_test(narrow_cases_fill_the_page),
      cmocka_unit_test(faults_are_named),
  };
  vg_log_set_level(VG_LOG_ERROR);
  return without_leaks(cmocka_run_group_tests(tests, scratch_setup, scratch_teardown));
}
