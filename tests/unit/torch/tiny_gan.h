/* tiny_gan.h: a GAN of 16^3 samples that tests can step, compare and save. Include after cmocka.h and
 * scratch.h. */
#ifndef TINY_GAN_H
#define TINY_GAN_H
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "nn/nn.h"
#include "settings/setting.h"

static vg_device device;
static const vg_gan_objective objective = {.adversarial = "bce",
                                           .reconstruction = "l1",
                                           .w_adversarial = 1,
                                           .w_reconstruction = 100,
                                           .r1_every = 16,
                                           .low_sigma = 2,
                                           .beta1 = 0.5,
                                           .beta2 = 0.999};
enum { IN = 3, OUT = 2, S = 16, V = S * S * S };

static inline const vg_setting *norm_setting(void) {
  return vg_setting_at(VG_SETTING_INDEX_net_norm);
}

static inline void set_norm(vg_gan_spec *s, const char *norm) {
  assert_int_equal(vg_setting_set_text(norm_setting(), norm, &s->norm), VG_OK);
}

static inline const char *norm_of(const vg_gan_spec *s) {
  return vg_setting_choice(norm_setting(), (int)s->norm);
}

static inline vg_gan_spec spec(const char *norm, double dropout) {
  vg_gan_spec s = {.generator = "unet",
                   .discriminator = "patch",
                   .in_channels = IN,
                   .out_channels = OUT,
                   .patch = {S, S, S},
                   .ngf = 4,
                   .ndf = 4,
                   .blocks = 2,
                   .d_layers = 2,
                   .d_scales = 1,
                   .dropout = dropout};
  set_norm(&s, norm);
  return s;
}

/* Two samples: a one-hot pattern, and an image made from it. */
typedef struct samples {
  float input[2 * IN * V], target[2 * OUT * V], weight[2 * V];
  float crop[2 * VG_GAN_CROP_NUMBERS]; /* the first sample has a tumour */
} samples;

static inline samples *make_samples(void) {
  samples *d = vg_calloc(1, sizeof *d);
  memcpy(d->crop, (float[]){2, 0, 4, 1}, VG_GAN_CROP_NUMBERS * sizeof(float));
  for (int n = 0; n < 2; n++)
    for (int i = 0; i < V; i++) {
      int label = (i / 64 + i % 16 / 4 + n) % IN;
      d->input[(n * IN + label) * V + i] = 1;
      for (int c = 0; c < OUT; c++)
        d->target[(n * OUT + c) * V + i] = (float)(label - 1) * (c ? 0.5f : -0.7f);
      d->weight[n * V + i] = 1 + (float)(label == 2);
    }
  return d;
}

static inline vg_gan_batch batch(const samples *d, int first, int n) {
  return (vg_gan_batch){.n = n,
                        .dim = {S, S, S},
                        .input = d->input + first * IN * V,
                        .target = d->target + first * OUT * V,
                        .weight = d->weight + first * V,
                        .crop = d->crop + first * VG_GAN_CROP_NUMBERS};
}

static inline vg_gan *make(const vg_gan_spec *s, uint64_t seed) {
  vg_gan *gan;
  if (vg_gan_new(s, &objective, seed, device, &gan)) fail_msg("%s", vg_error());
  return gan;
}

static inline vg_gan_losses step(vg_gan *gan, const vg_gan_batch *parts, int n) {
  vg_gan_losses l;
  if (vg_gan_step(gan, parts, n, 2e-3, 2e-4, &l)) fail_msg("%s", vg_error());
  return l;
}

/* All tensors of a GAN, one after another (vg_free). */
static inline float *everything(vg_gan *gan, size_t *n) {
  vg_st_entry *e;
  size_t count, at = 0;
  *n = 0;
  assert_int_equal(vg_gan_state_get(gan, VG_GAN_ALL, &e, &count), VG_OK);
  for (int pass = 0; pass < 2; pass++) {
    static float *v;
    if (pass) v = vg_malloc(*n, sizeof *v);
    for (size_t i = 0; i < count; i++) {
      size_t size = 1;
      for (int k = 0; k < e[i].ndim; k++) size *= (size_t)e[i].shape[k];
      if (pass) memcpy(v + at, e[i].data, size * sizeof *v);
      if (pass)
        at += size;
      else
        *n += size;
    }
    if (pass) {
      vg_gan_state_free(e, count);
      return v;
    }
  }
  return NULL;
}

static inline bool same_state(vg_gan *a, vg_gan *b) {
  size_t na, nb;
  float *x = everything(a, &na), *y = everything(b, &nb);
  bool same = na == nb && !memcmp(x, y, na * sizeof *x);
  vg_free(x);
  vg_free(y);
  return same;
}

/* The whole state, written and opened. */
static inline void save(vg_gan *gan, const char *file, vg_st_file *f) {
  vg_st_entry *e;
  size_t n;
  assert_int_equal(vg_gan_state_get(gan, VG_GAN_ALL, &e, &n), VG_OK);
  assert_int_equal(vg_st_write(file, e, n, NULL), VG_OK);
  vg_gan_state_free(e, n);
  assert_int_equal(vg_st_open(file, f), VG_OK);
}

static inline int nothing_left(void **state) {
  (void)state;
  if (vg_tensor_live()) print_error("%zu tensors left\n", vg_tensor_live());
  if (vg_mem_live()) print_error("%ld blocks left\n", vg_mem_live());
  return vg_tensor_live() != 0 || vg_mem_live() != 0;
}

#endif
