/* detect_patches.c: cuts the patches of every subject of a set. */
#include "eval/detect/detect_patches.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/number/extent.h"
#include "base/task/progress.h"
#include "eval/feature/subject_view.h"
#include "eval/feature/subject_visit.h"
#include "voxgan/rng.h"

enum { EDGE = DETECT_EDGE, PIXELS = EDGE * EDGE, TRIES = 20, BLUR_REACH = 2, VOXELS_A_PATCH = 128 };

/* ---- positions ---- */

static bool in_brain(const vg_eval_view *v, int x, int y, int z) {
  return x >= 0 && x < v->dim[0] && y >= 0 && y < v->dim[1] && v->brain[vg_extent_index(v->dim, x, y, z)];
}

/* The lower corner of a patch about a centre, within the grid if it fits. */
static int corner(int centre, int dim) {
  if (dim <= EDGE) return (dim - EDGE) / 2;
  const int lo = centre - EDGE / 2;
  return lo < 0 ? 0 : lo > dim - EDGE ? dim - EDGE : lo;
}

static int count_brain(const vg_eval_view *v, const int at[3]) {
  const int x0 = corner(at[0], v->dim[0]), y0 = corner(at[1], v->dim[1]);
  int n = 0;
  for (int y = y0; y < y0 + EDGE; y++)
    for (int x = x0; x < x0 + EDGE; x++) n += in_brain(v, x, y, at[2]);
  return n;
}

/* Draws the centres; returns how many. Every series of a subject draws the same. */
static vg_status draw_places(const vg_eval_view *v, const char *id, int at[DETECT_PATCHES][3], int *n) {
  const size_t voxels = vg_extent_voxels(v->dim), slice = (size_t)v->dim[0] * (size_t)v->dim[1];
  size_t inside = 0, largest = 0, *list = VG_NEW_N(size_t, voxels);
  *n = 0;
  if (!list) return VG_MEMORY;
  for (size_t i = 0, before = 0; i < voxels; i++) {
    if (v->brain[i]) list[inside++] = i;
    if ((i + 1) % slice) continue;
    if (inside - before > largest) largest = inside - before;
    before = inside;
  }
  const size_t least = largest < PIXELS ? largest / 2 : PIXELS / 2;
  const size_t fit = 1 + inside / VOXELS_A_PATCH;
  const int wanted = fit < DETECT_PATCHES ? (int)fit : DETECT_PATCHES;
  vg_rng r = vg_rng_init(vg_rng_key(id, 0, 0), vg_rng_key("detect places", 0, 0));
  for (int t = 0; t < TRIES * wanted && inside && *n < wanted; t++) {
    int *to = at[*n];
    vg_extent_at(v->dim, list[vg_rng_below(&r, inside)], to);
    *n += (size_t)count_brain(v, to) >= least;
  }
  vg_free(list);
  return VG_OK;
}

/* ---- pixels ---- */

/* Gaussian mean over the brain's pixels around one. kernel: by distance along an axis. */
static double blurred_at(const vg_eval_view *v, const double *kernel, int x, int y, int z) {
  double sum = 0, weight = 0;
  for (int dy = -BLUR_REACH; dy <= BLUR_REACH; dy++) {
    for (int dx = -BLUR_REACH; dx <= BLUR_REACH; dx++) {
      if (!in_brain(v, x + dx, y + dy, z)) continue;
      const double w = kernel[abs(dx)] * kernel[abs(dy)];
      sum += w * (double)v->image[vg_extent_index(v->dim, x + dx, y + dy, z)];
      weight += w;
    }
  }
  return sum / weight;
}

static void cut(const vg_eval_view *v, const int at[3], bool blur, vg_rng *r, uint8_t *out) {
  const int x0 = corner(at[0], v->dim[0]), y0 = corner(at[1], v->dim[1]);
  double kernel[BLUR_REACH + 1];
  for (int d = 0; d <= BLUR_REACH; d++) kernel[d] = exp(-(d * d) / (2 * DETECT_BLUR * DETECT_BLUR));
  for (int y = y0 + EDGE - 1; y >= y0; y--) {
    for (int x = x0 + EDGE - 1; x >= x0; x--, out++) {
      const double noise = vg_rng_uniform(r, -1, 1);
      if (!in_brain(v, x, y, at[2])) {
        *out = 0;
        continue;
      }
      const double value =
          blur ? blurred_at(v, kernel, x, y, at[2]) : (double)v->image[vg_extent_index(v->dim, x, y, at[2])];
      *out = (uint8_t)floor(fmin(fmax((value + 1) * 127.5 + noise, 0), 255) + 0.5);
    }
  }
}

