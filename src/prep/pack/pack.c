/* pack.c: finds the rows of a case's channels that are not background, and stores them. */
#include "prep/pack/pack.h"

#include <string.h>
#include "base/mem.h"
#include "base/number/extent.h"
#include "prep/prep_case.h"

enum { IMAGE, BRAIN, CLASSES }; /* shapes */
#define BACKGROUND (-32767)     /* of an image */
#define LABEL_FULL 255
#define BRAIN_FULL 1

static int shapes_of(const vg_case *c) {
  return CLASSES + c->n_classes;
}

static size_t value_bytes(const vg_case *c, int shape) {
  return shape == IMAGE ? (size_t)c->n_series * sizeof(int16_t) : 1;
}

static size_t rows_of(const vg_shape *s) {
  return (size_t)s->dim[0] * (size_t)s->dim[1];
}

/* Sets where a shape's arrays lie, behind `end`, and returns their end. */
static uint64_t place_shape(vg_shape *s, size_t bytes, uint64_t end) {
  s->rows_at = end;
  s->values_at = vg_align64(s->rows_at + rows_of(s) * sizeof(vg_row));
  return vg_align64(s->values_at + s->values * bytes);
}

/* What follows the channels, in bytes from the first shape. */
typedef struct rest {
  uint64_t kinds, native_brain, tumour, total;
} rest;

static rest rest_of(const vg_case *c, bool kinds, uint64_t end) {
  const uint64_t native = vg_extent_voxels(c->record.crop_dim);
  rest r = {.kinds = end};
  r.native_brain = r.kinds + (kinds ? vg_align64(native) : 0);
  r.tumour = r.native_brain + vg_align64((native + 7) / 8);
  r.total = r.tumour + vg_align64(c->n_tumour * sizeof(uint32_t));
  return r;
}

static uint64_t shapes_end(const vg_case *c) {
  return vg_align64((uint64_t)shapes_of(c) * sizeof(vg_shape));
}

/* ---- channels ---- */

static vg_channel channel_of(const vg_case *c, const void *array, int shape, int series) {
  const int *dim = c->record.dim;
  vg_channel ch = {.values = array, .dim = {dim[1], dim[2]}, .width = dim[0]};
  ch.full = shape == BRAIN ? BRAIN_FULL : LABEL_FULL;
  if (array) return ch;
  const vg_shape *s = &c->packed[shape];
  const uint8_t *block = (const uint8_t *)c->packed, *values = block + s->values_at;
  ch.values = values + (size_t)series * s->values * sizeof(int16_t);
  ch.rows = (const vg_row *)(const void *)(block + s->rows_at);
  memcpy(ch.lo, s->lo, sizeof ch.lo);
  memcpy(ch.dim, s->dim, sizeof ch.dim);
  return ch;
}

vg_channel vg_case_labels(const vg_case *c, int klass) {
  const size_t n = vg_extent_voxels(c->record.dim);
  return channel_of(c, c->labels ? c->labels + (size_t)klass * n : NULL, CLASSES + klass, 0);
}

vg_channel vg_case_image(const vg_case *c, int series) {
  const size_t n = vg_extent_voxels(c->record.dim);
  return channel_of(c, c->image ? c->image + (size_t)series * n : NULL, IMAGE, series);
}

vg_channel vg_case_brain(const vg_case *c) {
  return channel_of(c, c->brain, BRAIN, 0);
}

/* ---- packing ---- */

/* The arrays of a shape. */
typedef struct source {
  const uint8_t *bytes; /* NULL: the images */
  const int16_t *image;
  int series;
  size_t voxels;
  uint8_t full;
} source;

static source source_of(const vg_case *c, int shape) {
  const size_t n = vg_extent_voxels(c->record.dim);
  source s = {.voxels = n, .full = LABEL_FULL};
  if (shape == IMAGE) return (source){.image = c->image, .series = c->n_series, .voxels = n};
  if (shape == BRAIN) return (source){.bytes = c->brain, .voxels = n, .full = BRAIN_FULL};
  s.bytes = c->labels + (size_t)(shape - CLASSES) * n;
  return s;
}

static bool has_value(const source *s, size_t i) {
  bool any = s->bytes && s->bytes[i];
  for (int k = 0; k < s->series && !any; k++) any = s->image[(size_t)k * s->voxels + i] != BACKGROUND;
  return any;
}

static bool is_full(const source *s, size_t from, size_t n) {
  bool all = s->bytes != NULL;
  for (size_t i = 0; i < n && all; i++) all = s->bytes[from + i] == s->full;
  return all;
}

