/* layout_msd.c: tasks of the Medical Segmentation Decathlon, as Task01_BrainTumour: imagesTr/CASE.nii.gz
 * holds every channel, one volume each, labelsTr/CASE.nii.gz the labels; dataset.json has `modality` and
 * `labels`, both by number. */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "dataset/layout/nnunet_description.h"
#include "voxgan/volume.h"

/* CASE_0003 is a channel of nnU-Net. */
static bool has_channel(const char *stem) {
  const size_t n = strlen(stem);
  if (n < 6 || stem[n - 5] != '_') return false;
  for (size_t i = n - 4; i < n; i++)
    if (!isdigit((unsigned char)stem[i])) return false;
  return true;
}

static bool classify(const vg_source *source, const char *path, vg_file_role *out) {
  memset(out, 0, sizeof *out);
  const char *slash = strchr(path, '/');
  if (vg_starts_with(path, "Task") && slash) path = slash + 1;
  if (!(slash = strchr(path, '/')) || strchr(slash + 1, '/')) return false;
  if (!vg_volume_is_path(path) || !vg_volume_stem(path, out->id, sizeof out->id)) return false;
  const size_t folder = (size_t)(slash - path);
  if (folder == strlen("labelsTr") && vg_starts_with(path, "labelsTr"))
    out->kind = !source || source->tumour_scheme.n ? VG_FILE_TUMOUR : VG_FILE_ANATOMY;
  else if (folder == strlen("imagesTr") && vg_starts_with(path, "imagesTr") && !has_channel(out->id))
    out->kind = VG_FILE_SERIES, out->all_channels = true;
  memcpy(out->person, out->id, sizeof out->person);
  return out->kind != VG_FILE_OTHER;
}

/* {"1": "edema"} as {"edema": 1}. */
static vg_status turn_labels(const char *path, const vg_json *labels, vg_json *to) {
  for (const vg_json *c = vg_json_first(labels); c; c = vg_json_next(c)) {
    long long value;
    const char *name = vg_json_string(c, NULL);
    if (!name || !vg_parse_i64(vg_json_key(c), &value) || value < 0 || value > 65535)
      return vg_fail(VG_DATA, "%s: 'labels' are not of the form \"1\": \"name\" at '%s'", path,
                     vg_json_key(c));
    if (vg_json_get(to, name)) return vg_fail(VG_DATA, "%s: 'labels' has '%s' twice", path, name);
    vg_json_put_number(to, name, (double)value);
  }
  return VG_OK;
}

static vg_status read_description(const char *path, const vg_json *root, vg_source *source) {
  const vg_json *modality, *labels;
  vg_scheme target;
  vg_status st = vg_nnunet_need(path, root, "modality", VG_JSON_OBJECT, &modality);
  if (!st) st = vg_nnunet_channels(path, "modality", modality, &source->channels);
  if (st || source->tumour_scheme.n) return st;
  vg_json *turned = vg_json_object();
  st = vg_nnunet_need(path, root, "labels", VG_JSON_OBJECT, &labels);
  if (!st) st = turned ? turn_labels(path, labels, turned) : VG_MEMORY;
  if (!st) st = vg_nnunet_labels(path, turned, NULL, source->anatomy_scheme.n > 0, &target);
  if (!st) vg_nnunet_take_labels(source, &target);
  vg_json_free(turned);
  return st;
}

static vg_status open_root(vg_source *source, char *const *files, size_t n) {
  return vg_nnunet_open(source, files, n, read_description);
}

static size_t score(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  (void)root, (void)reason, (void)size;
  return vg_layout_count(&vg_layout_msd, files, n);
}

const vg_layout vg_layout_msd = {
    .classify = classify, .open = open_root, .score = score, .one_folder = true, .precedence = 2};
