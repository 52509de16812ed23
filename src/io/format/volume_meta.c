/* volume_meta.c: ITK's MetaImage: .mha, and .mhd with the voxels in a file beside it. Lines of `Key = value`,
 * of which ElementDataFile is the last. Directions and offset are along L, P and S. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/mem.h"
#include "base/str.h"
#include "io/format/header_text.h"
#include "io/nifti/nifti_repair.h"
#include "io/volume_format.h"

static size_t ending_length(const char *name) {
  return vg_has_ending(name, ".mha") || vg_has_ending(name, ".mhd") ? 4 : 0;
}

static bool reads(const char *name) {
  return ending_length(name) > 0;
}

/* The values of a header, as text. NULL: it has no such line. */
typedef struct meta {
  const char *type, *dims, *lengths, *size, *spacing, *matrix, *offset, *element, *channels, *binary, *packed,
      *msb, *element_msb, *skip, *data;
} meta;

static void keep(meta *m, const char *key, const char *value) {
  const struct {
    const char *key, **to;
  } keys[] = {{"ObjectType", &m->type},
              {"NDims", &m->dims},
              {"DimSize", &m->lengths},
              {"ElementSize", &m->size},
              {"ElementSpacing", &m->spacing},
              {"TransformMatrix", &m->matrix},
              {"Rotation", &m->matrix},
              {"Orientation", &m->matrix},
              {"Offset", &m->offset},
              {"Position", &m->offset},
              {"Origin", &m->offset},
              {"ElementType", &m->element},
              {"ElementNumberOfChannels", &m->channels},
              {"BinaryData", &m->binary},
              {"CompressedData", &m->packed},
              {"BinaryDataByteOrderMSB", &m->msb},
              {"ElementByteOrderMSB", &m->element_msb},
              {"HeaderSize", &m->skip},
              {"ElementDataFile", &m->data}};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
    if (strcmp(keys[i].key, key) == 0) *keys[i].to = value;
}

/* ITK writes True and False; it reads the first letter. */
static bool is_true(const char *text) {
  return text && (*text == 'T' || *text == 't' || *text == '1');
}

static vg_status read_lines(const char *path, char *text, meta *m, size_t *used) {
  char *rest = text, *line;
  *m = (meta){0};
  while (!m->data && (line = vg_header_line(&rest))) {
    char *sign = strchr(line, '=');
    if (!*line) continue;
    if (!sign && !*rest) break; /* voxels */
    if (!sign)
      return vg_fail(VG_DATA, "%s: not a MetaImage header: '%.40s' is not `Key = value`", path, line);
    char *end = sign, *value = sign + 1 + strspn(sign + 1, " \t");
    while (end > line && strchr(" \t", end[-1])) end--;
    *end = '\0';
    keep(m, line, value);
  }
  *used = (size_t)(rest - text);
  return m->data ? VG_OK : vg_fail(VG_DATA, "%s: not a MetaImage header: it has no ElementDataFile", path);
}

static vg_status bad(const char *path, const char *key, const char *value) {
  return vg_fail(VG_DATA, "%s: header has no usable %s: '%.60s'", path, key, value ? value : "");
}

/* The lengths of the axes. A slice is a volume of one slice. */
static vg_status take_shape(const char *path, const meta *m, int *dims, vg_raw *raw) {
  int *dim = raw->info.geo.dim, all[4] = {1, 1, 1, 1};
  if (!m->dims || !vg_header_wholes(m->dims, dims, 1) || *dims < 2 || *dims > 4)
    return vg_fail(VG_DATA, "%s: header has %s dimensions; voxgan reads 2 to 4", path,
                   m->dims ? m->dims : "no");
  if (!m->lengths || !vg_header_wholes(m->lengths, all, *dims)) return bad(path, "DimSize", m->lengths);
  for (int d = 0; d < *dims; d++)
    if (all[d] < 1)
      return vg_fail(VG_DATA, "%s: header has a length of %d along dimension %d", path, all[d], d + 1);
  memcpy(dim, all, 3 * sizeof *all);
  raw->volumes = all[3];
  int channels = 1;
  if (m->channels && !vg_header_wholes(m->channels, &channels, 1))
    return bad(path, "ElementNumberOfChannels", m->channels);
  if (channels != 1)
    return vg_fail(VG_DATA, "%s: %d components a voxel, but voxgan needs a single volume", path, channels);
  return vg_volume_check_shape(path, dim);
}

