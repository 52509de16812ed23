/* pool.h: threads for independent pieces of work.
 *
 *     static vg_status one(void *arg, size_t i) { ... }
 *     st = vg_parallel(n, one, arg);      // returns when all are done
 *
 * The status is that of the lowest failing index, with its message; pieces not yet begun are
 * dropped after a failure. Nested calls run on the calling thread.
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

/* Cuts [0, n) into at most one range a thread, each at least grain long. */
typedef void (*vg_range_work)(void *arg, size_t begin, size_t end);
void vg_parallel_ranges(size_t n, size_t grain, vg_range_work fn, void *arg);

/* n items through three stages, in order: produce and consume each on a thread of their own, compute on the
 * caller's, so that loading, computing and writing overlap. A stage works on item i only after the one before
 * it has; produce is at most depth items ahead of consume, so index % depth is a slot. After a failure no
 * further item is begun; the status and message are those of the earliest failing item. */
vg_status vg_pipeline(size_t n, size_t depth, vg_work produce, vg_work compute, vg_work consume, void *arg);

/* Threads of the pool; 0 asks for one per processor that this process may run on. Call before
 * the first parallel work; the default is 0. */
void vg_threads_set(int n);
int vg_threads(void);

#ifdef __cplusplus
}
#endif
#endif
