/* test_extend.c: one row and one file are enough: a layout and a file format of volumes that only this test
 * knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "dataset/layout.h"
#include "io/volume_format.h"
#include "mini_tree.h"
#include "registry/registry_extend.h"
#include "scratch.h"
#include "voxgan/registry.h"

static bool listed(const char *registry, const char *name) {
  for (const vg_registry_row *row = vg_registry_find(registry)->rows; row->name; row++)
    if (!strcmp(row->name, name)) return true;
  return false;
}

/* ---- a format: three lengths, then the labels, as text ---- */

static size_t toy_ending(const char *name) {
  return vg_ends_with(name, ".toy") ? 4 : 0;
}

static bool toy_reads(const char *name) {
  (void)name;
  return true;
}

static vg_status toy_write_labels(const char *path, const vg_labelmap *map, int xform_code, bool synthetic) {
  (void)xform_code, (void)synthetic;
  vg_str text = VG_STR_INIT;
  for (int i = 0; i < 3; i++) vg_str_addf(&text, "%d ", map->geo.dim[i]);
  for (size_t i = 0; i < vg_geometry_voxels(&map->geo); i++) vg_str_addf(&text, "%d ", map->data[i]);
  vg_status st = vg_fs_write_atomic(path, vg_str_text(&text), text.len);
  vg_str_release(&text);
  return st;
}

static vg_status toy_info(const char *path, vg_volume_header *header) {
  *header = (vg_volume_header){.dtype = VG_DT_U16, .slope = 1};
  for (int i = 0; i < 3; i++) header->geo.affine.m[i][i] = 1;
  FILE *f = fopen(path, "r");
  int *dim = header->geo.dim, n = f ? fscanf(f, "%d %d %d", &dim[0], &dim[1], &dim[2]) : 0;
  if (f) fclose(f);
  return n == 3 ? VG_OK : vg_fail(VG_DATA, "%s: no toy", path);
}

static vg_status toy_read_labels(const char *path, vg_labelmap *map, vg_volume_header *header) {
  vg_volume_header own;
  vg_status st = toy_info(path, header ? header : &own);
  if (!st) st = vg_labelmap_new(header ? &header->geo : &own.geo, map);
  if (st) return st;
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  assert_int_equal(fscanf(f, "%*d %*d %*d"), 0);
  for (size_t i = 0; i < vg_geometry_voxels(&map->geo); i++)
    assert_int_equal(fscanf(f, "%hu", &map->data[i]), 1);
  fclose(f);
  return VG_OK;
}

static void a_volume_format(void **state) {
  (void)state;
  static const vg_volume_format toy = {.ending = toy_ending,
                                       .reads = toy_reads,
                                       .info = toy_info,
                                       .read_labels = toy_read_labels,
                                       .write_labels = toy_write_labels};
  const char *path = in_scratch("brain.toy");
  assert_false(vg_volume_is_path(path));
  assert_true(vg_volume_format_add("toy", "labels as text, in a test", &toy));
  must(vg_registry_extend("volumes", "toy", "labels as text, in a test"));
  assert_true(listed("volumes", "toy"));
  assert_true(vg_volume_is_path(path));
  assert_true(vg_volume_is_path("a.nii.gz"));
  char stem[16];
  assert_true(vg_volume_stem(path, stem, sizeof stem));
  assert_string_equal(stem, "brain");

  vg_labelmap map, again;
  vg_geometry geo = {.dim = {2, 3, 1}};
  for (int i = 0; i < 3; i++) geo.affine.m[i][i] = 1;
  must(vg_labelmap_new(&geo, &map));
  for (uint16_t i = 0; i < 6; i++) map.data[i] = (uint16_t)(i * 100);
  must(vg_volume_write_labels(path, &map, 1));
  vg_volume_header header;
  must(vg_volume_info(path, &header));
  assert_int_equal(header.geo.dim[1], 3);
  must(vg_volume_read_labels(path, &again, NULL));
  assert_memory_equal(map.data, again.data, 6 * sizeof *map.data);
  vg_labelmap_release(&map);
  vg_labelmap_release(&again);
}

/* ---- a layout: LETTER.scan.nii.gz ---- */

static bool toy_classify(const vg_source *source, const char *path, vg_file_role *out) {
  (void)source;
  memset(out, 0, sizeof *out);
  if (!vg_ends_with(path, ".scan.nii.gz")) return false;
  snprintf(out->id, sizeof out->id, "%c", *path);
  snprintf(out->person, sizeof out->person, "%c", *path);
  out->kind = VG_FILE_SERIES;
  strcpy(out->series, "t1");
  return true;
}

static const vg_layout toy_layout;
static size_t toy_score(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  (void)root;
  snprintf(reason, size, "as a test says");
  return vg_layout_count(&toy_layout, files, n);
}
static const vg_layout toy_layout = {
    .anatomy_scheme = "tissues", .classify = toy_classify, .score = toy_score};

static void a_layout(void **state) {
  (void)state;
  char *files[] = {"a.scan.nii.gz", "b.scan.nii.gz"}, reason[64];
  assert_null(vg_layout_guess("x", files, 2, reason, sizeof reason));
  assert_true(vg_layout_add("toy", "one scan a letter, in a test", &toy_layout));
  must(vg_registry_extend("layouts", "toy", "one scan a letter, in a test"));
  assert_true(listed("layouts", "toy"));
  assert_string_equal(vg_layout_guess("x", files, 2, reason, sizeof reason), "toy");
  assert_string_equal(reason, "as a test says");

  must(vg_fs_make_dirs(in_scratch("set")));
  for (int i = 0; i < 2; i++) {
    char *path = vg_fs_join(in_scratch("set"), files[i]);
    must(vg_fs_write_atomic(path, "", 0));
    vg_free(path);
  }
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, in_scratch("set"), "auto", NULL, NULL));
  assert_int_equal(ds.n, 2);
  assert_string_equal(ds.sources[0].layout, "toy");
  assert_string_equal(ds.subjects[1].id, "b");
  vg_dataset_release(&ds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_volume_format),
      cmocka_unit_test(a_layout),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
