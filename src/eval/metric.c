/* metric.c: the metric registry, suites and regions. */
#include "voxgan/metric.h"
#include <stdio.h>
#include <string.h>
#include "voxgan/str.h"

static const vg_metric_row rows[] = {
#define VG_METRIC(name, help) {#name, help, &vg_metric_##name},
#include "voxgan/metrics.def"
#undef VG_METRIC
};
enum { n_rows = sizeof rows / sizeof *rows };

const vg_metric_row *vg_metric_at(int i) {
  return i >= 0 && i < n_rows ? &rows[i] : NULL;
}

const vg_metric_row *vg_metric_find(const char *name) {
  for (int i = 0; i < n_rows; i++) {
    if (!strcmp(rows[i].name, name)) return &rows[i];
  }
  return NULL;
}

const char *vg_metric_kind_name(vg_metric_kind kind) {
  switch (kind) {
  case VG_METRIC_IMAGE:
    return "image";
  case VG_METRIC_OVERLAP:
    return "overlap";
  }
  return "unknown";
}

const char *vg_suite_at(int wanted) {
  int met = -1;
  for (int i = 0; i < n_rows; i++) {
    int j = 0;
    while (strcmp(rows[j].metric->suite, rows[i].metric->suite) != 0) j++;
    if (j == i && ++met == wanted) return rows[i].metric->suite;
  }
  return NULL;
}

static int suite_index(const char *name) {
  const char *suite;
  for (int i = 0; (suite = vg_suite_at(i)); i++) {
    if (!strcmp(suite, name)) return i;
  }
  return -1;
}

vg_status vg_suites_parse(const char *text, uint32_t *bits) {
  const char *known[n_rows + 2] = {"all"};
  vg_status st = VG_OK;
  *bits = 0;
  for (int i = 0; vg_suite_at(i); i++) known[i + 1] = vg_suite_at(i);
  if (!text) text = "all";
  size_t n = 0;
  char **words = vg_split(text, ',', &n);
  if (!words) return VG_MEMORY;
  for (size_t i = 0; i < n && !st; i++) {
    int suite = suite_index(words[i]);
    if (suite >= 0) {
      *bits |= 1u << suite;
    } else if (!strcmp(words[i], "all")) {
      *bits = ~0u;
    } else {
      const char *near = vg_nearest(words[i], known);
      st = vg_fail(VG_CONFIG, "no suite '%s'%s%s%s (`voxgan list metrics` shows them)", words[i],
                   near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
  }
  if (!st && !*bits) st = vg_fail(VG_CONFIG, "no suite named");
  vg_strv_free(words);
  return st;
}

bool vg_metric_in_suites(const vg_metric *m, uint32_t bits) {
  return bits >> suite_index(m->suite) & 1;
}

void vg_regions_init(vg_regions *r) {
  memset(r, 0, sizeof *r);
}

vg_status vg_regions_add(vg_regions *r, const char *name, const uint8_t *cells, size_t n_cells) {
  if (r->n == VG_REGIONS_MAX)
    return vg_fail(VG_CONFIG, "region %s: more than %d regions", name, VG_REGIONS_MAX);
  if (strlen(name) >= VG_REGION_NAME) return vg_fail(VG_CONFIG, "region %s: name too long", name);
  for (int i = 0; i < r->n; i++) {
    if (!strcmp(r->names[i], name)) return vg_fail(VG_CONFIG, "region %s is there twice", name);
  }
  snprintf(r->names[r->n], VG_REGION_NAME, "%s", name);
  for (size_t i = 0; i < n_cells; i++) r->member[cells[i]] |= UINT64_C(1) << r->n;
  r->n++;
  return VG_OK;
}
