/* pipeline.c: three stages that work on neighbouring items. Each stage counts its finished items. A stage may
 * begin item i once the stage before has finished it. Stage produce also waits until stage consume has freed
 * a slot. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include "base/message.h"
#include "base/pool.h"

enum { PRODUCE, COMPUTE, CONSUME, STAGES };

typedef struct pipeline {
  pthread_mutex_t lock;
  pthread_cond_t moved;
  size_t n, depth, done[STAGES];
  vg_work fn[STAGES];
  void *arg;
  vg_status status;
  size_t failed; /* earliest failing item */
  char message[VG_MESSAGE_MAX];
} pipeline;

/* Whether stage s may begin item i. Call it under the lock. After a failure, items before the failing one
 * still pass. */
static int ready(const pipeline *p, int s, size_t i) {
  return s == PRODUCE ? i < p->done[CONSUME] + p->depth : i < p->done[s - 1];
}

static void run_stage(pipeline *p, int s) {
  pthread_mutex_lock(&p->lock);
  for (size_t i = 0; i < p->n; i++) {
    while (!ready(p, s, i) && !(p->status && i >= p->failed)) pthread_cond_wait(&p->moved, &p->lock);
    if (p->status && i >= p->failed) break;
    pthread_mutex_unlock(&p->lock);
    vg_status st = p->fn[s](p->arg, i);
    pthread_mutex_lock(&p->lock);
    if (st && (!p->status || i < p->failed)) {
      p->status = st;
      p->failed = i;
      snprintf(p->message, sizeof p->message, "%s", vg_error());
    }
    if (!st) p->done[s] = i + 1;
    pthread_cond_broadcast(&p->moved);
  }
  pthread_mutex_unlock(&p->lock);
}

static void *produce_main(void *p) {
  run_stage(p, PRODUCE);
  return NULL;
}
static void *consume_main(void *p) {
  run_stage(p, CONSUME);
  return NULL;
}

vg_status vg_pipeline(size_t n, size_t depth, vg_work produce, vg_work compute, vg_work consume, void *arg) {
  pipeline p = {.lock = PTHREAD_MUTEX_INITIALIZER,
                .moved = PTHREAD_COND_INITIALIZER,
                .n = n,
                .depth = depth ? depth : 1,
                .fn = {produce, compute, consume},
                .arg = arg};
  pthread_t producer, consumer;
  sigset_t all, before; /* only the caller's thread receives signals */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  vg_status st = VG_OK;
  if (pthread_create(&producer, NULL, produce_main, &p)) {
    st = vg_fail(VG_MEMORY, "cannot start a thread");
  } else if (pthread_create(&consumer, NULL, consume_main, &p)) {
    st = vg_fail(VG_MEMORY, "cannot start a thread");
    pthread_mutex_lock(&p.lock);
    p.status = VG_MEMORY;
    pthread_cond_broadcast(&p.moved);
    pthread_mutex_unlock(&p.lock);
    pthread_join(producer, NULL);
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (st) return st;
  run_stage(&p, COMPUTE);
  pthread_join(producer, NULL);
  pthread_join(consumer, NULL);
  return p.status ? vg_fail(p.status, "%s", p.message) : VG_OK;
}
