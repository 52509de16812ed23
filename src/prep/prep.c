/* prep.c: converts the files of a subject to label fractions and intensities on one grid around the brain. */
#include "prep/prep.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/simd.h"
#include "prep/brain.h"
#include "prep/maps_read.h"
#include "prep/prep_case.h"
#include "base/number/order_statistic.h"
#include "prep/range.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/number/extent.h"
#include "base/whole.h"

/* ---- the block ---- */

vg_case_layout vg_case_layout_of(const vg_case *c, bool kinds) {
  size_t n = vg_extent_voxels(c->record.dim);
  vg_case_layout l = {0};
  l.kinds = vg_align64((size_t)c->n_classes * n);
  l.image = l.kinds + (kinds ? vg_align64(vg_extent_voxels(c->record.crop_dim)) : 0);
  l.brain = l.image + vg_align64((size_t)c->n_series * n * sizeof(int16_t));
  l.native_brain = l.brain + vg_align64(n);
  l.tumour = l.native_brain + vg_align64((vg_extent_voxels(c->record.crop_dim) + 7) / 8);
  l.total = l.tumour + vg_align64(c->n_tumour * sizeof(uint32_t));
  return l;
}

/* Points the arrays into block. kinds is NULL where the layout has no place for them. */
static void place(vg_case *c, const vg_case_layout *l, const void *block) {
  const uint8_t *b = block;
  c->labels = b + l->labels;
  c->kinds = l->image > l->kinds ? b + l->kinds : NULL;
  c->image = c->n_series ? (const int16_t *)(const void *)(b + l->image) : NULL;
  c->brain = b + l->brain;
  c->native_brain = b + l->native_brain;
  c->tumour = (const uint32_t *)(const void *)(b + l->tumour);
}

void vg_case_release(vg_case *c) {
  if (!c) return;
  vg_free(c->id);
  vg_free(c->owned);
  vg_free(c->made);
  if (c->map.bytes) vg_map_release(&c->map);
  memset(c, 0, sizeof *c);
}

/* ---- work in progress ---- */

typedef struct work {
  const vg_dataset *ds;
  const vg_subject *subject;
  const vg_prep_settings *settings;
  vg_case_inputs in;
  vg_case *c;
  vg_case_grid scan;
  uint8_t *klass; /* (Z, Y, X) of the whole scan: class + 1 */
  uint8_t *brain; /* 0/1 */
  uint8_t *head;  /* heads: 0/1, where the percentiles are taken; NULL: in the brain */
  uint8_t *kind;  /* synthetic: as klass */
  vg_volume volumes[VG_SERIES_MAX];
  size_t n; /* voxels of the scan */
  vg_resampler resampler;
  float *crop, *grid; /* one channel before and after resampling */
  float *share;       /* share of brain in each prepared voxel; NULL if the grids are equal */
  uint8_t *block;
  vg_case_layout layout;
} work;

/* ---- geometry ---- */

/* The voxel size to work at along an axis of mm. A grid that is almost at it stays unchanged. */
static double target_spacing(const vg_prep_settings *s, int axis, double mm) {
  const double wanted = s->spacing[axis];
  if (wanted > 0) return fabs(wanted / mm - 1) < 1e-3 ? mm : wanted;
  const double least = s->seen[0][axis], most = s->seen[1][axis];
  if (!(least > 0)) return mm;
  if (mm < least * (1 - VG_SEEN_SLACK)) return least;
  return mm > most * (1 + VG_SEEN_SLACK) ? most : mm;
}

static void warn_of_other_voxels(const work *w, const double mm[3]) {
  static _Atomic long count;
  const vg_prep_record *r = &w->c->record;
  const long nth = ++count;
  char text[256];
  snprintf(
      text, sizeof text,
      "voxels of %.4gx%.4gx%.4g mm, but the model learned on others: resampled to %.4gx%.4gx%.4g mm, and the "
      "result back",
      mm[0], mm[1], mm[2], r->spacing[0], r->spacing[1], r->spacing[2]);
  if (nth == 1)
    vg_warn("%s: %s; further cases are listed by --verbose only", w->scan.path, text);
  else
    vg_debug("%s: %s", w->scan.path, text);
}

