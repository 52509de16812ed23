/* sample.c: makes one training sample: picks a part of a case, or draws an image for its map, and alters it.
 */
#include "sample/sample.h"

#include <string.h>

#include "base/mem.h"
#include "base/number/extent.h"
#include "base/simd.h"
#include "prep/pack/channel.h"
#include "sample/augment.h"
#include "sample/case_images.h"
#include "sample/spatial.h"
#include "sample/tumour_crop.h"
#include "sample/view.h"
#include "voxgan/rng.h"

/* ---- a part of a case ---- */

VG_HOT static void fractions(const uint8_t *in, float *out, int n) {
  for (int i = 0; i < n; i++) out[i] = (float)in[i] * (1.0f / 255);
}

VG_HOT static void intensities(const int16_t *in, float *out, int n) {
  for (int i = 0; i < n; i++) out[i] = (float)in[i] * (1.0f / 32767);
}

static void fill(float *out, float value, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = value;
}

/* Copies the part of one channel that lies inside the case; a row runs along x. */
static void copy_channel(const vg_channel *ch, bool image, const int lo[3], const int dim[3], float *out) {
  const float outside = image ? -1.0f : 0.0f;
  for (int z = 0; z < dim[0]; z++)
    for (int y = 0; y < dim[1]; y++, out += dim[2]) {
      const vg_row r = vg_channel_row(ch, y + lo[1], z + lo[0]);
      const int64_t first = (int64_t)r.x - lo[2], end = first + r.n;
      const int from = first > 0 ? (int)first : 0, to = end < dim[2] ? (int)end : dim[2];
      if (from >= to) {
        fill(out, outside, (size_t)dim[2]);
        continue;
      }
      fill(out, outside, (size_t)from);
      const size_t at = (size_t)r.at + (size_t)(from - first);
      if (image)
        intensities((const int16_t *)ch->values + at, out + from, to - from);
      else if (r.at == VG_ROW_FULL)
        fill(out + from, (float)ch->full * (1.0f / 255), (size_t)(to - from));
      else
        fractions((const uint8_t *)ch->values + at, out + from, to - from);
      fill(out + to, outside, (size_t)(dim[2] - to));
    }
}

void vg_case_patch(const vg_case *c, const int lo[3], const int dim[3], float *labels, float *image) {
  const size_t patch = vg_extent_voxels(dim);
  for (int k = 0; labels && k < c->n_classes; k++) {
    const vg_channel ch = vg_case_labels(c, k);
    copy_channel(&ch, false, lo, dim, labels + (size_t)k * patch);
  }
  for (int k = 0; image && k < c->n_series; k++) {
    const vg_channel ch = vg_case_image(c, k);
    copy_channel(&ch, true, lo, dim, image + (size_t)k * patch);
  }
}

/* ---- what a worker needs ---- */

static int views_of(const vg_loader_settings *s) {
  return s->all_views ? VG_VIEWS : 1;
}

/* The views take turns, except that a case of one slice has one. */
static int view_of(const vg_loader_settings *s, const vg_case *c, long epoch, long sample) {
  int view = (int)((epoch + sample) % views_of(s));
  for (int k = 0; k < VG_VIEWS && s->all_views && !vg_view_shows(c->record.dim, view); k++)
    view = (view + 1) % VG_VIEWS;
  return view;
}

/* The extent of the samples of a view. */
static void extent_of(const vg_loader_settings *s, int view, int dim[3]) {
  memcpy(dim, s->patch, 3 * sizeof *dim);
  if (s->all_views) vg_view_extent(s->patch, view, dim);
}

vg_status vg_sample_memory_init(const vg_sample_maker *m, vg_sample_memory *memory) {
  const vg_loader_settings *s = m->s;
  const size_t patch = vg_extent_voxels(s->patch);
  *memory = (vg_sample_memory){.scratch = vg_malloc((1 + VG_AUGMENT_SCRATCH) * patch, sizeof(float))};
  vg_status st = memory->scratch ? VG_OK : VG_MEMORY;
  if (!st) st = vg_case_order_init(&memory->order, s->seed, m->n_cases, s->last, s->mix);
  size_t field = 0;
  for (int v = 0; v < views_of(s); v++) {
    int dim[3];
    extent_of(s, v, dim);
    const size_t needed = vg_spatial_scratch(dim);
    if (needed > field) field = needed;
    if (!st && s->randomise) st = vg_randomiser_new(s->randomise, dim, &memory->randomiser[v]);
  }
  if (!st && vg_spatial_wanted(&s->augment)) {
    memory->positions = vg_malloc(3 * patch, sizeof *memory->positions);
    memory->field = vg_malloc(field, sizeof *memory->field);
    if (!memory->positions || !memory->field) st = VG_MEMORY;
  }
  if (st) vg_sample_memory_release(memory);
  return st;
}

