/* run_history.h: the history of a run, read from its folder. */
#ifndef VG_REPORT_RUN_HISTORY_H
#define VG_REPORT_RUN_HISTORY_H
#include <stdbool.h>
#include "io/json.h"

typedef enum run_status { RUN_FINISHED, RUN_IN_PROGRESS, RUN_STOPPED } run_status;

typedef struct run_history {
  vg_json *config; /* config.json */
  vg_json *split;  /* split.json; NULL: it does not exist yet */
  vg_json_lines log, sessions;
  vg_json_lines epochs, validations; /* these lines of the log, borrowed */
  const vg_json *init, *best;        /* the log's line of --init, and the best validation's; or NULL */
  run_status status;
  double wanted;  /* number of epochs in the config */
  double seconds; /* of training, over the epochs in the log */
  double skipped; /* number of skipped steps */
} run_history;

vg_status vg_run_history_read(const char *run, run_history *out);
void vg_run_history_release(run_history *h);

#endif
