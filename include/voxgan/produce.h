/* produce.h: writes a study as a data set: label maps, images if there is a maker of them, a record of each
 * case, manifest.csv, dataset_description.json, the format's own files, and contact sheets.
 *
 * Every file appears whole, and the record of a case last. So a killed run leaves no case that looks
 * finished, and the same command makes the missing ones. Several processes (shards) may write into one
 * folder; vg_produce_finish then closes it.
 */
#ifndef VOXGAN_PRODUCE_H
#define VOXGAN_PRODUCE_H
#include <stdbool.h>
#include "voxgan/study.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_produce_options {
  const char *out;
  const char *format;    /* row of formats.def; NULL: the default for the hosts' layout */
  const char *title;     /* of the data set; NULL: the format's default */
  const char *licence;   /* of the data set, as its description says it; NULL: none is named */
  const char *anonymous; /* file with a secret: sources and donors appear as keyed hashes; NULL: by id */
  int shard, shards; /* makes the cases k with k % shards == shard - 1; shards 0: makes all, and closes the
                        data set */
  bool unmarked;     /* no file says in its header that it is synthetic */
  bool overwrite;    /* make finished cases again, also with other settings; false: keep them */
  int sheet;         /* cases on the contact sheets; 0: none */
  bool quiet;        /* print no summary on stdout */
  bool dry_run; /* describe the study on stdout, read its first case as a run would, and write nothing; out
                   may be NULL */
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
