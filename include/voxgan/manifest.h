/* manifest.h: where every case of a synthetic data set comes from, and whether its files are still what was
 * written.
 *
 * A case's record is its last file: ROOT/.voxgan/cases/ID.json. A case is finished exactly when it is there,
 * so any number of processes may make the cases of one root, each writing the records of its own:
 *
 *     vg_record r = {0};
 *     ...                                              // id, cohort, source, donors, edits, model, seed
 *     vg_record_measure(&r, &maps.classes, &facts);
 *     st = vg_record_add_file(&r, "t1", "sub-1/anat/sub-1_desc-synthetic_T1w.nii.gz");
 *     if (anonymous) st = vg_record_anonymise(&r, &key);
 *     if (!st) st = vg_record_write(&r, root);         // hashes the files as they lie there
 *     vg_record_release(&r);
 *
 * and once all are there, vg_manifest_write(root) makes manifest.csv of them. Nothing in either depends on
 * time, machine or order.
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
  vg_classes classes;   /* of the tumour */
  double ml[VG_CLASSES_MAX], total_ml;
  double centre[3];       /* of the tumour's mass, world mm; 0 where total_ml is */
  const char *hemisphere; /* static: "left", "right" (a tenth of the tumour at most on the other side),
                             "both", or "" without a tumour */
  int redraws;
  char model_sha256[VG_HASH_LEN]; /* "" where no model made an image */
  uint64_t seed;
  char voxgan[32];         /* version */
  char study[VG_HASH_LEN]; /* which study made it, as vg_produce says; "" where nothing does */
  int n_files;
  vg_record_file files[VG_RECORD_FILES];
} vg_record;

void vg_record_release(vg_record *r);
/* The tumour's classes, volumes, centre and hemisphere. */
void vg_record_measure(vg_record *r, const vg_classes *classes, const vg_tumour_facts *facts);
vg_status vg_record_add_file(vg_record *r, const char *role, const char *path);

/* A secret that makes ids untraceable: HMAC-SHA256 (RFC 2104) by the bytes of a file. */
typedef struct vg_secret {
  void *key;
  size_t len;
} vg_secret;
/* VG_CONFIG: the key file cannot be read, or is empty. */
vg_status vg_secret_read(const char *path, vg_secret *out);
void vg_secret_release(vg_secret *s);
/* The first 16 hex letters of id's HMAC. */
void vg_secret_id(const vg_secret *s, const char *id, char hex[17]);
/* Sets what a case was made from: the host's id, the donors and the edits. secret: hides the ids, also those
 * that edits name; NULL: they stay. */
vg_status vg_record_lineage(vg_record *r, const char *source, const vg_edit_log *edits,
                            const vg_secret *secret);

/* Hashes the files below root, then writes the record atomically. */
vg_status vg_record_write(vg_record *r, const char *root);
bool vg_record_exists(const char *root, const char *id);
/* Before a finished case is made anew; fine when there is none. */
vg_status vg_record_remove(const char *root, const char *id);
/* VG_DATA: no record, or not one of ours. */
vg_status vg_record_read(const char *root, const char *id, vg_record *out);
/* Ids of the finished cases, sorted; n 0 where there is none (vg_strv_free). */
vg_status vg_record_list(const char *root, char ***ids, size_t *n);

/* Makes root/manifest.csv of all records, a row a case, sorted by id: id, cohort, one column a series,
 * tumour, anatomy (paths below root), CLASS_ml..., total_ml, centre_x_mm, centre_y_mm, centre_z_mm,
 * hemisphere, source, donors, edits, redraws, model_sha256, seed, voxgan, then FILE_sha256 for each column of
 * files. The csv layout reads it. VG_DATA when there is no record. */
vg_status vg_manifest_write(const char *root);

typedef struct vg_manifest_report {
  size_t cases, files;                 /* that the manifest lists */
  size_t missing, altered, not_listed; /* files */
  char **lines; /* one a disagreement, sorted by path, NULL at the end; NULL where there is none */
} vg_manifest_report;
/* Checks root against root/manifest.csv, file by file: each is there with its hash, and no other NIfTI file
 * lies below root. VG_DATA when any disagrees (the report then says which), or the manifest is not one of
 * ours. */
vg_status vg_manifest_verify(const char *root, vg_manifest_report *report);
void vg_manifest_report_release(vg_manifest_report *report);

#ifdef __cplusplus
}
#endif
#endif
