/* gan_step.c: one optimisation step of a GAN. */
#include <math.h>
#include "nn/gan/gan.h"
#include "base/mem.h"

/* A seed of its own for each step and micro-batch: with (seed, step) known a resumed run draws the same. */
static uint64_t dropout_seed(const vg_gan *gan, int index) {
  vg_rng r = vg_rng_init(gan->seed, vg_rng_key("dropout", (uint64_t)gan->step, (uint64_t)index));
  return vg_rng_u64(&r);
}

vg_status vg_gan_average(vg_gan *gan, double share) {
  for (int i = 0; i < gan->average_params.n; i++) {
    const vg_param *from = &gan->g_params.list[i];
    vg_tensor_lerp(gan->average_params.list[i].value, from->value, from->trained ? share : 1);
  }
  return vg_tensor_check();
}

static vg_status check_batches(const vg_gan *gan, const vg_gan_batch *batches, int n_batches, double lr_g,
                               double lr_d) {
  if (!gan->reconstruction) return vg_fail(VG_FAILED, "a generator made for synthesis cannot be trained");
  if (n_batches < !gan->group) return vg_fail(VG_FAILED, "a step needs a batch");
  if (!(lr_g >= 0 && isfinite(lr_g)) || !(lr_d >= 0 && isfinite(lr_d)))
    return vg_fail(VG_CONFIG, "learning rates %g and %g: finite, 0 or more", lr_g, lr_d);
  for (int p = 0; p < n_batches; p++) {
    if (batches[p].n < 1 || !batches[p].input || !batches[p].target)
      return vg_fail(VG_FAILED, "batch %d is empty", p);
    if (gan->local.n && !batches[p].crop)
      return vg_fail(VG_FAILED, "batch %d does not say where its tumours are", p);
    vg_status st = vg_gan_check_dim(gan, batches[p].dim, true);
    if (st) return st;
  }
  return VG_OK;
}

/* After the step that is being taken. */
static double average_share(const vg_gan *gan) {
  const double t = (double)gan->step + 1;
  return 1 - fmin(gan->objective.ema, (1 + t) / (10 + t));
}

/* Computes a step, and puts everything back as it was where that fails. */
static vg_status compute_or_undo(vg_gan *gan, int n_batches, const vg_gan_rates *rates,
                                 vg_gan_losses *losses) {
  vg_undo before = {0};
  vg_tensor *row;
  vg_scope *s = vg_scope_push();
  vg_status st = vg_gan_compute(gan, n_batches, rates, losses, &before, &row);
  if (!st && !losses) st = vg_gan_losses_defer(gan, row);
  if (st) {
    char *why = vg_strdup(vg_error());
    vg_status undone = vg_undo_apply(&before);
    if (undone) st = vg_fail_in(undone, "undoing a failed step (%s)", why ? why : "");
    vg_free(why);
  }
  vg_undo_release(&before);
  vg_scope_pop(s, NULL);
  return st;
}

vg_status vg_gan_step(vg_gan *gan, const vg_gan_batch *batches, int n_batches, double lr_g, double lr_d,
                      vg_gan_losses *losses) {
  return vg_gan_step_of(gan, batches, n_batches, n_batches, lr_g, lr_d, losses);
}

vg_status vg_gan_step_of(vg_gan *gan, const vg_gan_batch *batches, int n_batches, int n_all, double lr_g,
                         double lr_d, vg_gan_losses *losses) {
  if (losses) *losses = (vg_gan_losses){0};
  gan->all_batches = n_all;
  vg_status st = check_batches(gan, batches, n_batches, lr_g, lr_d);
  if (!st) st = vg_gan_feed(gan, batches, n_batches);
  for (int p = 0; p < n_batches && !st; p++)
    vg_rand_seed(gan->fed[p].rand, dropout_seed(gan, vg_gan_batch_number(gan, p)));
  if (st) return st;

  const bool bf16 = vg_tensor_bf16(gan->objective.precision == VG_PRECISION_BF16),
             autotune = vg_tensor_autotune(true);
  const vg_gan_rates rates = {lr_g, lr_d, false};
  bool done = false;
  if (!losses) st = vg_gan_replay(gan, n_batches, &rates, &done);
  if (!st && !done) st = compute_or_undo(gan, n_batches, &rates, losses);
  if (!st) st = vg_gan_share_statistics(gan);
  if (!st) st = vg_gan_average(gan, average_share(gan));
  if (!st) gan->step++;
  vg_group_norms(NULL, 1);
  vg_tensor_bf16(bf16);
  vg_tensor_autotune(autotune);
  return st;
}
