/* volume_nrrd.c: NRRD, the format of 3D Slicer: .nrrd, and .nhdr with the voxels in a file beside it. Lines
 * of `field: value` up to an empty line. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/mem.h"
#include "base/str.h"
#include "io/format/header_text.h"
#include "io/nifti/nifti_repair.h"
#include "io/volume_format.h"

static size_t ending_length(const char *name) {
  return vg_has_ending(name, ".nrrd") || vg_has_ending(name, ".nhdr") ? 5 : 0;
}

static bool reads(const char *name) {
  return ending_length(name) > 0;
}

/* The values of a header, as text. NULL: it has no such field. */
typedef struct nrrd {
  const char *type, *dimension, *sizes, *encoding, *endian, *space, *space_dims, *steps, *origin, *spacings,
      *units, *data, *byte_skip, *line_skip;
} nrrd;

static void keep(nrrd *h, const char *field, const char *value) {
  const struct {
    const char *field, **to;
  } fields[] = {{"type", &h->type},
                {"dimension", &h->dimension},
                {"sizes", &h->sizes},
                {"encoding", &h->encoding},
                {"endian", &h->endian},
                {"space", &h->space},
                {"space dimension", &h->space_dims},
                {"space directions", &h->steps},
                {"space origin", &h->origin},
                {"spacings", &h->spacings},
                {"space units", &h->units},
                {"data file", &h->data},
                {"datafile", &h->data},
                {"byte skip", &h->byte_skip},
                {"byteskip", &h->byte_skip},
                {"line skip", &h->line_skip},
                {"lineskip", &h->line_skip}};
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
    if (strcasecmp(fields[i].field, field) == 0) *fields[i].to = value;
}

/* Comments begin with '#', and `key:=value` are the author's own words. */
static vg_status read_lines(const char *path, char *text, nrrd *h, size_t *used) {
  char *rest = text, *line = vg_header_line(&rest);
  *h = (nrrd){0};
  if (!line || strncmp(line, "NRRD000", 7) != 0)
    return vg_fail(VG_DATA, "%s: not an NRRD file (it does not begin with NRRD)", path);
  while ((line = vg_header_line(&rest)) && *line) {
    char *colon = strchr(line, ':');
    if (*line == '#') continue;
    if (!colon && !*rest) { /* voxels */
      line = NULL;
      break;
    }
    if (!colon) return vg_fail(VG_DATA, "%s: not an NRRD header: '%.40s' is not `field: value`", path, line);
    if (colon[1] == '=') continue;
    *colon = '\0';
    keep(h, line, colon + 1 + strspn(colon + 1, " \t"));
  }
  *used = (size_t)(rest - text);
  /* The header of a .nhdr may end with the file instead of an empty line. */
  return line || h->data ? VG_OK
                         : vg_fail(VG_DATA, "%s: its NRRD header does not end with an empty line", path);
}

static vg_status bad(const char *path, const char *field, const char *value) {
  return vg_fail(VG_DATA, "%s: header has no usable '%s': '%.60s'", path, field, value ? value : "");
}

static vg_status take_type(const char *path, const nrrd *h, vg_raw *raw) {
  static const struct {
    const char *names;
    vg_dtype dtype;
  } types[] = {
      {"|signed char|int8|int8_t|", VG_DT_I8},
      {"|uchar|unsigned char|uint8|uint8_t|", VG_DT_U8},
      {"|short|short int|signed short|signed short int|int16|int16_t|", VG_DT_I16},
      {"|ushort|unsigned short|unsigned short int|uint16|uint16_t|", VG_DT_U16},
      {"|int|signed int|int32|int32_t|", VG_DT_I32},
      {"|uint|unsigned int|uint32|uint32_t|", VG_DT_U32},
      {"|longlong|long long|long long int|signed long long|signed long long int|int64|int64_t|", VG_DT_I64},
      {"|ulonglong|unsigned long long|unsigned long long int|uint64|uint64_t|", VG_DT_U64},
      {"|float|", VG_DT_F32},
      {"|double|", VG_DT_F64}};
  char wanted[64];
  snprintf(wanted, sizeof wanted, "|%s|", h->type ? h->type : "");
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (strstr(types[i].names, wanted)) raw->info.dtype = types[i].dtype;
  if (!raw->info.dtype)
    return vg_fail(VG_DATA, "%s: type '%.40s' is not supported (real numbers of 8 to 64 bits are)", path,
                   h->type ? h->type : "");
  const char *encoding = h->encoding ? h->encoding : "";
  if (strcasecmp(encoding, "gzip") == 0 || strcasecmp(encoding, "gz") == 0)
    raw->packing = VG_PACKED_VOXELS;
  else if (strcasecmp(encoding, "raw") != 0)
    return vg_fail(VG_DATA, "%s: encoding '%.40s' is not supported (raw and gzip are)", path, encoding);
  raw->info.format = "NRRD";
  raw->info.slope = 1;
  raw->swap = h->endian && strcasecmp(h->endian, "big") == 0;
  if (h->endian && !raw->swap && strcasecmp(h->endian, "little") != 0) return bad(path, "endian", h->endian);
  if (!h->endian && raw->info.dtype != VG_DT_U8 && raw->info.dtype != VG_DT_I8)
    return vg_fail(VG_DATA, "%s: header has no 'endian', but its voxels have several bytes", path);
  return VG_OK;
}

