/* header_text.c: text headers of volumes, as MetaImage and NRRD have them. */
#include "io/format/header_text.h"
#include <limits.h>
#include <math.h>
#include <string.h>
#include "base/file/path_part.h"
#include "base/mem.h"
#include "base/str.h"

char *vg_header_line(char **rest) {
  char *line = *rest, *end = line + strcspn(line, "\n");
  if (!*line) return NULL;
  *rest = end + (*end == '\n');
  while (end > line && strchr(" \t\r", end[-1])) end--;
  *end = '\0';
  return line + strspn(line, " \t");
}

#define BETWEEN " \t,()"

bool vg_header_numbers(const char *text, double *to, int n) {
  for (int i = 0; i < n; i++) {
    char word[64];
    text += strspn(text, BETWEEN);
    const size_t len = strcspn(text, BETWEEN);
    if (!len || len >= sizeof word) return false;
    memcpy(word, text, len);
    word[len] = '\0';
    if (!vg_parse_f64(word, &to[i]) || !isfinite(to[i])) return false;
    text += len;
  }
  return !text[strspn(text, BETWEEN)];
}

bool vg_header_wholes(const char *text, int *to, int n) {
  double v[8];
  if (n > 8 || !vg_header_numbers(text, v, n)) return false;
  for (int i = 0; i < n; i++) {
    if (v[i] != floor(v[i]) || fabs(v[i]) > INT_MAX) return false;
    to[i] = (int)v[i];
  }
  return true;
}

vg_status vg_header_open_beside(const char *path, const char *name, vg_raw *raw) {
  if (vg_starts_with(name, "./")) name += 2;
  if (vg_path_part_fault(name))
    return vg_fail(VG_DATA,
                   "%s: its voxels must be in a file beside it, named without folders; the header says '%s'",
                   path, name);
  char *dir = vg_fs_dirname(path);
  raw->voxel_path = dir ? vg_fs_join(dir, name) : NULL;
  vg_free(dir);
  if (!raw->voxel_path) return VG_MEMORY;
  return vg_file_open(raw->voxel_path, &raw->file);
}

void vg_header_place(vg_raw *raw, double step[3][3], const double origin[3], const int sign[3]) {
  vg_affine *a = &raw->info.geo.affine;
  for (int r = 0; r < 3; r++) {
    for (int c = 0; c < 3; c++) a->m[r][c] = sign[r] * step[c][r];
    a->m[r][3] = sign[r] * origin[r];
  }
}
