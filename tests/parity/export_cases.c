/* export_cases.c: exports networks of every kind with random weights, and beside each what it computes.
 *
 *   export_cases DIR        NAME.pt, NAME.onnx, and NAME.safetensors with the inputs and the tensor `output`
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "nn/gan/gan.h"
#include "run/export/export.h"

enum { IN = 3, OUT = 2, MOST_INPUTS = 12 };

typedef struct form {
  const char *name, *generator;
  vg_net_norm norm;
  vg_net_upsample upsample;
  int patch[3], dim[3], n;
  bool softmax, skip;
  vg_net_modulation modulation;
  bool encoder, noise;
  int style;
} form;

/* Extents are odd somewhere, and another number than those of the patch. */
static const form forms[] = {
    {.name = "unet",
     .generator = "unet",
     .norm = VG_NORM_INSTANCE,
     .patch = {16, 16, 16},
     .dim = {21, 18, 31},
     .n = 2,
     .skip = true},
    {.name = "unet_flat",
     .generator = "unet",
     .norm = VG_NORM_BATCH,
     .upsample = VG_UPSAMPLE_RESIZE,
     .patch = {1, 32, 32},
     .dim = {1, 37, 33},
     .n = 3},
    {.name = "unet_noise",
     .generator = "unet",
     .norm = VG_NORM_INSTANCE,
     .upsample = VG_UPSAMPLE_RESIZE,
     .patch = {16, 16, 16},
     .dim = {18, 16, 21},
     .n = 2,
     .noise = true},
    {.name = "unet_k3_noise",
     .generator = "unet_k3",
     .norm = VG_NORM_INSTANCE,
     .upsample = VG_UPSAMPLE_LINEAR,
     .patch = {1, 32, 32},
     .dim = {1, 37, 33},
     .n = 2,
     .noise = true},
    {.name = "unet_k3",
     .generator = "unet_k3",
     .norm = VG_NORM_INSTANCE,
     .patch = {16, 16, 16},
     .dim = {17, 16, 19},
     .n = 1,
     .softmax = true},
    {.name = "resnet",
     .generator = "resnet",
     .norm = VG_NORM_INSTANCE,
     .patch = {16, 16, 16},
     .dim = {13, 18, 16},
     .n = 1},
    {.name = "resnet_linear",
     .generator = "resnet",
     .norm = VG_NORM_BATCH,
     .upsample = VG_UPSAMPLE_LINEAR,
     .patch = {1, 16, 16},
     .dim = {1, 15, 22},
     .n = 2,
     .softmax = true},
    {.name = "spade",
     .generator = "spade",
     .norm = VG_NORM_INSTANCE,
     .upsample = VG_UPSAMPLE_RESIZE,
     .patch = {16, 16, 16},
     .dim = {17, 22, 16},
     .n = 2,
     .encoder = true,
     .noise = true,
     .style = 3,
     .skip = true},
    {.name = "spade_bare",
     .generator = "spade",
     .norm = VG_NORM_BATCH,
     .patch = {8, 16, 16},
     .dim = {9, 17, 23},
     .n = 1,
     .noise = true},
    {.name = "spade_conv",
     .generator = "spade",
     .norm = VG_NORM_NONE,
     .modulation = VG_MODULATION_CONV,
     .patch = {16, 16, 16},
     .dim = {16, 19, 18},
     .n = 2,
     .encoder = true,
     .style = 2},
    {.name = "spade_conv_bare",
     .generator = "spade",
     .norm = VG_NORM_INSTANCE,
     .modulation = VG_MODULATION_CONV,
     .patch = {16, 16, 16},
     .dim = {20, 16, 17},
     .n = 1,
     .noise = true,
     .style = 4},
};

static vg_gan_spec spec_of(const form *f) {
  vg_gan_spec s = {.in_channels = IN,
                   .out_channels = OUT,
                   .softmax = f->softmax,
                   .norm = f->norm,
                   .upsample = f->upsample,
                   .ngf = 5,
                   .ndf = 1,
                   .d_layers = 1,
                   .d_scales = 1,
                   .blocks = 2,
                   .input_skip = f->skip,
                   .modulation = f->modulation,
                   .encoder = f->encoder,
                   .noise = f->noise,
                   .style = f->style};
  memcpy(s.patch, f->patch, sizeof s.patch);
  snprintf(s.generator, sizeof s.generator, "%s", f->generator);
  strcpy(s.discriminator, "none");
  return s;
}

/* Weights that keep the size of what passes, as trained ones; running variances are positive. */
static vg_status draw_weights(vg_gan *gan, vg_rng *r) {
  vg_status st = VG_OK;
  for (int i = 0; i < gan->g_params.n && !st; i++) {
    const vg_param *p = &gan->g_params.list[i];
    const size_t n = (size_t)vg_numel(p->value);
    const double inputs = (double)n / (double)vg_size(p->value, 0), sd = inputs > 1 ? sqrt(1 / inputs) : 0.1;
    float *v = vg_malloc(n, sizeof *v);
    if (!v) return VG_MEMORY;
    for (size_t k = 0; k < n; k++)
      v[k] = (float)(strstr(p->name, "running_var") ? vg_rng_uniform(r, 0.3, 2) : sd * vg_rng_normal(r));
    st = vg_tensor_copy_in(p->value, v, n);
    vg_free(v);
  }
  return st;
}

