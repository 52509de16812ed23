/* runs.c: connected components by union-find over runs along x. There are far fewer runs than voxels. */
#include "grid/runs.h"

#include "base/mem.h"

uint32_t vg_run_root(vg_run *items, uint32_t i) {
  while (items[i].parent != i) {
    items[i].parent = items[items[i].parent].parent;
    i = items[i].parent;
  }
  return i;
}

static void join(vg_run *items, uint32_t a, uint32_t b) {
  a = vg_run_root(items, a);
  b = vg_run_root(items, b);
  if (a == b) return;
  uint32_t first = a < b ? a : b, second = a < b ? b : a;
  items[second].parent = first;
  items[first].size += items[second].size;
  items[first].border |= items[second].border;
}

/* With reach 1, runs that touch at a corner are joined. */
static void join_rows(vg_runs *r, size_t row_a, size_t row_b, uint32_t reach) {
  size_t a = r->row[row_a], a_end = r->row[row_a + 1], b = r->row[row_b], b_end = r->row[row_b + 1];
  while (a < a_end && b < b_end) {
    const vg_run *p = &r->items[a], *q = &r->items[b];
    if (p->begin < q->end + reach && q->begin < p->end + reach) join(r->items, (uint32_t)a, (uint32_t)b);
    if (p->end < q->end)
      a++;
    else
      b++;
  }
}

static vg_status add_run(vg_runs *r, int begin, int end, bool border) {
  if (r->n == r->cap) {
    size_t cap = r->cap ? r->cap * 2 : 4096;
    vg_run *items = vg_realloc(r->items, cap, sizeof *items);
    if (!items) return VG_MEMORY;
    r->items = items;
    r->cap = cap;
  }
  r->items[r->n] = (vg_run){(uint32_t)begin, (uint32_t)end, (uint32_t)r->n, (uint32_t)(end - begin), border};
  r->n++;
  return VG_OK;
}

size_t vg_runs_row_at(const vg_runs *r, const int dim[3], size_t row) {
  size_t ny = (size_t)r->extent[1], z = (size_t)r->lo[2] + row / ny, y = (size_t)r->lo[1] + row % ny;
  return (z * (size_t)dim[1] + y) * (size_t)dim[0];
}

vg_status vg_runs_find(const uint8_t *mask, const int dim[3], const int lo[3], const int extent[3],
                       bool inside, int connectivity, vg_runs *r) {
  if (connectivity != 6 && connectivity != 18 && connectivity != 26)
    VG_BUG("components by %d neighbours", connectivity);
  memcpy(r->lo, lo, sizeof r->lo);
  memcpy(r->extent, extent, sizeof r->extent);
  size_t ny = (size_t)extent[1], nz = (size_t)extent[2], rows = ny * nz;
  if ((double)extent[0] * (double)rows >= (double)UINT32_MAX)
    return vg_fail(VG_DATA, "components: a grid of %dx%dx%d voxels is too large", extent[0], extent[1],
                   extent[2]);
  r->row = vg_malloc(rows + 1, sizeof *r->row);
  if (!r->row) return VG_MEMORY;
  int end = lo[0] + extent[0];
  for (size_t i = 0; i < rows; i++) {
    const uint8_t *line = mask + vg_runs_row_at(r, dim, i);
    size_t y = i % ny, z = i / ny;
    bool edge = (dim[1] > 1 && (y == 0 || y == ny - 1)) || (dim[2] > 1 && (z == 0 || z == nz - 1));
    r->row[i] = r->n;
    for (int x = vg_row_seek(line, lo[0], end, inside); x < end;) {
      int begin = x;
      x = vg_row_seek(line, begin, end, !inside);
      vg_status st = add_run(r, begin, x, edge || (dim[0] > 1 && (begin == lo[0] || x == end)));
      if (st) return st;
      x = vg_row_seek(line, x, end, inside);
    }
  }
  r->row[rows] = r->n;
  uint32_t edges = connectivity > 6, corners = connectivity > 18;
  for (size_t i = 0; i < rows; i++) {
    size_t y = i % ny;
    if (y) join_rows(r, i - 1, i, edges);
    if (i < ny) continue;
    join_rows(r, i - ny, i, edges);
    if (edges && y) join_rows(r, i - ny - 1, i, corners);
    if (edges && y + 1 < ny) join_rows(r, i - ny + 1, i, corners);
  }
  return VG_OK;
}

void vg_runs_release(vg_runs *r) {
  vg_free(r->items);
  vg_free(r->row);
  memset(r, 0, sizeof *r);
}
