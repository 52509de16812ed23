/* Every row of every registry: unique name, help, and something behind it. Other tests check what a row does
 * (losses by finite differences, metrics by metric(x, x), layouts by a generated tree). */
#include "evaluate_world.h"
#include "voxgan/config.h"
#include "dataset/layout.h"
#include "voxgan/dataset.h"
#include "eval/feature/features.h"
#include "eval/suite/suite.h"
#include "output/format/format.h"
#include "eval/frd/frd.h"
#include "registry/registry_extend.h"
#include "voxgan/metric.h"
#include "voxgan/registry.h"

static void rows_have_unique_names_and_help(void **state) {
  (void)state;
  const vg_registry *r;
  int n = 0;
  for (; (r = vg_registry_at(n)); n++) {
    assert_ptr_equal(vg_registry_find(r->name), r);
    assert_true(strlen(r->help) > 10);
    assert_non_null(r->rows[0].name);
    for (int i = 0; r->rows[i].name; i++) {
      assert_true(strlen(r->rows[i].help) > 10);
      for (int j = 0; j < i; j++) assert_string_not_equal(r->rows[i].name, r->rows[j].name);
    }
  }
  assert_int_equal(n, 12);
  assert_null(vg_registry_find("nothing"));
}

static void every_row_is_found_by_its_module(void **state) {
  (void)state;
  for (const vg_registry_row *row = vg_registry_find("layouts")->rows; row->name; row++) {
    const vg_layout *layout = vg_layout_find(row->name);
    assert_non_null(layout);
    assert_non_null(layout->classify);
  }
  for (const vg_registry_row *row = vg_registry_find("schemes")->rows; row->name; row++) {
    vg_scheme s, again;
    assert_int_equal(vg_scheme_parse(row->name, &s), VG_OK);
    char *text = vg_scheme_text(&s);
    assert_int_equal(vg_scheme_parse(text, &again), VG_OK);
    assert_int_equal(again.n, s.n);
    free(text);
  }
  for (const vg_registry_row *row = vg_registry_find("formats")->rows; row->name; row++) {
    const vg_dataset_format *format = vg_dataset_format_find(row->name);
    assert_non_null(format);
    assert_non_null(vg_layout_find(format->layout));
  }
  for (const vg_registry_row *row = vg_registry_find("metrics")->rows; row->name; row++)
    assert_true(vg_metric_find(row->name) || vg_set_metric_find(row->name));
  for (const vg_registry_row *row = vg_registry_find("features")->rows; row->name; row++)
    assert_true(vg_features_find(row->name) >= 0);
  for (const vg_registry_row *row = vg_registry_find("frd")->rows; row->name; row++) {
    unsigned version;
    assert_int_equal(vg_frd_parse(row->name, &version), VG_OK);
  }
}

/* A network or loss that is registered can be asked for in a config. */
static void choices_follow_the_registries(void **state) {
  (void)state;
  static const char *const keys[][2] = {{"generators", "net.generator"},
                                        {"discriminators", "net.discriminator"}};
  for (int k = 0; k < 2; k++)
    for (const vg_registry_row *row = vg_registry_find(keys[k][0])->rows; row->name; row++) {
      vg_config c;
      char text[128];
      vg_config_default(&c);
      snprintf(text, sizeof text, "%s=%s", keys[k][1], row->name);
      assert_int_equal(vg_config_set(&c, text), VG_OK);
    }
  for (const vg_registry_row *row = vg_registry_find("losses")->rows; row->name; row++) {
    vg_config c;
    char adversarial[128], reconstruction[128];
    vg_config_default(&c);
    snprintf(adversarial, sizeof adversarial, "train.adversarial=%s", row->name);
    snprintf(reconstruction, sizeof reconstruction, "train.reconstruction=%s", row->name);
    assert_true((vg_config_set(&c, adversarial) == VG_OK) != (vg_config_set(&c, reconstruction) == VG_OK));
  }
}

