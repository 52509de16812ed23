/* main.c: runs the command and turns its status into the exit code. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/limit/memory_limit.h"
#include "base/signal/bus_error.h"
#include "base/task/progress.h"
#include "base/text/shown.h"
#include "cli/cli.h"
#include "io/nifti/nifti_repair.h"

static void print_help(void) {
  printf("voxgan %s: trains conditional GANs on brain MRI and writes annotated synthetic data sets\n\n"
         "usage: voxgan COMMAND [arguments]\n\n",
         vg_version());
  const cli_command *c;
  for (int i = 0; (c = vg_cli_command_at(i)); i++) printf("  %-11s %s\n", c->name, c->summary);
  printf("\n`voxgan COMMAND --help` shows a command's options; `man voxgan` is the full manual.\n\n"
         "exit codes:\n");
#define X(code, text) printf("  %3d  %s\n", code, text);
  VG_EXIT_MAP(X)
#undef X
}

static const cli_command *command_find(const char *name) {
  return vg_cli_command_at(vg_names_find(vg_cli_command_names(), name));
}

static vg_status unknown_command(const char *name) {
  const char *near = vg_names_nearest(vg_cli_command_names(), name);
  return near ? vg_fail(VG_USAGE, "unknown command %s; did you mean %s?", name, near)
              : vg_fail(VG_USAGE, "unknown command %s; `voxgan --help` lists them", name);
}

static vg_status run(const cli_command *c, int argc, char **argv) {
  int n_args;
  bool help;
  vg_status st = vg_cli_parse(c, argc, argv, &n_args, &help);
  if (st) return st;
  if (help) {
    vg_cli_print_help(c);
    return VG_OK;
  }
  if ((st = vg_cli_check_paths(c, argv, n_args))) return st;
  vg_log_set_level(vg_cli_quiet ? VG_LOG_WARN : vg_cli_verbose ? VG_LOG_DEBUG : VG_LOG_INFO);
  vg_bus_error_install(c->name);
  vg_memory_spare_space();
  vg_progress_watch(c->name);
  st = c->run(argv, n_args);
  vg_progress_unwatch();
  return st;
}

/* With these two signals ignored, a write into a closed pipe or past a file size limit fails with an errno,
 * and a job can save before it says so. A stream that is closed is opened on /dev/null: else the next file
 * would take its place, and messages would go into it. Streams 1 and 2 are opened for reading, so that writes
 * still fail. */
static bool prepare_streams(void) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd) return false;
  return true;
}

static vg_status flush_results(vg_status st) {
  errno = 0;
  if (!fflush(stdout) && !ferror(stdout)) return st;
  if (st) return st;
  /* An earlier fault has left no errno. */
  return errno ? vg_fail_errno("stdout", "cannot write") : vg_fail(VG_IO, "stdout: cannot write");
}

int main(int argc, char **argv) {
  if (!prepare_streams()) return vg_status_exit_code(VG_IO);
  FILE *shown = vg_shown_stream(STDOUT_FILENO);
  if (!shown) {
    fprintf(stderr, "voxgan: %s\n", vg_status_text(VG_MEMORY));
    return vg_status_exit_code(VG_MEMORY);
  }
  stdout = shown; /* results name subjects and files, whose names are data of others */
  if (argc < 2) {
    print_help();
    return vg_status_exit_code(VG_USAGE);
  }
  const char *name = argv[1];
  if (!strcmp(name, "--version")) {
    printf("voxgan %s\n", vg_version());
    return vg_status_exit_code(flush_results(VG_OK));
  }
  if (!strcmp(name, "help") && argc > 2) {
    name = argv[2];
    argv[2] = (char *)"--help";
  }
  if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
    print_help();
    return vg_status_exit_code(flush_results(VG_OK));
  }
  const cli_command *c = command_find(name);
  vg_status st = c ? run(c, argc - 2, argv + 2) : unknown_command(name);
  vg_repair_report();
  /* A full disk or a closed pipe causes no error before the buffer of stdout is flushed. */
  st = flush_results(st);
  if (st) {
    vg_progress_end();
    fprintf(stderr, "voxgan%s%s: ", c ? " " : "", c ? c->name : "");
    vg_shown_put(stderr, *vg_error() ? vg_error() : vg_status_text(st));
    fputc('\n', stderr);
    if (st == VG_USAGE && c) fprintf(stderr, "`voxgan %s --help` shows its usage\n", c->name);
  }
  return vg_status_exit_code(st);
}
