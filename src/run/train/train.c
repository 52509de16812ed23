/* train.c: the training loop, top to bottom. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "run/machine.h"
#include "run/train/checkpoint.h"
#include "dataset/split.h"
#include "jobs/recall.h"
#include "run/cost.h"
#include "run/entry.h"
#include "run/memory_advice.h"
#include "run/synth/infer.h"
#include "run/train/preview.h"
#include "run/train/run_data.h"
#include "run/train/run_folder.h"
#include "run/train/run_inputs.h"
#include "run/train/train_log.h"
#include "run_page/run_card.h"
#include "sample/loader.h"
#include "sample/tumour_crop.h"
#include "settings/config_json.h"
#include "voxgan/log.h"
#include "base/task/progress.h"
#include "base/limit/memory_limit.h"
#include "base/pool.h"
#include "base/mem.h"
#include "voxgan/run.h"
#include "base/str.h"
#include "voxgan/version.h"

#define CATCH_UP_SECONDS 1.0 /* between looks at the losses of a GPU's steps */

typedef struct trainer {
  const vg_train_options *o;
  vg_lock lock;    /* of the run folder */
  vg_group *group; /* of the processes that train; NULL: this one alone. Rank 0 writes the folder */
  group_clock group_began;
  bool stopping; /* all processes stop here, and know it */
  run_data data;
  model_info info; /* what goes into the model file */
  vg_gan *gan;
  vg_loader *loader;
  vg_randomise randomise; /* the loader borrows it */
  train_state state;
  vg_device device;
  vg_gan_objective objective;
  size_t need, budget; /* bytes: of a step by its estimate; that there were at the start, 0 where not known */
  bool saves;          /* need is that of saving a checkpoint, which is more */
  char limit[160];     /* what sets budget; "": the device */
  int parts;           /* batches a step, of all processes */
  train_log log;
  int64_t saved_step; /* of the last checkpoint, or where this session began */
  double saved_at;    /* vg_now */
  double caught_up;   /* vg_now: when the losses of a GPU's steps were read last */
  char *init;         /* the model that the first weights were taken from in this session, or NULL */
  vg_gan_transfer taken;
} trainer;

static bool writes(const trainer *t) {
  return vg_group_rank(t->group) == 0;
}

static vg_status in_run(const trainer *t, const char *name, char **out) {
  *out = vg_fs_join(t->o->out, name);
  return *out ? VG_OK : VG_MEMORY;
}

/* ---- setting up ---- */

