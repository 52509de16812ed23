/* test_memory_limit.c: the limits of planted /proc and /sys trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "scratch.h"
#include "base/fs.h"
#include "base/limit/memory_limit.h"

#define MB ((uint64_t)1 << 20)

static char root[128];
static int n_roots;

/* Starts a tree with 64 GB of free memory and no limit. */
static void plant(const char *path, const char *text) {
  char full[512];
  snprintf(full, sizeof full, "%s%s", root, path);
  *strrchr(full, '/') = 0;
  assert_int_equal(vg_fs_make_dirs(full), VG_OK);
  full[strlen(full)] = '/';
  assert_int_equal(vg_fs_write_atomic(full, text, strlen(text)), VG_OK);
}

static void new_tree(void) {
  static const char *const names[] = {"SLURM_MEM_PER_NODE", "SLURM_MEM_PER_CPU",       "SLURM_MEM_PER_GPU",
                                      "SLURM_CPUS_ON_NODE", "SLURM_JOB_CPUS_PER_NODE", "SLURM_CPUS_PER_TASK",
                                      "SLURM_GPUS_ON_NODE"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) unsetenv(names[i]);
  snprintf(root, sizeof root, "%s/root%d", scratch, n_roots++);
  plant("/proc/meminfo", "MemTotal:       67108864 kB\nMemFree: 1 kB\nMemAvailable:   65536000 kB\n");
  plant("/proc/self/statm", "2560 1280 100 1 0 512 0\n"); /* pages: 10 MB, 5 MB, 2 MB of data */
  plant("/proc/self/limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max data size             unlimited            unlimited            bytes     \n"
        "Max address space         unlimited            unlimited            bytes     \n");
  plant("/proc/self/cgroup", "0::/\n");
  plant("/proc/self/mountinfo", "41 31 0:38 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw\n");
}

static void check(uint64_t megabytes, const char *source) {
  vg_memory_limit l = vg_memory_limit_read(root);
  assert_int_equal(l.left / MB, megabytes);
  assert_string_equal(l.source, source);
}

static void test_machine(void **state) {
  (void)state;
  new_tree();
  check(64000, "the machine's free memory");
  snprintf(root, sizeof root, "%s/nothing", scratch);
  check(4096, "a guess");
}

static void test_ulimits(void **state) {
  (void)state;
  new_tree();
  plant("/proc/self/limits",
        "Max data size             unlimited            unlimited            bytes     \n"
        "Max address space         1048576000           unlimited            bytes     \n");
  check(990, "ulimit -v");
  assert_int_equal(vg_memory_limit_read(root).address_space / MB, 990);
  plant("/proc/self/limits",
        "Max data size             524288000            unlimited            bytes     \n"
        "Max address space         1048576000           unlimited            bytes     \n");
  check(498, "ulimit -d");
  /* Less than the process already has. */
  plant("/proc/self/limits",
        "Max address space         4096                 unlimited            bytes     \n");
  check(0, "ulimit -v");
}

static void test_group_of_version_2(void **state) {
  (void)state;
  new_tree();
  plant("/proc/self/cgroup", "0::/system.slice/job_7/step_0\n");
  plant("/sys/fs/cgroup/system.slice/job_7/step_0/memory.max", "max\n");
  plant("/sys/fs/cgroup/system.slice/job_7/step_0/memory.current", "1048576\n");
  plant("/sys/fs/cgroup/system.slice/job_7/memory.max", "1048576000\n");
  plant("/sys/fs/cgroup/system.slice/job_7/memory.current", "209715200\n");
  check(800, "control group /system.slice/job_7");
  /* Cached files can be dropped. */
  plant("/sys/fs/cgroup/system.slice/job_7/memory.stat",
        "anon 104857600\nfile 104857600\ninactive_file 104857600\n");
  check(900, "control group /system.slice/job_7");
  /* A parent is tighter, because the jobs beside this one use most of it. */
  plant("/sys/fs/cgroup/system.slice/memory.max", "10485760000\n");
  plant("/sys/fs/cgroup/system.slice/memory.current", "10276044800\n");
  check(200, "control group /system.slice");
  /* Above memory.high the kernel stops the process again and again. */
  plant("/sys/fs/cgroup/system.slice/job_7/step_0/memory.high", "105906176\n");
  check(100, "control group /system.slice/job_7/step_0");
}

static void test_container(void **state) {
  (void)state;
  new_tree();
  /* The mount's root is the job's group. Its folder has a space. */
  plant("/proc/self/mountinfo", "30 1 0:1 / / rw - overlay overlay rw,lowerdir=/a:/b\n"
                                "41 31 0:38 /docker/abc /my\\040groups rw,relatime - cgroup2 cgroup2 rw\n");
  plant("/proc/self/cgroup", "0::/docker/abc/inner\n");
  plant("/my groups/memory.max", "104857600\n");
  plant("/my groups/memory.current", "0\n");
  check(100, "control group /docker/abc");
  /* Another name space: the group lies outside what is mounted. */
  plant("/proc/self/cgroup", "0::/../other\n");
  check(100, "control group /");
  plant("/proc/self/cgroup", "0::/docker/abcd\n");
  check(100, "control group /");
}