typedef struct cutting {
  const detect_grid *grid;
  bool blur;
  size_t of; /* subjects of the set */
  detect_side *out;
  vg_eval_visit visit;
} cutting;

/* The entry of a subject among those spread evenly. Returns NULL if it has none. */
static detect_subject *entry_of(const cutting *c, size_t index) {
  const size_t row = index * c->out->n / c->of;
  return (index + 1) * c->out->n / c->of > row ? &c->out->subjects[row] : NULL;
}

static vg_status cut_series(void *arg, size_t index, int series, const vg_feature_input *in) {
  const cutting *c = arg;
  detect_subject *s = entry_of(c, index);
  if (series == VG_SUBJECT_LABELS) return VG_OK;
  const size_t channels = (size_t)in->plan->series.n, each = channels * PIXELS;
  const char *id = s->subject->id;
  const double mm[3] = {c->grid->plane_mm, c->grid->plane_mm, c->grid->slice_mm};
  vg_eval_view v;
  vg_status st = vg_eval_view_make(in, mm, &v);
  if (!st && !s->voxels) {
    st = draw_places(&v, id, s->at, &s->n);
    s->voxels = vg_malloc((size_t)s->n * each, 1);
    s->blurred = c->blur ? vg_malloc((size_t)s->n * each, 1) : NULL;
    if (!st && (!s->voxels || (c->blur && !s->blurred))) st = VG_MEMORY;
  }
  for (int blur = 0; blur < 1 + c->blur && !st; blur++) {
    uint8_t *to = (blur ? s->blurred : s->voxels) + (size_t)series * PIXELS;
    for (int k = 0; k < s->n; k++, to += each) {
      vg_rng r = vg_rng_init(vg_rng_key(id, (uint64_t)blur, 0),
                             vg_rng_key("detect rounding", (uint64_t)k, (uint64_t)series));
      cut(&v, s->at[k], blur, &r, to);
    }
  }
  vg_eval_view_release(&v);
  return st;
}

static vg_status read_subject(void *arg, size_t index) {
  const cutting *c = arg;
  return entry_of(c, index) && vg_eval_is_whole(&c->visit, index) ? vg_eval_visit_one(&c->visit, index)
                                                                  : VG_OK;
}

vg_status vg_detect_read(const vg_feature_plan *plan, const vg_dataset *set, const vg_json *description,
                         const detect_grid *grid, bool blur, detect_side *out) {
  out->n = set->n < DETECT_SUBJECTS_MAX ? set->n : DETECT_SUBJECTS_MAX;
  out->subjects = VG_NEW_N(detect_subject, out->n);
  if (!out->subjects) return VG_MEMORY;
  cutting c = {
      .grid = grid,
      .blur = blur,
      .of = set->n,
      .out = out,
      .visit = {.plan = plan, .set = set, .description = description, .images = true, .each = cut_series}};
  c.visit.arg = &c;
  for (size_t i = 0; i < set->n; i++)
    if (entry_of(&c, i)) entry_of(&c, i)->subject = &set->subjects[i];
  return vg_task_parallel("detect: patches", "subjects", set->n, read_subject, &c);
}

void vg_detect_side_release(detect_side *side) {
  for (size_t i = 0; side->subjects && i < side->n; i++) {
    vg_free(side->subjects[i].voxels);
    vg_free(side->subjects[i].blurred);
  }
  vg_free(side->subjects);
  *side = (detect_side){0};
}

/* ---- the grid ---- */

static vg_status widen(const vg_dataset *set, const vg_subject *s, double *mm) {
  for (int k = 0; k < set->series.n; k++) {
    vg_volume_header info;
    double own[3];
    if (!s->series[k]) continue;
    vg_status st = vg_volume_info(s->series[k], &info);
    if (st) return st;
    vg_geometry_canonicalise(&info.geo);
    vg_geometry_spacing(&info.geo, own);
    *mm = fmax(*mm, fmax(own[0], own[1]));
  }
  return VG_OK;
}

vg_status vg_detect_find_grid(const vg_dataset *const *sets, int n_sets, double mm, detect_grid *out) {
  *out = (detect_grid){.plane_mm = mm, .slice_mm = mm};
  for (int k = 0; k < n_sets; k++) {
    for (size_t i = 0; i < sets[k]->n; i++) {
      vg_status st = widen(sets[k], &sets[k]->subjects[i], &out->plane_mm);
      if (st) return st;
    }
  }
  return VG_OK;
}
