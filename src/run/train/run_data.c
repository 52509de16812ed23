/* run_data.c: from folders to prepared cases. */
#include "run/train/run_data.h"

#include <string.h>
#include "prep/census/head_check.h"
#include "run/synth/find_anatomy.h"
#include "prep/census/label_census.h"
#include "sample/case_images.h"
#include "sample/tumour_crop.h"
#include "prep/maps_read.h"
#include "prep/parts.h"
#include "run/score/preview.h"
#include "voxgan/log.h"
#include "base/task/progress.h"
#include "base/fs.h"
#include "base/mem.h"
#include "dataset/dataset_apart.h"
#include "base/pool.h"
#include "base/str.h"
#include "base/text/plural.h"

static const char *text_or_null(const char *s) {
  return s && *s ? s : NULL;
}

/* offset: of a map's path in a vg_subject. */
static bool has_map(const vg_dataset *set, size_t i, size_t offset) {
  return *(char *const *)((const char *)&set->subjects[i] + offset) != NULL;
}

/* "auto" uses maps that any subject has: vg_dataset_require() then names each subject without one. A data set
 * in which most subjects have none is ambiguous, because --skip-incomplete would keep few. */
static vg_status decide_maps(const vg_config *c, const vg_dataset *set, const char *what, size_t offset,
                             const char *without, bool *want) {
  size_t have = 0, first = 0;
  for (size_t i = 0; i < set->n; i++) have += has_map(set, i, offset);
  *want = have > 0;
  if (!have || have == set->n) return VG_OK;
  char origin[VG_SUBJECT_ORIGIN];
  while (has_map(set, first, offset)) first++;
  if (c->data.skip_incomplete && 2 * have >= set->n) return VG_OK;
  return vg_fail(
      VG_DATA,
      "%zu of %zu %s %s %s map, the first is %s (%s): --skip-incomplete skips such subjects if they "
      "are fewer than the others, --set data.%s learns without these maps",
      set->n - have, set->n, vg_plural(set->n, "subject", "subjects"),
      vg_plural(set->n - have, "lacks", "lack"), what, set->subjects[first].id,
      vg_subject_origin(set, &set->subjects[first], origin), without);
}

static vg_status fail_without_tumour_class(const vg_dataset *set) {
  const vg_source *src = &set->sources[0];
  char *text = vg_scheme_text(&src->tumour_scheme);
  vg_status st = vg_fail(
      VG_CONFIG,
      "data.tumour is require, but no class is tumour: by scheme %s the tumour maps of %s show %s; name "
      "the tumour classes (--tumour-scheme 1=core:tumour,2=oedema:tumour), or set data.tumour=none",
      src->tumour_scheme.n ? src->tumour_scheme.name : "(none)", vg_source_name(src),
      text && *text ? text : "no class");
  vg_free(text);
  return st;
}

/* Without tissues, a network sees nothing inside the brain but the tumour. */
static void warn_of_one_class(const vg_classes *classes) {
  if (vg_classes_count(classes, VG_ROLE_ANATOMY) != 1 || vg_classes_find(classes, VG_CLASS_BRAIN) < 0) return;
  vg_warn(
      "the brain is one class: without tissue classes the network cannot know where grey and white matter "
      "lie, and its images will be plain inside. Better: --anatomy brain (a model that finds csf, gm and "
      "wm), "
      "--set data.anatomy=clusters:6 (classes found in each subject's own images), or `voxgan join` with "
      "anatomy maps (docs/guide/data.md)");
}

static vg_status predict_anatomy(const vg_config *c, const char *cache, vg_dataset *set) {
  vg_anatomy from;
  vg_status st = vg_anatomy_parse(c->data.anatomy, &from);
  if (st || from.kind != VG_ANATOMY_PREDICT) return st;
  return vg_find_anatomy(from.model, cache, c->run.device, c->run.threads, set);
}

/* Clusters that name no series are of t1, or the first one. */
static vg_status name_series(const vg_dataset *set, const vg_prep_settings *prep, const char *setting,
                             vg_clusters *of) {
  const int t1 = vg_series_find(&prep->series, "t1");
  if (!*of->series[0]) snprintf(of->series[0], VG_CLASS_NAME, "%s", prep->series.names[t1 < 0 ? 0 : t1]);
  for (int i = 0; i < of->n_series; i++)
    if (vg_series_find(&set->series, of->series[i]) < 0)
      return vg_fail(VG_DATA, "%s: no series %s, which %s names", vg_source_name(&set->sources[0]),
                     of->series[i], setting);
  return VG_OK;
}