static vg_status find_crop(work *w) {
  vg_prep_record *r = &w->c->record;
  const int *dim = r->ras.dim;
  int lo[3] = {dim[0], dim[1], dim[2]}, hi[3] = {-1, -1, -1};
  for (int z = 0; z < dim[2]; z++)
    for (int y = 0; y < dim[1]; y++) {
      const uint8_t *row = w->brain + vg_extent_index(dim, 0, y, z);
      const uint8_t *first = memchr(row, 1, (size_t)dim[0]), *last = memrchr(row, 1, (size_t)dim[0]);
      if (!first) continue;
      int least[3] = {(int)(first - row), y, z}, most[3] = {(int)(last - row), y, z};
      for (int a = 0; a < 3; a++) {
        if (least[a] < lo[a]) lo[a] = least[a];
        if (most[a] > hi[a]) hi[a] = most[a];
      }
    }
  if (hi[0] < 0) return vg_fail(VG_DATA, "%s: it has no labelled voxel, so there is no brain", w->scan.path);
  double mm[3];
  bool other = false;
  vg_geometry_spacing(&r->ras, mm);
  for (int a = 0; a < 3; a++) {
    int margin = vg_int_of(ceil(w->settings->margin / mm[a] - 1e-6));
    lo[a] = lo[a] > margin ? lo[a] - margin : 0;
    hi[a] = hi[a] + margin < dim[a] ? hi[a] + margin : dim[a] - 1;
    r->crop_lo[a] = lo[a];
    r->crop_dim[a] = hi[a] - lo[a] + 1;
    /* A slice keeps its thickness. */
    r->spacing[a] = dim[a] == 1 ? mm[a] : target_spacing(w->settings, a, mm[a]);
    bool same = r->spacing[a] == mm[a];
    other |= !same && w->settings->spacing[a] <= 0;
    double size = r->crop_dim[a] * mm[a] / r->spacing[a];
    r->dim[a] = same ? r->crop_dim[a] : vg_int_of(fmax(1, ceil(size - 1e-3)));
  }
  if (other) warn_of_other_voxels(w, mm);
  return VG_OK;
}

vg_status vg_record_resampler(const vg_prep_record *r, bool back, vg_resampler *out) {
  double mm[3], step[3], start[3];
  vg_geometry_spacing(&r->ras, mm);
  for (int a = 0; a < 3; a++) {
    /* The prepared grid and the crop have the same centre. */
    double native = r->crop_dim[a] * mm[a], prepared = r->dim[a] * r->spacing[a];
    step[a] = back ? mm[a] / r->spacing[a] : r->spacing[a] / mm[a];
    start[a] = back ? (prepared - native) / 2 / r->spacing[a] : (native - prepared) / 2 / mm[a];
  }
  return back ? vg_resampler_init(out, r->dim, r->crop_dim, step, start, true)
              : vg_resampler_init(out, r->crop_dim, r->dim, step, start, false);
}

/* Visits the rows of the crop, with the offset of each in the scan and in the crop. */
#define EACH_CROP_ROW(r, from, to)                                                                      \
  for (int z_ = 0; z_ < (r)->crop_dim[2]; z_++)                                                         \
    for (int y_ = 0; y_ < (r)->crop_dim[1]; y_++)                                                       \
      for (size_t from = (((size_t)((r)->crop_lo[2] + z_) * (size_t)(r)->ras.dim[1]) +                  \
                          (size_t)((r)->crop_lo[1] + y_)) *                                             \
                             (size_t)(r)->ras.dim[0] +                                                  \
                         (size_t)(r)->crop_lo[0],                                                       \
                  to = ((size_t)z_ * (size_t)(r)->crop_dim[1] + (size_t)y_) * (size_t)(r)->crop_dim[0], \
                  once_ = 1;                                                                            \
           once_; once_ = 0)

VG_HOT static void pick(const uint8_t *in, uint8_t value, float *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = in[i] == value;
}

