/* gan_losses.c: the losses of a GAN's steps, on the device and as numbers. */
#include <math.h>
#include <stddef.h>
#include "nn/gan/gan.h"
#include "base/mem.h"

#define ROW (VG_GAN_LOSSES + 1) /* the losses, and whether the step was skipped */

static const struct {
  const char *name;
  size_t offset;
} losses[VG_GAN_LOSSES] = {
#define VG_LOSS_TERM(half, name, help) {#half "_" #name, offsetof(vg_gan_losses, half##_##name)},
#include "registry/losses.def"
};

const char *vg_gan_loss_name(int i) {
  return losses[i].name;
}
double *vg_gan_loss_at(vg_gan_losses *l, int i) {
  return (double *)((char *)l + losses[i].offset);
}

void vg_gan_losses_add(vg_gan_losses *sum, const vg_gan_losses *l) {
  vg_gan_losses copy = *l;
  for (int i = 0; i < VG_GAN_LOSSES; i++) *vg_gan_loss_at(sum, i) += *vg_gan_loss_at(&copy, i);
}

vg_tensor *vg_gan_losses_row(vg_tensor *const *list, int n, double share) {
  const int64_t one = 1;
  vg_tensor *row[VG_GAN_LOSSES];
  for (int i = 0; i < n; i++) row[i] = vg_reshape(vg_detach(list[i]), &one, 1);
  return vg_scale(vg_cat(row, n, 0), share, 0);
}

vg_status vg_gan_losses_read(vg_tensor *row, int first, int n, vg_gan_losses *out) {
  float v[VG_GAN_LOSSES];
  vg_status st = vg_tensor_copy_out(row, v, (size_t)n);
  for (int i = 0; i < n && !st; i++) {
    *vg_gan_loss_at(out, first + i) = v[i];
    if (!isfinite(v[i]))
      st = vg_fail(VG_NONFINITE, "the loss %s is not finite (%g)", losses[first + i].name,
                   isnan(v[i]) ? (double)NAN : v[i]);
  }
  return st;
}

vg_tensor *vg_gan_losses_deferred(vg_tensor *d, vg_tensor *g, vg_tensor *skipped) {
  const int64_t one = 1;
  return vg_cat((vg_tensor *[]){d, g, vg_reshape(skipped, &one, 1)}, 3, 0);
}

vg_status vg_gan_losses_defer(vg_gan *gan, vg_tensor *row) {
  if (gan->n_pending == gan->cap_pending) {
    int cap = gan->cap_pending ? 2 * gan->cap_pending : 64;
    vg_tensor **list = vg_realloc(gan->pending, (size_t)cap, sizeof *list);
    if (!list) return VG_MEMORY;
    gan->pending = list;
    gan->cap_pending = cap;
  }
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
  float *v = vg_malloc(ROW * n, sizeof *v);
  if (!v) return VG_MEMORY;
  vg_scope *s = vg_scope_push();
  vg_status st = vg_tensor_copy_out(vg_cat(gan->pending, gan->n_pending, 0), v, ROW * n);
  vg_scope_pop(s, NULL);
  for (size_t i = 0; i < n && !st; i++) {
    const float *row = v + ROW * i;
    const bool good = row[VG_GAN_LOSSES] == 0;
    *steps += good;
    *skipped += !good;
    for (int k = 0; k < VG_GAN_LOSSES && good; k++) *vg_gan_loss_at(sum, k) += row[k];
  }
  vg_gan_drop_pending(gan);
  vg_free(v);
  return st;
}
