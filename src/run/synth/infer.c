/* infer.c: sliding-window synthesis, of which the whole volume is the case of one window. */
#include "run/synth/infer.h"
#include "base/number/extent.h"

#include <math.h>
#include <string.h>
#include "run/synth/window.h"
#include "sample/sample.h"
#include "sample/view.h"
#include "base/mem.h"

static void gaussian(const window_axis *p, float *w) {
  double centre = (p->extent - 1) / 2.0, sigma = p->extent / 8.0;
  for (int i = 0; i < p->extent; i++) {
    double d = (i - centre) / sigma;
    /* Not below a floor, so that a voxel seen only by a corner keeps its value in single precision. */
    w[i] = p->flat || p->count == 1 ? 1.f : (float)fmax(exp(-0.5 * d * d), 1e-3);
  }
}

typedef struct window_job {
  int dim[3];    /* D, H, W of the case */
  int extent[3]; /* of a window */
  int net[3];    /* the same as the network knows it: slices of any view are slices of its patch */
  int channels;
  window_axis axis[3];
  float *weight[3];
  float *sum, *norm; /* (channels, D, H, W), (D, H, W) */
} window_job;

static void add_window(const window_job *j, const int lo[3], const float *made) {
  const int *e = j->extent;
  size_t voxels = vg_extent_voxels(j->dim);
  for (int z = 0; z < e[0]; z++)
    for (int y = 0; y < e[1]; y++) {
      int gz = lo[0] + z, gy = lo[1] + y;
      if (gz < 0 || gz >= j->dim[0] || gy < 0 || gy >= j->dim[1]) continue;
      int x0 = lo[2] < 0 ? -lo[2] : 0, x1 = j->dim[2] - lo[2] < e[2] ? j->dim[2] - lo[2] : e[2];
      size_t to = ((size_t)gz * (size_t)j->dim[1] + (size_t)gy) * (size_t)j->dim[2];
      float wzy = j->weight[0][z] * j->weight[1][y];
      for (int x = x0; x < x1; x++) j->norm[to + (size_t)(lo[2] + x)] += wzy * j->weight[2][x];
      for (int s = 0; s < j->channels; s++) {
        const float *from =
            made + (((size_t)s * (size_t)e[0] + (size_t)z) * (size_t)e[1] + (size_t)y) * (size_t)e[2];
        float *sum = j->sum + (size_t)s * voxels + to;
        for (int x = x0; x < x1; x++) sum[lo[2] + x] += wzy * j->weight[2][x] * from[x];
      }
    }
}

/* An instance norm's statistics are those of the extent that it sees. A segmentation that was trained on
 * patches loses by others: on T1 at 1 mm from 96^3 patches a mean Dice of 0.90 as a whole, of 0.92 by
 * patches. Images hardly do, and patches take several times as long. */
static bool wants_patches(const vg_gan_spec *spec, const int patch[3], const int dim[3]) {
  bool larger = false;
  for (int a = 0; a < 3; a++) larger |= 4 * dim[a] > 5 * patch[a];
  return spec->softmax && larger && spec->norm == VG_NORM_INSTANCE;
}

/* The extent of the windows, one of the whole volume unless patches are wanted or memory is short. */
static vg_status plan(const vg_gan *gan, const char *id, const int patch[3], vg_window window, size_t memory,
                      window_job *j) {
  const vg_gan_spec *spec = vg_gan_get_spec(gan);
  const int *dim = j->dim;
  int align[3] = {1, 1, 1};
  if (spec->noise) vg_gan_min_dim(gan, align); /* one voxel of the coarsest grid */
  const bool patches =
      window == VG_WINDOW_PATCH || (window == VG_WINDOW_AUTO && wants_patches(spec, patch, dim));
  for (int whole = !patches; whole >= 0; whole--) {
    for (int a = 0; a < 3; a++) {
      j->axis[a] = vg_window_plan(dim[a], patch[a], whole, align[a]);
      j->extent[a] = j->net[a] = j->axis[a].extent;
    }
    if (spec->views == VG_VIEWS_ALL) vg_view_extent(j->extent, vg_view_axis(spec->patch), j->net);
    size_t need = vg_gan_generate_bytes(spec, j->net);
    if (need <= memory) break;
    if (window == VG_WINDOW_WHOLE || !whole)
      return vg_fail(
          VG_MEMORY, "%s: synthesis of %dx%dx%d voxels needs about %.1f GiB, and %.1f GiB are free", id,
          j->extent[2], j->extent[1], j->extent[0], (double)need / (1 << 30), (double)memory / (1 << 30));
  }
  return VG_OK;
}

