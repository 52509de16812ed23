/* metric_lesion.c: Dice and hd95 by lesion, by the rules of BraTS 2023 (metric.h).
 *
 * The challenge's own program measures hd95 between surface elements halfway between voxels. We use metric
 * hd95, between surface voxels; in practice it differs by less than a voxel's diagonal.
 */
#include <math.h>
#include <string.h>
#include "base/simd.h"
#include "eval/metric/metric_memo.h"
#include "eval/metric/metric_surface.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/number/extent.h"

static const vg_lesion_rules challenges[] = {
    {"GLI", 3, 50}, {"SSA", 3, 50}, {"PED", 3, 50}, {"MEN", 1, 50}, {"MET", 1, 2}};
enum { CHALLENGES = sizeof challenges / sizeof *challenges };

const vg_lesion_rules *vg_metric_lesion_rules_at(int i) {
  return i >= 0 && i < CHALLENGES ? &challenges[i] : NULL;
}

vg_status vg_metric_lesion_rules_find(const char *challenge, const vg_lesion_rules **out) {
  const vg_lesion_rules *rules =
      vg_metric_lesion_rules_at(vg_names_find(VG_NAMES_N(challenges, CHALLENGES), challenge));
  if (rules) *out = rules;
  return rules ? VG_OK : vg_fail(VG_CONFIG, "no challenge '%s': GLI, SSA, PED, MEN or MET", challenge);
}

/* ---- dilation ---- */

VG_HOT static void join_rows(const uint8_t *from, int n, uint8_t *to) {
  for (int x = 0; x < n; x++) to[x] |= from[x];
}

/* Dilates from into to by the 18 neighbours that share a face or an edge. line: extent[0] bytes. */
static void dilate(const uint8_t *from, const int extent[3], uint8_t *to, uint8_t *line) {
  int nx = extent[0];
  for (int z = 0; z < extent[2]; z++) {
    for (int y = 0; y < extent[1]; y++) {
      uint8_t *row = to + ((size_t)z * (size_t)extent[1] + (size_t)y) * (size_t)nx;
      memset(row, 0, (size_t)nx);
      memset(line, 0, (size_t)nx);
      for (int k = 0; k < 9; k++) {
        int dy = k % 3 - 1, dz = k / 3 - 1;
        if (y + dy < 0 || y + dy >= extent[1] || z + dz < 0 || z + dz >= extent[2]) continue;
        /* Rows across an edge contribute only their voxels, the others also the x neighbours of these. */
        join_rows(from + ((size_t)(z + dz) * (size_t)extent[1] + (size_t)(y + dy)) * (size_t)nx, nx,
                  dy && dz ? row : line);
      }
      join_rows(line, nx, row);
      join_rows(line, nx - 1, row + 1);
      join_rows(line + 1, nx - 1, row);
    }
  }
}

/* ---- one region ---- */

/* A region of both maps, cut to its box. */
typedef struct lesions {
  vg_box box; /* box in the grid; masks are (z, y, x) of it */
  int extent[3];
  bool flat[3];
  const double *mm;
  const vg_lesion_rules *rules;
  uint8_t *real, *synth; /* masks */
  uint32_t *blob, *part; /* components of the dilated real mask and of the synthetic one */
  size_t n_blobs, n_parts;
  vg_box *blob_boxes, *part_boxes; /* boxes by component, from 1 */
  uint32_t *met;                   /* by part: the last blob that it overlaps; 0: none */
} lesions;

static void lesions_release(lesions *l) {
  vg_free(l->real);
  vg_free(l->synth);
  vg_free(l->blob);
  vg_free(l->part);
  vg_free(l->blob_boxes);
  vg_free(l->part_boxes);
  vg_free(l->met);
}

