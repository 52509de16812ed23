/* interrupt.c: handles the signals that ask a long job to stop. */
#include <signal.h>
#include <string.h>
#include "base/interrupt.h"
#include "voxgan/log.h"

static volatile sig_atomic_t interrupted;

/* A person who asks twice means it. These come twice by themselves: a terminal that closes sends SIGHUP, and
 * so does its shell; batch systems repeat their warnings. */
static bool repeats(int sig) {
  return sig == SIGHUP || sig == SIGUSR1 || sig == SIGUSR2 || sig == SIGXCPU;
}

static void on_signal(int sig) {
  interrupted = 1;
  if (!repeats(sig)) signal(sig, SIG_DFL);
}

static void handle(int sig, void (*how)(int)) {
  struct sigaction act;
  memset(&act, 0, sizeof act);
  act.sa_handler = how;
  sigemptyset(&act.sa_mask);
  act.sa_flags = SA_RESTART;
  sigaction(sig, &act, NULL);
}

void vg_interrupt_install(void) {
  static const int asks[] = {SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU};
  struct sigaction was;
  for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) handle(asks[i], on_signal);
  /* nohup ignores it, and means to. */
  if (sigaction(SIGHUP, NULL, &was) || was.sa_handler != SIG_IGN) handle(SIGHUP, on_signal);
}

bool vg_interrupted(void) {
  return interrupted != 0;
}

void vg_interrupt_raise(void) {
  interrupted = 1;
}
