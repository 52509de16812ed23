/* test_extend_study.c: one row and one file are enough: edits and output formats that only this test knows
 * are listed, parsed, checked, written and hidden as the program's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "edit/brain/tissue.h"
#include "edit/edit_add.h"
#include "mini_tree.h"
#include "output/format/format_values.h"
#include "scratch.h"
#include "voxgan/log.h"
#include "voxgan/output.h"
#include "voxgan/phantom.h"
#include "voxgan/registry.h"
#include "voxgan/study.h"

/* Two healthy phantoms with tissue maps, and two patients with tumours. */
static char healthy[128], patients[128];

static int setup(void **state) {
  if (scratch_setup(state)) return -1;
  vg_log_set_level(VG_LOG_ERROR);
  snprintf(healthy, sizeof healthy, "%s/healthy", scratch);
  snprintf(patients, sizeof patients, "%s/patients", scratch);
  vg_phantom_settings s = {.subjects = 2, .size = {32, 32, 32}, .layout = "bids", .seed = 3};
  if (vg_phantom_write(healthy, &s)) return -1;
  s.layout = "brats2021";
  s.first = 10;
  return vg_phantom_write(patients, &s) ? -1 : 0;
}

static bool listed(const char *registry, const char *name) {
  for (const vg_registry_row *row = vg_registry_find(registry)->rows; row->name; row++)
    if (!strcmp(row->name, name)) return true;
  return false;
}

/* ---- an edit: single voxels of oedema, apart from each other ---- */

static bool alone(const vg_maps *m, int x, int y, int z) {
  const int *dim = m->geo.dim;
  for (int dz = -1; dz <= 1; dz++)
    for (int dy = -1; dy <= 1; dy++)
      for (int dx = -1; dx <= 1; dx++) {
        size_t i = ((size_t)(z + dz) * (size_t)dim[1] + (size_t)(y + dy)) * (size_t)dim[0] + (size_t)(x + dx);
        if (!m->brain[i] || m->tumour[i]) return false;
      }
  return true;
}

static vg_status dot(vg_maps *m, const vg_edit_call *call) {
  const int *dim = m->geo.dim;
  int left = (int)vg_call_number(call, "dots");
  assert_non_null(call->donor);
  for (int z = 1; z < dim[2] - 1; z++)
    for (int y = 1; y < dim[1] - 1; y++)
      for (int x = 1; x < dim[0] - 1; x++) {
        if (!left || !alone(m, x, y, z)) continue;
        m->tumour[((size_t)z * (size_t)dim[1] + (size_t)y) * (size_t)dim[0] + (size_t)x] =
            vg_tumour_code(&m->classes, "oedema");
        left--;
      }
  return left ? vg_fail(VG_REFUSED, "no room") : VG_OK;
}

static const vg_param dot_params[] = {
    {.name = "dots", .type = VG_PARAM_WHOLE, .def = 2, .least = 1, .most = 9, .unit = "", .help = "how many"},
    {.name = "lender",
     .type = VG_PARAM_DONOR,
     .text_def = "random",
     .unit = "",
     .help = "a donor, by another parameter's name than usual"},
    {.name = NULL}};
static const vg_edit dots = {
    .params = dot_params, .needs_donor = true, .makes_tumour = true, .pieces_param = "dots", .apply = dot};
/* The same, but its row does not say that it adds pieces. */
static const vg_edit strays = {.params = dot_params, .needs_donor = true, .makes_tumour = true, .apply = dot};

