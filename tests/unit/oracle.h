/* oracle.h: helpers for tests that compare with a Python library.
 *
 *     require_python("numpy, nibabel");                      // skips the test where one is missing
 *     assert_int_equal(run_python("nifti_oracle.py", "write", dir, NULL), 0);
 *
 * Include after cmocka.h. Scripts are in tests/oracle below the current folder (`make check` runs tests in
 * the project's root) or below $VOXGAN_SOURCE.
 */
#ifndef VG_TESTS_ORACLE_H
#define VG_TESTS_ORACLE_H
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ORACLE_PYTHON "/usr/bin/python3"

/* Exit status of the program, 127 where it cannot be started, -1 where it was killed. */
static inline int run_argv(char *const argv[], int quiet) {
  fflush(NULL);
  pid_t child = fork();
  if (!child) {
    int null = quiet ? open("/dev/null", O_WRONLY) : -1;
    if (null >= 0) dup2(null, 2);
    execv(argv[0], argv);
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* modules: as after "import". */
static inline void require_python(const char *modules) {
  char code[256];
  snprintf(code, sizeof code, "import %s", modules);
  char *argv[] = {(char *)ORACLE_PYTHON, (char *)"-c", code, NULL};
  if (run_argv(argv, 1)) {
    print_message("skipped: " ORACLE_PYTHON " cannot import %s\n", modules);
    skip();
  }
}

/* Runs tests/oracle/SCRIPT with string arguments up to NULL; returns its exit status. */
static inline int run_python(const char *script, ...) {
  char path[4096];
  char *argv[32] = {(char *)ORACLE_PYTHON, path};
  const char *root = getenv("VOXGAN_SOURCE");
  snprintf(path, sizeof path, "%s/tests/oracle/%s", root ? root : ".", script);
  va_list ap;
  va_start(ap, script);
  for (int i = 2; i < 31; i++) {
    argv[i] = va_arg(ap, char *);
    if (!argv[i]) break;
  }
  va_end(ap);
  return run_argv(argv, 0);
}

#endif