/* Returns the boxes of components 1..n, within l's box (vg_free). */
static vg_box *component_boxes(const lesions *l, const uint32_t *label, size_t n) {
  vg_box *boxes = vg_malloc(n + 1, sizeof *boxes);
  if (!boxes) return NULL;
  for (size_t i = 0; i <= n; i++) boxes[i] = vg_metric_box_empty();
  for (int z = 0; z < l->extent[2]; z++) {
    for (int y = 0; y < l->extent[1]; y++, label += l->extent[0]) {
      for (int x = 0; x < l->extent[0]; x++) {
        if (label[x]) vg_metric_box_add(&boxes[label[x]], &(vg_box){{x, y, z}, {x + 1, y + 1, z + 1}});
      }
    }
  }
  return boxes;
}

static vg_status find_lesions(const vg_metric_input *in, int region, lesions *l) {
  int k = l->rules->dilations;
  l->mm = in->spacing;
  for (int d = 0; d < 3; d++) { /* room for the dilation */
    l->flat[d] = in->dim[d] == 1;
    l->box.lo[d] = l->box.lo[d] > k ? l->box.lo[d] - k : 0;
    l->box.hi[d] = l->box.hi[d] + k < in->dim[d] ? l->box.hi[d] + k : in->dim[d];
  }
  vg_metric_box_extent(&l->box, l->extent);
  size_t n = vg_metric_box_voxels(&l->box);
  uint8_t *dilated = vg_malloc(n, 1), *next = vg_malloc(n, 1), *line = vg_malloc((size_t)l->extent[0], 1);
  vg_status st = VG_MEMORY;
  l->real = vg_malloc(n, 1);
  l->synth = vg_malloc(n, 1);
  l->blob = vg_malloc(n, sizeof *l->blob);
  l->part = vg_malloc(n, sizeof *l->part);
  if (!dilated || !next || !line || !l->real || !l->synth || !l->blob || !l->part) goto out;
  vg_metric_region_mask(in, in->real_labels, region, &l->box, l->real);
  vg_metric_region_mask(in, in->synth_labels, region, &l->box, l->synth);
  memcpy(dilated, l->real, n);
  for (int i = 0; i < k; i++) {
    dilate(dilated, l->extent, next, line);
    uint8_t *t = dilated;
    dilated = next;
    next = t;
  }
  if ((st = vg_components(dilated, l->extent, 26, l->blob, &l->n_blobs, NULL))) goto out;
  if ((st = vg_components(l->synth, l->extent, 26, l->part, &l->n_parts, NULL))) goto out;
  l->blob_boxes = component_boxes(l, l->blob, l->n_blobs);
  l->part_boxes = component_boxes(l, l->part, l->n_parts);
  l->met = VG_NEW_N(uint32_t, l->n_parts + 1);
  if (!l->blob_boxes || !l->part_boxes || !l->met) st = VG_MEMORY;
out:
  vg_free(dilated);
  vg_free(next);
  vg_free(line);
  return st;
}

static size_t row_at(const lesions *l, int y, int z) {
  return vg_extent_index(l->extent, 0, y, z);
}

/* Marks the parts that overlap a blob. Returns the box around the blob and these parts. */
static vg_box meet_parts(lesions *l, uint32_t blob) {
  vg_box around = l->blob_boxes[blob], in = around;
  for (int z = in.lo[2]; z < in.hi[2]; z++) {
    for (int y = in.lo[1]; y < in.hi[1]; y++) {
      size_t row = row_at(l, y, z);
      for (size_t at = row + (size_t)in.lo[0]; at < row + (size_t)in.hi[0]; at++) {
        uint32_t part = l->part[at];
        if (l->blob[at] != blob || !part || l->met[part] == blob) continue;
        l->met[part] = blob;
        vg_metric_box_add(&around, &l->part_boxes[part]);
      }
    }
  }
  return around;
}

