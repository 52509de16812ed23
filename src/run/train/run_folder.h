/* run_folder.h: the folder of a run: whose it is, and what is put into it. */
#ifndef VG_RUN_RUN_FOLDER_H
#define VG_RUN_RUN_FOLDER_H
#include "base/fs.h"
#include "io/json.h"
#include "voxgan/run.h"

/* A run folder that this process writes. By {.lock = {.fd = -1}} and _release. */
typedef struct vg_run_claim {
  vg_lock lock;
  int made;                                /* folders that were not there: the run's, and those around it */
  bool made_lock, made_folder[2], no_link; /* checkpoints and previews; there was no link to a cache */
} vg_run_claim;

/* A folder holds one run. *continues: this command continues the folder's run. VG_USAGE where it
 * holds one and neither resume nor overwrite is asked for. Makes the folders, waits until no other process
 * trains there, and removes what a killed one left half written. */
vg_status vg_run_folder_claim(const vg_train_options *o, vg_run_claim *claim, bool *continues);
/* Ends the claim. begun false: also removes what the claim and vg_cache_link() made there and nobody filled,
 * so that a run that never began leaves nothing behind. */
void vg_run_folder_release(const char *run, vg_run_claim *claim, bool begun);
/* Removes what an earlier run left, once it is sure that the new one can begin. */
vg_status vg_run_folder_clear(const char *run);
/* VG_CONFIG if a setting that defines the run differs from the run's so far; the message names the setting,
 * the old and the new value. A patch that the data decide is compared once they have. */
vg_status vg_run_folder_check(const char *run, const vg_config *now);
/* Checks the same, and warns of each other setting that differs. */
vg_status vg_run_folder_compare(const char *run, const vg_config *now);
/* Writes RUN/name; consumes j. */
vg_status vg_run_folder_write_take(const char *run, const char *name, vg_json *j);

#endif
