/* gan.c: building a GAN, and one optimisation step of it. */
#include "nn/gan.h"
#include <math.h>
#include <string.h>
#include "voxgan/mem.h"

#define INIT_SD 0.02

/* ---- building ---- */

static bool has_discriminator(const vg_gan_spec *spec) {
  return strcmp(spec->discriminator, "none") != 0;
}

static vg_status check_spec(const vg_gan_spec *spec, bool training) {
  const vg_generator *g = vg_generator_find(spec->generator);
  const vg_discriminator *d = vg_discriminator_find(spec->discriminator);
  vg_status st = VG_OK;
  if (!g)
    return vg_fail(VG_CONFIG, "generator \"%s\" is not known; see voxgan list generators", spec->generator);
  if (vg_norm_find(spec->norm) < 0)
    return vg_fail(VG_CONFIG, "norm \"%s\" is not known: instance, batch or none", spec->norm);
  if (spec->softmax && spec->out_channels < 2)
    return vg_fail(VG_CONFIG, "class fractions want 2 output channels at least: the background and a class");
  if (spec->in_channels < 1 || spec->out_channels < 1)
    return vg_fail(VG_CONFIG, "%d input and %d output channels: at least 1 of each", spec->in_channels,
                   spec->out_channels);
  for (int a = 0; a < 3; a++)
    if (spec->patch[a] < 1 || spec->patch[a] > 4096)
      return vg_fail(VG_CONFIG, "patch %dx%dx%d: each axis is 1 to 4096", spec->patch[0], spec->patch[1],
                     spec->patch[2]);
  if (spec->ngf < 1 || spec->ngf > 1024) return vg_fail(VG_CONFIG, "ngf %d: 1 to 1024", spec->ngf);
  if (!(spec->dropout >= 0 && spec->dropout < 1))
    return vg_fail(VG_CONFIG, "dropout %g: 0 or more, below 1", spec->dropout);
  st = g->check(spec);
  if (st || !training || !has_discriminator(spec)) return st;
  if (!d)
    return vg_fail(VG_CONFIG, "discriminator \"%s\" is not known; see voxgan list discriminators",
                   spec->discriminator);
  if (spec->ndf < 1 || spec->ndf > 1024) return vg_fail(VG_CONFIG, "ndf %d: 1 to 1024", spec->ndf);
  st = d->check(spec);
  if (st) return st;
  int least[3];
  d->min_dim(spec, least);
  for (int a = 0; a < 3; a++)
    if (spec->patch[a] < least[a])
      return vg_fail(VG_CONFIG, "patch %dx%dx%d is too small for d_layers %d, which needs %dx%dx%d",
                     spec->patch[0], spec->patch[1], spec->patch[2], spec->d_layers, least[0], least[1],
                     least[2]);
  return VG_OK;
}

static vg_status check_objective(const vg_gan_spec *spec, const vg_gan_objective *o) {
  const vg_loss *a = vg_loss_find(o->adversarial), *r = vg_loss_find(o->reconstruction);
  if (!a || a->kind != VG_LOSS_ADVERSARIAL)
    return vg_fail(VG_CONFIG, "adversarial loss \"%s\" is not known; see voxgan list losses", o->adversarial);
  if (!r || r->kind != VG_LOSS_RECONSTRUCTION)
    return vg_fail(VG_CONFIG, "reconstruction loss \"%s\" is not known; see voxgan list losses",
                   o->reconstruction);
  if (r->fractions && !spec->softmax)
    return vg_fail(
        VG_CONFIG,
        "reconstruction loss \"%s\" is one of class fractions, and the generator makes images; l1 is "
        "for them",
        r->name);
  if (o->w_adversarial > 0 && !has_discriminator(spec))
    return vg_fail(VG_CONFIG, "an adversarial loss of weight %g wants a discriminator", o->w_adversarial);
  if (!(o->w_adversarial >= 0 && isfinite(o->w_adversarial)) ||
      !(o->w_reconstruction >= 0 && isfinite(o->w_reconstruction)))
    return vg_fail(VG_CONFIG, "loss weights %g and %g: 0 or more", o->w_adversarial, o->w_reconstruction);
  if (!(o->beta1 >= 0 && o->beta1 < 1) || !(o->beta2 >= 0 && o->beta2 < 1))
    return vg_fail(VG_CONFIG, "Adam's betas %g and %g: 0 or more, below 1", o->beta1, o->beta2);
  if (!(o->ema >= 0 && o->ema < 1)) return vg_fail(VG_CONFIG, "ema %g: 0 or more, below 1", o->ema);
  return VG_OK;
}

