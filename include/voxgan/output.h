/* output.h: a synthetic data set on disk: writing it, the origin of every case, and a check that its files
 * are unchanged.
 *
 * vg_produce() writes a study as a data set: label maps, images if there is a maker of them, a record of each
 * case, manifest.csv, dataset_description.json, the format's own files, and contact sheets. Every file
 * appears whole, and the record of a case, ROOT/.voxgan/cases/ID.json, last. A case is finished if its record
 * exists. So a killed run leaves no case that looks finished, and the same command makes the missing ones.
 * Several processes (shards) may write into one folder; vg_produce_finish() then closes it.
 *
 * A program that makes images itself writes the records of its own cases:
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
#ifndef VOXGAN_OUTPUT_H
#define VOXGAN_OUTPUT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/dataset.h"
#include "voxgan/edit.h"
#include "voxgan/labels.h"
#include "voxgan/status.h"
#include "voxgan/study.h"

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
  vg_str origins;       /* ids joined by ';' of all that host and donors go back to; empty: they are no
                           synthetic cases themselves */
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
  char study[VG_HASH_LEN]; /* hash of the study that made it; "" if none did */
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
/* Writes this substitute for an id: a vg_edit_hide of a vg_secret. */
void vg_secret_hide(void *secret, const char *id, vg_str *out);
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
/* VG_IO: the file system does not answer, so the record may exist. */
vg_status vg_record_exists(const char *root, const char *id, bool *exists);
/* Removes a record; call it before the case is made again. VG_OK if there is no record. */
vg_status vg_record_remove(const char *root, const char *id);
/* VG_DATA: there is no record, or this program did not write it. */
vg_status vg_record_read(const char *root, const char *id, vg_record *out);
/* Ids of the finished cases, sorted (vg_strv_free). */
vg_status vg_record_list(const char *root, char ***ids, size_t *n);

/* Makes root/manifest.csv from all records, one row a case, sorted by id: id, cohort, one column a series,
 * tumour, anatomy (paths below root), CLASS_ml..., total_ml, centre_x_mm, centre_y_mm, centre_z_mm,
 * hemisphere, source, donors, edits, redraws, model_sha256, seed, voxgan, drawn and origins (where a case has
 * them), then FILE_sha256 for each column of files. The csv layout reads it. VG_DATA: there is no record. */
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

/* ---- a study as a data set ---- */

typedef struct vg_produce_options {
  const char *out;
  const char *format;    /* row of formats.def; NULL: the default for the hosts' layout */
  const char *title;     /* of the data set; NULL: the format's default */
  const char *licence;   /* of the data set, for its description and card; NULL: none */
  const char *anonymous; /* file with a secret: sources and donors appear as keyed hashes; NULL: by id */
  int shard, shards; /* makes the cases k with k % shards == shard - 1; shards 0: makes all, and closes the
                        data set */
  bool unmarked;     /* omit the mark of synthetic files from their headers */
  bool overwrite;    /* make finished cases again, also with other settings; false: keep them */
  int sheet;         /* cases on the contact sheets; 0: none */
  bool quiet;        /* print no summary on stdout */
  bool dry_run; /* describe the study on stdout, read its first case as a run would, and write nothing; out
                   may be NULL */
  bool partial; /* cases that could not be made are warnings, as long as one could */
} vg_produce_options;

/* Reads "I/N", or for "slurm" the variables SLURM_ARRAY_TASK_ID, _MIN, _STEP and _COUNT. VG_USAGE: the text
 * has another form, I is not in 1..N, or this is no array job. */
vg_status vg_shard_parse(const char *text, int *shard, int *shards);

typedef struct vg_case_maker vg_case_maker; /* internal to the program; other callers pass NULL */

/* Writes the data set and prints a summary to stdout. maker NULL: label maps only. VG_FAILED: some cases
 * could not be made (a warning names each), and all others are finished. VG_USAGE: the folder contains a data
 * set of another study, model or settings. */
vg_status vg_produce(vg_study *study, const vg_produce_options *options, const vg_case_maker *maker);

/* Closes a data set that shards made: manifest, the format's files, the card, contact sheets (of `sheet`
 * cases), then checks every file against the manifest. scores: the folder of an evaluation of the data set,
 * for the card; NULL: none. VG_FAILED: cases are missing or failed. VG_DATA: this program did
 * not write the data set, or a file differs from the manifest. */
vg_status vg_produce_finish(const char *root, int sheet, const char *scores);
/* Calls vg_manifest_verify and prints the differences. */
vg_status vg_produce_verify(const char *root);

#ifdef __cplusplus
}
#endif
#endif
