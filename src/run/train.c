/* train.c: the training loop, top to bottom. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "run/infer.h"
#include "run/run_data.h"
#include "run/train_state.h"
#include "run/validate.h"
#include "voxgan/loader.h"
#include "voxgan/log.h"
#include "voxgan/mem.h"
#include "voxgan/run.h"
#include "voxgan/str.h"

typedef struct trainer {
  const vg_train_options *o;
  run_data data;
  model_info info; /* what goes into the model file */
  vg_gan *gan;
  vg_loader *loader;
  train_state state;
  vg_device device;
  int parts; /* batches a step */
  char *log_path;
} trainer;

/* ---- the run folder ---- */

static vg_status in_run(const trainer *t, const char *name, char **out) {
  *out = vg_fs_join(t->o->out, name);
  return *out ? VG_OK : VG_MEMORY;
}

static vg_status make_folders(const char *run) {
  static const char *const below[] = {"checkpoints", "previews"};
  vg_status st = vg_fs_require_writable_dir(run);
  for (int i = 0; i < 2 && !st; i++) {
    char *path = vg_fs_join(run, below[i]);
    st = path ? vg_fs_make_dirs(path) : VG_MEMORY;
    vg_free(path);
  }
  return st;
}

/* A folder holds one run. Whether this is its first command, a later one, or a mistake. */
static vg_status claim_folder(const vg_train_options *o, bool *continues) {
  char *config = vg_fs_join(o->out, "config.json");
  if (!config) return VG_MEMORY;
  bool holds_run = vg_fs_exists(config);
  vg_free(config);
  *continues = holds_run && o->resume;
  if (holds_run && !o->resume && !o->overwrite)
    return vg_fail(VG_USAGE, "%s: holds a run already; --resume continues it, --overwrite starts anew",
                   o->out);
  return make_folders(o->out);
}

/* What an earlier run left, once it is sure that the new one can begin. */
static vg_status clear_folder(const char *run) {
  static const char *const old[] = {"checkpoints/last.safetensors", "model.safetensors",
                                    "model-last.safetensors", "log.jsonl"};
  vg_status st = VG_OK;
  for (size_t i = 0; i < sizeof old / sizeof *old && !st; i++) {
    char *path = vg_fs_join(run, old[i]);
    st = path ? vg_fs_remove(path) : VG_MEMORY;
    vg_free(path);
  }
  return st;
}

static vg_status write_json_take(const trainer *t, const char *name, vg_json *j) {
  char *path;
  vg_status st = in_run(t, name, &path);
  if (!st) st = vg_json_write(path, j);
  vg_free(path);
  vg_json_free(j);
  return st;
}

static vg_status log_take(const trainer *t, vg_json *j) {
  char *line = vg_json_print(j, false);
  vg_status st = line ? vg_fs_append_line(t->log_path, line) : VG_MEMORY;
  vg_free(line);
  vg_json_free(j);
  return st;
}

/* ---- setting up ---- */

static vg_status open_data(trainer *t, bool continues) {
  const vg_config *c = &t->o->config;
  char *split = NULL, *cache = NULL;
  vg_status st = in_run(t, "split.json", &split);
  if (!st && !*c->data.cache) st = in_run(t, "cache", &cache);
  if (!st) {
    bool follow = continues && vg_fs_exists(split);
    st = run_data_open(t->o, follow ? split : NULL, cache ? cache : c->data.cache, &t->data);
  }
  vg_free(split);
  vg_free(cache);
  return st;
}

static vg_status build(trainer *t) {
  const vg_config *c = &t->o->config;
  vg_gan_objective objective;
  objective_from_config(c, &objective);
  t->info.config = *c;
  for (int a = 0; a < 3; a++) t->info.config.train.patch[a] = t->data.patch[2 - a];
  t->info.prep = t->data.prep;
  memcpy(t->info.ranges, t->data.ranges, sizeof t->info.ranges);
  spec_from_config(c, t->data.prep.classes.n, t->data.prep.series.n, t->data.patch, &t->info.spec);
  size_t need = vg_gan_step_bytes(&t->info.spec, c->train.batch, t->data.patch), have = available_memory();
  if (t->device.kind == 0 && need > have)
    return vg_fail(
        VG_MEMORY,
        "a step on %d x %dx%dx%d voxels needs about %.1f GiB, and %.1f GiB are free; smaller train.patch, "
        "train.batch or net.ngf, or a larger data.spacing, need less",
        c->train.batch, t->data.patch[2], t->data.patch[1], t->data.patch[0], (double)need / (1 << 30),
        (double)have / (1 << 30));
  return vg_gan_new(&t->info.spec, &objective, (uint64_t)c->run.seed, t->device, &t->gan);
}

