/* produce_set.h: a data set as a whole: what it is described by, claimed and closed with. */
#ifndef VG_STUDY_PRODUCE_SET_H
#define VG_STUDY_PRODUCE_SET_H
#include "base/fs.h"
#include "base/file/owned.h"
#include "io/json.h"
#include "output/format/format.h"
#include "output/case_maker.h"
#include "voxgan/output.h"

/* A data set to write, or one already written. */
typedef struct vg_output {
  char root[1024];
  char format_name[32];
  const vg_dataset_format *format;
  vg_format_set set;
  char title[128];         /* set.name points here */
  char licence[256];       /* set.licence points here */
  bool unmarked;           /* synthetic files do not say so */
  size_t cases;            /* of the whole study */
  char study[VG_HASH_LEN]; /* of the study, its model and settings; records carry it */
  const vg_secret *secret; /* of an anonymous data set, else NULL; borrowed */
} vg_output;

/* dataset_description.json as it is to be, and out->study from it. */
vg_status vg_output_describe(vg_output *out, const vg_study *study, const vg_case_maker *maker,
                             vg_json **made);
/* Claims the folder for a study. files: every path that the study may write. VG_USAGE where the folder holds
 * anything else, or a data set of another study, model or settings, unless overwrite: then that data set is
 * removed first, its manifest before all else, and nobody else may be writing there. Processes of the same
 * study work side by side. work (vg_lock_release) says that we do. */
vg_status vg_output_claim(const char *root, const vg_json *description, const vg_produce_options *options,
                          vg_owned *files, vg_lock *work);
/* Before a data set is closed: waits until nobody else works there, and keeps others out until work is
 * released. *waited: someone did, and may have closed it. */
vg_status vg_output_end_work(const char *root, vg_lock *work, bool *waited);
/* Reads it back, for closing what shards made. */
vg_status vg_output_read(const char *root, vg_output *out);

/* Why a case could not be made: kept beside the records, so that closing knows it from a missing one. */
vg_status vg_failure_write(const char *root, const char *id, const char *study, const char *reason);
vg_status vg_failure_remove(const char *root, const char *id);
/* Ids of the failed cases (vg_strv_free). */
vg_status vg_failure_list(const char *root, char ***ids, size_t *n);
/* vg_free; NULL when it did not fail in this study. */
char *vg_failure_read(const char *root, const char *id, const char *study);

/* Manifest, the format's files, contact sheets; nothing where `waited` and another process of the same study
 * closed it just so. images: shown on the sheets, beside maps without images; or NULL. scores: of
 * vg_card_write. */
vg_status vg_output_close(const vg_output *out, int sheet, const vg_dataset *images, const char *scores,
                          bool waited);
/* Forgets that the data set was closed. */
vg_status vg_output_reopen(const char *root);

#endif
