/* module.c: opens the libtorch module when a command first needs it. Loading libtorch takes half a second and
 * hundreds of libraries, which `voxgan --help` must not pay for. */
#include <dlfcn.h>
#include <stdlib.h>
#include "base/fs.h"
#include "base/mem.h"
#include "voxgan/run.h"
#include "base/str.h"

static void *open_in(const char *dir, vg_str *tried) {
  vg_str path = VG_STR_INIT;
  vg_str_addf(&path, "%s/voxgan-torch.so", dir);
  void *handle = NULL;
  if (!vg_str_failed(&path) && vg_fs_exists(vg_str_text(&path))) {
    handle = dlopen(vg_str_text(&path), RTLD_NOW | RTLD_LOCAL);
    if (!handle) vg_str_addf(tried, "; %s", dlerror());
  } else {
    vg_str_addf(tried, "; no %s", vg_str_text(&path));
  }
  vg_str_release(&path);
  return handle;
}

vg_status vg_torch_open(const vg_torch_module **out) {
  static const vg_torch_module *module;
  if (!module) {
    vg_str tried = VG_STR_INIT;
    void *handle = NULL;
    const char *named = getenv("VOXGAN_MODULES");
    Dl_info self;
    if (named) {
      handle = open_in(named, &tried);
    } else if (dladdr(&module, &self) && self.dli_fname) {
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
    else if (entry->abi != VG_TORCH_ABI)
      st = vg_fail(VG_DEVICE, "voxgan-torch.so is of another version of voxgan; reinstall both");
    vg_str_release(&tried);
    if (st) return st;
    module = entry;
  }
  *out = module;
  return VG_OK;
}
