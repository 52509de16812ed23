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
#include "voxgan/fs.h"
#include "voxgan/nifti.h"
#include "voxgan/prep.h"
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

/* Cases between their making and their writing; index k of a case gives slot k % VG_PRODUCE_DEPTH. */
#define VG_PRODUCE_DEPTH 3

/* What makes images of a case's maps, or maps of its images. load, make and image of one slot are called in
 * turn, those of different slots at once; make always by the caller's own thread, image by several threads.
 */
typedef struct vg_case_maker {
  vg_series_list series;
  bool
      real; /* no model makes them: they are scans of persons; ranges, model_sha256 and window do not count */
  vg_range ranges[VG_SERIES_MAX]; /* intensities that -1 and +1 of the network become */
  char model_sha256[VG_HASH_LEN];
  const char *window; /* how volumes are cut, for the data set's description */
  void *state;
  vg_status (*load)(void *state, int slot, const vg_study_case *c);
  vg_status (*make)(void *state, int slot);
  vg_status (*image)(void *state, int slot, int series, vg_volume *out, vg_nifti_write_options *how);
  /* In place of image: puts the file there itself, atomically. NULL: image is asked. */
  vg_status (*place)(void *state, int slot, int series, const char *path);
  /* Of a maker of label maps, whose study is one of images and which has no series: what it found (the
   * caller's). NULL: the study's own maps are written. */
  vg_status (*maps)(void *state, int slot, vg_maps *out);
  /* How sure it is of a class, 0 to 1: probabilities/ID/CLASS.nii.gz. NULL: not written. */
  vg_status (*probability)(void *state, int slot, int klass, vg_volume *out, vg_nifti_write_options *how);
  const vg_dataset *images; /* what maps are found in: shown beside them on contact sheets, by id;
                               NULL */
  const char *cleaning;     /* of the maps, in words, for the data set's description; NULL */
  void (*release)(void *state, int slot); /* also of a slot whose load failed */
} vg_case_maker;

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