/* A tumour of several classes shows its structure by these. */
static vg_status add_tumour_classes(const vg_config *c, const vg_dataset *set, vg_prep_settings *prep) {
  vg_clusters parts;
  vg_classes whole = {0};
  vg_status st = vg_tumour_parts_parse(c->data.tumour_parts, &parts);
  for (int i = 0; i < set->n_sources && !st; i++)
    st = vg_classes_add(&whole, &set->sources[i].tumour_scheme, VG_ROLE_TUMOUR);
  const bool divides = parts.n_series && whole.n == 1;
  if (!st && parts.n_series && !divides)
    vg_info("tumours have %d classes, so data.tumour_parts does not divide them", whole.n);
  if (!st && divides) st = name_series(set, prep, "data.tumour_parts", &parts);
  for (int k = 0; k < whole.n && !st; k++)
    st = divides ? vg_classes_add_parts(&prep->classes, &parts, whole.names[k])
                 : vg_classes_add_name(&prep->classes, whole.names[k], VG_ROLE_TUMOUR);
  return st;
}

static vg_status decide_classes(const vg_config *c, vg_dataset *set, vg_prep_settings *prep,
                                vg_wanted *want) {
  vg_anatomy from;
  vg_status st = vg_anatomy_parse(c->data.anatomy, &from);
  want->anatomy = from.kind == VG_ANATOMY_MAP || from.kind == VG_ANATOMY_PREDICT;
  want->tumour = c->data.tumour == VG_TUMOUR_REQUIRE;
  const bool synthetic = c->train.images == VG_IMAGES_SYNTHETIC;
  if (!st && from.kind == VG_ANATOMY_AUTO)
    st = decide_maps(c, set, "an anatomy", offsetof(vg_subject, anatomy), "anatomy=mask", &want->anatomy);
  if (!st && c->data.tumour == VG_TUMOUR_AUTO)
    st = decide_maps(c, set, "a tumour", offsetof(vg_subject, tumour), "tumour=none", &want->tumour);
  if (st) return st;
  if (synthetic && !want->anatomy)
    return vg_fail(VG_DATA, "%s: train.images synthetic makes images from anatomy maps, and there are none",
                   vg_source_name(&set->sources[0]));
  if (from.kind == VG_ANATOMY_CLUSTERS) {
    st = name_series(set, prep, "data.anatomy", &from.clusters);
    if (!st) st = vg_classes_add_clusters(&prep->classes, &from.clusters);
  } else if (!want->anatomy) {
    if (!want->tumour)
      return vg_fail(VG_DATA, "%s: no label maps that every subject has: there is nothing to %s",
                     vg_source_name(&set->sources[0]),
                     vg_config_segments(c) ? "segment" : "make images from");
    /* The images show where the brain is. */
    if (!vg_config_segments(c)) st = vg_classes_add_name(&prep->classes, VG_CLASS_BRAIN, VG_ROLE_ANATOMY);
  }
  for (int i = 0; i < set->n_sources && !st && want->anatomy; i++)
    st = vg_classes_add(&prep->classes, &set->sources[i].anatomy_scheme, VG_ROLE_ANATOMY);
  if (!st && want->tumour) st = add_tumour_classes(c, set, prep);
  if (!st && !want->tumour && *c->data.tumour_parts)
    st = vg_fail(VG_DATA, "%s: data.tumour_parts divides tumours, and there are no tumour maps to learn from",
                 vg_source_name(&set->sources[0]));
  if (!st && c->data.tumour == VG_TUMOUR_REQUIRE && !vg_classes_count(&prep->classes, VG_ROLE_TUMOUR))
    st = fail_without_tumour_class(set);
  if (!st && !vg_config_segments(c)) warn_of_one_class(&prep->classes);
  return st;
}

/* After all classes are known: a kind is a pair with a class. */
static vg_status decide_kinds(const vg_dataset *set, bool tumour, run_data *d) {
  vg_status st = VG_OK;
  for (int i = 0; i < set->n_sources && !st && d->prep.synthetic; i++) {
    st = vg_prep_add_kinds(&d->prep, &set->sources[i].anatomy_scheme);
    if (!st && tumour) st = vg_prep_add_kinds(&d->prep, &set->sources[i].tumour_scheme);
  }
  return st || !d->edits
             ? st
             : vg_train_edits_set_kinds(d->edits, &d->prep.kinds, &d->prep.contrasts, &d->prep.classes);
}

/* ---- cases ---- */

typedef struct prepare_job {
  const run_data *data;
  const char *cache;
  vg_case *cases; /* set.n */
} prepare_job;

