/* metric_suites.c: the names of the suites, and sets of them as bits. */
#include <string.h>
#include "voxgan/metric.h"
#include "voxgan/registry.h"
#include "base/names.h"
#include "base/str.h"

const char *vg_eval_suites_at(int wanted) {
  const vg_registry_row *rows = vg_registry_find("suites")->rows;
  for (int i = 0; rows[i].name; i++) {
    if (i == wanted) return rows[i].name;
  }
  return NULL;
}

static int suite_index(const char *name) {
  return vg_names_find(VG_NAMES(vg_registry_find("suites")->rows), name);
}

/* What --suite takes: all, then each suite. */
static const char *choice_at(const void *list, size_t i) {
  (void)list;
  return i ? vg_eval_suites_at((int)i - 1) : "all";
}

vg_status vg_eval_suites_parse(const char *text, uint32_t *bits) {
  vg_status st = VG_OK;
  *bits = 0;
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
      const char *near = vg_names_nearest(VG_NAMES_BY(choice_at, NULL), words[i]);
      st = vg_fail(VG_CONFIG, "no suite '%s'%s%s%s (`voxgan list suites` shows them)", words[i],
                   near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
  }
  if (!st && !*bits) st = vg_fail(VG_CONFIG, "no suite named");
  vg_strv_free(words);
  return st;
}

bool vg_eval_suites_have(const char *suite, uint32_t bits) {
  int i = suite_index(suite);
  return i >= 0 && (bits >> i & 1);
}

bool vg_metric_in_suites(const vg_metric_row *row, uint32_t bits) {
  return vg_eval_suites_have(row->suite, bits);
}
