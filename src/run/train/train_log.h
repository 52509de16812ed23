/* train_log.h: log.jsonl, one JSON object a line; the same as TensorBoard events where they are wanted. */
#ifndef VG_RUN_TRAIN_LOG_H
#define VG_RUN_TRAIN_LOG_H
#include "run/train/checkpoint.h"
#include "run/group/run_group.h"
#include "run/model_file.h"
#include "run/train/validate.h"
#include "io/tfevents.h"

typedef struct train_log {
  const char *run;     /* folder; borrowed */
  char *path;          /* log.jsonl */
  vg_tfevents *events; /* NULL: none are written */
} train_log;

vg_status vg_train_log_init(train_log *log, const char *run);
void vg_train_log_release(train_log *log);
/* Writes RUN/tensorboard from here on. Of a log that is continued, the last step's lines are written again,
 * as the process before may have been killed before or after that. */
vg_status vg_train_log_events(train_log *log);

/* {"kind": "init", ...}: what the first weights were taken from. */
vg_status vg_train_log_weights(train_log *log, const char *model, const vg_gan_transfer *t);
/* {"kind": "epoch", ...}: means of the epoch that s->sums is of, which ended with s->epoch epochs done. */
vg_status vg_train_log_epoch(train_log *log, const train_state *s, size_t peak_bytes, const group_line *g);
/* {"kind": "validation", ...}; takes the scores out of v. */
vg_status vg_train_log_validation(train_log *log, const train_state *s, validation *v, bool held_out,
                                  bool best);
/* Bytes so far, 0 where there is no log. */
vg_status vg_train_log_size(const train_log *log, int64_t *bytes);
/* Cuts off the lines that were written after a checkpoint, whose log had so many bytes. */
vg_status vg_train_log_rewind(const train_log *log, int64_t bytes);

#endif
