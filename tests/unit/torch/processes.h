/* processes.h: tests of the group, each in several processes. */
#ifndef VG_TEST_PROCESSES_H
#define VG_TEST_PROCESSES_H
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "tensor/distributed/group.h"

#define CPU ((vg_device){0, 0})
enum { NO_GLOO = 77, MOST = 4 };

#define CHECK(what)                                                                                  \
  do {                                                                                               \
    if (!(what)) {                                                                                   \
      fprintf(stderr, "rank %d, line %d: %s (%s)\n", vg_group_rank(g), __LINE__, #what, vg_error()); \
      exit(1);                                                                                       \
    }                                                                                                \
  } while (0)

/* How the processes of a test sum: over Gloo; in shared memory; one may have no such memory, and all use
 * Gloo; or one has no such memory for gradients, and all copy them. */
typedef enum way { GLOO, SHARED, REFUSED, SCARCE } way;

static int free_port(void) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof at;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
  close(fd);
  return ntohs(at.sin_port);
}

/* No file of this process may grow beyond so many bytes; one that has no name is such a file too. */
static inline void limit_files(rlim_t bytes) {
  const struct rlimit limit = {bytes, bytes};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &limit);
}

/* Counts the files that this process has open and that lie in memory of the group. */
static int memories(void) {
  DIR *const files = opendir("/proc/self/fd");
  int n = 0;
  for (const struct dirent *e; files && (e = readdir(files));) {
    char path[300], is[300] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%s", e->d_name);
    n += readlink(path, is, sizeof is - 1) > 0 && !strncmp(is, "/memfd:voxgan-", 14);
  }
  if (files) closedir(files);
  return n;
}

/* Calls test in n processes that have met; what they return is how they leave. */
static void start_processes(pid_t *pid, int n, way how, double timeout, vg_status (*test)(vg_group *g)) {
  const int port = free_port();
  for (int r = 0; r < n; r++) {
    if ((pid[r] = fork())) continue;
    const vg_group_options options = {.rank = r,
                                      .size = n,
                                      .host = "127.0.0.1",
                                      .port = port,
                                      .shared_memory = how != GLOO,
                                      .timeout = timeout};
    vg_group *g = NULL;
    vg_tensor_threads(1);
    if (r == 1 && how == REFUSED) limit_files(1000);
    if (r == 1 && how == SCARCE) limit_files(1 << 20);
    vg_status st = vg_group_join(&options, CPU, &g);
    if (st && strstr(vg_error(), "need Gloo")) exit(NO_GLOO);
    CHECK(!st);
    CHECK(memories() == (how == GLOO || how == REFUSED ? 0 : n));
    vg_scope *s = vg_scope_push();
    st = test(g);
    CHECK(!vg_tensor_check());
    vg_scope_pop(s, NULL);
    CHECK(vg_group_leave(g, st) == st);
    exit(0);
  }
}

/* Each process ends well, except lost (-1: none), which a signal ends. Skips where this libtorch has no Gloo.
 */
static void end_processes(const pid_t *pid, int n, int lost) {
  bool without = false;
  for (int r = 0; r < n; r++) {
    int how;
    assert_int_equal(waitpid(pid[r], &how, 0), pid[r]);
    without = without || (WIFEXITED(how) && WEXITSTATUS(how) == NO_GLOO);
    if (!without && r == lost) assert_true(WIFSIGNALED(how));
    if (!without && r != lost) assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
  }
  if (without) skip();
}

static void in_processes(int n, way how, vg_status (*test)(vg_group *g)) {
  pid_t pid[MOST];
  start_processes(pid, n, how, 60, test);
  end_processes(pid, n, -1);
}

/* A cmocka test that runs f in n processes. */
#define IN_PROCESSES(f, n, how)               \
  static void f##_##n##_##how(void **state) { \
    (void)state;                              \
    in_processes(n, how, f);                  \
  }

#endif
