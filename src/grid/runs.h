/* runs.h: splits the rows of a mask into runs and joins them to connected components. Any value but 0 is
 * inside. */
#ifndef VG_DATA_RUNS_H
#define VG_DATA_RUNS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "voxgan/status.h"

/* The first x from the given one on where the row is inside (or outside); n if there is none. */
static inline int vg_row_seek(const uint8_t *row, int x, int n, bool inside) {
  const uint64_t ones = 0x0101010101010101u;
  for (; x + 8 <= n; x += 8) {
    uint64_t word;
    memcpy(&word, row + x, 8);
    if (inside ? word != 0 : ((word - ones) & ~word & ones << 7) != 0) break;
  }
  while (x < n && (row[x] != 0) != inside) x++;
  return x;
}

typedef struct vg_run {
  uint32_t begin, end; /* x in the grid */
  uint32_t parent;     /* towards the component's root, which is its first run */
  uint32_t size;       /* at the root: voxels of the component */
  bool border;         /* at the root: it touches a side of the box (axes of one voxel have none) */
} vg_run;

/* Caller-owned: _init by {0}, _release. */
typedef struct vg_runs {
  int lo[3], extent[3]; /* the box that was searched */
  vg_run *items;
  size_t n, cap;
  size_t *row; /* first run of each row (y, z) of the box; rows + 1 entries */
} vg_runs;

/* Finds the runs inside (or outside) the mask within a box, joined by 6, 18 or 26 neighbours. VG_DATA: more
 * than 2^32 - 1 voxels. */
vg_status vg_runs_find(const uint8_t *mask, const int dim[3], const int lo[3], const int extent[3],
                       bool inside, int connectivity, vg_runs *r);
uint32_t vg_run_root(vg_run *items, uint32_t i);
/* Flat index of the voxel x = 0 of a row. */
size_t vg_runs_row_at(const vg_runs *r, const int dim[3], size_t row);
void vg_runs_release(vg_runs *r);

#endif
