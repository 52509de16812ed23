/* gan_compute.c: the losses, gradients and new weights of one optimisation step. */
#include "nn/gan/gan.h"
#include "nn/term/terms.h"

/* One micro-batch, for both halves of a step. */
typedef struct micro_batch {
  vg_tensor *input, *target, *weight; /* (N, C, D, H, W), see nn.h */
  vg_tensor *crop, *picks;            /* see vg_fed */
  vg_tensor *fake;                    /* of the generator */
  vg_tensor *divergence;              /* of its style's code, or NULL */
} micro_batch;

/* Generates the fake of a micro-batch. graph: keep the activations for the generator's gradient. */
static micro_batch prepare(vg_gan *gan, const vg_fed *fed, bool graph, bool update_stats) {
  micro_batch t = {.input = fed->input,
                   .target = fed->target,
                   .weight = fed->weight,
                   .crop = fed->crop,
                   .picks = fed->picks};
  vg_pass pass = {.training = true,
                  .update_stats = update_stats,
                  .recompute = gan->objective.recompute,
                  .dropout = gan->spec.dropout,
                  .rand = fed->rand,
                  .ids = fed->ids,
                  .noise = gan->spec.noise,
                  .target = gan->spec.style ? fed->target : NULL,
                  .divergence = &t.divergence};
  vg_rand_restart(pass.rand);
  bool before = vg_no_grad(!graph);
  t.fake = gan->generator->forward(gan->g, t.input, &pass);
  vg_no_grad(before);
  return t;
}

static vg_tensor *nothing(const vg_gan *gan) {
  const int64_t one = 1;
  return vg_zeros(&one, 1, gan->device);
}

bool vg_gan_r1_is_due(const vg_gan *gan) {
  return vg_term_r1_is_due(&gan->objective, gan->step);
}

/* The terms in the order of vg_gan_losses: the discriminator's, then the generator's. */
static const vg_term *const terms[VG_GAN_LOSSES] = {
#define VG_LOSS_TERM(half, name, help) &vg_term_##half##_##name,
#include "registry/losses.def"
};
static const vg_term *const *const d_terms = terms, *const *const g_terms = terms + VG_GAN_D_LOSSES;
enum { D_TERMS = VG_GAN_D_LOSSES, G_TERMS = VG_GAN_LOSSES - VG_GAN_D_LOSSES };

/* What a discriminator sees of a micro-batch: the whole, or the boxes about tumours. */
typedef struct view {
  vg_term_input in;
  vg_pyramid conditions;
  vg_verdict verdict[2][VG_SCALES_MAX];
} view;
typedef struct views {
  view whole, local;
} views;

/* NULL: this GAN does not have the view. */
static const vg_term_input *seen_by(const vg_term *term, const views *v) {
  const view *seen = term->local ? &v->local : &v->whole;
  return seen->in.d ? &seen->in : NULL;
}

/* The sum of the n terms, with their weights; loss[i] gets each without. Skips terms of second order. */
static vg_tensor *weighted_sum(const vg_term *const *term, int n, const views *v, double share,
                               vg_tensor **loss) {
  vg_tensor *sum = NULL;
  for (int i = 0; i < n; i++) {
    const vg_term_input *in = seen_by(term[i], v);
    if (term[i]->second_order || !in) continue;
    loss[i] = term[i]->loss(in);
    if (!loss[i]) continue;
    vg_tensor *weighted = vg_scale(loss[i], term[i]->weight(in->objective) * share, 0);
    sum = sum ? vg_add(sum, weighted) : weighted;
  }
  return sum;
}

/* Adds share of the gradients of a term of second order; returns its loss, or NULL. */
static vg_tensor *second_order_backward(const vg_term *term, const vg_term_input *in, double share) {
  const bool before = vg_tensor_own_kernels(false), bf16 = vg_tensor_bf16(false);
  vg_scope *s = vg_scope_push();
  vg_tensor *loss = term->loss(in);
  if (loss) vg_backward(vg_scale(loss, term->weight(in->objective) * share, 0));
  loss = vg_scope_pop(s, loss ? vg_detach(loss) : NULL);
  vg_tensor_own_kernels(before);
  vg_tensor_bf16(bf16);
  return loss;
}

/* share of the n losses as a row; a term that the step does not have counts as 0. */
static vg_tensor *row_of(const vg_gan *gan, vg_tensor **loss, int n, double share) {
  for (int i = 0; i < n; i++)
    if (!loss[i]) loss[i] = nothing(gan);
  return vg_gan_losses_row(loss, n, share);
}

