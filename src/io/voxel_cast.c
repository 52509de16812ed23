/* voxel_cast.c: converts byte order, type and scale and checks for NaN in one pass over the voxels. A second
 * pass would cost as much again, since the data do not fit in the cache. */
#include "io/voxel_cast.h"
#include <math.h>
#include <pthread.h>
#include <string.h>
#include "base/simd.h"
#include "base/pool.h"

#define GRAIN ((size_t)1 << 16)

const char *vg_dtype_name(vg_dtype t) {
  switch (t) {
  case VG_DT_U8:
    return "uint8";
  case VG_DT_I8:
    return "int8";
  case VG_DT_U16:
    return "uint16";
  case VG_DT_I16:
    return "int16";
  case VG_DT_U32:
    return "uint32";
  case VG_DT_I32:
    return "int32";
  case VG_DT_U64:
    return "uint64";
  case VG_DT_I64:
    return "int64";
  case VG_DT_F32:
    return "float32";
  case VG_DT_F64:
    return "float64";
  }
  return "unknown";
}

size_t vg_dtype_size(int dtype) {
  switch (dtype) {
  case VG_DT_U8:
  case VG_DT_I8:
    return 1;
  case VG_DT_I16:
  case VG_DT_U16:
    return 2;
  case VG_DT_I32:
  case VG_DT_U32:
  case VG_DT_F32:
    return 4;
  case VG_DT_I64:
  case VG_DT_U64:
  case VG_DT_F64:
    return 8;
  default:
    return 0;
  }
}

#define SWAP8(x) (x)
#define SWAP16(x) __builtin_bswap16(x)
#define SWAP32(x) __builtin_bswap32(x)
#define SWAP64(x) __builtin_bswap64(x)

/* Loads use memcpy, because voxels in a file need not be aligned. */
#define LOOP(type, bits, swap_it, expr)              \
  for (size_t i = 0; i < n; i++) {                   \
    uint##bits##_t raw;                              \
    type v;                                          \
    memcpy(&raw, from + i * sizeof raw, sizeof raw); \
    raw = swap_it(raw);                              \
    memcpy(&v, &raw, sizeof v);                      \
    to[i] = (float)(expr);                           \
  }

