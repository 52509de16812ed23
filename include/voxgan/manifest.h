/* manifest.h: the origin of every case of a synthetic data set, and a check that its files are unchanged.
 *
 * The record of a case is its last file, ROOT/.voxgan/cases/ID.json. A case is finished if its record exists,
 * so any number of processes may make cases below one root, and each writes the records of its own cases:
 *
 *     vg_record r = {0};
 *     ...                                              // id, cohort, model, seed
 *     st = vg_record_lineage(&r, host, &edits, anonymous ? &secret : NULL);
 *     vg_record_measure(&r, &maps.classes, &facts);
 *     if (!st) st = vg_record_add_file(&r, "t1", "sub-1/anat/sub-1_desc-synthetic_T1w.nii.gz");
 *     if (!st) st = vg_record_write(&r, root);         // hashes the files below root
 *     vg_record_release(&r);
 *
 * Once all cases are finished, vg_manifest_write(root) makes manifest.csv from the records. Neither depends
 * on time, machine or order.
 */
#ifndef VOXGAN_MANIFEST_H
#define VOXGAN_MANIFEST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/dataset.h"
#include "voxgan/edit.h"
#include "voxgan/labels.h"
#include "voxgan/text.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VG_MANIFEST "manifest.csv" /* below a data set's root */
#define VG_PROBABILITY "_probability"
#define VG_RECORD_ROLE (VG_CLASS_NAME + sizeof VG_PROBABILITY)

typedef struct vg_record_file {
  char role[VG_RECORD_ROLE]; /* a series, "tumour", "anatomy" or "CLASS_probability": its column in the
                                manifest */
  char path[512];            /* below the root */
  char sha256[VG_HASH_LEN];  /* set by _write */
} vg_record_file;

#define VG_RECORD_FILES (VG_SERIES_MAX + 2 + VG_CLASSES_MAX)

/* Caller-owned: _init by {0}, _release. */
typedef struct vg_record {
  char id[128], cohort[64];
  char source[128];     /* the host's id */
  vg_str donors, edits; /* ids joined by ';'; the chain with its drawn values */
  vg_str drawn;         /* what the model drew for the images: noise, style; empty: nothing */
  vg_classes classes;   /* of the tumour */
  double ml[VG_CLASSES_MAX], total_ml;
  double centre[3];       /* of the tumour's mass, world mm; 0 if total_ml is 0 */
  const char *hemisphere; /* static: "left", "right" (at most a tenth of the tumour on the other side),
                             "both", or "" without a tumour */
  int redraws;
  char model_sha256[VG_HASH_LEN]; /* "" if no model made an image */
  uint64_t seed;
  char voxgan[32];         /* version */
  char study[VG_HASH_LEN]; /* which study made it, as vg_produce says; "" where nothing does */
  int n_files;
  vg_record_file files[VG_RECORD_FILES];
} vg_record;

void vg_record_release(vg_record *r);
/* Sets the tumour's classes, volumes, centre and hemisphere. */
void vg_record_measure(vg_record *r, const vg_classes *classes, const vg_tumour_facts *facts);
vg_status vg_record_add_file(vg_record *r, const char *role, const char *path);

/* A secret that hides ids: their HMAC-SHA256 (RFC 2104) with the bytes of a file as the key. */
typedef struct vg_secret {
  void *key;
  size_t len;
} vg_secret;
/* VG_CONFIG: the key file cannot be read, or has fewer than 16 bytes. Warns if other users can read it. */
vg_status vg_secret_read(const char *path, vg_secret *out);
void vg_secret_release(vg_secret *s);
/* The first 16 hex digits of the id's HMAC. */
void vg_secret_id(const vg_secret *s, const char *id, char hex[17]);
/* The HMAC of any text. */
void vg_secret_hash(const vg_secret *s, const char *text, char hex[VG_HASH_LEN]);
/* The HMAC of a fixed text. It stands in dataset_description.json and shows which key a data set has. */
void vg_secret_marker(const vg_secret *s, char hex[VG_HASH_LEN]);
/* Sets the origin of a case: the host's id, the donors and the edits. secret: hides the ids, also those in
 * edits; NULL: they appear. */
vg_status vg_record_lineage(vg_record *r, const char *source, const vg_edit_log *edits,
                            const vg_secret *secret);

/* Hashes the case's files below root, then writes the record atomically. */
vg_status vg_record_write(vg_record *r, const char *root);
/* VG_IO where the file system does not answer: that is not "absent". */
vg_status vg_record_exists(const char *root, const char *id, bool *exists);
/* Removes a record; call it before the case is made again. VG_OK if there is no record. */
vg_status vg_record_remove(const char *root, const char *id);
/* VG_DATA: there is no record, or this program did not write it. */
vg_status vg_record_read(const char *root, const char *id, vg_record *out);
/* Ids of the finished cases, sorted (vg_strv_free). */
vg_status vg_record_list(const char *root, char ***ids, size_t *n);

/* Makes root/manifest.csv from all records, one row a case, sorted by id: id, cohort, one column a series,
 * tumour, anatomy (paths below root), CLASS_ml..., total_ml, centre_x_mm, centre_y_mm, centre_z_mm,
 * hemisphere, source, donors, edits, redraws, model_sha256, seed, voxgan, drawn (where a case has it), then
 * FILE_sha256 for each column of files. The csv layout reads it. VG_DATA: there is no record. */
vg_status vg_manifest_write(const char *root);

typedef struct vg_manifest_report {
  size_t cases, files;                 /* in the manifest */
  size_t missing, altered, not_listed; /* files */
  char **lines; /* one for each difference, sorted by path, NULL at the end; NULL: none */
} vg_manifest_report;
/* Checks root against root/manifest.csv: every file exists and has its hash, and no other volume lies below
 * root. VG_DATA: a file differs (the report names it), or this program did not write the manifest. */
vg_status vg_manifest_verify(const char *root, vg_manifest_report *report);
void vg_manifest_report_release(vg_manifest_report *report);

#ifdef __cplusplus
}
#endif
#endif
