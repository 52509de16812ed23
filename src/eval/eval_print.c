/* eval_print.c: prints an evaluation as tables. */
#include <stdio.h>
#include <string.h>
#include "eval/model/evaluation_tables.h"

static vg_status print_table(const vg_eval *e, const char *suite, int nth, bool *more, FILE *to) {
  vg_table t = {0};
  vg_status st = vg_eval_means_table(e, suite, nth, "+-", more, &t);
  if (!st && t.rows > 1) {
    vg_table_print(to, &t);
    fputc('\n', to);
  }
  vg_table_release(&t);
  return st;
}

static vg_status print_sets(const vg_eval *e, const char *suite, FILE *to) {
  vg_table t = {0};
  vg_status st = vg_eval_sets_table(e, suite, &t);
  if (!st && t.rows > 1) {
    vg_table_print(to, &t);
    fputc('\n', to);
  }
  vg_table_release(&t);
  return st;
}

static vg_status print_findings(const vg_eval *e, const char *suite, FILE *to) {
  vg_status st = print_sets(e, suite, to);
  bool any = false;
  for (size_t i = 0; i < e->n_verdicts && !st; i++) {
    const eval_verdict *v = &e->verdicts[i];
    if (strcmp(v->suite, suite) != 0) continue;
    fprintf(to, "%s: %s: %s\n", v->check, v->verdict, v->text);
    any = true;
  }
  if (any) fputc('\n', to);
  return st;
}

static vg_status print_moved(const vg_eval *e, FILE *to) {
  if (!e->n_moved) {
    fprintf(to, "compared with the baseline %s: nothing moved beyond its tolerance\n", e->baseline);
    return VG_OK;
  }
  vg_table t = {0};
  vg_status st = vg_eval_moved_table(e, &t);
  fprintf(to, "against the baseline %s:\n", e->baseline);
  if (!st) vg_table_print(to, &t);
  vg_table_release(&t);
  return st;
}

vg_status vg_eval_print(const vg_eval *e, FILE *to) {
  vg_status st = VG_OK;
  for (int i = 0; vg_eval_suites_at(i) && !st; i++) {
    bool more = true;
    for (int nth = 0; more && !st; nth++) st = print_table(e, vg_eval_suites_at(i), nth, &more, to);
    if (!st) st = print_findings(e, vg_eval_suites_at(i), to);
  }
  if (st || !e->baseline) return st;
  return print_moved(e, to);
}
