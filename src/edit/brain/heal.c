/* heal.c: fills a gap in the anatomy from its surroundings, or from the other hemisphere. */
#include "edit/brain/heal.h"
#include "base/number/extent.h"

#include <math.h>
#include <string.h>

#include "edit/brain/frame.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/whole.h"

#define MARGIN 12 /* voxels around the gap, where we look for the nearest class first */
#define PASSES 3  /* of smoothing */

typedef struct patch {
  vg_maps *maps;
  const uint8_t *gap;
  int lo[3], dim[3];
  size_t n;
  double mm[3];
  uint8_t *open;  /* gap, in the box */
  uint8_t *klass; /* anatomy, in the box */
} patch;

static void patch_release(patch *p) {
  vg_free(p->open);
  vg_free(p->klass);
}

static size_t whole_row(const patch *p, int y, int z) {
  const int *dim = p->maps->geo.dim;
  return ((size_t)(z + p->lo[2]) * (size_t)dim[1] + (size_t)(y + p->lo[1])) * (size_t)dim[0] +
         (size_t)p->lo[0];
}

static vg_status patch_init(patch *p, int margin) {
  patch_release(p);
  p->open = p->klass = NULL;
  vg_mask_box(p->gap, p->maps->geo.dim, margin, p->lo, p->dim);
  p->n = vg_extent_voxels(p->dim);
  p->open = vg_malloc(p->n, 1);
  p->klass = vg_malloc(p->n, 1);
  if (!p->open || !p->klass) return VG_MEMORY;
  size_t nx = (size_t)p->dim[0], i = 0;
  for (int z = 0; z < p->dim[2]; z++)
    for (int y = 0; y < p->dim[1]; y++) {
      size_t at = whole_row(p, y, z);
      for (size_t x = 0; x < nx; x++, i++) {
        p->open[i] = p->gap[at + x] && p->maps->brain[at + x];
        p->klass[i] = p->open[i] ? 0 : p->maps->anatomy[at + x];
      }
    }
  return VG_OK;
}

/* Whether something nearer could lie outside the box. */
static bool may_be_nearer(const patch *p, const int at[3], float distance) {
  for (int a = 0; a < 3; a++) {
    int end = p->lo[a] + p->dim[a];
    if (p->lo[a] > 0 && (at[a] + 1) * p->mm[a] < (double)distance) return true;
    if (end < p->maps->geo.dim[a] && (p->dim[a] - at[a]) * p->mm[a] < (double)distance) return true;
  }
  return false;
}

/* exact: false if a nearer voxel could lie outside the box. */
static vg_status fill_nearest(patch *p, bool *exact) {
  uint8_t *known = vg_malloc(p->n, 1);
  uint32_t *nearest = vg_malloc(p->n, sizeof *nearest);
  float *distance = vg_malloc(p->n, sizeof *distance);
  vg_status st = known && nearest && distance ? VG_OK : VG_MEMORY;
  *exact = true;
  for (size_t i = 0; !st && i < p->n; i++) known[i] = p->klass[i] != 0;
  if (!st) st = vg_distance_nearest(known, p->dim, p->mm, distance, nearest);
  size_t i = 0;
  for (int z = 0; !st && z < p->dim[2]; z++)
    for (int y = 0; y < p->dim[1]; y++)
      for (int x = 0; x < p->dim[0]; x++, i++) {
        if (!p->open[i]) continue;
        if (may_be_nearer(p, (int[3]){x, y, z}, distance[i])) *exact = false;
        if (nearest[i] != UINT32_MAX) p->klass[i] = p->klass[nearest[i]];
      }
  vg_free(known);
  vg_free(nearest);
  vg_free(distance);
  return st;
}

typedef struct smoothing {
  const patch *p;
  uint8_t *out;
} smoothing;