/* Cuts the direction of an axis off the text: "(x,y,z)", or "none" for an axis that is none of space. */
static bool cut_step(const char **text, int space, bool *none, double *step) {
  char word[256];
  const char *t = *text + strspn(*text, " \t"), *end = *t == '(' ? strchr(t, ')') : NULL;
  *none = strncasecmp(t, "none", 4) == 0;
  if (*none) {
    *text = t + 4;
    return true;
  }
  if (!end || (size_t)(end + 1 - t) >= sizeof word) return false;
  memcpy(word, t, (size_t)(end + 1 - t));
  word[end + 1 - t] = '\0';
  *text = end + 1;
  return vg_header_numbers(word, step, space);
}

/* Which signs turn a space into R, A, S; NULL: a space without a patient. */
static const int *signs_of(const char *space) {
  static const int ras[3] = {1, 1, 1}, las[3] = {-1, 1, 1}, lps[3] = {-1, -1, 1};
  static const struct {
    const char *name, *letters;
    const int *sign;
  } spaces[] = {{"right-anterior-superior", "RAS", ras},
                {"left-anterior-superior", "LAS", las},
                {"left-posterior-superior", "LPS", lps}};
  for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
    const size_t n = strlen(spaces[i].name);
    if (strcasecmp(space, spaces[i].letters) == 0) return spaces[i].sign;
    if (strncasecmp(space, spaces[i].name, n) == 0 && (!space[n] || strcasecmp(space + n, "-time") == 0))
      return spaces[i].sign;
  }
  return NULL;
}

/* Sizes of voxels, of which those of other than space may be "nan". 0: there is none. */
static bool take_spacings(const char *text, int dims, double mm[4]) {
  for (int a = 0; a < dims; a++) {
    char word[64];
    text += strspn(text, " \t");
    const size_t n = strcspn(text, " \t");
    if (!n || n >= sizeof word) return false;
    memcpy(word, text, n);
    word[n] = '\0';
    mm[a] = 0;
    if (strcasecmp(word, "nan") != 0 && !vg_header_numbers(word, &mm[a], 1)) return false;
    text += n;
  }
  return !text[strspn(text, " \t")];
}

/* The lengths of the axes' directions, where the header does not say where these lead. ITK writes slices and
 * series of volumes in a space of 2 and 4 dimensions. */
static bool take_lengths(const nrrd *h, int dims, double mm[4]) {
  const char *text = h->steps;
  int space = 3;
  if (h->space_dims && (!vg_header_wholes(h->space_dims, &space, 1) || space < 2 || space > 4)) return false;
  for (int a = 0; a < dims; a++) {
    bool none;
    double step[4] = {0};
    if (!cut_step(&text, space, &none, step)) return false;
    mm[a] = none ? 0 : sqrt(step[0] * step[0] + step[1] * step[1] + step[2] * step[2]);
  }
  return true;
}

/* A header without a space: sizes of voxels, or nothing at all. ITK takes its axes to run to the left, the
 * back and the top. */
static vg_status place_without(const char *path, const nrrd *h, int dims, vg_raw *raw) {
  static const int lps[3] = {-1, -1, 1};
  double mm[4] = {0}, step[3][3] = {{0}}, origin[3] = {0};
  const int space = dims < 3 ? dims : 3;
  if (h->spacings && !take_spacings(h->spacings, dims, mm)) return bad(path, "spacings", h->spacings);
  if (!h->spacings && h->steps && !take_lengths(h, dims, mm)) return bad(path, "space directions", h->steps);
  for (int a = 0; a < space; a++)
    if (mm[a] == 0)
      vg_repair_note(VG_REPAIR_SIZE_ZERO, path, "header has no voxel size along %c; 1 mm is taken", "xyz"[a]);
  for (int a = 0; a < 3; a++) step[a][a] = a < space && mm[a] != 0 ? mm[a] : 1;
  vg_header_place(raw, step, origin, lps);
  vg_repair_note(
      VG_REPAIR_ORIENTATION, path,
      "header has no orientation (no 'space'); the axes are taken to run to the left, back and top, "
      "and left and right may be swapped");
  return VG_OK;
}