void vg_sample_memory_release(vg_sample_memory *memory) {
  vg_case_order_release(&memory->order);
  vg_free(memory->scratch);
  vg_free(memory->positions);
  vg_free(memory->field);
  for (int v = 0; v < VG_VIEWS; v++) vg_randomiser_free(memory->randomiser[v]);
}

/* ---- a sample ---- */

/* Chooses the corner of the patch: D, H, W. */
static void pick_corner(const vg_sample_maker *m, const vg_case *c, const int dim[3], vg_rng *r, int lo[3]) {
  const int have[3] = {c->record.dim[2], c->record.dim[1], c->record.dim[0]};
  bool centred = vg_rng_uniform(r, 0, 1) < m->s->tumour_share && c->n_tumour > 0;
  int centre[3] = {0, 0, 0};
  if (centred) {
    uint32_t at = c->tumour[vg_rng_below(r, c->n_tumour)];
    centre[2] = (int)(at % (uint32_t)have[2]);
    centre[1] = (int)(at / (uint32_t)have[2] % (uint32_t)have[1]);
    centre[0] = (int)(at / (uint32_t)have[2] / (uint32_t)have[1]);
  }
  for (int a = 0; a < 3; a++) {
    int room = have[a] - dim[a];
    if (room <= 0) {
      /* Not always centred: otherwise the network's strides would hit the same voxels of a subject each time,
       * and the network would memorise a small data set. */
      lo[a] = -(int)vg_rng_below(r, (uint64_t)-room + 1);
    } else if (centred) {
      lo[a] = centre[a] - dim[a] / 2;
      lo[a] = lo[a] < 0 ? 0 : lo[a] > room ? room : lo[a];
    } else {
      lo[a] = (int)vg_rng_below(r, (uint64_t)room + 1);
    }
  }
}

/* A source's position of voxel lo of the prepared grid (x, y, z as D, H, W); both grids have the same centre.
 */
static vg_randomise_source source_of(const vg_sample_maker *m, const vg_case *c, const double centre[3]) {
  vg_randomise_source s = vg_case_source(c, m->s->kinds);
  for (int a = 0; a < 3; a++) {
    const double mm = (centre[a] - (c->record.dim[2 - a] - 1) / 2.0) * s.sample_mm[a];
    s.centre[a] += mm / s.mm[a];
  }
  return s;
}

/* Moves the sample's centre to a voxel of the map, given by its index. */
static void centre_on(size_t at, vg_randomise_source *s) {
  const size_t row = at / (size_t)s->dim[2];
  s->centre[0] = (double)(row / (size_t)s->dim[1]);
  s->centre[1] = (double)(row % (size_t)s->dim[1]);
  s->centre[2] = (double)(at % (size_t)s->dim[2]);
}

/* Moves half of the samples to a voxel of the brain, since most of a head is not brain. */
static void pick_labelled(const vg_kinds *kinds, vg_rng *r, vg_randomise_source *s) {
  const size_t n = vg_extent_voxels(s->dim);
  if (vg_rng_uniform(r, 0, 1) < 0.5) return;
  for (int attempt = 0; attempt < 64; attempt++) {
    const size_t at = vg_rng_below(r, n);
    if (!vg_kinds_in_brain(kinds, s->kinds[at])) continue;
    centre_on(at, s);
    return;
  }
}

/* Borrows an edited map for a share of the samples; NULL for the others. */
static vg_status take_edited(const vg_sample_maker *m, const vg_case *c, long epoch, vg_rng *r,
                             const vg_edited_map **out) {
  const vg_map_editor *editor = m->s->editor;
  *out = NULL;
  if (!editor || vg_rng_uniform(r, 0, 1) >= editor->share) return VG_OK;
  const int variant = (int)vg_rng_below(r, (uint64_t)editor->variants);
  return editor->take(editor->arg, c, (size_t)(c - m->cases), epoch, variant, out);
}