static vg_status prepare_one(void *arg, size_t i) {
  const prepare_job *job = arg;
  if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted while preparing the data");
  const vg_dataset *set = &job->data->set;
  vg_debug("preparing %s", set->subjects[i].id);
  return vg_prepare_cached(job->cache, set, &set->subjects[i], &job->data->prep, &job->cases[i]);
}

/* Prepares all cases, and deals them to train and val. */
static vg_status prepare(run_data *d, const char *cache) {
  const size_t n = d->set.n;
  prepare_job job = {d, cache, VG_NEW_N(vg_case, n)};
  d->train = VG_NEW_N(vg_case, n);
  d->val = VG_NEW_N(vg_case, n);
  d->last = VG_NEW_N(bool, n);
  if (!job.cases || !d->train || !d->val || !d->last) {
    vg_free(job.cases);
    return VG_MEMORY;
  }
  vg_status st = vg_task_parallel("preparing", "subjects", n, prepare_one, &job);
  vg_cache_use_prepared(&d->use);
  /* After a failure too, so that vg_run_data_release() releases every case. */
  for (size_t i = 0; i < n; i++) {
    if (d->is_val[i]) {
      d->val[d->n_val++] = job.cases[i];
    } else {
      d->last[d->n_train] = (int)d->set.subjects[i].source == d->set.n_sources - 1;
      d->train[d->n_train++] = job.cases[i];
    }
  }
  vg_free(job.cases);
  return st || d->n_train ? st : vg_fail(VG_DATA, "no subject is left to train on");
}

static vg_status find_ranges(run_data *d) {
  const vg_case **list = vg_malloc(d->n_train, sizeof *list);
  if (!list) return VG_MEMORY;
  for (size_t i = 0; i < d->n_train; i++) list[i] = &d->train[i];
  for (int s = 0; s < d->prep.series.n; s++) vg_range_median(list, d->n_train, s, &d->ranges[s]);
  vg_free(list);
  return VG_OK;
}

/* Removes what killed processes were writing into the cache. A cache that others own may be closed to us, and
 * then keeps it. */
static vg_status sweep_cache(const char *cache) {
  static const char *const folders[] = {"", "hashes", "about", "users"};
  vg_status st = VG_OK;
  for (int i = 0; i < 4 && st != VG_MEMORY && cache && *cache; i++) {
    bool there = false;
    char *path = vg_fs_join(cache, folders[i]);
    st = path ? vg_fs_is_dir(path, &there) : VG_MEMORY;
    if (!st && there) st = vg_fs_sweep(path);
    vg_free(path);
  }
  return st == VG_MEMORY ? st : VG_OK;
}

/* Extent of a sample: the setting, or the largest case's rounded up to a multiple of 16, which a U-Net halves
 * evenly. */
static void resolve_patch(run_data *d, const vg_config *c) {
  for (int a = 0; a < 3; a++) {
    int largest = 1, set = c->train.patch[a];
    for (size_t i = 0; i < d->set.n; i++) {
      const vg_case *one = i < d->n_train ? &d->train[i] : &d->val[i - d->n_train];
      if (one->record.dim[a] > largest) largest = one->record.dim[a];
    }
    d->patch[2 - a] = set ? set : largest == 1 ? 1 : (largest + 15) / 16 * 16;
  }
}

static vg_status resolve_box(run_data *d, const vg_config *c) {
  if (!(c->train.w_local > 0)) return VG_OK;
  vg_status st = vg_tumour_crop_extent(d->train, d->n_train, c->train.local_margin, d->patch, d->box);
  if (!st && !d->box[0])
    st = vg_fail(VG_CONFIG, "train.w_local is %g, but no training subject has a tumour: set it to 0",
                 c->train.w_local);
  return st;
}