static void an_edit_is_listed_and_parsed(void **state) {
  (void)state;
  vg_edit_chain chain = {0};
  const char *name, *help;
  int before = 0;
  while (vg_edit_at(before, NULL, NULL)) before++;
  assert_null(vg_edit_find("dots"));
  must_say(vg_edit_chain_add(&chain, "dots"), VG_CONFIG, "no edit dots");
  must(vg_edit_add("dots", "single voxels of oedema, in a test", &dots));
  must(vg_edit_add("strays", "the same, unannounced", &strays));
  must_say(vg_edit_add("dots", "again", &dots), VG_CONFIG, "'dots' already");
  must_say(vg_edit_add("grow", "again", &dots), VG_CONFIG, "'grow' already");
  assert_true(listed("edits", "dots"));
  assert_true(listed("edits", "grow"));
  assert_ptr_equal(vg_edit_find("dots"), &dots);
  assert_string_equal((name = vg_edit_at(before, NULL, &help)), "dots");
  assert_string_equal(help, "single voxels of oedema, in a test");
  assert_null(vg_edit_at(before + 2, NULL, NULL));

  must_say(vg_edit_chain_add(&chain, "dotz"), VG_CONFIG, "did you mean dots");
  must_say(vg_edit_chain_add(&chain, "dots:lendr=x"), VG_CONFIG, "did you mean lender");
  must_say(vg_edit_chain_add(&chain, "dots:dots=10"), VG_CONFIG, "10 is not within 1 to 9");
  must(vg_edit_chain_add(&chain, "scale:factor=2;dots:dots=int(3,4),lender=random"));
  assert_int_equal(chain.n, 2);
  assert_ptr_equal(chain.steps[1].edit, &dots);
  vg_edit_chain_release(&chain);
}

static vg_status open_study(const char *edit, vg_study **out) {
  const vg_study_options o = {.hosts = {(const char *[]){healthy}, 1, NULL, 0},
                              .donors = {(const char *[]){patients}, 1, NULL, 0},
                              .edits = &edit,
                              .n_edits = 1,
                              .redraws = 2,
                              .need_tumour = true, /* the hosts have none, and the edit makes it */
                              .seed = 5};
  return vg_study_open(&o, out);
}

/* What a row says decides: that its edit makes a tumour, needs a donor, and adds pieces. */
static void a_study_checks_by_the_row(void **state) {
  (void)state;
  vg_study *s;
  vg_study_case c;
  must_say(open_study("scale:factor=2", &s), VG_DATA, "lacks a tumour map");
  must_say(open_study("dots:lender=nobody", &s), VG_CONFIG, "no donor nobody");
  must(open_study("dots:dots=3", &s));
  must(vg_study_make(s, 0, &c));
  assert_int_equal(c.facts.components, 3);
  vg_study_case_release(&c);
  vg_study_free(s);
  must(open_study("strays:dots=9", &s));
  must_say(vg_study_make(s, 0, &c), VG_REFUSED, "the tumour is in 9 pieces, where at most ");
  vg_study_free(s);
}

/* ---- a format: all files in one folder, read back by the manifest ---- */

static vg_status toy_schemes(vg_format_set *set) {
  vg_format_count_values(set, VG_ROLE_TUMOUR, &set->tumour);
  vg_format_count_values(set, VG_ROLE_ANATOMY, &set->anatomy);
  return VG_OK;
}

static vg_status toy_id(const char *wanted, char *buf, size_t size) {
  return vg_format_clean(wanted, "-", buf, size);
}

static vg_status toy_path(const vg_format_set *set, const char *id, vg_file_kind kind, const char *series,
                          char *buf, size_t size) {
  (void)set;
  const char *what = kind == VG_FILE_SERIES ? series : kind == VG_FILE_TUMOUR ? "lesion" : "tissue";
  int n = snprintf(buf, size, "toy/%s.%s.nii.gz", id, what);
  return n > 0 && (size_t)n < size ? VG_OK : vg_fail(VG_CONFIG, "%s: too long", id);
}

static vg_status toy_finish(const vg_format_set *set, const char *root, const char *const *ids, size_t n) {
  (void)set, (void)ids;
  char text[32];
  snprintf(text, sizeof text, "%zu cases", n);
  mini_write_text(root, "toy/README", text);
  return VG_OK;
}

static const vg_dataset_format toy = {.layout = "csv",
                                      .any_class = true,
                                      .schemes = toy_schemes,
                                      .id = toy_id,
                                      .path = toy_path,
                                      .finish = toy_finish};

static int keen_rank(const vg_format_set *set) {
  return set->series.n == 3 ? 9 : 0;
}
static const vg_dataset_format keen = {
    .layout = "brats2021", .rank = keen_rank, .schemes = toy_schemes, .id = toy_id, .path = toy_path};

static const char *usual(const char *layout, const char *series, bool real) {
  vg_format_set set = {.real = real};
  if (series) must(vg_series_parse(series, &set.series));
  return vg_dataset_format_default(layout, &set);
}