/* A case while it is written. */
typedef struct writing {
  vg_st_entry e[MOST_INPUTS + 1];
  char names[MOST_INPUTS + 1][16];
  float *data[MOST_INPUTS + 1];
  int n;
} writing;

static float *add(writing *w, const char *name, int n, int channels, const int dim[3]) {
  const int i = w->n++;
  snprintf(w->names[i], sizeof w->names[i], "%s", name);
  w->data[i] = vg_calloc((size_t)n * (size_t)channels * (size_t)dim[0] * (size_t)dim[1] * (size_t)dim[2],
                         sizeof(float));
  w->e[i] = (vg_st_entry){
      .name = w->names[i], .ndim = 5, .shape = {n, channels, dim[0], dim[1], dim[2]}, .data = w->data[i]};
  return w->data[i];
}

/* The noise of a level, as the network itself draws it. */
static vg_status add_noise(writing *w, const form *f, const vg_noise_id *ids, int level) {
  int stride[VG_UNET_MAX_LEVELS][3], scale[3] = {1, 1, 1}, dim[3] = {f->dim[0], f->dim[1], f->dim[2]};
  char name[16];
  vg_unet_strides(f->patch, 0, stride);
  for (int i = 0; i < level; i++)
    for (int a = 0; a < 3; a++) {
      scale[a] *= stride[i][a];
      dim[a] /= stride[i][a];
    }
  snprintf(name, sizeof name, "noise_%d", level);
  float *to = add(w, name, f->n, 1, dim);
  vg_scope *s = vg_scope_push();
  vg_tensor *p = vg_noise_ids(f->n, (vg_device){0});
  vg_noise_ids_set(p, ids);
  vg_tensor *z = vg_noise_field(p, level, scale, dim);
  vg_status st = to ? vg_tensor_copy_out(z, to, (size_t)vg_numel(z)) : VG_MEMORY;
  vg_scope_pop(s, NULL);
  return st;
}

static vg_status add_inputs(writing *w, const form *f, const vg_listing *l, const vg_noise_id *ids,
                            vg_rng *r) {
  const int one[3] = {1, 1, 1};
  vg_status st = VG_OK;
  for (int i = 0; i < l->n && !st; i++) {
    const vg_listing_step *s = &l->steps[i];
    int level;
    if (s->kind != VG_LISTING_INPUT) continue;
    if (sscanf(s->name, "noise_%d", &level) == 1) {
      st = add_noise(w, f, ids, level);
      continue;
    }
    const bool style = !strcmp(s->name, "style");
    float *v = add(w, s->name, f->n, s->channels, style ? one : f->dim);
    const size_t n = (size_t)f->n * (size_t)s->channels *
                     (style ? 1 : (size_t)f->dim[0] * (size_t)f->dim[1] * (size_t)f->dim[2]);
    for (size_t k = 0; v && k < n; k++) v[k] = (float)(style ? vg_rng_normal(r) : vg_rng_uniform(r, 0, 1));
    if (!v) st = VG_MEMORY;
  }
  return st;
}

static vg_status write_case(const char *dir, const form *f, int number) {
  const vg_gan_spec spec = spec_of(f);
  vg_rng r = vg_rng_init(7, vg_rng_key("export case", (uint64_t)number, 0));
  vg_noise_id ids[4] = {{.seed = 11, .key = 3}, {.seed = 11, .key = 4, .origin = {0, 8, -16}}};
  vg_gan *gan = NULL;
  vg_listing l = {0};
  writing w = {0};
  char path[3][1024];
  static const char *const endings[] = {"pt", "onnx", "safetensors"};
  for (int i = 0; i < 3; i++) snprintf(path[i], sizeof path[i], "%s/%s.%s", dir, f->name, endings[i]);
  vg_status st = vg_gan_new_generator(&spec, (vg_device){0}, &gan);
  if (!st) st = draw_weights(gan, &r);
  if (!st) st = vg_gan_listing(gan, "labels", &l);
  const vg_exported e = {&l, "{\"about\": \"a test\"}", f->softmax ? "fractions" : "images"};
  if (!st) st = vg_export_torchscript(path[0], &e);
  if (!st) st = vg_export_onnx(path[1], &e);
  if (!st) st = add_inputs(&w, f, &l, ids, &r);
  const float *style = NULL;
  for (int i = 0; i < w.n; i++)
    if (!strcmp(w.names[i], "style")) style = w.data[i];
  const vg_gan_draw draw = {.noise = f->noise, .ids = ids, .style = style};
  float *out = st ? NULL : add(&w, "output", f->n, OUT, f->dim);
  if (out) st = vg_gan_generate(gan, w.data[0], f->n, f->dim, &draw, out);
  if (!st) st = vg_st_write(path[2], w.e, (size_t)w.n, NULL);
  for (int i = 0; i < w.n; i++) vg_free(w.data[i]);
  vg_listing_release(&l);
  vg_gan_free(gan);
  return st;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  for (int i = 0; i < (int)(sizeof forms / sizeof *forms); i++)
    if (write_case(argv[1], &forms[i], i)) {
      fprintf(stderr, "%s: %s\n", forms[i].name, vg_error());
      return 1;
    }
  return 0;
}
