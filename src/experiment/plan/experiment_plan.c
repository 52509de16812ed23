/* experiment_plan.c: the settings that all jobs of an experiment share, and those of each job. */
#include "experiment/plan/experiment_plan.h"
#include "settings/config_json.h"

#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "base/str.h"
#include "io/table.h"
#include "voxgan/rng.h"
#include "voxgan/version.h"
#include "base/whole.h"
#include "base/text/plural.h"

/* ---- settings ---- */

static bool augments(const vg_config *c) {
  const bool images =
      c->augment.images == VG_AUGMENT_ON && c->augment.share > 0 &&
      (c->augment.gamma > 0 || c->augment.contrast > 0 || c->augment.bias > 0 || c->augment.noise > 0 ||
       c->augment.blur > 0 || c->augment.rotate > 0 || c->augment.scale > 0 || c->augment.elastic > 0);
  return c->train.flip || c->train.jitter > 0 || images || c->augment.drop_series > 0;
}

static void without_augmentation(vg_config *c) {
  c->train.flip = false;
  c->train.jitter = 0;
  c->augment.drop_series = 0;
  c->augment.images = VG_AUGMENT_OFF;
}

vg_status vg_experiment_options_check(const vg_experiment_options *o) {
  if (!o->test && !(o->test_share > 0 && o->test_share < 1))
    return vg_fail(VG_USAGE, "--test-share is %g, but must be between 0 and 1", o->test_share);
  if (!(o->share > 0 && o->share <= 1))
    return vg_fail(VG_USAGE, "--share is %g, but must be above 0 and at most 1", o->share);
  if (!(o->tune > 0 && o->tune < 1))
    return vg_fail(VG_USAGE, "--tune is %g, but must be between 0 and 1", o->tune);
  return VG_OK;
}

/* Sets up segmentation without a discriminator and without held-out subjects. */
static vg_status resolve(const vg_config *given, size_t largest, vg_config *c) {
  *c = *given;
  c->train.direction = VG_DIRECTION_IMAGE2LABEL;
  c->train.w_adversarial = 0;
  c->train.validate_every = 0;
  c->train.keep = 1;
  c->data.val_share = 0;
  c->data.tumour = VG_TUMOUR_REQUIRE;
  if (!strcmp(c->data.anatomy, "auto")) strcpy(c->data.anatomy, "mask");
  if (!c->train.samples) c->train.samples = (int)largest;
  if (!c->train.patch[0] || !c->train.patch[1] || !c->train.patch[2])
    return vg_fail(VG_CONFIG, "train.patch is 0 (the extent of the largest subject), which may differ "
                              "between rows; set it, so that every row trains the same network, as with "
                              "--set train.patch=64,64,64");
  return vg_config_resolve(c);
}

static size_t larger(size_t a, size_t b) {
  return a > b ? a : b;
}

vg_status vg_experiment_plan_make(const vg_experiment_options *o, const experiment_data *d,
                                  const experiment_design *design, experiment_plan *p) {
  size_t largest = 0;
  bool tuned = false;
  for (int i = 0; i < design->n_rows; i++) {
    const experiment_kind *kind = design->rows[i].kind;
    tuned |= kind->tuned;
    largest = larger(largest, (kind->real ? d->real.n : 0) + (kind->synth ? d->synth.n : 0));
  }
  *p = (experiment_plan){.design = *design};
  vg_status st = resolve(&o->config, largest, &p->config);
  if (st) return st;
  const vg_config *c = &p->config;
  if (design->augmented[1] && !augments(c))
    return vg_fail(VG_CONFIG, "the config has no augmentation (train.flip, train.jitter, augment.*), so on "
                              "and off would be the same; use --augmentation off");
  if (tuned && c->train.epochs < 2)
    return vg_fail(VG_CONFIG,
                   "train.epochs is 1, which cannot be divided between synthetic and real subjects");
  p->tuned.tuning = vg_int_of(round(o->tune * c->train.epochs));
  if (p->tuned.tuning < 1) p->tuned.tuning = 1;
  if (p->tuned.tuning > c->train.epochs - 1) p->tuned.tuning = c->train.epochs - 1;
  p->tuned.first = c->train.epochs - p->tuned.tuning;
  const long long batches = (c->train.samples + c->train.batch - 1) / c->train.batch;
  p->steps = (batches + c->train.accumulate - 1) / c->train.accumulate * c->train.epochs;
  return VG_OK;
}