/* (bytes, n, swap, plain, slope, inter) -> floats. Scaling is done in double, as nibabel does. */
#define DEFINE_CAST(name, type, bits)                                                                        \
  VG_HOT static void name(const uint8_t *restrict from, float *restrict to, size_t n, bool swap, bool plain, \
                          double slope, double inter) {                                                      \
    if (plain && !swap)                                                                                      \
      LOOP(type, bits, SWAP8, v)                                                                             \
    else if (plain)                                                                                          \
      LOOP(type, bits, SWAP##bits, v)                                                                        \
    else if (!swap)                                                                                          \
      LOOP(type, bits, SWAP8, (double)v *slope + inter)                                                      \
    else                                                                                                     \
      LOOP(type, bits, SWAP##bits, (double)v *slope + inter)                                                 \
  }

DEFINE_CAST(cast_u8, uint8_t, 8)
DEFINE_CAST(cast_i8, int8_t, 8)
DEFINE_CAST(cast_u16, uint16_t, 16)
DEFINE_CAST(cast_i16, int16_t, 16)
DEFINE_CAST(cast_u32, uint32_t, 32)
DEFINE_CAST(cast_i32, int32_t, 32)
DEFINE_CAST(cast_f32, float, 32)
DEFINE_CAST(cast_u64, uint64_t, 64)
DEFINE_CAST(cast_i64, int64_t, 64)
DEFINE_CAST(cast_f64, double, 64)

static void cast_run(const vg_cast *c, float *to, size_t begin, size_t n) {
  const uint8_t *from = (const uint8_t *)c->stored + begin * vg_dtype_size(c->dtype);
  bool plain = c->slope == 1 && c->inter == 0;
  switch (c->dtype) {
  case VG_DT_U8:
    cast_u8(from, to, n, c->swap, plain, c->slope, c->inter);
    break;
  case VG_DT_I8:
    cast_i8(from, to, n, c->swap, plain, c->slope, c->inter);
    break;
  case VG_DT_U16:
    cast_u16(from, to, n, c->swap, plain, c->slope, c->inter);
    break;
  case VG_DT_I16:
    cast_i16(from, to, n, c->swap, plain, c->slope, c->inter);
    break;
  case VG_DT_U32:
    cast_u32(from, to, n, c->swap, plain, c->slope, c->inter);
    break;
  case VG_DT_I32:
    cast_i32(from, to, n, c->swap, plain, c->slope, c->inter);
    break;
  case VG_DT_F32:
    cast_f32(from, to, n, c->swap, plain, c->slope, c->inter);
    break;
  case VG_DT_U64:
    cast_u64(from, to, n, c->swap, plain, c->slope, c->inter);
    break;
  case VG_DT_I64:
    cast_i64(from, to, n, c->swap, plain, c->slope, c->inter);
    break;
  case VG_DT_F64:
    cast_f64(from, to, n, c->swap, plain, c->slope, c->inter);
    break;
  }
}

static bool always_finite(const vg_cast *c) {
  return c->dtype != VG_DT_F32 && c->dtype != VG_DT_F64 && c->slope == 1 && c->inter == 0;
}

VG_HOT static size_t count_not_finite(const float *v, size_t n) {
  const float limit = VG_VALUE_MOST;
  uint32_t most;
  size_t bad = 0;
  memcpy(&most, &limit, sizeof most);
  for (size_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, v + i, sizeof bits);
    bad += (bits & 0x7fffffffu) > most; /* NaN and infinity are above all numbers */
  }
  return bad;
}

static size_t first_not_finite(const float *v, size_t n) {
  size_t i = 0;
  while (i < n && fabsf(v[i]) <= VG_VALUE_MOST) i++;
  return i;
}

/* The faults that the threads of one job found. */
typedef struct faults {
  pthread_mutex_t lock;
  size_t count, first;
  double value;
} faults;

#define FAULTS_INIT \
  { PTHREAD_MUTEX_INITIALIZER, 0, SIZE_MAX, 0 }

static void faults_add(faults *f, size_t count, size_t first, double value) {
  pthread_mutex_lock(&f->lock);
  f->count += count;
  if (first < f->first) {
    f->first = first;
    f->value = value;
  }
  pthread_mutex_unlock(&f->lock);
}

/* Pieces small enough to stay in the first-level cache between two passes. */
#define CHUNK ((size_t)4096)

typedef struct cast_job {
  const vg_cast *cast;
  float *values;
  uint16_t *labels;
  faults faults;
} cast_job;

static void float_range(void *arg, size_t begin, size_t end) {
  cast_job *j = arg;
  if (always_finite(j->cast)) {
    cast_run(j->cast, j->values + begin, begin, end - begin);
    return;
  }
  for (size_t at = begin; at < end; at += CHUNK) {
    size_t n = end - at < CHUNK ? end - at : CHUNK;
    cast_run(j->cast, j->values + at, at, n);
    size_t bad = count_not_finite(j->values + at, n);
    if (bad) faults_add(&j->faults, bad, at + first_not_finite(j->values + at, n), 0);
  }
}

size_t vg_cast_to_float(const vg_cast *c, float *to, size_t n, size_t *first) {
  cast_job j = {.cast = c, .values = to, .faults = FAULTS_INIT};
  vg_parallel_ranges(n, GRAIN, float_range, &j);
  *first = j.faults.first;
  return j.faults.count;
}

/* A comparison with NaN is false, so NaN counts as wrong. */
VG_HOT static size_t round_labels(const float *v, uint16_t *to, size_t n, int nan_is_zero) {
  size_t good = 0;
  for (size_t i = 0; i < n; i++) {
    float whole = rintf(v[i]);
    int ok = (whole >= 0.0f) & (whole <= 65535.0f) & (fabsf(v[i] - whole) <= 1e-3f);
    good += (size_t)(ok | (nan_is_zero & (v[i] != v[i])));
    to[i] = (uint16_t)(int)(ok ? whole : 0.0f);
  }
  return n - good;
}

static bool is_label(float v) {
  float whole = rintf(v);
  return whole >= 0.0f && whole <= 65535.0f && fabsf(v - whole) <= 1e-3f;
}

static void label_range(void *arg, size_t begin, size_t end) {
  cast_job *j = arg;
  float chunk[CHUNK];
  for (size_t at = begin; at < end; at += CHUNK) {
    size_t n = end - at < CHUNK ? end - at : CHUNK, i = 0;
    cast_run(j->cast, chunk, at, n);
    size_t bad = round_labels(chunk, j->labels + at, n, j->cast->nan_is_zero);
    if (!bad) continue;
    while (is_label(chunk[i]) || (j->cast->nan_is_zero && isnan(chunk[i]))) i++;
    faults_add(&j->faults, bad, at + i, (double)chunk[i]);
  }
}

size_t vg_cast_to_labels(const vg_cast *c, uint16_t *to, size_t n, size_t *first, double *value) {
  cast_job j = {.cast = c, .labels = to, .faults = FAULTS_INIT};
  vg_parallel_ranges(n, GRAIN, label_range, &j);
  *first = j.faults.first;
  *value = j.faults.value;
  return j.faults.count;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Clamps before the conversion, which is undefined for values outside the type. */
#define DEFINE_STORE(name, type, lo, hi)                                                    \
  VG_HOT static void name(const float *restrict from, size_t n, double slope, double inter, \
                          uint8_t *restrict bytes) {                                        \
    type *to = (type *)(void *)bytes;                                                       \
    if (slope == 1 && inter == 0) {                                                         \
      for (size_t i = 0; i < n; i++) {                                                      \
        float v = rintf(from[i]);                                                           \
        v = v < lo##f ? lo##f : v;                                                          \
        v = v > hi##f ? hi##f : v;                                                          \
        to[i] = (type)(int)v;                                                               \
      }                                                                                     \
    } else {                                                                                \
      for (size_t i = 0; i < n; i++) {                                                      \
        double v = rint(((double)from[i] - inter) / slope);                                 \
        v = v < lo ? lo : v;                                                                \
        v = v > hi ? hi : v;                                                                \
        to[i] = (type)(int)v;                                                               \
      }                                                                                     \
    }                                                                                       \
  }

DEFINE_STORE(store_u8, uint8_t, 0.0, 255.0)
DEFINE_STORE(store_i16, int16_t, -32768.0, 32767.0)
DEFINE_STORE(store_u16, uint16_t, 0.0, 65535.0)

VG_HOT static void store_f32(const float *restrict from, size_t n, double slope, double inter,
                             uint8_t *restrict bytes) {
  float *to = (float *)(void *)bytes;
  if (slope == 1 && inter == 0) {
    memcpy(to, from, n * sizeof *to);
  } else {
    for (size_t i = 0; i < n; i++) to[i] = (float)(((double)from[i] - inter) / slope);
  }
}

typedef struct store_job {
  const float *from;
  vg_dtype dtype;
  double slope, inter;
  uint8_t *to;
  faults faults, beyond; /* not finite; outside the integer type */
} store_job;

/* Values of n whose rounded form is below least or above most. */
VG_HOT static size_t count_beyond(const float *from, size_t n, double slope, double inter, double least,
                                  double most) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++) {
    double v = ((double)from[i] - inter) / slope;
    count += (v < least - 0.5) | (v > most + 0.5);
  }
  return count;
}

