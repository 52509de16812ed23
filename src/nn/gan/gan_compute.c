/* gan_compute.c: the losses, gradients and new weights of one optimisation step. */
#include "nn/gan/gan.h"

/* What the two halves of a step share of one micro-batch. */
typedef struct part {
  vg_tensor *input, *target, *weight; /* (N, C, D, H, W), see nn.h */
  vg_tensor *fake;                    /* of the generator */
} part;

/* The fake of micro-batch index. graph: keep what the generator's gradient needs. */
static part prepare(vg_gan *gan, int index, bool graph, bool update_stats) {
  const vg_fed *fed = &gan->fed[index];
  part t = {.input = fed->input, .target = fed->target, .weight = fed->weight};
  vg_pass pass = {.training = true,
                  .update_stats = update_stats,
                  .recompute = gan->objective.recompute,
                  .dropout = gan->spec.dropout,
                  .rand = fed->rand};
  vg_rand_restart(pass.rand);
  bool before = vg_no_grad(!graph);
  t.fake = gan->generator->forward(gan->g, t.input, &pass);
  vg_no_grad(before);
  return t;
}

/* Sum over the scales of an adversarial loss. logits (k N, 1, D, H, W) of each, of which those of n samples
 * from first on are meant. */
static vg_tensor *adversarial_loss(const vg_gan *gan, const vg_verdict *verdict, int64_t first, int64_t n,
                                   bool real, bool for_generator) {
  vg_tensor *sum = NULL;
  for (int k = 0; k < gan->d.n; k++) {
    vg_tensor *logits = verdict[k].logits;
    if (n < vg_size(logits, 0)) logits = vg_narrow(logits, 0, first, n);
    vg_tensor *loss = gan->adversarial->adversarial(logits, real, for_generator);
    sum = sum ? vg_add(sum, loss) : loss;
  }
  return sum;
}

static vg_tensor *nothing(const vg_gan *gan) {
  const int64_t one = 1;
  return vg_zeros(&one, 1, gan->device);
}

bool vg_gan_r1_is_due(const vg_gan *gan) {
  return gan->objective.w_r1 > 0 && gan->step % gan->objective.r1_every == 0;
}

/* Adds share of the gradients of R1, gamma / 2 E |d D / d x|^2 of the real images, each r1_every-th step that
 * many times (lazily, as StyleGAN2), and returns its loss, see vg_gan_losses. Each scale's is of the images
 * that it sees. By ATen's operations, which have second derivatives, and in fp32, for these are small. */
static vg_tensor *r1_backward(vg_gan *gan, const part *t, double share) {
  const vg_gan_objective *o = &gan->objective;
  if (!vg_gan_r1_is_due(gan)) return nothing(gan);
  const vg_pass pass = {.training = true};
  const bool before = vg_tensor_own_kernels(false), bf16 = vg_tensor_bf16(false);
  vg_scope *s = vg_scope_push();
  vg_verdict verdict[VG_SCALES_MAX];
  vg_tensor *sum = NULL;
  vg_pyramid conditions = vg_scales_condition(&gan->d, t->input), images = vg_scales_see(&gan->d, t->target);
  for (int k = 0; k < gan->d.n; k++) images.at[k] = vg_requires_grad(vg_detach(images.at[k]), true);
  vg_scales_judge(&gan->d, &conditions, &images, &pass, verdict);
  for (int k = 0; k < gan->d.n; k++) {
    vg_tensor *steep = vg_sum(vg_square(vg_gradient(verdict[k].logits, images.at[k])));
    steep = vg_scale(steep, o->r1_every / (double)vg_numel(verdict[k].logits), 0);
    sum = sum ? vg_add(sum, steep) : steep;
  }
  vg_backward(vg_scale(sum, 0.5 * o->w_r1 * share, 0));
  sum = vg_scope_pop(s, vg_detach(sum));
  vg_tensor_own_kernels(before);
  vg_tensor_bf16(bf16);
  return sum;
}

/* Adds share of the discriminator's gradients: 0.5 (real + fake), the fake detached, and R1. Returns that of
 * the losses. */
static vg_tensor *discriminator_backward(vg_gan *gan, const part *t, double share) {
  const vg_pass pass = {.training = true, .update_stats = true};
  const int64_t n = vg_size(t->target, 0);
  vg_verdict verdict[VG_SCALES_MAX];
  vg_pyramid conditions = vg_scales_condition(&gan->d, t->input), images;
  vg_tensor *both[2] = {t->target, vg_detach(t->fake)}, *loss[3];
  if (gan->spec.norm == VG_NORM_BATCH) {
    /* pix2pix takes the statistics of real and fake apart */
    for (int i = 0; i < 2; i++) {
      images = vg_scales_see(&gan->d, both[i]);
      vg_scales_judge(&gan->d, &conditions, &images, &pass, verdict);
      loss[i] = adversarial_loss(gan, verdict, 0, n, i == 0, false);
    }
  } else {
    images = vg_scales_see(&gan->d, vg_cat(both, 2, 0));
    vg_scales_judge(&gan->d, &conditions, &images, &pass, verdict);
    for (int i = 0; i < 2; i++) loss[i] = adversarial_loss(gan, verdict, i * n, n, i == 0, false);
  }
  vg_profile_layer("");
  vg_backward(vg_scale(vg_add(loss[0], loss[1]), 0.5 * share, 0));
  loss[2] = r1_backward(gan, t, share);
  return vg_gan_losses_row(loss, share);
}

