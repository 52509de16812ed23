/* module.c: opens the libtorch module when a command first needs it. Loading libtorch takes half a second and
 * hundreds of libraries, which `voxgan --help` must not pay for. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "jobs/stamp.h"
#include "base/fs.h"
#include "base/limit/memory_limit.h"
#include "base/mem.h"
#include "base/task/progress.h"
#include "voxgan/run.h"
#include "base/str.h"

/* Polls without any progress, 100 ms each, until a trial load counts as hanging. */
#define IDLE_POLLS 60

/* Waits for a process that loads libraries, and kills it if it hangs: neither its page faults nor its address
 * space grow, and it does not wait for a disk. Returns its status as waitpid() does. */
static int wait_while_it_loads(pid_t child) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/stat", (long)child);
  unsigned long long before = 0;
  int how = 0, idle = 0;
  for (;;) {
    const pid_t ended = waitpid(child, &how, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) return how;
    unsigned long long small = 0, big = 0, space = 0;
    char state = 'D';
    FILE *f = fopen(path, "re");
    if (f) {
      const int n =
          fscanf(f,
                 "%*d (%*[^)]) %c %*d %*d %*d %*d %*d %*u %llu %*u %llu %*u %*u %*u %*d %*d %*d %*d %*d %*d "
                 "%*u %llu",
                 &state, &small, &big, &space);
      if (n < 4) state = 'D';
      fclose(f);
    }
    idle = state == 'D' || small + big + space != before ? 0 : idle + 1;
    before = small + big + space;
    if (idle == IDLE_POLLS) kill(child, SIGKILL);
    nanosleep(&(struct timespec){0, 100000000}, NULL);
  }
}

/* libtorch and its BLAS abort or wait for ever when their initialisers run out of address space, and how much
 * they take depends on their build. Under `ulimit -v` a child process therefore loads the module first. */
static vg_status try_in_child(const char *path) {
  const vg_memory_limit l = vg_memory_limit_read("");
  if (l.address_space == UINT64_MAX) return VG_OK;
  const pid_t child = fork();
  char text[VG_ERRNO_TEXT];
  if (child < 0)
    return vg_fail(VG_MEMORY, "cannot start a process that tries whether libtorch loads: %s",
                   vg_errno_text(errno, text));
  if (!child) {
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0) dup2(null, STDERR_FILENO);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    /* Without room for a thread, libtorch can wait for ever even as it exits. A module that cannot be loaded
     * at all gets its message from the parent. */
    const bool loads = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    _exit(loads && vg_memory_require_space("", 0, 1));
  }
  const int how = wait_while_it_loads(child);
  if (WIFEXITED(how) && WEXITSTATUS(how) == 0) return VG_OK;
  return vg_fail(
      VG_MEMORY,
      "not enough memory: libtorch and one thread do not fit in the %.0f MiB that ulimit -v leaves",
      (double)l.address_space / (1 << 20));
}

/* Leaves *handle NULL where dir has no module that loads; `tried` says why. */
static vg_status open_in(const char *dir, vg_str *tried, void **handle) {
  vg_str path = VG_STR_INIT;
  vg_str_addf(&path, "%s/voxgan-torch.so", dir);
  vg_status st = VG_OK;
  bool exists = false;
  if (vg_str_failed(&path) || vg_fs_exists(vg_str_text(&path), &exists))
    vg_str_addf(tried, "; %s", vg_error());
  else if (!exists)
    vg_str_addf(tried, "; no %s", vg_str_text(&path));
  else if (!(st = try_in_child(vg_str_text(&path))) &&
           !(*handle = dlopen(vg_str_text(&path), RTLD_NOW | RTLD_LOCAL)))
    vg_str_addf(tried, "; %s", dlerror());
  vg_str_release(&path);
  return st;
}

/* Fails with VG_DEVICE if the module was built from other sources than this library. The message names the
 * first difference. */
static vg_status check_stamp(const vg_torch_stamp *there) {
  static const vg_torch_stamp here = VG_TORCH_STAMP;
  static const char *const names[] = {VG_TORCH_STAMP_MAP(VG_TORCH_STAMP_NAME)};
  if (memcmp(there->version, here.version, sizeof here.version) != 0)
    return vg_fail(VG_DEVICE,
                   "voxgan-torch.so belongs to another version of voxgan (this is %s); reinstall both",
                   here.version);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (there->sizes[i] != here.sizes[i])
      return vg_fail(
          VG_DEVICE,
          "voxgan-torch.so was built from other sources than this voxgan: %s is %llu there and %llu "
          "here; rebuild or reinstall both",
          names[i], (unsigned long long)there->sizes[i], (unsigned long long)here.sizes[i]);
  return VG_OK;
}

static vg_status open_module(const vg_torch_module **out) {
  static const char here; /* an address within this library */
  vg_str tried = VG_STR_INIT;
  void *handle = NULL;
  const char *named = getenv("VOXGAN_MODULES");
  Dl_info self;
  vg_status st = VG_OK;
  if (named) {
    st = open_in(named, &tried, &handle);
  } else if (dladdr(&here, &self) && self.dli_fname) {
    char *dir = vg_fs_dirname(self.dli_fname);
    char *below = dir ? vg_fs_join(dir, "voxgan") : NULL;
    if (dir) st = open_in(dir, &tried, &handle);
    if (!st && !handle && below) st = open_in(below, &tried, &handle);
    vg_free(below);
    vg_free(dir);
  }
  const vg_torch_module *entry = handle ? dlsym(handle, "vg_torch_entry") : NULL;
  if (!st && !entry)
    st = vg_fail(VG_DEVICE, "this command needs the libtorch module, which did not load%s",
                 vg_str_text(&tried));
  if (!st) st = check_stamp(&entry->stamp);
  vg_str_release(&tried);
  if (!st) *out = entry;
  return st;
}

vg_status vg_torch_open(const vg_torch_module **out) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static const vg_torch_module *module;
  pthread_mutex_lock(&lock);
  vg_status st = VG_OK;
  if (!module) {
    vg_task task;
    vg_task_begin(&task, "loading libtorch", NULL, 0);
    st = open_module(&module);
    vg_task_end(&task);
  }
  if (!st) *out = module;
  pthread_mutex_unlock(&lock);
  return st;
}