static vg_status open_loader(trainer *t) {
  const vg_config *c = &t->o->config;
  vg_loader_settings s = {.batch = c->train.batch,
                          .samples_per_epoch = c->train.samples,
                          .tumour_share = c->train.tumour_share,
                          .flip = c->train.flip,
                          .jitter = c->train.jitter,
                          .tumour_weight = c->train.tumour_weight,
                          .seed = (uint64_t)c->run.seed,
                          .threads = c->run.loader_threads,
                          .ahead = c->train.accumulate + 1};
  memcpy(s.patch, t->data.patch, sizeof s.patch);
  vg_status st = vg_loader_new(t->data.train, t->data.n_train, &s, &t->loader);
  if (!st) vg_loader_seek(t->loader, t->state.epoch, t->state.batch);
  return st;
}

static void say_plan(const trainer *t) {
  char device[128];
  const vg_gan_spec *s = &t->info.spec;
  vg_str classes = VG_STR_INIT;
  for (int i = 0; i < t->data.prep.classes.n; i++)
    vg_str_addf(&classes, "%s%s", i ? ", " : "", t->data.prep.classes.names[i]);
  vg_info("%zu subjects to train on, %zu held out", t->data.n_train, t->data.n_val);
  vg_info("classes: %s", vg_str_text(&classes));
  vg_info("%s generator, %.2f M parameters; %s discriminator, %.2f M", s->generator,
          (double)vg_gan_parameters(t->gan, false) / 1e6, s->discriminator,
          (double)vg_gan_parameters(t->gan, true) / 1e6);
  vg_info("samples of %d x %dx%dx%d voxels, about %.1f GiB a step, on %s", t->o->config.train.batch,
          s->patch[2], s->patch[1], s->patch[0],
          (double)vg_gan_step_bytes(s, t->o->config.train.batch, s->patch) / (1 << 30),
          vg_device_describe(t->device, device, sizeof device));
  vg_str_release(&classes);
}

/* ---- one epoch ---- */

/* Constant, then linear to 0, by the share of all epochs done. */
static double lr_factor(const vg_config *c, double epochs_done) {
  double done = epochs_done / c->train.epochs;
  return done <= c->train.decay_from ? 1 : (1 - done) / (1 - c->train.decay_from);
}

static vg_status save_models(trainer *t, bool best) {
  static const char *const names[] = {"model-last.safetensors", "model.safetensors"};
  char note[96];
  snprintf(note, sizeof note, "epoch %d of %d, step %lld", t->state.epoch, t->o->config.train.epochs,
           (long long)t->state.step);
  vg_status st = VG_OK;
  for (int i = 0; i < 1 + best && !st; i++) {
    char *path;
    st = in_run(t, names[i], &path);
    if (!st) st = model_save(path, t->gan, &t->info, note);
    vg_free(path);
  }
  return st;
}

static vg_status validate_and_save(trainer *t) {
  char *preview = vg_format("%s/previews/epoch-%05d.png", t->o->out, t->state.epoch);
  if (!preview) return VG_MEMORY;
  validation v;
  vg_status st = validate(t->gan, &t->data, preview, &v);
  vg_free(preview);
  if (st) return st;
  bool best = v.mean.mae < t->state.best;
  if (best) t->state.best = v.mean.mae;
  vg_progress_end();
  vg_info("epoch %d %s: MAE %.4f, PSNR %.2f dB, SSIM %.4f%s", t->state.epoch,
          t->data.n_val ? "held-out subjects" : "training subjects (none is held out)", v.mean.mae,
          v.mean.psnr, v.mean.ssim, best ? ", the best so far" : "");
  vg_json *j = vg_json_object();
  vg_json_put_string(j, "kind", "validation");
  vg_json_put_number(j, "epoch", t->state.epoch);
  vg_json_put_number(j, "step", (double)t->state.step);
  vg_json_put_bool(j, "held_out", t->data.n_val > 0);
  vg_json_put_take(j, "scores", validation_json(&v, &t->data.prep.series));
  vg_json_put_bool(j, "best", best);
  st = log_take(t, j);
  if (!st) st = save_models(t, best);
  return st ? st : checkpoint_save(t->o->out, t->gan, &t->state);
}

