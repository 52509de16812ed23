/* case_images.c: synthetic images of whole cases. */
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "base/number/extent.h"
#include "sample/case_images.h"
#include "voxgan/rng.h"

vg_randomise_source vg_case_source(const vg_case *c, const vg_kinds *kinds) {
  const vg_prep_record *r = &c->record;
  vg_randomise_source s = {.kinds = c->kinds, .table = kinds};
  double mm[3];
  vg_geometry_spacing(&r->ras, mm);
  for (int a = 0; a < 3; a++) {
    s.dim[a] = r->crop_dim[2 - a];
    s.mm[a] = mm[2 - a];
    s.sample_mm[a] = r->spacing[2 - a];
    s.centre[a] = (s.dim[a] - 1) / 2.0;
  }
  return s;
}

static void quantise(const float *in, int16_t *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = (int16_t)(in[i] * 32767 + (in[i] < 0 ? -0.5f : 0.5f));
}

static void take_labels(const float *in, uint8_t *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = in[i] > 0 ? 255 : 0;
}

vg_status vg_case_add_images(vg_case *c, const vg_randomise *how, const vg_kinds *kinds,
                             const uint8_t *edited, uint64_t seed) {
  vg_randomise still = *how;
  still.scale[0] = still.scale[1] = 1;
  still.stretch = still.rotate = still.shear = still.elastic = still.strip = still.crop = 0;
  const int dim[3] = {c->record.dim[2], c->record.dim[1], c->record.dim[0]};
  const int classes = edited ? c->n_classes : 0;
  const size_t n = vg_extent_voxels(dim), n_image = n * (size_t)c->n_series, n_labels = n * (size_t)classes;
  vg_randomiser *r = NULL;
  float *image = vg_malloc(n_image, sizeof *image), *labels = vg_malloc(n_labels, sizeof *labels);
  uint8_t *own = vg_malloc(n_image * sizeof(int16_t) + n_labels, 1);
  vg_status st = image && labels && own ? vg_randomiser_new(&still, dim, &r) : VG_MEMORY;
  if (!st) {
    vg_randomise_source s = vg_case_source(c, kinds);
    s.epoch = LONG_MAX; /* after all changes that take epochs */
    if (edited) s.kinds = edited;
    vg_randomiser_make(r, &s, seed, vg_rng_key(c->id, 0, 0), classes, labels, c->n_series, image);
    quantise(image, (int16_t *)(void *)own, n_image);
    take_labels(labels, own + n_image * sizeof(int16_t), n_labels);
    c->made = own;
    c->image = (const int16_t *)(const void *)own;
    if (edited) c->labels = own + n_image * sizeof(int16_t);
    own = NULL;
  }
  vg_randomiser_free(r);
  vg_free(image);
  vg_free(labels);
  vg_free(own);
  return st;
}