static vg_status place(const char *path, const nrrd *h, int dims, vg_raw *raw) {
  const int *sign = signs_of(h->space);
  const char *text = h->steps ? h->steps : "";
  double step[3][3] = {{0}}, origin[3] = {0};
  if (!sign)
    return vg_fail(VG_DATA,
                   "%s: space '%.40s' does not tell left from right (left-posterior-superior, "
                   "right-anterior-superior and left-anterior-superior do)",
                   path, h->space);
  if (h->units && strstr(h->units, "\"mm\"") == NULL && strstr(h->units, "millimet") == NULL)
    return vg_fail(VG_DATA, "%s: space units %.40s: voxgan reads mm", path, h->units);
  for (int a = 0; a < dims; a++) {
    bool none;
    double unused[3];
    if (!cut_step(&text, 3, &none, a < 3 ? step[a] : unused)) return bad(path, "space directions", h->steps);
    if (none && a < 3)
      return vg_fail(VG_DATA,
                     "%s: axis %d is no axis of space: several components a voxel, but voxgan needs a "
                     "single volume",
                     path, a + 1);
  }
  if (dims == 2) step[2][2] = 1;
  if (h->origin && !vg_header_numbers(h->origin, origin, 3)) return bad(path, "space origin", h->origin);
  vg_header_place(raw, step, origin, sign);
  raw->info.xform_code = 1;
  return VG_OK;
}

static vg_status take_shape(const char *path, const nrrd *h, int *dims, vg_raw *raw) {
  int all[4] = {1, 1, 1, 1};
  if (!h->dimension || !vg_header_wholes(h->dimension, dims, 1) || *dims < 2 || *dims > 4)
    return vg_fail(VG_DATA, "%s: header has %s dimensions; voxgan reads 2 to 4", path,
                   h->dimension ? h->dimension : "no");
  if (!h->sizes || !vg_header_wholes(h->sizes, all, *dims)) return bad(path, "sizes", h->sizes);
  for (int d = 0; d < *dims; d++)
    if (all[d] < 1)
      return vg_fail(VG_DATA, "%s: header has a length of %d along dimension %d", path, all[d], d + 1);
  memcpy(raw->info.geo.dim, all, 3 * sizeof *all);
  raw->volumes = all[3];
  return vg_volume_check_shape(path, raw->info.geo.dim);
}

/* Where the voxels begin: behind the header, or in a file beside it. */
static vg_status find_voxels(const char *path, const nrrd *h, size_t used, vg_file *header, vg_raw *raw) {
  int skip = 0, lines = 0;
  if (h->byte_skip && (!vg_header_wholes(h->byte_skip, &skip, 1) || skip < -1))
    return bad(path, "byte skip", h->byte_skip);
  if (h->line_skip && (!vg_header_wholes(h->line_skip, &lines, 1) || lines))
    return vg_fail(VG_DATA, "%s: line skip %.40s is not supported (0 is)", path, h->line_skip);
  if (skip && raw->packing)
    return vg_fail(VG_DATA, "%s: byte skip %d is not supported with gzip (0 is)", path, skip);
  if (h->data && (vg_starts_with(h->data, "LIST") || strchr(h->data, '%')))
    return vg_fail(VG_DATA, "%s: its voxels are in several files (%.60s), which voxgan does not read", path,
                   h->data);
  if (h->data) {
    vg_status st = vg_header_open_beside(path, h->data, raw);
    if (st) return st;
  } else {
    raw->file = *header;
    header->fd = -1;
    raw->offset = used;
  }
  const uint64_t bytes = vg_raw_bytes(raw) * (uint64_t)raw->volumes;
  if (skip > 0) raw->offset += (uint64_t)skip;
  if (skip == -1 && raw->file.size >= raw->offset + bytes) raw->offset = raw->file.size - bytes;
  return VG_OK;
}

static vg_status open_nrrd(const char *path, vg_raw *raw) {
  vg_file header = {-1, 0};
  void *text = NULL;
  size_t len, used = 0;
  int dims = 0;
  nrrd h;
  vg_status st = vg_file_open(path, &header);
  if (!st) st = vg_raw_start(&header, path, VG_HEADER_MOST, &text, &len);
  if (!st) st = read_lines(path, text, &h, &used);
  if (!st) st = take_shape(path, &h, &dims, raw);
  if (!st) st = take_type(path, &h, raw);
  if (!st) st = h.space ? place(path, &h, dims, raw) : place_without(path, &h, dims, raw);
  if (!st) st = vg_volume_check_geometry(path, &raw->info.geo);
  if (!st) st = find_voxels(path, &h, used, &header, raw);
  vg_file_close(&header);
  vg_free(text);
  return st;
}

static vg_status info(const char *path, vg_volume_header *header) {
  return vg_raw_info(path, open_nrrd, header);
}

static vg_status beside(const char *path, char **other) {
  return vg_raw_beside(path, open_nrrd, other); /* a .nrrd may have its voxels elsewhere too */
}

static vg_status read_volume(const char *path, vg_volume *vol, vg_volume_header *header) {
  return vg_raw_read(path, open_nrrd, vol, header);
}

static vg_status read_labels(const char *path, vg_labelmap *map, vg_volume_header *header) {
  return vg_raw_read_labels(path, open_nrrd, map, header);
}

const vg_volume_format vg_volume_nrrd = {.ending = ending_length,
                                         .reads = reads,
                                         .info = info,
                                         .beside = beside,
                                         .read = read_volume,
                                         .read_labels = read_labels};