static const vg_registry_row *row_of(const char *registry, const char *name) {
  const vg_registry_row *row = vg_registry_find(registry)->rows;
  while (row->name && strcmp(row->name, name) != 0) row++;
  return row->name ? row : NULL;
}

static vg_status count_subjects(eval_study *s, const vg_eval_settings *set) {
  char text[64];
  snprintf(text, sizeof text, "subjects in %s: %zu", set->synth ? "the set" : "nothing", s->synth.n);
  return vg_eval_add_verdict(s->evaluation, "counting", "enough", "found", text);
}

/* A suite is one row and one struct: it is listed, chosen by name, run, and has a section of the page. */
static void a_new_suite_is_a_row_and_a_struct(void **state) {
  (void)state;
  static const vg_eval_suite counting = {
      .title = "Counting heads", .text = "How many subjects there are.", .run = count_subjects};
  uint32_t bits, others;
  char *path = vg_fs_join(out_dir, "report.html");
  void *page;
  size_t n;
  assert_null(row_of("suites", "counting"));
  assert_int_equal(vg_eval_suites_parse("counting", &bits), VG_CONFIG);
  assert_int_equal(vg_eval_suites_parse("image,privacy", &others), VG_OK);
  assert_int_equal(vg_eval_suites_add("counting", "counts the subjects", &counting), VG_OK);
  assert_string_equal(row_of("suites", "counting")->help, "counts the subjects");
  assert_non_null(row_of("suites", "image"));
  assert_int_equal(vg_eval_suites_add("counting", "again", &counting), VG_CONFIG);
  assert_int_equal(vg_eval_suites_parse("countin", &bits), VG_CONFIG);
  assert_non_null(strstr(vg_error(), "did you mean 'counting'"));
  assert_int_equal(vg_eval_suites_parse("image,privacy", &bits), VG_OK);
  assert_int_equal(bits, others); /* bits of the others stay */
  write_pair(2, same);
  vg_eval_settings s = settings();
  for (int chosen = 0; chosen < 2; chosen++) {
    s.suites = chosen ? "counting" : "image";
    vg_eval_free(evaluate(&s));
    assert_int_equal(vg_fs_read(path, &page, &n), VG_OK);
    assert_int_equal(strstr(page, ">Counting heads</h2>") != NULL, chosen);
    assert_int_equal(strstr(page, "subjects in the set: 2") != NULL, chosen);
    vg_free(page);
  }
  vg_free(path);
}

/* Every suite of the tables has a struct, and every metric a suite that is listed. */
static void metrics_name_listed_suites(void **state) {
  (void)state;
  const vg_metric_row *metric;
  const vg_set_metric_row *set;
  for (const vg_registry_row *row = vg_registry_find("suites")->rows; row->name; row++)
    assert_non_null(vg_eval_suites_find(row->name));
  for (int i = 0; (metric = vg_metric_at(i)); i++) assert_non_null(row_of("suites", metric->suite));
  for (int i = 0; (set = vg_set_metric_at(i)); i++) {
    assert_non_null(row_of("suites", set->suite));
    assert_non_null(vg_eval_suites_find(set->suite)->run);
  }
}

static void rows_can_be_added(void **state) {
  (void)state;
  assert_int_equal(vg_registry_extend("nothing", "x", "a row of nothing"), VG_CONFIG);
  assert_int_equal(vg_registry_extend("edits", "grow", "there already"), VG_CONFIG);
  assert_int_equal(vg_registry_extend("features", "first", "a row that a test adds"), VG_OK);
  assert_int_equal(vg_registry_extend("features", "second", "a row that a test adds"), VG_OK);
  assert_non_null(row_of("features", "patches"));
  assert_non_null(row_of("features", "first"));
  assert_null(row_of("features", "second")[1].name);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_have_unique_names_and_help),
      cmocka_unit_test(every_row_is_found_by_its_module),
      cmocka_unit_test(choices_follow_the_registries),
      cmocka_unit_test(metrics_name_listed_suites),
      cmocka_unit_test_setup_teardown(a_new_suite_is_a_row_and_a_struct, set_up, tear_down),
      cmocka_unit_test(rows_can_be_added),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