/* Computes Dice and hd95 between a lesion and all parts that overlap it. volume is in voxels. */
static vg_status score(lesions *l, uint32_t blob, double *volume, double *dice, double *hd95) {
  vg_box box = meet_parts(l, blob);
  size_t n = vg_metric_box_voxels(&box), i = 0, n_real = 0, n_synth = 0, n_both = 0;
  uint8_t *a = vg_malloc(n, 1), *b = vg_malloc(n, 1);
  vg_status st = a && b ? VG_OK : VG_MEMORY;
  for (int z = box.lo[2]; z < box.hi[2] && !st; z++) {
    for (int y = box.lo[1]; y < box.hi[1]; y++) {
      size_t row = row_at(l, y, z);
      for (size_t at = row + (size_t)box.lo[0]; at < row + (size_t)box.hi[0]; at++, i++) {
        a[i] = l->real[at] && l->blob[at] == blob;
        b[i] = l->part[at] && l->met[l->part[at]] == blob;
        n_real += a[i];
        n_synth += b[i];
        n_both += a[i] & b[i];
      }
    }
  }
  int extent[3];
  vg_surface_gap gap;
  vg_metric_box_extent(&box, extent);
  if (!st) st = vg_metric_surface_gap(a, b, extent, l->flat, l->mm, 0, &gap);
  if (!st) {
    *volume = (double)n_real;
    *dice = 2 * (double)n_both / (double)(n_real + n_synth);
    *hd95 = isinf(gap.hd95) ? VG_LESION_MISS_MM : gap.hd95;
  }
  vg_free(a);
  vg_free(b);
  return st;
}

typedef struct lesion_scores {
  double dice, hd95;
} lesion_scores;

static vg_status score_region(const vg_metric_input *in, int region, const vg_box *box, void *out) {
  lesion_scores *scores = out;
  lesions l = {.box = *box, .rules = in->lesion_rules ? in->lesion_rules : &challenges[0]};
  double voxel = vg_metric_voxel(in), dice = 0, hd95 = 0, n = 0;
  *scores = (lesion_scores){1, 0};
  if (!vg_metric_box_voxels(box)) return VG_OK;
  vg_status st = find_lesions(in, region, &l);
  for (uint32_t blob = 1; blob <= l.n_blobs && !st; blob++) {
    double volume, d, h;
    st = score(&l, blob, &volume, &d, &h);
    if (st || volume * voxel <= l.rules->above_mm3) continue;
    dice += d;
    hd95 += h;
    n++;
  }
  for (size_t part = 1; part <= l.n_parts && !st; part++) {
    if (l.met[part]) continue;
    hd95 += VG_LESION_MISS_MM;
    n++;
  }
  if (n > 0) *scores = (lesion_scores){dice / n, hd95 / n};
  lesions_release(&l);
  return st;
}

static vg_status score_regions(const vg_metric_input *in, void *block) {
  return vg_metric_each_region(in, score_region, sizeof(lesion_scores), block);
}

static vg_status lesion_dice(const vg_metric_input *in, double *values) {
  const lesion_scores *scores = vg_metric_memo_get(in, score_regions, VG_REGIONS_MAX * sizeof *scores);
  if (!scores) return VG_MEMORY;
  for (int r = 0; r < in->regions->n; r++) values[r] = scores[r].dice;
  return VG_OK;
}

static vg_status lesion_hd95(const vg_metric_input *in, double *values) {
  const lesion_scores *scores = vg_metric_memo_get(in, score_regions, VG_REGIONS_MAX * sizeof *scores);
  if (!scores) return VG_MEMORY;
  for (int r = 0; r < in->regions->n; r++) values[r] = scores[r].hd95;
  return VG_OK;
}

const vg_metric vg_metric_lesion_dice = {
    .unit = "", .kind = VG_METRIC_LESION, .ideal = 1, .compute = lesion_dice};
const vg_metric vg_metric_lesion_hd95 = {
    .unit = "mm", .kind = VG_METRIC_LESION, .ideal = 0, .compute = lesion_hd95};
