/* gan_group.c: a GAN that several processes train. Each has the whole GAN and some micro-batches of a step.
 * Gradients and losses are sums over all, so every process takes the same step; what else a step changes
 * follows rank 0. */
#include "nn/gan/gan.h"

void vg_gan_join(vg_gan *gan, vg_group *group) {
  gan->group = group;
  if (group) gan->eager = true; /* a recording cannot wait for others */
}

int vg_gan_batch_number(const vg_gan *gan, int p) {
  return p * vg_group_size(gan->group) + vg_group_rank(gan->group);
}

int vg_gan_rounds(const vg_gan *gan, int n_batches) {
  const int processes = vg_group_size(gan->group);
  return gan->group && gan->spec.norm == VG_NORM_BATCH ? (gan->all_batches + processes - 1) / processes
                                                       : n_batches;
}

static bool in_bf16(const vg_gan *gan) {
  return gan->objective.gradients == VG_GRADIENTS_BF16;
}

/* Norms of all processes sum within the backward pass, where nothing may come in between. */
void vg_gan_sum_soon(vg_gan *gan, const vg_adam *a) {
  if (gan->spec.norm != VG_NORM_BATCH) vg_group_sum_soon(gan->group, a->value, a->n, in_bf16(gan));
}

vg_status vg_gan_sum(vg_gan *gan, const vg_adam *a, vg_tensor *row) {
  return vg_group_sum_gradients(gan->group, a->value, a->n, row, in_bf16(gan));
}

/* trained: the weights; else the statistics. */
static vg_status share(vg_gan *gan, const vg_params *p, bool trained) {
  vg_status st = VG_OK;
  for (int i = 0; i < p->n && !st; i++)
    if (p->list[i].trained == trained) st = vg_group_share_tensors(gan->group, &p->list[i].value, 1);
  return st;
}

vg_status vg_gan_share_statistics(vg_gan *gan) {
  vg_status st = share(gan, &gan->g_params, false);
  return st ? st : share(gan, &gan->d_params, false);
}

static vg_status share_moments(vg_gan *gan, const vg_adam *a) {
  vg_status st = vg_group_share_tensors(gan->group, a->exp_avg, a->n);
  return st ? st : vg_group_share_tensors(gan->group, a->exp_avg_sq, a->n);
}

vg_status vg_gan_share(vg_gan *gan) {
  const vg_params *const all[] = {&gan->g_params, &gan->d_params, &gan->average_params};
  vg_status st = vg_group_share(gan->group, &gan->step, sizeof gan->step);
  for (int i = 0; i < 3 && !st; i++) {
    st = share(gan, all[i], true);
    if (!st) st = share(gan, all[i], false);
  }
  if (!st) st = share_moments(gan, &gan->g_adam);
  if (!st) st = share_moments(gan, &gan->d_adam);
  return st;
}
