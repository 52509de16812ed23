/* clock.c: monotonic time, and durations as text. */
#include <stdio.h>
#include <time.h>
#include "voxgan/log.h"
#include "base/whole.h"

const char *vg_duration(double seconds, char buf[32]) {
  if (!(seconds >= 0) || seconds > 1e9) {
    snprintf(buf, 32, "?");
    return buf;
  }
  long s = (long)vg_count_of(seconds + 0.5);
  if (s >= 86400)
    snprintf(buf, 32, "%ldd %02ldh", s / 86400, s / 3600 % 24);
  else if (s >= 3600)
    snprintf(buf, 32, "%ldh %02ldm", s / 3600, s / 60 % 60);
  else if (s >= 60)
    snprintf(buf, 32, "%ldm %02lds", s / 60, s % 60);
  else
    snprintf(buf, 32, "%ld s", s);
  return buf;
}

double vg_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
