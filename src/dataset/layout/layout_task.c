/* layout_task.c: which edition files with the names of BraTS 2023 and later are from. By ids, by the years in
 * the names of BraTS's folders, and for children by label values: BraTS-GLI after treatment (2024) has a
 * fourth class, and BraTS-PED gave its values another meaning in 2024. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "dataset/layout.h"
#include "voxgan/volume.h"

enum { MAPS = 16 }; /* label maps that are searched for the value 4 */

/* BraTS-GLI-00005-100, and what follows it in a file's name: scans after treatment are numbered from 100 on.
 */
static bool after_treatment(const char *id) {
  const char *at = strcasestr(id, "-GLI-");
  if (!at || !isdigit((unsigned char)at[5])) return false;
  at += 5 + strspn(at + 5, "0123456789");
  const size_t digits = *at == '-' ? strspn(at + 1, "0123456789") : 0;
  return digits >= 3 && !isalnum((unsigned char)at[1 + digits]) && strtol(at + 1, NULL, 10) >= 100;
}

static bool is_child(const char *id) {
  return strncasecmp(id, "BraTS-PED-", 10) == 0;
}

bool vg_brats_is_task_id(const char *id) {
  return vg_brats_task_of_name(id) != VG_BRATS_DOUBT;
}

vg_brats_task vg_brats_task_of_name(const char *name) {
  static const char *const tasks[] = {"BraTS-GLI-", "BraTS-SSA-", "BraTS-MEN-", "BraTS-MET-", "BraTS-GoAT-"};
  for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++)
    if (strncasecmp(name, tasks[i], strlen(tasks[i])) == 0)
      return after_treatment(name) ? VG_BRATS_TREATED : VG_BRATS_2023;
  return is_child(name) ? VG_BRATS_PED : VG_BRATS_DOUBT;
}

/* The years that folders name: the latest of 2023, and the latest from 2024 to 2029; 0: none. */
typedef struct years {
  int before, from;
} years;

static bool is_letter(char c) {
  return isalpha((unsigned char)c);
}
static bool is_digit(char c) {
  return isdigit((unsigned char)c);
}

/* Whether a folder's name of len bytes is of BraTS. Others may say when data were downloaded. */
static bool names_brats(const char *name, size_t len) {
  static const char *const words[] = {"brats", "miccai", "asnr", "pediatric", "paediatric"};
  for (size_t i = 0; i < len; i++) {
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
      if (len - i >= strlen(words[k]) && strncasecmp(name + i, words[k], strlen(words[k])) == 0) return true;
    if (len - i >= 3 && strncasecmp(name + i, "ped", 3) == 0 && !(i > 0 && is_letter(name[i - 1])) &&
        !(len - i > 3 && is_letter(name[i + 3])))
      return true;
  }
  return false;
}

/* Digits of an id are no year. */
static void add_years(const char *name, size_t len, years *found) {
  if (!names_brats(name, len)) return;
  for (size_t i = 0; i + 4 <= len; i++) {
    if (memcmp(name + i, "202", 3) != 0 || name[i + 3] < '3' || !is_digit(name[i + 3])) continue;
    if ((i > 0 && is_digit(name[i - 1])) || (i + 4 < len && is_digit(name[i + 4]))) continue;
    const int year = 2020 + name[i + 3] - '0';
    int *to = year < 2024 ? &found->before : &found->from;
    if (year > *to) *to = year;
  }
}

static void add_years_of_path(const char *path, years *found) {
  for (size_t len; *path; path += len + (path[len] == '/')) {
    len = strcspn(path, "/");
    add_years(path, len, found);
  }
}