static void test_group_of_version_1(void **state) {
  (void)state;
  new_tree();
  plant("/proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/slurm/uid_1/job_9\n0::/\n");
  plant("/proc/self/mountinfo", "35 31 0:32 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
                                "36 31 0:33 / /cg/m rw,relatime shared:3 - cgroup cgroup rw,cpu,memory\n"
                                "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n");
  plant("/cg/m/memory.limit_in_bytes", "9223372036854771712\n");
  plant("/cg/m/memory.usage_in_bytes", "99999999999\n");
  check(64000, "the machine's free memory");
  plant("/cg/m/slurm/uid_1/memory.limit_in_bytes", "2097152000\n");
  plant("/cg/m/slurm/uid_1/memory.usage_in_bytes", "1048576000\n");
  plant("/cg/m/slurm/uid_1/job_9/memory.limit_in_bytes", "9223372036854771712\n");
  plant("/cg/m/slurm/uid_1/job_9/memory.usage_in_bytes", "524288000\n");
  check(1000, "control group /slurm/uid_1");
  plant("/cg/m/slurm/uid_1/memory.stat", "cache 9\ninactive_file 1\ntotal_inactive_file 524288000\n");
  check(1500, "control group /slurm/uid_1");
  /* The parents are hidden, but the group's own file states their limit. */
  plant("/cg/m/slurm/uid_1/job_9/memory.stat", "hierarchical_memory_limit 629145600\n");
  check(100, "control group /slurm/uid_1/job_9");
}

static void test_no_mountinfo(void **state) {
  (void)state;
  char path[256];
  new_tree();
  snprintf(path, sizeof path, "%s/proc/self/mountinfo", root);
  assert_int_equal(unlink(path), 0);
  plant("/proc/self/cgroup", "0::/a\n");
  plant("/sys/fs/cgroup/a/memory.max", "104857600\n");
  plant("/sys/fs/cgroup/a/memory.current", "1048576\n");
  check(99, "control group /a");
}

static void test_slurm(void **state) {
  (void)state;
  new_tree();
  setenv("SLURM_MEM_PER_CPU", "500", 1);
  check(495, "SLURM_MEM_PER_CPU");
  setenv("SLURM_JOB_CPUS_PER_NODE", "4(x2),2", 1);
  check(1995, "SLURM_MEM_PER_CPU");
  setenv("SLURM_CPUS_ON_NODE", "2", 1);
  check(995, "SLURM_MEM_PER_CPU");
  setenv("SLURM_MEM_PER_NODE", "700", 1);
  check(695, "SLURM_MEM_PER_NODE");
  setenv("SLURM_MEM_PER_NODE", "0", 1); /* --mem=0 */
  unsetenv("SLURM_MEM_PER_CPU");
  check(64000, "the machine's free memory");
  setenv("SLURM_MEM_PER_NODE", "99999999999999999999", 1);
  check(64000, "the machine's free memory");
}

/* What libtorch's threads reserve is asked for before they start. */
static void test_space(void **state) {
  (void)state;
  new_tree();
  assert_int_equal(vg_memory_require_space(root, 64000 * MB, 100), VG_OK);
  plant("/proc/self/limits",
        "Max address space         734003200            unlimited            bytes     \n");
  /* 690 MB are left. One thread: 64 + 2 x 136 MB. */
  assert_int_equal(vg_memory_require_space(root, 300 * MB, 1), VG_OK);
  assert_int_equal(vg_memory_require_space(root, 400 * MB, 1), VG_MEMORY);
  assert_int_equal(vg_memory_require_space(root, 0, 5), VG_MEMORY);
  assert_non_null(strstr(vg_error(), "ulimit -v leaves 690 MiB"));
}

/* The machine's own: a child under ulimit -v sees it. */
static void test_own_limit(void **state) {
  (void)state;
  new_tree();
  pid_t child = fork();
  assert_true(child >= 0);
  if (!child) {
    struct rlimit limit = {(rlim_t)(300 * MB), (rlim_t)(300 * MB)};
    if (setrlimit(RLIMIT_AS, &limit)) _exit(9);
    vg_memory_limit l = vg_memory_limit_read("");
    _exit(!(l.left < 300 * MB && !strcmp(l.source, "ulimit -v")));
  }
  int how;
  assert_int_equal(waitpid(child, &how, 0), child);
  assert_int_equal(how, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_machine),
      cmocka_unit_test(test_ulimits),
      cmocka_unit_test(test_group_of_version_2),
      cmocka_unit_test(test_container),
      cmocka_unit_test(test_group_of_version_1),
      cmocka_unit_test(test_no_mountinfo),
      cmocka_unit_test(test_slurm),
      cmocka_unit_test(test_space),
#ifndef __SANITIZE_ADDRESS__
      cmocka_unit_test(test_own_limit),
#endif
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
