/* parts_redraw.c: draws the parts of tumours as geostatistics draws layers of rock (truncated Gaussian
 * simulation): the levels of a series are intervals of a smooth random field. The field's correlation over
 * distance is that which the levels of the tumour show, so that blobs have its sizes and edges its roughness.
 * To it comes the dependence on depth, so that cysts stay inside and rims outside. Series follow one another:
 * the levels of the second are drawn for each level of the first by itself, with the numbers of voxels that
 * are there, so that the joint numbers stay, and a combination that the tumour lacks does not appear.
 *
 * We also considered moving the tumour's own parts to other places. It copies the person's structure, and a
 * slice of a thick-sliced scan has no second direction to take them from. */
#include "prep/redraw/parts_redraw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number/extent.h"
#include "grid/grid.h"
#include "prep/redraw/grain.h"
#include "prep/redraw/level_law.h"
#include "voxgan/config.h"
#include "voxgan/rng.h"

/* Steps of the curve of levels over depth. */
#define DEPTHS 8
/* The share of the variance that depth may determine: some is left to chance. */
#define MOST_BY_DEPTH 0.9

typedef struct ranked {
  float value;
  uint32_t k; /* index of a voxel in the list of the tumour */
} ranked;

/* One tumour, in its box with a margin of one voxel, which may lie outside the grid. */
typedef struct tumour {
  const vg_clusters *of;
  int dim[3];
  double mm[3], reach; /* mm; the radius of a ball of this volume, or in one slice of a disc */
  size_t n;
  size_t *where;  /* (n) in the grid, ascending */
  uint32_t *at;   /* (n) in the box */
  uint8_t *part;  /* (n) as it was */
  uint8_t *drawn; /* (n) as it becomes: the levels of the series so far */
  float *depth;   /* (n) mm from the nearest voxel outside */
  float *field;   /* (n) */
  ranked *order;  /* (n) */
  ranked *deep;   /* (n) by depth */
  float *box;     /* values in the box */
  uint8_t *mask;  /* the same: the voxels that a measurement takes */
} tumour;

static int by_value(const void *a, const void *b) {
  const ranked *x = a, *y = b;
  if (x->value < y->value || x->value > y->value) return x->value < y->value ? -1 : 1;
  return (x->k > y->k) - (x->k < y->k);
}

/* ---- levels of one series ---- */

/* What the levels of a series tell, beyond those of the series before. */
typedef struct levels {
  int n, stride;                                          /* level = part / stride % n */
  size_t count[VG_CLASSES_MAX][VG_CLUSTERS_MAX];          /* by group: the levels of the series before */
  double mean[VG_CLASSES_MAX], deviation[VG_CLASSES_MAX]; /* by group; 0: it has one level */
  double by_depth;                                        /* share of the normal variable's variance */
  size_t live;                                            /* voxels of groups with several levels */
  vg_level_law law;
} levels;

static int group_of(const levels *l, int part) {
  return part / (l->stride * l->n);
}

static int level_of(const levels *l, int part) {
  return part / l->stride % l->n;
}

static void count_levels(const tumour *t, int series, levels *l) {
  *l = (levels){.n = t->of->n[series], .stride = 1};
  for (int s = series + 1; s < t->of->n_series; s++) l->stride *= t->of->n[s];
  for (size_t k = 0; k < t->n; k++) l->count[group_of(l, t->part[k])][level_of(l, t->part[k])]++;
  for (int g = 0; g < VG_CLASSES_MAX; g++) {
    double all = 0, sum = 0, square = 0;
    for (int v = 0; v < l->n; v++) {
      all += (double)l->count[g][v];
      sum += v * (double)l->count[g][v];
      square += (double)v * v * (double)l->count[g][v];
    }
    if (!(all > 0)) continue;
    l->mean[g] = sum / all;
    const double variance = square / all - l->mean[g] * l->mean[g];
    if (!(variance > 1e-9)) continue;
    l->deviation[g] = sqrt(variance);
    l->live += (size_t)all;
    vg_level_law_add(&l->law, l->count[g], l->n, all);
  }
}

