/* volume_mgh.c: FreeSurfer's .mgh and .mgz: a header of 284 bytes, big-endian, then the voxels. */
#include <string.h>
#include "base/mem.h"
#include "base/str.h"
#include "io/gzip.h"
#include "io/nifti/nifti_repair.h"
#include "io/raw/raw.h"
#include "io/volume_format.h"

enum { HEADER = 284, VERSION_AT = 0, DIM_AT = 4, TYPE_AT = 20, PLACED_AT = 28, SIZE_AT = 30 };

static size_t ending_length(const char *name) {
  return vg_has_ending(name, ".mgz") || vg_has_ending(name, ".mgh") ? 4
         : vg_has_ending(name, ".mgh.gz")                           ? 7
                                                                    : 0;
}

static bool reads(const char *name) {
  return ending_length(name) > 0;
}

static int32_t int_at(const uint8_t *b, int at) {
  return (int32_t)((uint32_t)b[at] << 24 | (uint32_t)b[at + 1] << 16 | (uint32_t)b[at + 2] << 8 | b[at + 3]);
}

static double float_at(const uint8_t *b, int at) {
  const int32_t bits = int_at(b, at);
  float v;
  memcpy(&v, &bits, sizeof v);
  return (double)v;
}

static bool is_placed(const uint8_t *b) {
  return (b[PLACED_AT] << 8 | b[PLACED_AT + 1]) != 0;
}

/* Voxel sizes, the directions of the axes, and where the centre of the volume lies. By FreeSurfer's rule a
 * header that does not place the volume stands for coronal slices of 1 mm around the origin. */
static void place(const uint8_t *b, vg_geometry *geo) {
  static const double coronal[3][3] = {{-1, 0, 0}, {0, 0, -1}, {0, 1, 0}};
  const bool placed = is_placed(b);
  for (int r = 0; r < 3; r++) {
    double first = placed ? float_at(b, SIZE_AT + 4 * (12 + r)) : 0;
    for (int c = 0; c < 3; c++) {
      const double mm = placed ? float_at(b, SIZE_AT + 4 * c) : 1;
      const double along = placed ? float_at(b, SIZE_AT + 4 * (3 + 3 * c + r)) : coronal[c][r];
      geo->affine.m[r][c] = mm * along;
      first -= mm * along * geo->dim[c] / 2;
    }
    geo->affine.m[r][3] = first;
  }
}

static vg_status parse(const char *path, const uint8_t *b, size_t len, vg_raw *raw) {
  static const struct {
    int code;
    vg_dtype dtype;
  } types[] = {{0, VG_DT_U8}, {1, VG_DT_I32}, {3, VG_DT_F32}, {4, VG_DT_I16}, {10, VG_DT_U16}};
  if (len < HEADER) return vg_fail(VG_DATA, "%s: %zu bytes are too few for an MGH header", path, len);
  if (int_at(b, VERSION_AT) != 1)
    return vg_fail(VG_DATA, "%s: not an MGH file (its version is %d, not 1)", path, int_at(b, VERSION_AT));
  int dim[4];
  for (int d = 0; d < 4; d++) {
    dim[d] = int_at(b, DIM_AT + 4 * d);
    if (dim[d] < 1)
      return vg_fail(VG_DATA, "%s: header has a length of %d along dimension %d", path, dim[d], d + 1);
  }
  memcpy(raw->info.geo.dim, dim, sizeof raw->info.geo.dim);
  raw->volumes = dim[3];
  vg_status st = vg_volume_check_shape(path, dim);
  if (st) return st;
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (types[i].code == int_at(b, TYPE_AT)) raw->info.dtype = types[i].dtype;
  if (!raw->info.dtype)
    return vg_fail(VG_DATA, "%s: type %d is not supported (uint8, int16, int32, uint16 and float32 are)",
                   path, int_at(b, TYPE_AT));
  raw->info.slope = 1;
  raw->info.format = "MGH";
  raw->info.xform_code = is_placed(b);
  raw->swap = true;
  raw->offset = HEADER;
  place(b, &raw->info.geo);
  if (!is_placed(b))
    vg_repair_note(VG_REPAIR_ORIENTATION, path,
                   "header has no orientation (its flag is 0); by FreeSurfer's rule its slices are taken as "
                   "coronal, of 1 mm, and left and right may be swapped");
  return vg_volume_check_geometry(path, &raw->info.geo);
}

/* A header is within the first of these of a compressed file. */
#define START ((size_t)1 << 12)

static vg_status open_mgh(const char *path, vg_raw *raw) {
  uint8_t header[HEADER];
  void *start = NULL;
  size_t len, got = 0;
  vg_status st = vg_file_open(path, &raw->file);
  if (!st) st = vg_raw_start(&raw->file, path, START, &start, &len);
  if (!st && vg_gzip_is(start, len)) {
    raw->packing = VG_PACKED_FILE;
    st = vg_gzip_peek(path, start, len, header, sizeof header, &got);
  } else if (!st) {
    got = len < HEADER ? len : HEADER;
    memcpy(header, start, got);
  }
  if (!st) st = parse(path, header, got, raw);
  vg_free(start);
  return st;
}

static vg_status info(const char *path, vg_volume_header *header) {
  return vg_raw_info(path, open_mgh, header);
}

static vg_status read_volume(const char *path, vg_volume *vol, vg_volume_header *header) {
  return vg_raw_read(path, open_mgh, vol, header);
}

static vg_status read_labels(const char *path, vg_labelmap *map, vg_volume_header *header) {
  return vg_raw_read_labels(path, open_mgh, map, header);
}

const vg_volume_format vg_volume_mgh = {
    .ending = ending_length, .reads = reads, .info = info, .read = read_volume, .read_labels = read_labels};
