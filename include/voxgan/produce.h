/* produce.h: a study becomes a data set on disk: label maps, images where something makes them, a record of
 * each case, manifest.csv, dataset_description.json, the format's own files, contact sheets.
 *
 * Every file appears whole, a case's record last, so a killed run leaves nothing that looks finished and the
 * same command makes what is missing. Several processes (shards) may write one folder; vg_produce_finish then
 * closes it.
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
  const char *format;    /* row of formats.def; NULL: that of the hosts' layout */
  const char *title;     /* of the data set; NULL: the format's default */
  const char *anonymous; /* file with a secret: sources and donors appear as their keyed hash; NULL: by id */
  int shard,
      shards; /* makes cases k with k % shards == shard - 1; shards 0: all of them, and closes the data set */
  bool overwrite; /* make anew what is there, also by other settings; otherwise finished cases are kept */
  int sheet;      /* cases on the contact sheets; 0: none */
  bool quiet;     /* without the summary on stdout */
} vg_produce_options;

/* "I/N", or "slurm": SLURM_ARRAY_TASK_ID, _MIN, _STEP and _COUNT. VG_USAGE: not of that form, I not in 1..N,
 * not in an array job. */
vg_status vg_shard_parse(const char *text, int *shard, int *shards);

typedef struct vg_case_maker vg_case_maker; /* of this program's own: outside it, NULL */

/* maker NULL: label maps only. Prints a summary to stdout. VG_FAILED when cases could not be made (each said
 * in a warning), with all others finished; VG_USAGE when the folder holds a data set of another study, model
 * or settings. */
vg_status vg_produce(vg_study *study, const vg_produce_options *options, const vg_case_maker *maker);

/* Closes a data set that shards made: manifest, the format's files, contact sheets (of `sheet` cases), then
 * checks every file against the manifest. VG_FAILED: cases are missing, or failed; VG_DATA: not a data set of
 * ours, or a file that disagrees. */
vg_status vg_produce_finish(const char *root, int sheet);
/* vg_manifest_verify, with what it found said. */
vg_status vg_produce_verify(const char *root);

#ifdef __cplusplus
}
#endif
#endif
