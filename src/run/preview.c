/* preview.c: labels, real and synthetic side by side, as PNG. */
#include "run/preview.h"

#include <stdio.h>
#include <string.h>
#include "voxgan/mem.h"
#include "voxgan/png.h"

enum { GAP = 4, HEAD = 12, TILE_LEAST = 160 };

static size_t plane_size(const vg_case *c) {
  return (size_t)c->record.dim[0] * (size_t)c->record.dim[1];
}

/* Class of the largest fraction, 0 in the background. */
static void classes_of_slice(const vg_case *c, int z, uint8_t *out) {
  size_t plane = plane_size(c), voxels = plane * (size_t)c->record.dim[2];
  for (size_t i = 0; i < plane; i++) {
    uint8_t best = 0;
    out[i] = 0;
    for (int k = 0; k < c->n_classes; k++) {
      uint8_t f = c->labels[(size_t)k * voxels + (size_t)z * plane + i];
      if (f > best) best = f, out[i] = (uint8_t)(k + 1);
    }
  }
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

vg_status preview_write(const char *path, const preview_row *rows, int n, const vg_series_list *series) {
  int w = 1, h = 1;
  for (int r = 0; r < n; r++) {
    if (rows[r].c->record.dim[0] > w) w = rows[r].c->record.dim[0];
    if (rows[r].c->record.dim[1] > h) h = rows[r].c->record.dim[1];
  }
  int zoom = (TILE_LEAST + w - 1) / w, columns = 1 + 2 * series->n;
  int tile_w = w * zoom + GAP, tile_h = h * zoom + GAP;
  vg_picture p;
  vg_status st = vg_picture_new(columns * tile_w, HEAD + n * tile_h, &p);
  if (st) return st;
  size_t plane_most = (size_t)w * (size_t)h;
  uint8_t *classes = vg_malloc(plane_most, 1);
  float *grey = vg_malloc(plane_most, sizeof *grey);
  if (!classes || !grey) {
    st = VG_MEMORY;
    goto out;
  }
  vg_picture_text(&p, 2, 2, "labels");
  for (int s = 0; s < series->n; s++) {
    char text[64];
    snprintf(text, sizeof text, "%s real", series->names[s]);
    vg_picture_text(&p, (1 + 2 * s) * tile_w + 2, 2, text);
    snprintf(text, sizeof text, "%s synth", series->names[s]);
    vg_picture_text(&p, (2 + 2 * s) * tile_w + 2, 2, text);
  }
  for (int r = 0; r < n; r++) {
    const vg_case *c = rows[r].c;
    int nx = c->record.dim[0], ny = c->record.dim[1], z = interesting_slice(c), top = HEAD + r * tile_h;
    size_t plane = plane_size(c), voxels = plane * (size_t)c->record.dim[2];
    classes_of_slice(c, z, classes);
    vg_picture_classes(&p, 0, top, classes, nx, ny, 1, nx, zoom);
    for (int s = 0; s < series->n; s++) {
      size_t at = (size_t)s * voxels + (size_t)z * plane;
      for (size_t i = 0; i < plane; i++) grey[i] = (float)c->image[at + i] / 32767.f;
      vg_picture_grey(&p, (1 + 2 * s) * tile_w, top, grey, nx, ny, 1, nx, -1, 1, zoom);
      vg_picture_grey(&p, (2 + 2 * s) * tile_w, top, rows[r].synth + at, nx, ny, 1, nx, -1, 1, zoom);
    }
  }
  st = vg_picture_write(path, &p);
out:
  vg_free(grey);
  vg_free(classes);
  vg_picture_release(&p);
  return st;
}