/* made: the generator's, detached in the discriminator's half. */
static views look(const vg_gan *gan, const micro_batch *t, vg_tensor *made) {
  views v = {0};
  vg_term_input *in = &v.whole.in;
  *in = (vg_term_input){.spec = &gan->spec,
                        .objective = &gan->objective,
                        .step = gan->step,
                        .d = &gan->d,
                        .adversarial = gan->adversarial,
                        .reconstruction = gan->reconstruction,
                        .input = t->input,
                        .target = t->target,
                        .weight = t->weight,
                        .divergence = t->divergence,
                        .made = made,
                        .picks = t->picks};
  if (!t->crop) return v;
  vg_term_input *local = &v.local.in;
  *local = *in;
  local->d = &gan->local;
  local->input = vg_crop3d(in->input, t->crop, gan->box);
  local->target = vg_crop3d(in->target, t->crop, gan->box);
  local->made = vg_crop3d(made, t->crop, gan->box);
  local->weight = local->picks = NULL;
  local->present = vg_narrow(t->crop, 1, VG_GAN_CROP_NUMBERS - 1, 1);
  return v;
}

/* Real and synthetic images, for the discriminator's half. */
static void judge_both(view *v, vg_net_norm norm) {
  const vg_pass pass = {.training = true, .update_stats = true};
  vg_term_input *in = &v->in;
  const int64_t n = vg_size(in->target, 0);
  vg_tensor *both[2] = {in->target, in->made};
  vg_pyramid images;
  v->conditions = vg_scales_condition(in->d, in->input);
  in->conditions = &v->conditions;
  if (norm == VG_NORM_BATCH) {
    /* Real and synthetic images have statistics of their own, as in pix2pix. */
    for (int i = 0; i < 2; i++) {
      images = vg_scales_see(in->d, both[i]);
      vg_scales_judge(in->d, &v->conditions, &images, &pass, v->verdict[i]);
    }
    in->real = (vg_judged){v->verdict[0], 0, n};
    in->fake = (vg_judged){v->verdict[1], 0, n};
  } else {
    images = vg_scales_see(in->d, vg_cat(both, 2, 0));
    vg_scales_judge(in->d, &v->conditions, &images, &pass, v->verdict[0]);
    in->real = (vg_judged){v->verdict[0], 0, n};
    in->fake = (vg_judged){v->verdict[0], n, n};
  }
}

/* Made images, for the generator's half. */
static void judge_made(view *v) {
  const vg_pass pass = {.training = true, .update_stats = true};
  vg_term_input *in = &v->in;
  v->conditions = vg_scales_condition(in->d, in->input);
  in->conditions = &v->conditions;
  vg_pyramid images = vg_scales_see(in->d, in->made);
  vg_scales_judge(in->d, &v->conditions, &images, &pass, v->verdict[0]);
  in->fake = (vg_judged){v->verdict[0], 0, vg_size(in->made, 0)};
}

/* Adds share of the discriminators' gradients. Returns share of their losses. */
static vg_tensor *discriminator_backward(vg_gan *gan, const micro_batch *t, double share) {
  vg_tensor *loss[D_TERMS] = {NULL};
  views v = look(gan, t, vg_detach(t->fake));
  judge_both(&v.whole, gan->spec.norm);
  if (v.local.in.d) judge_both(&v.local, gan->spec.norm);
  vg_profile_layer("");
  vg_backward(weighted_sum(d_terms, D_TERMS, &v, share, loss));
  v.whole.in.conditions = v.local.in.conditions = NULL;
  for (int i = 0; i < D_TERMS; i++) {
    const vg_term_input *in = seen_by(d_terms[i], &v);
    if (d_terms[i]->second_order && in) loss[i] = second_order_backward(d_terms[i], in, share);
  }
  return row_of(gan, loss, D_TERMS, share);
}

/* Adds share of the generator's gradients, through the frozen discriminators. Returns share of its losses. */
static vg_tensor *generator_backward(vg_gan *gan, const micro_batch *t, double share) {
  vg_tensor *loss[G_TERMS] = {NULL};
  views v = look(gan, t, t->fake);
  if (gan->d.n) judge_made(&v.whole);
  if (v.local.in.d) judge_made(&v.local);
  vg_profile_layer("");
  vg_backward(weighted_sum(g_terms, G_TERMS, &v, share, loss));
  return row_of(gan, loss, G_TERMS, share);
}