static vg_status make_synthetic(const vg_sample_maker *m, const vg_case *c, long epoch, long sample,
                                const int lo[3], const int dim[3], vg_randomiser *randomiser, float *labels,
                                float *image) {
  double centre[3];
  for (int a = 0; a < 3; a++) centre[a] = lo[a] + (dim[a] - 1) / 2.0;
  vg_randomise_source s = source_of(m, c, centre);
  s.epoch = epoch;
  /* A stream of its own: what else is drawn for a sample does not depend on the edits. */
  vg_rng e = vg_rng_init(m->s->seed, vg_rng_key("loader edits", (uint64_t)epoch, (uint64_t)sample));
  const vg_edited_map *edited;
  vg_status st = take_edited(m, c, epoch, &e, &edited);
  if (st) return st;
  const uint64_t key = vg_rng_key("loader synthetic", (uint64_t)epoch, (uint64_t)sample);
  vg_rng r = vg_rng_init(m->s->seed, key);
  if (edited) s.kinds = edited->kinds;
  if (edited && edited->n_tumour && vg_rng_uniform(&e, 0, 1) < m->s->tumour_share)
    centre_on(edited->tumour[vg_rng_below(&e, edited->n_tumour)], &s);
  else
    pick_labelled(m->s->kinds, &r, &s);
  vg_randomiser_make(randomiser, &s, m->s->seed, key, m->n_classes, labels, m->n_series, image);
  if (edited) m->s->editor->give(m->s->editor->arg, edited);
  return VG_OK;
}

static void mirror(float *v, size_t rows, int n) {
  for (size_t row = 0; row < rows; row++, v += n)
    for (int i = 0, k = n - 1; i < k; i++, k--) {
      float t = v[i];
      v[i] = v[k];
      v[k] = t;
    }
}

VG_HOT static void jitter(float *v, const float *inside, float gain, float shift, size_t n) {
  for (size_t i = 0; i < n; i++) {
    float x = v[i] * gain + shift;
    x = x < -1 ? -1 : x > 1 ? 1 : x;
    v[i] = inside[i] > 0 ? x : v[i];
  }
}

/* A part of a case: the voxels from lo on, or those at positions. */
typedef struct part {
  const vg_case *c;
  int lo[3];
  const float *positions; /* NULL: as they lie in the case */
} part;

/* Fills a mask: above 0 inside the brain of the patch, 0 outside. */
static void brain_patch(const part *p, const int dim[3], float *out) {
  const vg_channel brain = vg_case_brain(p->c);
  if (p->positions)
    vg_spatial_brain(p->c, p->positions, vg_extent_voxels(dim), out);
  else
    copy_channel(&brain, false, p->lo, dim, out);
}

/* Draws whether and how a real sample is turned, resized and bent. */
static void bend(const vg_sample_maker *m, vg_sample_memory *memory, const int dim[3], long epoch,
                 long sample, part *p) {
  if (!memory->positions) return;
  vg_rng r = vg_rng_init(m->s->seed, vg_rng_key("loader spatial", (uint64_t)epoch, (uint64_t)sample));
  if (vg_rng_uniform(&r, 0, 1) >= m->s->augment.share) return;
  vg_spatial_draw(&m->s->augment, p->c, p->lo, dim, &r, memory->field, memory->positions);
  p->positions = memory->positions;
}

static void copy_part(const part *p, const int dim[3], float *labels, float *image) {
  if (p->positions)
    vg_spatial_patch(p->c, p->positions, vg_extent_voxels(dim), labels, image);
  else
    vg_case_patch(p->c, p->lo, dim, labels, image);
}

void vg_sample_background(const float *fractions, int n_classes, size_t patch, float *out) {
  fill(out, 1, patch);
  for (int k = 0; k < n_classes; k++)
    for (size_t i = 0; i < patch; i++) out[i] -= fractions[(size_t)k * patch + i];
  for (size_t i = 0; i < patch; i++) out[i] = out[i] < 0 ? 0 : out[i];
}