/* Finds the box and the rows of a shape, which begins as the whole grid. */
static void measure(const source *s, int width, vg_shape *shape, vg_row *rows) {
  const int whole[2] = {shape->dim[0], shape->dim[1]};
  int lo[2] = {whole[0], whole[1]}, hi[2] = {0, 0};
  for (int z = 0; z < whole[1]; z++)
    for (int y = 0; y < whole[0]; y++) {
      const size_t row = (size_t)z * (size_t)whole[0] + (size_t)y, from = row * (size_t)width;
      size_t first = 0, last = (size_t)width;
      while (first < last && !has_value(s, from + first)) first++;
      while (last > first && !has_value(s, from + last - 1)) last--;
      rows[row] = (vg_row){0};
      if (first == last) continue;
      rows[row] = (vg_row){(uint32_t)shape->values, (uint32_t)first, (uint32_t)(last - first)};
      if (is_full(s, from + first, last - first))
        rows[row].at = VG_ROW_FULL;
      else
        shape->values += last - first;
      const int at[2] = {y, z};
      for (int a = 0; a < 2; a++) {
        if (at[a] < lo[a]) lo[a] = at[a];
        if (at[a] >= hi[a]) hi[a] = at[a] + 1;
      }
    }
  for (int a = 0; a < 2; a++) {
    shape->lo[a] = lo[a] < hi[a] ? lo[a] : 0;
    shape->dim[a] = lo[a] < hi[a] ? hi[a] - lo[a] : 0;
  }
}

vg_status vg_pack_plan(const vg_case *c, vg_pack *out) {
  const int *dim = c->record.dim;
  const size_t all = (size_t)dim[1] * (size_t)dim[2];
  *out = (vg_pack){.c = c, .shapes = VG_NEW_N(vg_shape, shapes_of(c))};
  out->rows = vg_malloc((size_t)shapes_of(c) * all, sizeof *out->rows);
  if (!out->shapes || !out->rows) {
    vg_pack_release(out);
    return VG_MEMORY;
  }
  uint64_t end = shapes_end(c);
  for (int k = 0; k < shapes_of(c); k++) {
    vg_shape *s = &out->shapes[k];
    const source from = source_of(c, k);
    *s = (vg_shape){.dim = {dim[1], dim[2]}};
    measure(&from, dim[0], s, out->rows + (size_t)k * all);
    end = place_shape(s, value_bytes(c, k), end);
  }
  out->total = (size_t)rest_of(c, c->kinds != NULL, end).total;
  return VG_OK;
}

static void write_shape(const vg_pack *p, int k, uint8_t *block) {
  const int *dim = p->c->record.dim;
  const vg_shape *s = &p->shapes[k];
  const source from = source_of(p->c, k);
  vg_row *rows = (vg_row *)(void *)(block + s->rows_at);
  for (int z = s->lo[1]; z < s->lo[1] + s->dim[1]; z++)
    for (int y = s->lo[0]; y < s->lo[0] + s->dim[0]; y++) {
      const size_t row = (size_t)z * (size_t)dim[1] + (size_t)y;
      const vg_row r = p->rows[(size_t)k * (size_t)dim[1] * (size_t)dim[2] + row];
      const size_t at = row * (size_t)dim[0] + r.x;
      *rows++ = r;
      if (r.at == VG_ROW_FULL) continue;
      if (from.bytes) memcpy(block + s->values_at + r.at, from.bytes + at, r.n);
      for (int q = 0; q < from.series; q++)
        memcpy(block + s->values_at + ((size_t)q * s->values + r.at) * sizeof(int16_t),
               from.image + (size_t)q * from.voxels + at, r.n * sizeof(int16_t));
    }
}

void vg_pack_write(const vg_pack *p, uint8_t *block) {
  const vg_case *c = p->c;
  const size_t native = vg_extent_voxels(c->record.crop_dim);
  memcpy(block, p->shapes, (size_t)shapes_of(c) * sizeof *p->shapes);
  for (int k = 0; k < shapes_of(c); k++) write_shape(p, k, block);
  const vg_shape *last = &p->shapes[shapes_of(c) - 1];
  const rest r = rest_of(c, c->kinds != NULL,
                         vg_align64(last->values_at + last->values * value_bytes(c, shapes_of(c) - 1)));
  if (c->kinds) memcpy(block + r.kinds, c->kinds, native);
  memcpy(block + r.native_brain, c->native_brain, (native + 7) / 8);
  if (c->n_tumour) memcpy(block + r.tumour, c->tumour, c->n_tumour * sizeof *c->tumour);
}

