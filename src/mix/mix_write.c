/* mix_write.c: the files of a mixed data set. */
#include <stdio.h>
#include <string.h>
#include "base/file/owned.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/str.h"
#include "base/task/progress.h"
#include "base/text/plural.h"
#include "mix/mix_internal.h"
#include "output/format/nnunet_labels.h"
#include "voxgan/log.h"
#include "voxgan/version.h"
#include "voxgan/volume.h"

static char *image_path(const mix_case *c, int channel) {
  return vg_format("imagesTr/%s_%04d.nii.gz", c->id, channel);
}

static char *label_path(const mix_case *c) {
  return vg_format("labelsTr/%s.nii.gz", c->id);
}

/* ---- one case ---- */

/* A link's name tells readers that the file is compressed NIfTI; any other image is written again. */
static vg_status put_image(const mix *m, const char *from, const char *to) {
  if (!m->o->copy && vg_ends_with(from, ".nii.gz")) return vg_fs_link(from, to);
  vg_volume vol = {0};
  vg_volume_header info = {0};
  vg_status st = vg_volume_read(from, &vol, &info);
  const bool whole = info.dtype == VG_DT_U8 || info.dtype == VG_DT_I16 || info.dtype == VG_DT_U16;
  vg_volume_write_options how = {.dtype = VG_DT_F32, .xform_code = info.xform_code};
  if (whole) how = (vg_volume_write_options){info.dtype, info.slope, info.inter, info.xform_code, 0, false};
  how.synthetic = info.synthetic;
  if (!st) st = vg_volume_write(to, &vol, &how);
  vg_volume_release(&vol);
  return st;
}

/* Values of the case's own scheme as those of the mix. */
static vg_status put_labels(const mix *m, const mix_case *c, const char *to, vg_geometry *geo) {
  const vg_scheme *own = &c->set->sources[c->subject->source].tumour_scheme;
  uint16_t *table = vg_calloc(65536, sizeof *table);
  vg_labelmap map = {0};
  vg_volume_header info = {0};
  vg_status st = table ? vg_volume_read_labels(c->subject->tumour, &map, &info) : VG_MEMORY;
  if (!st) st = vg_scheme_check(own, &map, c->subject->tumour);
  for (int i = 0; i < own->n && !st; i++)
    if (own->labels[i].role == VG_ROLE_TUMOUR)
      for (int v = 0; v <= own->labels[i].more; v++)
        table[own->labels[i].value + v] = vg_mix_value(m, own->labels[i].name);
  const size_t n = st ? 0 : vg_geometry_voxels(&map.geo);
  for (size_t i = 0; i < n; i++) map.data[i] = table[map.data[i]];
  *geo = map.geo;
  if (!st) st = vg_volume_write_marked_labels(to, &map, info.xform_code, info.synthetic);
  vg_labelmap_release(&map);
  vg_free(table);
  return st;
}

static vg_status put_case(void *arg, size_t i) {
  const mix *m = arg;
  const mix_case *c = &m->cases[i];
  vg_geometry geo;
  if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted; the same command starts again");
  char *below = label_path(c), *path = below ? vg_fs_join(m->root, below) : NULL;
  vg_status st = path ? put_labels(m, c, path, &geo) : VG_MEMORY;
  vg_free(path);
  vg_free(below);
  for (int s = 0; s < m->series.n && !st; s++) {
    const char *from = c->subject->series[vg_series_find(&c->set->series, m->series.names[s])];
    vg_volume_header info;
    st = vg_volume_info(from, &info);
    if (!st) st = vg_geometry_same(&info.geo, from, &geo, c->subject->tumour, vg_geometry_tolerance(&geo));
    below = image_path(c, s);
    path = below ? vg_fs_join(m->root, below) : NULL;
    if (!st) st = path ? put_image(m, from, path) : VG_MEMORY;
    vg_free(path);
    vg_free(below);
  }
  return st;
}

/* ---- the files of the whole ---- */

static vg_json *describe(const mix *m) {
  vg_json *d = vg_json_object();
  vg_json_put_string(d, "name", m->folder);
  vg_json_put_string(d, "description",
                     "real and synthetic brain MRI; ids of synthetic cases begin with synth_");
  vg_json *channels = vg_json_put_take(d, "channel_names", vg_json_object());
  for (int i = 0; i < m->series.n; i++) {
    char key[16];
    snprintf(key, sizeof key, "%d", i);
    const char *like = vg_json_string(vg_json_get(vg_json_get(m->like, "channel_names"), key), NULL);
    vg_json_put_string(channels, key, like ? like : vg_nnunet_channel(m->series.names[i]));
  }
  if (m->like) {
    static const char *const keys[] = {"labels", "regions_class_order"};
    for (int k = 0; k < 2; k++) vg_json_put_copy(d, keys[k], vg_json_get(m->like, keys[k]));
  } else {
    vg_nnunet_put_labels(d, &m->labels);
  }
  vg_json_put_number(d, "numTraining", (double)m->n);
  vg_json_put_string(d, "file_ending", ".nii.gz");
  if (m->o->licence) vg_json_put_string(d, "licence", m->o->licence);
  vg_json *own = vg_json_put_take(d, "voxgan", vg_json_object());
  char *labels = vg_scheme_text(&m->labels);
  vg_json_put_string(own, "target", vg_role_name(VG_ROLE_TUMOUR));
  vg_json_put_string(own, "tumour_labels", labels ? labels : "");
  vg_free(labels);
  return d;
}

