/* volume_nifti.c: the only file that knows niftilib. The header is checked here, against itself and the
 * file; niftilib then turns it into matrices; the voxels are ours (voxel_cast.c). */
#include "base/file/magic.h"
#include "base/number/extent.h"
#include "io/volume_format.h"
#include <ctype.h>
#include <math.h>
#include <nifti2_io.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io/deflate_runs.h"
#include "io/nifti/nifti_repair.h"
#include "io/raw/raw.h"
#include "io/voxel_cast.h"
#include "base/fs.h"
#include "io/gzip.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "voxgan/version.h"

/* ---- names ---------------------------------------------------------------------------------- */

static const char *const endings[] = {".nii.gz", ".nii", ".hdr.gz", ".hdr", ".img.gz", ".img", NULL};

/* The length of path without its NIfTI ending; *ending is that ending in small letters, or "". */
static size_t stem_length(const char *path, const char **ending) {
  for (const char *const *e = endings; *e; e++) {
    if (!vg_has_ending(path, *e)) continue;
    *ending = *e;
    return strlen(path) - strlen(*e);
  }
  *ending = "";
  return strlen(path);
}

static size_t ending_length(const char *name) {
  const char *ending;
  stem_length(name, &ending);
  return strlen(ending);
}

static bool reads(const char *name) {
  const char *ending;
  stem_length(name, &ending);
  return *ending && !vg_starts_with(ending, ".img");
}

/* ---- header --------------------------------------------------------------------------------- */

typedef union raw_header {
  struct nifti_1_header v1;
  struct nifti_2_header v2;
} raw_header;

/* The fields of both versions, in one set of types. */
typedef struct header {
  vg_volume_header info;
  bool swap, single;
  uint64_t offset; /* of the voxels in their file */
  int volumes;     /* along the fourth axis */
} header;

static void silence_niftilib(void) {
  nifti_set_debug_level(0);
}

static int32_t swapped32(int32_t v) {
  return (int32_t)__builtin_bswap32((uint32_t)v);
}

static vg_status check_magic(const char *path, const raw_header *raw, header *h) {
  const char *magic = h->info.version == 1 ? raw->v1.magic : raw->v2.magic;
  char digit = h->info.version == 1 ? '1' : '2';
  bool good = magic[0] == 'n' && (magic[1] == '+' || magic[1] == 'i') && magic[2] == digit && !magic[3];
  if (good && h->info.version == 2 && memcmp(magic + 4, "\r\n\032\n", 4))
    return vg_fail(VG_DATA, "%s: the NIfTI-2 signature is damaged (copied as text?)", path);
  if (!good && h->info.version == 1 && !(magic[0] == 'n' && magic[3] == '\0' && magic[1]))
    return vg_fail(
        VG_DATA,
        "%s: wrong magic: not NIfTI (an ANALYZE 7.5 header does not tell left from right; convert it)", path);
  if (!good) return vg_fail(VG_DATA, "%s: wrong magic: not a NIfTI header", path);
  h->single = magic[1] == '+';
  return VG_OK;
}

static vg_status check_shape(const char *path, const int64_t dim[8], header *h) {
  if (dim[0] < 1 || dim[0] > 7)
    return vg_fail(VG_DATA, "%s: header has %lld dimensions", path, (long long)dim[0]);
  for (int d = 0; d < 3; d++) h->info.geo.dim[d] = 1;
  h->volumes = 1;
  for (int d = 1; d <= dim[0]; d++) {
    if (dim[d] < 1 || dim[d] > INT32_MAX)
      return vg_fail(VG_DATA, "%s: header has a length of %lld along dimension %d", path, (long long)dim[d],
                     d);
    if (d == 4) h->volumes = (int)dim[d];
    if (d > 4 && dim[d] != 1)
      return vg_fail(VG_DATA,
                     "%s: %lld volumes or components along dimension %d, but voxgan needs a single volume",
                     path, (long long)dim[d], d);
    if (d <= 3) h->info.geo.dim[d - 1] = (int)dim[d];
  }
  return vg_volume_check_shape(path, h->info.geo.dim);
}

