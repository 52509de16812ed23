/* study_apart.c: hosts and donors against the output folder. */
#include "study/study_apart.h"
#include "base/apart.h"
#include "dataset/dataset_apart.h"
#include "study/study_internal.h"

static vg_status check_source(const vg_plan_source *from, const char *out) {
  vg_status st = from->opened ? vg_dataset_apart(from->opened, out) : VG_OK;
  for (char *const *path = from->paths; path && *path && !st; path++)
    st = vg_fs_apart("", *path, "--out", out);
  return st;
}

vg_status vg_study_apart(const vg_study *s, const char *out) {
  vg_status st = VG_OK;
  for (int i = 0; i < s->plan.n && !st; i++) {
    st = check_source(&s->plan.cohorts[i].hosts, out);
    if (!st) st = check_source(&s->plan.cohorts[i].donors, out);
  }
  for (int i = 0; i < s->n_sets && !st; i++) st = vg_dataset_apart(&s->sets[i]->data, out);
  return st;
}