vg_config vg_experiment_job_config(const experiment_plan *p, const experiment_job *j, bool tuning) {
  vg_config c = p->config;
  c.run.seed = j->seed;
  if (!j->augmented) without_augmentation(&c);
  if (j->kind->tuned) c.train.epochs = tuning ? p->tuned.tuning : p->tuned.first;
  if (!j->kind->real || !j->kind->synth) c.train.mix = 0;
  return c;
}

size_t vg_experiment_job_synthetic(const experiment_data *d, const experiment_job *j) {
  if (!j->kind->synth) return 0;
  return j->most && j->most < d->synth.n ? j->most : d->synth.n;
}

/* Draws n of the synthetic cases. */
static vg_status draw_synthetic(const vg_dataset *synth, size_t n, int seed, bool *take) {
  uint32_t *order = VG_NEW_N(uint32_t, synth->n);
  if (!order) return VG_MEMORY;
  for (size_t i = 0; i < synth->n; i++) order[i] = (uint32_t)i;
  vg_rng r = vg_rng_init((uint64_t)seed, vg_rng_key("experiment synthetic", 0, 0));
  vg_rng_shuffle(&r, order, (uint32_t)synth->n);
  for (size_t i = 0; i < n; i++) take[order[i]] = true;
  vg_free(order);
  return VG_OK;
}

vg_status vg_experiment_job_subjects(const experiment_data *d, const experiment_job *j, double share,
                                     bool tuning, vg_dataset *out) {
  bool *take = VG_NEW_N(bool, larger(d->real.n, d->synth.n) + 1);
  vg_status st = take ? VG_OK : VG_MEMORY;
  if (!st && tuning) st = vg_experiment_tuning_subjects(&d->real, share, j->seed, take);
  if (!st && (j->kind->real || tuning)) st = vg_dataset_select(&d->real, tuning ? take : NULL, out);
  if (!st && j->kind->synth && !tuning) {
    st = draw_synthetic(&d->synth, vg_experiment_job_synthetic(d, j), j->seed, take);
    if (!st) st = vg_dataset_select(&d->synth, take, out);
  }
  vg_free(take);
  return st;
}

/* ---- as JSON ---- */

static void put_ids(vg_json *to, const char *key, const vg_dataset *ds, const bool *take) {
  vg_json *list = vg_json_put_take(to, key, vg_json_array());
  for (size_t i = 0; i < ds->n; i++)
    if (!take || take[i]) vg_json_put_string(list, NULL, ds->subjects[i].id);
}

static vg_status put_tuning(vg_json *to, const vg_experiment_options *o, const experiment_data *d,
                            const experiment_design *design) {
  bool *take = VG_NEW_N(bool, d->real.n);
  vg_json *by_seed = vg_json_put_take(to, "tuning", vg_json_object());
  vg_status st = take ? VG_OK : VG_MEMORY;
  for (int s = 0; s < design->seeds && !st; s++) {
    const int seed = design->first_seed + s;
    char *key = vg_format("%d", seed);
    st = key ? vg_experiment_tuning_subjects(&d->real, o->share, seed, take) : VG_MEMORY;
    if (!st) put_ids(by_seed, key, &d->real, take);
    vg_free(key);
  }
  vg_free(take);
  return st;
}

