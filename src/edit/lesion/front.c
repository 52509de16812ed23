/* front.c: fast marching.
 *
 * Arrays have the size of the grid, but the system allocates their zero pages on first use. So the work grows
 * with the front and not with the grid. */
#include "edit/lesion/front.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"

/* Near the seed the front is too curved for finite differences, so times are those of a straight path. */
#define STRAIGHT 2

typedef struct arrival {
  float time;
  uint32_t voxel;
} arrival;

typedef struct front {
  const int *dim, *seed;
  const double *mm;
  vg_front_speed speed;
  const void *arg;
  float *time;     /* 0: unknown */
  float *slowness; /* 1 / speed; 0: unknown, INFINITY: barred */
  uint8_t *done;   /* time is final */
  arrival *heap;   /* earliest first; a voxel whose time was improved occurs more than once */
  size_t n, cap;
} front;

/* Equal times are ordered by index, so that the order does not depend on the heap's history. */
static bool earlier(const arrival *a, const arrival *b) {
  return a->time < b->time || (a->time == b->time && a->voxel < b->voxel);
}

static vg_status push(front *f, arrival a) {
  if (f->n == f->cap) {
    size_t cap = f->cap ? 2 * f->cap : 4096;
    arrival *more = vg_realloc(f->heap, cap, sizeof *more);
    if (!more) return VG_MEMORY;
    f->heap = more;
    f->cap = cap;
  }
  size_t i = f->n++;
  for (; i && earlier(&a, &f->heap[(i - 1) / 2]); i = (i - 1) / 2) f->heap[i] = f->heap[(i - 1) / 2];
  f->heap[i] = a;
  return VG_OK;
}

static arrival pop(front *f) {
  arrival first = f->heap[0], last = f->heap[--f->n];
  size_t i = 0;
  for (size_t child; (child = 2 * i + 1) < f->n; i = child) {
    if (child + 1 < f->n && earlier(&f->heap[child + 1], &f->heap[child])) child++;
    if (!earlier(&f->heap[child], &last)) break;
    f->heap[i] = f->heap[child];
  }
  f->heap[i] = last;
  return first;
}

/* The upwind difference of T along one axis is sqrt(weight) * (T - time). */
typedef struct side {
  double time, weight;
} side;

/* The time T at which the squared differences sum to slowness^2. Sides that the front reaches after T do not
 * count, so we drop the latest one until all are earlier. */
static double solve(side s[3], int n, double slowness) {
  for (int i = 1; i < n; i++)
    for (int j = i; j && s[j].time < s[j - 1].time; j--) {
      side later = s[j - 1];
      s[j - 1] = s[j];
      s[j] = later;
    }
  for (;; n--) {
    double a = 0, b = 0, c = -slowness * slowness;
    for (int i = 0; i < n; i++) {
      a += s[i].weight;
      b += s[i].weight * s[i].time;
      c += s[i].weight * s[i].time * s[i].time;
    }
    double root = b * b - a * c;
    if (root >= 0 && (b + sqrt(root)) / a >= s[n - 1].time) return (b + sqrt(root)) / a;
  }
}

/* Finds the side along an axis from which the front comes; false: it comes from neither. */
static bool look(const front *f, size_t voxel, int at, int axis, size_t stride, side *out) {
  double h = f->mm[axis], best = INFINITY;
  for (int way = -1; way <= 1; way += 2) {
    if (at + way < 0 || at + way >= f->dim[axis]) continue;
    size_t one = way < 0 ? voxel - stride : voxel + stride;
    if (!f->done[one] || (double)f->time[one] >= best) continue;
    double t = best = (double)f->time[one];
    *out = (side){t, 1 / (h * h)};
    if (at + 2 * way < 0 || at + 2 * way >= f->dim[axis]) continue;
    size_t two = way < 0 ? one - stride : one + stride;
    if (f->done[two] && f->time[two] < f->time[one])
      *out = (side){(4 * t - (double)f->time[two]) / 3, 9 / (4 * h * h)};
  }
  return best < (double)INFINITY;
}

static vg_status reach(front *f, size_t voxel, const int at[3]) {
  if (f->done[voxel]) return VG_OK;
  if (!(f->slowness[voxel] > 0)) f->slowness[voxel] = 1 / f->speed(f->arg, voxel, at);
  double slowness = (double)f->slowness[voxel], way = 0;
  if (isinf(slowness)) return VG_OK;
  side s[3];
  int n = 0, far = 0;
  size_t stride = 1;
  for (int a = 0; a < 3; stride *= (size_t)f->dim[a++]) {
    n += look(f, voxel, at[a], a, stride, &s[n]);
    int off = at[a] - f->seed[a];
    far = abs(off) > far ? abs(off) : far;
    way += off * f->mm[a] * off * f->mm[a];
  }
  double t = solve(s, n, slowness);
  if (far <= STRAIGHT) t = fmin(t, sqrt(way) * slowness);
  if (f->time[voxel] > 0 && (float)t >= f->time[voxel]) return VG_OK;
  f->time[voxel] = (float)t;
  return push(f, (arrival){(float)t, (uint32_t)voxel});
}

vg_status vg_front_run(const int dim[3], const double mm[3], const int seed[3], vg_front_speed speed,
                       const void *arg, size_t n, uint32_t *order, size_t *reached) {
  const size_t stride[3] = {1, (size_t)dim[0], (size_t)dim[0] * (size_t)dim[1]};
  size_t voxels = stride[2] * (size_t)dim[2], count = 0;
  if (voxels >= UINT32_MAX) return vg_fail(VG_DATA, "a front: a grid of %zu voxels is too large", voxels);
  front f = {.dim = dim, .seed = seed, .mm = mm, .speed = speed, .arg = arg};
  f.time = vg_calloc(voxels, sizeof *f.time);
  f.slowness = vg_calloc(voxels, sizeof *f.slowness);
  f.done = vg_calloc(voxels, 1);
  vg_status st = f.time && f.slowness && f.done ? VG_OK : VG_MEMORY;
  size_t first = (size_t)seed[0] + (size_t)seed[1] * stride[1] + (size_t)seed[2] * stride[2];
  if (!st && speed(arg, first, seed) > 0) st = push(&f, (arrival){0, (uint32_t)first});
  while (!st && f.n && count < n) {
    arrival a = pop(&f);
    if (f.done[a.voxel]) continue;
    f.done[a.voxel] = 1;
    order[count++] = a.voxel;
    int at[3] = {(int)(a.voxel % stride[1]), (int)(a.voxel / stride[1] % (size_t)dim[1]),
                 (int)(a.voxel / stride[2])};
    for (int face = 0; face < 6 && !st; face++) {
      int axis = face / 2, to[3] = {at[0], at[1], at[2]};
      to[axis] += face % 2 ? 1 : -1;
      if (to[axis] < 0 || to[axis] >= dim[axis]) continue;
      st = reach(&f, face % 2 ? a.voxel + stride[axis] : a.voxel - stride[axis], to);
    }
  }
  *reached = count;
  vg_free(f.heap);
  vg_free(f.done);
  vg_free(f.slowness);
  vg_free(f.time);
  return st;
}
