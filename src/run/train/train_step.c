/* train_step.c: one step of a training: its learning rate, its batches, its losses, its progress line. */
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/number/extent.h"
#include "base/task/progress.h"
#include "base/text/plural.h"
#include "run/train/trainer.h"
#include "sample/tumour_crop.h"
#include "voxgan/log.h"

#define CATCH_UP_SECONDS 1.0 /* between looks at the losses of a GPU's steps */

/* The learning rate is constant, then falls linearly to 0. */
static double lr_factor(const vg_config *c, double epochs_done) {
  double done = epochs_done / c->train.epochs;
  return done <= c->train.decay_from ? 1 : (1 - done) / (1 - c->train.decay_from);
}

vg_status vg_trainer_catch_up(trainer *t) {
  train_state *s = &t->state;
  const double began = vg_now();
  int64_t steps, skipped;
  vg_status st = vg_gan_losses_take(t->gan, &s->sums.losses, &steps, &skipped);
  if (st) return st;
  s->sums.steps += steps;
  t->caught_up = vg_now();
  s->sums.seconds += t->caught_up - began;
  s->seconds += t->caught_up - began;
  if (!skipped) return VG_OK;
  vg_fail(VG_NONFINITE, "epoch %d, up to step %lld: %lld %s had a loss or a gradient that is not finite",
          (int)s->epoch + 1, (long long)s->step, (long long)skipped, vg_plural(skipped, "step", "steps"));
  if (t->o->config.train.nonfinite == VG_NONFINITE_STOP) return VG_NONFINITE;
  if (!s->sums.skipped) vg_warn("%s: skipped", vg_error());
  s->sums.skipped += skipped;
  return VG_OK;
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

/* Takes this process's n batches of a step. A batch is valid only until the next vg_loader_next(), and until
 * a GPU has copied it. When a step accumulates several batches we therefore copy each one. */
static vg_status next_batches(trainer *t, int n) {
  const bool segments = t->info.spec.softmax;
  vg_tensor_loads_wait(t->device);
  for (int i = 0; i < n; i++) {
    const vg_batch *b;
    vg_gan_batch *to = &t->batches[i];
    vg_status st = vg_loader_next(t->loader, &b);
    if (st) return st;
    size_t voxels = (size_t)b->n * vg_extent_voxels(b->dim);
    size_t n_in = voxels * (size_t)t->info.spec.in_channels,
           n_out = voxels * (size_t)t->info.spec.out_channels, n_crop = (size_t)b->n * VG_CROP_NUMBERS;
    *to = (vg_gan_batch){.n = b->n,
                         .dim = {b->dim[0], b->dim[1], b->dim[2]},
                         .input = segments ? b->image : b->labels,
                         .target = segments ? b->labels : b->image,
                         .weight = b->weight,
                         .crop = b->crop};
    if (n == 1) continue;
    float *copy = t->copies[i];
    if (!copy && !(copy = t->copies[i] = vg_malloc(n_in + n_out + voxels + n_crop, sizeof *copy)))
      return VG_MEMORY;
    to->input = memcpy(copy, to->input, n_in * sizeof *copy);
    to->target = memcpy(copy += n_in, to->target, n_out * sizeof *copy);
    copy += n_out;
    if (b->weight) to->weight = memcpy(copy, b->weight, voxels * sizeof *copy);
    if (b->crop) to->crop = memcpy(copy + voxels, b->crop, n_crop * sizeof *copy);
  }
  return VG_OK;
}

vg_status vg_trainer_step(trainer *t) {
  const vg_config *c = &t->o->config;
  train_state *s = &t->state;
  /* An epoch's last step may have fewer batches. They go to the processes in turn. */
  const int n = s->batches - s->batch < t->n_batches ? (int)(s->batches - s->batch) : t->n_batches;
  const int processes = vg_group_size(t->group),
            own = (n - vg_group_rank(t->group) + processes - 1) / processes;
  double factor = lr_factor(c, (double)s->epoch + (double)s->batch / (double)s->batches);
  double began = vg_now(), waited = vg_loader_waited(t->loader);
  const bool on_gpu = t->device.kind != 0;
  vg_gan_losses losses;
  vg_status st = next_batches(t, own);
  if (st) return st;
  s->sums.lr_g = c->train.lr_g * factor;
  s->sums.lr_d = c->train.lr_d * factor;
  st = vg_gan_step_of(t->gan, t->batches, own, n, s->sums.lr_g, s->sums.lr_d, on_gpu ? NULL : &losses);
  if (st == VG_MEMORY) vg_trainer_fail_memory(t, vg_error());
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
    if ((st = vg_trainer_catch_up(t))) return st;
  } else {
    s->sums.steps++;
    vg_gan_losses_add(&s->sums.losses, &losses);
  }
  say_progress(t);
  return VG_OK;
}