static vg_status check_type(const char *path, int datatype, int bitpix, header *h) {
  size_t size = vg_dtype_size(datatype);
  if (!size)
    return vg_fail(VG_DATA, "%s: datatype %d is not supported (real numbers of 8 to 64 bits are)", path,
                   datatype);
  if (bitpix != (int)size * 8)
    return vg_fail(VG_DATA, "%s: header has %d bits a voxel, but its type %s has %d", path, bitpix,
                   vg_dtype_name((vg_dtype)datatype), (int)size * 8);
  h->info.dtype = (vg_dtype)datatype;
  return VG_OK;
}

/* Extensions before the voxels take less. This also bounds what a small compressed file may inflate to. */
#define OFFSET_MOST 0x1p26

static vg_status check_offset(const char *path, double offset, header *h) {
  double least = !h->single ? 0 : h->info.version == 1 ? 352 : 544;
  if (offset == 0) offset = least; /* some programs do not set it */
  if (!(offset >= least && offset <= OFFSET_MOST && offset == floor(offset)))
    return vg_fail(VG_DATA, "%s: header puts the voxels at offset %g", path, offset);
  h->offset = (uint64_t)offset;
  return VG_OK;
}

static vg_status check_scale(const char *path, double slope, double inter, header *h) {
  h->info.slope = 1;
  h->info.inter = 0;
  /* By the standard, 0 means no scaling. nibabel writes NaN instead. */
  if (slope == 0 || isnan(slope)) return VG_OK;
  if (!isfinite(slope) || !isfinite(inter))
    return vg_fail(VG_DATA, "%s: header scales by %g and %g", path, slope, inter);
  h->info.slope = slope;
  h->info.inter = inter;
  return VG_OK;
}

/* The affine of m in mm. False if it is not finite or singular. */
static bool affine_of(const nifti_dmat44 *m, double mm, vg_affine *a) {
  vg_affine inverse;
  bool good = true;
  for (int r = 0; r < 3; r++) {
    for (int c = 0; c < 4; c++) {
      a->m[r][c] = mm * m->m[r][c];
      good &= isfinite(a->m[r][c]) != 0;
    }
  }
  return good && vg_affine_invert(a, &inverse);
}

static vg_status take_affine(const char *path, const nifti_image *nim, header *h) {
  static const double unit_mm[] = {1, 1000, 1, 0.001}; /* unknown, metre, mm, micrometre */
  double mm = nim->xyz_units >= 0 && nim->xyz_units <= 3 ? unit_mm[nim->xyz_units] : 1;
  bool sform = nim->sform_code > 0, qform = nim->qform_code > 0;
  vg_geometry *geo = &h->info.geo, other = *geo;
  h->info.xform_code = sform ? nim->sform_code : qform ? nim->qform_code : 0;
  if (!affine_of(sform ? &nim->sto_xyz : &nim->qto_xyz, mm, &geo->affine))
    return vg_fail(VG_DATA, "%s: the %s cannot place voxels (singular or not finite)", path,
                   sform   ? "sform"
                   : qform ? "qform"
                           : "voxel size");
  vg_status st = vg_volume_check_geometry(path, geo);
  if (!st && sform && qform && affine_of(&nim->qto_xyz, mm, &other.affine))
    vg_nifti_compare_forms(path, geo, &other, nim->sform_code == nim->qform_code);
  return st;
}

/* The fields that place and scale voxels, repaired, and put back into raw for niftilib. */
static vg_status repair_fields(const char *path, int version, raw_header *raw, vg_nifti_fields *f) {
#define FIELDS(h)                                                                                          \
  *f = (vg_nifti_fields){.quatern = {(double)(h).quatern_b, (double)(h).quatern_c, (double)(h).quatern_d}, \
                         .offset = {(double)(h).qoffset_x, (double)(h).qoffset_y, (double)(h).qoffset_z},  \
                         .slope = (double)(h).scl_slope,                                                   \
                         .inter = (double)(h).scl_inter,                                                   \
                         .qform_code = (h).qform_code,                                                     \
                         .sform_code = (h).sform_code,                                                     \
                         .units = (h).xyzt_units};                                                         \
  for (int d = 0; d < 8; d++) f->dim[d] = (h).dim[d];                                                      \
  for (int d = 0; d < 4; d++) f->pixdim[d] = (double)(h).pixdim[d]
  if (version == 1) {
    FIELDS(raw->v1);
  } else {
    FIELDS(raw->v2);
  }
#undef FIELDS
  if (f->dim[0] < 1 || f->dim[0] > 7) return VG_OK; /* check_shape refuses it */
  vg_status st = vg_nifti_repair(path, f);
  for (int d = 0; d < 4; d++) {
    if (version == 1)
      raw->v1.pixdim[d] = (float)f->pixdim[d];
    else
      raw->v2.pixdim[d] = f->pixdim[d];
  }
  return st;
}

