/* gan.c: building a GAN, and generating with it. */
#include "nn/layer/listing_make.h"
#include "nn/gan/gan.h"
#include <string.h>
#include "base/mem.h"

#define INIT_SD 0.02

/* ---- building ---- */

static vg_status check_draws(const vg_gan_spec *spec, const vg_generator *g) {
  const bool noise = spec->noise && !g->noise;
  if (!noise && (!spec->style || g->encode)) return VG_OK;
  vg_str takers = VG_STR_INIT;
  vg_generators_that_draw(!noise, &takers);
  vg_status st = vg_fail(VG_CONFIG, "net.%s needs a generator that takes it (%s), not %s",
                         noise ? "noise" : "style", vg_str_text(&takers), spec->generator);
  vg_str_release(&takers);
  return st;
}

/* An image that is the mean of three would have lost its noise and its edges. */
static vg_status check_views(const vg_gan_spec *spec) {
  const int *p = spec->patch;
  if (spec->views == VG_VIEWS_ONE) return VG_OK;
  if (!spec->softmax) return vg_fail(VG_CONFIG, "net.views all is for train.direction image2label");
  if (spec->local[0]) return vg_fail(VG_CONFIG, "net.views all does not go with train.w_local");
  if (vg_gan_draws(spec)) return vg_fail(VG_CONFIG, "net.views all does not go with net.noise and net.style");
  if ((p[0] == 1) + (p[1] == 1) + (p[2] == 1) == 1) return VG_OK;
  return vg_fail(VG_CONFIG, "net.views all needs slices: a train.patch of 1 along one axis, not %dx%dx%d",
                 p[2], p[1], p[0]);
}

vg_status vg_gan_check_spec(const vg_gan_spec *spec, bool training) {
  vg_status st = vg_gan_check_fields(spec, NULL);
  if (st) return st;
  if (spec->softmax && spec->out_channels < 2)
    return vg_fail(VG_CONFIG, "class fractions need at least 2 output channels: the background and a class");
  const vg_generator *g = vg_generator_find(spec->generator);
  st = check_draws(spec, g);
  if (!st) st = check_views(spec);
  if (!st && g->check) st = g->check(spec);
  if (st || !training) return st;
  if (vg_gan_has_discriminator(spec)) st = vg_scales_check(spec);
  return st ? st : vg_gan_check_local(spec);
}

static vg_status check_objective(const vg_gan_spec *spec, const vg_gan_objective *o) {
  vg_status st = vg_gan_check_fields(spec, o);
  if (st) return st;
  const vg_loss *r = vg_loss_find(o->reconstruction);
  if (!r)
    return vg_fail(VG_CONFIG, "train.reconstruction is \"%s\", which is not resolved to a loss",
                   o->reconstruction);
  if (r->fractions && !spec->softmax)
    return vg_fail(VG_CONFIG,
                   "train.reconstruction is %s, which compares class fractions, but the generator makes "
                   "images; use l1",
                   r->name);
  if (o->w_local > 0 && !vg_gan_has_local(spec))
    return vg_fail(VG_CONFIG,
                   "train.w_local is %g, which needs a discriminator and the extent of a tumour's box",
                   o->w_local);
  if (vg_gan_has_discriminator(spec)) return VG_OK;
  if (o->w_adversarial > 0)
    return vg_fail(VG_CONFIG, "train.w_adversarial is %g, which needs a discriminator", o->w_adversarial);
  if (o->w_feature > 0)
    return vg_fail(VG_CONFIG, "train.w_feature is %g, which needs a discriminator", o->w_feature);
  return VG_OK;
}

