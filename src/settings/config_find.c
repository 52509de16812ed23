/* config_find.c: looks for configs beside the installed library, or beside the build. */
#include "settings/config_find.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/str.h"
#include "io/json.h"

#define SUFFIX ".json"

/* Sets *out to dir, without links and dots, where that is a folder. Frees dir. */
static vg_status take_folder(char *dir, char **out) {
  bool there = false;
  vg_status st = dir ? vg_fs_is_dir(dir, &there) : VG_MEMORY;
  char *real = !st && there ? realpath(dir, NULL) : NULL;
  if (!st && there && !(*out = vg_strdup(real ? real : dir))) st = VG_MEMORY;
  free(real);
  vg_free(dir);
  return st;
}

/* The folder of the configs (vg_free); NULL: it is not found. */
static vg_status find_folder(char **out) {
  static const char here; /* an address within this library */
  static const char *const folders[] = {"../share/voxgan/configs", "../../configs"};
  const char *named = getenv("VOXGAN_CONFIGS");
  Dl_info self;
  *out = NULL;
  if (named) return take_folder(vg_strdup(named), out);
  if (!dladdr(&here, &self) || !self.dli_fname) return VG_OK;
  char *dir = vg_fs_dirname(self.dli_fname);
  vg_status st = dir ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < 2 && !st && !*out; i++) st = take_folder(vg_fs_join(dir, folders[i]), out);
  vg_free(dir);
  return st;
}

/* The names of the configs, sorted (vg_strv_free). */
static vg_status list_names(const char *folder, char ***names, size_t *n) {
  char **files = NULL;
  size_t all = 0, kept = 0;
  vg_status st = vg_fs_walk(folder, &files, &all);
  for (size_t i = 0; i < all && !st; i++) {
    char *name = files[i];
    files[i] = NULL;
    if (!vg_ends_with(name, SUFFIX) || strchr(name, '/')) {
      vg_free(name);
      continue;
    }
    name[strlen(name) - strlen(SUFFIX)] = '\0';
    files[kept++] = name;
  }
  *n = kept;
  *names = files;
  return st;
}

static vg_status unknown(const char *name, const char *folder, char *const *names, size_t n) {
  const char *near = vg_names_nearest(VG_NAMES_N(names, n), name);
  if (!folder)
    return vg_fail(VG_CONFIG,
                   "%s: no such file, and no folder of configs was found ($VOXGAN_CONFIGS names one)", name);
  return near ? vg_fail(VG_CONFIG, "%s: no such file, and no config of that name in %s; did you mean %s?",
                        name, folder, near)
              : vg_fail(VG_CONFIG,
                        "%s: no such file, and no config of that name in %s ($VOXGAN_CONFIGS names another "
                        "folder); `voxgan list configs` shows all",
                        name, folder);
}

vg_status vg_config_find(const char *name, char **path) {
  char *folder = NULL, **names = NULL, *bare = NULL;
  size_t n = 0;
  bool exists, folder_of_data = false; /* "brats2021" is a usual name for the data, too */
  *path = NULL;
  vg_status st = vg_fs_exists(name, &exists);
  if (!st && exists) st = vg_fs_is_dir(name, &folder_of_data);
  if (!st && ((exists && !folder_of_data) || strchr(name, '/')))
    return (*path = vg_strdup(name)) ? VG_OK : VG_MEMORY;
  if (!st) st = find_folder(&folder);
  if (!st && folder) st = list_names(folder, &names, &n);
  if (!st && !(bare = vg_strdup(name))) st = VG_MEMORY;
  if (!st && vg_ends_with(bare, SUFFIX)) bare[strlen(bare) - strlen(SUFFIX)] = '\0';
  if (!st && vg_names_find(VG_NAMES_N(names, n), bare) < 0) st = unknown(name, folder, names, n);
  if (!st && !(*path = vg_format("%s/%s" SUFFIX, folder, bare))) st = VG_MEMORY;
  vg_free(bare);
  vg_strv_free(names);
  vg_free(folder);
  return st;
}

vg_status vg_config_list(FILE *to) {
  char *folder = NULL, **names = NULL;
  size_t n = 0;
  vg_status st = find_folder(&folder);
  if (!st && folder) st = list_names(folder, &names, &n);
  fprintf(to, "configs: settings by name, as in `voxgan train brats2021`, and plans for `synth --plan`%s%s\n",
          folder ? "; the files lie in " : ": none found", folder ? folder : "");
  for (size_t i = 0; i < n && !st; i++) {
    vg_json *j = NULL;
    char *path = vg_format("%s/%s" SUFFIX, folder, names[i]);
    st = path ? vg_json_read(path, &j) : VG_MEMORY;
    if (!st)
      fprintf(to, "  %-18s %s%s\n", names[i], vg_json_get(j, "cohorts") ? "(plan) " : "",
              vg_json_string(vg_json_get(j, "about"), ""));
    vg_json_free(j);
    vg_free(path);
  }
  vg_strv_free(names);
  vg_free(folder);
  return st;
}