/* Writes the levels into the box, standardised in each group, and marks the voxels of groups with several. */
static void standardise(tumour *t, const levels *l) {
  memset(t->mask, 0, vg_extent_voxels(t->dim));
  for (size_t k = 0; k < t->n; k++) {
    const int g = group_of(l, t->part[k]);
    if (!(l->deviation[g] > 0)) continue;
    t->mask[t->at[k]] = 1;
    t->box[t->at[k]] = (float)((level_of(l, t->part[k]) - l->mean[g]) / l->deviation[g]);
  }
}

/* Sets field to a curve over depth through the mean levels of DEPTHS shells of about as many voxels each; its
 * mean is 0 and its variance 1, if it is not flat. Returns the share of the levels' variance. */
static double follow_depth(tumour *t, const levels *l) {
  double depth[DEPTHS + 1], mean[DEPTHS + 1], sum = 0, square = 0;
  size_t at = 0, in = 0;
  int n = 0;
  for (size_t i = 0; i < t->n; i++) {
    const uint32_t k = t->deep[i].k;
    if (!t->mask[t->at[k]]) continue;
    if (!in) depth[n] = mean[n] = 0;
    depth[n] += (double)t->depth[k];
    mean[n] += (double)t->box[t->at[k]];
    in++, at++;
    /* Voxels of one depth share a shell. */
    const bool apart = i + 1 < t->n && t->deep[i + 1].value > t->deep[i].value;
    if ((!apart || at < l->live * (size_t)(n + 1) / DEPTHS) && at < l->live) continue;
    depth[n] /= (double)in;
    mean[n++] /= (double)in;
    in = 0;
  }
  for (size_t k = 0; k < t->n; k++) {
    const double d = (double)t->depth[k];
    int b = 0;
    while (b + 1 < n && depth[b + 1] < d) b++;
    double v = mean[b];
    if (d > depth[b] && b + 1 < n) v += (mean[b + 1] - v) * (d - depth[b]) / (depth[b + 1] - depth[b]);
    t->field[k] = (float)v;
    if (!t->mask[t->at[k]]) continue;
    sum += v;
    square += v * v;
  }
  sum /= (double)l->live;
  const double variance = square / (double)l->live - sum * sum;
  const double scale = variance > 1e-6 ? 1 / sqrt(variance) : 0;
  for (size_t k = 0; k < t->n; k++) t->field[k] = (float)(((double)t->field[k] - sum) * scale);
  return scale > 0 ? variance : 0;
}

/* The correlation over distance of what depth leaves to chance. */
static void fit_grain(tumour *t, const levels *l, vg_grain *grain) {
  vg_lags lags, of_depth;
  double least = t->mm[0];
  for (int a = 1; a < 3; a++) least = fmin(least, t->mm[a]);
  vg_lags_measure(t->box, t->mask, t->dim, t->mm, t->reach, &lags);
  for (size_t k = 0; k < t->n; k++) t->box[t->at[k]] = t->field[k];
  vg_lags_measure(t->box, t->mask, t->dim, t->mm, t->reach, &of_depth);
  for (int i = 0; i < lags.n; i++)
    lags.of[i].value =
        (vg_level_law_to_normal(&l->law, lags.of[i].value) - l->by_depth * of_depth.of[i].value) /
        (1 - l->by_depth);
  vg_grain_fit(&lags, least, t->reach, grain);
}

/* Gives the voxels of each group as many of each level as it had, in the order of the field. */
static void cut(tumour *t, const levels *l) {
  for (int g = 0; g < VG_CLASSES_MAX; g++) {
    size_t n = 0, next = 0;
    for (size_t k = 0; k < t->n; k++)
      if (t->drawn[k] == g) t->order[n++] = (ranked){t->field[k], (uint32_t)k};
    qsort(t->order, n, sizeof *t->order, by_value);
    for (int v = 0; v < l->n; v++)
      for (size_t i = 0; i < l->count[g][v]; i++)
        t->field[t->order[next++].k] = (float)(g * l->n + v); /* drawn is still searched */
  }
  for (size_t k = 0; k < t->n; k++) t->drawn[k] = (uint8_t)t->field[k];
}

static vg_status draw_series(tumour *t, int series, uint64_t seed, uint64_t key) {
  levels l;
  vg_grain grain;
  count_levels(t, series, &l);
  vg_status st = VG_OK;
  if (l.live) {
    standardise(t, &l);
    l.by_depth = fmin(MOST_BY_DEPTH, vg_level_law_to_normal(&l.law, follow_depth(t, &l)));
    fit_grain(t, &l, &grain);
    st = vg_grain_draw(&grain, t->dim, t->mm, seed, key, t->box);
    for (size_t k = 0; k < t->n && !st; k++)
      t->field[k] =
          (float)(sqrt(l.by_depth) * (double)t->field[k] + sqrt(1 - l.by_depth) * (double)t->box[t->at[k]]);
  }
  if (!st) cut(t, &l);
  return st;
}

