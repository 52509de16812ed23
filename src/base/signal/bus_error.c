/* bus_error.c: finds the file of the address that failed in /proc/self/maps, and names it. Everything here
 * runs within a signal handler, which may call write(), open() and read(), but not printf(). */
#include "base/signal/bus_error.h"
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include "voxgan/status.h"

#define LINE_MAX_BYTES 4608 /* the longest path, and what stands before it */

static const char *name = "";
static atomic_flag said = ATOMIC_FLAG_INIT;
static char line[LINE_MAX_BYTES];

static void say(const char *text) {
  size_t n = strlen(text);
  while (n) {
    const ssize_t done = write(STDERR_FILENO, text, n);
    if (done <= 0) return;
    text += done;
    n -= (size_t)done;
  }
}

/* Reads the next line, without its end. A longer one is cut. False: no more. */
static bool next_line(int fd) {
  size_t n = 0;
  char c;
  while (read(fd, &c, 1) == 1 && c != '\n')
    if (n + 1 < sizeof line) line[n++] = c;
  line[n] = '\0';
  return n > 0;
}

static uintptr_t hex(const char **at) {
  uintptr_t v = 0;
  for (;; ++*at) {
    const char c = **at;
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return v;
    v = v * 16 + (uintptr_t)digit;
  }
}

/* The path of the file that is mapped at an address, or NULL. */
static const char *file_at(uintptr_t address) {
  const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  const char *found = NULL;
  while (fd >= 0 && !found && next_line(fd)) { /* "LOW-HIGH rights offset device inode  /path" */
    const char *at = line;
    const uintptr_t low = hex(&at);
    at += *at == '-';
    const uintptr_t high = hex(&at);
    if (address < low || address >= high) continue;
    found = strchr(at, '/');
    break;
  }
  if (fd >= 0) close(fd);
  return found;
}

static void on_bus_error(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)context;
  while (atomic_flag_test_and_set(&said)) pause(); /* another thread speaks, and ends the process */
  const char *path = info->si_code == BUS_ADRERR ? file_at((uintptr_t)info->si_addr) : NULL;
  if (!path) { /* not a file: a fault of the program, or of the memory */
    signal(SIGBUS, SIG_DFL);
    raise(SIGBUS);
    atomic_flag_clear(&said);
    return;
  }
  if (isatty(STDERR_FILENO)) say("\r\033[K");
  say("voxgan ");
  say(name);
  say(": ");
  say(path);
  say(": was shortened while it was in use, or its disk failed; run the command again\n");
  _exit(vg_status_exit_code(VG_IO));
}

void vg_bus_error_install(const char *command) {
  struct sigaction act;
  memset(&act, 0, sizeof act);
  name = command;
  act.sa_sigaction = on_bus_error;
  sigemptyset(&act.sa_mask);
  act.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &act, NULL);
}