/* bytes: the beginning of the file; the length of a header suffices. */
static vg_status parse_header(const char *path, const void *bytes, size_t len, header *h) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  raw_header raw = {0};
  int32_t size;
  nifti_image *nim = NULL;
  vg_status st = VG_OK;
  pthread_once(&once, silence_niftilib);
  *h = (header){0};
  if (len < sizeof raw.v1) return vg_fail(VG_DATA, "%s: %zu bytes are too few for a NIfTI header", path, len);
  memcpy(&size, bytes, sizeof size);
  h->swap = size == swapped32(348) || size == swapped32(540);
  if (h->swap) size = swapped32(size);
  const char *advice = size == 348 || size == 540 ? NULL : vg_magic_advice(bytes, len);
  if (advice) return vg_fail(VG_DATA, "%s: not a NIfTI file: %s", path, advice);
  if (size != 348 && size != 540)
    return vg_fail(VG_DATA, "%s: not a NIfTI file (no header size of 348 or 540)", path);
  h->info.version = size == 348 ? 1 : 2;
  h->info.format = size == 348 ? "NIfTI-1" : "NIfTI-2";
  if (len < (size_t)size)
    return vg_fail(VG_DATA, "%s: %zu bytes are too few for a NIfTI-2 header", path, len);
  memcpy(&raw, bytes, (size_t)size);
  st = check_magic(path, &raw, h);
  if (st) return st;
  if (h->swap) swap_nifti_header(&raw, h->info.version);

  vg_nifti_fields fields;
  const bool first = h->info.version == 1;
  const double offset = first ? (double)raw.v1.vox_offset : (double)raw.v2.vox_offset;
  const int datatype = first ? raw.v1.datatype : raw.v2.datatype;
  const int bitpix = first ? raw.v1.bitpix : raw.v2.bitpix;
  const char *description = first ? raw.v1.descrip : raw.v2.descrip;
  h->info.synthetic = !strncmp(description, VG_VOLUME_MARK, strlen(VG_VOLUME_MARK));
  st = repair_fields(path, h->info.version, &raw, &fields);
  if (!st) st = check_shape(path, fields.dim, h);
  if (!st) st = check_type(path, datatype, bitpix, h);
  if (!st) st = check_offset(path, offset, h);
  if (!st) st = check_scale(path, fields.slope, fields.inter, h);
  if (st) return st;
  nim = h->info.version == 1 ? nifti_convert_n1hdr2nim(raw.v1, NULL) : nifti_convert_n2hdr2nim(raw.v2, NULL);
  if (!nim) return vg_fail(VG_DATA, "%s: niftilib rejects the header", path);
  st = take_affine(path, nim, h);
  nifti_image_free(nim);
  return st;
}

/* ---- files ---------------------------------------------------------------------------------- */

/* The first file that exists of stem.a and stem.b, in small letters and in capitals; or stem.a (vg_free). */
static vg_status find_either(const char *path, size_t stem, const char *a, const char *b, char **found) {
  *found = NULL;
  for (int i = 0; i < 4; i++) {
    bool exists = false;
    char *file = vg_format("%.*s%s", (int)stem, path, i % 2 ? b : a);
    for (char *c = file ? file + stem : NULL; c && *c && i >= 2; c++) *c = (char)toupper((unsigned char)*c);
    vg_status st = file ? vg_fs_exists(file, &exists) : VG_MEMORY;
    if (!st && (exists || !*found)) {
      vg_free(*found);
      *found = file;
      file = NULL;
    }
    vg_free(file);
    if (st || exists) return st;
  }
  return VG_OK;
}

/* A header is within the first of these of a compressed file, unless somebody stuffed the fields before it.
 */
#define START ((uint64_t)1 << 12)
#define START_MOST ((uint64_t)1 << 20)