void vg_pack_release(vg_pack *p) {
  vg_free(p->shapes);
  vg_free(p->rows);
  *p = (vg_pack){0};
}

/* ---- reading ---- */

static bool shape_is_sane(const vg_shape *s, const int dim[3], size_t bytes, uint64_t *end, uint64_t len) {
  vg_shape placed = *s;
  for (int a = 0; a < 2; a++)
    if (s->lo[a] < 0 || s->dim[a] < 0 || s->lo[a] > dim[a + 1] || s->dim[a] > dim[a + 1] - s->lo[a])
      return false;
  if (s->values > vg_extent_voxels(dim)) return false;
  *end = place_shape(&placed, bytes, *end);
  return placed.rows_at == s->rows_at && placed.values_at == s->values_at && *end <= len;
}

static bool rows_are_sane(const vg_case *c, int shape) {
  const vg_shape *s = &c->packed[shape];
  const vg_row *rows = (const vg_row *)(const void *)((const uint8_t *)c->packed + s->rows_at);
  const size_t width = (size_t)c->record.dim[0], n = rows_of(s);
  for (size_t i = 0; i < n; i++) {
    if (rows[i].x > width || rows[i].n > width - rows[i].x) return false;
    if (rows[i].at == VG_ROW_FULL ? shape == IMAGE
                                  : rows[i].at > s->values || rows[i].n > s->values - rows[i].at)
      return false;
  }
  return true;
}

bool vg_pack_place(vg_case *c, bool kinds, const void *block, size_t len) {
  uint64_t end = shapes_end(c);
  if (len < end) return false;
  c->labels = c->brain = NULL;
  c->image = NULL;
  c->packed = block;
  for (int k = 0; k < shapes_of(c); k++)
    if (!shape_is_sane(&c->packed[k], c->record.dim, value_bytes(c, k), &end, len) || !rows_are_sane(c, k))
      return false;
  const rest r = rest_of(c, kinds, end);
  if (r.total != len) return false;
  const uint8_t *b = block;
  c->kinds = kinds ? b + r.kinds : NULL;
  c->native_brain = b + r.native_brain;
  c->tumour = (const uint32_t *)(const void *)(b + r.tumour);
  return true;
}

/* ---- unpacking ---- */

static void expand_bytes(const vg_channel *ch, const int dim[3], uint8_t *out) {
  for (int z = 0; z < dim[2]; z++)
    for (int y = 0; y < dim[1]; y++, out += dim[0]) {
      const vg_row r = vg_channel_row(ch, y, z);
      if (r.at == VG_ROW_FULL)
        memset(out + r.x, ch->full, r.n);
      else
        memcpy(out + r.x, (const uint8_t *)ch->values + r.at, r.n);
    }
}

static void expand_image(const vg_channel *ch, const int dim[3], int16_t *out) {
  for (int z = 0; z < dim[2]; z++)
    for (int y = 0; y < dim[1]; y++, out += dim[0]) {
      const vg_row r = vg_channel_row(ch, y, z);
      for (int x = 0; x < dim[0]; x++) out[x] = BACKGROUND;
      memcpy(out + r.x, (const int16_t *)ch->values + r.at, r.n * sizeof *out);
    }
}

vg_status vg_case_unpack(const vg_case *c, vg_case *out) {
  const int *dim = c->record.dim;
  const size_t n = vg_extent_voxels(dim);
  *out = *c;
  out->map = (vg_map){0};
  out->owned = out->made = NULL;
  out->packed = NULL;
  if (c->id && !(out->id = vg_strdup(c->id))) return VG_MEMORY;
  if (!c->packed) return VG_OK;
  const vg_case_layout l = vg_case_layout_of(c, false);
  uint8_t *block = vg_calloc(l.native_brain, 1);
  if (!(out->owned = block)) {
    vg_case_release(out);
    return VG_MEMORY;
  }
  for (int k = 0; k < c->n_classes; k++) {
    const vg_channel ch = vg_case_labels(c, k);
    expand_bytes(&ch, dim, block + l.labels + (size_t)k * n);
  }
  const vg_channel brain = vg_case_brain(c);
  expand_bytes(&brain, dim, block + l.brain);
  int16_t *image = (int16_t *)(void *)(block + l.image);
  for (int s = 0; s < c->n_series && !c->image; s++) {
    const vg_channel ch = vg_case_image(c, s);
    expand_image(&ch, dim, image + (size_t)s * n);
  }
  out->labels = block + l.labels;
  out->brain = block + l.brain;
  if (!c->image && c->n_series) out->image = image;
  return VG_OK;
}