static vg_status open_data(trainer *t, bool continues) {
  const vg_config *c = &t->o->config;
  char *split = NULL, *cache = NULL;
  vg_status st = in_run(t, "split.json", &split);
  if (!st) st = vg_cache_folder(t->o->out, c->data.cache, &cache);
  bool follow = false;
  if (!st && continues) st = vg_fs_exists(split, &follow);
  if (!st) st = vg_run_data_open(t->o, follow ? split : NULL, cache, &t->data);
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
static vg_status fail_memory(const trainer *t, const char *why) {
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

static vg_status build(trainer *t) {
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
  vg_memory_limit limit = vg_memory_limit_read("");
  if (t->device.kind) {
    t->budget = vg_tensor_total_bytes(t->device);
  } else {
    /* Activations are free again when a checkpoint's copy is made. */
    const size_t saving = vg_gan_save_bytes(&t->info.spec, &t->objective);
    t->saves = saving > t->need;
    if (t->saves) t->need = saving;
    const int sharers = t->o->world.local_size;
    t->budget = (size_t)limit.left / (size_t)(sharers > 1 ? sharers : 1);
    snprintf(t->limit, sizeof t->limit, "%s", limit.source);
  }
  if (t->budget && t->need > t->budget) return fail_memory(t, "not enough memory");
  vg_status st = vg_memory_require_space("", t->device.kind ? 0 : t->need, threads_of(c));
  if (st) return st;
  st = vg_gan_new(&t->info.spec, &t->objective, (uint64_t)c->run.seed, t->device, &t->gan);
  if (!st) vg_gan_join(t->gan, t->group);
  return st == VG_MEMORY ? fail_memory(t, vg_error()) : st;
}

static void pin(void *device, void *data, size_t bytes) {
  vg_host_pin(data, bytes, *(const vg_device *)device);
}

static void unpin(void *device, void *data, size_t bytes) {
  (void)bytes;
  vg_host_unpin(data, *(const vg_device *)device);
}

static void close_loader(trainer *t) {
  if (t->loader) vg_loader_memory(t->loader, unpin, &t->device);
  vg_loader_free(t->loader);
}

static vg_status open_loader(trainer *t) {
  const vg_config *c = &t->o->config;
  vg_loader_settings s = {.batch = c->train.batch,
                          .samples_per_epoch = c->train.samples,
                          .last = t->data.last,
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

static void say_plan(const trainer *t) {
  char device[128];
  const vg_gan_spec *s = &t->info.spec;
  vg_str classes = VG_STR_INIT;
  for (int i = 0; i < t->data.prep.classes.n; i++)
    vg_str_addf(&classes, "%s%s", i ? ", " : "", t->data.prep.classes.names[i]);
  vg_info("%zu subjects to train on, %zu held out", t->data.n_train, t->data.n_val);
  vg_info("classes%s: %s", s->softmax ? " to segment" : "", vg_str_text(&classes));
  if (t->data.edits)
    vg_info("tumours in %.3g %% of the samples, by %s; donors: %s", 100 * t->o->config.train.edits_share,
            t->o->config.train.edits,
            *t->o->config.train.edits_donors ? t->o->config.train.edits_donors : "phantoms");
  vg_str_clear(&classes);
  vg_str_addf(&classes, "; %s discriminator, %.2f M", s->discriminator,
              (double)vg_gan_parameters(t->gan, true) / 1e6);
  vg_info("%s generator, %.2f M parameters%s", s->generator, (double)vg_gan_parameters(t->gan, false) / 1e6,
          t->o->config.train.w_adversarial > 0 ? vg_str_text(&classes) : ", no discriminator");
  if (vg_gan_has_local(s))
    vg_info("a discriminator of tumours sees boxes of %dx%dx%d voxels", s->local[2], s->local[1],
            s->local[0]);
  if (t->group)
    vg_info("%d processes, each with a batch of its own: a step averages %d samples", vg_group_size(t->group),
            vg_group_size(t->group) * t->o->config.train.accumulate * t->o->config.train.batch);
  vg_info("samples of %d x %dx%dx%d voxels, about %.1f GiB a step, on %s", t->o->config.train.batch,
          s->patch[2], s->patch[1], s->patch[0], (double)t->need / (1 << 30),
          vg_device_describe(t->device, device, sizeof device));
  vg_str_release(&classes);
}

/* ---- one epoch ---- */

/* The learning rate is constant, then falls linearly to 0. */
static double lr_factor(const vg_config *c, double epochs_done) {
  double done = epochs_done / c->train.epochs;
  return done <= c->train.decay_from ? 1 : (1 - done) / (1 - c->train.decay_from);
}

static vg_status save_models(trainer *t, bool best) {
  if (!writes(t)) return VG_OK;
  static const char *const names[] = {"model-last.safetensors", "model.safetensors"};
  char note[96];
  snprintf(note, sizeof note, "epoch %d of %d, step %lld", (int)t->state.epoch, t->o->config.train.epochs,
           (long long)t->state.step);
  vg_status st = VG_OK;
  for (int i = 0; i < 1 + best && !st; i++) {
    char *path;
    st = in_run(t, names[i], &path);
    if (!st) st = vg_model_save(path, t->gan, &t->info, note);
    vg_free(path);
  }
  return st;
}

/* Reads the losses of the steps since the last call, which a GPU has kept. VG_NONFINITE when one of them
 * stops the run. */
static vg_status catch_up(trainer *t) {
  train_state *s = &t->state;
  double began = vg_now();
  int64_t steps, skipped;
  vg_status st = vg_gan_losses_take(t->gan, &s->sums.losses, &steps, &skipped);
  if (st) return st;
  s->sums.steps += steps;
  s->sums.seconds += vg_now() - began;
  s->seconds += vg_now() - began;
  t->caught_up = vg_now();
  if (!skipped) return VG_OK;
  vg_fail(VG_NONFINITE, "epoch %d, up to step %lld: %lld steps had a loss or a gradient that is not finite",
          (int)s->epoch + 1, (long long)s->step, (long long)skipped);
  if (t->o->config.train.nonfinite == VG_NONFINITE_STOP) return VG_NONFINITE;
  if (!s->sums.skipped) vg_warn("%s: skipped", vg_error());
  s->sums.skipped += skipped;
  return VG_OK;
}

static vg_status save_checkpoint(trainer *t) {
  vg_task task;
  vg_task_begin(&task, "saving a checkpoint", NULL, 0);
  vg_status st = catch_up(t);
  if (!st && writes(t)) st = vg_train_log_size(&t->log, &t->state.log_bytes);
  if (!st && writes(t)) st = vg_checkpoint_save(t->o->out, t->gan, &t->state, t->o->config.train.keep);
  vg_task_end(&task);
  t->saved_step = t->state.step;
  t->saved_at = vg_now();
  return st;
}

/* Whether a checkpoint is due besides those at validations. */
static bool checkpoint_due(const trainer *t) {
  const vg_config *c = &t->o->config;
  if (!writes(t)) return false;
  int64_t steps = t->state.step - t->saved_step;
  double minutes = (vg_now() - t->saved_at) / 60;
  return (c->train.checkpoint_steps > 0 && steps >= c->train.checkpoint_steps) ||
         (c->train.checkpoint_minutes > 0 && steps > 0 && minutes >= c->train.checkpoint_minutes);
}

/* Adds the last good checkpoint to the message of a loss, gradient or score that is not finite. */
static vg_status fail_not_finite(const trainer *t) {
  char *newest;
  vg_status st = vg_checkpoint_newest(t->o->out, &newest);
  if (st) return st;
  char *why = vg_strdup(vg_error());
  if (why)
    vg_fail(VG_FAILED, "%s; %s%s; smaller train.lr_g and train.lr_d may help", why,
            newest ? "the last good checkpoint is " : "there is no checkpoint yet", newest ? newest : "");
  vg_free(why);
  vg_free(newest);
  return why ? VG_FAILED : VG_MEMORY;
}

static vg_status validate_and_save(trainer *t) {
  char *preview = vg_preview_path(t->o->out, t->state.epoch);
  if (!preview) return VG_MEMORY;
  validation v;
  vg_status st = vg_validate(t->gan, &t->data, t->group, preview, &v);
  vg_free(preview);
  if (st) return st;
  if (!isfinite(v.cost)) {
    vg_fail(VG_NONFINITE, "epoch %d: the validation's %s is not finite", (int)t->state.epoch, v.cost_name);
    vg_validation_release(&v);
    return fail_not_finite(t);
  }
  const bool held_out = t->data.n_val > 0;
  const bool best = v.cost < t->state.best;
  if (best) {
    t->state.best = v.cost;
    t->state.best_step = t->state.step;
  }
  st = writes(t) ? vg_train_log_validation(&t->log, &t->state, &v, held_out, best) : VG_OK;
  if (!st) st = save_models(t, best);
  t->state.validate = 0;
  if (!st) st = save_checkpoint(t);
  /* Messages come last: a terminal may be gone, and a pipe may be full. */
  vg_progress_end();
  vg_info("epoch %d %s: %s%s", (int)t->state.epoch,
          held_out ? "held-out subjects" : "training subjects (none is held out)", v.summary,
          best ? ", the best so far" : "");
  vg_validation_release(&v);
  return st;
}

static vg_status stop_here(trainer *t) {
  t->stopping = true;
  vg_status st = save_checkpoint(t);
  if (!st) st = save_models(t, false);
  vg_progress_end();
  if (st) return st;
  if (!writes(t))
    return vg_fail(VG_INTERRUPTED, "rank %d stops after %lld steps, as the others do",
                   vg_group_rank(t->group), (long long)t->state.step);
  return vg_fail(VG_INTERRUPTED, "interrupted in epoch %d after %lld steps; all is saved, --resume continues",
                 (int)t->state.epoch + 1, (long long)t->state.step);
}

static void say_progress(const trainer *t) {
  if (t->o->dry_run) return;
  char left[32];
  const vg_config *c = &t->o->config;
  const epoch_sums *e = &t->state.sums;
  double n = (double)e->steps, batches = (double)t->state.batches;
  double done = (double)t->state.epoch + (double)t->state.batch / batches;
  double rate = (double)e->volumes / e->seconds; /* volumes a second in this epoch */
  double to_do = (c->train.epochs - done) * batches * c->train.batch;
  char judged[64] = "";
  if (c->train.w_adversarial > 0)
    snprintf(judged, sizeof judged, "  D %.3f %.3f  G %.3f", e->losses.d_real / n, e->losses.d_fake / n,
             e->losses.g_adversarial / n);
  vg_progress("epoch %d/%d%s  %s %.4f  %.2f vol/s  %s left", (int)t->state.epoch + 1, c->train.epochs, judged,
              c->train.reconstruction, e->losses.g_reconstruction / n, rate, vg_duration(to_do / rate, left));
}

_Static_assert(VG_GAN_CROP_NUMBERS == (int)VG_CROP_NUMBERS, "the loader says what the step takes");

/* A batch is valid only until the next vg_loader_next(), and until a GPU has copied it. When a step
 * accumulates several batches we therefore copy each one. */
static vg_status next_parts(trainer *t, vg_gan_batch *parts, float **copies, int n) {
  vg_tensor_loads_wait(t->device);
  for (int i = 0; i < n; i++) {
    const vg_batch *b;
    const bool segments = t->info.spec.softmax;
    vg_status st = vg_loader_next(t->loader, &b);
    if (st) return st;
    size_t voxels = (size_t)b->n * (size_t)b->dim[0] * (size_t)b->dim[1] * (size_t)b->dim[2];
    size_t n_in = voxels * (size_t)t->info.spec.in_channels,
           n_out = voxels * (size_t)t->info.spec.out_channels, n_crop = (size_t)b->n * VG_CROP_NUMBERS;
    parts[i] = (vg_gan_batch){.n = b->n,
                              .dim = {b->dim[0], b->dim[1], b->dim[2]},
                              .input = segments ? b->image : b->labels,
                              .target = segments ? b->labels : b->image,
                              .weight = b->weight,
                              .crop = b->crop};
    if (n == 1) continue;
    if (!copies[i] && !(copies[i] = vg_malloc(n_in + n_out + voxels + n_crop, sizeof(float))))
      return VG_MEMORY;
    memcpy(copies[i], parts[i].input, n_in * sizeof(float));
    memcpy(copies[i] + n_in, parts[i].target, n_out * sizeof(float));
    if (b->weight) memcpy(copies[i] + n_in + n_out, b->weight, voxels * sizeof(float));
    parts[i].input = copies[i];
    parts[i].target = copies[i] + n_in;
    parts[i].weight = b->weight ? copies[i] + n_in + n_out : NULL;
    if (!b->crop) continue;
    parts[i].crop = memcpy(copies[i] + n_in + n_out + voxels, b->crop, n_crop * sizeof(float));
  }
  return VG_OK;
}

/* The next step, of n batches in all. */
static vg_status train_step(trainer *t, vg_gan_batch *parts, float **copies, int n) {
  const vg_config *c = &t->o->config;
  train_state *s = &t->state;
  double factor = lr_factor(c, (double)s->epoch + (double)s->batch / (double)s->batches);
  double began = vg_now(), waited = vg_loader_waited(t->loader);
  const bool on_gpu = t->device.kind != 0;
  vg_gan_losses losses;
  const int processes = vg_group_size(t->group),
            own = (n - vg_group_rank(t->group) + processes - 1) / processes;
  vg_status st = next_parts(t, parts, copies, own);
  if (st) return st;
  s->sums.lr_g = c->train.lr_g * factor;
  s->sums.lr_d = c->train.lr_d * factor;
  st = vg_gan_step_of(t->gan, parts, own, n, s->sums.lr_g, s->sums.lr_d, on_gpu ? NULL : &losses);
  if (st == VG_MEMORY) fail_memory(t, vg_error());
  if (st) st = vg_fail_in(st, "epoch %d, step %lld", (int)s->epoch + 1, (long long)s->step + 1);
  if (st && st != VG_NONFINITE) return st;
  s->batch += n;
  const double took = vg_now() - began;
  s->sums.seconds += took;
  s->seconds += took;
  s->sums.waited += vg_loader_waited(t->loader) - waited;
  t->group_began.steps++;
  if (st) return st;
  s->step++;
  s->sums.volumes += n * c->train.batch;
  if (on_gpu) {
    if (vg_now() - t->caught_up < CATCH_UP_SECONDS) return VG_OK;
    if ((st = catch_up(t))) return st;
  } else {
    s->sums.steps++;
    vg_gan_losses_add(&s->sums.losses, &losses);
  }
  say_progress(t);
  return VG_OK;
}

static vg_status train_epoch(trainer *t, vg_gan_batch *parts, float **copies) {
  const vg_config *c = &t->o->config;
  train_state *s = &t->state;
  while (s->batch < s->batches) {
    bool stop;
    vg_status st = vg_train_asked_to_stop(t->group, &stop);
    if (st) return st;
    if (stop) return VG_INTERRUPTED;
    if (checkpoint_due(t)) st = save_checkpoint(t);
    int n = s->batches - s->batch < t->parts ? (int)(s->batches - s->batch) : t->parts;
    if (!st) st = train_step(t, parts, copies, n);
    if (st == VG_NONFINITE && c->train.nonfinite == VG_NONFINITE_STOP) return fail_not_finite(t);
    if (st == VG_NONFINITE) {
      if (!s->sums.skipped++) vg_warn("%s: skipped", vg_error());
    } else if (st) {
      return st;
    }
  }
  vg_status st = catch_up(t);
  if (st) return st == VG_NONFINITE ? fail_not_finite(t) : st;
  if (!s->sums.steps) return vg_fail_in(fail_not_finite(t), "no step of the epoch was finite");
  s->epoch++;
  group_line others;
  st = vg_train_epoch_line(t->group, &t->group_began, &others);
  if (!st && writes(t)) st = vg_train_log_epoch(&t->log, s, vg_tensor_peak_bytes(t->device), &others);
  if (s->sums.skipped)
    vg_warn("epoch %d: %lld steps were not finite", (int)s->epoch, (long long)s->sums.skipped);
  s->sums = (epoch_sums){0};
  s->batch = 0;
  int every = c->train.validate_every;
  s->validate = s->epoch == c->train.epochs || (every && s->epoch % every == 0);
  return st;
}

static vg_status train_loop(trainer *t) {
  const vg_config *c = &t->o->config;
  t->parts = c->train.accumulate * vg_group_size(t->group);
  vg_train_clock_start(t->group, &t->group_began);
  t->saved_step = t->state.step;
  t->saved_at = vg_now();
  vg_gan_batch *parts = VG_NEW_N(vg_gan_batch, t->parts);
  float **copies = VG_NEW_N(float *, t->parts);
  vg_status st = parts && copies ? VG_OK : VG_MEMORY;
  while (!st && (t->state.validate || t->state.epoch < c->train.epochs))
    st = t->state.validate ? validate_and_save(t) : train_epoch(t, parts, copies);
  if (st == VG_INTERRUPTED) st = stop_here(t);
  for (int i = 0; copies && i < t->parts; i++) vg_free(copies[i]);
  vg_free(copies);
  vg_free(parts);
  return st;
}

/* ---- a run ---- */

/* Restores the newest checkpoint, or starts at the first step with drawn weights or those of another model.
 */
static vg_status restore_or_begin(trainer *t, bool continues) {
  bool found = false;
  t->state = (train_state){.best = INFINITY};
  if (!writes(t)) return VG_OK;
  vg_status st = continues ? vg_run_folder_compare(t->o->out, &t->info.config) : VG_OK;
  if (!st && continues) st = vg_run_inputs_compare(t->o->out, &t->data);
  if (!st && continues)
    st = vg_train_compare_sessions(t->o->out, vg_group_size(t->group), t->o->config.train.accumulate);
  if (!st && continues) st = vg_checkpoint_load(t->o->out, t->gan, &t->state, &found);
  if (st) return st;
  if (found && !t->state.validate && t->state.epoch >= t->o->config.train.epochs)
    vg_info("all %d epochs are done", (int)t->state.epoch);
  else if (found)
    vg_info("resuming after %lld steps, in epoch %d", (long long)t->state.step, (int)t->state.epoch + 1);
  else if (continues)
    vg_info("%s has no checkpoint yet: starting from the first epoch", t->o->out);
  if (found || !t->o->init) return VG_OK;
  if ((st = vg_model_path(t->o->init, &t->init))) return st;
  return vg_model_start_from(t->init, &t->info, t->gan, &t->taken);
}

/* Rank 0 goes first, so that it prepares what is not in the cache, and the others find it there. */
static vg_status open_data_in_turn(trainer *t, bool continues) {
  vg_status st = writes(t) ? open_data(t, continues) : VG_OK;
  if (!st) st = vg_group_share(t->group, &continues, sizeof continues);
  return st || writes(t) ? st : open_data(t, continues);
}

static vg_status start(trainer *t, bool continues) {
  const vg_config *c = &t->o->config;
  vg_status st = t->group ? VG_OK : vg_machine_open(c->run.device, c->run.threads, &t->device);
  if (st) return st;
  if ((st = vg_train_log_init(&t->log, t->o->out))) return st;
  if (continues && (st = vg_run_folder_check(t->o->out, c))) return st;
  if ((st = open_data_in_turn(t, continues))) return st;
  if ((st = build(t))) return st;
  st = restore_or_begin(t, continues);
  if (!st) st = vg_group_share(t->group, &t->state, sizeof t->state);
  return st || !t->group ? st : vg_gan_share(t->gan);
}

/* sessions.jsonl: date, version and device of this session. They do not influence the result. */
static vg_status note_session(const trainer *t) {
  char device[128], *path;
  vg_status st = in_run(t, "sessions.jsonl", &path);
  if (st) return st;
  vg_json *j = vg_json_object();
  vg_json_put_number(j, "time", (double)time(NULL));
  vg_json_put_number(j, "step", (double)t->state.step);
  vg_json_put_string(j, "voxgan", vg_version());
  vg_json_put_string(j, "libtorch", vg_torch_version());
  vg_json_put_string(j, "device", vg_device_describe(t->device, device, sizeof device));
  if (t->group) vg_json_put_number(j, "processes", vg_group_size(t->group));
  char *line = vg_json_print(j, false);
  st = line ? vg_fs_append_line(path, line) : VG_MEMORY;
  vg_free(line);
  vg_json_free(j);
  vg_free(path);
  return st;
}

/* Brings the folder to the state at which training goes on. */
static vg_status write_folder(trainer *t, bool continues) {
  if (!writes(t)) return VG_OK;
  const char *run = t->o->out;
  vg_status st = continues ? vg_train_log_rewind(&t->log, t->state.log_bytes) : vg_run_folder_clear(run);
  if (!st) st = vg_run_folder_write_take(run, "config.json", vg_config_to_json(&t->info.config));
  if (!st)
    st = vg_run_folder_write_take(run, "split.json", vg_dataset_split_json(&t->data.set, t->data.is_val));
  if (!st) st = vg_run_inputs_write(run, &t->data);
  if (!st && !t->o->opened) st = vg_recall_write(run, &t->o->data);
  if (!st) st = note_session(t);
  if (!st && t->init) st = vg_train_log_weights(&t->log, t->init, &t->taken);
  if (!st && t->o->config.run.tensorboard) st = vg_train_log_events(&t->log);
  return st;
}

/* ---- what it will cost ---- */

/* The time of a step: the shortest of a few, since the first ones are slower than the rest. Weights change in
 * memory alone. */
static vg_status time_step(trainer *t, double *seconds) {
  enum { STEPS = 4 };
  const double most = 20; /* seconds after which no further step begins */
  const double began = vg_now();
  t->parts = t->o->config.train.accumulate * vg_group_size(t->group);
  vg_gan_batch *parts = VG_NEW_N(vg_gan_batch, t->parts);
  float **copies = VG_NEW_N(float *, t->parts);
  vg_status st = parts && copies ? VG_OK : VG_MEMORY;
  *seconds = 0;
  for (int i = 0; i < STEPS && !st; i++) {
    double enough = i && vg_now() - began >= most;
    st = vg_group_sum(t->group, &enough, 1);
    if (st || enough > 0) break;
    const int left = (int)(t->state.batches - t->state.batch), n = left < t->parts ? left : t->parts;
    if (n <= 0) break;
    const double start = vg_now();
    st = vg_interrupted() ? vg_fail(VG_INTERRUPTED, "interrupted") : train_step(t, parts, copies, n);
    if (!st && t->device.kind) st = catch_up(t); /* waits for the GPU */
    if (!i || vg_now() - start < *seconds) *seconds = vg_now() - start;
  }
  vg_progress_end();
  for (int i = 0; copies && i < t->parts; i++) vg_free(copies[i]);
  vg_free(copies);
  vg_free(parts);
  return st == VG_NONFINITE ? VG_OK : st; /* the run itself decides about it */
}

static size_t cached_bytes(const vg_case *cases, size_t n) {
  size_t bytes = 0;
  for (size_t i = 0; i < n; i++) bytes += cases[i].map.len;
  return bytes;
}

static vg_status say_cost(trainer *t) {
  const vg_config *c = &t->o->config;
  const train_state from = t->state;
  vg_status st = open_loader(t);
  if (st) return st;
  const int64_t batches = t->state.batches, parts = c->train.accumulate * vg_group_size(t->group),
                epoch_steps = (batches + parts - 1) / parts;
  const int epochs = c->train.epochs, every = c->train.validate_every;
  run_cost cost = {.steps = epoch_steps * epochs,
                   .left = epoch_steps * (epochs - from.epoch) - from.batch / parts,
                   .cache = cached_bytes(t->data.train, t->data.n_train) +
                            cached_bytes(t->data.val, t->data.n_val),
                   .cases = t->data.n_train + t->data.n_val,
                   .generator = vg_gan_parameters(t->gan, false),
                   .discriminator = c->train.w_adversarial > 0 ? vg_gan_parameters(t->gan, true) : 0,
                   .checkpoints = c->train.keep + 1,
                   .out = t->o->out};
  if (cost.left <= 0) return VG_OK;
  cost.validations = every ? (epochs + every - 1) / every - (int)from.epoch / every : 1;
  st = time_step(t, &cost.step_seconds);
  if (!st) vg_cost_say(&cost);
  return st;
}

vg_status vg_train(const vg_train_options *options) {
  trainer t = {.o = options, .lock = {.fd = -1}};
  char took[32];
  bool continues = false;
  vg_interrupt_install();
  vg_status st = options->world.size > 1 ? vg_train_meet(options, &t.device, &t.group) : VG_OK;
  if (!st && writes(&t)) st = vg_run_folder_claim(options, &t.lock, &continues);
  if (!st) st = start(&t, continues);
  if (st) goto out;
  if (options->dry_run && (st = say_cost(&t))) goto out;
  say_plan(&t);
  if (options->dry_run) goto out;
  if ((st = open_loader(&t))) goto out;
  if ((st = write_folder(&t, continues))) goto out;
  st = train_loop(&t);
  if (!st && writes(&t)) st = vg_run_card_write(options->out);
  if (!st)
    vg_info("trained %lld steps in %s; the model is %s/model.safetensors", (long long)t.state.step,
            vg_duration(t.state.seconds, took), options->out);
out:
  st = vg_train_part(t.group, t.stopping && st == VG_INTERRUPTED, st);
  close_loader(&t);
  vg_gan_free(t.gan);
  vg_run_data_release(&t.data);
  vg_gan_transfer_release(&t.taken);
  vg_free(t.init);
  vg_train_log_release(&t.log);
  vg_lock_release(&t.lock);
  return st;
}