/* ---- one tumour ---- */

static void tumour_release(tumour *t) {
  vg_free(t->where);
  vg_free(t->at);
  vg_free(t->part);
  vg_free(t->drawn);
  vg_free(t->depth);
  vg_free(t->field);
  vg_free(t->order);
  vg_free(t->deep);
  vg_free(t->box);
  vg_free(t->mask);
}

static vg_status tumour_new(tumour *t) {
  const size_t voxels = vg_extent_voxels(t->dim);
  t->where = vg_malloc(t->n, sizeof *t->where);
  t->at = vg_malloc(t->n, sizeof *t->at);
  t->part = vg_malloc(t->n, 1);
  t->drawn = vg_calloc(t->n, 1);
  t->depth = vg_malloc(t->n, sizeof *t->depth);
  t->field = vg_calloc(t->n, sizeof *t->field);
  t->order = vg_malloc(t->n, sizeof *t->order);
  t->deep = vg_malloc(t->n, sizeof *t->deep);
  t->box = vg_malloc(voxels, sizeof *t->box);
  t->mask = vg_malloc(voxels, 1);
  const bool got = t->where && t->at && t->part && t->drawn && t->depth && t->field && t->order && t->deep;
  return got && t->box && t->mask ? VG_OK : VG_MEMORY;
}

/* A component of a divided class. */
typedef struct component {
  size_t n;
  int lo[3], hi[3];
  uint8_t least, most; /* of its parts */
} component;

static double radius_of(const component *c, const double mm[3]) {
  double size = (double)c->n;
  int axes = 0;
  for (int a = 0; a < 3; a++)
    if (c->hi[a] > c->lo[a]) size *= mm[a], axes++;
  return axes == 3 ? cbrt(0.75 / M_PI * size) : axes == 2 ? sqrt(size / M_PI) : size / 2;
}

/* Where the grid ends, the tumour may go on: the end is no surface, unless the tumour fills the grid. */
static vg_status measure_depth(tumour *t, const component *c, const int grid[3]) {
  size_t i = 0, outside = 0;
  for (int z = c->lo[2] - 1; z < c->lo[2] - 1 + t->dim[2]; z++)
    for (int y = c->lo[1] - 1; y < c->lo[1] - 1 + t->dim[1]; y++)
      for (int x = c->lo[0] - 1; x < c->lo[0] - 1 + t->dim[0]; x++, i++)
        t->mask[i] = x >= 0 && y >= 0 && z >= 0 && x < grid[0] && y < grid[1] && z < grid[2];
  for (size_t k = 0; k < t->n; k++) t->mask[t->at[k]] = 0;
  for (i = 0; i < vg_extent_voxels(t->dim); i++) outside += t->mask[i];
  vg_status st = VG_OK;
  if (outside) st = vg_distance(t->mask, t->dim, t->mm, t->box);
  for (size_t k = 0; k < t->n && !st; k++) {
    t->depth[k] = outside ? t->box[t->at[k]] : 0;
    t->deep[k] = (ranked){t->depth[k], (uint32_t)k};
  }
  if (!st) qsort(t->deep, t->n, sizeof *t->deep, by_value);
  return st;
}

static void find_voxels(tumour *t, const component *c, uint32_t id, const uint32_t *label, const int grid[3],
                        const uint8_t *part) {
  size_t k = 0;
  for (int z = c->lo[2]; z <= c->hi[2]; z++)
    for (int y = c->lo[1]; y <= c->hi[1]; y++)
      for (int x = c->lo[0]; x <= c->hi[0]; x++) {
        const size_t i = vg_extent_index(grid, x, y, z);
        if (label[i] != id) continue;
        t->where[k] = i;
        t->at[k] = (uint32_t)vg_extent_index(t->dim, x - c->lo[0] + 1, y - c->lo[1] + 1, z - c->lo[2] + 1);
        t->part[k++] = part[i];
      }
}

