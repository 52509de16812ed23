/* produce.h: writes a study to disk as a data set: label maps, images if a model makes them, a record of each
 * case, manifest.csv, dataset_description.json, the format's own files, contact sheets.
 *
 * Every file appears whole, and the record of a case is written last. A killed run therefore leaves no
 * unfinished case that looks finished, and the same command makes the missing cases. Several processes
 * (shards) may write one folder; vg_produce_finish then closes it.
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
  const char *format;    /* row of formats.def; NULL: the format of the hosts' layout */
  const char *title;     /* of the data set; NULL: the format's default */
  const char *anonymous; /* file with a secret: sources and donors appear as keyed hashes; NULL: as ids */
  int shard,
      shards; /* makes cases k with k % shards == shard - 1; shards 0: makes all and closes the data set */
  bool overwrite; /* make existing cases again, also if made by other settings; otherwise keep finished cases
                   */
  int sheet;      /* cases on the contact sheets; 0: none */
  bool quiet;     /* no summary on stdout */
} vg_produce_options;

/* Parses "I/N", or "slurm", which reads SLURM_ARRAY_TASK_ID, _MIN, _STEP and _COUNT. VG_USAGE: another form,
 * I not in 1..N, not in an array job. */
vg_status vg_shard_parse(const char *text, int *shard, int *shards);

typedef struct vg_case_maker vg_case_maker; /* internal to voxgan; other programs pass NULL */

/* maker NULL: label maps only. Prints a summary to stdout. VG_FAILED: some cases could not be made (a warning
 * names each); all others are finished. VG_USAGE: the folder holds a data set of another study, model or
 * settings. */
vg_status vg_produce(vg_study *study, const vg_produce_options *options, const vg_case_maker *maker);

/* Closes a data set that shards made: writes the manifest, the format's files and contact sheets (of `sheet`
 * cases), then compares every file with the manifest. VG_FAILED: cases are missing or failed. VG_DATA: not a
 * voxgan data set, or a file differs. */
vg_status vg_produce_finish(const char *root, int sheet);
/* Calls vg_manifest_verify and prints what it found. */
vg_status vg_produce_verify(const char *root);

#ifdef __cplusplus
}
#endif
#endif
