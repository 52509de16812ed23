/* raw.h: the voxels of a file, whatever its format: where they lie, whether they are compressed, and as what
 * they are stored. A format reads its header into a vg_raw; opening, bounds, inflating and conversion are the
 * same for all. */
#ifndef VG_IO_RAW_H
#define VG_IO_RAW_H
#include "base/fs.h"
#include "voxgan/volume.h"

typedef enum vg_packing {
  VG_PACKED_NOT,
  VG_PACKED_FILE,  /* the whole file is gzip; the offset counts inflated bytes */
  VG_PACKED_VOXELS /* gzip or zlib data begin at the offset */
} vg_packing;

typedef struct vg_raw {
  /* What a format fills in. */
  vg_volume_header info;
  bool swap;       /* the other byte order */
  uint64_t offset; /* of the first volume, in bytes */
  int volumes;     /* one after another; 0 means 1 */
  vg_packing packing;
  vg_file file;     /* that holds the voxels, open */
  char *voxel_path; /* of that file (vg_free); NULL: the file that was opened */
  /* The rest belongs to raw.c. */
  char *path;       /* without the number of a volume */
  const char *name; /* of the file with the voxels */
  int chosen;       /* the volume that the path names; -1: none */
  void *held;       /* what was read or inflated, with the voxels in it */
  const uint8_t *voxels;
} vg_raw;

/* Opens raw->file and fills in the header's part of raw, which is zero but for file (closed). Messages name
 * path. What raw owns is released by the caller, also after a failure. */
typedef vg_status (*vg_raw_opener)(const char *path, vg_raw *raw);

/* The size of one volume in bytes. The shape must be within bounds. */
uint64_t vg_raw_bytes(const vg_raw *raw);

/* The readers of a vg_volume_format. path may name one volume of several: "FILE#2" (vg_volume_part). */
vg_status vg_raw_info(const char *path, vg_raw_opener open, vg_volume_header *header);
vg_status vg_raw_beside(const char *path, vg_raw_opener open, char **beside);
vg_status vg_raw_read(const char *path, vg_raw_opener open, vg_volume *vol, vg_volume_header *header);
vg_status vg_raw_read_labels(const char *path, vg_raw_opener open, vg_labelmap *map,
                             vg_volume_header *header);

/* Whether NaN in an image counts as background, the lowest value of the file, instead of being refused. A
 * program sets it once, before it reads. Infinite values, and NaN in label maps, are refused nevertheless. */
extern bool vg_raw_nan_is_background;

/* Reads the first bytes of an open file, at most `most` and fewer where it is shorter, and a NUL behind them
 * (vg_free).
 */
vg_status vg_raw_start(const vg_file *file, const char *path, size_t most, void **bytes, size_t *len);

#endif
