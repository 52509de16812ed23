/* run_group.h: a training run of several processes: how they meet, and what they agree on. A group of NULL is
 * one process. */
#ifndef VG_RUN_GROUP_H
#define VG_RUN_GROUP_H
#include "tensor/distributed/group.h"
#include "voxgan/run.h"

/* Opens this process's device and threads, and meets the others. */
vg_status vg_train_meet(const vg_train_options *o, vg_device *device, vg_group **out);
/* Whether any process was asked to stop. */
vg_status vg_train_asked_to_stop(vg_group *g, bool *stop);
/* Leaves the group with the result st of this process. together: all processes came to this result, and wait
 * here until rank 0 has saved. Returns the result, or that of a process whose failure is behind it. */
vg_status vg_train_part(vg_group *g, bool together, vg_status st);
/* Says what changes for a run whose last session had another number of processes. */
vg_status vg_train_compare_sessions(const char *run, int processes, int accumulate);

/* What an epoch of several processes adds to its line of the log. */
typedef struct group_line {
  int processes;
  double wait_share; /* of the time of all, what they waited for each other */
  double step_bytes; /* that a process gave to the others, a step */
} group_line;
/* Since the epoch, or this session, began. */
typedef struct group_clock {
  double began, waited, bytes; /* what vg_now and the group said then */
  int64_t steps;               /* taken since */
} group_clock;
void vg_train_clock_start(vg_group *g, group_clock *c);
/* Starts the clock again. */
vg_status vg_train_epoch_line(vg_group *g, group_clock *since, group_line *out);

#endif
