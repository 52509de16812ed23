/* ventricles.c: separates the fluid inside the brain from the fluid around it.
 *
 * If no class names the ventricles, the lateral ventricles are the deep fluid beside white matter. Inner
 * seeds are the wide stretches of fluid that are deep, off the midline and near white matter. Outer seeds are
 * the fluid of sulci and cisterns (shallow, or behind the midbrain). The fluid between goes to the seed with
 * the widest way to it: a watershed (Vincent and Soille, IEEE PAMI 13, 1991) on the distance from tissue,
 * which separates the two at the narrowest point. Positions are unit coordinates of the brain's frame. The
 * figures were set on fifteen scans of adults.
 */
#include <math.h>
#include <string.h>

#include "edit/brain/cells.h"
#include "edit/brain/frame.h"
#include "edit/brain/tissue.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "base/number/extent.h"
#include "base/whole.h"

#define CELL 4.0
#define SEED_DEPTH 25.0f /* mm below the brain's surface */
#define SULCUS_DEPTH 18.0f
#define SEED_WIDTH 1.9f /* mm from tissue */
#define SEED_WHITE 0.4f /* least share of white matter in the tissue around */
#define HORN_WHITE 0.2f /* the same beside the caudate nuclei */
#define CISTERN_WHITE 0.25f
#define SEED_VOLUME 100.0 /* mm^3, connected */

enum { OPEN, TISSUE, INNER, OUTER };

/* The box of the brain that may hold the ventricles, as a grid of its own. */
typedef struct work {
  const vg_maps *maps;
  vg_brain_frame frame;
  vg_cells cells;
  float *depth; /* of cells, mm */
  bool any_white;
  int lo[3], dim[3];
  double mm[3], voxel_mm3;
  size_t n;
  uint8_t *state, *tissue;
  float *width; /* mm from fluid to the nearest tissue */
} work;

static void work_release(work *w) {
  vg_cells_release(&w->cells);
  vg_free(w->depth);
  vg_free(w->state);
  vg_free(w->tissue);
  vg_free(w->width);
}

/* Distance of cells from the space around the brain; holes in the brain do not count. */
static vg_status find_depth(work *w) {
  vg_cells *c = &w->cells;
  vg_status st = vg_cells_init(w->maps, NULL, CELL, c);
  if (st) return st;
  size_t n = vg_extent_voxels(c->dim), components;
  uint32_t *component = vg_malloc(n, sizeof *component);
  uint8_t *mask = vg_malloc(n, 1);
  double mm[3];
  vg_geometry cell_grid = {.dim = {c->dim[0], c->dim[1], c->dim[2]}, .affine = c->world};
  vg_geometry_spacing(&cell_grid, mm);
  w->depth = vg_malloc(n, sizeof *w->depth);
  st = component && mask && w->depth ? VG_OK : VG_MEMORY;
  if (st) goto out;
  for (size_t i = 0; i < n; i++) {
    mask[i] = c->share[i][VG_CELL_BRAIN] < 0.5f;
    w->any_white |= c->share[i][VG_CELL_WHITE] > 0;
  }
  st = vg_components(mask, c->dim, 6, component, &components, NULL);
  if (st) goto out;
  for (size_t i = 0; i < n; i++) mask[i] = component[i] == 1; /* the first voxel lies in the empty border */
  st = vg_distance(mask, c->dim, mm, w->depth);
  vg_cells_blur(c);
out:
  vg_free(component);
  vg_free(mask);
  return st;
}

/* Finds the box of the ventricles, with room for turned heads. */
static vg_status find_box(work *w) {
  static const double reach[3][2] = {{-0.6, 0.6}, {-0.8, 0.65}, {-0.5, 0.5}};
  const vg_maps *m = w->maps;
  vg_affine back;
  if (!vg_affine_invert(&m->geo.affine, &back)) return vg_fail(VG_DATA, "the affine is singular");
  double lo[3], hi[3];
  for (int a = 0; a < 3; a++) lo[a] = INFINITY, hi[a] = -INFINITY;
  for (int corner = 0; corner < 8; corner++) {
    double unit[3], mm[3], at[3];
    for (int a = 0; a < 3; a++) unit[a] = reach[a][corner >> a & 1];
    vg_frame_from_unit(&w->frame, unit, mm);
    vg_affine_apply(&back, mm, at);
    for (int a = 0; a < 3; a++) lo[a] = fmin(lo[a], at[a]), hi[a] = fmax(hi[a], at[a]);
  }
  w->n = 1;
  for (int a = 0; a < 3; a++) {
    int end = vg_int_of(fmin(m->geo.dim[a], ceil(hi[a]) + 1));
    w->lo[a] = vg_index_of(floor(lo[a]), m->geo.dim[a]);
    w->dim[a] = end - w->lo[a] < 1 ? 1 : end - w->lo[a];
    w->n *= (size_t)w->dim[a];
  }
  vg_geometry_spacing(&m->geo, w->mm);
  w->voxel_mm3 = vg_geometry_voxel_ml(&m->geo) * 1000;
  w->state = vg_calloc(w->n, 1);
  w->tissue = vg_calloc(w->n, 1);
  w->width = vg_malloc(w->n, sizeof *w->width);
  return w->state && w->tissue && w->width ? VG_OK : VG_MEMORY;
}

