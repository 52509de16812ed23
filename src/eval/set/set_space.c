/* set_space.c: the scales, inner products and distances of two clouds of points. */
#include "eval/set/set_space.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/simd.h"
#include "base/task/progress.h"

/* ---- scales ---- */

/* Computes mean and SD of each dimension over two lists of rows. An SD that is only rounding becomes 0. */
static void spread(const float *rows, size_t n, const float *more, size_t m, size_t dims, double *mean,
                   double *sd) {
  double all = (double)(n + m);
  for (size_t d = 0; d < dims; d++) mean[d] = sd[d] = 0;
  for (size_t i = 0; i < n + m; i++) {
    const float *v = i < n ? rows + i * dims : more + (i - n) * dims;
    for (size_t d = 0; d < dims; d++) mean[d] += (double)v[d];
  }
  for (size_t d = 0; d < dims; d++) mean[d] /= all;
  for (size_t i = 0; i < n + m; i++) {
    const float *v = i < n ? rows + i * dims : more + (i - n) * dims;
    for (size_t d = 0; d < dims; d++) sd[d] += ((double)v[d] - mean[d]) * ((double)v[d] - mean[d]);
  }
  for (size_t d = 0; d < dims; d++) {
    sd[d] = n + m > 1 ? sqrt(sd[d] / (all - 1)) : 0;
    if (sd[d] < 1e-6 * (fabs(mean[d]) + 1e-3)) sd[d] = 0;
  }
}

float *vg_set_points_standardised(const vg_points *p, bool pooled) {
  size_t n = p->n_real + p->n_synth, dims = p->dims;
  float *out = vg_malloc(n * dims, sizeof *out);
  double *mean = vg_malloc(4 * dims, sizeof *mean);
  if (!out || !mean) {
    vg_free(out);
    vg_free(mean);
    return NULL;
  }
  double *sd = mean + dims, *mean_all = sd + dims, *sd_all = mean_all + dims;
  spread(p->real, p->n_real, p->synth, p->n_synth, dims, mean_all, sd_all);
  spread(p->real, p->n_real, NULL, 0, dims, mean, sd);
  for (size_t d = 0; d < dims; d++) {
    double by = pooled ? sd_all[d] : fmax(sd[d], VG_LEAST_SD * sd_all[d]);
    if (pooled) mean[d] = mean_all[d];
    sd[d] = !p->units_differ ? 1 : by > 0 ? 1 / by : 0;
  }
  for (size_t i = 0; i < n; i++) {
    const float *v = i < p->n_real ? p->real + i * dims : p->synth + (i - p->n_real) * dims;
    for (size_t d = 0; d < dims; d++) out[i * dims + d] = (float)(((double)v[d] - mean[d]) * sd[d]);
  }
  vg_free(mean);
  return out;
}

/* ---- inner products ---- */

/* Rows of either side whose products are summed at once, so that each value is read and widened once for
 * several products. The rows of a tile, CHUNK values of each at a time, stay in the cache. */
enum { ROWS_A = 2, ROWS_B = 4, LANES = 4, TILE = 16, CHUNK = 2048 };
typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));
typedef float narrow __attribute__((vector_size(LANES * sizeof(float))));

/* Adds to sums the products of ROWS_A rows with ROWS_B rows over n values. */
VG_HOT static void add_block(const float *const *a, const float *const *b, size_t from, size_t to,
                             double sums[][TILE]) {
  lanes part[ROWS_A][ROWS_B] = {{{0}}};
  size_t i = from;
  for (; i + LANES <= to; i += LANES) {
    lanes x[ROWS_A];
    narrow v;
    for (int k = 0; k < ROWS_A; k++) {
      memcpy(&v, a[k] + i, sizeof v);
      x[k] = __builtin_convertvector(v, lanes);
    }
    for (int l = 0; l < ROWS_B; l++) {
      memcpy(&v, b[l] + i, sizeof v);
      const lanes y = __builtin_convertvector(v, lanes);
      for (int k = 0; k < ROWS_A; k++) part[k][l] += x[k] * y;
    }
  }
  for (int k = 0; k < ROWS_A; k++) {
    for (int l = 0; l < ROWS_B; l++) {
      for (int m = 0; m < LANES; m++) sums[k][l] += part[k][l][m];
      for (size_t j = i; j < to; j++) sums[k][l] += (double)a[k][j] * (double)b[l][j];
    }
  }
}

