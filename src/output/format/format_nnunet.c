/* format_nnunet.c: a data set of nnU-Net v2. Labels are 1..n, those of BraTS in the order and as the regions
 * of nnU-Net's own converters. If there are tumour classes, they are the
 * target, and the anatomy lies beside it in anatomyTr, which nnU-Net ignores. */
#include <stdio.h>
#include <string.h>
#include "output/format/format_values.h"
#include "output/format/nnunet_labels.h"
#include "base/fs.h"
#include "dataset/layout.h"
#include "io/json.h"
#include "base/mem.h"
#include "base/str.h"

static vg_status folder_name(const vg_format_set *set, char *buf, size_t size) {
  return vg_nnunet_folder(set->name, buf, size);
}

static vg_status schemes(vg_format_set *set) {
  vg_nnunet_number(&set->classes, &set->tumour);
  vg_format_count_values(set, VG_ROLE_ANATOMY, &set->anatomy);
  char folder[96];
  return folder_name(set, folder, sizeof folder);
}

static vg_status id(const char *wanted, char *buf, size_t size) {
  return vg_format_clean(wanted, "-_.", buf, size);
}

static vg_status path(const vg_format_set *set, const char *case_id, vg_file_kind kind, const char *series,
                      char *buf, size_t size) {
  char folder[96];
  vg_status st = folder_name(set, folder, sizeof folder);
  if (st) return st;
  int n;
  if (kind == VG_FILE_SERIES) {
    int channel = series ? vg_series_find(&set->series, series) : -1;
    if (channel < 0)
      return vg_fail(VG_CONFIG, "%s: '%s' is none of the data set's series", case_id, series ? series : "");
    n = snprintf(buf, size, "%s/imagesTr/%s_%04d.nii.gz", folder, case_id, channel);
  } else {
    bool target = kind == VG_FILE_TUMOUR || !set->tumour.n;
    n = snprintf(buf, size, "%s/%s/%s.nii.gz", folder, target ? "labelsTr" : "anatomyTr", case_id);
  }
  return n >= 0 && (size_t)n < size ? VG_OK
                                    : vg_fail(VG_CONFIG, "%s: the id is too long for a path", case_id);
}

static vg_json *describe(const vg_format_set *set, const char *folder, size_t n) {
  const vg_scheme *target = set->tumour.n ? &set->tumour : &set->anatomy;
  vg_json *d = vg_json_object();
  vg_json_put_string(d, "name", folder);
  vg_json_put_string(d, "description",
                     set->real ? (set->series.n ? "brain MRI with label maps joined by voxgan"
                                                : "label maps that a model found in brain MRI")
                               : "synthetic brain MRI, made by voxgan; it shows no real person");
  vg_json *channels = vg_json_put_take(d, "channel_names", vg_json_object());
  for (int i = 0; i < set->series.n; i++) {
    char key[16];
    snprintf(key, sizeof key, "%d", i);
    vg_json_put_string(channels, key, vg_nnunet_channel(set->series.names[i]));
  }
  vg_nnunet_put_labels(d, target);
  vg_json_put_number(d, "numTraining", (double)n);
  vg_json_put_string(d, "file_ending", ".nii.gz");
  if (set->licence) vg_json_put_string(d, "licence", set->licence);
  vg_json *own = vg_json_put_take(d, "voxgan", vg_json_object());
  vg_json_put_string(own, "target", vg_role_name(set->tumour.n ? VG_ROLE_TUMOUR : VG_ROLE_ANATOMY));
  if (set->tumour.n && vg_nnunet_has_regions(target))
    vg_json_put_string_take(own, "tumour_labels", vg_scheme_text(target));
  if (set->tumour.n && set->anatomy.n)
    vg_json_put_string_take(own, "anatomy_labels", vg_scheme_text(&set->anatomy));
  return d;
}

static vg_status finish(const vg_format_set *set, const char *root, const char *const *ids, size_t n) {
  (void)ids;
  char folder[96], *dir = NULL, *file = NULL;
  vg_json *d = NULL;
  vg_status st = folder_name(set, folder, sizeof folder);
  if (st) return st;
  dir = vg_fs_join(root, folder);
  file = dir ? vg_fs_join(dir, "dataset.json") : NULL;
  st = file ? vg_fs_make_dirs(dir) : VG_MEMORY;
  if (!st) {
    d = describe(set, folder, n);
    st = vg_json_write(file, d);
  }
  vg_json_free(d);
  vg_free(file);
  vg_free(dir);
  return st;
}

static vg_status closing(const vg_format_set *set, vg_owned *files) {
  char folder[96], path_of[128];
  vg_status st = folder_name(set, folder, sizeof folder);
  if (st) return st;
  snprintf(path_of, sizeof path_of, "%s/dataset.json", folder);
  return vg_owned_add(files, path_of);
}

const vg_dataset_format vg_dataset_format_nnunet = {.layout = "nnunet",
                                                    .any_class = true,
                                                    .schemes = schemes,
                                                    .id = id,
                                                    .path = path,
                                                    .finish = finish,
                                                    .closing = closing};
