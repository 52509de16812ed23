/* produce_set.h: the files of a data set as a whole: its description, its failures, and its closing. */
#ifndef VG_OUTPUT_PRODUCE_SET_H
#define VG_OUTPUT_PRODUCE_SET_H
#include "output/format/format.h"
#include "output/case_maker.h"
#include "voxgan/produce.h"

/* A data set to write, or one already written. */
typedef struct vg_output {
  char root[1024];
  char format_name[32];
  const vg_dataset_format *format;
  vg_format_set set;
  char title[128]; /* set.name points here */
  size_t cases;    /* in the whole study */
} vg_output;

/* Writes dataset_description.json. VG_USAGE, unless overwrite: the folder has one of another study, model or
 * settings. */
vg_status vg_output_claim(const vg_output *out, const vg_study *study, const vg_produce_options *options,
                          const vg_case_maker *maker);
/* Reads the description, to close a data set that shards made. */
vg_status vg_output_read(const char *root, vg_output *out);

/* Stores why a case could not be made, beside the records. So closing can tell a failed case from a missing
 * one. */
vg_status vg_failure_write(const char *root, const char *id, const char *reason);
vg_status vg_failure_remove(const char *root, const char *id);
/* Ids of the failed cases (vg_strv_free). */
vg_status vg_failure_list(const char *root, char ***ids, size_t *n);
char *vg_failure_read(const char *root, const char *id); /* vg_free; NULL: it did not fail */

/* Removes the temporary files that killed writers left, for every path below root for which mine() is true.
 */
vg_status vg_output_sweep(const char *root, bool (*mine)(const void *arg, const char *path), const void *arg);

/* Writes the manifest, the format's files and contact sheets. images: to show on the sheets, for maps without
 * images; or NULL. */
vg_status vg_output_close(const vg_output *out, int sheet, const vg_dataset *images);

#endif
