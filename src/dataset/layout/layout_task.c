/* layout_task.c: which edition files with the names of BraTS 2023 and later are from. By ids, by the years in
 * the folders' names, and for children by label values: BraTS-GLI after treatment (2024) has a fourth class,
 * and BraTS-PED gave its values another meaning in 2024. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "dataset/layout.h"
#include "voxgan/volume.h"

enum { MAPS = 16 }; /* label maps that are searched for the value 4 */

/* BraTS-GLI-00005-100: scans after treatment are numbered from 100 on. */
static bool after_treatment(const char *id) {
  const char *number = strrchr(id, '-');
  return strstr(id, "-GLI-") && number && strspn(number + 1, "0123456789") >= 3 &&
         !number[1 + strspn(number + 1, "0123456789")] && strtol(number + 1, NULL, 10) >= 100;
}

/* The latest year from 2023 to 2029 in a path, 0 if none. Digits of an id are none. */
static int year_in(const char *path) {
  int year = 0;
  for (const char *p = path; (p = strstr(p, "202")); p++) {
    if (p[3] < '3' || isdigit((unsigned char)p[4]) || (p > path && isdigit((unsigned char)p[-1]))) continue;
    if (isdigit((unsigned char)p[3]) && 2020 + p[3] - '0' > year) year = 2020 + p[3] - '0';
  }
  return year;
}

/* The year in the folders' names: those above the root count, because data are unpacked there. */
static int year_of(const char *root, const char *file) {
  char *real = realpath(root, NULL), *folder = vg_fs_dirname(file);
  const int above = year_in(real ? real : root), below = folder ? year_in(folder) : 0;
  free(real);
  vg_free(folder);
  return above > below ? above : below;
}

/* Whether some label map has the value 4. An unreadable map is ignored; the later reading reports its fault.
 */
static bool has_four(const vg_layout *layout, const char *root, char *const *files, size_t n, int *maps) {
  bool four = false;
  *maps = 0;
  for (size_t i = 0; i < n && *maps < MAPS && !four; i++) {
    vg_file_role role;
    if (!layout->classify(NULL, files[i], &role) || role.kind != VG_FILE_TUMOUR) continue;
    char *path = vg_fs_join(root, files[i]);
    vg_labelmap map = {0};
    if (path && vg_volume_read_labels(path, &map, NULL) == VG_OK) {
      const size_t voxels = vg_geometry_voxels(&map.geo);
      for (size_t k = 0; k < voxels && !four; k++) four = map.data[k] == 4;
      ++*maps;
    } else {
      vg_error_clear();
    }
    vg_labelmap_release(&map);
    vg_free(path);
  }
  return four;
}

#define DECIDE                                                                                       \
  "name --layout brats2024_ped (1 enhancing, 2 nonenhancing, 3 cyst, 4 oedema), or --tumour-scheme " \
  "(data.tumour_scheme) brats2024-ped or brats2023 (1 necrosis, 2 oedema, 3 enhancing)"

static vg_brats_task task_of_children(const vg_layout *layout, const char *root, char *const *files, size_t n,
                                      const char *id, int year, vg_str *reason) {
  int maps;
  if (year >= 2024) {
    vg_str_addf(reason, "from its file names and the year %d of its folder", year);
    return VG_BRATS_PED;
  }
  const bool four = has_four(layout, root, files, n, &maps);
  if (four && !year) {
    vg_str_addf(reason, "from its file names and the label value 4, which BraTS-PED has from 2024 on");
    return VG_BRATS_PED;
  }
  if (year && !four) {
    vg_str_addf(reason, "from its file names and the year %d of its folder", year);
    return VG_BRATS_PED_2023;
  }
  if (year)
    vg_str_addf(reason,
                "the folder's name says %d, but a label map has the value 4, which BraTS-PED has from "
                "2024 on: " DECIDE,
                year);
  else
    vg_str_addf(reason,
                "the labels of BraTS-PED differ by year, and neither %s, nor a folder's name, nor the "
                "values of %d label %s show it: " DECIDE,
                id, maps, vg_plural(maps, "map", "maps"));
  return VG_BRATS_DOUBT;
}

vg_brats_task vg_brats_task_of(const vg_layout *layout, const char *root, char *const *files, size_t n,
                               vg_str *reason) {
  vg_file_role role;
  char child[128] = "", other[128] = "", treated[128] = "";
  int year = 0;
  for (size_t i = 0; i < n; i++) {
    if (!vg_volume_is_path(files[i]) || !layout->classify(NULL, files[i], &role)) continue;
    char *first = vg_starts_with(role.id, "BraTS-PED-") ? child : after_treatment(role.id) ? treated : other;
    if (!*first) memcpy(first, role.id, sizeof role.id);
    if (first == child && !year) year = year_of(root, files[i]);
  }
  if (*child && (*other || *treated)) {
    vg_str_addf(
        reason,
        "%s is of BraTS-PED and %s is not, and their label values differ: give each data set a --data "
        "of its own, or name --tumour-scheme (data.tumour_scheme)",
        child, *other ? other : treated);
    return VG_BRATS_DOUBT;
  }
  if (*child) return task_of_children(layout, root, files, n, child, year, reason);
  if (*treated)
    vg_str_addf(reason, "from its file names; %s is numbered as a scan after treatment", treated);
  else
    vg_str_addf(reason, "from its file names");
  return *treated ? VG_BRATS_TREATED : VG_BRATS_2023;
}

vg_status vg_brats_check_task(const vg_layout *layout, const vg_source *source, char *const *files,
                              size_t n) {
  if (source->tumour_scheme.n) return VG_OK;
  vg_str reason = VG_STR_INIT;
  const vg_brats_task task = vg_brats_task_of(layout, source->root, files, n, &reason);
  vg_status st = vg_str_failed(&reason) ? VG_MEMORY : VG_OK;
  if (!st && task == VG_BRATS_DOUBT) st = vg_fail(VG_DATA, "%s: %s", source->root, vg_str_text(&reason));
  if (!st && task == VG_BRATS_PED)
    st = vg_fail(VG_DATA, "%s: is of BraTS-PED from 2024 on, by its ids, folders and values: " DECIDE,
                 source->root);
  vg_str_release(&reason);
  return st;
}
