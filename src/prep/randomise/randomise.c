/* randomise.c: the steps of a sample, one after the other. */
#include "prep/randomise/randomise.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/number/extent.h"
#include "prep/randomise/blur.h"
#include "prep/randomise/contrast.h"
#include "prep/randomise/deform.h"
#include "prep/randomise/field.h"
#include "prep/randomise/head.h"
#include "prep/randomise/noise.h"
#include "prep/randomise/scanner.h"
#include "prep/randomise/tone.h"

#define PART_MM 20 /* between the nodes of the field that parts a tissue */

struct vg_randomiser {
  vg_randomise how;
  int dim[3];
  size_t n;
  uint8_t *kinds;
  float *planes[4]; /* n floats each, one behind the other */
  float *scratch;   /* of a field */
};

vg_status vg_randomiser_new(const vg_randomise *how, const int dim[3], vg_randomiser **out) {
  *out = NULL;
  vg_randomiser *r = VG_NEW(vg_randomiser);
  if (!r) return VG_MEMORY;
  r->how = *how;
  memcpy(r->dim, dim, sizeof r->dim);
  r->n = vg_extent_voxels(dim);
  /* The most nodes that a field may have. */
  const vg_field most = vg_field_of(dim, (const double[3]){1e-3, 1e-3, 1e-3}, 0);
  r->kinds = vg_malloc(r->n, 1);
  r->planes[0] = vg_malloc(4 * r->n, sizeof **r->planes);
  r->scratch = vg_malloc(vg_field_scratch(&most), sizeof *r->scratch);
  if (!r->kinds || !r->planes[0] || !r->scratch) {
    vg_randomiser_free(r);
    return VG_MEMORY;
  }
  for (int k = 1; k < 4; k++) r->planes[k] = r->planes[0] + (size_t)k * r->n;
  *out = r;
  return VG_OK;
}

void vg_randomiser_free(vg_randomiser *r) {
  if (!r) return;
  vg_free(r->kinds);
  vg_free(r->planes[0]);
  vg_free(r->scratch);
  vg_free(r);
}

static void field(vg_randomiser *r, const double mm[3], double cell_mm, double sd, vg_rng *g, float *out) {
  const vg_field f =
      vg_field_of(r->dim, (const double[3]){cell_mm / mm[0], cell_mm / mm[1], cell_mm / mm[2]}, sd);
  vg_field_draw(&f, g, r->scratch, out);
}

static bool happens(vg_rng *g, double probability) {
  return vg_rng_uniform(g, 0, 1) < probability;
}

/* What there is: the same for every series. Returns whether the head outside the brain is missing. */
static bool place(vg_randomiser *r, const vg_randomise_source *s, vg_rng *g) {
  vg_deform d;
  const float *shift[3] = {r->planes[0], r->planes[1], r->planes[2]};
  vg_deform_draw(&r->how, g, &d);
  const double sd = vg_rng_uniform(g, 0, r->how.elastic);
  for (int a = 0; a < 3; a++) field(r, s->sample_mm, r->how.elastic_mm, sd, g, r->planes[a]);
  vg_deform_kinds(&d, s, r->dim, shift, r->kinds);
  const bool strip = happens(g, r->how.strip);
  if (strip) vg_head_strip(r->kinds, r->dim, s->sample_mm, s->table, g, r->planes[0], r->planes[1]);
  if (happens(g, r->how.crop)) vg_head_crop(r->kinds, r->dim, g);
  return strip;
}

static void put_labels(const vg_randomiser *r, const vg_kinds *table, int n_classes, float *labels) {
  for (int k = 0; k < n_classes; k++, labels += r->n) {
    float of[VG_KINDS_MAX + 1] = {0};
    for (int i = 1; i <= table->n; i++) of[i] = table->klass[i] == k + 1;
    for (size_t i = 0; i < r->n; i++) labels[i] = of[r->kinds[i]];
  }
}

/* The voxel sizes of the scanner, in ours: slices of one thickness across one axis, in the plane one size
 * that is no larger. */
static void draw_scanner(const vg_randomise *how, const double mm[3], vg_rng *g, double step[3],
                         double shift[3]) {
  const bool thick = happens(g, how->slice_share);
  const int axis = (int)vg_rng_below(g, 3);
  const double slice = vg_rng_uniform(g, how->slice[0], how->slice[1]);
  const double plane = vg_rng_uniform(g, how->slice[0], fmin(slice, how->slice[0] + 1));
  for (int a = 0; a < 3; a++) {
    const double size = (a == axis ? slice : plane) / mm[a];
    step[a] = thick && size > 1 ? size : 1;
    shift[a] = vg_rng_uniform(g, 0, 1);
  }
}

