/* preview.c: labels, real and synthetic images side by side, as PNG. */
#include "run/score/preview.h"

#include <stdio.h>
#include <string.h>
#include "run/synth/argmax.h"
#include "base/mem.h"
#include "label/class_colours.h"
#include "prep/pack/pack.h"
#include "picture/png.h"
#include "base/str.h"

enum { GAP = 4, EDGE = 2, LINE = 11, LETTER = 6, TILE_LEAST = 160 };

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

typedef struct sheet {
  vg_picture picture;
  vg_colours colours;
  int zoom;
  float *grey; /* scratch of a plane */
  uint8_t *classes;
} sheet;

/* One tile, with the sides marked. The last element of each row comes first: x grows to the patient's right.
 */
static void draw(sheet *s, int left, int top, const preview_row *row, const column *k) {
  const vg_case *c = row->c;
  const int nx = c->record.dim[0], ny = c->record.dim[1];
  const size_t plane = plane_size(c), voxels = plane * (size_t)c->record.dim[2];
  const size_t first = (size_t)interesting_slice(c) * plane, at = (size_t)k->series * voxels + first;
  switch (k->what) {
  case REAL_LABELS:
    vg_classes_of_case(c, first, plane, s->classes);
    break;
  case FOUND_LABELS:
    vg_classes_of_fractions(row->made, 1 + c->n_classes, voxels, first, plane, s->classes);
    break;
  case REAL_SERIES:
    for (size_t i = 0; i < plane; i++) s->grey[i] = (float)c->image[at + i] / 32767.f;
    break;
  case MADE_SERIES:
    memcpy(s->grey, row->made + at, plane * sizeof *s->grey);
    break;
  }
  if (k->what == REAL_LABELS || k->what == FOUND_LABELS)
    vg_picture_classes(&s->picture, left, top, s->classes + nx - 1, nx, ny, -1, nx, s->zoom, s->colours[0]);
  else
    vg_picture_grey(&s->picture, left, top, s->grey + nx - 1, nx, ny, -1, nx, -1, 1, s->zoom);
  vg_picture_text(&s->picture, left + 1, top + 1, "R");
  vg_picture_text(&s->picture, left + nx * s->zoom - LETTER, top + 1, "L");
}

/* Draws the classes with their colours in lines of a width, and returns the number of lines. to NULL: only
 * returns it. */
static int legend(const vg_classes *classes, vg_colours colours, vg_picture *to, int width) {
  int left = EDGE, lines = 1;
  for (int i = 0; i < classes->n; i++) {
    const int wide = 10 + LETTER * (int)strlen(classes->names[i]);
    if (left > EDGE && left + wide > width) left = EDGE, lines++;
    if (to) {
      vg_picture_swatch(to, left, EDGE + (lines - 1) * LINE, colours[i]);
      vg_picture_text(to, left + 10, EDGE + (lines - 1) * LINE, classes->names[i]);
    }
    left += wide + 2 * LETTER;
  }
  return lines;
}

static void put_caption(vg_picture *p, int top, const vg_case *c) {
  char text[224];
  snprintf(text, sizeof text, "%.160s   slice %d of %d", c->id, interesting_slice(c) + 1, c->record.dim[2]);
  vg_picture_text(p, EDGE, top, text);
}

char *vg_preview_path(const char *run, int64_t epoch) {
  return vg_format("%s/previews/epoch-%05d.png", run, (int)epoch);
}

vg_status vg_preview_write(const char *path, const preview_row *rows, int n, const vg_prep_settings *prep,
                           bool segments) {
  int w = 1, h = 1;
  for (int r = 0; r < n; r++) {
    if (rows[r].c->record.dim[0] > w) w = rows[r].c->record.dim[0];
    if (rows[r].c->record.dim[1] > h) h = rows[r].c->record.dim[1];
  }
  column columns[2 + 2 * VG_SERIES_MAX];
  sheet s = {.zoom = (TILE_LEAST + w - 1) / w};
  const int n_columns = plan_columns(&prep->series, segments, columns);
  const int tile_w = w * s.zoom + GAP, tile_h = LINE + h * s.zoom + GAP, width = n_columns * tile_w;
  vg_class_colours(&prep->classes, s.colours);
  const int keys = legend(&prep->classes, s.colours, NULL, width), head = EDGE + (keys + 1) * LINE;
  vg_status st = vg_picture_new(width, head + n * tile_h, &s.picture);
  if (st) return st;
  s.classes = vg_malloc((size_t)w * (size_t)h, 1);
  s.grey = vg_malloc((size_t)w * (size_t)h, sizeof *s.grey);
  if (!s.classes || !s.grey) st = VG_MEMORY;
  legend(&prep->classes, s.colours, &s.picture, width);
  for (int k = 0; k < n_columns; k++)
    vg_picture_text(&s.picture, k * tile_w + EDGE, head - LINE, columns[k].head);
  for (int r = 0; r < n && !st; r++) {
    vg_case c;
    if ((st = vg_case_unpack(rows[r].c, &c)) != VG_OK) break;
    const preview_row row = {&c, rows[r].made};
    put_caption(&s.picture, head + r * tile_h, &c);
    for (int k = 0; k < n_columns; k++) draw(&s, k * tile_w, head + r * tile_h + LINE, &row, &columns[k]);
    vg_case_release(&c);
  }
  if (!st) st = vg_picture_write(path, &s.picture);
  vg_free(s.grey);
  vg_free(s.classes);
  vg_picture_release(&s.picture);
  return st;
}
