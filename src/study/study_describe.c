/* study_describe.c: describes a study in words, before any voxel is read, and as JSON. */
#include <math.h>
#include <string.h>

#include "study/study_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "prep/census/label_census.h"
#include "io/table.h"
#include "study/study_json.h"

/* Cases shown of each cohort. */
#define SHOWN 5

/* ---- JSON ---- */

static void put_ids(vg_json *to, const char *key, const vg_members *m) {
  vg_json *list = vg_json_put_take(to, key, vg_json_array());
  for (size_t i = 0; i < m->n; i++) vg_json_put_string(list, NULL, m->list[i].subject->id);
}

/* Copies the keys of the plan that decide which cases are made. */
static void put_plan(vg_json *to, const vg_json *cohort) {
  static const char *const keys[] = {"edits", "mix", "balance", "volume_ml"};
  for (int i = 0; i < 4; i++) vg_json_put_copy(to, keys[i], vg_json_get(cohort, keys[i]));
}

vg_json *vg_study_to_json(const vg_study *s) {
  vg_json *root = vg_json_object();
  vg_json_put_number(root, "seed", (double)s->seed);
  vg_json_put_number(root, "draws", s->draws);
  if (s->numbered) vg_json_put_string(root, "prefix", s->prefix);
  if (*s->identity) vg_json_put_string(root, "identity", s->identity);
  vg_json *list = vg_json_put_take(root, "cohorts", vg_json_array());
  const vg_json *plan = vg_json_first(vg_json_get(s->plan.json, "cohorts"));
  for (int i = 0; i < s->plan.n; i++, plan = vg_json_next(plan)) {
    const vg_cohort *c = &s->cohorts[i];
    vg_json *cohort = vg_json_put_take(list, NULL, vg_json_object());
    vg_json_put_string(cohort, "name", c->plan->name);
    vg_json_put_number(cohort, "count", (double)c->count);
    put_ids(cohort, "hosts", &c->hosts);
    put_ids(cohort, "donors", &c->donors);
    put_plan(cohort, plan);
  }
  return root;
}

/* ---- words ---- */

/* "15 subjects of healthy (bids)" */
static void describe_members(FILE *to, const char *what, const vg_members *m) {
  fprintf(to, "  %-9s %zu %s of ", what, m->n, vg_plural(m->n, "subject", "subjects"));
  const vg_source *last = NULL;
  for (size_t i = 0; i < m->n; i++) {
    const vg_source *source = &m->list[i].set->sources[m->list[i].subject->source];
    bool again = source == last;
    for (size_t k = 0; k < i && !again; k++)
      again = source == &m->list[k].set->sources[m->list[k].subject->source];
    if (!again) fprintf(to, "%s%s (%s)", last ? ", " : "", vg_source_name(source), source->layout);
    last = source;
  }
  fputc('\n', to);
}

static void describe_edits(FILE *to, const vg_json *edits) {
  const char *head = "edits";
  for (const vg_json *e = vg_json_first(edits); e; e = vg_json_next(e), head = "")
    fprintf(to, "  %-9s %s\n", head, vg_json_string(e, ""));
}

static void describe_factor(FILE *to, const vg_cohort *c, int f) {
  const vg_plan_factor *factor = &c->plan->factors[f];
  for (int l = 0; l < factor->n; l++) {
    size_t n = 0;
    for (size_t i = 0; i < c->count; i++) n += c->level[i * (size_t)c->plan->n_factors + (size_t)f] == l;
    fprintf(to, "  %-9s %zu: %s\n", l ? "" : factor->name, n, factor->levels[l].text);
  }
}

static void describe_cohort(vg_study *s, int i, const vg_json *plan, FILE *to) {
  const vg_cohort *c = &s->cohorts[i];
  char first[128], last[128], name[64];
  vg_study_name(s, c->first, first, name);
  vg_study_name(s, c->first + c->count - 1, last, name);
  fprintf(to, "\ncohort %s: %zu %s, %s to %s\n", name, c->count, vg_plural(c->count, "case", "cases"), first,
          last);
  describe_members(to, "hosts", &c->hosts);
  if (c->donors.n) describe_members(to, "donors", &c->donors);
  describe_edits(to, vg_json_get(plan, "edits"));
  for (int f = 0; f < c->plan->n_factors; f++) describe_factor(to, c, f);
  if (isfinite(c->plan->target.ml[1]))
    fprintf(to, "  %-9s %.10g to %.10g ml, or the case is drawn again\n", "asked", c->plan->target.ml[0],
            c->plan->target.ml[1]);
}

/* Adds a row with the id, source and edits of a case's first draw. */
static vg_status add_case(vg_study *s, size_t k, vg_table *t) {
  char id[128], cohort[64];
  vg_plan_target target;
  vg_edit_chain chain = {0};
  vg_edit_log drawn = {0};
  vg_str edits = VG_STR_INIT;
  vg_study_name(s, k, id, cohort);
  vg_status st = vg_study_chain(s, k, &chain, &target);
  if (!st) st = vg_study_draw(s, k, 0, &chain, &drawn);
  vg_edit_log_text(&drawn, NULL, NULL, &edits);
  if (!st && vg_str_failed(&edits)) st = VG_MEMORY;
  if (!st) {
    const char *cells[] = {id, cohort, vg_study_host_of(s, k)->subject->id, vg_str_text(&edits)};
    st = vg_table_add_row(t, cells);
  }
  vg_edit_chain_release(&chain);
  vg_edit_log_release(&drawn);
  vg_str_release(&edits);
  return st;
}

vg_status vg_study_describe(vg_study *s, FILE *to) {
  static const char *const header[] = {"id", "cohort", "source", "edits"};
  vg_table t = {0};
  const vg_json *plan = vg_json_first(vg_json_get(s->plan.json, "cohorts"));
  fprintf(to, "study: %zu %s, seed %llu\nclasses: ", s->count, vg_plural(s->count, "case", "cases"),
          (unsigned long long)s->seed);
  for (int k = 0; k < s->classes.n; k++) fprintf(to, "%s%s", k ? ", " : "", s->classes.names[k]);
  fputc('\n', to);
  vg_status st = vg_table_init(&t, 4, header);
  for (int i = 0; i < s->n_sets && !st; i++) st = vg_dataset_take_census(&s->sets[i]->data, true, true, NULL);
  for (int i = 0; i < s->plan.n; i++, plan = vg_json_next(plan)) {
    const vg_cohort *c = &s->cohorts[i];
    describe_cohort(s, i, plan, to);
    for (size_t k = 0; k < c->count && k < SHOWN && !st; k++) st = add_case(s, c->first + k, &t);
  }
  if (!st) {
    fprintf(to, "\nfirst cases, as first drawn:\n");
    vg_table_print(to, &t);
  }
  vg_table_release(&t);
  return st;
}