/* Micro-batch p of this process's n; those from n on are idle. Sets what it counts in batch norms and, share,
 * in losses. */
static const vg_fed *begin_batch(vg_gan *gan, int p, int n, double *share) {
  *share = p < n ? 1.0 / gan->all_batches : 0;
  vg_group_norms(gan->spec.norm == VG_NORM_BATCH ? gan->group : NULL, p < n);
  return p < n ? &gan->fed[p] : &gan->idle;
}

/* Adds a micro-batch's losses to the sum of the step. Ends scope s; the result lives in the one outside. */
static vg_tensor *add_share(vg_scope *s, vg_tensor *sum, vg_tensor *losses) {
  return vg_scope_pop(s, sum ? vg_add(sum, losses) : losses);
}

/* As in pix2pix: compute the fake, update D on real and fake, then update G through the new D. Without a
 * discriminator only G is updated. */
vg_status vg_gan_compute(vg_gan *gan, int n_batches, const vg_gan_rates *rates, vg_gan_losses *losses,
                         vg_undo *before, vg_tensor **row) {
  const int rounds = vg_gan_rounds(gan, n_batches);
  const int64_t d_losses = D_TERMS, g_losses = G_TERMS;
  /* A single micro-batch keeps the generator's graph for both halves. With several, the second half computes
   * it again from the same dropout stream, so that memory for one is enough. */
  const bool once = rounds == 1, deferred = !losses;
  const int64_t now = gan->step + 1;
  const vg_fed *fed;
  double share;
  micro_batch t = {0};
  vg_tensor *d = NULL, *g = NULL, *skip_d = NULL, *skip_g = NULL;
  vg_status st;
  vg_params_zero_grad(&gan->g_params);
  vg_params_zero_grad(&gan->d_params);
  if ((st = vg_undo_keep_statistics(before, &gan->g_params))) return st;
  if ((st = vg_undo_keep_statistics(before, &gan->d_params))) return st;
  if (once) t = prepare(gan, begin_batch(gan, 0, n_batches, &share), true, true);

  if (!gan->d.n || !rounds) d = vg_zeros(&d_losses, 1, gan->device);
  for (int p = 0; p < rounds && gan->d.n; p++) {
    vg_scope *s = vg_scope_push();
    fed = begin_batch(gan, p, n_batches, &share);
    if (!once) t = prepare(gan, fed, false, false);
    /* a penalty has a backward pass of its own */
    if (p == rounds - 1 && !vg_gan_r1_is_due(gan)) vg_gan_sum_soon(gan, &gan->d_adam);
    d = add_share(s, d, discriminator_backward(gan, &t, share));
  }
  if ((st = vg_tensor_check())) return st;
  if (gan->d.n && (st = vg_gan_sum(gan, &gan->d_adam, d))) return st;
  if (deferred) {
    skip_d = vg_not_finite(d);
  } else {
    if ((st = vg_gan_losses_read(d, 0, D_TERMS, losses))) return st;
    if ((st = vg_undo_keep_adam(before, &gan->d_adam))) return st;
  }
  if (gan->d.n) {
    st = vg_adam_update(&gan->d_adam, rates->d, now, skip_d, rates->on_device ? gan->clock_d : NULL);
    if (st) return vg_fail_in(st, "discriminator");
  }
  vg_params_zero_grad(&gan->d_params);

  vg_params_requires_grad(&gan->d_params, false);
  if (!rounds) g = vg_zeros(&g_losses, 1, gan->device);
  for (int p = 0; p < rounds; p++) {
    vg_scope *s = vg_scope_push();
    fed = begin_batch(gan, p, n_batches, &share);
    if (!once) t = prepare(gan, fed, true, true);
    if (p == rounds - 1) vg_gan_sum_soon(gan, &gan->g_adam);
    g = add_share(s, g, generator_backward(gan, &t, share));
  }
  vg_params_requires_grad(&gan->d_params, true);
  if ((st = vg_tensor_check())) return st;
  if ((st = vg_gan_sum(gan, &gan->g_adam, g))) return st;
  if (deferred) {
    skip_g = vg_not_finite(vg_cat((vg_tensor *[]){d, g}, 2, 0));
  } else {
    if ((st = vg_gan_losses_read(g, D_TERMS, G_TERMS, losses))) return st;
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