static vg_status new_gan(const vg_gan_spec *spec, const vg_gan_objective *objective, uint64_t seed,
                         vg_device device, vg_gan **out) {
  *out = NULL;
  vg_gan *gan = NULL;
  vg_status st = vg_gan_check_spec(spec, objective != NULL);
  if (!st && objective) st = check_objective(spec, objective);
  if (st) return st;
  if (!(gan = VG_NEW(vg_gan))) return VG_MEMORY;
  gan->spec = *spec;
  gan->seed = seed;
  gan->device = device;
  if (vg_gan_has_local(spec)) {
    vg_gan_spec local;
    vg_gan_local_spec(spec, &local);
    memcpy(gan->box, local.patch, sizeof gan->box);
  }
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
  if (st || !vg_gan_has_discriminator(spec)) goto out;
  gan->d_params = (vg_params){
      .prefix = "d.", .seed = seed, .sd = INIT_SD, .spectral = objective->d_spectral, .device = device};
  if (!(st = vg_gan_build_discriminators(spec, &gan->d_params, &gan->d, &gan->local)))
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

void vg_gan_free(vg_gan *gan) {
  if (!gan) return;
  vg_gan_forget_recordings(gan);
  vg_gan_feed_release(gan);
  vg_adam_release(&gan->g_adam);
  vg_adam_release(&gan->d_adam);
  vg_params_release(&gan->g_params);
  vg_params_release(&gan->d_params);
  vg_params_release(&gan->average_params);
  vg_gan_drop_pending(gan);
  vg_free(gan->pending);
  vg_free(gan->g);
  vg_free(gan->average);
  vg_scales_release(&gan->d);
  vg_scales_release(&gan->local);
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

/* ---- generating ---- */

vg_tensor *vg_gan_upload(const vg_gan *gan, const vg_gan_batch *b, const float *data, int channels) {
  const int64_t shape[5] = {b->n, channels, b->dim[0], b->dim[1], b->dim[2]};
  return data ? vg_tensor_from(data, shape, 5, gan->device) : NULL;
}

void vg_gan_min_dim(const vg_gan *gan, int dim[3]) {
  gan->generator->min_dim(&gan->spec, dim);
}

void vg_gan_min_step_dim(const vg_gan *gan, int dim[3]) {
  int d[3] = {1, 1, 1};
  vg_gan_min_dim(gan, dim);
  if (gan->d.n) vg_scales_min_dim(&gan->spec, d);
  for (int a = 0; a < 3; a++) {
    if (d[a] > dim[a]) dim[a] = d[a];
    if (gan->local.n && gan->box[a] > dim[a]) dim[a] = gan->box[a];
  }
}

vg_status vg_gan_check_dim(const vg_gan *gan, const int dim[3], bool training) {
  int least[3];
  bool fits = true;
  (training ? vg_gan_min_step_dim : vg_gan_min_dim)(gan, least);
  for (int a = 0; a < 3; a++) fits = fits && dim[a] >= least[a];
  if (fits) return VG_OK;
  return vg_fail(VG_CONFIG, "a grid of %dx%dx%d is too small for the network, which needs %dx%dx%d", dim[0],
                 dim[1], dim[2], least[0], least[1], least[2]);
}

/* Copies what a caller draws to the device, into pass. */
static vg_status take_draw(const vg_gan *gan, const vg_gan_batch *b, const vg_gan_draw *d, vg_pass *pass) {
  if (d->ids && gan->spec.noise) {
    pass->noise = d->noise;
    vg_noise_ids_set(pass->ids = vg_noise_ids(b->n, gan->device), d->ids);
    if (d->mix) {
      vg_noise_ids_set(pass->others = vg_noise_ids(b->n, gan->device), d->others);
      pass->mix = vg_gan_upload(gan, b, d->mix, 1);
    }
  }
  if (d->style && gan->spec.style)
    pass->style = vg_tensor_from(d->style, (int64_t[]){b->n, gan->spec.style}, 2, gan->device);
  return vg_tensor_check();
}

vg_status vg_gan_generate(vg_gan *gan, const float *input, int n, const int dim[3], const vg_gan_draw *draw,
                          float *out) {
  vg_status st = vg_gan_check_dim(gan, dim, false);
  if (st) return st;
  vg_pass pass = {0};
  const vg_gan_batch b = {.n = n, .dim = {dim[0], dim[1], dim[2]}};
  bool before = vg_no_grad(true);
  vg_scope *s = vg_scope_push();
  const void *net = gan->average ? gan->average : gan->g;
  if (draw) st = take_draw(gan, &b, draw, &pass);
  vg_tensor *x = st ? NULL : vg_gan_upload(gan, &b, input, gan->spec.in_channels);
  vg_tensor *y = st ? NULL : gan->generator->forward(net, x, &pass);
  if (!st) st = vg_tensor_check();
  if (!st) st = vg_tensor_copy_out(y, out, (size_t)vg_numel(y));
  vg_scope_pop(s, NULL);
  vg_no_grad(before);
  return st;
}

vg_status vg_gan_listing(const vg_gan *gan, const char *input, vg_listing *out) {
  *out = (vg_listing){0};
  if (!gan->generator->listing)
    return vg_fail(VG_CONFIG, "generator %s cannot be exported", gan->spec.generator);
  vg_scope *s = vg_scope_push();
  gan->generator->listing(gan->average ? gan->average : gan->g, out,
                          vg_listing_input(out, input, gan->spec.in_channels, (const int[]){1, 1, 1}));
  vg_scope_pop(s, NULL);
  return out->status;
}

vg_status vg_gan_style_of(vg_gan *gan, const float *images, const int dim[3], float *style) {
  if (!gan->spec.style) return vg_fail(VG_FAILED, "a network without a style");
  const vg_gan_batch b = {.n = 1, .dim = {dim[0], dim[1], dim[2]}};
  bool before = vg_no_grad(true);
  vg_scope *s = vg_scope_push();
  vg_tensor *x = vg_gan_upload(gan, &b, images, gan->spec.out_channels);
  vg_tensor *y = gan->generator->encode(gan->average ? gan->average : gan->g, x);
  vg_status st = vg_tensor_check();
  if (!st) st = vg_tensor_copy_out(y, style, (size_t)gan->spec.style);
  vg_scope_pop(s, NULL);
  vg_no_grad(before);
  return st;
}