static vg_status new_gan(const vg_gan_spec *spec, const vg_gan_objective *objective, uint64_t seed,
                         vg_device device, vg_gan **out) {
  *out = NULL;
  vg_gan *gan = NULL;
  vg_status st = check_spec(spec, objective != NULL);
  if (!st && objective) st = check_objective(spec, objective);
  if (st) return st;
  if (!(gan = VG_NEW(vg_gan))) return VG_MEMORY;
  gan->spec = *spec;
  gan->seed = seed;
  gan->device = device;
  gan->generator = vg_generator_find(spec->generator);
  gan->g_params = (vg_params){.prefix = "g.", .seed = seed, .sd = objective ? INIT_SD : 0, .device = device};
  st = VG_MEMORY;
  if (!(gan->g = gan->generator->build(spec, &gan->g_params))) goto out;
  if ((st = gan->g_params.status)) goto out;
  if (!objective) {
    vg_params_requires_grad(&gan->g_params, false);
    goto out;
  }
  gan->objective = *objective;
  if (objective->ema > 0) {
    gan->average_params = (vg_params){.prefix = "g.", .seed = seed, .sd = INIT_SD, .device = device};
    st = VG_MEMORY;
    if (!(gan->average = gan->generator->build(spec, &gan->average_params))) goto out;
    if ((st = gan->average_params.status)) goto out;
    vg_params_requires_grad(&gan->average_params, false);
  }
  gan->adversarial = vg_loss_find(objective->adversarial);
  gan->reconstruction = vg_loss_find(objective->reconstruction);
  st = vg_adam_init(&gan->g_adam, &gan->g_params, objective->beta1, objective->beta2);
  if (st || !has_discriminator(spec)) goto out;
  gan->discriminator = vg_discriminator_find(spec->discriminator);
  gan->d_params = (vg_params){
      .prefix = "d.", .seed = seed, .sd = INIT_SD, .spectral = objective->d_spectral, .device = device};
  st = VG_MEMORY;
  if (!(gan->d = gan->discriminator->build(spec, &gan->d_params))) goto out;
  if (!(st = gan->d_params.status))
    st = vg_adam_init(&gan->d_adam, &gan->d_params, objective->beta1, objective->beta2);
out:
  if (st) {
    vg_gan_free(gan);
    return st;
  }
  *out = gan;
  return VG_OK;
}

vg_status vg_gan_new(const vg_gan_spec *spec, const vg_gan_objective *objective, uint64_t seed,
                     vg_device device, vg_gan **out) {
  return new_gan(spec, objective, seed, device, out);
}

vg_status vg_gan_new_generator(const vg_gan_spec *spec, vg_device device, vg_gan **out) {
  return new_gan(spec, NULL, 0, device, out);
}

static void drop_pending(vg_gan *gan) {
  for (int i = 0; i < gan->n_pending; i++) vg_release(gan->pending[i]);
  gan->n_pending = 0;
}

void vg_gan_free(vg_gan *gan) {
  if (!gan) return;
  vg_adam_release(&gan->g_adam);
  vg_adam_release(&gan->d_adam);
  vg_params_release(&gan->g_params);
  vg_params_release(&gan->d_params);
  vg_params_release(&gan->average_params);
  drop_pending(gan);
  vg_free(gan->pending);
  vg_free(gan->g);
  vg_free(gan->average);
  vg_free(gan->d);
  vg_free(gan);
}

