/* test_nn_settings.c: each row of settings.def that describes the networks reaches everything that depends on
 * it: the struct, the check at building, the model file, and with the same bounds as the config. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include "tiny_gan.h"
#include "nn/gan/gan.h"
#include "voxgan/registry.h"
#include "run/model_spec.h"

static vg_config defaults(void) {
  vg_config c;
  vg_config_default(&c);
  assert_int_equal(vg_config_resolve(&c), VG_OK);
  return c;
}

static void from(const vg_config *c, vg_gan_spec *s, vg_gan_objective *o) {
  vg_gan_spec_set(s, c);
  s->in_channels = s->out_channels = 1;
  for (int a = 0; a < 3; a++) s->patch[a] = S;
  vg_gan_objective_set(o, c);
}

/* Writes the number into the struct, as a caller that never saw a config could. */
static void write_number(const vg_setting *s, double v, void *to) {
  if (s->type == VG_SETTING_INT)
    *(int *)to = (int)v;
  else
    *(double *)to = v;
}

/* A whole number or a fraction just outside or just inside. */
static void bounds_of(const vg_setting *s, double v[4]) {
  const double step = s->type == VG_SETTING_INT ? 1 : 1e-9 * fmax(1, s->most);
  v[0] = s->least, v[1] = s->most, v[2] = s->least - step, v[3] = s->most + step;
}

static int checked(const vg_gan_field *f, bool of_spec) {
  if (!f->setting || (f->setting->type != VG_SETTING_INT && f->setting->type != VG_SETTING_F64)) return 0;
  double v[4];
  bounds_of(f->setting, v);
  for (int i = 0; i < 4; i++) {
    vg_config c = defaults();
    vg_gan_spec s;
    vg_gan_objective o;
    char text[128];
    snprintf(text, sizeof text, "%s=%.17g", f->setting->key, v[i]);
    const vg_status by_config = vg_config_set(&c, text);
    from(&c, &s, &o);
    write_number(f->setting, v[i], (char *)(of_spec ? (void *)&s : (void *)&o) + f->offset);
    const vg_status by_networks = vg_gan_check_fields(&s, &o);
    if (by_networks && !strstr(vg_error(), f->setting->key)) fail_msg("%s: %s", text, vg_error());
    if (by_config != by_networks || by_config != (i < 2 ? VG_OK : VG_CONFIG))
      fail_msg("%s: the config answers %d, the networks %d", text, by_config, by_networks);
  }
  return 1;
}

static void bounds_are_the_same(void **state) {
  (void)state;
  vg_gan_field f;
  int n = 0;
  for (int i = 0; vg_gan_spec_field(i, &f); i++) n += checked(&f, true);
  for (int i = 0; vg_gan_objective_field(i, &f); i++) n += checked(&f, false);
  assert_true(n >= 15);
}

/* A value that is not the default. */
static void other_value(const vg_setting *s, char *text, size_t size) {
  const char *choice;
  snprintf(text, size, "%s=%.10g", s->key, s->most);
  if (s->type == VG_SETTING_BOOL) snprintf(text, size, "%s=%s", s->key, s->def[0] == 0 ? "true" : "false");
  for (int i = 0; (choice = vg_setting_choice(s, i)); i++) snprintf(text, size, "%s=%s", s->key, choice);
}

/* A setting in the config arrives in the spec, goes into the model file and comes back. */
static void settings_reach_the_model_file(void **state) {
  (void)state;
  vg_gan_field f;
  for (int i = 0; vg_gan_spec_field(i, &f); i++) {
    if (!f.setting) continue;
    vg_config c = defaults();
    vg_gan_spec plain, s, again;
    vg_gan_objective o;
    char text[128];
    from(&c, &plain, &o);
    other_value(f.setting, text, sizeof text);
    assert_int_equal(vg_config_set(&c, text), VG_OK);
    from(&c, &s, &o);
    const bool one_choice = vg_setting_choice(f.setting, 0) && !vg_setting_choice(f.setting, 1);
    assert_int_equal(memcmp(&s, &plain, sizeof s) == 0, one_choice);
    vg_json *j = vg_spec_to_json(&s);
    if (!vg_json_get(j, f.name)) fail_msg("%s is not stored", f.name);
    if (vg_spec_from_json("model", j, &again)) fail_msg("%s: %s", text, vg_error());
    assert_memory_equal(&again, &s, sizeof s);
    vg_json_free(j);
  }
}

