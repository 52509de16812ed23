/* layout_scans.c: scans without maps, each of one subject. */
#include <string.h>

#include "dataset/layout.h"

/* Any name fits but one that says label map. */
static bool classify(const vg_source *source, const char *path, vg_file_role *out) {
  if (!source || vg_layout_says_labels(path) || !vg_layout_any_role(path, out)) return false;
  out->kind = VG_FILE_SERIES;
  strcpy(out->series, VG_SERIES_SCAN);
  return true;
}

const vg_layout vg_layout_scans = {.classify = classify, .any_scan = true};