VG_HOT static void pick_values(const float *in, const uint8_t *brain, float *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = brain[i] ? in[i] : 0;
}

/* ---- labels ---- */

static void native_bits(work *w) {
  const vg_prep_record *r = &w->c->record;
  uint8_t *bits = w->block + w->layout.native_brain;
  EACH_CROP_ROW(r, from, to) {
    if (w->kind) memcpy(w->block + w->layout.kinds + to, w->kind + from, (size_t)r->crop_dim[0]);
  }
  EACH_CROP_ROW(r, from, to) for (size_t x = 0; x < (size_t)r->crop_dim[0]; x++) {
    size_t i = to + x;
    bits[i >> 3] = (uint8_t)(bits[i >> 3] | w->brain[from + x] << (i & 7));
  }
}

static void brain_grid(work *w) {
  const vg_prep_record *r = &w->c->record;
  uint8_t *brain = w->block + w->layout.brain;
  if (w->resampler.identity) {
    EACH_CROP_ROW(r, from, to) memcpy(brain + to, w->brain + from, (size_t)r->crop_dim[0]);
    return;
  }
  EACH_CROP_ROW(r, from, to) pick(w->brain + from, 1, w->crop + to, (size_t)r->crop_dim[0]);
  vg_resample(&w->resampler, w->crop, w->share);
  size_t n = vg_extent_voxels(r->dim);
  for (size_t i = 0; i < n; i++) brain[i] = w->share[i] >= 0.4999999f;
}

/* Rounds cumulative sums, not single fractions, so that no voxel adds up to more than 255. */
VG_HOT static void add_fraction(const float *f, const float *share, const uint8_t *brain, float *sum,
                                uint8_t *out, size_t n) {
  for (size_t i = 0; i < n; i++) {
    float before = sum[i], now = before + f[i] / (brain[i] ? share[i] : 1.0f);
    now = now > 1 ? 1 : now;
    sum[i] = now;
    int q = (int)(now * 255 + 0.5f) - (int)(before * 255 + 0.5f);
    out[i] = (uint8_t)(brain[i] ? q : 0);
  }
}

static vg_status label_grid(work *w) {
  const vg_prep_record *r = &w->c->record;
  size_t n = vg_extent_voxels(r->dim);
  bool present[256] = {false};
  EACH_CROP_ROW(r, from, to) {
    (void)to;
    for (int x = 0; x < r->crop_dim[0]; x++) present[w->klass[from + (size_t)x]] = true;
  }
  uint8_t *labels = w->block + w->layout.labels;
  float *sum = NULL;
  if (!w->resampler.identity && !(sum = vg_calloc(n, sizeof *sum))) return VG_MEMORY;
  for (int k = 0; k < w->c->n_classes; k++, labels += n) {
    if (!present[k + 1]) continue; /* the block is already zero */
    if (w->resampler.identity) {
      EACH_CROP_ROW(r, from, to)
      for (size_t x = 0; x < (size_t)r->crop_dim[0]; x++)
        labels[to + x] = w->klass[from + x] == k + 1 ? 255 : 0;
      continue;
    }
    EACH_CROP_ROW(r, from, to) pick(w->klass + from, (uint8_t)(k + 1), w->crop + to, (size_t)r->crop_dim[0]);
    vg_resample(&w->resampler, w->crop, w->grid);
    add_fraction(w->grid, w->share, w->block + w->layout.brain, sum, labels, n);
  }
  vg_free(sum);
  return VG_OK;
}

/* Lists the voxels that are mostly tumour. If there are too many, takes an evenly spaced selection. */
static uint32_t tumour_voxels(const vg_case *c, const uint8_t *labels, uint32_t *out) {
  size_t n = vg_extent_voxels(c->record.dim), all = 0, seen = 0;
  uint32_t found = 0;
  for (int pass = 0; pass < 2; pass++)
    for (size_t i = 0; i < n; i++) {
      unsigned sum = 0;
      for (int k = c->n_anatomy; k < c->n_classes; k++) sum += labels[(size_t)k * n + i];
      if (sum < 128) continue;
      if (pass == 0) {
        all++;
        continue;
      }
      size_t most = all < VG_CASE_TUMOUR ? all : VG_CASE_TUMOUR;
      if (seen * most / all != (seen + 1) * most / all) out[found++] = (uint32_t)i;
      seen++;
    }
  return found;
}

