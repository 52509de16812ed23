/* launch.c: starts the processes of `--processes`, passes signals on, and waits for them. */
#include "jobs/launch.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "voxgan/log.h"

/* Seconds that the others have after one ended badly, until they are asked to end, and until they are killed.
 */
#define NOTICE_S 12.0
#define KILL_S 2.0

typedef struct crew {
  int n, left;
  pid_t *pid;  /* 0: ended */
  char **args; /* of each process */
  char *text;  /* that args point into */
  int port;
  vg_status status; /* of the first that ended badly */
  char why[160];
  double since; /* when that was */
  bool asked;   /* the others were asked to end */
} crew;

/* A port that is free now. */
static vg_status free_port(int *port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof at;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  vg_status st = VG_OK;
  if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) || getsockname(fd, (struct sockaddr *)&at, &size))
    st = vg_fail_errno("127.0.0.1", "no port is free for the processes to meet at");
  if (fd >= 0) close(fd);
  *port = ntohs(at.sin_port);
  return st;
}

/* This program's arguments without `--processes N` and `--processes=N`. */
static vg_status read_arguments(crew *c) {
  void *data = NULL;
  size_t len = 0, n = 0;
  vg_status st = vg_fs_read("/proc/self/cmdline", &data, &len);
  if (st) return st;
  c->text = data;
  if (!(c->args = VG_NEW_N(char *, len + 1))) return VG_MEMORY;
  bool rest = false;
  for (size_t at = 0; at < len; at += strlen(c->text + at) + 1) {
    char *arg = c->text + at;
    rest = rest || !strcmp(arg, "--");
    if (!rest && !strcmp(arg, "--processes"))
      at += strlen(arg) + 1; /* its value follows */
    else if (rest || strncmp(arg, "--processes=", 12) != 0)
      c->args[n++] = arg;
  }
  return VG_OK;
}

static void set(const char *name, int value) {
  char text[16];
  snprintf(text, sizeof text, "%d", value);
  setenv(name, text, 1);
}

/* In the child. A launcher that is killed takes its processes along. */
static void become(const crew *c, pid_t launcher, const sigset_t *mask) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() == launcher) {
    sigprocmask(SIG_SETMASK, mask, NULL);
    execv("/proc/self/exe", c->args);
  }
  _exit(vg_status_exit_code(VG_FAILED));
}

/* Before the fork: after it, only system calls are safe. */
static void describe(const crew *c, int rank) {
  set("RANK", rank);
  set("WORLD_SIZE", c->n);
  set("LOCAL_RANK", rank);
  set("LOCAL_WORLD_SIZE", c->n);
  set("MASTER_PORT", c->port);
  setenv("MASTER_ADDR", "127.0.0.1", 1);
  unsetenv("TORCHELASTIC_USE_AGENT_STORE");
  unsetenv("TORCHELASTIC_RESTART_COUNT");
}

static void tell(const crew *c, int sig) {
  for (int i = 0; i < c->n; i++)
    if (c->pid[i]) kill(c->pid[i], sig);
}

static vg_status status_of_code(int code) {
  static const vg_status list[] = {VG_CONFIG, VG_DATA, VG_DEVICE, VG_INTERRUPTED};
  for (size_t i = 0; i < sizeof list / sizeof *list; i++)
    if (vg_status_exit_code(list[i]) == code) return list[i];
  return VG_FAILED;
}

static void note_end(crew *c, pid_t pid, int how) {
  int rank = 0;
  while (rank < c->n && c->pid[rank] != pid) rank++;
  if (rank == c->n) return;
  c->pid[rank] = 0;
  c->left--;
  if ((WIFEXITED(how) && !WEXITSTATUS(how)) || c->status) return;
  c->since = vg_now();
  if (WIFEXITED(how)) {
    c->status = status_of_code(WEXITSTATUS(how));
    snprintf(c->why, sizeof c->why, "rank %d of %d ended with exit code %d", rank, c->n, WEXITSTATUS(how));
  } else {
    c->status = VG_DEVICE;
    snprintf(c->why, sizeof c->why, "rank %d of %d was killed by signal %d (%s)", rank, c->n, WTERMSIG(how),
             strsignal(WTERMSIG(how)));
    vg_warn("%s; the others end too", c->why);
  }
}

/* Whether a process sent it. What a terminal sends goes to its whole group, so the processes have it already.
 */
static bool was_sent(const siginfo_t *info) {
  return info->si_code <= 0;
}

static void wait_for_all(crew *c, const sigset_t *signals) {
  while (c->left) {
    siginfo_t info;
    const int sig = sigtimedwait(signals, &info, &(struct timespec){.tv_sec = 1});
    if (sig > 0 && sig != SIGCHLD && was_sent(&info)) tell(c, sig);
    int how;
    for (pid_t pid; (pid = waitpid(-1, &how, WNOHANG)) > 0;) note_end(c, pid, how);
    if (!c->status || c->status == VG_INTERRUPTED) continue;
    const double since = vg_now() - c->since;
    if (since > NOTICE_S && !c->asked) {
      tell(c, SIGTERM);
      tell(c, SIGCONT);
      c->asked = true;
    }
    if (since > NOTICE_S + KILL_S) tell(c, SIGKILL);
  }
}

vg_status vg_launch(int n) {
  static const int asks[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGCHLD};
  crew c = {.n = n, .pid = VG_NEW_N(pid_t, n)};
  sigset_t signals, before;
  sigemptyset(&signals);
  for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) sigaddset(&signals, asks[i]);
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  vg_status st = c.pid ? read_arguments(&c) : VG_MEMORY;
  if (!st) st = free_port(&c.port);
  const pid_t self = getpid();
  for (int i = 0; i < n && !st; i++) {
    fflush(NULL);
    describe(&c, i);
    c.pid[i] = fork();
    if (!c.pid[i]) become(&c, self, &before);
    if (c.pid[i] < 0) {
      c.pid[i] = 0;
      st = vg_fail_errno("fork", "cannot start a process");
      tell(&c, SIGTERM);
    } else {
      c.left++;
    }
  }
  wait_for_all(&c, &signals);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (!st && c.status) st = vg_fail(c.status, "%s", c.why);
  vg_free(c.args);
  vg_free(c.text);
  vg_free(c.pid);
  return st;
}