static void defaults_follow_the_rows(void **state) {
  (void)state;
  static const char *const own[] = {"brats2013", "brats2021", "brats2023", "bids", "nnunet"};
  for (int i = 0; i < 5; i++) assert_string_equal(usual(own[i], "t1", false), own[i]);
  for (int i = 0; i < 5; i++) assert_string_equal(usual(own[i], NULL, false), own[i]);
  assert_string_equal(usual("adni", NULL, false), "brats2021");
  assert_string_equal(usual("adni", NULL, true), "bids");
  assert_string_equal(usual("adni", "t1", false), "bids");
  assert_string_equal(usual("adni", "t1", true), "bids");
  assert_string_equal(usual("adni", "t1,t2,flair", false), "brats2021");
  assert_string_equal(usual("csv", NULL, false), "brats2021");

  vg_format_set set = {0};
  const vg_dataset_format *brats = vg_dataset_format_find("brats2021");
  must(vg_classes_add_name(&set.classes, "blob", VG_ROLE_TUMOUR));
  must_say(brats->schemes(&set), VG_CONFIG, "formats bids and nnunet have");

  assert_null(vg_dataset_format_find("toy"));
  must(vg_dataset_format_add("toy", "one folder, in a test", &toy));
  must(vg_dataset_format_add("keen", "wants three series, in a test", &keen));
  must_say(vg_dataset_format_add("toy", "again", &toy), VG_CONFIG, "'toy' already");
  must_say(vg_dataset_format_add("bids", "again", &toy), VG_CONFIG, "'bids' already");
  assert_true(listed("formats", "toy"));
  assert_ptr_equal(vg_dataset_format_find("toy"), &toy);
  assert_string_equal(usual("csv", NULL, false), "toy");
  assert_string_equal(usual("adni", "t1,t2,flair", false), "keen");
  assert_string_equal(usual("adni", "t1", false), "bids");
  assert_string_equal(usual("brats2021", "t1,t2,flair", false),
                      "brats2021"); /* the first that it reads back */
  must_say(brats->schemes(&set), VG_CONFIG, "formats bids and nnunet and toy have");
}

/* ---- both, on the disk ---- */

static void assert_holds(const char *root, const char *file, const char *text, bool wanted) {
  char *path = vg_fs_join(root, file);
  void *bytes;
  size_t len;
  must(vg_fs_read(path, &bytes, &len));
  if ((strstr(bytes, text) != NULL) != wanted) fail_msg("%s: '%s' in:\n%s", path, text, (char *)bytes);
  vg_free(bytes);
  vg_free(path);
}

static void a_data_set_is_written(void **state) {
  (void)state;
  const char *root = in_scratch("written"), *key = in_scratch("key");
  char hex[17], csv[160];
  vg_secret secret;
  vg_study *s;
  must(vg_fs_write_atomic(key, "0123456789abcdef", 16));
  must(open_study("dots:dots=4,lender=BraTS2021_00010", &s));
  vg_produce_options o = {.out = root, .format = "tou", .anonymous = key, .quiet = true};
  must_say(vg_produce(s, &o, NULL), VG_USAGE, "did you mean toy");
  o.format = "toy";
  must(vg_produce(s, &o, NULL));
  vg_study_free(s);

  must(vg_secret_read(key, &secret));
  vg_secret_id(&secret, "BraTS2021_00010", hex);
  vg_secret_release(&secret);
  assert_holds(root, "dataset_description.json", "\"toy\"", true);
  assert_holds(root, "toy/README", "2 cases", true);
  assert_holds(root, "manifest.csv", "toy/synth-00002.lesion.nii.gz", true);
  assert_holds(root, "manifest.csv", "dots:dots=4,lender=", true);
  assert_holds(root, "manifest.csv", hex, true);
  assert_holds(root, "manifest.csv", "BraTS2021_00010", false);
  must(vg_produce_finish(
      root, 1, NULL)); /* finds the format by its name, and draws a sheet of what its layout reads */

  vg_dataset ds = {0};
  snprintf(csv, sizeof csv, "%s/manifest.csv", root);
  must(vg_dataset_add(&ds, csv, "auto", "brats", "tissues"));
  assert_int_equal(ds.n, 2);
  assert_non_null(ds.subjects[0].tumour);
  vg_dataset_release(&ds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_edit_is_listed_and_parsed),
      cmocka_unit_test(a_study_checks_by_the_row),
      cmocka_unit_test(defaults_follow_the_rows),
      cmocka_unit_test(a_data_set_is_written),
  };
  return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
