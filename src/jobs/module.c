/* module.c: opens the libtorch module when a command first needs it. Loading libtorch takes half a second and
 * hundreds of libraries, which `voxgan --help` must not pay for. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "jobs/stamp.h"
#include "base/fs.h"
#include "base/limit/memory_limit.h"
#include "base/mem.h"
#include "voxgan/run.h"
#include "base/str.h"

/* Address space that the smallest libtorch takes. Its initialisers abort when they run out of it. */
#define LEAST_SPACE ((uint64_t)512 << 20)

static vg_status check_space(void) {
  const vg_memory_limit l = vg_memory_limit_read("");
  if (l.address_space >= LEAST_SPACE) return VG_OK;
  return vg_fail(
      VG_MEMORY,
      "not enough memory: ulimit -v leaves %.0f MiB of address space, and libtorch alone takes %.0f MiB",
      (double)l.address_space / (1 << 20), (double)LEAST_SPACE / (1 << 20));
}

static void *open_in(const char *dir, vg_str *tried) {
  vg_str path = VG_STR_INIT;
  vg_str_addf(&path, "%s/voxgan-torch.so", dir);
  void *handle = NULL;
  bool exists = false;
  if (vg_str_failed(&path) || vg_fs_exists(vg_str_text(&path), &exists))
    vg_str_addf(tried, "; %s", vg_error());
  else if (!exists)
    vg_str_addf(tried, "; no %s", vg_str_text(&path));
  else if (!(handle = dlopen(vg_str_text(&path), RTLD_NOW | RTLD_LOCAL)))
    vg_str_addf(tried, "; %s", dlerror());
  vg_str_release(&path);
  return handle;
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
  if (named) {
    handle = open_in(named, &tried);
  } else if (dladdr(&here, &self) && self.dli_fname) {
    char *dir = vg_fs_dirname(self.dli_fname);
    char *below = dir ? vg_fs_join(dir, "voxgan") : NULL;
    if (dir) handle = open_in(dir, &tried);
    if (!handle && below) handle = open_in(below, &tried);
    vg_free(below);
    vg_free(dir);
  }
  const vg_torch_module *entry = handle ? dlsym(handle, "vg_torch_entry") : NULL;
  vg_status st = VG_OK;
  if (!entry)
    st = vg_fail(VG_DEVICE, "this command needs the libtorch module, which did not load%s",
                 vg_str_text(&tried));
  else
    st = check_stamp(&entry->stamp);
  vg_str_release(&tried);
  if (!st) *out = entry;
  return st;
}

vg_status vg_torch_open(const vg_torch_module **out) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static const vg_torch_module *module;
  pthread_mutex_lock(&lock);
  vg_status st = module ? VG_OK : check_space();
  if (!st && !module) st = open_module(&module);
  if (!st) *out = module;
  pthread_mutex_unlock(&lock);
  return st;
}
