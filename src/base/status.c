/* status.c: the status table and the thread-local message. The message lives in a fixed buffer so
 * that reporting "out of memory" needs none. */
#include "voxgan/status.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/message.h"

static _Thread_local char message[VG_MESSAGE_MAX];

int vg_status_exit_code(vg_status st) {
  static const int codes[] = {
#define X(name, value, code, text) [VG_##name] = code,
      VG_STATUS_MAP(X)
#undef X
  };
  return (size_t)st < sizeof codes / sizeof *codes ? codes[st] : 1;
}

const char *vg_status_name(vg_status st) {
  static const char *const names[] = {
#define X(name, value, code, text) [VG_##name] = #name,
      VG_STATUS_MAP(X)
#undef X
  };
  return (size_t)st < sizeof names / sizeof *names ? names[st] : "UNKNOWN";
}

const char *vg_status_text(vg_status st) {
  static const char *const texts[] = {
#define X(name, value, code, text) [VG_##name] = text,
      VG_STATUS_MAP(X)
#undef X
  };
  return (size_t)st < sizeof texts / sizeof *texts ? texts[st] : "unknown status";
}

vg_status vg_fail(vg_status st, const char *fmt, ...) {
  /* Formats into a copy, because an argument may be the old message itself. */
  char text[VG_MESSAGE_MAX];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  memcpy(message, text, sizeof message);
  return st;
}

const char *vg_errno_text(int fault, char buf[VG_ERRNO_TEXT]) {
  return strerror_r(fault, buf, VG_ERRNO_TEXT); /* the GNU version may return a constant instead of buf */
}

vg_status vg_fail_errno(const char *path, const char *verb) {
  int fault = errno;
  char buf[VG_ERRNO_TEXT];
  return vg_fail(fault == ENOMEM ? VG_MEMORY : VG_IO, "%s: %s: %s", path, verb, vg_errno_text(fault, buf));
}

vg_status vg_fail_in(vg_status st, const char *fmt, ...) {
  char text[VG_MESSAGE_MAX];
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  /* Truncates the text if both do not fit, rather than losing one. */
  size_t at = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
  for (const char *from = ": "; *from && at < sizeof text - 1;) text[at++] = *from++;
  for (const char *from = message; *from && at < sizeof text - 1;) text[at++] = *from++;
  text[at] = '\0';
  memcpy(message, text, sizeof message);
  return st;
}

const char *vg_error(void) {
  return message;
}

void vg_error_clear(void) {
  message[0] = '\0';
}

void vg_bug_at(const char *file, int line, const char *fmt, ...) {
  va_list ap;
  fprintf(stderr, "voxgan: bug at %s:%d: ", file, line);
  va_start(ap, fmt);
  vfprintf(stderr, fmt, ap);
  va_end(ap);
  fputc('\n', stderr);
  abort();
}
