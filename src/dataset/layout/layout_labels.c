/* layout_labels.c: label maps without images, each of one subject. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "dataset/layout.h"
#include "voxgan/volume.h"
#include "base/str.h"

/* Any name fits, so that a file is never taken for one of this layout by its name. */
static bool classify(const vg_source *source, const char *path, vg_file_role *out) {
  char stem[256];
  memset(out, 0, sizeof *out);
  if (!source || !vg_volume_is_path(path) || !vg_volume_stem(path, stem, sizeof stem)) return false;
  const char *slash = strrchr(path, '/');
  const int n = snprintf(out->id, sizeof out->id, "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path, stem);
  if (n < 0 || (size_t)n >= sizeof out->id) return false;
  for (char *c = out->id; *c; c++)
    if (*c == '/') *c = '_';
  memcpy(out->person, out->id, sizeof out->person);
  out->kind = VG_FILE_ANATOMY;
  return true;
}

/* Whether a name says that the file is a label map: "seg", "label" or "parc" at the begin or end of a word.
 */
static bool says_labels(const char *path) {
  static const char *const words[] = {"seg", "label", "parc"};
  char stem[256];
  if (!vg_volume_stem(path, stem, sizeof stem)) return false;
  for (char *c = stem; *c; c++) *c = (char)tolower((unsigned char)*c);
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    for (const char *at = stem; (at = strstr(at, words[i])); at++)
      if (at == stem || !isalpha((unsigned char)at[-1]) || !isalpha((unsigned char)at[strlen(words[i])]))
        return true;
  return false;
}

/* A folder of nothing but label maps. */
static size_t score(const char *root, char *const *files, size_t n, char *reason, size_t size) {
  size_t maps = 0;
  (void)root;
  for (size_t i = 0; i < n; i++) {
    if (!vg_volume_is_path(files[i])) continue;
    if (!says_labels(files[i])) return 0;
    maps++;
  }
  snprintf(reason, size, "from names that all say label map");
  return maps;
}

const vg_layout vg_layout_labels = {
    .anatomy_scheme = "synthseg-tissues", .classify = classify, .score = score, .precedence = -1};
