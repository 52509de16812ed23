/* test_run_folder.c: which settings --resume refuses to change. It walks all rows of settings.def. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../scratch.h"
#include "base/fs.h"
#include "base/mem.h"
#include "run/train/run_folder.h"
#include "run/train/run_inputs.h"
#include "settings/config_json.h"
#include "voxgan/log.h"

/* Sets s to another value than that of c. False: there is none. */
static bool change(vg_config *c, const vg_setting *s) {
  char text[VG_CONFIG_TEXT], assignment[VG_CONFIG_TEXT + 64], other[64];
  const vg_config was = *c;
  vg_setting_text(c, s, text, sizeof text);
  for (int k = 0; k < 40; k++) {
    switch (s->type) {
    case VG_SETTING_BOOL:
      snprintf(other, sizeof other, "%s", strcmp(text, "true") ? "true" : "false");
      break;
    case VG_SETTING_INT:
    case VG_SETTING_F64:
      snprintf(other, sizeof other, "%.9g", k ? s->most : (s->least + s->most) / 2);
      break;
    case VG_SETTING_AXES:
    case VG_SETTING_DIMS:
      snprintf(other, sizeof other, "16,16,%d", 8 + k);
      break;
    case VG_SETTING_STR:
      snprintf(other, sizeof other, "t1,t%d", k);
      break;
    default:
      if (!vg_setting_choice(s, k)) return false;
      snprintf(other, sizeof other, "%s", vg_setting_choice(s, k));
    }
    snprintf(assignment, sizeof assignment, "%s=%s", s->key, other);
    vg_config next = was;
    if (vg_config_set(&next, assignment) || vg_config_resolve(&next)) continue;
    if (!strcmp(vg_setting_text(&next, s, other, sizeof other), text)) continue;
    *c = next;
    return true;
  }
  return false;
}

static void every_setting_is_refused_or_free(void **state) {
  (void)state;
  const char *run = scratch;
  vg_config was;
  int fixed = 0, changed = 0;
  vg_config_default(&was);
  for (int a = 0; a < 3; a++) was.train.patch[a] = 16;
  assert_int_equal(vg_config_resolve(&was), VG_OK);
  assert_int_equal(vg_run_folder_write_take(run, "config.json", vg_config_to_json(&was)), VG_OK);
  assert_int_equal(vg_run_folder_check(run, &was), VG_OK);
  for (int i = 0; vg_setting_at(i); i++) {
    const vg_setting *s = vg_setting_at(i);
    vg_config now = was;
    char before[VG_CONFIG_TEXT], after[VG_CONFIG_TEXT];
    if (!change(&now, s)) continue;
    changed++;
    vg_setting_text(&was, s, before, sizeof before);
    vg_setting_text(&now, s, after, sizeof after);
    const vg_status st = vg_run_folder_check(run, &now);
    const bool on[2] = {strcmp(before, "0") != 0, strcmp(after, "0") != 0};
    const bool refused = s->resume == VG_RESUME_FIXED || (s->resume == VG_RESUME_SWITCH && on[0] != on[1]);
    if (st != (refused ? VG_CONFIG : VG_OK)) fail_msg("%s=%s: %s", s->key, after, vg_status_name(st));
    if (!st) continue;
    fixed++;
    if (!strstr(vg_error(), s->key) || !strstr(vg_error(), before) || !strstr(vg_error(), after))
      fail_msg("%s: %s to %s: \"%s\"", s->key, before, after, vg_error());
  }
  assert_true(changed > 60);
  assert_true(fixed > 20);
}

/* What a run is must be among those that are refused. */
static void what_defines_a_run_is_fixed(void **state) {
  (void)state;
  static const char *const keys[] = {"train.direction", "data.series",        "data.anatomy",
                                     "data.tumour",     "data.tumour_scheme", "data.anatomy_scheme",
                                     "data.spacing",    "net.generator",      "net.ngf",
                                     "run.seed",        "data.val_share",     "train.patch"};
  static const char *const others[] = {"train.epochs", "train.lr_g", "run.device", "run.threads",
                                       "data.cache"};
  int found = 0;
  for (int i = 0; vg_setting_at(i); i++) {
    const vg_setting *s = vg_setting_at(i);
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
      if (!strcmp(s->key, keys[k])) found += s->resume == VG_RESUME_FIXED;
    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
      if (!strcmp(s->key, others[k])) assert_int_equal(s->resume, VG_RESUME_FREE);
  }
  assert_int_equal(found, sizeof keys / sizeof *keys);
}

/* A weight of 0 leaves a discriminator out. Any other weight keeps it, and may change. */
static void the_discriminators_stay(void **state) {
  (void)state;
  vg_config was, now;
  vg_config_default(&was);
  was.train.w_local = 1;
  assert_int_equal(vg_run_folder_write_take(scratch, "config.json", vg_config_to_json(&was)), VG_OK);
  now = was;
  now.train.w_adversarial = now.train.w_local = 2;
  assert_int_equal(vg_run_folder_check(scratch, &now), VG_OK);
  now.train.w_adversarial = now.train.w_local = 0;
  assert_int_equal(vg_run_folder_check(scratch, &now), VG_CONFIG);
  assert_non_null(strstr(vg_error(), "train.w_adversarial was \"1\" and is \"0\" now"));
  assert_non_null(strstr(vg_error(), "train.w_local was \"1\" and is \"0\" now"));
}

