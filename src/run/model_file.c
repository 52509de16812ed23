/* model_file.c: writes and reads model.safetensors. */
#include "run/model_file.h"
#include "settings/config_json.h"

#include <stdio.h>
#include <string.h>
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "voxgan/version.h"

#define MODEL_FORMAT "voxgan-1"

static const struct {
  const char *name;
  size_t offset;
} spec_texts[] = {
    {"generator", offsetof(vg_gan_spec, generator)},
    {"discriminator", offsetof(vg_gan_spec, discriminator)},
    {"norm", offsetof(vg_gan_spec, norm)},
};
/* The bounds only keep the numbers sane: vg_gan_new() knows what fits together. */
static const struct {
  const char *name;
  size_t offset;
  int least, most;
} spec_ints[] = {
    {"in_channels", offsetof(vg_gan_spec, in_channels), 1, 65536},
    {"out_channels", offsetof(vg_gan_spec, out_channels), 1, 65536},
    {"patch_d", offsetof(vg_gan_spec, patch), 1, 4096},
    {"patch_h", offsetof(vg_gan_spec, patch) + sizeof(int), 1, 4096},
    {"patch_w", offsetof(vg_gan_spec, patch) + 2 * sizeof(int), 1, 4096},
    {"ngf", offsetof(vg_gan_spec, ngf), 1, 65536},
    {"ndf", offsetof(vg_gan_spec, ndf), 1, 65536},
    {"levels", offsetof(vg_gan_spec, levels), 0, 64},
    {"blocks", offsetof(vg_gan_spec, blocks), 0, 65536},
    {"input_skip", offsetof(vg_gan_spec, input_skip), 0, 1},
    {"d_layers", offsetof(vg_gan_spec, d_layers), 0, 64},
    {"softmax", offsetof(vg_gan_spec, softmax), 0, 1},
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

static vg_json *spec_to_json(const vg_gan_spec *s) {
  vg_json *j = vg_json_object();
  for (size_t i = 0; i < COUNT(spec_texts); i++)
    vg_json_put_string(j, spec_texts[i].name, (const char *)s + spec_texts[i].offset);
  for (size_t i = 0; i < COUNT(spec_ints); i++)
    vg_json_put_number(j, spec_ints[i].name, *(const int *)((const char *)s + spec_ints[i].offset));
  vg_json_put_number(j, "dropout", s->dropout);
  vg_json_put_number(j, "d_scales", s->d_scales);
  return j;
}

static vg_status spec_from_json(const char *path, const vg_json *j, vg_gan_spec *s) {
  memset(s, 0, sizeof *s);
  for (size_t i = 0; i < COUNT(spec_texts); i++) {
    const char *text = vg_json_string(vg_json_get(j, spec_texts[i].name), NULL);
    if (!text || strlen(text) >= sizeof s->generator)
      return vg_fail(VG_DATA, "%s: the model's metadata lacks spec.%s", path, spec_texts[i].name);
    strcpy((char *)s + spec_texts[i].offset, text);
  }
  for (size_t i = 0; i < COUNT(spec_ints); i++) {
    int *field = (int *)((char *)s + spec_ints[i].offset);
    vg_status st = vg_json_int(j, spec_ints[i].name, spec_ints[i].least, spec_ints[i].most, field);
    if (st) return vg_fail_in(st, "%s: the model's metadata: spec", path);
  }
  s->dropout = vg_json_number(vg_json_get(j, "dropout"), 0);
  s->d_scales = 1; /* older models do not store it */
  if (!vg_json_get(j, "d_scales")) return VG_OK;
  vg_status st = vg_json_int(j, "d_scales", 1, 64, &s->d_scales);
  return st ? vg_fail_in(st, "%s: the model's metadata: spec", path) : VG_OK;
}

/* Metadata values are strings, so trees go in as their text. consumes tree. */
static vg_status put_tree(vg_json *metadata, const char *key, vg_json *tree) {
  char *text = vg_json_print(tree, false);
  if (text) vg_json_put_string(metadata, key, text);
  vg_json_free(tree);
  vg_free(text);
  return text ? VG_OK : VG_MEMORY;
}

vg_status vg_model_save(const char *path, vg_gan *gan, const model_info *info, const char *note) {
  vg_st_entry *entries = NULL;
  size_t n = 0;
  vg_json *metadata = vg_json_object();
  vg_status st = vg_gan_state_get(gan, VG_GAN_RESULT, &entries, &n);
  if (st) goto out;
  vg_json_put_string(metadata, "format", MODEL_FORMAT);
  vg_json_put_string(metadata, "voxgan", vg_version());
  vg_json_put_string(metadata, "note", note);
  if ((st = put_tree(metadata, "config", vg_config_to_json(&info->config)))) goto out;
  if ((st = put_tree(metadata, "spec", spec_to_json(&info->spec)))) goto out;
  if ((st = put_tree(metadata, "prep", vg_prep_to_json(&info->prep, info->ranges)))) goto out;
  st = vg_st_write(path, entries, n, metadata);
out:
  vg_gan_state_free(entries, n);
  vg_json_free(metadata);
  return st;
}

static vg_status get_tree(const char *path, const vg_st_file *f, const char *key, vg_json **out) {
  const char *text = vg_json_string(vg_json_get(f->metadata, key), NULL);
  if (!text) return vg_fail(VG_DATA, "%s: not a voxgan model: its metadata has no %s", path, key);
  return vg_fail_in(vg_json_parse(key, text, out), "%s", path);
}

static vg_status load_file(const char *path, vg_device device, model_info *info, vg_gan **gan) {
  vg_st_file f = {0};
  vg_json *config = NULL, *spec = NULL, *prep = NULL;
  vg_status st = vg_st_open(path, &f);
  if (st) return st;
  const char *format = vg_json_string(vg_json_get(f.metadata, "format"), "");
  if (strcmp(format, MODEL_FORMAT)) {
    st = vg_fail(VG_DATA, "%s: not a model of this voxgan: format is \"%s\", wanted %s", path, format,
                 MODEL_FORMAT);
    goto out;
  }
  if ((st = get_tree(path, &f, "config", &config)) || (st = get_tree(path, &f, "spec", &spec)) ||
      (st = get_tree(path, &f, "prep", &prep)))
    goto out;
  memset(info, 0, sizeof *info);
  vg_config_default(&info->config);
  if ((st = vg_config_from_json(&info->config, path, config))) goto out;
  if ((st = spec_from_json(path, spec, &info->spec))) goto out;
  if ((st = vg_prep_from_json(path, prep, &info->prep, info->ranges))) goto out;
  if ((st = vg_hash_file(path, info->hash))) goto out;
  vg_gan_spec want;
  vg_spec_from_config(&info->config, info->prep.classes.n, info->prep.series.n, info->spec.patch, &want);
  if (info->spec.in_channels != want.in_channels || info->spec.out_channels != want.out_channels ||
      info->spec.softmax != want.softmax) {
    st = vg_fail(VG_DATA, "%s: its networks do not fit its classes and series", path);
    goto out;
  }
  if ((st = vg_gan_check_file(&info->spec, VG_GAN_GENERATOR, false, path, &f))) goto out;
  if ((st = vg_gan_new_generator(&info->spec, device, gan))) goto out;
  if ((st = vg_gan_state_set(*gan, VG_GAN_GENERATOR, path, &f))) {
    vg_gan_free(*gan);
    *gan = NULL;
  }
out:
  vg_json_free(config);
  vg_json_free(spec);
  vg_json_free(prep);
  vg_st_release(&f);
  return st;
}

vg_status vg_model_path(const char *path, char **out) {
  *out = vg_fs_is_dir(path) ? vg_fs_join(path, "model.safetensors") : vg_strdup(path);
  if (!*out) return VG_MEMORY;
  if (!vg_fs_is_dir(path) || vg_fs_exists(*out)) return VG_OK;
  vg_free(*out);
  *out = NULL;
  return vg_fail(VG_DATA, "%s: holds no model.safetensors", path);
}

vg_status vg_model_load(const char *path, vg_device device, model_info *info, vg_gan **gan) {
  char *file;
  *gan = NULL;
  vg_status st = vg_model_path(path, &file);
  if (!st) st = load_file(file, device, info, gan);
  vg_free(file);
  return st;
}

/* ---- starting from another model ---- */

static void add_names(vg_str *text, const char *names, size_t stride, int n) {
  for (int i = 0; i < n; i++) vg_str_addf(text, "%s%s", i ? ", " : "", names + (size_t)i * stride);
}

/* Weights fit by their shape; whether channel 3 means the same on both sides is for the user to know. */
static void compare_names(const char *path, const char *what, const char *theirs, int n_theirs,
                          const char *ours, int n_ours, size_t stride) {
  vg_str a = VG_STR_INIT, b = VG_STR_INIT;
  add_names(&a, theirs, stride, n_theirs);
  add_names(&b, ours, stride, n_ours);
  if (strcmp(vg_str_text(&a), vg_str_text(&b)))
    vg_warn("%s has the %s %s; this run has %s", path, what, vg_str_text(&a), vg_str_text(&b));
  vg_str_release(&a);
  vg_str_release(&b);
}

/* A checkpoint has no prep, and nothing is compared. */
static vg_status compare_prep(const char *path, const vg_st_file *f, const vg_prep_settings *ours) {
  vg_json *tree = NULL;
  vg_prep_settings theirs;
  vg_range ranges[VG_SERIES_MAX];
  if (!vg_json_get(f->metadata, "prep")) return VG_OK;
  vg_status st = get_tree(path, f, "prep", &tree);
  if (!st) st = vg_prep_from_json(path, tree, &theirs, ranges);
  if (!st) {
    compare_names(path, "classes", theirs.classes.names[0], theirs.classes.n, ours->classes.names[0],
                  ours->classes.n, VG_CLASS_NAME);
    compare_names(path, "series", theirs.series.names[0], theirs.series.n, ours->series.names[0],
                  ours->series.n, VG_SERIES_NAME);
  }
  vg_json_free(tree);
  return st;
}

vg_status vg_model_start_from(const char *file, const model_info *info, vg_gan *gan, vg_gan_transfer *out) {
  vg_st_file f = {0};
  *out = (vg_gan_transfer){0};
  vg_status st = vg_st_open(file, &f);
  if (!st && vg_json_get(f.metadata, "sha256")) st = vg_st_check_seal(file, &f);
  if (!st) st = compare_prep(file, &f, &info->prep);
  bool both = !st && vg_st_holds(&f, "d.");
  int parts = VG_GAN_GENERATOR | (both ? VG_GAN_DISCRIMINATOR : 0);
  if (!st) st = vg_gan_state_transfer(gan, parts, &f, out);
  vg_st_release(&f);
  if (st) return st;
  if (out->reshaped) vg_warn("%s: of another shape, so left as drawn: %s", file, out->reshaped);
  if (!out->matched)
    return vg_fail(VG_DATA, "%s: none of the network's %d tensors has its name and shape there", file,
                   out->wanted);
  if (out->missing) vg_warn("%s: not in the model, so left as drawn: %s", file, out->missing);
  vg_info("starting from %s: %d of %d tensors of the %s matched", file, out->matched, out->wanted,
          both ? "networks" : "generator");
  return VG_OK;
}

/* The settings' choices are the registries' names, which fit by construction. */
static void copy_name(char to[16], const char *from) {
  size_t len = strlen(from);
  if (len >= 16) VG_BUG("registry name %s is too long for a spec", from);
  memcpy(to, from, len + 1);
}

void vg_spec_from_config(const vg_config *c, int n_classes, int n_series, const int patch[3],
                         vg_gan_spec *out) {
  const bool segments = vg_config_segments(c);
  *out = (vg_gan_spec){.in_channels = segments ? n_series : n_classes,
                       .out_channels = segments ? 1 + n_classes : n_series,
                       .softmax = segments,
                       .patch = {patch[0], patch[1], patch[2]},
                       .ngf = c->net.ngf,
                       .ndf = c->net.ndf,
                       .levels = c->net.levels,
                       .input_skip = c->net.input_skip,
                       .blocks = c->net.blocks,
                       .d_layers = c->net.d_layers,
                       .d_scales = c->net.d_scales,
                       .dropout = c->net.dropout};
  copy_name(out->generator, c->net.generator);
  copy_name(out->discriminator, c->train.w_adversarial > 0 ? c->net.discriminator : "none");
  copy_name(out->norm, c->net.norm);
}

void vg_objective_from_config(const vg_config *c, vg_gan_objective *out) {
  *out = (vg_gan_objective){.w_adversarial = c->train.w_adversarial,
                            .w_reconstruction = c->train.w_reconstruction,
                            .w_feature = c->train.w_feature,
                            .w_r1 = c->train.w_r1,
                            .r1_every = c->train.r1_every,
                            .beta1 = c->train.beta1,
                            .beta2 = c->train.beta2,
                            .ema = c->train.ema,
                            .bf16 = !strcmp(c->train.precision, "bf16"),
                            .recompute = c->train.recompute,
                            .d_spectral = c->net.d_spectral};
  copy_name(out->adversarial, c->train.adversarial);
  copy_name(out->reconstruction, c->train.reconstruction);
}