static vg_status take_place(const char *path, const meta *m, int dims, vg_raw *raw) {
  static const int lps[3] = {-1, -1, 1};
  double matrix[16] = {0}, mm[4] = {1, 1, 1, 1}, origin[4] = {0},
         step[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  const char *spacing = m->spacing ? m->spacing : m->size;
  for (int d = 0; d < dims; d++) matrix[d * dims + d] = 1;
  if (m->matrix && !vg_header_numbers(m->matrix, matrix, dims * dims))
    return bad(path, "TransformMatrix", m->matrix);
  if (spacing && !vg_header_numbers(spacing, mm, dims)) return bad(path, "ElementSpacing", spacing);
  if (m->offset && !vg_header_numbers(m->offset, origin, dims)) return bad(path, "Offset", m->offset);
  const int space = dims < 3 ? dims : 3;
  for (int axis = 0; axis < space; axis++)
    for (int r = 0; r < space; r++) step[axis][r] = matrix[axis * dims + r];
  for (int axis = 0; axis < 3; axis++)
    for (int r = 0; r < 3; r++) step[axis][r] *= mm[axis];
  vg_header_place(raw, step, origin, lps);
  raw->info.xform_code = m->matrix != NULL;
  if (!spacing)
    vg_repair_note(VG_REPAIR_SIZE_ZERO, path, "header has no ElementSpacing; voxels of 1 mm are taken");
  if (!m->matrix)
    vg_repair_note(VG_REPAIR_ORIENTATION, path,
                   "header has no orientation (no TransformMatrix); the axes are taken to run to the left, "
                   "back and top, and left and right may be swapped");
  return vg_volume_check_geometry(path, &raw->info.geo);
}

static vg_status take_type(const char *path, const meta *m, vg_raw *raw) {
  static const struct {
    const char *name;
    vg_dtype dtype;
  } types[] = {{"MET_CHAR", VG_DT_I8},        {"MET_UCHAR", VG_DT_U8},  {"MET_SHORT", VG_DT_I16},
               {"MET_USHORT", VG_DT_U16},     {"MET_INT", VG_DT_I32},   {"MET_UINT", VG_DT_U32},
               {"MET_LONG", VG_DT_I32},       {"MET_ULONG", VG_DT_U32}, {"MET_LONG_LONG", VG_DT_I64},
               {"MET_ULONG_LONG", VG_DT_U64}, {"MET_FLOAT", VG_DT_F32}, {"MET_DOUBLE", VG_DT_F64}};
  for (size_t i = 0; m->element && i < sizeof types / sizeof types[0]; i++)
    if (strcmp(types[i].name, m->element) == 0) raw->info.dtype = types[i].dtype;
  if (!raw->info.dtype)
    return vg_fail(VG_DATA, "%s: type %s is not supported (real numbers of 8 to 64 bits are)", path,
                   m->element ? m->element : "''");
  if (m->binary && !is_true(m->binary))
    return vg_fail(VG_DATA, "%s: its voxels are text (BinaryData = %s), which voxgan does not read", path,
                   m->binary);
  raw->info.format = "MetaImage";
  raw->info.slope = 1;
  raw->swap = is_true(m->msb ? m->msb : m->element_msb);
  return VG_OK;
}

/* Where the voxels begin: behind the header, or in a file beside it. */
static vg_status find_voxels(const char *path, const meta *m, size_t used, vg_file *header, vg_raw *raw) {
  int skip = 0;
  raw->packing = is_true(m->packed) ? VG_PACKED_VOXELS : VG_PACKED_NOT;
  if (strcasecmp(m->data, "LOCAL") == 0) {
    raw->file = *header;
    header->fd = -1;
    raw->offset = used;
    return VG_OK;
  }
  if (vg_starts_with(m->data, "LIST") || strchr(m->data, '%'))
    return vg_fail(VG_DATA,
                   "%s: its voxels are in several files (ElementDataFile = %.60s), which voxgan does "
                   "not read",
                   path, m->data);
  if (m->skip && (!vg_header_wholes(m->skip, &skip, 1) || skip < -1)) return bad(path, "HeaderSize", m->skip);
  vg_status st = vg_header_open_beside(path, m->data, raw);
  const uint64_t bytes = vg_raw_bytes(raw) * (uint64_t)raw->volumes;
  /* -1: the voxels are the end of the file. */
  if (!st && skip == -1 && !raw->packing && raw->file.size > bytes) raw->offset = raw->file.size - bytes;
  if (!st && skip > 0) raw->offset = (uint64_t)skip;
  return st;
}

static vg_status open_meta(const char *path, vg_raw *raw) {
  vg_file header = {-1, 0};
  void *text = NULL;
  size_t len, used = 0;
  int dims = 0;
  meta m;
  vg_status st = vg_file_open(path, &header);
  if (!st) st = vg_raw_start(&header, path, VG_HEADER_MOST, &text, &len);
  if (!st) st = read_lines(path, text, &m, &used);
  if (!st && m.type && strcmp(m.type, "Image") != 0)
    st = vg_fail(VG_DATA, "%s: holds a %.40s, not an image", path, m.type);
  if (!st) st = take_shape(path, &m, &dims, raw);
  if (!st) st = take_type(path, &m, raw);
  if (!st) st = take_place(path, &m, dims, raw);
  if (!st) st = find_voxels(path, &m, used, &header, raw);
  vg_file_close(&header);
  vg_free(text);
  return st;
}

static vg_status info(const char *path, vg_volume_header *header) {
  return vg_raw_info(path, open_meta, header);
}

static vg_status beside(const char *path, char **other) {
  return vg_raw_beside(path, open_meta, other); /* a .mha may have its voxels elsewhere too */
}

static vg_status read_volume(const char *path, vg_volume *vol, vg_volume_header *header) {
  return vg_raw_read(path, open_meta, vol, header);
}

static vg_status read_labels(const char *path, vg_labelmap *map, vg_volume_header *header) {
  return vg_raw_read_labels(path, open_meta, map, header);
}

const vg_volume_format vg_volume_meta = {.ending = ending_length,
                                         .reads = reads,
                                         .info = info,
                                         .beside = beside,
                                         .read = read_volume,
                                         .read_labels = read_labels};
