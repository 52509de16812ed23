/* gan_step.c: one optimisation step of a GAN. */
#include <math.h>
#include "nn/gan.h"
#include "voxgan/mem.h"

/* What the two halves of a step share of one micro-batch. */
typedef struct part {
  vg_tensor *input, *target, *weight; /* (N, C, D, H, W), see nn.h */
  vg_tensor *fake;                    /* of the generator */
} part;

/* A stream of its own for each step and micro-batch: with (seed, step) known a resumed run draws the same. */
static vg_rand *dropout_stream(const vg_gan *gan, int index) {
  vg_rng r = vg_rng_init(gan->seed, vg_rng_key("dropout", (uint64_t)gan->step, (uint64_t)index));
  return vg_rand_new(vg_rng_u64(&r), gan->device);
}

/* Uploads micro-batch index and generates its fake. graph: keep what the generator's gradient needs. */
static part prepare(vg_gan *gan, const vg_gan_batch *b, int index, bool graph, bool update_stats) {
  part t = {.input = vg_gan_upload(gan, b, b->input, gan->spec.in_channels),
            .target = vg_gan_upload(gan, b, b->target, gan->spec.out_channels),
            .weight = vg_gan_upload(gan, b, b->weight, 1)};
  vg_pass pass = {.training = true, .update_stats = update_stats, .dropout = gan->spec.dropout};
  if (pass.dropout > 0) pass.rand = dropout_stream(gan, index);
  bool before = vg_no_grad(!graph);
  t.fake = gan->generator->forward(gan->g, t.input, &pass);
  vg_no_grad(before);
  vg_rand_free(pass.rand);
  return t;
}

/* (2): share of either loss. */
static vg_tensor *pair(vg_tensor *a, vg_tensor *b, double share) {
  const int64_t one = 1;
  vg_tensor *both[2] = {vg_reshape(vg_detach(a), &one, 1), vg_reshape(vg_detach(b), &one, 1)};
  return vg_scale(vg_cat(both, 2, 0), share, 0);
}

/* Adds share of the discriminator's gradients: 0.5 (real + fake), the fake detached. Returns that of the
 * losses. */
static vg_tensor *discriminator_backward(vg_gan *gan, const part *t, double share) {
  const vg_pass pass = {.training = true, .update_stats = true};
  vg_tensor *conditions = gan->discriminator->condition(gan->d, t->input);
  vg_tensor *images[2] = {t->target, vg_detach(t->fake)}, *logits[2];
  if (vg_norm_find(gan->spec.norm) == VG_NORM_BATCH) {
    /* pix2pix takes the statistics of real and fake apart */
    for (int i = 0; i < 2; i++) logits[i] = gan->discriminator->judge(gan->d, conditions, images[i], &pass);
  } else {
    vg_tensor *both = gan->discriminator->judge(gan->d, conditions, vg_cat(images, 2, 0), &pass);
    int64_t n = vg_size(t->target, 0);
    for (int i = 0; i < 2; i++) logits[i] = vg_narrow(both, 0, i * n, n);
  }
  vg_tensor *real = gan->adversarial->adversarial(logits[0], true, false);
  vg_tensor *fake = gan->adversarial->adversarial(logits[1], false, false);
  vg_backward(vg_scale(vg_add(real, fake), 0.5 * share, 0));
  return pair(real, fake, share);
}

/* The generator's adversarial loss, through the frozen discriminator; 0 where there is none. */
static vg_tensor *fooled_loss(const vg_gan *gan, const part *t) {
  const int64_t one = 1;
  const vg_pass pass = {.training = true, .update_stats = true};
  if (!gan->d) return vg_zeros(&one, 1, gan->device);
  vg_tensor *conditions = gan->discriminator->condition(gan->d, t->input);
  vg_tensor *logits = gan->discriminator->judge(gan->d, conditions, t->fake, &pass);
  return gan->adversarial->adversarial(logits, true, true);
}

/* Adds share of the generator's gradients. Returns that of the losses. */
static vg_tensor *generator_backward(vg_gan *gan, const part *t, double share) {
  const vg_gan_objective *o = &gan->objective;
  vg_tensor *fooled = fooled_loss(gan, t);
  vg_tensor *rebuilt = gan->reconstruction->reconstruction(t->fake, t->target, t->weight);
  vg_backward(vg_add(vg_scale(fooled, o->w_adversarial * share, 0),
                     vg_scale(rebuilt, o->w_reconstruction * share, 0)));
  return pair(fooled, rebuilt, share);
}

