/* safetensors.h: named float arrays and string metadata in one file; no code runs on load.
 *
 * Writes F32. Half the size serves for a model that is passed on: BF16, the upper half of each float.
 *
 * Format: u64 little-endian header length, JSON header {name: {dtype, shape, data_offsets},
 * "__metadata__": {key: string}}, then the bytes (https://github.com/huggingface/safetensors).
 */
#ifndef VOXGAN_SAFETENSORS_H
#define VOXGAN_SAFETENSORS_H
#include <stdbool.h>
#include <stdint.h>
#include "base/fs.h"
#include "io/json.h"
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VG_ST_MAX_DIMS 8

typedef struct vg_st_entry {
  char *name;
  int ndim;
  int64_t shape[VG_ST_MAX_DIMS];
  const float *data; /* borrowed from the file when reading, from the caller when writing */
  int stored;        /* bytes of an element in the file that was read: 4 (F32) or 2 (BF16) */
} vg_st_entry;

typedef struct vg_st_file {
  char *bytes; /* the whole file */
  size_t len;
  vg_st_entry *entries; /* sorted by name */
  size_t n;
  float *widened;    /* what was stored as BF16 */
  vg_json *metadata; /* object of strings; may be empty */
} vg_st_file;

/* Reads the file and checks every offset, shape and dtype (F32 or BF16, which becomes float) against its
 * size. */
vg_status vg_st_open(const char *path, vg_st_file *out);
const vg_st_entry *vg_st_find(const vg_st_file *f, const char *name); /* or NULL */
bool vg_st_holds(const vg_st_file *f, const char *prefix);            /* has a tensor with this prefix */
void vg_st_release(vg_st_file *f);

/* Writes atomically, with entries in order of name, so that equal contents give equal bytes. metadata may be
 * NULL; its values must be strings. */
vg_status vg_st_write(const char *path, const vg_st_entry *entries, size_t n, const vg_json *metadata);
/* The same, with a seal: the metadata's "sha256" is the hash of the whole file in which these 64 digits are
 * zeros. */
vg_status vg_st_write_sealed(const char *path, const vg_st_entry *entries, size_t n, const vg_json *metadata);
/* Checks the seal. VG_DATA: the file has no seal, or its bytes have changed. */
vg_status vg_st_check_seal(const char *path, const vg_st_file *f);

#ifdef __cplusplus
}
#endif
#endif
