/* Settings: every row round-trips and keeps its bounds, and messages name the fault. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "voxgan/config.h"
#include "base/mem.h"
#include "settings/config_json.h"

static void assert_fails(vg_status st, vg_status wanted, const char *text) {
  assert_int_equal(st, wanted);
  if (!strstr(vg_error(), text)) fail_msg("\"%s\" does not say \"%s\"", vg_error(), text);
}

static void every_row_is_sound(void **state) {
  (void)state;
  vg_config c;
  vg_config_default(&c);
  const vg_setting *s;
  for (int i = 0; (s = vg_setting_at(i)); i++) {
    for (int j = 0; j < i; j++) assert_string_not_equal(s->key, vg_setting_at(j)->key);
    assert_non_null(strchr(s->key, '.'));
    assert_true(strlen(s->help) > 10);
    /* The default can be set by its own text, so it is within its bounds and among its choices. */
    char text[VG_CONFIG_TEXT], assignment[VG_CONFIG_TEXT + 64];
    vg_setting_text(&c, s, text, sizeof text);
    snprintf(assignment, sizeof assignment, "%s=%s", s->key, text);
    if (vg_config_set(&c, assignment)) fail_msg("%s: %s", assignment, vg_error());
    if (s->type != VG_SETTING_INT && s->type != VG_SETTING_F64 && s->type != VG_SETTING_DIMS &&
        s->type != VG_SETTING_AXES)
      continue;
    snprintf(assignment, sizeof assignment, s->type == VG_SETTING_DIMS ? "%s=%.17g,0,0" : "%s=%.17g", s->key,
             s->most + 1);
    assert_fails(vg_config_set(&c, assignment), VG_CONFIG, s->key);
    snprintf(assignment, sizeof assignment, s->type == VG_SETTING_DIMS ? "%s=%.17g,0,0" : "%s=%.17g", s->key,
             s->least - 1);
    assert_fails(vg_config_set(&c, assignment), VG_CONFIG, s->key);
  }
}

/* One number stays one number in files, so that those of earlier versions keep their bytes. */
static void axes_may_be_one_number(void **state) {
  (void)state;
  vg_config c;
  char text[64];
  const vg_setting *s = vg_setting_at(VG_SETTING_INDEX_data_spacing);
  vg_config_default(&c);
  for (int k = 0; k < 2; k++) {
    assert_int_equal(vg_config_set(&c, k ? "data.spacing=1.5,1.5,1.5" : "data.spacing=1.5"), VG_OK);
    assert_string_equal(vg_setting_text(&c, s, text, sizeof text), "1.5");
    for (int a = 0; a < 3; a++) assert_true(c.data.spacing[a] == 1.5);
    vg_json *j = vg_config_to_json(&c);
    const vg_json *value = vg_json_get(vg_json_get(j, "data"), "spacing");
    assert_int_equal(vg_json_type_of(value), VG_JSON_NUMBER);
    assert_true(vg_json_number(value, 0) == 1.5);
    vg_json_free(j);
  }
  assert_int_equal(vg_config_set(&c, "data.spacing=1.8,1.8,0"), VG_OK);
  assert_string_equal(vg_setting_text(&c, s, text, sizeof text), "1.8,1.8,0");
  static const char *const sets[][2] = {
      {"data.spacing=1,2", "must be a number or X,Y,Z"},
      {"data.spacing=1,x,2", "\"x\" is not a number"},
      {"data.spacing=1,21,2", "data.spacing is 21, but must be from 0 to 20"}};
  for (size_t i = 0; i < 3; i++) assert_fails(vg_config_set(&c, sets[i][0]), VG_CONFIG, sets[i][1]);
  static const char *const files[] = {"{\"data\":{\"spacing\":[1,2]}}", "{\"data\":{\"spacing\":[1,2,true]}}",
                                      "{\"data\":{\"spacing\":\"1\"}}"};
  for (size_t i = 0; i < 3; i++) {
    vg_json *j;
    assert_int_equal(vg_json_parse("f", files[i], &j), VG_OK);
    assert_fails(vg_config_from_json(&c, "f", j), VG_CONFIG, "data.spacing must be a number or [x, y, z]");
    vg_json_free(j);
  }
}

static void json_round_trips(void **state) {
  (void)state;
  vg_config a, b;
  vg_config_default(&a);
  static const char *const sets[] = {"train.lr_g=0.1",
                                     "train.patch=128,96,1",
                                     "data.spacing=1.8,1.7,0",
                                     "data.series=t1,flair",
                                     "net.generator=resnet",
                                     "train.flip=false",
                                     "run.seed=77",
                                     "data.tumour_scheme=1=a:tumour,2=b:tumour"};
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) assert_int_equal(vg_config_set(&a, sets[i]), VG_OK);
  vg_json *j = vg_config_to_json(&a);
  vg_config_default(&b);
  assert_int_equal(vg_config_from_json(&b, "test", j), VG_OK);
  assert_memory_equal(&a, &b, sizeof a);
  assert_int_equal(b.train.patch[1], 96);
  assert_true(b.data.spacing[0] == 1.8 && b.data.spacing[1] == 1.7 && b.data.spacing[2] == 0);
  assert_string_equal(b.data.series, "t1,flair");
  assert_string_equal(b.data.tumour_scheme, "1=a:tumour,2=b:tumour");
  vg_json_free(j);
}

