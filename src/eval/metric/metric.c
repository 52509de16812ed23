/* metric.c: the metric registry, suites, regions, and what metrics share. */
#include "voxgan/metric.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "eval/metric/metric_memo.h"
#include "base/mem.h"
#include "voxgan/str.h"

static const vg_metric_row rows[] = {
#define VG_METRIC(name, suite, better, help) {#name, #suite, VG_BETTER_##better, help, &vg_metric_##name},
#include "voxgan/metrics.def"
#undef VG_METRIC
};
static const vg_set_metric_row set_rows[] = {
#define VG_SET_METRIC(name, suite, better, ideal, help) {#name, #suite, VG_BETTER_##better, ideal, help},
#include "registry/set_metrics.def"
#undef VG_SET_METRIC
};
enum { n_rows = sizeof rows / sizeof *rows, n_set_rows = sizeof set_rows / sizeof *set_rows };

const vg_metric_row *vg_metric_at(int i) {
  return i >= 0 && i < n_rows ? &rows[i] : NULL;
}

const vg_metric_row *vg_metric_find(const char *name) {
  for (int i = 0; i < n_rows; i++) {
    if (!strcmp(rows[i].name, name)) return &rows[i];
  }
  return NULL;
}

const vg_set_metric_row *vg_set_metric_at(int i) {
  return i >= 0 && i < n_set_rows ? &set_rows[i] : NULL;
}

const vg_set_metric_row *vg_set_metric_find(const char *name) {
  for (int i = 0; i < n_set_rows; i++) {
    if (!strcmp(set_rows[i].name, name)) return &set_rows[i];
  }
  return NULL;
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

/* Of the rows of both tables. */
static const char *suite_of(int i) {
  return i < n_rows ? rows[i].suite : set_rows[i - n_rows].suite;
}

const char *vg_suite_at(int wanted) {
  int met = -1;
  for (int i = 0; i < n_rows + n_set_rows; i++) {
    int j = 0;
    while (strcmp(suite_of(j), suite_of(i)) != 0) j++;
    if (j == i && ++met == wanted) return suite_of(i);
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
  const char *known[n_rows + n_set_rows + 2] = {"all"};
  vg_status st = VG_OK;
  *bits = 0;
  for (int i = 0; vg_suite_at(i); i++) known[i + 1] = vg_suite_at(i);
  if (!text) text = "image,overlap";
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

bool vg_suite_in(const char *suite, uint32_t bits) {
  return bits >> suite_index(suite) & 1;
}

bool vg_metric_in_suites(const vg_metric_row *row, uint32_t bits) {
  return vg_suite_in(row->suite, bits);
}

double vg_worse_by(vg_better better, double ideal, double before, double now) {
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
  return vg_worse_by(row->better, row->metric->ideal, before, now);
}

const void *vg_memo_get(const vg_metric_input *in, vg_memo_make make, size_t size) {
  vg_metric_memo *m = in->memo;
  void (*maker)(void) = (void (*)(void))make;
  for (int i = 0; i < m->n; i++) {
    if (m->kept[i].maker == maker) return m->kept[i].block;
  }
  if (m->n == sizeof m->kept / sizeof *m->kept) VG_BUG("a memo holds no more");
  void *block = vg_calloc(1, size);
  if (!block || make(in, block)) {
    vg_free(block);
    return NULL;
  }
  m->kept[m->n].maker = maker;
  m->kept[m->n++].block = block;
  return block;
}

void vg_metric_memo_release(vg_metric_memo *m) {
  for (int i = 0; i < m->n; i++) vg_free(m->kept[i].block);
  m->n = 0;
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