static vg_status stop_here(trainer *t) {
  vg_progress_end();
  vg_status st = checkpoint_save(t->o->out, t->gan, &t->state);
  if (!st) st = save_models(t, false);
  if (st) return st;
  return vg_fail(VG_INTERRUPTED, "interrupted in epoch %d after %lld steps; all is saved, --resume continues",
                 t->state.epoch + 1, (long long)t->state.step);
}

typedef struct epoch_sums {
  vg_gan_losses losses;
  int steps, volumes;
  double lr_g, lr_d, began, waited;
} epoch_sums;

static void add_losses(vg_gan_losses *sum, const vg_gan_losses *l) {
  sum->d_real += l->d_real;
  sum->d_fake += l->d_fake;
  sum->g_adversarial += l->g_adversarial;
  sum->g_reconstruction += l->g_reconstruction;
}

static vg_status log_epoch(trainer *t, const epoch_sums *e) {
  double seconds = vg_now() - e->began;
  vg_json *j = vg_json_object();
  vg_json_put_string(j, "kind", "epoch");
  vg_json_put_number(j, "epoch", t->state.epoch);
  vg_json_put_number(j, "step", (double)t->state.step);
  vg_json_put_number(j, "d_real", e->losses.d_real / e->steps);
  vg_json_put_number(j, "d_fake", e->losses.d_fake / e->steps);
  vg_json_put_number(j, "g_adversarial", e->losses.g_adversarial / e->steps);
  vg_json_put_number(j, "g_reconstruction", e->losses.g_reconstruction / e->steps);
  vg_json_put_number(j, "lr_g", e->lr_g);
  vg_json_put_number(j, "lr_d", e->lr_d);
  vg_json_put_number(j, "seconds", seconds);
  vg_json_put_number(j, "volumes_per_s", e->volumes / seconds);
  vg_json_put_number(j, "loader_wait_s", vg_loader_waited(t->loader) - e->waited);
  vg_json_put_number(j, "peak_bytes", (double)vg_tensor_peak_bytes(t->device));
  return log_take(t, j);
}

static void say_progress(const trainer *t, const epoch_sums *e) {
  char left[32];
  int batches = vg_loader_batches(t->loader);
  double done = t->state.epoch + (double)t->state.batch / batches;
  double rate = e->volumes / (vg_now() - e->began); /* volumes a second in this epoch */
  double to_do = (t->o->config.train.epochs - done) * batches * t->o->config.train.batch;
  vg_progress("epoch %d/%d  D %.3f %.3f  G %.3f  L1 %.4f  %.2f vol/s  %s left", t->state.epoch + 1,
              t->o->config.train.epochs, e->losses.d_real / e->steps, e->losses.d_fake / e->steps,
              e->losses.g_adversarial / e->steps, e->losses.g_reconstruction / e->steps, rate,
              vg_duration(to_do / rate, left));
}

/* The loader's batch is borrowed until the next one, so the parts of an accumulated step are stepped through
 * with copies only when there are several. */
static vg_status next_parts(trainer *t, vg_gan_batch *parts, float **copies, int n) {
  for (int i = 0; i < n; i++) {
    const vg_batch *b;
    vg_status st = vg_loader_next(t->loader, &b);
    if (st) return st;
    size_t voxels = (size_t)b->n * (size_t)b->dim[0] * (size_t)b->dim[1] * (size_t)b->dim[2];
    size_t n_in = voxels * (size_t)t->info.spec.in_channels,
           n_out = voxels * (size_t)t->info.spec.out_channels;
    parts[i] = (vg_gan_batch){.n = b->n,
                              .dim = {b->dim[0], b->dim[1], b->dim[2]},
                              .input = b->labels,
                              .target = b->image,
                              .weight = b->weight};
    if (n == 1) continue;
    if (!copies[i] && !(copies[i] = vg_malloc(n_in + n_out + voxels, sizeof(float)))) return VG_MEMORY;
    memcpy(copies[i], b->labels, n_in * sizeof(float));
    memcpy(copies[i] + n_in, b->image, n_out * sizeof(float));
    if (b->weight) memcpy(copies[i] + n_in + n_out, b->weight, voxels * sizeof(float));
    parts[i].input = copies[i];
    parts[i].target = copies[i] + n_in;
    parts[i].weight = b->weight ? copies[i] + n_in + n_out : NULL;
  }
  return VG_OK;
}