void vg_run_randomise(const vg_config *c, vg_randomise *out) {
  *out = (vg_randomise){.scale = {c->randomise.scale_low, c->randomise.scale_high},
                        .stretch = c->randomise.stretch,
                        .rotate = c->randomise.rotate,
                        .shear = c->randomise.shear,
                        .elastic = c->randomise.elastic,
                        .elastic_mm = c->randomise.elastic_mm,
                        .likeness = c->randomise.likeness,
                        .gap = c->randomise.gap,
                        .gap_epochs = c->randomise.gap_epochs,
                        .sorted = c->randomise.sorted,
                        .sorted_epochs = c->randomise.sorted_epochs,
                        .mean = {c->randomise.mean_low, c->randomise.mean_high},
                        .sd = {c->randomise.sd_low, c->randomise.sd_high},
                        .clusters = c->randomise.clusters,
                        .spread = c->randomise.cluster_spread,
                        .partial = c->randomise.partial,
                        .bias = c->randomise.bias,
                        .bias_mm = c->randomise.bias_mm,
                        .slice_share = c->randomise.slice_share,
                        .slice = {c->randomise.slice_low, c->randomise.slice_high},
                        .noise = c->randomise.noise,
                        .rician = c->randomise.rician,
                        .gamma = c->randomise.gamma,
                        .tumour_gap = c->randomise.tumour_gap,
                        .tumour_likeness = c->randomise.tumour_likeness,
                        .tumour_ring = c->randomise.tumour_ring,
                        .tumour_rim_mm = c->randomise.tumour_rim_mm,
                        .tumour_mottled = c->randomise.tumour_mottled,
                        .tumour_mottle = c->randomise.tumour_mottle,
                        .tumour_mottle_mm = c->randomise.tumour_mottle_mm,
                        .strip = c->randomise.strip,
                        .crop = c->randomise.crop};
}

/* Gives a case a synthetic image, of an edited map where maps are edited. */
static vg_status add_image(const vg_config *c, run_data *d, vg_case *one, size_t index,
                           const vg_randomise *how) {
  const vg_map_editor *editor = d->edits ? vg_train_edits_editor(d->edits) : NULL;
  const vg_edited_map *edited = NULL;
  vg_status st = editor ? editor->take(editor->arg, one, index, 0, 0, &edited) : VG_OK;
  if (!st)
    st = vg_case_add_images(one, how, vg_run_kinds(d), edited ? edited->kinds : NULL, (uint64_t)c->run.seed);
  if (edited) editor->give(editor->arg, edited);
  return st;
}

vg_case *vg_run_validated(const run_data *d, size_t *n) {
  *n = d->n_val ? d->n_val : d->n_train < PREVIEW_ROWS ? d->n_train : PREVIEW_ROWS;
  return d->n_val ? d->val : d->train;
}

/* Subjects without images are validated, and shown, on synthetic ones. */
static vg_status add_images(const vg_config *c, run_data *d) {
  vg_randomise how;
  size_t n;
  vg_case *cases = vg_run_validated(d, &n);
  vg_status st = VG_OK;
  vg_run_randomise(c, &how);
  for (size_t i = 0; i < n && !st && d->prep.synthetic; i++)
    if (!cases[i].imaged) st = add_image(c, d, &cases[i], d->n_val ? d->n_train + i : i, &how);
  return st;
}

/* ---- edits ---- */

const vg_kinds *vg_run_kinds(const run_data *d) {
  return d->edits ? vg_train_edits_kinds(d->edits) : &d->prep.kinds;
}

/* The tumours of the edits may be a class, and those of the data's own maps are none then. */
static void forget_tumour_maps(vg_dataset *set) {
  for (size_t i = 0; i < set->n; i++) {
    vg_subject *s = &set->subjects[i];
    if (vg_scheme_has_role(&set->sources[s->source].tumour_scheme, VG_ROLE_ANATOMY)) continue;
    vg_free(s->tumour);
    s->tumour = NULL;
  }
}

static vg_status open_edits(const vg_config *c, run_data *d) {
  if (!*c->train.edits) return VG_OK;
  if (!d->prep.synthetic)
    return vg_fail(VG_CONFIG,
                   "train.edits is for train.images synthetic: a real image does not show the tumour");
  static const vg_edits_target target[] = {[VG_EDITS_TARGET_TISSUE] = VG_EDITS_TISSUE,
                                           [VG_EDITS_TARGET_TUMOUR] = VG_EDITS_TUMOUR,
                                           [VG_EDITS_TARGET_CLASSES] = VG_EDITS_CLASSES};
  const vg_train_edits_options o = {.chain = c->train.edits,
                                    .donors = c->train.edits_donors,
                                    .target = target[c->train.edits_target],
                                    .share = c->train.edits_share,
                                    .variants = c->train.edits_variants,
                                    .seed = (uint64_t)c->run.seed};
  vg_status st = vg_train_edits_open(&o, &d->prep.classes, &d->edits);
  if (!st) forget_tumour_maps(&d->set);
  return st;
}

static vg_status split(run_data *d, const vg_config *c, const char *split_path) {
  d->is_val = vg_calloc(d->set.n, sizeof *d->is_val);
  if (!d->is_val) return VG_MEMORY;
  if (split_path) return vg_dataset_split_read(&d->set, split_path, d->is_val);
  return vg_dataset_split(&d->set, c->data.val_share, (uint64_t)c->run.seed, d->is_val);
}

