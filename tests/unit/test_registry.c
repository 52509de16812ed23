/* Every row of every registry: unique name, help, and something behind it. What a row must do is tested
 * beside its kind (losses by finite differences, metrics by metric(x, x), layouts by a generated tree). */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "voxgan/config.h"
#include "voxgan/dataset.h"
#include "eval/feature/features.h"
#include "output/format/format.h"
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
  assert_int_equal(n, 9);
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_have_unique_names_and_help),
      cmocka_unit_test(every_row_is_found_by_its_module),
      cmocka_unit_test(choices_follow_the_registries),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