static size_t whole_index(const work *w, int x, int y, int z) {
  return vg_extent_index(w->maps->geo.dim, x + w->lo[0], y + w->lo[1], z + w->lo[2]);
}

/* Says whether a fluid voxel is certainly inside, certainly outside, or open. */
static int judge(const work *w, const double mm[3], const double voxel[3], float width) {
  const vg_cells *c = &w->cells;
  double unit[3];
  vg_frame_to_unit(&w->frame, mm, unit);
  double side = fabs(unit[0]), y = unit[1], z = unit[2];
  float at[3], on[3], share[VG_CELL_CHANNELS];
  size_t first;
  for (int a = 0; a < 3; a++) at[a] = (float)((voxel[a] + 0.5) / c->block[a] + 0.5);
  if (!vg_cells_at(c->dim, at, &first, on)) return OUTER;
  float depth = vg_cells_value(c->dim, w->depth, 1, first, on);
  /* Beside and behind the midbrain the cisterns lie between the ventricles. */
  bool cistern = y < -0.2 ? side < 0.14 - 0.3 * (y + 0.2) : y < -0.1 && z < 0 && side < 0.22;
  if (depth < SULCUS_DEPTH || cistern || side > 0.6 || y > 0.6 || z > 0.4 || z < -0.5) return OUTER;
  for (int k = 0; k < VG_CELL_CHANNELS; k++)
    share[k] = vg_cells_value(c->dim, &c->share[0][k], VG_CELL_CHANNELS, first, on);
  float tissue = share[VG_CELL_KNOWN] - share[VG_CELL_FLUID];
  float white = !w->any_white ? 1 : tissue > 0 ? share[VG_CELL_WHITE] / tissue : 0;
  if (width < SEED_WIDTH) return OPEN;
  if (y < -0.15 && z < 0.1 && white < CISTERN_WHITE) return OUTER;
  bool body = side > (z < 0 ? 0.25 : 0.05) && side < 0.5 && y > -0.65 && y < 0.42 && z > -0.3 && z < 0.37;
  bool horn = side < 0.25 && y > 0 && y < 0.35 && z > 0.05 && z < 0.25;
  return body && depth >= SEED_DEPTH && white > (horn ? HORN_WHITE : SEED_WHITE) ? INNER : OPEN;
}

/* Small components of seeds are not ventricles. */
static vg_status drop_small_seeds(work *w) {
  uint32_t *component = vg_malloc(w->n, sizeof *component);
  uint8_t *seed = vg_malloc(w->n, 1);
  size_t components, *sizes = NULL;
  vg_status st = component && seed ? VG_OK : VG_MEMORY;
  for (size_t i = 0; !st && i < w->n; i++) seed[i] = w->state[i] == INNER;
  if (!st) st = vg_components(seed, w->dim, 26, component, &components, &sizes);
  const double each = w->voxel_mm3;
  for (size_t i = 0; !st && i < w->n; i++)
    if (component[i] && (double)sizes[component[i] - 1] * each < SEED_VOLUME) w->state[i] = OPEN;
  vg_free(component);
  vg_free(seed);
  vg_free(sizes);
  return st;
}

