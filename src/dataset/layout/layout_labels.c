/* layout_labels.c: label maps without images, each of one subject. */
#include <stdio.h>

#include "dataset/layout.h"
#include "voxgan/volume.h"

/* Any name fits, so that a file is never taken for one of this layout by its name. */
static bool classify(const vg_source *source, const char *path, vg_file_role *out) {
  if (!source || !vg_layout_any_role(path, out)) return false;
  out->kind = VG_FILE_ANATOMY;
  return true;
}

/* A folder of nothing but label maps. */
static size_t score(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  size_t maps = 0;
  (void)root;
  for (size_t i = 0; i < n; i++) {
    if (!vg_volume_is_path(files[i])) continue;
    if (!vg_layout_says_labels(files[i])) return 0;
    maps++;
  }
  snprintf(reason, size, "from names that all say label map");
  return maps;
}

const vg_layout vg_layout_labels = {
    .anatomy_scheme = "synthseg-tissues", .classify = classify, .score = score, .precedence = -1};