/* Of the whole step: sum moves out of scope s, which ends. */
static vg_tensor *add_share(vg_scope *s, vg_tensor *sum, vg_tensor *losses) {
  return vg_scope_pop(s, sum ? vg_add(sum, losses) : losses);
}

/* Waits for the device. */
static vg_status read_losses(vg_tensor *both, double *a, double *b) {
  float v[2];
  vg_status st = vg_tensor_copy_out(both, v, 2);
  if (st) return st;
  *a = v[0];
  *b = v[1];
  return VG_OK;
}

/* What a deferred step leaves behind. */
static vg_status defer_losses(vg_gan *gan, vg_tensor *d, vg_tensor *g, vg_tensor *skipped) {
  const int64_t one = 1;
  if (gan->n_pending == gan->cap_pending) {
    int cap = gan->cap_pending ? 2 * gan->cap_pending : 64;
    vg_tensor **list = vg_realloc(gan->pending, (size_t)cap, sizeof *list);
    if (!list) return VG_MEMORY;
    gan->pending = list;
    gan->cap_pending = cap;
  }
  vg_tensor *row = vg_cat((vg_tensor *[]){d, g, vg_reshape(skipped, &one, 1)}, 3, 0);
  if (row) gan->pending[gan->n_pending++] = vg_retain(row);
  return vg_tensor_check();
}

void vg_gan_drop_pending(vg_gan *gan) {
  for (int i = 0; i < gan->n_pending; i++) vg_release(gan->pending[i]);
  gan->n_pending = 0;
}

vg_status vg_gan_losses_take(vg_gan *gan, vg_gan_losses *sum, int64_t *steps, int64_t *skipped) {
  *steps = *skipped = 0;
  if (!gan->n_pending) return VG_OK;
  size_t n = (size_t)gan->n_pending;
  float *v = vg_malloc(5 * n, sizeof *v);
  if (!v) return VG_MEMORY;
  vg_scope *s = vg_scope_push();
  vg_status st = vg_tensor_copy_out(vg_cat(gan->pending, gan->n_pending, 0), v, 5 * n);
  vg_scope_pop(s, NULL);
  for (size_t i = 0; i < n && !st; i++) {
    const float *row = v + 5 * i;
    const bool good = row[4] == 0;
    *steps += good;
    *skipped += !good;
    if (good) vg_gan_losses_add(sum, &(vg_gan_losses){row[0], row[1], row[2], row[3]});
  }
  vg_gan_drop_pending(gan);
  vg_free(v);
  return st;
}

void vg_gan_losses_add(vg_gan_losses *sum, const vg_gan_losses *l) {
  sum->d_real += l->d_real;
  sum->d_fake += l->d_fake;
  sum->g_adversarial += l->g_adversarial;
  sum->g_reconstruction += l->g_reconstruction;
}

vg_status vg_gan_average(vg_gan *gan, double share) {
  for (int i = 0; i < gan->average_params.n; i++) {
    const vg_param *from = &gan->g_params.list[i];
    vg_tensor_lerp(gan->average_params.list[i].value, from->value, from->trained ? share : 1);
  }
  return vg_tensor_check();
}

static vg_status check_parts(const vg_gan *gan, const vg_gan_batch *parts, int n_parts, double lr_g,
                             double lr_d) {
  if (!gan->reconstruction) return vg_fail(VG_FAILED, "a generator made for synthesis cannot be trained");
  if (n_parts < 1) return vg_fail(VG_FAILED, "a step needs a batch");
  if (!(lr_g >= 0 && isfinite(lr_g)) || !(lr_d >= 0 && isfinite(lr_d)))
    return vg_fail(VG_CONFIG, "learning rates %g and %g: finite, 0 or more", lr_g, lr_d);
  for (int p = 0; p < n_parts; p++) {
    if (parts[p].n < 1 || !parts[p].input || !parts[p].target)
      return vg_fail(VG_FAILED, "batch %d is empty", p);
    vg_status st = vg_gan_check_dim(gan, parts[p].dim, true);
    if (st) return st;
  }
  return VG_OK;
}