static void give(const vg_gan_spec *spec, const vg_case *c, const int lo[3], const int extent[3], float *to) {
  vg_case_patch(c, lo, extent, spec->softmax ? NULL : to, spec->softmax ? to : NULL);
}

enum { BATCH = 8 }; /* the most windows that go through at once */

/* The draws of some windows. */
typedef struct window_draw {
  vg_noise_id ids[BATCH], others[BATCH];
  float *mix, *style; /* (BATCH, D, H, W), (BATCH, net.style); NULL */
  vg_gan_draw draw;
} window_draw;

static vg_status window_draw_init(window_draw *w, const vg_gan_spec *spec, const vg_volume_draw *d,
                                  size_t window_voxels, int batch) {
  *w = (window_draw){0};
  if (!d) return VG_OK;
  if (d->mix && !(w->mix = vg_malloc((size_t)batch * window_voxels, sizeof(float)))) return VG_MEMORY;
  if (d->style && !(w->style = vg_malloc((size_t)batch * (size_t)spec->style, sizeof(float))))
    return VG_MEMORY;
  for (int b = 0; b < batch && d->style; b++)
    memcpy(w->style + b * spec->style, d->style, (size_t)spec->style * sizeof(float));
  w->draw = (vg_gan_draw){d->noise, w->ids, w->others, w->mix, w->style};
  return VG_OK;
}

static void window_draw_release(window_draw *w) {
  vg_free(w->mix);
  vg_free(w->style);
}

/* mix (D, H, W) within a window; outside the volume it is 0. */
static void cut_mix(const float *mix, const int dim[3], const int lo[3], const int extent[3], float *to) {
  for (int z = 0; z < extent[0]; z++)
    for (int y = 0; y < extent[1]; y++)
      for (int x = 0; x < extent[2]; x++) {
        const int at[3] = {lo[0] + z, lo[1] + y, lo[2] + x};
        bool inside = true;
        for (int a = 0; a < 3; a++) inside &= at[a] >= 0 && at[a] < dim[a];
        *to++ = inside
                    ? mix[((size_t)at[0] * (size_t)dim[1] + (size_t)at[1]) * (size_t)dim[2] + (size_t)at[2]]
                    : 0;
      }
}

/* Window b of the next ones begins at lo. */
static void window_draw_place(window_draw *w, const vg_volume_draw *d, int b, const int dim[3],
                              const int lo[3], const int extent[3]) {
  if (!d) return;
  w->ids[b] = d->id;
  w->others[b] = d->other;
  for (int a = 0; a < 3; a++) w->ids[b].origin[a] = w->others[b].origin[a] = lo[a];
  if (w->mix)
    cut_mix(d->mix, dim, lo, extent,
            w->mix + (size_t)b * (size_t)extent[0] * (size_t)extent[1] * (size_t)extent[2]);
}

/* Sums of what windows give, by their weights. */
static vg_status add_windows(vg_gan *gan, const vg_case *c, const vg_volume_draw *draw, window_job *j) {
  const vg_gan_spec *spec = vg_gan_get_spec(gan);
  const int *extent = j->extent;
  size_t voxels = vg_extent_voxels(j->dim), window_voxels = vg_extent_voxels(extent);
  /* Windows of one slice are small: several go through at once. */
  int total = j->axis[0].count * j->axis[1].count * j->axis[2].count;
  int batch = j->axis[0].flat || j->axis[1].flat || j->axis[2].flat ? (total < BATCH ? total : BATCH) : 1;
  float *given = vg_malloc((size_t)batch * (size_t)spec->in_channels * window_voxels, sizeof *given);
  float *made = vg_malloc((size_t)batch * (size_t)spec->out_channels * window_voxels, sizeof *made);
  j->norm = vg_calloc(voxels, sizeof *j->norm);
  window_draw drawn;
  vg_status st = window_draw_init(&drawn, spec, draw, window_voxels, batch);
  if (!given || !made || !j->norm) st = VG_MEMORY;
  for (int a = 0; a < 3; a++) {
    j->weight[a] = vg_malloc((size_t)extent[a], sizeof(float));
    if (!j->weight[a]) st = VG_MEMORY;
    if (!st) gaussian(&j->axis[a], j->weight[a]);
  }
  if (!st) memset(j->sum, 0, (size_t)spec->out_channels * voxels * sizeof *j->sum);
  for (int k = 0; k < total && !st; k += batch) {
    int n = total - k < batch ? total - k : batch, lo[BATCH][3];
    for (int b = 0; b < n; b++) {
      vg_window_place(j->axis, k + b, lo[b]);
      give(spec, c, lo[b], extent, given + (size_t)b * (size_t)spec->in_channels * window_voxels);
      window_draw_place(&drawn, draw, b, j->dim, lo[b], extent);
    }
    st = vg_gan_generate(gan, given, n, j->net, draw ? &drawn.draw : NULL, made);
    for (int b = 0; b < n && !st; b++)
      add_window(j, lo[b], made + (size_t)b * (size_t)spec->out_channels * window_voxels);
  }
  for (int s = 0; s < spec->out_channels && !st; s++)
    for (size_t i = 0; i < voxels; i++) j->sum[(size_t)s * voxels + i] /= j->norm[i];
  for (int a = 0; a < 3; a++) vg_free(j->weight[a]);
  window_draw_release(&drawn);
  vg_free(given);
  vg_free(made);
  vg_free(j->norm);
  return st;
}