/* The header at the beginning of an open file, and whether the file is compressed. */
static vg_status read_header(const char *path, const vg_file *f, header *h, bool *zipped) {
  char header_bytes[sizeof(raw_header)];
  size_t len = (size_t)(f->size < START ? f->size : START), got = 0;
  void *start = vg_malloc(len, 1);
  if (!start) return VG_MEMORY;
  vg_status st = vg_file_read(f, path, 0, start, len);
  *zipped = !st && vg_gzip_is(start, len);
  if (!st && *zipped) st = vg_gzip_peek(path, start, len, header_bytes, sizeof header_bytes, &got);
  if (!st && *zipped && got < sizeof header_bytes && len < f->size) {
    vg_free(start);
    len = (size_t)(f->size < START_MOST ? f->size : START_MOST);
    start = vg_malloc(len, 1);
    st = start ? vg_file_read(f, path, 0, start, len) : VG_MEMORY;
    if (!st) st = vg_gzip_peek(path, start, len, header_bytes, sizeof header_bytes, &got);
  }
  if (!st) st = *zipped ? parse_header(path, header_bytes, got, h) : parse_header(path, start, len, h);
  vg_free(start);
  return st;
}

static vg_status open_single(const char *path, vg_raw *raw, header *h, bool *zipped) {
  vg_status st = vg_file_open(path, &raw->file);
  if (!st) st = read_header(path, &raw->file, h, zipped);
  if (!st && !h->single)
    st = vg_fail(VG_DATA, "%s: the header says that the voxels are in an .img file", path);
  return st;
}

static vg_status open_pair(const char *path, size_t stem, vg_raw *raw, header *h, bool *zipped) {
  vg_file head_file = {-1, 0};
  char *head_path, mark[2] = "";
  vg_status st = find_either(path, stem, ".hdr", ".hdr.gz", &head_path);
  if (!st) st = find_either(path, stem, ".img", ".img.gz", &raw->voxel_path);
  if (!st) st = vg_file_open(head_path, &head_file);
  if (!st) st = read_header(head_path, &head_file, h, zipped);
  if (!st && h->single)
    st = vg_fail(VG_DATA, "%s: the header says that the voxels follow it, but it is half of a pair",
                 head_path);
  vg_file_close(&head_file);
  vg_free(head_path);
  if (!st) st = vg_file_open(raw->voxel_path, &raw->file);
  if (!st && raw->file.size >= sizeof mark)
    st = vg_file_read(&raw->file, raw->voxel_path, 0, mark, sizeof mark);
  *zipped = vg_gzip_is(mark, sizeof mark);
  return st;
}

static vg_status open_nifti(const char *path, vg_raw *raw) {
  header h = {0};
  bool zipped = false;
  const char *ending;
  const size_t stem = stem_length(path, &ending);
  vg_status st = !*ending || vg_starts_with(ending, ".nii") ? open_single(path, raw, &h, &zipped)
                                                            : open_pair(path, stem, raw, &h, &zipped);
  raw->info = h.info, raw->swap = h.swap, raw->offset = h.offset, raw->volumes = h.volumes;
  raw->packing = zipped ? VG_PACKED_FILE : VG_PACKED_NOT;
  return st;
}

static vg_status nifti_info(const char *path, vg_volume_header *info) {
  return vg_raw_info(path, open_nifti, info);
}

/* Only a pair is opened: most files are none. */
static vg_status nifti_beside(const char *path, char **beside) {
  const char *ending;
  stem_length(path, &ending);
  return vg_starts_with(ending, ".hdr") ? vg_raw_beside(path, open_nifti, beside) : VG_OK;
}

static vg_status nifti_read(const char *path, vg_volume *vol, vg_volume_header *info) {
  return vg_raw_read(path, open_nifti, vol, info);
}

static vg_status nifti_read_labels(const char *path, vg_labelmap *map, vg_volume_header *info) {
  return vg_raw_read_labels(path, open_nifti, map, info);
}

/* ---- writing -------------------------------------------------------------------------------- */

#define VOXELS_AT 352 /* header and an empty extension field */