/* ---- intensities ---- */

VG_HOT static void quantise(const float *v, const float *share, const uint8_t *brain, const vg_range *range,
                            int16_t *out, size_t n) {
  float lo = (float)range->lo, scale = (float)(2 / (range->hi - range->lo));
  for (size_t i = 0; i < n; i++) {
    float x = ((share ? v[i] / (brain[i] ? share[i] : 1.0f) : v[i]) - lo) * scale - 1;
    x = !(x > -1) ? -1 : x > 1 ? 1 : x;
    out[i] = (int16_t)(brain[i] ? (int)(x * 32767 + (x < 0 ? -0.5f : 0.5f)) : -32767);
  }
}

static vg_status series_grid(work *w, int s) {
  const vg_prep_record *r = &w->c->record;
  vg_range *range = &w->c->ranges[s];
  const size_t n = vg_extent_voxels(r->dim);
  int16_t *image = (int16_t *)(void *)(w->block + w->layout.image) + (size_t)s * n;
  if (!w->in.series[s]) {
    *range = (vg_range){0, 1, 0};
    for (size_t i = 0; i < n; i++) image[i] = -32767;
    return VG_OK;
  }
  vg_volume *v = &w->volumes[s];
  if (!v->data) {
    vg_status st = vg_case_read_series(&w->scan, w->in.series[s], v);
    if (st) return st;
    vg_background bg;
    vg_background_find(v, &bg);
    range->background = bg.value;
  }
  double limits[2];
  vg_status st = vg_percentiles(v->data, w->head ? w->head : w->brain, w->n, w->settings->percentile, limits);
  if (st) return st;
  range->lo = w->head ? fmin(limits[0], range->background) : limits[0];
  range->hi = limits[1];
  if (!vg_range_spans(range->lo, range->hi)) {
    vg_warn("%s: all voxels of its brain have the same intensity, %g", w->in.series[s], range->lo);
    range->hi = range->lo + 1;
  }
  EACH_CROP_ROW(r, from, to)
  pick_values(v->data + from, w->brain + from, w->crop + to, (size_t)r->crop_dim[0]);
  vg_volume_release(v);
  float *grid = w->crop;
  if (!w->resampler.identity) vg_resample(&w->resampler, w->crop, grid = w->grid);
  quantise(grid, w->share, w->block + w->layout.brain, range, image, n);
  return VG_OK;
}

/* ---- the whole preparation ---- */

static void work_release(work *w) {
  vg_free(w->klass);
  vg_free(w->brain);
  vg_free(w->head);
  vg_free(w->kind);
  for (int i = 0; i < VG_SERIES_MAX; i++) vg_volume_release(&w->volumes[i]);
  vg_resampler_release(&w->resampler);
  vg_free(w->crop);
  vg_free(w->grid);
  vg_free(w->share);
  vg_free(w->block);
}

/* Takes the brain mask and the class of each voxel. */
static vg_status take_maps(work *w, const vg_maps *m) {
  vg_prep_record *r = &w->c->record;
  r->native = m->native;
  r->ras = m->geo;
  r->xform_code = m->xform_code;
  w->n = vg_geometry_voxels(&m->geo);
  w->klass = vg_malloc(w->n, 1);
  w->brain = vg_malloc(w->n, 1);
  if (!w->klass || !w->brain) return VG_MEMORY;
  memcpy(w->brain, m->brain, w->n);
  if (m->kind) {
    w->kind = vg_malloc(w->n, 1);
    if (!w->kind) return VG_MEMORY;
    memcpy(w->kind, m->kind, w->n);
  }
  return vg_maps_join(m, &w->settings->classes, w->klass);
}

