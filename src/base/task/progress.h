/* progress.h: tells the user what the program is doing while it is slow.
 *
 *     vg_task task;
 *     vg_task_begin(&task, "preparing", "subjects", n);   // n 0: unknown
 *     ... vg_task_step(&task); ...                        // any thread
 *     vg_task_end(&task);
 *
 * A task that takes less than two seconds prints nothing. A longer one shows "preparing 12 of 57 subjects" on
 * the progress line of log.h, redrawn every half second on a terminal; elsewhere as a plain line within two
 * seconds, and then every ten. A thread of its own prints the line, so it also appears while a single step,
 * such as opening a file on a network file system, takes minutes. Tasks nest: the last one begun is shown.
 * Callers of vg_progress() have their own text, which goes before.
 *
 * Without vg_progress_watch(), which only programs call, tasks print nothing.
 */
#ifndef VG_PROGRESS_H
#define VG_PROGRESS_H
#include <stdatomic.h>
#include <stddef.h>
#include "base/pool.h"

/* Lives with the caller until vg_task_end(). */
typedef struct vg_task {
  struct vg_task *outer;
  const char *doing, *items; /* borrowed; the last s of items goes where there is one item */
  size_t n;
  atomic_size_t done;
  double began;
} vg_task;

void vg_task_begin(vg_task *t, const char *doing, const char *items, size_t n);
void vg_task_step(vg_task *t);
void vg_task_end(vg_task *t);

/* vg_parallel() as a task whose steps are the n pieces. */
vg_status vg_task_parallel(const char *doing, const char *items, size_t n, vg_work fn, void *arg);

/* ---- programs ---- */

/* Starts watching: name ("eval") is shown where no task is open. If no thread can be started, nothing is
 * watched. Call it once a process. */
void vg_progress_watch(const char *name);
/* Ends it: no progress line follows. */
void vg_progress_unwatch(void);

#endif
