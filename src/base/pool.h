/* pool.h: runs independent pieces of work on threads.
 *
 *     static vg_status one(void *arg, size_t i) { ... }
 *     st = vg_parallel(n, one, arg);      // returns when all have finished
 *
 * Returns the status of the lowest failing index, with its message. After a failure no further piece begins.
 * Nested calls run on the calling thread.
 */
#ifndef VOXGAN_POOL_H
#define VOXGAN_POOL_H
#include <stddef.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef vg_status (*vg_work)(void *arg, size_t index);

/* Runs fn(arg, 0) .. fn(arg, n-1) over the process-wide pool. */
vg_status vg_parallel(size_t n, vg_work fn, void *arg);

/* Splits [0, n) into at most one range a thread, each at least grain long. */
typedef void (*vg_range_work)(void *arg, size_t begin, size_t end);
void vg_parallel_ranges(size_t n, size_t grain, vg_range_work fn, void *arg);

/* Passes n items through three stages, in order. produce and consume run on a thread each, compute on the
 * caller's, so that loading, computing and writing overlap. A stage works on item i only after the stage
 * before. produce is at most depth items ahead of consume, so index % depth can be a slot. After a failure no
 * further item begins; the status and message are those of the earliest failing item. */
vg_status vg_pipeline(size_t n, size_t depth, vg_work produce, vg_work compute, vg_work consume, void *arg);

/* Sets the number of threads; 0, the default, means one per processor that this process may run on. Call it
 * before the first parallel work. */
void vg_threads_set(int n);
int vg_threads(void);

#ifdef __cplusplus
}
#endif
#endif