/* Where tumours are divided. Weights are those of parts with certain limits. */
static vg_status decide_parts(const vg_train_options *o, const vg_classes *known, run_data *d) {
  vg_classes *classes = &d->prep.classes;
  vg_clusters of;
  if (!vg_classes_parts(classes, &of)) return VG_OK;
  if (known && vg_parts_alike(known, classes)) {
    vg_parts_follow(known, classes);
    return VG_OK;
  }
  if (o->init)
    vg_warn("%s does not say where it divides tumours in the same parts, so the limits are learned from the "
            "data",
            o->init);
  return vg_parts_learn(&d->set, d->is_val, classes);
}

vg_status vg_run_data_open(const vg_train_options *o, const char *split_path, const char *cache,
                           const vg_classes *known, run_data *out) {
  const vg_config *c = &o->config;
  memset(out, 0, sizeof *out);
  vg_wanted want = {.train = true};
  bool heads;
  out->prep = (vg_prep_settings){.margin = c->data.margin,
                                 .percentile = {c->data.percentile_low, c->data.percentile_high},
                                 .brain_from_images = vg_config_segments(c)};
  memcpy(out->prep.spacing, c->data.spacing, sizeof out->prep.spacing);
  out->prep.synthetic = c->train.images == VG_IMAGES_SYNTHETIC;
  out->prep.heads = out->prep.synthetic;
  out->prep.brain_from_images &= !out->prep.heads;
  vg_status st = vg_series_parse(c->data.series, &out->prep.series);
  if (!st && *c->data.contrast_scheme) st = vg_scheme_parse(c->data.contrast_scheme, &out->prep.contrasts);
  if (st) goto out;
  out->set.skip_incomplete = c->data.skip_incomplete;
  st = o->opened ? vg_dataset_select(o->opened, NULL, &out->set)
                 : vg_dataset_add_roots(&out->set, &o->data, text_or_null(c->data.tumour_scheme),
                                        text_or_null(c->data.anatomy_scheme));
  if (!st && o->out) st = vg_dataset_apart(&out->set, o->out);
  if (st) goto out;
  if (!out->prep.synthetic && vg_series_find(&out->prep.series, VG_SERIES_ANY) < 0)
    want.series = out->prep.series;
  /* Series first: a subject that falls out for a missing one must not decide about the label maps. */
  if ((st = vg_dataset_require(&out->set, &want))) goto out;
  if ((st = predict_anatomy(c, cache, &out->set))) goto out;
  if ((st = decide_classes(c, &out->set, &out->prep, &want))) goto out;
  if ((st = open_edits(c, out)) || (st = decide_kinds(&out->set, want.tumour, out))) goto out;
  if ((st = vg_dataset_require(&out->set, &want))) goto out;
  if ((st = vg_dataset_take_census(&out->set, want.anatomy, want.tumour, NULL))) goto out;
  if (!out->prep.heads && (st = vg_dataset_warn_of_heads(&out->set, &heads))) goto out;
  if ((st = split(out, c, split_path))) goto out;
  if ((st = decide_parts(o, known, out))) goto out;
  if ((st = sweep_cache(cache)) || (st = vg_cache_use_begin(cache, &out->use))) goto out;
  vg_info("preparing %zu %s", out->set.n, vg_plural(out->set.n, "subject", "subjects"));
  if ((st = prepare(out, cache))) goto out;
  if (out->edits && (st = vg_train_edits_try(out->edits, &out->train[0]))) goto out;
  if ((st = add_images(c, out))) goto out;
  resolve_patch(out, c);
  if ((st = resolve_box(out, c)) || (st = find_ranges(out))) goto out;
  vg_prep_set_seen(&out->prep, out->train, out->n_train, c->net.views == VG_VIEWS_ALL ? NULL : out->patch);
out:
  if (st) vg_run_data_release(out);
  return st;
}

void vg_run_data_release(run_data *d) {
  for (size_t i = 0; i < d->n_train; i++) vg_case_release(&d->train[i]);
  for (size_t i = 0; i < d->n_val; i++) vg_case_release(&d->val[i]);
  vg_free(d->train);
  vg_free(d->val);
  vg_free(d->last);
  vg_free(d->is_val);
  vg_train_edits_free(d->edits);
  vg_cache_use_end(&d->use);
  vg_dataset_release(&d->set);
  memset(d, 0, sizeof *d);
}
