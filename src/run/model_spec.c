/* model_spec.c: writes and reads the spec of a model file by the table of its fields, so a new setting of the
 * networks is stored without a line here. */
#include "run/model_spec.h"

#include <string.h>
#include "settings/setting.h"

/* The keys that the format has had from its beginning, in their order in the file. A model without one of
 * them is damaged. Later settings follow in the order of settings.def; a model that lacks one was trained
 * before it existed, and gets its default. */
static const char *const first_keys[] = {
    "generator", "discriminator", "norm",   "in_channels", "out_channels", "patch_d",  "patch_h", "patch_w",
    "ngf",       "ndf",           "levels", "blocks",      "input_skip",   "d_layers", "softmax", "dropout"};
enum { FIRST_KEYS = sizeof first_keys / sizeof *first_keys };

static bool is_first(const char *name) {
  for (int i = 0; i < FIRST_KEYS; i++)
    if (!strcmp(first_keys[i], name)) return true;
  return false;
}

static void put(vg_json *j, const vg_gan_spec *spec, const vg_gan_field *f) {
  const void *value = (const char *)spec + f->offset;
  switch (f->setting ? f->setting->type : VG_SETTING_INT) {
  case VG_SETTING_BOOL:
    vg_json_put_number(j, f->name, *(const bool *)value);
    break;
  case VG_SETTING_F64:
    vg_json_put_number(j, f->name, *(const double *)value);
    break;
  case VG_SETTING_CHOICE:
    vg_json_put_string(j, f->name, vg_setting_choice(f->setting, *(const int *)value));
    break;
  case VG_SETTING_NAME:
    vg_json_put_string(j, f->name, value);
    break;
  default:
    vg_json_put_number(j, f->name, *(const int *)value);
  }
}

vg_json *vg_spec_to_json(const vg_gan_spec *spec) {
  vg_json *j = vg_json_object();
  vg_gan_field f;
  for (int k = 0; k < FIRST_KEYS; k++)
    for (int i = 0; vg_gan_spec_field(i, &f); i++)
      if (!strcmp(f.name, first_keys[k])) put(j, spec, &f);
  for (int i = 0; vg_gan_spec_field(i, &f); i++)
    if (!is_first(f.name)) put(j, spec, &f);
  return j;
}

/* A discriminator may be "none", which is no row of the registry; vg_gan_new() checks names. */
static vg_status take_text(const vg_json *node, const vg_gan_field *f, void *value) {
  const char *text = vg_json_string(node, NULL);
  if (!text) return vg_fail(VG_DATA, "%s is not a string", f->name);
  if (f->setting->type == VG_SETTING_CHOICE) return vg_setting_set_text(f->setting, text, value);
  if (strlen(text) >= VG_CONFIG_NAME)
    return vg_fail(VG_DATA, "%s is longer than %d letters", f->name, VG_CONFIG_NAME - 1);
  strcpy(value, text);
  return VG_OK;
}

static vg_status take(const vg_json *j, const vg_gan_field *f, vg_gan_spec *spec) {
  void *value = (char *)spec + f->offset;
  const vg_json *node = vg_json_get(j, f->name);
  const vg_setting *s = f->setting;
  int whole = 0;
  vg_status st;
  if (!s) return vg_json_int(j, f->name, f->least, f->most, value);
  switch (s->type) {
  case VG_SETTING_BOOL:
    st = vg_json_int(j, f->name, 0, 1, &whole);
    *(bool *)value = whole;
    return st;
  case VG_SETTING_INT:
    return vg_json_int(j, f->name, (int)s->least, (int)s->most, value);
  case VG_SETTING_F64:
    if (vg_json_type_of(node) != VG_JSON_NUMBER) return vg_fail(VG_DATA, "%s is not a number", f->name);
    *(double *)value = vg_json_number(node, 0);
    return vg_setting_check(s, value);
  default:
    return take_text(node, f, value);
  }
}

vg_status vg_spec_from_json(const char *path, const vg_json *j, vg_gan_spec *spec) {
  vg_config defaults;
  vg_gan_field f;
  vg_config_default(&defaults);
  vg_gan_spec_set(spec, &defaults);
  for (int i = 0; vg_gan_spec_field(i, &f); i++) {
    const bool stored = vg_json_get(j, f.name) != NULL;
    if (!stored && is_first(f.name))
      return vg_fail(VG_DATA, "%s: the model's metadata lacks spec.%s", path, f.name);
    vg_status st = stored ? take(j, &f, spec) : VG_OK;
    if (st) return vg_fail_in(st == VG_CONFIG ? VG_DATA : st, "%s: the model's metadata: spec", path);
  }
  return VG_OK;
}
