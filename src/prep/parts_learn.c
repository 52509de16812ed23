/* parts_learn.c: the limits between the parts of tumours, from the tumours of the training. */
#include <string.h>

#include "base/mem.h"
#include "base/task/progress.h"
#include "base/whole.h"
#include "prep/clusters.h"
#include "prep/maps_read.h"
#include "prep/parts.h"
#include "prep/prep_case.h"

/* Each tumour has so many counts. */
#define SHARES 1e6

typedef struct learn_job {
  const vg_dataset *set;
  const vg_clusters *of;
  const vg_classes *whole;
  size_t *chosen;                                         /* subjects */
  size_t (*bins)[VG_CLUSTER_SERIES_MAX][VG_CLUSTER_BINS]; /* one a chosen subject */
} learn_job;

static vg_status count_series(const char *path, const vg_subject *subject, const vg_maps *m, size_t all,
                              float *v, size_t bins[VG_CLUSTER_BINS]) {
  vg_case_grid grid = {0};
  vg_volume vol = {0};
  size_t count[VG_CLUSTER_BINS] = {0};
  vg_status st = vg_case_read_series(&grid, path, &vol);
  if (!st) st = vg_geometry_same(&vol.geo, path, &m->geo, subject->tumour, vg_geometry_tolerance(&m->geo));
  if (!st) st = vg_parts_scale(&vol, m, v);
  for (size_t i = 0; i < all && !st; i++)
    count[vg_index_of(((double)v[i] + 1) / 2 * VG_CLUSTER_BINS, VG_CLUSTER_BINS)]++;
  for (int b = 0; b < VG_CLUSTER_BINS; b++) bins[b] = (size_t)((double)count[b] * SHARES / (double)all);
  vg_volume_release(&vol);
  return st;
}

static vg_status count_subject(void *arg, size_t i) {
  const learn_job *j = arg;
  const vg_subject *subject = &j->set->subjects[j->chosen[i]];
  const char *path[VG_CLUSTER_SERIES_MAX];
  vg_maps m;
  vg_status st = vg_part_series_of(j->set, subject, j->of, path);
  if (!st) st = vg_maps_read(j->set, subject, j->whole, &m);
  if (st) return st;
  const size_t all = vg_parts_voxels(&m);
  float *v = vg_malloc(all ? all : 1, sizeof *v);
  if (!v) st = VG_MEMORY;
  for (int k = 0; k < j->of->n_series && all && !st; k++)
    st = count_series(path[k], subject, &m, all, v, j->bins[i][k]);
  vg_free(v);
  vg_maps_release(&m);
  return st;
}

static vg_status set_limits(const learn_job *j, size_t n, vg_classes *classes) {
  vg_status st = VG_OK;
  for (int k = 0; k < j->of->n_series && !st; k++) {
    size_t bins[VG_CLUSTER_BINS] = {0}, all = 0;
    int from[VG_CLUSTERS_MAX + 1];
    for (size_t i = 0; i < n; i++)
      for (int b = 0; b < VG_CLUSTER_BINS; b++) bins[b] += j->bins[i][k][b], all += j->bins[i][k][b];
    if (!all)
      return vg_fail(VG_DATA, "data.tumour_parts divides tumours, and no subject to train on has one");
    st = vg_clusters_partition(bins, j->of->n[k], from);
    for (int p = 0; p < j->of->n[k] - 1 && !st; p++)
      classes->limits[k][p] = (float)(2.0 * from[p + 1] / VG_CLUSTER_BINS - 1);
  }
  return st;
}

static bool counted_any(const learn_job *j) {
  for (int i = 0; i < VG_PARTS_LEARN; i++)
    for (int b = 0; b < VG_CLUSTER_BINS; b++)
      if (j->bins[i][0][b]) return true;
  return false;
}

/* Counts the tumours of evenly selected subjects. A map may be empty, so the subjects behind them follow
 * until one has a tumour. */
static vg_status count_tumours(learn_job *j, const size_t *list, size_t usable) {
  const size_t wanted = usable < VG_PARTS_LEARN ? usable : VG_PARTS_LEARN;
  vg_status st = VG_OK;
  for (size_t behind = 0; !st && !counted_any(j); behind++) {
    size_t n = 0;
    for (size_t k = 0; k < wanted; k++) {
      const size_t at = k * usable / wanted + behind;
      if (at < (k + 1) * usable / wanted) j->chosen[n++] = list[at];
    }
    if (!n) return VG_OK;
    st = vg_task_parallel("learning the parts of tumours", "subjects", n, count_subject, j);
  }
  return st;
}

vg_status vg_parts_learn(const vg_dataset *set, const bool *except, vg_classes *classes) {
  vg_clusters of;
  vg_classes whole = {0}, merged = {0};
  uint8_t code[VG_CLASSES_MAX + 1];
  if (!vg_classes_parts(classes, &of)) return VG_OK;
  vg_classes_merge_parts(classes, &merged, code);
  /* Only the brain's extent is needed beside the tumour. */
  vg_status st = vg_classes_add_name(&whole, VG_CLASS_BRAIN, VG_ROLE_ANATOMY);
  for (int k = 0; k < merged.n && !st; k++)
    if (merged.roles[k] == VG_ROLE_TUMOUR) st = vg_classes_add_name(&whole, merged.names[k], VG_ROLE_TUMOUR);
  size_t usable = 0, *list = vg_malloc(set->n ? set->n : 1, sizeof *list);
  if (!list) return VG_MEMORY;
  for (size_t i = 0; i < set->n; i++)
    if (!except[i] && set->subjects[i].tumour) list[usable++] = i;
  size_t chosen[VG_PARTS_LEARN];
  learn_job job = {.set = set,
                   .of = &of,
                   .whole = &whole,
                   .chosen = chosen,
                   .bins = vg_calloc(VG_PARTS_LEARN, sizeof *job.bins)};
  if (!job.bins && !st) st = VG_MEMORY;
  if (!st) st = count_tumours(&job, list, usable);
  if (!st) st = set_limits(&job, VG_PARTS_LEARN, classes);
  vg_free(job.bins);
  vg_free(list);
  return st;
}
