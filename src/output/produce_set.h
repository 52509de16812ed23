/* produce_set.h: a data set as a whole: what it is described by, claimed and closed with. */
#ifndef VG_OUTPUT_PRODUCE_SET_H
#define VG_OUTPUT_PRODUCE_SET_H
#include "output/format/format.h"
#include "output/case_maker.h"
#include "voxgan/produce.h"

/* A data set that is being written, or was. */
typedef struct vg_output {
  char root[1024];
  char format_name[32];
  const vg_dataset_format *format;
  vg_format_set set;
  char title[128]; /* set.name points here */
  size_t cases;    /* of the whole study */
} vg_output;

/* Writes dataset_description.json; VG_USAGE where the folder has one of another study, model or settings,
 * unless overwrite. */
vg_status vg_output_claim(const vg_output *out, const vg_study *study, const vg_produce_options *options,
                          const vg_case_maker *maker);
/* Reads it back, for closing what shards made. */
vg_status vg_output_read(const char *root, vg_output *out);

/* Why a case could not be made: kept beside the records, so that closing knows it from a missing one. */
vg_status vg_failure_write(const char *root, const char *id, const char *reason);
vg_status vg_failure_remove(const char *root, const char *id);
/* Ids of cases that failed (vg_strv_free). */
vg_status vg_failure_list(const char *root, char ***ids, size_t *n);
char *vg_failure_read(const char *root, const char *id); /* vg_free; NULL when it did not fail */

/* Removes what killed writers left beside the files that `mine` answers for (paths below root). */
vg_status vg_output_sweep(const char *root, bool (*mine)(const void *arg, const char *path), const void *arg);

/* Manifest, the format's files, contact sheets. images: shown on these, beside maps without images; or NULL.
 */
vg_status vg_output_close(const vg_output *out, int sheet, const vg_dataset *images);

#endif
