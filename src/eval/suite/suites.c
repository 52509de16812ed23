/* suites.c: the suites by name. */
#include "eval/suite/suite.h"
#include "registry/registry_extend.h"
#include "base/names.h"

typedef struct suite_row {
  const char *name;
  const vg_eval_suite *suite;
} suite_row;

enum { SUITES_MAX = 32 }; /* a set of suites has this many bits */

static suite_row rows[SUITES_MAX] = {
#define VG_SUITE(name, help) {#name, &vg_eval_suite_##name},
#include "registry/suites.def"
#undef VG_SUITE
};

const vg_eval_suite *vg_eval_suites_find(const char *name) {
  const int i = vg_names_find(VG_NAMES_N(rows, SUITES_MAX), name);
  return i < 0 ? NULL : rows[i].suite;
}

bool vg_eval_suites_compare_sets(uint32_t bits) {
  for (int i = 0; i < SUITES_MAX && rows[i].name; i++) {
    if (rows[i].suite->run && vg_eval_suites_have(rows[i].name, bits)) return true;
  }
  return false;
}

vg_status vg_eval_suites_add(const char *name, const char *help, const vg_eval_suite *suite) {
  int n = 0;
  while (n < SUITES_MAX && rows[n].name) n++;
  if (n == SUITES_MAX) return vg_fail(VG_CONFIG, "more than %d suites", SUITES_MAX);
  vg_status st = vg_registry_extend("suites", name, help);
  if (!st) rows[n] = (suite_row){name, suite};
  return st;
}
