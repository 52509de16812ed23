/* train_setup.c: what a training is made of: prepared data, networks and the memory they need, batches. */
#include <stdio.h>
#include <string.h>
#include "base/limit/memory_limit.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/pool.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "run/memory_advice.h"
#include "run/train/run_inputs.h"
#include "run/train/trainer.h"
#include "voxgan/log.h"

bool vg_trainer_writes(const trainer *t) {
  return vg_group_rank(t->group) == 0;
}

vg_status vg_trainer_path(const trainer *t, const char *name, char **out) {
  *out = vg_fs_join(t->o->out, name);
  return *out ? VG_OK : VG_MEMORY;
}

vg_status vg_trainer_open_data(trainer *t, bool continues) {
  const vg_config *c = &t->o->config;
  char *split = NULL, *cache = NULL;
  vg_status st = vg_trainer_path(t, "split.json", &split);
  if (!st) st = vg_cache_folder(t->o->out, c->data.cache, &cache);
  bool follow = false;
  if (!st && continues) st = vg_fs_exists(split, &follow);
  vg_classes parts = {0};
  if (!st && continues) st = vg_run_inputs_parts(t->o->out, &parts);
  if (!st && !parts.divided && t->o->init) st = vg_model_parts(t->o->init, &parts);
  if (!st) st = vg_run_data_open(t->o, follow ? split : NULL, cache, &parts, &t->data);
  if (!st && vg_trainer_writes(t) && !t->o->dry_run) st = vg_cache_link(t->o->out, cache);
  vg_free(split);
  vg_free(cache);
  return st;
}

/* Replaces auto by the better precision on this device. */
static vg_train_precision precision(vg_train_precision setting, vg_device device) {
  const bool has = vg_device_has_bf16(device);
  if (setting == VG_PRECISION_AUTO) return device.kind && has ? VG_PRECISION_BF16 : VG_PRECISION_FP32;
  if (setting == VG_PRECISION_BF16 && !has)
    vg_info("train.precision bf16: this device computes no faster in bf16");
  return setting;
}

static vg_status fail_with(vg_str *text, const char *advice) {
  vg_status st = vg_fail(VG_MEMORY, "%s%s", vg_str_text(text), advice);
  vg_str_release(text);
  return st;
}

/* The message names the memory that a step needs, the memory available, and settings that would fit. If the
 * estimate does not explain the failure, it suggests settings that need a third less. */
vg_status vg_trainer_fail_memory(const trainer *t, const char *why) {
  const vg_config *c = &t->o->config;
  vg_str text = VG_STR_INIT;
  size_t within = t->budget && t->need > t->budget ? t->budget : t->need / 3 * 2;
  if (t->saves)
    vg_str_addf(&text, "%s: saving a checkpoint of these networks needs about %.1f GiB", why,
                (double)t->need / (1 << 30));
  else
    vg_str_addf(&text, "%s: a step on %d x %dx%dx%d voxels needs about %.1f GiB", why, c->train.batch,
                t->data.patch[2], t->data.patch[1], t->data.patch[0], (double)t->need / (1 << 30));
  if (t->budget)
    vg_str_addf(&text, ", and there are %.1f GiB%s%s%s", (double)t->budget / (1 << 30),
                *t->limit ? " (limit: " : "", t->limit, *t->limit ? ")" : "");
  if (t->saves) return fail_with(&text, "; smaller net.ngf and net.ndf need less");
  vg_str_addf(&text, "; what would fit in %.1f GiB: ", (double)within / (1 << 30));
  vg_memory_advice(c, &t->info.spec, &t->objective, within, &text);
  return fail_with(&text, "; smaller net.ngf and larger data.spacing need less too");
}

static int threads_of(const vg_config *c) {
  return c->run.threads > 0 ? (int)c->run.threads : vg_threads();
}

vg_status vg_trainer_build(trainer *t) {
  const vg_config *c = &t->o->config;
  t->info.config = *c;
  t->info.config.train.precision = precision(c->train.precision, t->device);
  vg_gan_objective_set(&t->objective, &t->info.config);
  for (int a = 0; a < 3; a++) t->info.config.train.patch[a] = t->data.patch[2 - a];
  t->info.prep = t->data.prep;
  memcpy(t->info.ranges, t->data.ranges, sizeof t->info.ranges);
  vg_spec_from_config(c, t->data.prep.classes.n, t->data.prep.series.n, t->data.patch, &t->info.spec);
  memcpy(t->info.spec.local, t->data.box, sizeof t->info.spec.local);
  t->need = vg_gan_step_bytes(&t->info.spec, &t->objective, c->train.batch, t->data.patch);
  if (t->device.kind) {
    t->budget = vg_tensor_total_bytes(t->device);
  } else {
    /* Activations are free again when a checkpoint's copy is made. */
    const size_t saving = vg_gan_save_bytes(&t->info.spec, &t->objective);
    t->saves = saving > t->need;
    if (t->saves) t->need = saving;
    const vg_memory_limit limit = vg_memory_limit_read("");
    const int sharers = t->o->world.local_size;
    t->budget = (size_t)limit.left / (size_t)(sharers > 1 ? sharers : 1);
    snprintf(t->limit, sizeof t->limit, "%s", limit.source);
  }
  if (t->budget && t->need > t->budget) return vg_trainer_fail_memory(t, "not enough memory");
  vg_status st = vg_memory_require_space("", t->device.kind ? 0 : t->need, threads_of(c));
  if (st) return st;
  st = vg_gan_new(&t->info.spec, &t->objective, (uint64_t)c->run.seed, t->device, &t->gan);
  if (!st) vg_gan_join(t->gan, t->group);
  return st == VG_MEMORY ? vg_trainer_fail_memory(t, vg_error()) : st;
}

