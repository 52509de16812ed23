/* train_cost.c: what a training will cost, for --dry-run. */
#include "base/task/progress.h"
#include "run/cost.h"
#include "run/train/trainer.h"
#include "voxgan/log.h"

/* The time of a step: the shortest of a few, since the first ones are slower than the rest. Weights change in
 * memory alone. */
static vg_status time_step(trainer *t, double *seconds) {
  enum { STEPS = 4 };
  const double most = 20; /* seconds after which no further step begins */
  const double began = vg_now();
  vg_status st = VG_OK;
  *seconds = 0;
  for (int i = 0; i < STEPS && !st; i++) {
    double enough = i && vg_now() - began >= most;
    st = vg_group_sum(t->group, &enough, 1);
    if (st || enough > 0 || t->state.batch >= t->state.batches) break;
    const double start = vg_now();
    st = vg_interrupted() ? vg_fail(VG_INTERRUPTED, "interrupted") : vg_trainer_step(t);
    if (!st && t->device.kind) st = vg_trainer_catch_up(t); /* waits for the GPU */
    if (!i || vg_now() - start < *seconds) *seconds = vg_now() - start;
  }
  vg_progress_end();
  return st == VG_NONFINITE ? VG_OK : st; /* the run itself decides about it */
}

static size_t cached_bytes(const vg_case *cases, size_t n) {
  size_t bytes = 0;
  for (size_t i = 0; i < n; i++) bytes += cases[i].map.len;
  return bytes;
}

vg_status vg_trainer_say_cost(trainer *t) {
  const vg_config *c = &t->o->config;
  const train_state from = t->state;
  vg_status st = vg_trainer_open_loader(t);
  if (st) return st;
  const int64_t epoch_steps = (t->state.batches + t->parts - 1) / t->parts;
  const int epochs = c->train.epochs, every = c->train.validate_every;
  run_cost cost = {.steps = epoch_steps * epochs,
                   .left = epoch_steps * (epochs - from.epoch) - from.batch / t->parts,
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
