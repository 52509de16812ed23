/* optim.c: Adam's state over a network's parameters. */
#include "nn/gan/optim.h"
#include <math.h>
#include "base/mem.h"

vg_status vg_adam_init(vg_adam *a, vg_params *params, double beta1, double beta2) {
  *a = (vg_adam){.params = params, .beta1 = beta1, .beta2 = beta2};
  a->value = VG_NEW_N(vg_tensor *, params->n);
  a->exp_avg = VG_NEW_N(vg_tensor *, params->n);
  a->exp_avg_sq = VG_NEW_N(vg_tensor *, params->n);
  a->name = VG_NEW_N(const char *, params->n);
  if (!a->value || !a->exp_avg || !a->exp_avg_sq || !a->name) return VG_MEMORY;
  vg_scope *s = vg_scope_push();
  for (int i = 0; i < params->n; i++) {
    const vg_param *p = &params->list[i];
    if (!p->trained) continue;
    int64_t shape[VG_ST_MAX_DIMS];
    int ndim = vg_ndim(p->value);
    for (int k = 0; k < ndim; k++) shape[k] = vg_size(p->value, k);
    a->name[a->n] = p->name;
    a->value[a->n] = p->value;
    a->exp_avg[a->n] = vg_retain(vg_zeros(shape, ndim, params->device));
    a->exp_avg_sq[a->n] = vg_retain(vg_zeros(shape, ndim, params->device));
    a->n++;
  }
  vg_scope_pop(s, NULL);
  return vg_tensor_check();
}

void vg_adam_release(vg_adam *a) {
  for (int i = 0; i < a->n; i++) {
    vg_release(a->exp_avg[i]);
    vg_release(a->exp_avg_sq[i]);
  }
  vg_free(a->value);
  vg_free(a->exp_avg);
  vg_free(a->exp_avg_sq);
  vg_free(a->name);
  *a = (vg_adam){0};
}

/* One number for all gradients, so that a device is waited for once. */
static bool gradients_finite(const vg_adam *a) {
  vg_scope *s = vg_scope_push();
  vg_tensor *total = NULL;
  for (int i = 0; i < a->n; i++) {
    vg_tensor *g = vg_grad(a->value[i]);
    if (!g) continue;
    g = vg_sum(g);
    total = total ? vg_add(total, g) : g;
  }
  bool ok = !total || isfinite(vg_item(total));
  vg_scope_pop(s, NULL);
  return ok;
}

vg_status vg_adam_update(vg_adam *a, double lr, int64_t t, vg_tensor *skip, vg_tensor *clock) {
  bool before = vg_no_grad(true);
  vg_status st = VG_OK;
  if (!skip && !gradients_finite(a)) {
    st = vg_tensor_check();
    if (!st) st = vg_fail(VG_NONFINITE, "a gradient is not finite");
  }
  if (!st)
    st = vg_adam_step(a->value, a->exp_avg, a->exp_avg_sq, a->n, lr, a->beta1, a->beta2, 1e-8, 0, t, skip,
                      clock);
  vg_no_grad(before);
  return st;
}

static vg_status keep(vg_undo *u, vg_tensor *t) {
  if (u->n + 2 > u->cap) {
    int cap = u->cap ? 2 * u->cap : 64;
    vg_tensor **list = vg_realloc(u->list, (size_t)cap, sizeof(vg_tensor *));
    if (!list) return VG_MEMORY;
    u->list = list;
    u->cap = cap;
  }
  bool before = vg_no_grad(true);
  u->list[u->n] = t;
  u->list[u->n + 1] = vg_scale(t, 1, 0);
  u->n += 2;
  vg_no_grad(before);
  return VG_OK;
}

vg_status vg_undo_keep_adam(vg_undo *u, const vg_adam *a) {
  for (int i = 0; i < a->n; i++)
    if (keep(u, a->value[i]) || keep(u, a->exp_avg[i]) || keep(u, a->exp_avg_sq[i])) return VG_MEMORY;
  return vg_tensor_check();
}

vg_status vg_undo_keep_statistics(vg_undo *u, const vg_params *p) {
  for (int i = 0; i < p->n; i++)
    if (!p->list[i].trained && keep(u, p->list[i].value)) return VG_MEMORY;
  return vg_tensor_check();
}

vg_status vg_undo_apply(const vg_undo *u) {
  for (int i = 0; i < u->n; i += 2) {
    size_t n = (size_t)vg_numel(u->list[i]);
    float *v = vg_malloc(n, sizeof *v);
    if (!v) return VG_MEMORY;
    vg_status st = vg_tensor_copy_out(u->list[i + 1], v, n);
    if (!st) st = vg_tensor_copy_in(u->list[i], v, n);
    vg_free(v);
    if (st) return st;
  }
  return VG_OK;
}

void vg_undo_apply_where(const vg_undo *u, vg_tensor *flag) {
  for (int i = 0; i < u->n; i += 2) vg_copy_where(u->list[i], u->list[i + 1], flag);
}

void vg_undo_release(vg_undo *u) {
  vg_free(u->list);
  *u = (vg_undo){0};
}