static void pin(void *device, void *data, size_t bytes) {
  vg_host_pin(data, bytes, *(const vg_device *)device);
}

static void unpin(void *device, void *data, size_t bytes) {
  (void)bytes;
  vg_host_unpin(data, *(const vg_device *)device);
}

void vg_trainer_close_loader(trainer *t) {
  if (t->loader) vg_loader_memory(t->loader, unpin, &t->device);
  vg_loader_free(t->loader);
  t->loader = NULL;
  for (int i = 0; t->copies && i < t->n_batches; i++) vg_free(t->copies[i]);
  vg_free(t->copies);
  vg_free(t->batches);
  t->copies = NULL;
  t->batches = NULL;
}

vg_status vg_trainer_open_loader(trainer *t) {
  const vg_config *c = &t->o->config;
  t->n_batches = c->train.accumulate * vg_group_size(t->group);
  t->batches = VG_NEW_N(vg_gan_batch, t->n_batches);
  t->copies = VG_NEW_N(float *, t->n_batches);
  if (!t->batches || !t->copies) return VG_MEMORY;
  vg_loader_settings s = {.batch = c->train.batch,
                          .samples_per_epoch = c->train.samples,
                          .last = t->data.last,
                          .all_views = c->net.views == VG_VIEWS_ALL,
                          .mix = c->train.mix,
                          .tumour_share = c->train.tumour_share,
                          .flip = c->train.flip,
                          .jitter = c->train.jitter,
                          .tumour_weight = c->train.tumour_weight,
                          .background = t->info.spec.softmax,
                          .seed = (uint64_t)c->run.seed,
                          .threads = c->run.loader_threads,
                          .ahead = c->train.accumulate + 1,
                          .rank = vg_group_rank(t->group),
                          .ranks = vg_group_size(t->group)};
  vg_run_randomise(c, &t->randomise);
  if (t->data.prep.synthetic) s.randomise = &t->randomise;
  s.kinds = vg_run_kinds(&t->data);
  if (t->data.edits) s.editor = vg_train_edits_editor(t->data.edits);
  s.synthetic_share = c->train.synthetic_share;
  memcpy(s.patch, t->data.patch, sizeof s.patch);
  memcpy(s.box, t->data.box, sizeof s.box);
  if (c->augment.images == VG_AUGMENT_ON)
    s.augment = (vg_augment){.share = c->augment.share,
                             .rotate = c->augment.rotate,
                             .scale = c->augment.scale,
                             .elastic = c->augment.elastic,
                             .bias = c->augment.bias,
                             .blur = c->augment.blur,
                             .noise = c->augment.noise,
                             .contrast = c->augment.contrast,
                             .gamma = c->augment.gamma};
  s.augment.drop_series = c->augment.drop_series;
  vg_status st = vg_loader_new(t->data.train, t->data.n_train, &s, &t->loader);
  if (st) return st;
  int batches = vg_loader_batches(t->loader);
  if (t->state.batch && t->state.batches != batches)
    return vg_fail(VG_CONFIG,
                   "%s: stopped after %d of an epoch's %d batches, and an epoch has %d now: resume with the "
                   "same data, train.batch and train.samples",
                   t->o->out, (int)t->state.batch, (int)t->state.batches, batches);
  t->state.batches = batches;
  vg_loader_memory(t->loader, pin, &t->device);
  vg_loader_seek(t->loader, (int)t->state.epoch, (int)t->state.batch);
  return VG_OK;
}

void vg_trainer_say_plan(const trainer *t) {
  char device[128];
  const vg_gan_spec *s = &t->info.spec;
  const vg_classes *of = &t->data.prep.classes;
  vg_str classes = VG_STR_INIT;
  vg_names_join(VG_NAMES_INSIDE(of->names, of->n), &classes);
  vg_info("%zu %s to train on, %zu held out", t->data.n_train,
          vg_plural(t->data.n_train, "subject", "subjects"), t->data.n_val);
  if (!t->data.n_val && t->o->config.data.val_share > 0)
    vg_warn(
        "the scans of one person alone: none is held out, so nothing shows how the model does with others");
  vg_info("classes%s: %s", s->softmax ? " to segment" : "", vg_str_text(&classes));
  vg_str_release(&classes);
  if (t->data.edits)
    vg_info("tumours in %.3g %% of the samples, by %s; donors: %s", 100 * t->o->config.train.edits_share,
            t->o->config.train.edits,
            *t->o->config.train.edits_donors ? t->o->config.train.edits_donors : "phantoms");
  char other[96] = ", no discriminator";
  if (t->o->config.train.w_adversarial > 0)
    snprintf(other, sizeof other, "; %s discriminator, %.2f M", s->discriminator,
             (double)vg_gan_parameters(t->gan, true) / 1e6);
  vg_info("%s generator, %.2f M parameters%s", s->generator, (double)vg_gan_parameters(t->gan, false) / 1e6,
          other);
  if (vg_gan_has_local(s))
    vg_info("a discriminator of tumours sees boxes of %dx%dx%d voxels", s->local[2], s->local[1],
            s->local[0]);
  if (t->group) /* of two processes at least, so of two samples */
    vg_info("%d processes, each with a batch of its own: a step averages %d samples", vg_group_size(t->group),
            vg_group_size(t->group) * t->o->config.train.accumulate * t->o->config.train.batch);
  vg_info("samples of %d x %dx%dx%d voxels, about %.1f GiB a step, on %s", t->o->config.train.batch,
          s->patch[2], s->patch[1], s->patch[0], (double)t->need / (1 << 30),
          vg_device_describe(t->device, device, sizeof device));
}
