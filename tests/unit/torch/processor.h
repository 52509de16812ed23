/* processor.h: runs a test program again in its own process with the kernels of an older processor. It needs
 * a new process because kernels are chosen once. */
#ifndef VG_TEST_PROCESSOR_H
#define VG_TEST_PROCESSOR_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Whether this processor has what ATEN_CPU_CAPABILITY calls by this name. ATen obeys the variable without a
 * look at the processor, and dies of an illegal instruction where that is missing. */
static bool processor_has(const char *capability) {
#if defined(__x86_64__)
  if (!strcmp(capability, "avx512"))
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
  if (!strcmp(capability, "avx2")) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  return !strcmp(capability, "default");
}

/* Runs the program once more with the argument, as a processor of that capability would. NULL: as this one
 * is. */
static void run_as(const char *path, const char *capability, const char *argument) {
  if (capability && !processor_has(capability)) {
    print_message("SKIP: this processor has no %s\n", capability);
    return;
  }
  char command[4200];
  snprintf(command, sizeof command, "%s%s '%s' %s >&2", capability ? "ATEN_CPU_CAPABILITY=" : "",
           capability ? capability : "", path, argument);
  const int rc = system(command);
  if (rc) fail_msg("%s: status %d", command, rc);
}

#endif