static void scan(vg_randomiser *r, const double mm[3], vg_rng *g, uint64_t seed, uint64_t key, float *v) {
  const vg_randomise *how = &r->how;
  double step[3], shift[3], sigma[3];
  draw_scanner(how, mm, g, step, shift);
  const double partial = vg_rng_uniform(g, 0, how->partial);
  for (int a = 0; a < 3; a++) sigma[a] = hypot(partial / mm[a], vg_scanner_sigma(step[a]));
  vg_blur(v, r->dim, sigma, r->planes[3]);
  const vg_scanner s = vg_scanner_of(r->dim, step, shift);
  vg_scanner_sample(&s, r->dim, v, r->planes[3]);
  const double sd = vg_rng_uniform(g, 0, how->noise);
  const bool rician = happens(g, how->rician);
  (rician ? vg_noise_rician : vg_noise_gaussian)(v, vg_extent_voxels(s.dim), sd, seed,
                                                 vg_rng_key("noise", key, 0), r->planes[0]);
  vg_scanner_back(&s, r->dim, v, r->planes[3]);
}

/* The share, from 1 to 0, of a change that is to come; it takes this many epochs. 0: there is none. */
static double to_come(int epochs, long epoch) {
  return epochs > 0 ? fmax(0, 1 - (double)epoch / epochs) : 0;
}

static vg_randomise in_epoch(const vg_randomise *how, long epoch) {
  vg_randomise now = *how;
  now.sorted = fmax(how->sorted, to_come(how->sorted_epochs, epoch));
  if (how->gap_epochs > 0) now.gap = how->gap * to_come(how->gap_epochs, epoch);
  return now;
}

static bool shows_lesion(const vg_randomiser *r, const vg_kinds *table) {
  for (size_t i = 0; i < r->n; i++)
    if (table->lesion[r->kinds[i]]) return true;
  return false;
}

/* The rim or the mottling of tumours that edits made. */
static void add_texture(vg_randomiser *r, const vg_randomise_source *s, const vg_contrast *c, uint64_t seed,
                        uint64_t key, float *v) {
  if (!shows_lesion(r, s->table)) return;
  vg_rng g = vg_rng_init(seed, vg_rng_key("tumour texture", key, 0));
  vg_texture t;
  vg_texture_draw(&r->how, c, s->table, &g, &t);
  if (t.rim_mm > 0)
    vg_texture_rim(&t, c, s->table, r->kinds, r->dim, s->sample_mm, r->planes[0], r->planes[3], v);
  if (!(t.mottle > 0)) return;
  field(r, s->sample_mm, r->how.tumour_mottle_mm, t.mottle, &g, r->planes[0]);
  vg_texture_mottle(s->table, r->kinds, r->planes[0], v, r->n);
}

static void paint(vg_randomiser *r, const vg_randomise_source *s, uint64_t seed, uint64_t key, float *v) {
  const vg_randomise *how = &r->how, now = in_epoch(how, s->epoch);
  vg_rng g = vg_rng_init(seed, key);
  vg_contrast c;
  double range[2];
  vg_contrast_draw(&now, s->table, &g, &c);
  vg_noise_normals(seed, vg_rng_key("texture", key, 0), r->planes[0], r->n);
  field(r, s->sample_mm, PART_MM, 1, &g, r->planes[2]);
  vg_contrast_paint(&c, r->kinds, r->planes[2], r->planes[0], v, r->n);
  add_texture(r, s, &c, seed, key, v);
  field(r, s->sample_mm, how->bias_mm, vg_rng_uniform(&g, 0, how->bias), &g, r->planes[2]);
  vg_tone_shade(v, r->planes[2], r->n);
  scan(r, s->sample_mm, &g, seed, key, v);
  vg_tone_range(v, r->kinds, r->n, (const double[2]){0.5, 99.5}, range);
  const double lo = fmin(range[0], (double)c.mean[0]);
  /* A sample may lack the brightest voxels of its head, which set the range of a whole scan. */
  const double hi = lo + (range[1] - lo) * vg_rng_uniform(&g, 0.9, 1.5);
  vg_tone_map(v, r->n, lo, hi, exp(vg_rng_uniform(&g, -how->gamma, how->gamma)));
}

void vg_randomiser_make(vg_randomiser *r, const vg_randomise_source *source, uint64_t seed, uint64_t key,
                        int n_classes, float *labels, int n_series, float *image) {
  vg_rng g = vg_rng_init(seed, vg_rng_key("randomise", key, 0));
  const bool strip = place(r, source, &g);
  put_labels(r, source->table, n_classes, labels);
  for (int s = 0; s < n_series; s++, image += r->n) {
    paint(r, source, seed, vg_rng_key("randomise series", key, (uint64_t)s), image);
    if (!strip) continue;
    for (size_t i = 0; i < r->n; i++)
      if (!r->kinds[i]) image[i] = -1;
  }
}
