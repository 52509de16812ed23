/* raw.c: reads voxels, after all that a header promises was compared with what the file has. */
#include "io/raw/raw.h"
#include <math.h>
#include <stdio.h>
#include "base/mem.h"
#include "base/number/extent.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "io/gzip.h"
#include "io/voxel_cast.h"

/* Deflate shrinks by this at the very most. */
#define RATIO_MOST 1032

uint64_t vg_raw_bytes(const vg_raw *raw) {
  uint64_t bytes = vg_dtype_size(raw->info.dtype);
  for (int d = 0; d < 3; d++) bytes *= (uint64_t)raw->info.geo.dim[d];
  return bytes;
}

vg_status vg_raw_start(const vg_file *file, const char *path, size_t most, void **bytes, size_t *len) {
  *len = (size_t)(file->size < most ? file->size : most);
  *bytes = vg_malloc(*len + 1, 1);
  if (!*bytes) return VG_MEMORY;
  ((char *)*bytes)[*len] = '\0';
  return vg_file_read(file, path, 0, *bytes, *len);
}

/* Where the voxels lie in what holds them. */
static uint64_t start_of(const vg_raw *raw) {
  return raw->packing == VG_PACKED_VOXELS ? 0 : raw->offset;
}

/* The bytes of all volumes. check_shape bounds one, and check_volumes the rest. */
static uint64_t bytes_of_all(const vg_raw *raw) {
  return vg_raw_bytes(raw) * (uint64_t)raw->volumes;
}

static vg_status check_room(const vg_raw *raw, uint64_t have, bool exact) {
  const uint64_t wanted = bytes_of_all(raw), start = start_of(raw);
  if (start <= have && wanted <= have - start) return VG_OK;
  const int *dim = raw->info.geo.dim;
  char several[32] = "";
  if (raw->volumes > 1) snprintf(several, sizeof several, "x%d", raw->volumes);
  return vg_fail(
      VG_DATA, "%s: header promises %dx%dx%d%s voxels of %s, %llu bytes at %llu, but the file has %s%llu",
      raw->name, dim[0], dim[1], dim[2], several, vg_dtype_name(raw->info.dtype), (unsigned long long)wanted,
      (unsigned long long)start, exact ? "" : "at most ", (unsigned long long)have);
}

/* A fourth axis is bounded too: all volumes are inflated together. */
#define BYTES_MOST ((uint64_t)1 << 36)

static vg_status check_volumes(const vg_raw *raw) {
  if (raw->volumes == 1 && raw->chosen < 0) return VG_OK;
  if (raw->chosen < 0)
    return vg_fail(VG_DATA,
                   "%s: %d volumes or components along dimension 4, but voxgan needs a single volume "
                   "(layout msd reads such files)",
                   raw->path, raw->volumes);
  if (raw->chosen >= raw->volumes)
    return vg_fail(VG_DATA, "%s: volume %d is wanted, but the file has %d, counted from 0", raw->path,
                   raw->chosen, raw->volumes);
  return vg_raw_bytes(raw) <= BYTES_MOST / (uint64_t)raw->volumes
             ? VG_OK
             : vg_fail(VG_DATA, "%s: promises %d volumes of %llu bytes: 2^36 in all can be", raw->path,
                       raw->volumes, (unsigned long long)vg_raw_bytes(raw));
}

/* What the voxels may be inflated to: something may follow them, though not much. */
static uint64_t inflated_most(const vg_raw *raw) {
  return 2 * (start_of(raw) + bytes_of_all(raw)) + ((uint64_t)1 << 20);
}

/* Bytes of the file from which the voxels come. */
static uint64_t stored_bytes(const vg_raw *raw) {
  if (raw->packing != VG_PACKED_VOXELS) return raw->file.size;
  return raw->file.size > raw->offset ? raw->file.size - raw->offset : 0;
}

static vg_status open_raw(const char *path, vg_raw_opener open, vg_raw *raw) {
  *raw = (vg_raw){.file = {-1, 0}, .chosen = -1};
  raw->path = vg_strdup(path);
  if (!raw->path) return VG_MEMORY;
  const size_t file = vg_volume_part(path, &raw->chosen);
  raw->path[file] = '\0';
  raw->name = raw->path;
  vg_status st = open(raw->path, raw);
  if (raw->voxel_path) raw->name = raw->voxel_path;
  if (!raw->volumes) raw->volumes = 1;
  if (!st) st = check_volumes(raw);
  if (st) return st;
  const uint64_t stored = stored_bytes(raw);
  if (raw->packing == VG_PACKED_NOT) return check_room(raw, stored, true);
  /* Before anything is inflated; deflate hardly grows. */
  if (stored / 2 > inflated_most(raw))
    return vg_fail(VG_DATA, "%s: has %llu bytes, but its header promises only %llu before compression",
                   raw->name, (unsigned long long)stored, (unsigned long long)bytes_of_all(raw));
  return check_room(raw, stored * RATIO_MOST, false);
}

static void close_raw(vg_raw *raw) {
  vg_free(raw->voxel_path);
  vg_free(raw->path);
  vg_free(raw->held);
  vg_file_close(&raw->file);
}