/* part: (Z, Y, X) of the grid; label: of its components, of which this is number `id`. */
static vg_status redraw(const component *c, uint32_t id, const uint32_t *label, const vg_geometry *geo,
                        const vg_clusters *of, uint64_t seed, uint64_t key, uint8_t *part) {
  tumour t = {.of = of, .n = c->n};
  for (int a = 0; a < 3; a++) t.dim[a] = c->hi[a] - c->lo[a] + 3;
  vg_geometry_spacing(geo, t.mm);
  t.reach = radius_of(c, t.mm);
  vg_status st = tumour_new(&t);
  if (!st) find_voxels(&t, c, id, label, geo->dim, part);
  if (!st) st = measure_depth(&t, c, geo->dim);
  for (int s = 0; s < of->n_series && !st; s++)
    st = draw_series(&t, s, seed, vg_rng_key("parts", key, (uint64_t)s));
  for (size_t k = 0; k < t.n && !st; k++) part[t.where[k]] = t.drawn[k];
  tumour_release(&t);
  return st;
}

/* ---- all tumours ---- */

static component *measure_components(const uint32_t *label, size_t n, const int dim[3], const uint8_t *part) {
  component *c = vg_calloc(n ? n : 1, sizeof *c);
  size_t i = 0;
  for (int z = 0; z < dim[2] && c; z++)
    for (int y = 0; y < dim[1]; y++)
      for (int x = 0; x < dim[0]; x++, i++) {
        if (!label[i]) continue;
        const int at[3] = {x, y, z};
        component *own = &c[label[i] - 1];
        const bool first = !own->n++;
        for (int a = 0; a < 3; a++) {
          if (first || at[a] < own->lo[a]) own->lo[a] = at[a];
          if (first || at[a] > own->hi[a]) own->hi[a] = at[a];
        }
        if (first || part[i] < own->least) own->least = part[i];
        if (first || part[i] > own->most) own->most = part[i];
      }
  return c;
}

/* Draws the parts of one class: code is that of its first part. part and label are scratch. */
static vg_status redraw_class(vg_maps *m, const vg_clusters *of, int code, uint64_t seed, uint64_t key,
                              uint8_t *part, uint8_t *mask, uint32_t *label) {
  const size_t voxels = vg_geometry_voxels(&m->geo);
  const int parts = vg_clusters_classes(of);
  size_t n = 0, any = 0;
  for (size_t i = 0; i < voxels; i++) {
    mask[i] = m->tumour[i] >= code && m->tumour[i] < code + parts;
    part[i] = (uint8_t)(mask[i] ? m->tumour[i] - code : 0);
    any += mask[i];
  }
  if (!any) return VG_OK;
  vg_status st = vg_components(mask, m->geo.dim, 26, label, &n, NULL);
  component *c = st ? NULL : measure_components(label, n, m->geo.dim, part);
  if (!st && !c) st = VG_MEMORY;
  for (size_t k = 0; k < n && !st; k++)
    if (c[k].n >= VG_REDRAW_LEAST && c[k].least < c[k].most)
      st = redraw(&c[k], (uint32_t)(k + 1), label, &m->geo, of, seed, vg_rng_key("tumour", key, k), part);
  vg_free(c);
  for (size_t i = 0; i < voxels && !st; i++)
    if (mask[i]) m->tumour[i] = (uint8_t)(code + part[i]);
  return st;
}

vg_status vg_parts_redraw(vg_maps *m, uint64_t seed, uint64_t key) {
  const size_t voxels = vg_geometry_voxels(&m->geo);
  vg_clusters of;
  if (!vg_classes_parts(&m->classes, &of)) return VG_OK;
  uint8_t *part = vg_malloc(voxels, 1), *mask = vg_malloc(voxels, 1);
  uint32_t *label = vg_malloc(voxels, sizeof *label);
  vg_status st = part && mask && label ? VG_OK : VG_MEMORY;
  int seen = 0;
  for (int k = 0; k < m->classes.n && !st; k++) {
    if (m->classes.roles[k] != VG_ROLE_TUMOUR || vg_class_whole(m->classes.names[k]) == m->classes.names[k])
      continue;
    if (seen++ % vg_clusters_classes(&of) == 0)
      st = redraw_class(m, &of, k + 1, seed, vg_rng_key("class", key, (uint64_t)k), part, mask, label);
  }
  vg_free(part);
  vg_free(mask);
  vg_free(label);
  return st;
}