static size_t clamped_of(const store_job *j, const float *from, size_t n) {
  switch (j->dtype) {
  case VG_DT_U8:
    return count_beyond(from, n, j->slope, j->inter, 0, 255);
  case VG_DT_I16:
    return count_beyond(from, n, j->slope, j->inter, -32768, 32767);
  case VG_DT_U16:
    return count_beyond(from, n, j->slope, j->inter, 0, 65535);
  default:
    return 0;
  }
}

static void store_range(void *arg, size_t begin, size_t end) {
  store_job *j = arg;
  size_t size = vg_dtype_size(j->dtype);
  for (size_t at = begin; at < end; at += CHUNK) {
    size_t n = end - at < CHUNK ? end - at : CHUNK;
    const float *from = j->from + at;
    uint8_t *to = j->to + at * size;
    size_t bad = count_not_finite(from, n);
    if (bad) {
      faults_add(&j->faults, bad, at + first_not_finite(from, n), 0);
      continue;
    }
    const size_t clamped = clamped_of(j, from, n);
    if (clamped) faults_add(&j->beyond, clamped, at, 0);
    switch (j->dtype) {
    case VG_DT_U8:
      store_u8(from, n, j->slope, j->inter, to);
      break;
    case VG_DT_I16:
      store_i16(from, n, j->slope, j->inter, to);
      break;
    case VG_DT_U16:
      store_u16(from, n, j->slope, j->inter, to);
      break;
    case VG_DT_F32:
      store_f32(from, n, j->slope, j->inter, to);
      break;
    default:
      VG_BUG("volumes are not written as %s", vg_dtype_name(j->dtype));
    }
  }
}

size_t vg_cast_from_float(const float *from, size_t n, vg_dtype dtype, double slope, double inter,
                          void *stored, size_t *first, size_t *clamped) {
  store_job j = {from, dtype, slope, inter, stored, FAULTS_INIT, FAULTS_INIT};
  vg_parallel_ranges(n, GRAIN, store_range, &j);
  *first = j.faults.first;
  *clamped = j.beyond.count;
  return j.faults.count;
}