static vg_status check_losses(const vg_gan_losses *l) {
  const struct {
    const char *name;
    double value;
  } losses[] = {{"d_real", l->d_real},
                {"d_fake", l->d_fake},
                {"g_adversarial", l->g_adversarial},
                {"g_reconstruction", l->g_reconstruction}};
  for (int i = 0; i < 4; i++)
    if (!isfinite(losses[i].value))
      return vg_fail(VG_NONFINITE, "the loss %s is not finite (%g)", losses[i].name,
                     isnan(losses[i].value) ? (double)NAN : losses[i].value);
  return VG_OK;
}

/* After the step that is being taken. */
static double average_share(const vg_gan *gan) {
  const double t = (double)gan->step + 1;
  return 1 - fmin(gan->objective.ema, (1 + t) / (10 + t));
}

/* As pix2pix: the fake; D from (real, fake); then G through the updated D. Without D, G alone. */
vg_status vg_gan_step(vg_gan *gan, const vg_gan_batch *parts, int n_parts, double lr_g, double lr_d,
                      vg_gan_losses *losses) {
  if (losses) *losses = (vg_gan_losses){0};
  vg_status st = check_parts(gan, parts, n_parts, lr_g, lr_d);
  if (st) return st;

  const double share = 1.0 / n_parts;
  const int64_t two = 2;
  /* One micro-batch keeps the generator's graph for both halves; of several it is made again for the second,
   * from the same dropout stream, so that the memory of one is enough. */
  const bool once = n_parts == 1;
  const bool deferred = !losses;
  part t = {0};
  vg_undo before = {0};
  vg_tensor *d = NULL, *g = NULL, *skip_d = NULL, *skip_g = NULL;

  vg_scope *whole = vg_scope_push();
  vg_params_zero_grad(&gan->g_params);
  vg_params_zero_grad(&gan->d_params);
  if ((st = vg_undo_keep_statistics(&before, &gan->g_params))) goto out;
  if ((st = vg_undo_keep_statistics(&before, &gan->d_params))) goto out;
  if (once) t = prepare(gan, &parts[0], 0, true, true);

  if (!gan->d) d = vg_zeros(&two, 1, gan->device);
  for (int p = 0; p < n_parts && gan->d; p++) {
    vg_scope *s = vg_scope_push();
    if (!once) t = prepare(gan, &parts[p], p, false, false);
    d = add_share(s, d, discriminator_backward(gan, &t, share));
  }
  if ((st = vg_tensor_check())) goto out;
  if (deferred) {
    skip_d = vg_not_finite(d);
  } else {
    if ((st = read_losses(d, &losses->d_real, &losses->d_fake)) || (st = check_losses(losses))) goto out;
    if ((st = vg_undo_keep_adam(&before, &gan->d_adam))) goto out;
  }
  if (gan->d && (st = vg_fail_in(vg_adam_update(&gan->d_adam, lr_d, gan->step + 1, skip_d), "discriminator")))
    goto out;
  vg_params_zero_grad(&gan->d_params);

  vg_params_requires_grad(&gan->d_params, false);
  for (int p = 0; p < n_parts; p++) {
    vg_scope *s = vg_scope_push();
    if (!once) t = prepare(gan, &parts[p], p, true, true);
    g = add_share(s, g, generator_backward(gan, &t, share));
  }
  vg_params_requires_grad(&gan->d_params, true);
  if ((st = vg_tensor_check())) goto out;
  if (deferred) {
    skip_g = vg_not_finite(vg_add(d, g));
  } else {
    st = read_losses(g, &losses->g_adversarial, &losses->g_reconstruction);
    if (st || (st = check_losses(losses))) goto out;
  }
  if ((st = vg_fail_in(vg_adam_update(&gan->g_adam, lr_g, gan->step + 1, skip_g), "generator"))) goto out;
  vg_params_zero_grad(&gan->g_params);
  if (deferred) {
    vg_tensor *skipped = vg_add(skip_d, skip_g);
    vg_undo_apply_where(&before, skipped);
    if ((st = defer_losses(gan, d, g, skipped))) goto out;
  }
  if ((st = vg_gan_average(gan, average_share(gan)))) goto out;
  gan->step++;

out:
  if (st) {
    char *why = vg_strdup(vg_error());
    vg_status undone = vg_undo_apply(&before);
    if (undone) st = vg_fail_in(undone, "undoing a failed step (%s)", why ? why : "");
    vg_free(why);
  }
  vg_undo_release(&before);
  vg_scope_pop(whole, NULL);
  return st;
}
