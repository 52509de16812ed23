/* model_find.c: models by their names. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "run/model_file.h"

#define SUFFIX ".safetensors"

/* Sets *out if dir/below/NAME.safetensors exists. */
static vg_status look(const char *dir, const char *below, const char *name, vg_str *tried, char **out) {
  bool exists = false;
  char *path = vg_format("%s/%s%s" SUFFIX, dir, below, name);
  vg_status st = path ? vg_fs_exists(path, &exists) : VG_MEMORY;
  if (!st && exists) {
    *out = path;
    return VG_OK;
  }
  if (!st) vg_str_addf(tried, "%s%s", tried->len ? ", " : "", path);
  vg_free(path);
  return st;
}

vg_status vg_model_find(const char *name, char **out) {
  static const char here; /* an address within the module */
  const char *named = getenv("VOXGAN_MODELS");
  vg_str tried = VG_STR_INIT;
  Dl_info self;
  vg_status st = VG_OK;
  *out = NULL;
  if (named && *named) {
    st = look(named, "", name, &tried, out);
  } else if (dladdr(&here, &self) && self.dli_fname) {
    /* As installed, lib/voxgan/voxgan-torch.so and share/voxgan/models; in the source, build/FLAVOUR and
     * models. */
    char *dir = vg_fs_dirname(self.dli_fname);
    st = dir ? look(dir, "../../share/voxgan/models/", name, &tried, out) : VG_MEMORY;
    if (!st && !*out) st = look(dir, "../../models/", name, &tried, out);
    vg_free(dir);
  }
  if (!st && !*out)
    st = vg_fail(VG_DATA, "%s: no such file or folder, and no model of that name (no %s)", name,
                 vg_str_text(&tried));
  vg_str_release(&tried);
  return st;
}
