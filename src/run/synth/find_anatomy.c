/* find_anatomy.c: synthesis of label maps, as a step of another job. */
#include "run/synth/find_anatomy.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "run/model_file.h"
#include "run/synth/segment.h"
#include "voxgan/log.h"

/* The model, and the names, sizes and times of the images: for other ones the maps are found again. */
static vg_status folder_of(const char *model, const char *beside, const vg_dataset *set, char **out) {
  char hex[VG_HASH_LEN] = "", *path = NULL;
  vg_str t = VG_STR_INIT;
  vg_status st = vg_model_path(model, &path);
  if (!st) st = vg_hash_file(path, hex);
  vg_str_addf(&t, "%s\n", hex);
  for (size_t i = 0; i < set->n && !st; i++)
    for (int k = 0; k < set->series.n; k++) {
      struct stat s;
      const char *file = set->subjects[i].series[k];
      if (!file || stat(file, &s)) continue;
      vg_str_addf(&t, "%s %s %lld %lld.%09ld\n", set->subjects[i].id, file, (long long)s.st_size,
                  (long long)s.st_mtim.tv_sec, (long)s.st_mtim.tv_nsec);
    }
  if (!st) vg_hash(vg_str_text(&t), t.len, hex);
  if (!st && vg_str_failed(&t)) st = VG_MEMORY;
  if (!st && !(*out = vg_format("%s/anatomy-%.12s", beside, hex))) st = VG_MEMORY;
  vg_str_release(&t);
  vg_free(path);
  return st;
}

static vg_status find(const char *model, const char *folder, const char *device, int threads,
                      const vg_dataset *set) {
  const vg_synth_options o = {.model = model,
                              .study = {.opened = set, .skip_incomplete = set->skip_incomplete},
                              .output = {.out = folder,
                                         .format = "bids",
                                         .title = "Anatomy",
                                         .quiet = true,
                                         .partial = set->skip_incomplete},
                              .device = device,
                              .threads = threads};
  vg_info("finding the anatomy of %zu %s by %s", set->n, vg_plural(set->n, "subject", "subjects"), model);
  synth_model by = {0};
  vg_status st = vg_synth_model_open(&o, &by);
  if (!st && !model_segments(&by.info))
    st = vg_fail(VG_USAGE, "%s makes images of label maps, not label maps of images", model);
  if (!st) st = vg_segment_images(&o, &by);
  vg_synth_model_close(&by);
  if (st == VG_FAILED && !set->skip_incomplete) {
    char why[512];
    snprintf(why, sizeof why, "%s", vg_error());
    return vg_fail(st, "%s; --skip-incomplete goes on without such subjects", why);
  }
  return st;
}

vg_status vg_find_anatomy(const char *model, const char *beside, const char *device, int threads,
                          vg_dataset *set) {
  char *folder = NULL;
  vg_dataset found = {0};
  vg_status st = folder_of(model, beside, set, &folder);
  if (!st) st = find(model, folder, device, threads, set);
  if (!st) st = vg_dataset_add(&found, folder, "bids", NULL, NULL);
  if (!st) st = vg_dataset_take_anatomy(set, &found);
  vg_dataset_release(&found);
  vg_free(folder);
  return st ? vg_fail_in(st, "data.anatomy predict:%s", model) : VG_OK;
}