/* The keys in the order that every model so far has. Those after dropout came later, so a model may lack
 * them. */
static void the_stored_order_stays(void **state) {
  (void)state;
  vg_config c = defaults();
  vg_gan_spec s, again;
  vg_gan_objective o;
  from(&c, &s, &o);
  vg_json *j = vg_spec_to_json(&s);
  char *text = vg_json_print(j, false);
  assert_string_equal(
      text,
      "{\"generator\":\"unet\",\"discriminator\":\"patch\",\"norm\":\"instance\",\"in_channels\":1,"
      "\"out_channels\":1,\"patch_d\":16,\"patch_h\":16,\"patch_w\":16,\"ngf\":64,\"ndf\":64,\"levels\":0,"
      "\"blocks\":9,\"input_skip\":0,\"d_layers\":3,\"softmax\":0,\"dropout\":0.5,\"local_d\":0,\"local_h\":"
      "0,"
      "\"local_w\":0,\"d_scales\":1,"
      "\"upsample\":\"transposed\",\"modulation\":\"class\",\"encoder\":1,\"noise\":0,\"style\":0,"
      "\"views\":\"one\"}");
  vg_json_free(j);
  char *end = strstr(text, ",\"local_d\"");
  strcpy(end, "}");
  assert_int_equal(vg_json_parse("old", text, &j), VG_OK);
  assert_int_equal(vg_spec_from_json("old", j, &again), VG_OK);
  assert_int_equal(again.d_scales, 1);
  vg_json_free(j);
  end = strstr(text, ",\"dropout\"");
  strcpy(end, "}");
  assert_int_equal(vg_json_parse("damaged", text, &j), VG_OK);
  assert_int_equal(vg_spec_from_json("damaged", j, &again), VG_DATA);
  assert_non_null(strstr(vg_error(), "lacks spec.dropout"));
  vg_json_free(j);
  vg_free(text);
}

/* What a damaged model file holds is refused as bad data, with the file and the key. */
static void damaged_specs_are_refused(void **state) {
  (void)state;
  static const char *const bad[][2] = {{"\"ngf\":64", "\"ngf\":513"},
                                       {"\"ngf\":64", "\"ngf\":1.5"},
                                       {"\"norm\":\"instance\"", "\"norm\":\"layer\""},
                                       {"\"norm\":\"instance\"", "\"norm\":1"},
                                       {"\"dropout\":0.5", "\"dropout\":1"},
                                       {"\"dropout\":0.5", "\"dropout\":\"no\""},
                                       {"\"patch_w\":16", "\"patch_w\":0"},
                                       {"\"generator\":\"unet\"", "\"generator\":\"a_name_of_16_let\""},
                                       {"\"input_skip\":0", "\"input_skip\":2"}};
  vg_config c = defaults();
  vg_gan_spec s;
  vg_gan_objective o;
  from(&c, &s, &o);
  vg_json *j = vg_spec_to_json(&s);
  char *text = vg_json_print(j, false);
  vg_json_free(j);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char changed[1024], key[32] = "";
    const char *at = strstr(text, bad[i][0]);
    assert_non_null(at);
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, bad[i][1], at + strlen(bad[i][0]));
    sscanf(bad[i][1], "\"%31[a-z_]", key);
    assert_int_equal(vg_json_parse("x", changed, &j), VG_OK);
    if (vg_spec_from_json("m.safetensors", j, &s) != VG_DATA) fail_msg("%s is taken", bad[i][1]);
    if (!strstr(vg_error(), "m.safetensors") || !strstr(vg_error(), key)) fail_msg("%s", vg_error());
    vg_json_free(j);
  }
  vg_free(text);
}

