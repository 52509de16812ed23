/* layout_edition.c: finds out which BraTS edition a folder holds if file names do not show it: by ids, by the
 * folder's name or, last, by label values. */
#include <stdio.h>
#include <string.h>

#include "dataset/layout.h"
#include "base/fs.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/str.h"

/* The number of label maps that are searched for the value that distinguishes two editions. */
#define PEEK 8

typedef enum edition { UNKNOWN, BEFORE_2017, FROM_2017 } edition;

static edition edition_of_id(const char *id) {
  static const char *const later[] = {"Brats17", "Brats18", "Brats19", "BraTS17",
                                      "BraTS18", "BraTS19", "BraTS20", "BraTS2021"};
  for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
    if (vg_starts_with(id, later[i])) return FROM_2017;
  if (vg_starts_with(id, "brats_tcia_pat") || strstr(id, "2013")) return BEFORE_2017;
  return UNKNOWN;
}

/* Value 3 is non-enhancing tumour up to 2016, and unused from 2017 on. An unreadable map is ignored here; the
 * later reading reports its fault better. */
static bool peek_for_three(const char *root, const char *file, bool *seen) {
  char *path = vg_fs_join(root, file);
  vg_labelmap map = {0};
  bool read = path && vg_volume_read_labels(path, &map, NULL) == VG_OK;
  if (read) {
    size_t n = vg_geometry_voxels(&map.geo);
    for (size_t i = 0; i < n && !*seen; i++) *seen = map.data[i] == 3;
  } else {
    vg_error_clear();
  }
  vg_labelmap_release(&map);
  vg_free(path);
  return read;
}

bool vg_brats_from_2017(const vg_layout *layout, const char *root, char *const *files, size_t n, char *reason,
                        size_t size) {
  size_t votes[3] = {0};
  vg_file_role role;
  for (size_t i = 0; i < n; i++)
    if (layout->classify(NULL, files[i], &role)) votes[edition_of_id(role.id)]++;
  if (votes[BEFORE_2017] || votes[FROM_2017]) {
    snprintf(reason, size, "from its file names and ids");
    return votes[BEFORE_2017] <= votes[FROM_2017];
  }
  char *trimmed = vg_strdup(root);
  size_t len = trimmed ? strlen(trimmed) : 0;
  while (len > 1 && trimmed[len - 1] == '/') trimmed[--len] = '\0';
  const char *base = trimmed ? vg_fs_basename(trimmed) : "";
  bool old = strstr(base, "2013") || strstr(base, "2015"),
       later = strstr(base, "2018") || strstr(base, "2019") || strstr(base, "2020") || strstr(base, "2021");
  vg_free(trimmed);
  if (old != later) {
    snprintf(reason, size, "from its file names and the folder's name");
    return later;
  }
  bool three = false;
  int read = 0;
  for (size_t i = 0; i < n && read < PEEK && !three; i++)
    if (layout->classify(NULL, files[i], &role) && role.kind == VG_FILE_TUMOUR)
      read += peek_for_three(root, files[i], &three);
  if (three)
    snprintf(reason, size, "from its file names and a label value 3");
  else if (read)
    snprintf(reason, size, "from its file names; no label value 3 in %d label map%s", read,
             read == 1 ? "" : "s");
  else
    snprintf(reason, size, "from its file names; there is no label map that would show the edition");
  return !three;
}
