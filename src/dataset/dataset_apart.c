/* dataset_apart.c: whether a data set reaches into an output folder. */
#include "dataset/dataset_apart.h"
#include <stdlib.h>
#include <string.h>
#include "base/apart.h"
#include "base/fs.h"
#include "base/str.h"

/* Manifests and links lead to files anywhere. */
static vg_status check_file(const char *path, const char *real_out, const char *out) {
  if (!path) return VG_OK;
  char *real = realpath(path, NULL);
  const size_t n = strlen(real_out);
  const bool within = real && !strncmp(real, real_out, n) && real[n] == '/';
  free(real); /* the C library's */
  return within ? vg_fail(VG_USAGE, "%s lies in --out %s, which is written: name another folder", path, out)
                : VG_OK;
}

vg_status vg_dataset_apart(const vg_dataset *ds, const char *out) {
  vg_status st = VG_OK;
  /* The root of a manifest is only where the manifest lies: out may be beside it. */
  for (int i = 0; i < ds->n_sources && !st; i++)
    if (vg_fs_within(ds->sources[i].root, out)) st = vg_fs_apart("", ds->sources[i].root, "--out", out);
  char *real = st ? NULL : realpath(out, NULL);
  if (!real) return st;
  for (size_t i = 0; i < ds->n && !st; i++) {
    const vg_subject *s = &ds->subjects[i];
    st = check_file(s->tumour, real, out);
    if (!st) st = check_file(s->anatomy, real, out);
    for (int k = 0; k < ds->series.n && !st; k++) st = check_file(s->series[k], real, out);
  }
  free(real); /* the C library's */
  return st;
}
