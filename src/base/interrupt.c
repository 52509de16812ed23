/* interrupt.c: handles the signals that ask a long job to stop. */
#include <signal.h>
#include <string.h>
#include "voxgan/log.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int sig) {
  interrupted = 1;
  /* A user who asks twice wants an immediate end. A batch system may repeat its warning (SIGUSR1), which must
   * not end the program. */
  if (sig != SIGUSR1) signal(sig, SIG_DFL);
}

void vg_interrupt_install(void) {
  struct sigaction act;
  memset(&act, 0, sizeof act);
  act.sa_handler = on_signal;
  sigemptyset(&act.sa_mask);
  act.sa_flags = SA_RESTART;
  sigaction(SIGINT, &act, NULL);
  sigaction(SIGTERM, &act, NULL);
  sigaction(SIGUSR1, &act, NULL);
}

bool vg_interrupted(void) {
  return interrupted != 0;
}