#define PARTS "\"t1_part1_tumour\",\"t1_part2_tumour\",\"t1_part3_tumour\""
#define SUBJECTS "\"subjects\":{\"a\":\"0\"}"

/* RUN/inputs.json with faults: the message names the file and the fault. */
static void damaged_inputs(void **state) {
  (void)state;
  static const struct {
    const char *text, *says;
  } bad[] = {
      {"[]", "it has no list of classes"},
      {"{\"classes\":3," SUBJECTS "}", "it has no list of classes"},
      {"{\"classes\":[\"gm\",3]," SUBJECTS "}", "class 2 is no name"},
      {"{\"classes\":[\"gm\",\"w m\"]," SUBJECTS "}", "class name 'w m' is not"},
      {"{\"classes\":[\"gm\",\"gm\"]," SUBJECTS "}", "class gm repeats"},
      {"{\"classes\":[\"gm\"]}", "it has no subjects"},
      {"{\"classes\":[\"gm\"],\"subjects\":[\"a\"]}", "it has no subjects"},
      {"{\"classes\":[\"gm\"],\"subjects\":{\"a\":7}}", "subject a has no hash"},
      {"{\"classes\":[\"gm\"]," SUBJECTS ",\"part_limits\":[[0]]}", "its classes are no parts of tumours"},
      {"{\"classes\":[" PARTS "]," SUBJECTS ",\"part_limits\":3}",
       "lists for 0 series, and its classes divide 1"},
      {"{\"classes\":[" PARTS "]," SUBJECTS ",\"part_limits\":[]}",
       "lists for 0 series, and its classes divide 1"},
      {"{\"classes\":[" PARTS "]," SUBJECTS ",\"part_limits\":[[0,1],[0,1]]}", "lists for 2 series"},
      {"{\"classes\":[" PARTS "]," SUBJECTS ",\"part_limits\":[3]}", "0 limits for t1, and 3 parts need 2"},
      {"{\"classes\":[" PARTS "]," SUBJECTS ",\"part_limits\":[[0]]}", "1 limit for t1, and 3 parts need 2"},
      {"{\"classes\":[" PARTS "]," SUBJECTS ",\"part_limits\":[[0,1,1]]}",
       "3 limits for t1, and 3 parts need 2"},
      {"{\"classes\":[" PARTS "]," SUBJECTS ",\"part_limits\":[[0,null]]}",
       "limit 2 of t1 in part_limits is no number"},
      {"{\"classes\":[" PARTS "]," SUBJECTS ",\"part_limits\":[[\"0\",1]]}",
       "limit 1 of t1 in part_limits is no number"},
      {"{\"classes\":[" PARTS "]," SUBJECTS ",\"part_limits\":[[0,1.5]]}",
       "limit 2 of t1 in part_limits is no number"},
      {"{\"classes\":[" PARTS "]," SUBJECTS ",\"part_limits\":[[0.5,0]]}",
       "limit 2 of t1 in part_limits is below"},
      {"{\"classes\":[" PARTS "]," SUBJECTS ",\"part_limits\":[[0,NaN]]}", "not valid JSON at 'NaN"},
  };
  char path[300], many[2048] = "{\"classes\":[\"c0\"";
  vg_classes parts;
  snprintf(path, sizeof path, "%s/inputs.json", scratch);
  for (int k = 1; k <= VG_CLASSES_MAX; k++)
    snprintf(many + strlen(many), sizeof many - strlen(many), ",\"c%d\"", k);
  strcat(many, "]," SUBJECTS "}");
  for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
    const bool last = i == sizeof bad / sizeof *bad;
    const char *text = last ? many : bad[i].text, *says = last ? "more than 60 classes" : bad[i].says;
    assert_int_equal(vg_fs_write_atomic(path, text, strlen(text)), VG_OK);
    const vg_status st = vg_run_inputs_parts(scratch, &parts);
    if (st != VG_DATA || strncmp(vg_error(), path, strlen(path)) != 0 || !strstr(vg_error(), says))
      fail_msg("%s: %s: %s", text, vg_status_name(st), vg_error());
  }
  const char *good = "{\"classes\":[\"gm\"," PARTS "]," SUBJECTS ",\"part_limits\":[[-0.5,0.25]]}";
  assert_int_equal(vg_fs_write_atomic(path, good, strlen(good)), VG_OK);
  assert_int_equal(vg_run_inputs_parts(scratch, &parts), VG_OK);
  assert_int_equal(parts.n, 3);
  assert_float_equal(parts.limits[0][1], 0.25, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_setting_is_refused_or_free),
      cmocka_unit_test(what_defines_a_run_is_fixed),
      cmocka_unit_test(the_discriminators_stay),
      cmocka_unit_test(damaged_inputs),
  };
  vg_log_set_level(VG_LOG_ERROR);
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
