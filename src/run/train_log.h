/* train_log.h: log.jsonl, one JSON object a line. */
#ifndef VG_RUN_TRAIN_LOG_H
#define VG_RUN_TRAIN_LOG_H
#include "run/checkpoint.h"
#include "run/model_file.h"
#include "run/validate.h"

/* {"kind": "init", ...}: what the first weights were taken from. */
vg_status train_log_init(const char *path, const char *model, const vg_gan_transfer *t);
/* {"kind": "epoch", ...}: means of the epoch that s->sums is of, which ended with s->epoch epochs done. */
vg_status train_log_epoch(const char *path, const train_state *s, size_t peak_bytes);
/* {"kind": "validation", ...}; takes the scores out of v. */
vg_status train_log_validation(const char *path, const train_state *s, validation *v, bool held_out,
                               bool best);
/* Bytes so far, 0 where there is no log. */
vg_status train_log_size(const char *path, int64_t *bytes);
/* Cuts off the lines that were written after a checkpoint, whose log had so many bytes. */
vg_status train_log_rewind(const char *path, int64_t bytes);

#endif
