/* model_file.c: writes and reads model.safetensors. */
#include "run/model_file.h"
#include "run/model_spec.h"
#include "settings/config_json.h"

#include <stdio.h>
#include <string.h>
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/task/progress.h"
#include "base/str.h"
#include "voxgan/version.h"

#define MODEL_FORMAT "voxgan-1"

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
  vg_status st = metadata ? vg_gan_state_get(gan, VG_GAN_RESULT, &entries, &n) : VG_MEMORY;
  if (st) goto out;
  vg_json_put_string(metadata, "format", MODEL_FORMAT);
  vg_json_put_string(metadata, "voxgan", vg_version());
  vg_json_put_string(metadata, "note", note);
  if ((st = put_tree(metadata, "config", vg_config_to_json(&info->config)))) goto out;
  if ((st = put_tree(metadata, "spec", vg_spec_to_json(&info->spec)))) goto out;
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
  if ((st = vg_config_from_json(&info->config, path, config))) {
    st = st == VG_CONFIG ? VG_DATA : st; /* the file is at fault, not the user's settings */
    goto out;
  }
  if ((st = vg_spec_from_json(path, spec, &info->spec))) goto out;
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

/* What lies at a path. */
typedef struct found {
  bool exists, is_dir, is_model;
  char *file; /* of the model */
} found;

static vg_status look_at(const char *path, found *f) {
  *f = (found){0};
  vg_status st = vg_fs_exists(path, &f->exists);
  if (!st) st = vg_fs_is_dir(path, &f->is_dir);
  if (!st && !(f->file = f->is_dir ? vg_fs_join(path, "model.safetensors") : vg_strdup(path))) st = VG_MEMORY;
  if (st) return st;
  f->is_model = vg_ends_with(path, ".safetensors") && f->exists;
  return f->is_dir ? vg_fs_exists(f->file, &f->is_model) : VG_OK;
}

/* A folder "brain" of somebody's scans must not hide the model of that name. */
vg_status vg_model_path(const char *path, char **out) {
  found f;
  bool named = false;
  *out = NULL;
  vg_status st = look_at(path, &f);
  if (!st && !strchr(path, '/') && !f.is_model) {
    st = vg_model_find(path, out);
    named = !st;
    if (st == VG_DATA && f.exists) {
      vg_error_clear();
      st = VG_OK;
    }
  }
  if (!st && !named && f.is_dir && !f.is_model) st = vg_fail(VG_DATA, "%s: holds no model.safetensors", path);
  /* Opening a file that is not there says so. */
  if (!st && !named) *out = f.file, f.file = NULL;
  vg_free(f.file);
  return st;
}

/* Says which model a name means where a file or folder has the name too. */
static vg_status say_which(const char *name, const char *file) {
  found f;
  char *other = NULL;
  if (strchr(name, '/')) return VG_OK;
  vg_status st = look_at(name, &f);
  if (!st && f.exists && strcmp(f.file, file) != 0)
    vg_info("model %s: %s, which comes with voxgan; ./%s names the %s here", name, file, name,
            f.is_dir ? "folder" : "file");
  if (!st && f.is_model) {
    st = vg_model_find(name, &other);
    if (!st) vg_info("model %s: %s, not %s, which comes with voxgan", name, file, other);
    if (st == VG_DATA) {
      vg_error_clear();
      st = VG_OK;
    }
  }
  vg_free(other);
  vg_free(f.file);
  return st;
}

vg_status vg_model_load(const char *path, vg_device device, model_info *info, vg_gan **gan) {
  char *file;
  vg_task task;
  *gan = NULL;
  vg_task_begin(&task, "opening the model", NULL, 0);
  vg_status st = vg_model_path(path, &file);
  if (!st) st = say_which(path, file);
  if (!st) st = load_file(file, device, info, gan);
  vg_task_end(&task);
  vg_free(file);
  return st;
}

/* ---- starting from another model ---- */

