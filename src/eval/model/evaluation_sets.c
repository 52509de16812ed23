/* evaluation_sets.c: what suites found of sets of subjects: kept, and put into the summary, the table of values
 * and the tables on a terminal. */
#include <math.h>
#include <string.h>
#include "eval/model/evaluation.h"
#include "base/mem.h"

vg_status vg_eval_add_set(vg_evaluation *e, const eval_set *row) {
  eval_set *grown = vg_realloc(e->sets, e->n_sets + 1, sizeof *grown);
  if (!grown) return VG_MEMORY;
  e->sets = grown;
  e->sets[e->n_sets++] = *row;
  return VG_OK;
}

vg_status vg_eval_add_verdict(vg_evaluation *e, const char *suite, const char *check, const char *verdict,
                              const char *text) {
  eval_verdict *grown = vg_realloc(e->verdicts, e->n_verdicts + 1, sizeof *grown);
  if (!grown) return VG_MEMORY;
  e->verdicts = grown;
  eval_verdict *v = &e->verdicts[e->n_verdicts++];
  *v = (eval_verdict){suite, check, vg_strdup(verdict), vg_strdup(text)};
  return v->verdict && v->text ? VG_OK : VG_MEMORY;
}

void vg_eval_sets_release(vg_evaluation *e) {
  for (size_t i = 0; i < e->n_verdicts; i++) {
    vg_free(e->verdicts[i].verdict);
    vg_free(e->verdicts[i].text);
  }
  vg_free(e->verdicts);
  vg_free(e->sets);
}

void vg_eval_sets_json(const vg_evaluation *e, vg_json *root) {
  vg_json *sets = vg_json_put_take(root, "sets", vg_json_array());
  for (size_t i = 0; i < e->n_sets; i++) {
    const eval_set *s = &e->sets[i];
    vg_json *row = vg_json_put_take(sets, NULL, vg_json_object());
    vg_json_put_string(row, "suite", s->metric->suite);
    vg_json_put_string(row, "metric", s->metric->name);
    vg_json_put_string(row, "space", s->space);
    vg_json_put_number(row, "value", s->value);
    vg_json_put_number(row, "ci_low", s->ci_low);
    vg_json_put_number(row, "ci_high", s->ci_high);
    vg_json_put_number(row, "floor", s->floor);
    vg_json_put_number(row, "n_real", (double)s->n_real);
    vg_json_put_number(row, "n_synth", (double)s->n_synth);
    vg_json_put_string(row, "note", s->note);
  }
  vg_json *verdicts = vg_json_put_take(root, "verdicts", vg_json_array());
  for (size_t i = 0; i < e->n_verdicts; i++) {
    vg_json *row = vg_json_put_take(verdicts, NULL, vg_json_object());
    vg_json_put_string(row, "suite", e->verdicts[i].suite);
    vg_json_put_string(row, "check", e->verdicts[i].check);
    vg_json_put_string(row, "verdict", e->verdicts[i].verdict);
    vg_json_put_string(row, "text", e->verdicts[i].text);
  }
}

void vg_eval_sets_csv(const vg_evaluation *e, vg_str *text) {
  for (size_t i = 0; i < e->n_sets; i++) {
    const eval_set *s = &e->sets[i];
    if (isnan(s->value)) continue;
    vg_str_add(text, ",");
    vg_str_add_csv(text, s->space);
    vg_str_addf(text, ",,%s,%.9g\n", s->metric->name, s->value);
  }
}

vg_status vg_eval_sets_table(const vg_evaluation *e, const char *suite, vg_table *t) {
  static const char *const header[] = {"space",     "metric", "value",   "95% interval",
                                       "reference", "n real", "n synth", "note"};
  vg_status st = vg_table_init(t, 8, header);
  for (size_t i = 0; i < e->n_sets && !st; i++) {
    const eval_set *s = &e->sets[i];
    char value[32], interval[64] = "", floor_text[32] = "", n_real[24], n_synth[24];
    if (strcmp(s->metric->suite, suite) != 0) continue;
    snprintf(value, sizeof value, "%.4g", s->value);
    if (!isnan(s->ci_low)) snprintf(interval, sizeof interval, "%.4g to %.4g", s->ci_low, s->ci_high);
    if (!isnan(s->floor)) snprintf(floor_text, sizeof floor_text, "%.4g", s->floor);
    snprintf(n_real, sizeof n_real, "%zu", s->n_real);
    snprintf(n_synth, sizeof n_synth, "%zu", s->n_synth);
    st = vg_table_add_row(t, (const char *const[]){s->space, s->metric->name, value, interval, floor_text,
                                                   n_real, n_synth, s->note});
  }
  return st;
}

static vg_status print_sets(const vg_evaluation *e, const char *suite, FILE *to) {
  vg_table t = {0};
  vg_status st = vg_eval_sets_table(e, suite, &t);
  if (!st && t.rows > 1) {
    vg_table_print(to, &t);
    fputc('\n', to);
  }
  vg_table_release(&t);
  return st;
}

vg_status vg_eval_sets_print(const vg_evaluation *e, const char *suite, FILE *to) {
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