static vg_json *settings_json(const vg_config *config) {
  vg_config c = *config, plain;
  vg_config_default(&plain);
  c.run = plain.run;
  memcpy(c.data.cache, plain.data.cache, sizeof c.data.cache);
  return vg_config_to_json(&c);
}

vg_json *vg_experiment_plan_json(const vg_experiment_options *o, const experiment_data *d,
                                 const experiment_plan *p) {
  vg_json *j = vg_json_object();
  vg_json_put_string(j, "kind", "voxgan experiment");
  vg_json_put_string(j, "version", vg_version());
  vg_json_put_take(j, "design", vg_experiment_design_json(&p->design));
  vg_json_put_number(j, "steps", (double)p->steps);
  vg_json_put_number(j, "share", o->share);
  vg_json_put_number(j, "tune", o->tune);
  vg_json_put_number(j, "tuning_epochs", p->tuned.tuning);
  vg_json_put_bool(j, "checked", !o->unchecked);
  vg_json *largest = o->n_keep_largest ? vg_json_put_take(j, "keep_largest", vg_json_array()) : NULL;
  for (int i = 0; i < o->n_keep_largest; i++) vg_json_put_string(largest, NULL, o->keep_largest[i]);
  vg_json_put_take(j, "config", settings_json(&p->config));
  put_ids(j, "test", &d->test, NULL);
  put_ids(j, "real", &d->real, NULL);
  put_ids(j, "synthetic", &d->synth, NULL);
  if (put_tuning(j, o, d, &p->design)) {
    vg_json_free(j);
    return NULL;
  }
  vg_json_put_copy(j, "left_out", d->left_out);
  if (vg_json_size(d->not_checked)) vg_json_put_copy(j, "not_checked", d->not_checked);
  return j;
}

/* ---- in words ---- */

vg_status vg_experiment_plan_describe(const vg_experiment_options *o, const experiment_data *d,
                                      const experiment_plan *p, FILE *to) {
  static const char *const header[] = {"job", "row", "augmentation", "seed", "real", "synthetic"};
  const size_t n = vg_experiment_design_jobs(&p->design);
  vg_table t = {0};
  bool *take = VG_NEW_N(bool, d->real.n);
  vg_status st = take ? vg_table_init(&t, 6, header) : VG_MEMORY;
  fprintf(to, "%zu real %s to train on, %zu to test on, %zu synthetic; %zu excluded\n", d->real.n,
          vg_plural(d->real.n, "subject", "subjects"), d->test.n, d->synth.n, vg_json_size(d->left_out));
  for (const vg_json *e = vg_json_first(d->not_checked); e; e = vg_json_next(e))
    fprintf(to, "not checked: %s\n", vg_json_string(e, ""));
  fprintf(to, "%zu %s of %lld %s each; a fine-tuned job spends the last %d of %d epochs on real subjects\n\n",
          n, vg_plural(n, "job", "jobs"), p->steps, vg_plural(p->steps, "step", "steps"), p->tuned.tuning,
          p->config.train.epochs);
  for (size_t k = 0; k < n && !st; k++) {
    const experiment_job j = vg_experiment_design_job(&p->design, k);
    char seed[16], real[16], synth[16];
    size_t n_real = j.kind->real ? d->real.n : 0;
    if (j.kind->tuned) {
      st = vg_experiment_tuning_subjects(&d->real, o->share, j.seed, take);
      for (size_t i = 0; i < d->real.n; i++) n_real += take[i];
    }
    snprintf(seed, sizeof seed, "%d", j.seed);
    snprintf(real, sizeof real, "%zu", n_real);
    snprintf(synth, sizeof synth, "%zu", vg_experiment_job_synthetic(d, &j));
    const char *cells[] = {j.name, j.kind->text, vg_experiment_augmentation(j.augmented), seed, real, synth};
    if (!st) st = vg_table_add_row(&t, cells);
  }
  if (!st) vg_table_print(to, &t);
  vg_table_release(&t);
  vg_free(take);
  return st;
}
