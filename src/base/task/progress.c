/* progress.c: the open tasks, and the thread that shows the last one. */
#include "base/task/progress.h"
#include <stdbool.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/message.h"
#include "voxgan/log.h"

#define TICK_S 0.25
#define FIRST_S 1.5 /* after a task began, so that its line comes within two seconds */
#define REDRAW_S 0.5
#define PLAIN_EVERY_S 10.0

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stopped = PTHREAD_COND_INITIALIZER;
static vg_task *tasks; /* the last one begun first */
static vg_task whole;  /* the command */
static bool watching;
static const vg_task *shown; /* whose line came last */
static double shown_at;
static double idle_since; /* when the last task ended */

void vg_task_begin(vg_task *t, const char *doing, const char *items, size_t n) {
  t->doing = doing;
  t->items = items;
  t->n = n;
  atomic_init(&t->done, 0);
  t->began = vg_now();
  pthread_mutex_lock(&lock);
  t->outer = tasks;
  tasks = t;
  pthread_mutex_unlock(&lock);
}

void vg_task_step(vg_task *t) {
  atomic_fetch_add_explicit(&t->done, 1, memory_order_relaxed);
}

void vg_task_end(vg_task *t) {
  pthread_mutex_lock(&lock);
  vg_task **at = &tasks;
  while (*at && *at != t) at = &(*at)->outer;
  if (*at) *at = t->outer;
  idle_since = vg_now();
  if (shown == t) {
    vg_log_line_clear();
    shown = NULL;
  }
  pthread_mutex_unlock(&lock);
}

/* ---- in parallel ---- */

typedef struct counted {
  vg_task task;
  vg_work fn;
  void *arg;
} counted;

static vg_status run_counted(void *arg, size_t i) {
  counted *c = arg;
  vg_status st = c->fn(c->arg, i);
  if (!st) vg_task_step(&c->task);
  return st;
}

vg_status vg_task_parallel(const char *doing, const char *items, size_t n, vg_work fn, void *arg) {
  counted c = {.fn = fn, .arg = arg};
  vg_task_begin(&c.task, doing, items, n);
  vg_status st = vg_parallel(n, run_counted, &c);
  vg_task_end(&c.task);
  return st;
}

/* ---- the line ---- */

static void describe(const vg_task *t, double now, char text[256]) {
  char took[32], left[32], items[32];
  const double seconds = now - t->began;
  const size_t done = atomic_load_explicit(&((vg_task *)(size_t)t)->done, memory_order_relaxed);
  vg_duration(seconds, took);
  snprintf(items, sizeof items, "%s", t->items ? t->items : "");
  const size_t length = strlen(items);
  if ((t->n ? t->n : done) == 1 && length && items[length - 1] == 's') items[length - 1] = '\0';
  if (!t->items)
    snprintf(text, 256, "%s: working, %s", t->doing, took);
  else if (!t->n)
    snprintf(text, 256, "%s: %zu %s, %s", t->doing, done, items, took);
  else if (!done || done >= t->n)
    snprintf(text, 256, "%s: %zu of %zu %s, %s", t->doing, done, t->n, items, took);
  else
    snprintf(text, 256, "%s: %zu of %zu %s, %s, about %s left", t->doing, done, t->n, items, took,
             vg_duration(seconds / (double)done * (double)(t->n - done), left));
}

/* Under the lock. */
static void tick(double now) {
  char text[256];
  const vg_task *t = tasks ? tasks : &whole;
  const bool command = t == &whole;
  /* The command has no line of its own to redraw: results on stdout would run into it. */
  const double every = vg_log_line_redraws() && !command ? REDRAW_S : PLAIN_EVERY_S;
  const double since = command && idle_since > t->began ? idle_since : t->began;
  if (now - since < FIRST_S) return;
  if (shown == t && now - shown_at < every) return;
  describe(t, now, text);
  if (!vg_log_line_show(text, command, command ? FIRST_S : 0, PLAIN_EVERY_S)) return;
  shown = t;
  shown_at = now;
}

static void *watch(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  while (watching) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(TICK_S * 1e9);
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (pthread_cond_timedwait(&stopped, &lock, &until) == ETIMEDOUT && watching) tick(vg_now());
  }
  pthread_mutex_unlock(&lock);
  return NULL;
}

void vg_progress_watch(const char *name) {
  sigset_t all, before;
  pthread_attr_t attr;
  pthread_t id;
  pthread_mutex_lock(&lock);
  whole.doing = name;
  whole.began = vg_now();
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* only the main thread receives signals */
  pthread_attr_init(&attr);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attr, (size_t)256 << 10);
  watching = true;
  watching = !pthread_create(&id, &attr, watch, NULL);
  pthread_attr_destroy(&attr);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_mutex_unlock(&lock);
}

void vg_progress_unwatch(void) {
  pthread_mutex_lock(&lock);
  watching = false;
  pthread_cond_broadcast(&stopped);
  vg_log_line_clear();
  pthread_mutex_unlock(&lock);
}
