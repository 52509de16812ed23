/* components.c: the connected components and the bounding box of a mask. */
#include "grid/runs.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/number/extent.h"

int vg_mask_box(const uint8_t *mask, const int dim[3], int margin, int lo[3], int extent[3]) {
  int least[3] = {dim[0], dim[1], dim[2]}, most[3] = {-1, -1, -1};
  for (int z = 0; z < dim[2]; z++) {
    for (int y = 0; y < dim[1]; y++) {
      const uint8_t *row = mask + vg_extent_index(dim, 0, y, z);
      int first = vg_row_seek(row, 0, dim[0], true), last = dim[0] - 1;
      if (first == dim[0]) continue;
      while (!row[last]) last--;
      int a[3] = {first, y, z}, b[3] = {last, y, z};
      for (int i = 0; i < 3; i++) {
        least[i] = a[i] < least[i] ? a[i] : least[i];
        most[i] = b[i] > most[i] ? b[i] : most[i];
      }
    }
  }
  if (most[0] < 0) return 0;
  for (int i = 0; i < 3; i++) {
    lo[i] = least[i] < margin ? 0 : least[i] - margin;
    extent[i] = (most[i] >= dim[i] - margin ? dim[i] : most[i] + margin + 1) - lo[i];
  }
  return 1;
}

typedef struct painting {
  vg_runs runs;
  const int *dim;
  uint32_t *label, *number; /* number[i]: the component of run i */
} painting;

static void paint_rows(void *arg, size_t begin, size_t end) {
  painting *p = arg;
  size_t nx = (size_t)p->dim[0];
  memset(p->label + begin * nx, 0, (end - begin) * nx * sizeof *p->label);
  for (size_t row = begin; row < end; row++)
    for (size_t i = p->runs.row[row]; i < p->runs.row[row + 1]; i++)
      for (uint32_t x = p->runs.items[i].begin; x < p->runs.items[i].end; x++)
        p->label[row * nx + x] = p->number[i];
}

vg_status vg_components(const uint8_t *mask, const int dim[3], int connectivity, uint32_t *label, size_t *n,
                        size_t **sizes) {
  painting p = {.dim = dim, .label = label};
  size_t count = 0, *size = NULL;
  vg_status st = vg_runs_find(mask, dim, (const int[3]){0}, dim, true, connectivity, &p.runs);
  if (st) goto out;
  st = VG_MEMORY;
  vg_run *items = p.runs.items;
  p.number = vg_malloc(p.runs.n, sizeof *p.number);
  if (!p.number) goto out;
  /* A root comes before the other runs of its component. */
  for (uint32_t i = 0; i < p.runs.n; i++)
    p.number[i] = items[i].parent == i ? (uint32_t)++count : p.number[vg_run_root(items, i)];
  if (sizes) {
    size = vg_malloc(count, sizeof *size);
    if (!size) goto out;
    for (uint32_t i = 0; i < p.runs.n; i++)
      if (items[i].parent == i) size[p.number[i] - 1] = items[i].size;
    *sizes = size;
  }
  vg_parallel_ranges((size_t)dim[1] * (size_t)dim[2], 256, paint_rows, &p);
  *n = count;
  st = VG_OK;
out:
  vg_free(p.number);
  vg_runs_release(&p.runs);
  return st;
}
