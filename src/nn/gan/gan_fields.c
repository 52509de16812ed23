/* gan_fields.c: the fields of vg_gan_spec and vg_gan_objective as tables. They come from settings.def, so a
 * new setting of the networks needs one row there. */
#include <stddef.h>
#include "nn/gan/gan.h"
#include "settings/setting.h"

/* What a network must fit besides its settings. The upper bounds only keep sizes computable. */
static const vg_gan_field shape_fields[] = {
    {"in_channels", NULL, offsetof(vg_gan_spec, in_channels), 1, 65536},
    {"out_channels", NULL, offsetof(vg_gan_spec, out_channels), 1, 65536},
    {"patch_d", NULL, offsetof(vg_gan_spec, patch), 1, 4096},
    {"patch_h", NULL, offsetof(vg_gan_spec, patch) + sizeof(int), 1, 4096},
    {"patch_w", NULL, offsetof(vg_gan_spec, patch) + 2 * sizeof(int), 1, 4096},
    {"softmax", NULL, offsetof(vg_gan_spec, softmax), 0, 1},
    {"local_d", NULL, offsetof(vg_gan_spec, local), 0, 4096},
    {"local_h", NULL, offsetof(vg_gan_spec, local) + sizeof(int), 0, 4096},
    {"local_w", NULL, offsetof(vg_gan_spec, local) + 2 * sizeof(int), 0, 4096},
};

typedef struct setting_field {
  int setting; /* for vg_setting_at */
  size_t offset;
} setting_field;

#define VG_SPEC_BOOL(section, name, ...) {VG_SETTING_INDEX_##section##_##name, offsetof(vg_gan_spec, name)},
#define VG_SPEC_INT VG_SPEC_BOOL
#define VG_SPEC_F64 VG_SPEC_BOOL
#define VG_SPEC_CHOICE VG_SPEC_BOOL
#define VG_SPEC_NAME VG_SPEC_BOOL
static const setting_field spec_fields[] = {
#include "voxgan/settings.def"
};

#define VG_OBJECTIVE_BOOL(section, name, ...) \
  {VG_SETTING_INDEX_##section##_##name, offsetof(vg_gan_objective, name)},
#define VG_OBJECTIVE_INT VG_OBJECTIVE_BOOL
#define VG_OBJECTIVE_F64 VG_OBJECTIVE_BOOL
#define VG_OBJECTIVE_CHOICE VG_OBJECTIVE_BOOL
#define VG_OBJECTIVE_NAME VG_OBJECTIVE_BOOL
static const setting_field objective_fields[] = {
#include "voxgan/settings.def"
};

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static vg_gan_field field_of(const setting_field *f) {
  const vg_setting *s = vg_setting_at(f->setting);
  return (vg_gan_field){.name = strchr(s->key, '.') + 1, .setting = s, .offset = f->offset};
}

bool vg_gan_spec_field(int i, vg_gan_field *out) {
  if (i < 0 || i >= COUNT(shape_fields) + COUNT(spec_fields)) return false;
  *out = i < COUNT(shape_fields) ? shape_fields[i] : field_of(&spec_fields[i - COUNT(shape_fields)]);
  return true;
}

bool vg_gan_objective_field(int i, vg_gan_field *out) {
  if (i < 0 || i >= COUNT(objective_fields)) return false;
  *out = field_of(&objective_fields[i]);
  return true;
}

static void copy(void *to, const vg_config *c, const vg_gan_field *f) {
  memcpy((char *)to + f->offset, (const char *)c + f->setting->offset, vg_setting_size(f->setting));
}

void vg_gan_spec_set(vg_gan_spec *spec, const vg_config *c) {
  vg_gan_field f;
  *spec = (vg_gan_spec){0};
  for (int i = 0; vg_gan_spec_field(i, &f); i++)
    if (f.setting) copy(spec, c, &f);
  if (!(c->train.w_adversarial > 0)) strcpy(spec->discriminator, "none");
}

void vg_gan_objective_set(vg_gan_objective *objective, const vg_config *c) {
  vg_gan_field f;
  *objective = (vg_gan_objective){0};
  for (int i = 0; vg_gan_objective_field(i, &f); i++) copy(objective, c, &f);
}

bool vg_gan_draws(const vg_gan_spec *spec) {
  return spec->noise || spec->style;
}

static vg_status check_field(const void *in, const vg_gan_field *f) {
  const void *value = (const char *)in + f->offset;
  if (f->setting) return vg_setting_check(f->setting, value);
  const int v = *(const int *)value;
  if (v >= f->least && v <= f->most) return VG_OK;
  return vg_fail(VG_CONFIG, "%s is %d, but must be from %d to %d", f->name, v, f->least, f->most);
}

vg_status vg_gan_check_fields(const vg_gan_spec *spec, const vg_gan_objective *objective) {
  const vg_setting *discriminator = vg_setting_at(VG_SETTING_INDEX_net_discriminator);
  vg_status st = VG_OK;
  vg_gan_field f;
  for (int i = 0; !st && vg_gan_spec_field(i, &f); i++)
    if (f.setting != discriminator || vg_gan_has_discriminator(spec)) st = check_field(spec, &f);
  for (int i = 0; !st && objective && vg_gan_objective_field(i, &f); i++) st = check_field(objective, &f);
  return st;
}