static vg_status from_text(const char *text) {
  vg_config c;
  vg_config_default(&c);
  vg_json *j = NULL;
  assert_int_equal(vg_json_parse("x.json", text, &j), VG_OK);
  vg_status st = vg_config_from_json(&c, "x.json", j);
  vg_json_free(j);
  return st;
}

static void faults_name_file_key_and_remedy(void **state) {
  (void)state;
  vg_config c;
  vg_config_default(&c);
  assert_fails(from_text("{\"train\": {\"epoch\": 1}}"), VG_CONFIG,
               "x.json: unknown setting train.epoch; did you mean train.epochs?");
  assert_fails(from_text("{\"trian\": {}}"), VG_CONFIG, "x.json: unknown setting trian");
  assert_fails(from_text("{\"train\": 3}"), VG_CONFIG, "train must be an object");
  assert_fails(from_text("{\"train\": {\"epochs\": \"3\"}}"), VG_CONFIG,
               "train.epochs must be a whole number");
  assert_fails(from_text("{\"train\": {\"epochs\": 2.5}}"), VG_CONFIG, "must be a whole number");
  assert_fails(from_text("{\"train\": {\"patch\": [1, 2]}}"), VG_CONFIG, "train.patch must be [x, y, z]");
  assert_fails(from_text("{\"train\": {\"flip\": 1}}"), VG_CONFIG, "train.flip must be true or false");
  assert_fails(from_text("{\"net\": {\"norm\": \"layer\"}}"), VG_CONFIG,
               "must be one of instance|batch|none");
  assert_fails(from_text("[]"), VG_CONFIG, "must be a JSON object");
  assert_int_equal(from_text("{\"about\": \"what it is for\", \"train\": {\"epochs\": 3}}"), VG_OK);
  assert_fails(vg_config_set(&c, "train.lr_g"), VG_CONFIG, "wanted KEY=VALUE");
  assert_fails(vg_config_set(&c, "train.lr_g=fast"), VG_CONFIG, "must be a number");
  assert_fails(vg_config_set(&c, "train.lr_g=nan"), VG_CONFIG, "train.lr_g");
  assert_fails(vg_config_set(&c, "train.flip=yes"), VG_CONFIG, "must be true or false");
  assert_fails(vg_config_set(&c, "train.patch=64"), VG_CONFIG, "must be X,Y,Z");
  assert_fails(vg_config_set(&c, "net.norm=inst"), VG_CONFIG, "must be one of");
  assert_fails(vg_config_read(&c, "/nonexistent/x.json"), VG_IO, "/nonexistent/x.json");
}

/* The meaning of "auto" follows the direction; a value that the user set stays. */
static void directions_resolve(void **state) {
  (void)state;
  vg_config c;
  vg_config_default(&c);
  assert_int_equal(vg_config_resolve(&c), VG_OK);
  assert_false(vg_config_segments(&c));
  assert_string_equal(c.train.reconstruction, "l1");
  assert_int_equal(c.augment.images, VG_AUGMENT_OFF);
  vg_config_default(&c);
  assert_int_equal(vg_config_set(&c, "train.direction=image2label"), VG_OK);
  assert_int_equal(vg_config_set(&c, "augment.drop_series=0.3"), VG_OK);
  assert_int_equal(vg_config_resolve(&c), VG_OK);
  assert_true(vg_config_segments(&c));
  assert_string_equal(c.train.reconstruction, "ce_dice");
  assert_int_equal(c.augment.images, VG_AUGMENT_ON);
  assert_int_equal(vg_config_set(&c, "train.reconstruction=dice"), VG_OK);
  assert_int_equal(vg_config_set(&c, "augment.images=off"), VG_OK);
  assert_int_equal(vg_config_resolve(&c), VG_OK);
  assert_string_equal(c.train.reconstruction, "dice");
  assert_int_equal(c.augment.images, VG_AUGMENT_OFF);
  assert_int_equal(vg_config_set(&c, "train.direction=label2image"), VG_OK);
  assert_fails(vg_config_resolve(&c), VG_CONFIG, "augment.drop_series is 0.3");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row_is_sound),
      cmocka_unit_test(axes_may_be_one_number),
      cmocka_unit_test(json_round_trips),
      cmocka_unit_test(directions_resolve),
      cmocka_unit_test(faults_name_file_key_and_remedy),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
