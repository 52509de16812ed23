/* preview.c: labels, real and made side by side, as PNG. */
#include "run/train/preview.h"

#include <stdio.h>
#include <string.h>
#include "run/synth/argmax.h"
#include "base/mem.h"
#include "picture/png.h"
#include "base/str.h"

enum { GAP = 4, HEAD = 12, TILE_LEAST = 160 };

static size_t plane_size(const vg_case *c) {
  return (size_t)c->record.dim[0] * (size_t)c->record.dim[1];
}

/* Most voxels of the last class with any voxel: tumour classes come last. */
static int interesting_slice(const vg_case *c) {
  size_t plane = plane_size(c), voxels = plane * (size_t)c->record.dim[2];
  int best_z = c->record.dim[2] / 2;
  for (int k = c->n_classes - 1; k > 0; k--) {
    size_t best = 0;
    for (int z = 0; z < c->record.dim[2]; z++) {
      size_t n = 0;
      const uint8_t *p = c->labels + (size_t)k * voxels + (size_t)z * plane;
      for (size_t i = 0; i < plane; i++) n += p[i] > 127;
      if (n > best) best = n, best_z = z;
    }
    /* Anatomy is everywhere: its fullest slice says nothing, so only small classes decide. */
    if (best && best < plane / 10) return best_z;
  }
  return c->record.dim[2] / 2;
}

/* What a column shows. */
typedef struct column {
  enum { REAL_LABELS, FOUND_LABELS, REAL_SERIES, MADE_SERIES } what;
  int series;
  char head[32];
} column;

static int plan_columns(const vg_series_list *series, bool segments, column *out) {
  int n = 0;
  if (!segments) out[n++] = (column){REAL_LABELS, 0, "labels"};
  for (int s = 0; s < series->n; s++) {
    out[n] = (column){REAL_SERIES, s, ""};
    snprintf(out[n].head, sizeof out[n].head, segments ? "%s" : "%s real", series->names[s]);
    n++;
    if (segments) continue;
    out[n] = (column){MADE_SERIES, s, ""};
    snprintf(out[n].head, sizeof out[n].head, "%s synth", series->names[s]);
    n++;
  }
  if (!segments) return n;
  out[n++] = (column){REAL_LABELS, 0, "labels"};
  out[n++] = (column){FOUND_LABELS, 0, "predicted"};
  return n;
}

/* One tile; grey and classes are scratch of a plane. */
static void draw(vg_picture *p, int left, int top, const preview_row *row, const column *k, int zoom,
                 float *grey, uint8_t *classes) {
  const vg_case *c = row->c;
  const int nx = c->record.dim[0], ny = c->record.dim[1];
  const size_t plane = plane_size(c), voxels = plane * (size_t)c->record.dim[2];
  const size_t first = (size_t)interesting_slice(c) * plane, at = (size_t)k->series * voxels + first;
  switch (k->what) {
  case REAL_LABELS:
    vg_classes_of_case(c, first, plane, classes);
    break;
  case FOUND_LABELS:
    vg_classes_of_fractions(row->made, 1 + c->n_classes, voxels, first, plane, classes);
    break;
  case REAL_SERIES:
    for (size_t i = 0; i < plane; i++) grey[i] = (float)c->image[at + i] / 32767.f;
    break;
  case MADE_SERIES:
    memcpy(grey, row->made + at, plane * sizeof *grey);
    break;
  }
  if (k->what == REAL_LABELS || k->what == FOUND_LABELS)
    vg_picture_classes(p, left, top, classes, nx, ny, 1, nx, zoom);
  else
    vg_picture_grey(p, left, top, grey, nx, ny, 1, nx, -1, 1, zoom);
}

char *vg_preview_path(const char *run, int64_t epoch) {
  return vg_format("%s/previews/epoch-%05d.png", run, (int)epoch);
}

vg_status vg_preview_write(const char *path, const preview_row *rows, int n, const vg_series_list *series,
                           bool segments) {
  int w = 1, h = 1;
  for (int r = 0; r < n; r++) {
    if (rows[r].c->record.dim[0] > w) w = rows[r].c->record.dim[0];
    if (rows[r].c->record.dim[1] > h) h = rows[r].c->record.dim[1];
  }
  column columns[2 + 2 * VG_SERIES_MAX];
  const int n_columns = plan_columns(series, segments, columns), zoom = (TILE_LEAST + w - 1) / w;
  const int tile_w = w * zoom + GAP, tile_h = h * zoom + GAP;
  vg_picture p;
  vg_status st = vg_picture_new(n_columns * tile_w, HEAD + n * tile_h, &p);
  if (st) return st;
  uint8_t *classes = vg_malloc((size_t)w * (size_t)h, 1);
  float *grey = vg_malloc((size_t)w * (size_t)h, sizeof *grey);
  if (!classes || !grey) st = VG_MEMORY;
  for (int k = 0; k < n_columns && !st; k++) {
    vg_picture_text(&p, k * tile_w + 2, 2, columns[k].head);
    for (int r = 0; r < n; r++)
      draw(&p, k * tile_w, HEAD + r * tile_h, &rows[r], &columns[k], zoom, grey, classes);
  }
  if (!st) st = vg_picture_write(path, &p);
  vg_free(grey);
  vg_free(classes);
  vg_picture_release(&p);
  return st;
}
