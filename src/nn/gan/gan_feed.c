/* gan_feed.c: the micro-batches of a step on the device. */
#include "nn/gan/gan.h"
#include "base/mem.h"

static bool same(const vg_fed *f, const vg_gan_batch *b) {
  return f->n == b->n && !memcmp(f->dim, b->dim, sizeof f->dim) && !f->weight == !b->weight;
}

static void release(vg_fed *f) {
  vg_release(f->input);
  vg_release(f->target);
  vg_release(f->weight);
  vg_release(f->crop);
  vg_release(f->picks);
  vg_free(f->picked);
  vg_rand_free(f->rand);
  vg_release(f->ids);
  *f = (vg_fed){0};
}

static vg_tensor *room(const vg_gan *gan, const vg_gan_batch *b, int channels, vg_type type) {
  const int64_t shape[5] = {b->n, channels, b->dim[0], b->dim[1], b->dim[2]};
  vg_scope *s = vg_scope_push();
  vg_tensor *t = vg_retain(vg_cast(vg_zeros(shape, 5, gan->device), type));
  vg_scope_pop(s, NULL);
  return t;
}

static vg_tensor *numbers(const vg_gan *gan, const int64_t *shape, int ndim) {
  vg_scope *s = vg_scope_push();
  vg_tensor *t = vg_retain(vg_zeros(shape, ndim, gan->device));
  vg_scope_pop(s, NULL);
  return t;
}

/* Draws the classes that LabelMix takes from real images, by step and micro-batch, so that a resumed run
 * draws the same. */
static void pick(const vg_gan *gan, vg_fed *f, int number) {
  const int n = f->n * (gan->spec.in_channels + 1);
  vg_rng r = vg_rng_init(gan->seed, vg_rng_key("labelmix", (uint64_t)gan->step, (uint64_t)number));
  for (int i = 0; i < n; i++) f->picked[i] = (float)vg_rng_below(&r, 2);
  vg_tensor_load(f->picks, f->picked);
}

static vg_status make(const vg_gan *gan, const vg_gan_batch *b, vg_fed *f) {
  release(f);
  f->input =
      room(gan, b, gan->spec.in_channels, gan->objective.precision == VG_PRECISION_BF16 ? VG_BF16 : VG_F32);
  f->target = room(gan, b, gan->spec.out_channels, VG_F32);
  if (b->weight) f->weight = room(gan, b, 1, VG_F32);
  if (gan->spec.dropout > 0) f->rand = vg_rand_new(0, gan->device);
  if (gan->local.n) f->crop = numbers(gan, (const int64_t[]){b->n, VG_GAN_CROP_NUMBERS}, 2);
  if (gan->d.n && gan->d.kind->mix && gan->objective.w_labelmix > 0) {
    const int64_t classes = gan->spec.in_channels + 1;
    f->picks = numbers(gan, (const int64_t[]){b->n, classes, 1, 1, 1}, 5);
    if (!(f->picked = vg_malloc((size_t)(b->n * classes), sizeof *f->picked))) return VG_MEMORY;
  }
  if (vg_gan_draws(&gan->spec)) {
    vg_scope *s = vg_scope_push();
    f->ids = vg_retain(vg_noise_ids(b->n, gan->device));
    vg_scope_pop(s, NULL);
  }
  vg_status st = vg_tensor_check();
  if (st) return st;
  f->n = b->n;
  memcpy(f->dim, b->dim, sizeof f->dim);
  return VG_OK;
}

/* Sample i of micro-batch p of a step draws the same in a run that is resumed. */
static vg_status set_ids(const vg_gan *gan, vg_fed *f, int p) {
  vg_noise_id *list = VG_NEW_N(vg_noise_id, f->n);
  if (!list) return VG_MEMORY;
  for (int i = 0; i < f->n; i++) {
    list[i].seed = gan->seed;
    list[i].key = vg_rng_key("noise of a step", (uint64_t)gan->step, (uint64_t)p << 32 | (uint64_t)i);
  }
  vg_noise_ids_set(f->ids, list);
  vg_free(list);
  return VG_OK;
}

static vg_status feed_idle(vg_gan *gan) {
  const vg_gan_batch none = {.n = 1, .dim = {gan->spec.patch[0], gan->spec.patch[1], gan->spec.patch[2]}};
  return gan->idle.n ? VG_OK : make(gan, &none, &gan->idle);
}

vg_status vg_gan_feed(vg_gan *gan, const vg_gan_batch *batches, int n_batches) {
  if (vg_gan_rounds(gan, n_batches) > n_batches) {
    vg_status st = feed_idle(gan);
    if (st) return st;
  }
  if (n_batches > gan->n_fed) {
    vg_fed *fed = vg_realloc(gan->fed, (size_t)n_batches, sizeof *fed);
    if (!fed) return VG_MEMORY;
    memset(fed + gan->n_fed, 0, sizeof *fed * (size_t)(n_batches - gan->n_fed));
    gan->fed = fed;
    gan->n_fed = n_batches;
  }
  for (int p = 0; p < n_batches; p++) {
    vg_fed *f = &gan->fed[p];
    if (!same(f, &batches[p])) {
      gan->shapes++;
      vg_status st = make(gan, &batches[p], f);
      if (st) return st;
    }
    vg_tensor_load(f->input, batches[p].input);
    vg_tensor_load(f->target, batches[p].target);
    if (f->weight) vg_tensor_load(f->weight, batches[p].weight);
    if (f->crop) vg_tensor_load(f->crop, batches[p].crop);
    if (f->picks) pick(gan, f, vg_gan_batch_number(gan, p));
    vg_status st = f->ids ? set_ids(gan, f, vg_gan_batch_number(gan, p)) : VG_OK;
    if (st) return st;
  }
  return vg_tensor_check();
}

void vg_gan_feed_release(vg_gan *gan) {
  for (int p = 0; p < gan->n_fed; p++) release(&gan->fed[p]);
  release(&gan->idle);
  vg_free(gan->fed);
  gan->fed = NULL;
  gan->n_fed = 0;
}
