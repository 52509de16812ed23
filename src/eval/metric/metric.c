/* metric.c: the tables of metrics, and which values are worse. */
#include "voxgan/metric.h"
#include "base/names.h"
#include <math.h>

static const vg_metric_row rows[] = {
#define VG_METRIC(name, suite, better, help) {#name, #suite, VG_BETTER_##better, help, &vg_metric_##name},
#include "voxgan/metrics.def"
#undef VG_METRIC
};
static const vg_set_metric_row set_rows[] = {
#define VG_SET_METRIC(name, suite, better, ideal, help) {#name, #suite, VG_BETTER_##better, ideal, help},
#include "registry/set_metrics.def"
};
enum { n_rows = sizeof rows / sizeof *rows, n_set_rows = sizeof set_rows / sizeof *set_rows };

const vg_metric_row *vg_metric_at(int i) {
  return i >= 0 && i < n_rows ? &rows[i] : NULL;
}

const vg_metric_row *vg_metric_find(const char *name) {
  return vg_metric_at(vg_names_find(VG_NAMES_N(rows, n_rows), name));
}

const vg_set_metric_row *vg_set_metric_at(int i) {
  return i >= 0 && i < n_set_rows ? &set_rows[i] : NULL;
}

const vg_set_metric_row *vg_set_metric_find(const char *name) {
  return vg_set_metric_at(vg_names_find(VG_NAMES_N(set_rows, n_set_rows), name));
}

const char *vg_metric_kind_name(vg_metric_kind kind) {
  switch (kind) {
  case VG_METRIC_IMAGE:
    return "image";
  case VG_METRIC_OVERLAP:
    return "overlap";
  case VG_METRIC_LESION:
    return "lesion";
  case VG_METRIC_BOUNDARY:
    return "boundary";
  }
  return "unknown";
}

double vg_metric_deterioration(vg_better better, double ideal, double before, double now) {
  switch (better) {
  case VG_BETTER_LOWER:
    return now - before;
  case VG_BETTER_HIGHER:
    return before - now;
  case VG_BETTER_IDEAL:
    return fabs(now - ideal) - fabs(before - ideal);
  }
  return 0;
}

double vg_metric_worse_by(const vg_metric_row *row, double before, double now) {
  return vg_metric_deterioration(row->better, row->metric->ideal, before, now);
}
