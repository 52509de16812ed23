/* gan_state.c: a GAN's tensors as named float arrays, and back. */
#include <stdio.h>
#include <string.h>
#include "nn/gan/gan.h"
#include "base/mem.h"
#include "base/str.h"

/* One tensor of the state and the name it goes by. */
typedef struct slot {
  char name[80];
  vg_tensor *tensor;
} slot;

static void add(slot *list, size_t *n, const char *prefix, const char *name, const char *suffix,
                vg_tensor *t) {
  if (list) {
    snprintf(list[*n].name, sizeof list[*n].name, "%s%s%s", prefix, name, suffix);
    list[*n].tensor = t;
  }
  ++*n;
}

static void add_adam(slot *list, size_t *n, const char *prefix, const vg_adam *a) {
  for (int i = 0; i < a->n; i++) {
    add(list, n, prefix, a->name[i], ".exp_avg", a->exp_avg[i]);
    add(list, n, prefix, a->name[i], ".exp_avg_sq", a->exp_avg_sq[i]);
  }
}

static void add_params(slot *list, size_t *n, const char *prefix, const vg_params *p) {
  for (int i = 0; i < p->n; i++) add(list, n, prefix, p->list[i].name, "", p->list[i].value);
}

/* Fills list (NULL: only counts) with the tensors that `which` names. */
static size_t collect(const vg_gan *gan, int which, slot *list) {
  size_t n = 0;
  if (which & VG_GAN_GENERATOR) add_params(list, &n, "g.", &gan->g_params);
  if (which & VG_GAN_DISCRIMINATOR) add_params(list, &n, "d.", &gan->d_params);
  if (which & VG_GAN_AVERAGE) add_params(list, &n, "ema.", &gan->average_params);
  if (which & VG_GAN_RESULT) add_params(list, &n, "g.", gan->average ? &gan->average_params : &gan->g_params);
  if (which & VG_GAN_OPTIMISER) {
    add_adam(list, &n, "adam.g.", &gan->g_adam);
    add_adam(list, &n, "adam.d.", &gan->d_adam);
  }
  return n;
}

static slot *slots(const vg_gan *gan, int which, size_t *n) {
  *n = collect(gan, which, NULL);
  slot *list = VG_NEW_N(slot, *n);
  if (list) collect(gan, which, list);
  return list;
}

vg_status vg_gan_state_get(vg_gan *gan, int which, vg_st_entry **entries, size_t *n) {
  vg_status st = VG_MEMORY;
  size_t count;
  slot *list = slots(gan, which, &count);
  vg_st_entry *e = VG_NEW_N(vg_st_entry, count);
  *entries = NULL;
  *n = 0;
  if (!list || !e) goto out;
  for (size_t i = 0; i < count; i++) {
    size_t numel = (size_t)vg_numel(list[i].tensor);
    float *v = vg_malloc(numel, sizeof *v);
    e[i].data = v;
    e[i].name = vg_strdup(list[i].name);
    e[i].ndim = vg_ndim(list[i].tensor);
    for (int k = 0; k < e[i].ndim; k++) e[i].shape[k] = vg_size(list[i].tensor, k);
    st = v && e[i].name ? vg_tensor_copy_out(list[i].tensor, v, numel) : VG_MEMORY;
    if (st) goto out;
  }
  *entries = e;
  *n = count;
  e = NULL;
  st = VG_OK;
out:
  if (e) vg_gan_state_free(e, count);
  vg_free(list);
  return st;
}

void vg_gan_state_free(vg_st_entry *entries, size_t n) {
  for (size_t i = 0; entries && i < n; i++) {
    vg_free(entries[i].name);
    vg_free((void *)(uintptr_t)entries[i].data);
  }
  vg_free(entries);
}

static bool same_shape(const vg_st_entry *e, const vg_tensor *t) {
  bool same = e->ndim == vg_ndim(t);
  for (int k = 0; k < e->ndim && same; k++) same = e->shape[k] == vg_size(t, k);
  return same;
}

static int shape_of(const vg_tensor *t, int64_t shape[VG_ST_MAX_DIMS]) {
  for (int k = 0; k < vg_ndim(t); k++) shape[k] = vg_size(t, k);
  return vg_ndim(t);
}

static void add_shapes(vg_str *text, const vg_st_entry *e, const vg_tensor *t) {
  int64_t shape[VG_ST_MAX_DIMS];
  const int ndim = shape_of(t, shape);
  vg_params_add_shapes(text, e, shape, ndim);
}

static vg_status check(const char *file_name, const vg_st_file *file, const slot *s) {
  int64_t shape[VG_ST_MAX_DIMS];
  const int ndim = shape_of(s->tensor, shape);
  return vg_params_check_entry(file, file_name, s->name, shape, ndim);
}

static vg_status take(const vg_st_entry *e, vg_tensor *t) {
  return vg_tensor_copy_in(t, e->data, (size_t)vg_numel(t));
}

vg_status vg_gan_state_set(vg_gan *gan, int which, const char *name, const vg_st_file *file) {
  size_t n;
  vg_status st = VG_OK;
  slot *list = slots(gan, which, &n);
  if (!list) return VG_MEMORY;
  /* checks all entries first, so that a file that does not fit changes nothing */
  for (size_t i = 0; i < n && !st; i++) st = check(name, file, &list[i]);
  for (size_t i = 0; i < n && !st; i++) st = take(vg_st_find(file, list[i].name), list[i].tensor);
  if (!st && (which & (VG_GAN_GENERATOR | VG_GAN_AVERAGE)) == VG_GAN_GENERATOR) st = vg_gan_average(gan, 1);
  vg_free(list);
  return st;
}

vg_status vg_gan_state_transfer(vg_gan *gan, int which, const vg_st_file *file, vg_gan_transfer *out) {
  size_t n;
  vg_status st = VG_OK;
  vg_str reshaped = VG_STR_INIT, missing = VG_STR_INIT;
  *out = (vg_gan_transfer){0};
  slot *list = slots(gan, which, &n);
  if (!list) return VG_MEMORY;
  out->wanted = (int)n;
  for (size_t i = 0; i < n && !st; i++) {
    const vg_st_entry *e = vg_st_find(file, list[i].name);
    if (!e) {
      vg_str_addf(&missing, "%s%s", out->n_missing++ ? ", " : "", list[i].name);
    } else if (!same_shape(e, list[i].tensor)) {
      vg_str_addf(&reshaped, "%s%s (", out->n_reshaped++ ? ", " : "", list[i].name);
      add_shapes(&reshaped, e, list[i].tensor);
      vg_str_add(&reshaped, ")");
    } else {
      st = take(e, list[i].tensor);
      out->matched++;
    }
  }
  if (!st) st = vg_gan_average(gan, 1);
  if (!st && (vg_str_failed(&missing) || vg_str_failed(&reshaped))) st = vg_fail(VG_MEMORY, "out of memory");
  if (!st && out->n_missing) out->missing = vg_str_take(&missing);
  if (!st && out->n_reshaped) out->reshaped = vg_str_take(&reshaped);
  vg_str_release(&missing);
  vg_str_release(&reshaped);
  vg_free(list);
  return st;
}

void vg_gan_transfer_release(vg_gan_transfer *t) {
  vg_free(t->reshaped);
  vg_free(t->missing);
  *t = (vg_gan_transfer){0};
}
