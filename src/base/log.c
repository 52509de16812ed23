/* log.c: log lines and one live progress line share stderr without overwriting each other. */
#include "voxgan/log.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/message.h"
#include "base/text/shown.h"

#define PLAIN_EVERY_S 10.0

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static vg_log_level least_level = VG_LOG_INFO;
static char progress[512];    /* the latest text */
static bool progress_open;    /* on a terminal: the line is on the screen */
static bool progress_held;    /* elsewhere: the last text was not printed */
static double progress_shown; /* when a plain line was last printed; 0: never */
static double progress_told;  /* when vg_progress() was last called; 0: not since vg_progress_end() */
static double spoke_at;       /* when a line was last written; 0: never */
static bool progress_task;    /* the open line is a task's */

static bool on_terminal(void) {
  static int answer = -1;
  if (answer < 0) {
    const char *term = getenv("TERM");
    answer = isatty(STDERR_FILENO) && !(term && !strcmp(term, "dumb"));
  }
  return answer;
}

static bool coloured(void) {
  const char *no = getenv("NO_COLOR");
  return on_terminal() && !(no && *no);
}

/* Waits until stderr takes text. False after a signal that asks for a stop: a pipe whose reader is stopped,
 * or a terminal that holds its output, must not keep the job from saving. */
static bool may_write(void) {
  struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
  for (;;) {
    const int ready = poll(&p, 1, 100);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
    if (vg_interrupted()) return false;
  }
}

vg_log_level vg_log_set_level(vg_log_level least) {
  pthread_mutex_lock(&lock);
  const vg_log_level before = least_level;
  least_level = least;
  pthread_mutex_unlock(&lock);
  return before;
}

/* Messages contain ids, paths and metadata, which are data of others. */
static void put_message(const char *fmt, va_list ap) {
  char text[4096], *whole = NULL;
  va_list again;
  va_copy(again, ap);
  const int n = vsnprintf(text, sizeof text, fmt, ap);
  if (n >= (int)sizeof text && (whole = malloc((size_t)n + 1))) vsnprintf(whole, (size_t)n + 1, fmt, again);
  va_end(again);
  vg_shown_put(stderr, whole ? whole : text);
  free(whole);
}

void vg_log(vg_log_level level, const char *fmt, ...) {
  static const char *const prefix[] = {"debug: ", "", "warning: ", "error: "};
  static const char *const colour[] = {"\033[2m", "", "\033[33m", "\033[31m"};
  pthread_mutex_lock(&lock);
  if (level >= least_level && may_write()) {
    spoke_at = vg_now();
    bool paint = coloured() && *colour[level];
    if (progress_open) fputs("\r\033[K", stderr);
    if (paint) fputs(colour[level], stderr);
    fputs(prefix[level], stderr);
    if (paint) fputs("\033[0m", stderr);
    va_list ap;
    va_start(ap, fmt);
    put_message(fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    if (progress_open) vg_shown_put(stderr, progress);
    fflush(stderr);
  }
  pthread_mutex_unlock(&lock);
}

void vg_progress(const char *fmt, ...) {
  pthread_mutex_lock(&lock);
  if (least_level <= VG_LOG_INFO && may_write()) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(progress, sizeof progress, fmt, ap);
    va_end(ap);
    progress_told = vg_now();
    progress_task = false;
    if (on_terminal()) {
      fputs("\r\033[K", stderr);
      vg_shown_put(stderr, progress);
      fflush(stderr);
      progress_open = true;
    } else {
      double now = vg_now();
      progress_held = progress_shown > 0 && now - progress_shown < PLAIN_EVERY_S;
      if (!progress_held) {
        vg_shown_put(stderr, progress);
        fputc('\n', stderr);
        progress_shown = now;
      }
    }
  }
  pthread_mutex_unlock(&lock);
}

void vg_progress_end(void) {
  pthread_mutex_lock(&lock);
  if ((progress_open || progress_held) && may_write()) {
    if (progress_open) fputs(progress_task ? "\r\033[K" : "\n", stderr);
    if (progress_held) {
      vg_shown_put(stderr, progress);
      fputc('\n', stderr);
    }
    fflush(stderr);
  }
  progress_open = progress_held = progress_task = false;
  spoke_at = vg_now();
  progress_shown = progress_told = 0;
  pthread_mutex_unlock(&lock);
}

/* ---- tasks ---- */

bool vg_log_line_redraws(void) {
  return on_terminal();
}

bool vg_log_line_show(const char *text, bool whole, double quiet, double every) {
  pthread_mutex_lock(&lock);
  const double now = vg_now();
  const bool shows = least_level <= VG_LOG_INFO && !(spoke_at > 0 && now - spoke_at < quiet) &&
                     !(progress_told > 0 && now - progress_told < every) && may_write();
  if (shows && on_terminal() && !whole) {
    snprintf(progress, sizeof progress, "%s", text);
    fprintf(stderr, "\r\033[K%s", progress);
    progress_open = progress_task = true;
  } else if (shows) {
    if (progress_open) fputs("\r\033[K", stderr);
    fprintf(stderr, "%s\n", text);
    if (progress_open) fputs(progress, stderr);
  }
  if (shows) fflush(stderr);
  pthread_mutex_unlock(&lock);
  return shows;
}

void vg_log_line_clear(void) {
  pthread_mutex_lock(&lock);
  if (progress_task) {
    if (may_write()) {
      fputs("\r\033[K", stderr);
      fflush(stderr);
    }
    progress_open = progress_task = false;
  }
  pthread_mutex_unlock(&lock);
}

const char *vg_bytes(uint64_t n, char buf[32]) {
  static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
  double v = (double)n;
  int u = 0;
  for (; v >= 999.95 && u < 4; u++) v /= 1000;
  snprintf(buf, 32, u ? "%.1f %s" : "%.0f %s", v, units[u]);
  return buf;
}