/* Weights fit by shape alone, so the user is warned when a channel means something else. */
static void compare_names(const char *path, const char *what, vg_names theirs, vg_names ours) {
  vg_str a = VG_STR_INIT, b = VG_STR_INIT;
  vg_names_join(theirs, &a);
  vg_names_join(ours, &b);
  if (strcmp(vg_str_text(&a), vg_str_text(&b)))
    vg_warn("%s has the %s %s; this run has %s", path, what, vg_str_text(&a), vg_str_text(&b));
  vg_str_release(&a);
  vg_str_release(&b);
}

/* Compares classes and series with those of a model. A checkpoint does not store them. */
static vg_status compare_prep(const char *path, const vg_st_file *f, const vg_prep_settings *ours) {
  vg_json *tree = NULL;
  vg_prep_settings theirs;
  vg_range ranges[VG_SERIES_MAX];
  if (!vg_json_get(f->metadata, "prep")) return VG_OK;
  vg_status st = get_tree(path, f, "prep", &tree);
  if (!st) st = vg_prep_from_json(path, tree, &theirs, ranges);
  if (!st) {
    compare_names(path, "classes", VG_NAMES_INSIDE(theirs.classes.names, theirs.classes.n),
                  VG_NAMES_INSIDE(ours->classes.names, ours->classes.n));
    compare_names(path, "series", VG_NAMES_INSIDE(theirs.series.names, theirs.series.n),
                  VG_NAMES_INSIDE(ours->series.names, ours->series.n));
  }
  vg_json_free(tree);
  return st;
}

vg_status vg_model_parts(const char *path, vg_classes *out) {
  char *file = NULL;
  vg_st_file f = {0};
  vg_json *tree = NULL;
  vg_prep_settings prep;
  vg_range ranges[VG_SERIES_MAX];
  *out = (vg_classes){0};
  vg_status st = vg_model_path(path, &file);
  if (!st) st = vg_st_open(file, &f);
  if (!st && vg_json_get(f.metadata, "prep")) {
    st = get_tree(file, &f, "prep", &tree);
    if (!st && vg_json_get(tree, "part_limits")) {
      st = vg_prep_from_json(file, tree, &prep, ranges);
      if (!st) *out = prep.classes;
    }
  }
  vg_json_free(tree);
  vg_st_release(&f);
  vg_free(file);
  return st;
}

vg_status vg_model_start_from(const char *file, const model_info *info, vg_gan *gan, vg_gan_transfer *out) {
  vg_st_file f = {0};
  vg_task task;
  *out = (vg_gan_transfer){0};
  vg_task_begin(&task, "opening the model", NULL, 0);
  vg_status st = vg_st_open(file, &f);
  if (!st && vg_json_get(f.metadata, "sha256")) st = vg_st_check_seal(file, &f);
  if (!st) st = compare_prep(file, &f, &info->prep);
  bool both = !st && vg_st_holds(&f, "d.");
  int parts = VG_GAN_GENERATOR | (both ? VG_GAN_DISCRIMINATOR : 0);
  if (!st) st = vg_gan_state_transfer(gan, parts, &f, out);
  vg_task_end(&task);
  vg_st_release(&f);
  if (st) return st;
  if (out->reshaped)
    vg_warn("%s: of another shape, so they keep their drawn weights: %s", file, out->reshaped);
  if (!out->matched)
    return vg_fail(VG_DATA, "%s: none of the network's %d tensors has its name and shape there", file,
                   out->wanted);
  if (out->missing) vg_warn("%s: not in the model, so they keep their drawn weights: %s", file, out->missing);
  vg_info("starting from %s: %d of %d tensors of the %s matched", file, out->matched, out->wanted,
          both ? "networks" : "generator");
  return VG_OK;
}

void vg_spec_from_config(const vg_config *c, int n_classes, int n_series, const int patch[3],
                         vg_gan_spec *out) {
  const bool segments = vg_config_segments(c);
  vg_gan_spec_set(out, c);
  out->in_channels = segments ? n_series : n_classes;
  out->out_channels = segments ? 1 + n_classes : n_series;
  out->softmax = segments;
  memcpy(out->patch, patch, sizeof out->patch);
}
