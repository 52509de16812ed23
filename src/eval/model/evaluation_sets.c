/* evaluation_sets.c: stores and releases the results of suites about whole sets of subjects. */
#include "eval/model/evaluation.h"

#include "base/mem.h"

vg_status vg_eval_add_set(vg_eval *e, const eval_set *row) {
  eval_set *grown = vg_realloc(e->sets, e->n_sets + 1, sizeof *grown);
  if (!grown) return VG_MEMORY;
  e->sets = grown;
  e->sets[e->n_sets++] = *row;
  return VG_OK;
}

vg_status vg_eval_add_verdict(vg_eval *e, const char *suite, const char *check, const char *verdict,
                              const char *text) {
  eval_verdict *grown = vg_realloc(e->verdicts, e->n_verdicts + 1, sizeof *grown);
  if (!grown) return VG_MEMORY;
  e->verdicts = grown;
  eval_verdict *v = &e->verdicts[e->n_verdicts++];
  *v = (eval_verdict){suite, check, vg_strdup(verdict), vg_strdup(text)};
  return v->verdict && v->text ? VG_OK : VG_MEMORY;
}

void vg_eval_sets_release(vg_eval *e) {
  for (size_t i = 0; i < e->n_verdicts; i++) {
    vg_free(e->verdicts[i].verdict);
    vg_free(e->verdicts[i].text);
  }
  vg_free(e->verdicts);
  vg_free(e->sets);
}
