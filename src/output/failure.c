/* failure.c: cases that could not be made, as ROOT/.voxgan/failed/ID.txt: the study, then the reason. */
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "output/produce_set.h"

static char *failure_path(const char *root, const char *id) {
  return vg_format("%s/.voxgan/failed/%s.txt", root, id);
}

vg_status vg_failure_write(const char *root, const char *id, const char *study, const char *reason) {
  char *path = failure_path(root, id), *dir = path ? vg_fs_dirname(path) : NULL;
  char *text = vg_format("study %s\n%s", study, reason);
  vg_status st = dir && text ? vg_fs_make_dirs(dir) : VG_MEMORY;
  if (!st) st = vg_fs_write_atomic(path, text, strlen(text));
  vg_free(text);
  vg_free(dir);
  vg_free(path);
  return st;
}

vg_status vg_failure_remove(const char *root, const char *id) {
  char *path = failure_path(root, id);
  vg_status st = path ? vg_fs_remove(path) : VG_MEMORY;
  vg_free(path);
  return st;
}

char *vg_failure_read(const char *root, const char *id, const char *study) {
  char *path = failure_path(root, id), *reason = NULL;
  void *bytes = NULL;
  size_t len;
  if (path && vg_fs_read_optional(path, &bytes, &len)) bytes = NULL;
  const char *text = bytes;
  const size_t n = strlen(study);
  if (text && vg_starts_with(text, "study ") && !strncmp(text + 6, study, n) && text[6 + n] == '\n')
    reason = vg_strdup(text + 7 + n);
  vg_free(bytes);
  vg_free(path);
  return reason;
}

vg_status vg_failure_list(const char *root, char ***ids, size_t *n) {
  char *dir = vg_format("%s/.voxgan/failed", root);
  *ids = NULL;
  *n = 0;
  vg_status st = dir ? vg_fs_walk_optional(dir, ids, n) : VG_MEMORY;
  for (size_t i = 0; i < *n && !st; i++)
    if (vg_ends_with((*ids)[i], ".txt")) (*ids)[i][strlen((*ids)[i]) - 4] = '\0';
  vg_free(dir);
  return st;
}