/* Whether the quaternion stands for the affine. It cannot hold a shear. */
static bool holds_affine(const struct nifti_1_header *h, const vg_geometry *geo) {
  vg_geometry back = *geo;
  nifti_dmat44 m = nifti_quatern_to_dmat44((double)h->quatern_b, (double)h->quatern_c, (double)h->quatern_d,
                                           (double)h->qoffset_x, (double)h->qoffset_y, (double)h->qoffset_z,
                                           (double)h->pixdim[1], (double)h->pixdim[2], (double)h->pixdim[3],
                                           (double)h->pixdim[0]);
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 4; c++) back.affine.m[r][c] = m.m[r][c];
  const bool same = !vg_geometry_same(&back, "qform", geo, "sform", vg_geometry_tolerance(geo));
  if (!same) vg_error_clear();
  return same;
}

static vg_status make_header(const char *path, const vg_geometry *geo, const vg_volume_write_options *o,
                             struct nifti_1_header *h) {
  nifti_dmat44 m = {{{0}}};
  double b, c, d, x, y, z, dx, dy, dz, qfac;
  *h = (struct nifti_1_header){0};
  h->sizeof_hdr = 348;
  memcpy(h->magic, "n+1", 4);
  h->vox_offset = VOXELS_AT;
  h->dim[0] = 3;
  for (int i = 1; i < 8; i++) h->dim[i] = 1;
  for (int i = 0; i < 3; i++) {
    if (geo->dim[i] < 1 || geo->dim[i] > INT16_MAX)
      return vg_fail(VG_DATA, "%s: NIfTI-1 cannot hold a length of %d", path, geo->dim[i]);
    h->dim[i + 1] = (short)geo->dim[i];
  }
  h->datatype = (short)o->dtype;
  h->bitpix = (short)(8 * vg_dtype_size(o->dtype));
  h->scl_slope = (float)o->slope;
  h->scl_inter = (float)o->inter;
  if (o->synthetic) snprintf(h->descrip, sizeof h->descrip, "%s", VG_VOLUME_MARK VOXGAN_VERSION);
  h->xyzt_units = NIFTI_UNITS_MM;
  h->sform_code = (short)o->xform_code;
  for (int r = 0; r < 3; r++) {
    float *row = r == 0 ? h->srow_x : r == 1 ? h->srow_y : h->srow_z;
    for (int k = 0; k < 4; k++) {
      m.m[r][k] = geo->affine.m[r][k];
      row[k] = (float)geo->affine.m[r][k];
    }
  }
  m.m[3][3] = 1;
  nifti_dmat44_to_quatern(m, &b, &c, &d, &x, &y, &z, &dx, &dy, &dz, &qfac);
  h->quatern_b = (float)b, h->quatern_c = (float)c, h->quatern_d = (float)d;
  h->qoffset_x = (float)x, h->qoffset_y = (float)y, h->qoffset_z = (float)z;
  h->pixdim[0] = (float)qfac;
  h->pixdim[1] = (float)dx, h->pixdim[2] = (float)dy, h->pixdim[3] = (float)dz;
  h->qform_code = (short)(holds_affine(h, geo) ? o->xform_code : 0);
  return VG_OK;
}

/* Allocates the bytes of the file and writes the header. The caller fills in the voxels. */
static vg_status new_file(const char *path, const vg_geometry *geo, const vg_volume_write_options *o,
                          uint8_t **file, size_t *len) {
  struct nifti_1_header h;
  const char *ending;
  stem_length(path, &ending);
  if (!vg_starts_with(ending, ".nii"))
    return vg_fail(VG_FAILED, "%s: the name of a volume must end in .nii or .nii.gz", path);
  vg_status st = make_header(path, geo, o, &h);
  if (st) return st;
  *len = VOXELS_AT + vg_geometry_voxels(geo) * vg_dtype_size(o->dtype);
  *file = vg_malloc(*len, 1);
  if (!*file) return vg_fail_in(VG_MEMORY, "%s", path);
  memcpy(*file, &h, sizeof h);
  memset(*file + sizeof h, 0, VOXELS_AT - sizeof h);
  return VG_OK;
}

/* Floats repeat values, but rarely in neighbouring voxels or rows, so they need a general search for matches.
 */