/* The same of a window that is the volume, straight to its place. */
static vg_status one_window(vg_gan *gan, const vg_case *c, const window_job *j, const vg_volume_draw *d,
                            float *out) {
  const vg_gan_spec *spec = vg_gan_get_spec(gan);
  size_t voxels = vg_extent_voxels(j->dim);
  float *given = vg_malloc((size_t)spec->in_channels * voxels, sizeof *given);
  if (!given) return VG_MEMORY;
  give(spec, c, (const int[3]){0, 0, 0}, j->dim, given);
  vg_gan_draw draw = {0};
  if (d) draw = (vg_gan_draw){d->noise, &d->id, &d->other, d->mix, d->style};
  vg_status st = vg_gan_generate(gan, given, 1, j->net, d ? &draw : NULL, out);
  vg_free(given);
  return st;
}

/* By windows of this patch. */
static vg_status one_view(vg_gan *gan, const vg_case *c, const int patch[3], vg_window window, size_t memory,
                          const vg_volume_draw *draw, float *out) {
  const vg_gan_spec *spec = vg_gan_get_spec(gan);
  window_job j = {.dim = {c->record.dim[2], c->record.dim[1], c->record.dim[0]},
                  .channels = spec->out_channels,
                  .sum = out};
  const vg_status st = plan(gan, c->id, patch, window, memory, &j);
  if (st) return st;
  return memcmp(j.extent, j.dim, sizeof j.extent) ? add_windows(gan, c, draw, &j)
                                                  : one_window(gan, c, &j, draw, out);
}

/* The mean over slices across z, y and x. */
static vg_status all_views(vg_gan *gan, const vg_case *c, vg_window window, size_t memory, float *out) {
  const vg_gan_spec *spec = vg_gan_get_spec(gan);
  const size_t n = vg_extent_voxels(c->record.dim) * (size_t)spec->out_channels;
  float *one = vg_malloc(n, sizeof *one);
  vg_status st = one ? VG_OK : VG_MEMORY;
  int made = 0;
  for (int v = 0; v < VG_VIEWS && !st; v++) {
    int patch[3];
    if (!vg_view_shows(c->record.dim, v)) continue;
    vg_view_extent(spec->patch, v, patch);
    st = one_view(gan, c, patch, window, memory, NULL, made ? one : out);
    for (size_t i = 0; i < n && made && !st; i++) out[i] += one[i];
    made++;
  }
  for (size_t i = 0; i < n && !st; i++) out[i] /= (float)made;
  vg_free(one);
  return st;
}

vg_status vg_infer(vg_gan *gan, const vg_case *c, vg_window window, size_t memory, const vg_volume_draw *draw,
                   float *out) {
  const vg_gan_spec *spec = vg_gan_get_spec(gan);
  const size_t voxels = vg_extent_voxels(c->record.dim);
  const vg_status st = spec->views == VG_VIEWS_ALL ? all_views(gan, c, window, memory, out)
                                                   : one_view(gan, c, spec->patch, window, memory, draw, out);
  for (int s = 0; s < spec->out_channels && !st; s++)
    for (size_t i = 0; i < voxels; i++)
      if (!c->brain[i]) out[(size_t)s * voxels + i] = !spec->softmax ? -1.f : s ? 0.f : 1.f;
  return st;
}