typedef struct products {
  const float *a, *b;
  size_t n_a, n_b, dims;
  bool symmetric; /* rows with themselves: what lies above the diagonal is copied afterwards */
  double *out;    /* (n_a, n_b) */
} products;

/* Past the last row a tile repeats it; what comes of that is not written. */
static void list_rows(const float *rows, size_t n, size_t dims, size_t first, const float *out[TILE]) {
  for (size_t k = 0; k < TILE; k++) out[k] = rows + (first + k < n ? first + k : n - 1) * dims;
}

static void put_tile(const products *p, size_t a, size_t b) {
  const float *rows_a[TILE], *rows_b[TILE];
  double sums[TILE][TILE] = {{0}};
  list_rows(p->a, p->n_a, p->dims, a, rows_a);
  list_rows(p->b, p->n_b, p->dims, b, rows_b);
  for (size_t from = 0; from < p->dims; from += CHUNK) {
    const size_t to = p->dims - from < CHUNK ? p->dims : from + CHUNK;
    for (size_t k = 0; k < TILE; k += ROWS_A) {
      for (size_t l = 0; l < TILE; l += ROWS_B)
        add_block(rows_a + k, rows_b + l, from, to, (double(*)[TILE]) & sums[k][l]);
    }
  }
  for (size_t k = 0; k < TILE && a + k < p->n_a; k++) {
    for (size_t l = 0; l < TILE && b + l < p->n_b; l++) p->out[(a + k) * p->n_b + b + l] = sums[k][l];
  }
}

static vg_status put_row_of_tiles(void *arg, size_t k) {
  const products *p = arg;
  const size_t n = p->symmetric ? (k + 1) * TILE : p->n_b;
  for (size_t b = 0; b < n && b < p->n_b; b += TILE) put_tile(p, k * TILE, b);
  return VG_OK;
}

vg_status vg_set_points_products(const char *task, const float *a, size_t n_a, const float *b, size_t n_b,
                                 size_t dims, double *out) {
  const bool symmetric = a == b && n_a == n_b;
  products p = {a, b, n_a, n_b, dims, symmetric, out};
  vg_status st = vg_task_parallel(task, "blocks", (n_a + TILE - 1) / TILE, put_row_of_tiles, &p);
  for (size_t i = 0; i < n_a && symmetric; i++) {
    for (size_t k = 0; k < i; k++) out[k * n_b + i] = out[i * n_b + k];
  }
  return st;
}

/* ---- points in order ---- */

static int by_value(const void *a, const void *b) {
  const vg_set_value *x = a, *y = b;
  if (x->value < y->value || x->value > y->value) return x->value < y->value ? -1 : 1;
  return (x->point > y->point) - (x->point < y->point);
}

void vg_set_values_sort(vg_set_value *list, size_t n) {
  if (n) qsort(list, n, sizeof *list, by_value);
}

/* ---- the space ---- */

static void square_distances(const double *gram, size_t n, double *out) {
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k < n; k++)
      out[i * n + k] = fmax(gram[i * n + i] + gram[k * n + k] - 2 * gram[i * n + k], 0);
  }
}

vg_status vg_set_space_init(const vg_points *p, vg_set_space *out) {
  const size_t n = p->n_real + p->n_synth;
  *out = (vg_set_space){p->n_real,
                        p->n_synth,
                        p->dims,
                        vg_set_points_standardised(p, false),
                        vg_malloc(n * n, sizeof(double)),
                        vg_malloc(n * n, sizeof(double)),
                        vg_malloc(n * n, sizeof(double))};
  const char *task = "distribution: inner products";
  float *pooled = p->units_differ ? vg_set_points_standardised(p, true) : out->rows;
  vg_status st = out->rows && out->gram && out->squared && out->pooled && pooled ? VG_OK : VG_MEMORY;
  if (!st) st = vg_set_points_products(task, pooled, n, pooled, n, p->dims, out->gram);
  if (!st) square_distances(out->gram, n, out->pooled);
  if (!st && p->units_differ)
    st = vg_set_points_products(task, out->rows, n, out->rows, n, p->dims, out->gram);
  if (!st) square_distances(out->gram, n, out->squared);
  if (p->units_differ) vg_free(pooled);
  if (st) vg_set_space_release(out);
  return st;
}

void vg_set_space_release(vg_set_space *s) {
  vg_free(s->rows);
  vg_free(s->gram);
  vg_free(s->squared);
  vg_free(s->pooled);
  *s = (vg_set_space){0};
}