static vg_status pack(const uint8_t *file, size_t len, const vg_geometry *geo, vg_dtype dtype,
                      int compression, void **packed, size_t *packed_len) {
  size_t unit = vg_dtype_size(dtype);
  if (compression || dtype == VG_DT_F32)
    return vg_gzip_deflate(file, len, compression ? compression : 1, packed, packed_len);
  return vg_gzip_runs(file, len, unit, unit * (size_t)geo->dim[0], packed, packed_len);
}

static vg_status write_file(const char *path, const uint8_t *file, size_t len, const vg_geometry *geo,
                            vg_dtype dtype, int compression) {
  void *packed;
  size_t packed_len;
  if (!vg_has_ending(path, ".gz")) return vg_fs_write_atomic(path, file, len);
  vg_status st = pack(file, len, geo, dtype, compression, &packed, &packed_len);
  if (st) return vg_fail_in(st, "%s", path);
  st = vg_fs_write_atomic(path, packed, packed_len);
  vg_free(packed);
  return st;
}

static vg_status nifti_write(const char *path, const vg_volume *vol, const vg_volume_write_options *options) {
  vg_volume_write_options o =
      options ? *options
              : (vg_volume_write_options){.dtype = VG_DT_F32, .xform_code = NIFTI_XFORM_SCANNER_ANAT};
  uint8_t *file = NULL;
  size_t len, first;
  if (o.dtype != VG_DT_U8 && o.dtype != VG_DT_I16 && o.dtype != VG_DT_U16 && o.dtype != VG_DT_F32)
    VG_BUG("volumes are not written as %s", vg_dtype_name(o.dtype));
  /* The header stores slope and intercept as floats, so quantise with these rounded values. */
  double slope = o.slope == 0 ? 1 : (double)(float)o.slope, inter = (double)(float)o.inter;
  if (slope == 0 || !isfinite(slope) || !isfinite(inter))
    return vg_fail(VG_DATA, "%s: cannot store with slope %g and intercept %g", path, o.slope, o.inter);
  o.slope = slope, o.inter = inter;
  vg_status st = new_file(path, &vol->geo, &o, &file, &len);
  if (st) return st;
  size_t n = vg_geometry_voxels(&vol->geo);
  size_t clamped,
      bad = vg_cast_from_float(vol->data, n, o.dtype, slope, inter, file + VOXELS_AT, &first, &clamped);
  if (bad) {
    int at[3];
    vg_extent_at(vol->geo.dim, first, at);
    st =
        vg_fail(VG_DATA, "%s: not written: %zu %s NaN or infinite, or beyond 1e30, the first at (%d, %d, %d)",
                path, bad, vg_plural(bad, "voxel is", "voxels are"), at[0], at[1], at[2]);
  } else {
    if (clamped)
      vg_repair_note(VG_REPAIR_CLAMPED, path, "%zu %s beyond what %s holds, and written as its nearest value",
                     clamped, vg_plural(clamped, "voxel is", "voxels are"), vg_dtype_name(o.dtype));
    st = write_file(path, file, len, &vol->geo, o.dtype, o.compression);
  }
  vg_free(file);
  return st;
}

static vg_status nifti_write_labels(const char *path, const vg_labelmap *map, int xform_code,
                                    bool synthetic) {
  uint8_t *file = NULL;
  size_t len, n = vg_geometry_voxels(&map->geo);
  uint16_t all = 0;
  for (size_t i = 0; i < n; i++) all |= map->data[i];
  vg_dtype dtype = all > 255 ? VG_DT_U16 : VG_DT_U8;
  const vg_volume_write_options o = {
      .dtype = dtype, .slope = 1, .xform_code = xform_code, .synthetic = synthetic};
  vg_status st = new_file(path, &map->geo, &o, &file, &len);
  if (st) return st;
  if (dtype == VG_DT_U16) {
    memcpy(file + VOXELS_AT, map->data, n * sizeof *map->data);
  } else {
    for (size_t i = 0; i < n; i++) file[VOXELS_AT + i] = (uint8_t)map->data[i];
  }
  st = write_file(path, file, len, &map->geo, dtype, 0);
  vg_free(file);
  return st;
}

const vg_volume_format vg_volume_nifti = {.ending = ending_length,
                                          .reads = reads,
                                          .info = nifti_info,
                                          .beside = nifti_beside,
                                          .read = nifti_read,
                                          .read_labels = nifti_read_labels,
                                          .write = nifti_write,
                                          .write_labels = nifti_write_labels};
