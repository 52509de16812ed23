/* torchscript.c: a listing as the text of a TorchScript method, which libtorch compiles and saves. */
#include "run/export/export.h"

#include "base/mem.h"
#include "base/str.h"
#include "tensor/tensor.h"

static void add_value(vg_str *t, const vg_listing *f, int value) {
  if (f->steps[value].kind == VG_LISTING_INPUT)
    vg_str_add(t, f->steps[value].name);
  else
    vg_str_addf(t, "v%d", value);
}

static void add_weight(vg_str *t, const vg_listing *f, int weight) {
  if (weight == VG_NO_VALUE)
    vg_str_add(t, "None");
  else
    vg_str_addf(t, "self.%s", f->weights[weight].name);
}

static void add_triple(vg_str *t, const int v[3]) {
  vg_str_addf(t, "[%d, %d, %d]", v[0], v[1], v[2]);
}

static void add_convolution(vg_str *t, const vg_listing *f, const vg_listing_step *s, bool up) {
  vg_str_add(t, up ? "torch.conv_transpose3d(" : "torch.conv3d(");
  add_value(t, f, s->in[0]);
  for (int i = 0; i < 2; i++) {
    vg_str_add(t, ", ");
    add_weight(t, f, s->weight[i]);
  }
  vg_str_add(t, ", ");
  add_triple(t, s->stride);
  vg_str_add(t, ", ");
  add_triple(t, s->pad);
  if (!up) {
    vg_str_add(t, ")");
    return;
  }
  /* One voxel more than twice the size, for odd extents, and then those of in[1]. */
  vg_str_addf(t, ", [%d, %d, %d])[:, :", s->stride[0] - 1, s->stride[1] - 1, s->stride[2] - 1);
  for (int a = 2; a < 5; a++) {
    vg_str_add(t, ", :");
    add_value(t, f, s->in[1]);
    vg_str_addf(t, ".size(%d)", a);
  }
  vg_str_add(t, "]");
}

/* NAME(value, value) or value OPERATOR value. */
static void add_pair(vg_str *t, const vg_listing *f, const vg_listing_step *s, const char *before,
                     const char *between, const char *after) {
  vg_str_add(t, before);
  add_value(t, f, s->in[0]);
  vg_str_add(t, between);
  if (s->in[1] != VG_NO_VALUE) add_value(t, f, s->in[1]);
  vg_str_add(t, after);
}

/* The mean of k neighbours, with one neighbour beyond each end where the inner call pads, is 1/4 1/2 1/4. */
static void add_smooth(vg_str *t, const vg_listing *f, const vg_listing_step *s) {
  const int *k = s->stride;
  add_pair(t, f, s, "torch.avg_pool3d(torch.avg_pool3d(", "", ", ");
  add_triple(t, k);
  vg_str_addf(t, ", 1, [%d, %d, %d], False, False), ", k[0] - 1, k[1] - 1, k[2] - 1);
  add_triple(t, k);
  vg_str_add(t, ", 1)");
}

static void add_step(vg_str *t, const vg_listing *f, const vg_listing_step *s) {
  const int *p = s->pad;
  switch (s->kind) {
  case VG_LISTING_INPUT:
    break;
  case VG_LISTING_CONV:
    add_convolution(t, f, s, false);
    break;
  case VG_LISTING_UPCONV:
    add_convolution(t, f, s, true);
    break;
  case VG_LISTING_REFLECT:
    add_pair(t, f, s, "torch.reflection_pad3d(", "", "");
    vg_str_addf(t, ", [%d, %d, %d, %d, %d, %d])", p[2], p[2], p[1], p[1], p[0], p[0]);
    break;
  case VG_LISTING_AVERAGE:
    add_pair(t, f, s, "torch.avg_pool3d(", ", ", "");
    add_triple(t, s->stride);
    vg_str_add(t, ")");
    break;
  case VG_LISTING_SMOOTH:
    add_smooth(t, f, s);
    break;
  case VG_LISTING_CAT:
    add_pair(t, f, s, "torch.cat([", ", ", "], 1)");
    break;
  case VG_LISTING_ADD:
    add_pair(t, f, s, "", " + ", "");
    break;
  case VG_LISTING_MUL:
    add_pair(t, f, s, "", " * ", "");
    break;
  case VG_LISTING_NORM:
    add_pair(t, f, s, "torch.instance_norm(", "", "");
    vg_str_addf(t, ", None, None, None, None, True, 0.1, %g, False)", s->number);
    break;
  case VG_LISTING_SCALE:
    add_pair(t, f, s, "", " * ", "");
    add_weight(t, f, s->weight[0]);
    vg_str_add(t, " + ");
    add_weight(t, f, s->weight[1]);
    break;
  case VG_LISTING_RELU:
    add_pair(t, f, s, "torch.relu(", "", ")");
    break;
  case VG_LISTING_LEAKY_RELU:
    add_pair(t, f, s, "torch.leaky_relu(", ", ", "");
    vg_str_addf(t, "%g)", s->number);
    break;
  case VG_LISTING_TANH:
    add_pair(t, f, s, "torch.tanh(", "", ")");
    break;
  case VG_LISTING_SOFTMAX:
    add_pair(t, f, s, "torch.softmax(", ", 1", ")");
    break;
  }
}

static void add_method(vg_str *t, const vg_listing *f) {
  vg_str_add(t, "def forward(self");
  for (int i = 0; i < f->n; i++)
    if (f->steps[i].kind == VG_LISTING_INPUT) vg_str_addf(t, ", %s", f->steps[i].name);
  vg_str_add(t, "):\n");
  for (int i = 0; i < f->n; i++) {
    if (f->steps[i].kind == VG_LISTING_INPUT) continue;
    vg_str_addf(t, "    v%d = ", i);
    add_step(t, f, &f->steps[i]);
    vg_str_add(t, "\n");
  }
  vg_str_addf(t, "    return v%d\n", f->n - 1);
}

vg_status vg_export_torchscript(const char *path, const vg_exported *e) {
  const vg_listing *f = e->listing;
  vg_str code = VG_STR_INIT;
  vg_script_part *parts = vg_malloc((size_t)f->n_weights + 1, sizeof *parts);
  for (int i = 0; parts && i < f->n_weights; i++)
    parts[i] =
        (vg_script_part){f->weights[i].name, f->weights[i].values, f->weights[i].shape, f->weights[i].ndim};
  add_method(&code, f);
  vg_status st = !parts || vg_str_failed(&code) ? VG_MEMORY : VG_OK;
  if (!st) st = vg_script_save(path, vg_str_text(&code), parts, (size_t)f->n_weights, e->about);
  vg_free(parts);
  vg_str_release(&code);
  return st;
}
