/* pool.c: one set of worker threads for the process.
 *
 * Open jobs form a list. A worker, or the thread that owns the job, claims each piece under one lock, in
 * order of index. Every index below a failing one has therefore begun, so the lowest failure seen is the
 * lowest of all, whatever the timing.
 */
#include "base/pool.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/message.h"

#define THREADS_MAX 1024

typedef struct job {
  struct job *next;
  vg_work fn;
  void *arg;
  size_t n, begun, running;
  vg_status status;
  size_t failed_index;
  char message[VG_MESSAGE_MAX];
} job;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_came = PTHREAD_COND_INITIALIZER, piece_done = PTHREAD_COND_INITIALIZER;
static job *jobs;
static int wanted;  /* requested threads; 0: by affinity */
static int workers; /* threads started */
static _Thread_local bool inside;

static int default_threads(void) {
  cpu_set_t set;
  int n = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
  return n < 1 ? 1 : n;
}

/* Under the lock. */
static int threads_now(void) {
  static int automatic;
  if (wanted) return wanted;
  if (!automatic) automatic = default_threads();
  return automatic;
}

/* Runs one piece of j. The caller holds the lock before and after. */
static void run_piece(job *j) {
  size_t i = j->begun++;
  j->running++;
  pthread_mutex_unlock(&lock);
  bool was_inside = inside;
  inside = true;
  vg_status st = j->fn(j->arg, i);
  inside = was_inside;
  pthread_mutex_lock(&lock);
  j->running--;
  if (st && (!j->status || i < j->failed_index)) {
    j->status = st;
    j->failed_index = i;
    snprintf(j->message, sizeof j->message, "%s", vg_error());
  }
  if (j->status) j->begun = j->n;
  if (!j->running && j->begun == j->n) pthread_cond_broadcast(&piece_done);
}

static job *open_job(void) {
  for (job *j = jobs; j; j = j->next) {
    if (j->begun < j->n) return j;
  }
  return NULL;
}

static void *worker_main(void *arg) {
  int id = (int)(size_t)arg;
  pthread_mutex_lock(&lock);
  for (;;) {
    job *j = id < threads_now() ? open_job() : NULL;
    if (j)
      run_piece(j);
    else
      pthread_cond_wait(&work_came, &lock);
  }
  return NULL;
}

/* Call it under the lock. The thread that owns a job works too, so n threads need n - 1 workers. */
static void start_workers(void) {
  if (workers >= threads_now() - 1) return;
  /* Only the main thread receives signals. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  while (workers < threads_now() - 1) {
    pthread_t id;
    if (pthread_create(&id, &attr, worker_main, (void *)(size_t)(workers + 1)))
      break; /* fewer threads suffice */
    workers++;
  }
  pthread_attr_destroy(&attr);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static vg_status run_inline(size_t n, vg_work fn, void *arg) {
  for (size_t i = 0; i < n; i++) {
    vg_status st = fn(arg, i);
    if (st) return st;
  }
  return VG_OK;
}

vg_status vg_parallel(size_t n, vg_work fn, void *arg) {
  if (inside || n < 2) return run_inline(n, fn, arg);
  pthread_mutex_lock(&lock);
  if (threads_now() < 2) {
    pthread_mutex_unlock(&lock);
    return run_inline(n, fn, arg);
  }
  start_workers();
  job j = {.fn = fn, .arg = arg, .n = n};
  job **end = &jobs;
  while (*end) end = &(*end)->next;
  *end = &j;
  pthread_cond_broadcast(&work_came);
  while (j.begun < j.n) run_piece(&j);
  while (j.running) pthread_cond_wait(&piece_done, &lock);
  job **at = &jobs;
  while (*at != &j) at = &(*at)->next;
  *at = j.next;
  pthread_mutex_unlock(&lock);
  return j.status ? vg_fail(j.status, "%s", j.message) : VG_OK;
}

typedef struct ranges {
  vg_range_work fn;
  void *arg;
  size_t n, pieces;
} ranges;

static vg_status run_range(void *arg, size_t i) {
  const ranges *r = arg;
  size_t each = r->n / r->pieces, more = r->n % r->pieces;
  size_t begin = i * each + (i < more ? i : more);
  r->fn(r->arg, begin, begin + each + (i < more));
  return VG_OK;
}

void vg_parallel_ranges(size_t n, size_t grain, vg_range_work fn, void *arg) {
  if (!n) return;
  size_t pieces = n / (grain ? grain : 1), threads = (size_t)vg_threads();
  if (pieces > threads) pieces = threads;
  if (pieces < 2 || inside) {
    fn(arg, 0, n);
    return;
  }
  ranges r = {fn, arg, n, pieces};
  vg_parallel(pieces, run_range, &r);
}

void vg_threads_set(int n) {
  pthread_mutex_lock(&lock);
  wanted = n < 0 ? 0 : n > THREADS_MAX ? THREADS_MAX : n;
  pthread_mutex_unlock(&lock);
}

int vg_threads(void) {
  pthread_mutex_lock(&lock);
  int n = threads_now();
  pthread_mutex_unlock(&lock);
  return n;
}