static bool listed(const char *registry, const char *name) {
  for (const vg_registry_row *row = vg_registry_find(registry)->rows; row->name; row++)
    if (!strcmp(row->name, name)) return true;
  return false;
}

static vg_tensor *squared(vg_tensor *out, vg_tensor *target, vg_tensor *weight) {
  (void)weight;
  return vg_mean(vg_square(vg_add(out, vg_scale(target, -1, 0))));
}

/* A network or loss that only this test knows: listed, chosen by name, named in errors, trained with. */
static void rows_are_added_while_running(void **state) {
  (void)state;
  static const vg_loss square = {
      .name = "square", .help = "squared", .kind = VG_LOSS_RECONSTRUCTION, .reconstruction = squared};
  vg_config c = defaults();
  assert_int_equal(vg_config_set(&c, "net.generator=twin"), VG_CONFIG);
  assert_int_equal(vg_generator_add("twin", "a unet", vg_generator_find("unet")), VG_OK);
  assert_int_equal(vg_generator_add("twin", "again", vg_generator_find("unet")), VG_CONFIG);
  assert_int_equal(vg_generator_add("a_name_of_16_let", "too long", vg_generator_find("unet")), VG_CONFIG);
  assert_int_equal(vg_discriminator_add("judge", "a patch", vg_discriminator_find("patch")), VG_OK);
  assert_int_equal(vg_loss_add(&square), VG_OK);
  assert_int_equal(vg_loss_add(&square), VG_CONFIG);
  assert_true(listed("generators", "twin") && listed("discriminators", "judge") &&
              listed("losses", "square"));
  static const char *const sets[] = {"net.generator=twin",
                                     "net.discriminator=judge",
                                     "train.reconstruction=square",
                                     "net.ngf=4",
                                     "net.ndf=4",
                                     "net.d_layers=2",
                                     "net.dropout=0"};
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
    if (vg_config_set(&c, sets[i])) fail_msg("%s: %s", sets[i], vg_error());
  assert_int_equal(vg_config_set(&c, "train.adversarial=square"), VG_CONFIG);
  assert_int_equal(vg_config_set(&c, "train.reconstruction=squar"), VG_CONFIG);
  assert_non_null(strstr(vg_error(), "must be one of auto|l1|cross_entropy|dice|ce_dice|square"));

  vg_gan_spec s;
  vg_gan_objective o;
  from(&c, &s, &o);
  s.in_channels = IN;
  s.out_channels = OUT;
  vg_gan *gan;
  if (vg_gan_new(&s, &o, 5, device, &gan)) fail_msg("%s", vg_error());
  samples *d = make_samples();
  const vg_gan_batch b = batch(d, 0, 1);
  const double first = step(gan, &b, 1).g_reconstruction;
  double last = first;
  for (int i = 0; i < 10; i++) last = step(gan, &b, 1).g_reconstruction;
  if (!(last < first)) fail_msg("%g after %g", last, first);
  vg_gan_free(gan);
  vg_free(d);
}

/* Each term has a name of its own, a place in vg_gan_losses, and the discriminator's come first. */
static void terms_follow_from_their_rows(void **state) {
  (void)state;
  vg_gan_losses l = {0};
  for (int i = 0; i < VG_GAN_LOSSES; i++) {
    const char *name = vg_gan_loss_name(i);
    assert_int_equal(strncmp(name, i < VG_GAN_D_LOSSES ? "d_" : "g_", 2), 0);
    for (int k = 0; k < i; k++) assert_string_not_equal(name, vg_gan_loss_name(k));
    assert_true(*vg_gan_loss_at(&l, i) == 0);
    *vg_gan_loss_at(&l, i) = i + 1;
  }
  assert_int_equal(sizeof l, VG_GAN_LOSSES * sizeof(double));
  assert_true(l.d_real == 1 && l.g_adversarial == VG_GAN_D_LOSSES + 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bounds_are_the_same),          cmocka_unit_test(settings_reach_the_model_file),
      cmocka_unit_test(the_stored_order_stays),       cmocka_unit_test(damaged_specs_are_refused),
      cmocka_unit_test(rows_are_added_while_running), cmocka_unit_test(terms_follow_from_their_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