const vg_gan_spec *vg_gan_get_spec(const vg_gan *gan) {
  return &gan->spec;
}
int64_t vg_gan_get_step(const vg_gan *gan) {
  return gan->step;
}
void vg_gan_set_step(vg_gan *gan, int64_t step) {
  gan->step = step;
}

size_t vg_gan_parameters(const vg_gan *gan, bool discriminator) {
  const vg_params *p = discriminator ? &gan->d_params : &gan->g_params;
  size_t n = 0;
  for (int i = 0; i < p->n; i++)
    if (p->list[i].trained) n += (size_t)vg_numel(p->list[i].value);
  return n;
}

/* ---- one step ---- */

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

static vg_tensor *upload(const vg_gan *gan, const vg_gan_batch *b, const float *data, int channels) {
  const int64_t shape[5] = {b->n, channels, b->dim[0], b->dim[1], b->dim[2]};
  return data ? vg_tensor_from(data, shape, 5, gan->device) : NULL;
}

/* Uploads micro-batch index and generates its fake. graph: keep what the generator's gradient needs. */
static part prepare(vg_gan *gan, const vg_gan_batch *b, int index, bool graph, bool update_stats) {
  part t = {.input = upload(gan, b, b->input, gan->spec.in_channels),
            .target = upload(gan, b, b->target, gan->spec.out_channels),
            .weight = upload(gan, b, b->weight, 1)};
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
  drop_pending(gan);
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

/* ---- generating ---- */

void vg_gan_min_dim(const vg_gan *gan, int dim[3]) {
  gan->generator->min_dim(&gan->spec, dim);
}

vg_status vg_gan_check_dim(const vg_gan *gan, const int dim[3], bool training) {
  int least[3], d[3] = {1, 1, 1};
  bool fits = true;
  gan->generator->min_dim(&gan->spec, least);
  if (training && gan->d) gan->discriminator->min_dim(&gan->spec, d);
  for (int a = 0; a < 3; a++) {
    if (d[a] > least[a]) least[a] = d[a];
    fits = fits && dim[a] >= least[a];
  }
  if (fits) return VG_OK;
  return vg_fail(VG_CONFIG, "a grid of %dx%dx%d is too small for the network, which needs %dx%dx%d", dim[0],
                 dim[1], dim[2], least[0], least[1], least[2]);
}

vg_status vg_gan_generate(vg_gan *gan, const float *input, int n, const int dim[3], float *out) {
  vg_status st = vg_gan_check_dim(gan, dim, false);
  if (st) return st;
  const vg_pass pass = {0};
  const vg_gan_batch b = {.n = n, .dim = {dim[0], dim[1], dim[2]}};
  bool before = vg_no_grad(true);
  vg_scope *s = vg_scope_push();
  const void *net = gan->average ? gan->average : gan->g;
  vg_tensor *y = gan->generator->forward(net, upload(gan, &b, input, gan->spec.in_channels), &pass);
  st = vg_tensor_check();
  if (!st) st = vg_tensor_copy_out(y, out, (size_t)vg_numel(y));
  vg_scope_pop(s, NULL);
  vg_no_grad(before);
  return st;
}

size_t vg_gan_generate_bytes(const vg_gan_spec *spec, const int dim[3]) {
  const vg_generator *g = vg_generator_find(spec->generator);
  return g ? (size_t)(g->floats(spec, dim, false) * sizeof(float)) : 0;
}

size_t vg_gan_step_bytes(const vg_gan_spec *spec, int n, const int dim[3]) {
  const vg_generator *g = vg_generator_find(spec->generator);
  const vg_discriminator *d = vg_discriminator_find(spec->discriminator);
  if (!g) return 0;
  double inputs = vg_voxels(dim) * (spec->in_channels + spec->out_channels + 1);
  double judged = d ? d->floats(spec, dim) : 0;
  return (size_t)((g->floats(spec, dim, true) + judged + inputs) * n * sizeof(float));
}