/* The distance of what the discriminator's layers give of the fake from what they give of the real image. */
static vg_tensor *feature_loss(const vg_gan *gan, const part *t, const vg_pyramid *conditions,
                               const vg_verdict *fake) {
  const vg_pass pass = {.training = true};
  vg_verdict real[VG_SCALES_MAX];
  vg_tensor *sum = NULL;
  bool before = vg_no_grad(true);
  vg_pyramid images = vg_scales_see(&gan->d, t->target);
  vg_scales_judge(&gan->d, conditions, &images, &pass, real);
  vg_no_grad(before);
  for (int k = 0; k < gan->d.n; k++)
    for (int i = 0; i < fake[k].n_features; i++) {
      vg_tensor *distance = vg_l1(fake[k].feature[i], real[k].feature[i], NULL);
      sum = sum ? vg_add(sum, distance) : distance;
    }
  return sum;
}

/* Adds share of the generator's gradients, through the frozen discriminator. Returns that of the losses. */
static vg_tensor *generator_backward(vg_gan *gan, const part *t, double share) {
  const vg_gan_objective *o = &gan->objective;
  vg_tensor *fooled = nothing(gan), *alike = nothing(gan);
  if (gan->d.n) {
    const vg_pass pass = {.training = true, .update_stats = true};
    vg_verdict fake[VG_SCALES_MAX];
    vg_pyramid conditions = vg_scales_condition(&gan->d, t->input), images = vg_scales_see(&gan->d, t->fake);
    vg_scales_judge(&gan->d, &conditions, &images, &pass, fake);
    fooled = adversarial_loss(gan, fake, 0, vg_size(t->fake, 0), true, true);
    if (o->w_feature > 0) alike = feature_loss(gan, t, &conditions, fake);
  }
  vg_profile_layer("");
  vg_tensor *rebuilt = gan->reconstruction->reconstruction(t->fake, t->target, t->weight);
  vg_tensor *sum = vg_add(vg_scale(fooled, o->w_adversarial * share, 0),
                          vg_scale(rebuilt, o->w_reconstruction * share, 0));
  if (o->w_feature > 0) sum = vg_add(sum, vg_scale(alike, o->w_feature * share, 0));
  vg_backward(sum);
  return vg_gan_losses_row((vg_tensor *[]){fooled, rebuilt, alike}, share);
}

/* Of the whole step: sum moves out of scope s, which ends. */
static vg_tensor *add_share(vg_scope *s, vg_tensor *sum, vg_tensor *losses) {
  return vg_scope_pop(s, sum ? vg_add(sum, losses) : losses);
}

/* As pix2pix: the fake; D from (real, fake); then G through the updated D. Without D, G alone. */
vg_status vg_gan_compute(vg_gan *gan, int n_parts, const vg_gan_rates *rates, vg_gan_losses *losses,
                         vg_undo *before, vg_tensor **row) {
  const double share = 1.0 / n_parts;
  const int64_t half = VG_GAN_LOSSES / 2;
  /* One micro-batch keeps the generator's graph for both halves; of several it is made again for the second,
   * from the same dropout stream, so that the memory of one is enough. */
  const bool once = n_parts == 1, deferred = !losses;
  const int64_t now = gan->step + 1;
  part t = {0};
  vg_tensor *d = NULL, *g = NULL, *skip_d = NULL, *skip_g = NULL;
  vg_status st;
  vg_params_zero_grad(&gan->g_params);
  vg_params_zero_grad(&gan->d_params);
  if ((st = vg_undo_keep_statistics(before, &gan->g_params))) return st;
  if ((st = vg_undo_keep_statistics(before, &gan->d_params))) return st;
  if (once) t = prepare(gan, 0, true, true);

  if (!gan->d.n) d = vg_zeros(&half, 1, gan->device);
  for (int p = 0; p < n_parts && gan->d.n; p++) {
    vg_scope *s = vg_scope_push();
    if (!once) t = prepare(gan, p, false, false);
    d = add_share(s, d, discriminator_backward(gan, &t, share));
  }
  if ((st = vg_tensor_check())) return st;
  if (deferred) {
    skip_d = vg_not_finite(d);
  } else {
    if ((st = vg_gan_losses_read(d, 0, losses))) return st;
    if ((st = vg_undo_keep_adam(before, &gan->d_adam))) return st;
  }
  if (gan->d.n) {
    st = vg_adam_update(&gan->d_adam, rates->d, now, skip_d, rates->on_device ? gan->clock_d : NULL);
    if (st) return vg_fail_in(st, "discriminator");
  }
  vg_params_zero_grad(&gan->d_params);

  vg_params_requires_grad(&gan->d_params, false);
  for (int p = 0; p < n_parts; p++) {
    vg_scope *s = vg_scope_push();
    if (!once) t = prepare(gan, p, true, true);
    g = add_share(s, g, generator_backward(gan, &t, share));
  }
  vg_params_requires_grad(&gan->d_params, true);
  if ((st = vg_tensor_check())) return st;
  if (deferred) {
    skip_g = vg_not_finite(vg_add(d, g));
  } else {
    if ((st = vg_gan_losses_read(g, VG_GAN_LOSSES / 2, losses))) return st;
  }
  st = vg_adam_update(&gan->g_adam, rates->g, now, skip_g, rates->on_device ? gan->clock_g : NULL);
  if (st) return vg_fail_in(st, "generator");
  vg_params_zero_grad(&gan->g_params);
  if (deferred) {
    vg_tensor *skipped = vg_add(skip_d, skip_g);
    vg_undo_apply_where(before, skipped);
    *row = vg_gan_losses_deferred(d, g, skipped);
  }
  return vg_tensor_check();
}