static vg_status train_epoch(trainer *t, vg_gan_batch *parts, float **copies) {
  const vg_config *c = &t->o->config;
  int batches = vg_loader_batches(t->loader);
  epoch_sums e = {.began = vg_now(), .waited = vg_loader_waited(t->loader)};
  while (t->state.batch < batches) {
    int n = batches - t->state.batch < t->parts ? batches - t->state.batch : t->parts;
    double factor = lr_factor(c, t->state.epoch + (double)t->state.batch / batches), step_began = vg_now();
    vg_gan_losses losses;
    vg_status st = next_parts(t, parts, copies, n);
    e.lr_g = c->train.lr_g * factor;
    e.lr_d = c->train.lr_d * factor;
    if (!st) st = vg_gan_step(t->gan, parts, n, e.lr_g, e.lr_d, &losses);
    if (st) return vg_fail_in(st, "epoch %d, step %lld", t->state.epoch + 1, (long long)t->state.step + 1);
    t->state.batch += n;
    t->state.step++;
    t->state.seconds += vg_now() - step_began;
    for (int i = 0; i < n; i++) e.volumes += parts[i].n;
    add_losses(&e.losses, &losses);
    e.steps++;
    say_progress(t, &e);
    if (vg_interrupted() && t->state.batch < batches) return stop_here(t);
  }
  t->state.epoch++;
  t->state.batch = 0;
  return log_epoch(t, &e);
}

static vg_status train_loop(trainer *t) {
  const vg_config *c = &t->o->config;
  t->parts = c->train.accumulate;
  vg_gan_batch *parts = VG_NEW_N(vg_gan_batch, t->parts);
  float **copies = VG_NEW_N(float *, t->parts);
  vg_status st = parts && copies ? VG_OK : VG_MEMORY;
  while (!st && t->state.epoch < c->train.epochs) {
    st = train_epoch(t, parts, copies);
    int every = c->train.validate_every;
    bool due = t->state.epoch == c->train.epochs || (every && t->state.epoch % every == 0);
    if (!st && due) st = validate_and_save(t);
    if (!st && vg_interrupted() && t->state.epoch < c->train.epochs) st = stop_here(t);
  }
  for (int i = 0; copies && i < t->parts; i++) vg_free(copies[i]);
  vg_free(copies);
  vg_free(parts);
  return st;
}

static vg_status start(trainer *t, bool continues) {
  const vg_config *c = &t->o->config;
  t->state = (train_state){.best = INFINITY};
  vg_status st = vg_device_parse(c->run.device, &t->device);
  if (st) return st;
  vg_tensor_threads(c->run.threads);
  if ((st = in_run(t, "log.jsonl", &t->log_path))) return st;
  if ((st = open_data(t, continues))) return st;
  if ((st = build(t))) return st;
  bool found = false;
  if (continues) {
    if ((st = checkpoint_load(t->o->out, t->gan, &t->state, &found))) return st;
    if (found)
      vg_info("resuming after %lld steps, in epoch %d", (long long)t->state.step, t->state.epoch + 1);
    else
      vg_info("%s has no checkpoint yet: starting from the first epoch", t->o->out);
  }
  return VG_OK;
}

vg_status vg_train(const vg_train_options *options) {
  trainer t = {.o = options};
  char took[32];
  bool continues = false;
  vg_interrupt_install();
  vg_status st = claim_folder(options, &continues);
  if (!st) st = start(&t, continues);
  if (st) goto out;
  say_plan(&t);
  if (options->dry_run) goto out;
  if ((st = continues ? log_rewind(t.log_path, t.state.step) : clear_folder(options->out))) goto out;
  if ((st = write_json_take(&t, "config.json", vg_config_to_json(&t.info.config)))) goto out;
  if ((st = write_json_take(&t, "split.json", vg_dataset_split_json(&t.data.set, t.data.is_val)))) goto out;
  if ((st = open_loader(&t))) goto out;
  st = train_loop(&t);
  if (!st)
    vg_info("trained %lld steps in %s; the model is %s/model.safetensors", (long long)t.state.step,
            vg_duration(t.state.seconds, took), options->out);
out:
  vg_loader_free(t.loader);
  vg_gan_free(t.gan);
  run_data_release(&t.data);
  vg_free(t.log_path);
  return st;
}
