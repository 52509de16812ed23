/* train_cost.c: what a training will cost, for --dry-run. */
#include <string.h>
#include "base/number/extent.h"
#include "base/task/progress.h"
#include "run/cost.h"
#include "run/train/trainer.h"
#include "voxgan/log.h"

/* Seconds after which a dry run begins nothing that would take longer. */
#define PATIENCE 8.0

/* A time that all processes agree on, because they must do the same. */
static vg_status agree(const trainer *t, double *seconds) {
  vg_status st = vg_group_sum(t->group, seconds, 1);
  *seconds /= vg_group_size(t->group);
  return st;
}

/* Batches of samples of this extent, for all processes. */
typedef struct load {
  int dim[3], batches;
} load;

static double work_of(const load *l) {
  return (double)vg_extent_voxels(l->dim) * l->batches;
}

/* The time of a step: the shortest of a few, since the first ones are slower than the rest. Weights change in
 * memory alone. */
static vg_status time_steps(trainer *t, int wanted, double began, double *seconds) {
  enum { STEPS = 4 };
  vg_status st = VG_OK;
  t->n_batches = wanted;
  for (int i = 0; i < STEPS && !st; i++) {
    double spent = vg_now() - began;
    st = agree(t, &spent);
    if (st || (i && spent + *seconds > PATIENCE) || t->state.batch >= t->state.batches) break;
    double took = vg_now();
    st = vg_interrupted() ? vg_fail(VG_INTERRUPTED, "interrupted") : vg_trainer_step(t);
    if (!st && t->device.kind) st = vg_trainer_catch_up(t); /* waits for the GPU */
    took = vg_now() - took;
    if (!st) st = agree(t, &took);
    if (!i || took < *seconds) *seconds = took;
  }
  return st == VG_NONFINITE ? VG_OK : st; /* the run itself decides about it */
}

static vg_status time_load(trainer *t, const load *l, double began, double *seconds) {
  const train_state state = t->state;
  int patch[3];
  memcpy(patch, t->data.patch, sizeof patch);
  memcpy(t->data.patch, l->dim, sizeof patch);
  *seconds = 0;
  vg_status st = vg_trainer_open_loader(t);
  if (!st) st = time_steps(t, l->batches, began, seconds);
  vg_trainer_close_loader(t);
  memcpy(t->data.patch, patch, sizeof patch);
  t->state = state;
  return st;
}

/* One batch for each process, of samples of a share of the extent, as far as the networks take it; share 0: a
 * whole step. */
static load load_of(const trainer *t, int share) {
  const int processes = vg_group_size(t->group), *patch = t->data.patch;
  load l = {.batches = share ? processes : processes * t->o->config.train.accumulate};
  int least[3];
  vg_gan_min_step_dim(t->gan, least);
  for (int a = 0; a < 3; a++) {
    l.dim[a] = share ? (patch[a] + share - 1) / share : patch[a];
    if (l.dim[a] < least[a]) l.dim[a] = least[a];
    if (l.dim[a] > patch[a]) l.dim[a] = patch[a];
  }
  return l;
}

/* On a CPU a step may take minutes. So smaller loads come first: the time grows with the voxels, and says
 * whether there is enough for a larger one. */
static vg_status time_step(trainer *t, run_cost *cost) {
  const double began = vg_now();
  const load whole = load_of(t, 0);
  load timed = {.batches = 0};
  vg_status st = VG_OK;
  for (int share = t->device.kind ? 0 : 4;; share /= 2) {
    const load next = load_of(t, share);
    if (!timed.batches || work_of(&next) > work_of(&timed)) {
      double end = vg_now() - began;
      if (timed.batches) end += cost->step_seconds * work_of(&next) / work_of(&timed);
      if ((st = agree(t, &end)) || (timed.batches && end > PATIENCE)) break;
      st = time_load(t, &next, began, &cost->step_seconds);
      timed = next;
    }
    if (st || !share) break;
  }
  vg_progress_end();
  if (work_of(&timed) < work_of(&whole)) {
    cost->step_seconds *= work_of(&whole) / work_of(&timed);
    memcpy(cost->timed, timed.dim, sizeof cost->timed);
  }
  return st;
}

static size_t cached_bytes(const vg_case *cases, size_t n) {
  size_t bytes = 0;
  for (size_t i = 0; i < n; i++) bytes += cases[i].map.len;
  return bytes;
}

vg_status vg_trainer_say_cost(trainer *t) {
  const vg_config *c = &t->o->config;
  const train_state from = t->state;
  vg_status st = vg_trainer_open_loader(t); /* it counts the batches */
  if (st) return st;
  vg_trainer_close_loader(t);
  const int64_t epoch_steps = (t->state.batches + t->n_batches - 1) / t->n_batches;
  const int epochs = c->train.epochs, every = c->train.validate_every;
  run_cost cost = {.steps = epoch_steps * epochs,
                   .left = epoch_steps * (epochs - from.epoch) - from.batch / t->n_batches,
                   .cache = cached_bytes(t->data.train, t->data.n_train) +
                            cached_bytes(t->data.val, t->data.n_val),
                   .cases = t->data.n_train + t->data.n_val,
                   .generator = vg_gan_parameters(t->gan, false),
                   .discriminator = c->train.w_adversarial > 0 ? vg_gan_parameters(t->gan, true) : 0,
                   .checkpoints = c->train.keep + 1,
                   .patch = {t->data.patch[0], t->data.patch[1], t->data.patch[2]},
                   .out = t->o->out};
  if (cost.left <= 0) return VG_OK;
  cost.validations = every ? (epochs + every - 1) / every - (int)from.epoch / every : 1;
  st = time_step(t, &cost);
  if (!st) vg_cost_say(&cost);
  return st;
}