static vg_status make_block(work *w) {
  vg_case *c = w->c;
  const vg_prep_record *r = &c->record;
  /* A double, because the product of three ints may be no size_t. */
  if ((double)r->dim[0] * r->dim[1] * r->dim[2] > UINT32_MAX)
    return vg_fail(VG_DATA, "%s: more than 2^32 voxels at %gx%gx%g mm", w->scan.path, r->spacing[0],
                   r->spacing[1], r->spacing[2]);
  size_t n = vg_extent_voxels(r->dim);
  vg_status st = vg_record_resampler(r, false, &w->resampler);
  if (st) return st;
  c->n_tumour = c->n_classes > c->n_anatomy ? VG_CASE_TUMOUR : 0;
  w->layout = vg_case_layout_of(c, w->kind != NULL);
  w->block = vg_calloc(w->layout.total, 1);
  w->crop = vg_malloc(vg_extent_voxels(r->crop_dim), sizeof *w->crop);
  if (!w->block || !w->crop) return VG_MEMORY;
  if (w->resampler.identity) return VG_OK;
  w->grid = vg_malloc(n, sizeof *w->grid);
  w->share = vg_malloc(n, sizeof *w->share);
  return w->grid && w->share ? VG_OK : VG_MEMORY;
}

/* A model of whole heads sees every voxel of the crop. */
static vg_status open_mask(work *w) {
  w->head = w->brain;
  w->brain = vg_malloc(w->n, 1);
  if (!w->brain) return VG_MEMORY;
  memset(w->brain, 1, w->n);
  return VG_OK;
}

/* Does everything after the maps were read. */
static vg_status prepare(work *w, const char *id, const vg_maps *maps) {
  vg_case *c = w->c;
  c->id = vg_strdup(id);
  vg_status st = c->id ? take_maps(w, maps) : VG_MEMORY;
  if (!st) st = find_crop(w);
  if (!st && w->settings->heads) st = open_mask(w);
  if (!st) st = make_block(w);
  if (st) return st;
  native_bits(w);
  brain_grid(w);
  st = label_grid(w);
  if (st) return st;
  if (c->n_tumour)
    c->n_tumour =
        tumour_voxels(c, w->block + w->layout.labels, (uint32_t *)(void *)(w->block + w->layout.tumour));
  for (int s = 0; s < c->n_series && !st; s++) st = series_grid(w, s);
  if (st) return st;
  place(c, &w->layout, w->block);
  c->owned = w->block;
  w->block = NULL;
  return VG_OK;
}

static work work_begin(const vg_prep_settings *settings, vg_case *out) {
  memset(out, 0, sizeof *out);
  out->n_classes = settings->classes.n;
  out->n_anatomy = vg_classes_count(&settings->classes, VG_ROLE_ANATOMY);
  out->n_series = settings->series.n;
  return (work){.settings = settings, .c = out};
}

vg_status vg_prepare(const vg_dataset *ds, const vg_subject *subject, const vg_prep_settings *settings,
                     vg_case *out) {
  work w = work_begin(settings, out);
  vg_maps maps = {0};
  vg_status st = vg_case_inputs_of(ds, subject, settings, &w.in);
  if (st) return st; /* its messages name the subject */
  bool keep = settings->series.n > 0;
  out->imaged = w.in.imaged;
  st = vg_case_read_maps(ds, subject, &w.in, settings, &w.scan, keep ? w.volumes : NULL, out->ranges, &maps);
  if (!st) st = prepare(&w, subject->id, &maps);
  vg_maps_release(&maps);
  work_release(&w);
  if (st) vg_case_release(out);
  return st == VG_DATA ? vg_fail_in(st, "subject %s", subject->id) : st;
}

vg_status vg_prepare_maps(const char *id, const vg_maps *maps, const vg_prep_settings *settings,
                          vg_case *out) {
  if (settings->series.n) VG_BUG("images are asked of label maps");
  work w = work_begin(settings, out);
  w.scan.path = id;
  vg_status st = prepare(&w, id, maps);
  work_release(&w);
  if (st) vg_case_release(out);
  return st == VG_DATA ? vg_fail_in(st, "case %s", id) : st;
}