/* Afterwards inside holds the brain mask. Augmentation uses scratch. */
static void augment(const vg_sample_maker *m, const part *p, const int dim[3], long epoch, long sample,
                    bool synthetic, float *image, float *inside, float *scratch) {
  const vg_augment *how = &m->s->augment;
  size_t patch = vg_extent_voxels(dim);
  /* A stream of its own: what else is drawn for a sample does not depend on these settings. */
  vg_rng r = vg_rng_init(m->s->seed, vg_rng_key("loader augment", (uint64_t)epoch, (uint64_t)sample));
  bool missing[VG_SERIES_MAX] = {false};
  if (how->share > 0 && !synthetic) {
    brain_patch(p, dim, inside);
    vg_augment_alter(image, m->n_series, inside, dim, how, &r, scratch);
  }
  if (how->drop_series > 0) vg_augment_drop(how->drop_series, m->n_series, &r, missing);
  for (int s = 0; s < m->n_series; s++)
    if (missing[s]) fill(image + (size_t)s * patch, -1, patch);
}

/* Whether a sample is made from the map of kinds. */
static bool is_synthetic(const vg_sample_maker *m, const vg_case *c, long epoch, long sample) {
  if (!m->s->randomise || !c->imaged) return m->s->randomise != NULL;
  vg_rng r = vg_rng_init(m->s->seed, vg_rng_key("loader synthetic share", (uint64_t)epoch, (uint64_t)sample));
  return vg_rng_uniform(&r, 0, 1) < m->s->synthetic_share;
}

vg_status vg_sample_make(const vg_sample_maker *m, vg_sample_memory *memory, long epoch, long sample,
                         float *labels, float *image, float *weight, float *crop) {
  float *scratch = memory->scratch;
  const vg_case *c = &m->cases[vg_case_order_pick(&memory->order, epoch, sample)];
  const int view = view_of(m->s, c, epoch, sample);
  int dim[3];
  extent_of(m->s, view, dim);
  size_t patch = vg_extent_voxels(dim);
  vg_rng r = vg_rng_init(m->s->seed, vg_rng_key("loader sample", (uint64_t)epoch, (uint64_t)sample));
  part p = {.c = c};
  pick_corner(m, c, dim, &r, p.lo);
  float *background = labels;
  if (m->s->background) labels += patch;
  const bool synthetic = is_synthetic(m, c, epoch, sample);
  if (synthetic) {
    vg_status st = make_synthetic(m, c, epoch, sample, p.lo, dim, memory->randomiser[view], labels, image);
    if (st) return st;
  } else {
    bend(m, memory, dim, epoch, sample, &p);
    copy_part(&p, dim, labels, image);
  }
  if (m->n_series) augment(m, &p, dim, epoch, sample, synthetic, image, scratch, scratch + patch);
  if (m->s->jitter > 0 && m->n_series && !synthetic) {
    brain_patch(&p, dim, scratch);
    for (int s = 0; s < m->n_series; s++) {
      float gain = (float)vg_rng_uniform(&r, 1 - m->s->jitter, 1 + m->s->jitter);
      float shift = (float)vg_rng_uniform(&r, -m->s->jitter, m->s->jitter);
      jitter(image + (size_t)s * patch, scratch, gain, shift, patch);
    }
  }
  bool flip = m->s->flip && vg_rng_uniform(&r, 0, 1) < 0.5;
  if (flip) {
    size_t rows = (size_t)dim[0] * (size_t)dim[1];
    mirror(labels, rows * (size_t)m->n_classes, dim[2]);
    mirror(image, rows * (size_t)m->n_series, dim[2]);
  }
  if (m->s->background) vg_sample_background(labels, m->n_classes, patch, background);
  if (crop) {
    vg_rng corner = vg_rng_init(m->s->seed, vg_rng_key("loader box", (uint64_t)epoch, (uint64_t)sample));
    vg_tumour_crop_place(labels + (size_t)m->n_anatomy * patch, m->n_classes - m->n_anatomy, dim, m->s->box,
                         &corner, crop);
  }
  if (weight) {
    float more = (float)(m->s->tumour_weight - 1);
    fill(weight, 1, patch);
    for (int k = m->n_anatomy; k < m->n_classes; k++)
      for (size_t i = 0; i < patch; i++) weight[i] += more * labels[(size_t)k * patch + i];
  }
  return VG_OK;
}