static vg_status place_seeds(work *w) {
  vg_tissue kind[VG_CLASSES_MAX + 1];
  vg_tissue_table(&w->maps->classes, kind);
  size_t i = 0;
  for (int z = 0; z < w->dim[2]; z++)
    for (int y = 0; y < w->dim[1]; y++)
      for (int x = 0; x < w->dim[0]; x++, i++)
        w->tissue[i] = kind[w->maps->anatomy[whole_index(w, x, y, z)]] != VG_TISSUE_FLUID;
  vg_status st = vg_distance(w->tissue, w->dim, w->mm, w->width);
  if (st) return st;
  i = 0;
  for (int z = 0; z < w->dim[2]; z++)
    for (int y = 0; y < w->dim[1]; y++)
      for (int x = 0; x < w->dim[0]; x++, i++) {
        w->state[i] = TISSUE;
        if (w->tissue[i]) continue;
        double voxel[3] = {x + w->lo[0], y + w->lo[1], z + w->lo[2]}, mm[3];
        vg_affine_apply(&w->maps->geo.affine, voxel, mm);
        w->state[i] = (uint8_t)judge(w, mm, voxel, w->width[i]);
      }
  return drop_small_seeds(w);
}

/* ---- the flood: voxels wait in queues by the narrowest width on their way ---- */

#define LEVELS 32
#define NONE UINT32_MAX

typedef struct queues {
  uint32_t head[LEVELS], tail[LEVELS], *next;
} queues;

static void push(queues *q, int level, uint32_t i) {
  q->next[i] = NONE;
  if (q->head[level] == NONE)
    q->head[level] = i;
  else
    q->next[q->tail[level]] = i;
  q->tail[level] = i;
}

static int level_of(const work *w, size_t i) {
  float level = 2 * w->width[i]; /* half a mm each */
  return vg_index_of((double)level, LEVELS);
}

static vg_status flood(work *w) {
  queues q = {.next = vg_malloc(w->n, sizeof *q.next)};
  if (!q.next) return VG_MEMORY;
  for (int l = 0; l < LEVELS; l++) q.head[l] = NONE;
  for (size_t i = 0; i < w->n; i++)
    if (w->state[i] == INNER || w->state[i] == OUTER) push(&q, level_of(w, i), (uint32_t)i);
  size_t stride[3] = {1, (size_t)w->dim[0], (size_t)w->dim[0] * (size_t)w->dim[1]};
  for (int l = LEVELS - 1; l >= 0; l--)
    while (q.head[l] != NONE) {
      uint32_t i = q.head[l];
      q.head[l] = q.next[i];
      for (int a = 0; a < 3; a++)
        for (int way = -1; way <= 1; way += 2) {
          int at = (int)(i / stride[a] % (size_t)w->dim[a]) + way;
          if (at < 0 || at >= w->dim[a]) continue;
          size_t j = way < 0 ? i - stride[a] : i + stride[a];
          if (w->state[j] != OPEN) continue;
          w->state[j] = w->state[i];
          int level = level_of(w, j);
          push(&q, level < l ? level : l, (uint32_t)j);
        }
    }
  vg_free(q.next);
  return VG_OK;
}

static vg_status find_in_fluid(const vg_maps *maps, const vg_brain_frame *frame, uint8_t *mask) {
  work w = {.maps = maps};
  if (frame) w.frame = *frame;
  vg_status st = frame ? VG_OK : vg_frame_find(maps, &w.frame);
  if (!st) st = find_depth(&w);
  if (!st) st = find_box(&w);
  if (!st) st = place_seeds(&w);
  if (!st) st = flood(&w);
  size_t i = 0;
  for (int z = 0; !st && z < w.dim[2]; z++)
    for (int y = 0; y < w.dim[1]; y++)
      for (int x = 0; x < w.dim[0]; x++, i++) mask[whole_index(&w, x, y, z)] = w.state[i] == INNER;
  work_release(&w);
  return st;
}

vg_status vg_ventricles_find(const vg_maps *maps, const vg_brain_frame *frame, uint8_t *mask) {
  size_t n = vg_geometry_voxels(&maps->geo);
  bool named[VG_CLASSES_MAX + 1] = {false}, any = false, fluid[VG_CLASSES_MAX + 1] = {false}, wet = false;
  vg_tissue kind[VG_CLASSES_MAX + 1];
  vg_tissue_table(&maps->classes, kind);
  for (int i = 0; i < maps->classes.n; i++) {
    fluid[i + 1] = kind[i + 1] == VG_TISSUE_FLUID;
    named[i + 1] = fluid[i + 1] && strstr(maps->classes.names[i], "entric");
    any |= named[i + 1];
  }
  for (size_t i = 0; i < n; i++) {
    mask[i] = any && named[maps->anatomy[i]];
    wet |= fluid[maps->anatomy[i]];
  }
  return any || !wet ? VG_OK : find_in_fluid(maps, frame, mask);
}
