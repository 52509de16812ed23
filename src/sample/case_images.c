/* case_images.c: synthetic images of whole cases. */
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

vg_status vg_case_add_images(vg_case *c, const vg_randomise *how, const vg_kinds *kinds, uint64_t seed) {
  vg_randomise still = *how;
  still.scale[0] = still.scale[1] = 1;
  still.sorted_epochs = 0;
  still.stretch = still.rotate = still.shear = still.elastic = still.strip = still.crop = 0;
  const int dim[3] = {c->record.dim[2], c->record.dim[1], c->record.dim[0]};
  const size_t n = vg_extent_voxels(dim) * (size_t)c->n_series;
  vg_randomiser *r = NULL;
  float *image = vg_malloc(n, sizeof *image);
  int16_t *own = vg_malloc(n, sizeof *own);
  vg_status st = image && own ? vg_randomiser_new(&still, dim, &r) : VG_MEMORY;
  if (!st) {
    const vg_randomise_source s = vg_case_source(c, kinds);
    vg_randomiser_make(r, &s, seed, vg_rng_key(c->id, 0, 0), 0, NULL, c->n_series, image);
    quantise(image, own, n);
    c->made = own;
    c->image = own;
    own = NULL;
  }
  vg_randomiser_free(r);
  vg_free(image);
  vg_free(own);
  return st;
}