/* Takes the most frequent class of the 27 voxels around; in a tie, the voxel's own class wins. */
static void smooth_layers(void *arg, size_t begin, size_t end) {
  const smoothing *s = arg;
  const patch *p = s->p;
  size_t nx = (size_t)p->dim[0], nxy = nx * (size_t)p->dim[1];
  for (size_t z = begin; z < end; z++)
    for (size_t y = 0; y < (size_t)p->dim[1]; y++)
      for (size_t x = 0; x < nx; x++) {
        size_t i = z * nxy + y * nx + x;
        bool edge = !x || !y || !z || x + 1 == nx || y + 1 == (size_t)p->dim[1] || z + 1 == (size_t)p->dim[2];
        if (!p->open[i] || edge) continue;
        uint8_t votes[VG_CLASSES_MAX + 1] = {0}, best = p->klass[i];
        for (size_t dz = 0; dz < 3; dz++)
          for (size_t dy = 0; dy < 3; dy++)
            for (size_t dx = 0; dx < 3; dx++) votes[p->klass[i + dz * nxy + dy * nx + dx - nxy - nx - 1]]++;
        for (uint8_t k = 1; k <= VG_CLASSES_MAX; k++)
          if (votes[k] > votes[best]) best = k;
        s->out[i] = best;
      }
}

/* Regions of nearest classes meet in thin wedges, which majority votes round off. */
static vg_status smooth(patch *p) {
  uint8_t *other = vg_malloc(p->n, 1);
  if (!other) return VG_MEMORY;
  for (int pass = 0; pass < PASSES; pass++) {
    memcpy(other, p->klass, p->n);
    smoothing s = {p, other};
    vg_parallel_ranges((size_t)p->dim[2], 1, smooth_layers, &s);
    uint8_t *swap = p->klass;
    p->klass = other;
    other = swap;
  }
  vg_free(other);
  return VG_OK;
}

/* Takes the class of the mirrored voxel where that is known. */
static vg_status fill_mirrored(patch *p) {
  const vg_maps *m = p->maps;
  vg_brain_frame frame;
  vg_affine back;
  vg_status st = vg_frame_find(m, &frame);
  if (st) return st;
  if (!vg_affine_invert(&m->geo.affine, &back)) return vg_fail(VG_DATA, "the affine is singular");
  size_t i = 0;
  for (int z = 0; z < p->dim[2]; z++)
    for (int y = 0; y < p->dim[1]; y++)
      for (int x = 0; x < p->dim[0]; x++, i++) {
        if (!p->open[i]) continue;
        double ijk[3] = {x + p->lo[0], y + p->lo[1], z + p->lo[2]}, mm[3], other[3], at[3];
        vg_affine_apply(&m->geo.affine, ijk, mm);
        vg_frame_mirror(&frame, mm, other);
        vg_affine_apply(&back, other, at);
        size_t j = 0;
        bool inside = true;
        for (int a = 2; a >= 0; a--) {
          double k = floor(at[a] + 0.5);
          inside = inside && k >= 0 && k < m->geo.dim[a];
          j = j * (size_t)m->geo.dim[a] + (inside ? vg_rank_of(k, (size_t)m->geo.dim[a]) : 0);
        }
        if (inside && !p->gap[j] && m->anatomy[j]) p->klass[i] = m->anatomy[j];
      }
  return VG_OK;
}

vg_status vg_heal(vg_maps *maps, const uint8_t *gap, vg_fill fill) {
  patch p = {.maps = maps, .gap = gap};
  vg_geometry_spacing(&maps->geo, p.mm);
  if (!vg_mask_box(gap, maps->geo.dim, 0, p.lo, p.dim)) return VG_OK;
  bool exact;
  size_t i = 0;
  vg_status st = patch_init(&p, MARGIN);
  if (!st) st = fill_nearest(&p, &exact);
  if (!st && !exact) {
    int *dim = maps->geo.dim, all = dim[0] > dim[1] ? dim[0] : dim[1];
    st = patch_init(&p, all > dim[2] ? all : dim[2]);
    if (!st) st = fill_nearest(&p, &exact);
  }
  if (!st) st = fill == VG_FILL_MIRROR ? fill_mirrored(&p) : smooth(&p);
  for (int z = 0; !st && z < p.dim[2]; z++)
    for (int y = 0; y < p.dim[1]; y++)
      for (size_t x = 0, at = whole_row(&p, y, z); x < (size_t)p.dim[0]; x++, i++)
        if (p.open[i] && p.klass[i]) maps->anatomy[at + x] = p.klass[i];
  patch_release(&p);
  return st;
}