static vg_status load_voxels(vg_raw *raw) {
  const uint64_t skip = raw->chosen > 0 ? (uint64_t)raw->chosen * vg_raw_bytes(raw) : 0;
  const bool packed = raw->packing != VG_PACKED_NOT;
  const size_t wanted = (size_t)(packed ? stored_bytes(raw) : vg_raw_bytes(raw));
  const uint64_t from = raw->packing == VG_PACKED_FILE ? 0 : packed ? raw->offset : raw->offset + skip;
  raw->held = vg_malloc(wanted, 1);
  if (!raw->held) return VG_MEMORY;
  vg_status st = vg_file_read(&raw->file, raw->name, from, raw->held, wanted);
  raw->voxels = raw->held;
  if (st || !packed) return st;
  void *stored = raw->held;
  size_t len;
  raw->held = NULL;
  st = vg_gzip_is(stored, wanted)
           ? vg_gzip_inflate(raw->name, stored, wanted, (size_t)inflated_most(raw), &raw->held, &len)
           : vg_zlib_inflate(raw->name, stored, wanted, (size_t)inflated_most(raw), &raw->held, &len);
  vg_free(stored);
  if (!st) st = check_room(raw, len, true);
  if (!st) raw->voxels = (const uint8_t *)raw->held + start_of(raw) + skip;
  return st;
}

/* An allocator's message does not name the file. */
static vg_status close_with(vg_raw *raw, const char *path, vg_status st) {
  if (st == VG_MEMORY) vg_fail_in(st, "%s", path);
  close_raw(raw);
  return st;
}

vg_status vg_raw_info(const char *path, vg_raw_opener open, vg_volume_header *header) {
  vg_raw raw;
  vg_status st = open_raw(path, open, &raw);
  if (!st) *header = raw.info;
  return close_with(&raw, path, st);
}

vg_status vg_raw_beside(const char *path, vg_raw_opener open, char **beside) {
  vg_raw raw = {.file = {-1, 0}, .chosen = -1};
  int part;
  if (!(raw.path = vg_strdup(path))) return VG_MEMORY;
  raw.path[vg_volume_part(path, &part)] = '\0';
  vg_status st = open(raw.path, &raw); /* several volumes, or too few voxels, are no fault here */
  if (!st) *beside = raw.voxel_path, raw.voxel_path = NULL;
  return close_with(&raw, path, st);
}

/* Opens a file, loads its voxels, and makes room for as many values of `size` bytes (vg_free). The room is
 * not zeroed, because the caller writes every value. */
static vg_status open_voxels(const char *path, vg_raw_opener open, size_t size, vg_raw *raw, void **room) {
  *room = NULL;
  vg_status st = open_raw(path, open, raw);
  if (!st) st = load_voxels(raw);
  if (!st && !(*room = vg_malloc(vg_geometry_voxels(&raw->info.geo), size))) st = VG_MEMORY;
  return st;
}

bool vg_raw_nan_is_background;

static vg_cast cast_of(const vg_raw *raw) {
  return (vg_cast){raw->voxels,     raw->info.dtype, raw->swap,
                   raw->info.slope, raw->info.inter, vg_raw_nan_is_background};
}

/* Sets NaN to the lowest value, where that is wanted and nothing is infinite. False: nothing was changed. */
static bool fill_nan(float *data, size_t n) {
  float least = INFINITY;
  bool nan_only = vg_raw_nan_is_background;
  for (size_t i = 0; i < n && nan_only; i++) {
    nan_only = isnan(data[i]) || fabsf(data[i]) <= VG_VALUE_MOST;
    if (data[i] < least) least = data[i];
  }
  if (!nan_only || !isfinite(least)) return false;
  for (size_t i = 0; i < n; i++)
    if (isnan(data[i])) data[i] = least;
  return true;
}

vg_status vg_raw_read(const char *path, vg_raw_opener open, vg_volume *vol, vg_volume_header *header) {
  vg_raw raw;
  void *room;
  vg_status st = open_voxels(path, open, sizeof(float), &raw, &room);
  float *data = room;
  if (st) goto out;
  const vg_geometry *geo = &raw.info.geo;
  size_t n = vg_geometry_voxels(geo), first;
  vg_cast cast = cast_of(&raw);
  size_t bad = vg_cast_to_float(&cast, data, n, &first);
  if (bad && !fill_nan(data, n)) {
    int at[3];
    vg_extent_at(geo->dim, first, at);
    st = vg_fail(
        VG_DATA, "%s: %zu %s NaN or infinite, or beyond 1e30, the first at (%d, %d, %d)%s", raw.name, bad,
        vg_plural(bad, "voxel is", "voxels are"), at[0], at[1], at[2],
        isnan(data[first]) && !vg_raw_nan_is_background ? "; --nan-background takes NaN as background" : "");
    goto out;
  }
  *vol = (vg_volume){*geo, data};
  data = NULL;
  if (header) *header = raw.info;
out:
  vg_free(data);
  return close_with(&raw, path, st);
}

vg_status vg_raw_read_labels(const char *path, vg_raw_opener open, vg_labelmap *map,
                             vg_volume_header *header) {
  vg_raw raw;
  void *room;
  vg_status st = open_voxels(path, open, sizeof(uint16_t), &raw, &room);
  uint16_t *data = room;
  if (st) goto out;
  const vg_geometry *geo = &raw.info.geo;
  size_t n = vg_geometry_voxels(geo), first;
  double value;
  vg_cast cast = cast_of(&raw);
  size_t bad = vg_cast_to_labels(&cast, data, n, &first, &value);
  if (bad) {
    int at[3];
    vg_extent_at(geo->dim, first, at);
    st = vg_fail(
        VG_DATA, "%s: %zu %s (whole numbers from 0 to 65535), the first is %g at (%d, %d, %d)%s", raw.name,
        bad, vg_plural(bad, "voxel is no label", "voxels are not labels"), value, at[0], at[1], at[2],
        isnan(value) && !vg_raw_nan_is_background ? "; --nan-background takes NaN as background" : "");
    goto out;
  }
  *map = (vg_labelmap){*geo, data};
  data = NULL;
  if (header) *header = raw.info;
out:
  vg_free(data);
  return close_with(&raw, path, st);
}
