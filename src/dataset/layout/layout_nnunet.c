/* layout_nnunet.c: data sets of nnU-Net v2: imagesTr/CASE_0000.nii.gz a channel, labelsTr/CASE.nii.gz, and
 * dataset.json, which describes channels and label values. The root is the folder of the data set, or a
 * folder of data sets (nnUNet_raw) that contains only one.
 *
 * anatomyTr/CASE.nii.gz is not an nnU-Net name: voxgan stores the anatomy map there, beside the tumour
 * labels. The key "voxgan" of dataset.json gives the meaning of its values. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "dataset/layout/nnunet_description.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/str.h"

#define DIGITS 4 /* in a channel's number */

static bool in_folder(const char *path, const char *folder) {
  size_t n = strlen(folder);
  return strncmp(path, folder, n) == 0 && path[n] == '/' && !strchr(path + n + 1, '/');
}

/* CASE_0003: removes the number from the text and returns it, or -1. */
static int cut_channel(char *stem) {
  size_t n = strlen(stem);
  if (n < DIGITS + 2 || stem[n - DIGITS - 1] != '_') return -1;
  int number = 0;
  for (size_t i = n - DIGITS; i < n; i++) {
    if (!isdigit((unsigned char)stem[i])) return -1;
    number = 10 * number + (stem[i] - '0');
  }
  stem[n - DIGITS - 1] = '\0';
  return number;
}

static bool classify(const vg_source *source, const char *path, vg_file_role *out) {
  memset(out, 0, sizeof *out);
  if (!vg_volume_is_path(path) || !vg_volume_stem(path, out->id, sizeof out->id)) return false;
  const char *slash = strchr(path, '/');
  if (vg_starts_with(path, "Dataset") && slash) path = slash + 1;
  if (in_folder(path, "labelsTr")) {
    out->kind = !source || source->tumour_scheme.n ? VG_FILE_TUMOUR : VG_FILE_ANATOMY;
  } else if (in_folder(path, "anatomyTr")) {
    out->kind = VG_FILE_ANATOMY;
  } else if (in_folder(path, "imagesTr")) {
    int channel = cut_channel(out->id);
    if (channel < 0 || (source && channel >= source->channels.n)) return false;
    out->kind = VG_FILE_SERIES;
    if (source) memcpy(out->series, source->channels.names[channel], sizeof out->series);
  }
  memcpy(out->person, out->id, sizeof out->person);
  return out->kind != VG_FILE_OTHER;
}

/* ---- dataset.json ---- */

/* Reads voxgan's own key: the role of the target labels, and the scheme of the anatomy beside a tumour. */
static vg_status read_own(const char *path, const vg_json *own, const vg_role **role, vg_source *source) {
  static const vg_role roles[] = {VG_ROLE_ANATOMY, VG_ROLE_TUMOUR};
  const char *target = vg_json_string(vg_json_get(own, "target"), "");
  const char *anatomy = vg_json_string(vg_json_get(own, "anatomy_labels"), NULL);
  *role = NULL;
  for (size_t i = 0; i < 2; i++)
    if (strcmp(target, vg_role_name(roles[i])) == 0) *role = &roles[i];
  const char *tumour = vg_json_string(vg_json_get(own, "tumour_labels"), NULL);
  if (tumour && !source->tumour_scheme.n && vg_scheme_parse(tumour, &source->tumour_scheme))
    return vg_fail_in(VG_DATA, "%s: 'voxgan': 'tumour_labels'", path);
  if (anatomy && !source->anatomy_scheme.n && vg_scheme_parse(anatomy, &source->anatomy_scheme))
    return vg_fail_in(VG_DATA, "%s: 'voxgan': 'anatomy_labels'", path);
  return VG_OK;
}

static vg_status read_description(const char *path, const vg_json *root, vg_source *source) {
  const vg_json *channels, *labels, *ending;
  const vg_role *role;
  vg_status st = vg_nnunet_need(path, root, "channel_names", VG_JSON_OBJECT, &channels);
  if (!st) st = vg_nnunet_need(path, root, "labels", VG_JSON_OBJECT, &labels);
  if (!st) st = vg_nnunet_need(path, root, "file_ending", VG_JSON_STRING, &ending);
  if (st) return st;
  if (vg_json_get(root, "dataset"))
    return vg_fail(VG_DATA, "%s: lists its files under 'dataset'; voxgan reads only imagesTr and labelsTr",
                   path);
  if (!vg_volume_is_path(vg_json_string(ending, "")))
    return vg_fail(VG_DATA, "%s: file_ending is '%s', which is no volume that voxgan reads", path,
                   vg_json_string(ending, ""));
  st = vg_nnunet_channels(path, "channel_names", channels, &source->channels);
  if (!st) st = read_own(path, vg_json_get(root, "voxgan"), &role, source);
  /* A scheme from the user describes the target labels; dataset.json may have regions instead. */
  if (st || source->tumour_scheme.n || (role && *role == VG_ROLE_ANATOMY && source->anatomy_scheme.n))
    return st;
  vg_scheme target;
  st = vg_nnunet_labels(path, labels, role, source->anatomy_scheme.n > 0, &target);
  if (!st) vg_nnunet_take_labels(source, &target);
  return st;
}

static vg_status open_root(vg_source *source, char *const *files, size_t n) {
  return vg_nnunet_open(source, files, n, read_description);
}

static size_t score(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  (void)root, (void)reason, (void)size;
  return vg_layout_count(&vg_layout_nnunet, files, n);
}

const vg_layout vg_layout_nnunet = {.anatomy_scheme = "tissues",
                                    .classify = classify,
                                    .open = open_root,
                                    .score = score,
                                    .one_folder = true,
                                    .precedence = 3};