/* The years in folders' names: those above the root count, because data are unpacked there. */
static void add_years_of_file(const char *root, const char *file, years *found) {
  char *real = realpath(root, NULL), *folder = vg_fs_dirname(file);
  add_years_of_path(real ? real : root, found);
  if (folder) add_years_of_path(folder, found);
  free(real);
  vg_free(folder);
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
                                      const char *id, years named, vg_str *reason) {
  int maps;
  if (named.before && named.from) {
    vg_str_addf(reason, "the labels of BraTS-PED differ by year, and folders' names say %d and %d: " DECIDE,
                named.before, named.from);
    return VG_BRATS_DOUBT;
  }
  if (named.from) {
    vg_str_addf(reason, "from its file names and the year %d of its folder", named.from);
    return VG_BRATS_PED;
  }
  const bool four = has_four(layout, root, files, n, &maps);
  if (four && !named.before) {
    vg_str_addf(reason, "from its file names and the label value 4, which BraTS-PED has from 2024 on");
    return VG_BRATS_PED;
  }
  if (named.before && !four) {
    vg_str_addf(reason, "from its file names and the year %d of its folder", named.before);
    return VG_BRATS_PED_2023;
  }
  if (named.before)
    vg_str_addf(reason,
                "the folder's name says %d, but a label map has the value 4, which BraTS-PED has from "
                "2024 on: " DECIDE,
                named.before);
  else
    vg_str_addf(
        reason,
        "the labels of BraTS-PED differ by year, and neither %s, nor the name of a BraTS folder, nor the "
        "values of %d label %s show it: " DECIDE,
        id, maps, vg_plural(maps, "map", "maps"));
  return VG_BRATS_DOUBT;
}

/* The first id of each kind; "" if there is none. */
typedef struct ids_seen {
  char child[128], treated[128], other[128];
  years named; /* by the folders of the children's files */
} ids_seen;

static void see_ids(const vg_layout *layout, const char *root, char *const *files, size_t n, ids_seen *seen) {
  vg_file_role role;
  memset(seen, 0, sizeof *seen);
  for (size_t i = 0; i < n; i++) {
    if (!vg_volume_is_path(files[i]) || !layout->classify(NULL, files[i], &role)) continue;
    char *first = is_child(role.id) ? seen->child : after_treatment(role.id) ? seen->treated : seen->other;
    if (!*first) memcpy(first, role.id, sizeof role.id);
    if (first == seen->child && !(seen->named.before && seen->named.from))
      add_years_of_file(root, files[i], &seen->named);
  }
}

vg_brats_task vg_brats_task_of(const vg_layout *layout, const char *root, char *const *files, size_t n,
                               vg_str *reason) {
  ids_seen seen;
  see_ids(layout, root, files, n, &seen);
  if (*seen.child && (*seen.other || *seen.treated)) {
    vg_str_addf(
        reason,
        "%s is of BraTS-PED and %s is not, and their label values differ: give each data set a --data "
        "of its own, or name --tumour-scheme (data.tumour_scheme)",
        seen.child, *seen.other ? seen.other : seen.treated);
    return VG_BRATS_DOUBT;
  }
  if (*seen.child) return task_of_children(layout, root, files, n, seen.child, seen.named, reason);
  if (*seen.treated)
    vg_str_addf(reason, "from its file names; %s is numbered as a scan after treatment", seen.treated);
  else
    vg_str_addf(reason, "from its file names");
  return *seen.treated ? VG_BRATS_TREATED : VG_BRATS_2023;
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

vg_status vg_brats_check_ids(const vg_layout *layout, const vg_source *source, char *const *files, size_t n,
                             bool children) {
  ids_seen seen;
  if (source->tumour_scheme.n) return VG_OK;
  see_ids(layout, source->root, files, n, &seen);
  const char *other = vg_brats_is_task_id(seen.other) ? seen.other : seen.treated;
  if (!children && *seen.child)
    return vg_fail(VG_DATA, "%s: %s is of BraTS-PED, which layout %s is not for: " DECIDE, source->root,
                   seen.child, source->layout);
  if (children && *other)
    return vg_fail(
        VG_DATA,
        "%s: %s is not of BraTS-PED, which layout %s is for: name --layout brats2023 or brats2024, or "
        "--tumour-scheme (data.tumour_scheme)",
        source->root, other, source->layout);
  return VG_OK;
}