static vg_json *make_splits(const mix *m) {
  vg_json *splits = vg_json_array();
  for (int f = 0; f < m->o->folds; f++) {
    vg_json *fold = vg_json_put_take(splits, NULL, vg_json_object());
    vg_json *train = vg_json_put_take(fold, "train", vg_json_array());
    vg_json *val = vg_json_put_take(fold, "val", vg_json_array());
    for (size_t i = 0; i < m->n; i++) {
      const mix_case *c = &m->cases[i];
      if (c->real ? c->fold == f : c->leaks[f]) {
        if (c->real) vg_json_put_string(val, NULL, c->id);
      } else {
        vg_json_put_string(train, NULL, c->id);
      }
    }
  }
  return splits;
}

static vg_status write_json(const mix *m, const char *name, vg_json *j) {
  char *path = vg_fs_join(m->root, name);
  vg_status st = j && path ? vg_json_write(path, j) : VG_MEMORY;
  vg_free(path);
  vg_json_free(j);
  return st;
}

/* The data-set card: what it holds, from what, and what it must not be used for. */
static vg_status write_card(const mix *m) {
  vg_str t = VG_STR_INIT;
  char *labels = vg_scheme_text(&m->labels);
  vg_str_addf(
      &t,
      "# %s\n\n%zu real %s of %zu %s and %zu synthetic %s, mixed for nnU-Net by voxgan %s. Ids of "
      "synthetic cases begin with `synth_`: they show no person.\n\n| | |\n| --- | --- |\n| series | ",
      m->folder, m->n_real, vg_plural(m->n_real, "case", "cases"), m->persons,
      vg_plural(m->persons, "person", "persons"), m->n - m->n_real,
      vg_plural(m->n - m->n_real, "case", "cases"), vg_version());
  vg_names_join(VG_NAMES_INSIDE(m->series.names, m->series.n), &t);
  vg_str_addf(&t, " |\n| labels | `%s` |\n| folds | %d, by person, seed %llu |\n| licence | %s |\n\n",
              labels ? labels : "", m->o->folds, (unsigned long long)m->o->seed,
              m->o->licence ? m->o->licence : "that of its sources");
  vg_str_addf(
      &t,
      "`splits_final.json` validates on real cases only. No fold trains on a synthetic case %s. Copy it to "
      "`$nnUNet_preprocessed/%s/` before nnU-Net trains, or it draws folds of its own, which mix them.\n\n"
      "The model that made the images may have learned from persons of every fold; "
      "a test on persons that neither model has seen is the measure.\n",
      m->o->unchecked ? "of its validation (not checked)"
                      : "that was made from a person, or with a tumour of a donor, that it validates on",
      m->folder);
  char *path = vg_fs_join(m->root, "README.md");
  vg_status st =
      path && labels && !vg_str_failed(&t) ? vg_fs_write_atomic(path, vg_str_text(&t), t.len) : VG_MEMORY;
  vg_free(path);
  vg_free(labels);
  vg_str_release(&t);
  return st;
}

static vg_status list_files(const mix *m, vg_owned *files) {
  static const char *const whole[] = {"dataset.json", "splits_final.json", "README.md"};
  vg_status st = VG_OK;
  for (int i = 0; i < 3 && !st; i++) st = vg_owned_add(files, whole[i]);
  for (size_t i = 0; i < m->n && !st; i++) {
    char *path = label_path(&m->cases[i]);
    st = path ? vg_owned_add(files, path) : VG_MEMORY;
    vg_free(path);
    for (int s = 0; s < m->series.n && !st; s++) {
      path = image_path(&m->cases[i], s);
      st = path ? vg_owned_add(files, path) : VG_MEMORY;
      vg_free(path);
    }
  }
  return st;
}

/* What the folder is of, so that another mix does not end in it. */
static void name_kind(const mix *m, vg_owned *files) {
  vg_str t = VG_STR_INIT;
  char hash[VG_HASH_LEN];
  char *labels = vg_scheme_text(&m->labels);
  vg_str_addf(&t, "%d %llu %s\n", m->o->folds, (unsigned long long)m->o->seed, labels ? labels : "");
  vg_free(labels);
  for (int i = 0; i < m->series.n; i++) vg_str_addf(&t, "%s\n", m->series.names[i]);
  for (size_t i = 0; i < m->n; i++) vg_str_addf(&t, "%s %s\n", m->cases[i].id, m->cases[i].subject->tumour);
  vg_hash(vg_str_text(&t), t.len, hash);
  snprintf(files->kind, sizeof files->kind, "mix %.32s links", hash);
  vg_str_release(&t);
}

vg_status vg_mix_write(const mix *m) {
  vg_owned files = {0};
  vg_lock lock = {.fd = -1};
  name_kind(m, &files);
  vg_status st = list_files(m, &files);
  if (!st) st = vg_owned_claim(m->root, &files, true, &lock);
  vg_owned_release(&files);
  static const char *const folders[] = {"imagesTr", "labelsTr"};
  for (int i = 0; i < 2 && !st; i++) {
    char *dir = vg_fs_join(m->root, folders[i]);
    st = dir ? vg_fs_make_dirs(dir) : VG_MEMORY;
    vg_free(dir);
  }
  if (!st) st = vg_task_parallel("mixing", "cases", m->n, put_case, (void *)(uintptr_t)m);
  if (!st) st = write_json(m, "splits_final.json", make_splits(m));
  if (!st) st = write_card(m);
  if (!st) st = write_json(m, "dataset.json", describe(m)); /* last: it says that the rest is there */
  vg_lock_release(&lock);
  return st;
}
