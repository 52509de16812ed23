/* plan_options.c: makes a plan of one cohort from the command line. */
#include "study/plan.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static vg_status copy_texts(const char *const *from, int n, char ***out) {
  if (!n) return VG_OK;
  *out = vg_calloc((size_t)n + 1, sizeof **out);
  for (int i = 0; *out && i < n; i++)
    if (!((*out)[i] = vg_strdup(from[i]))) return VG_MEMORY;
  return *out ? VG_OK : VG_MEMORY;
}

/* The schemes of n data sets from the first on, of a list that is of the hosts, or of the hosts and then the
 * donors. */
static vg_status copy_schemes(const char *list, const vg_study_options *o, int first, int n, char **out) {
  size_t count = 0;
  if (!list) return VG_OK;
  char **items = vg_split(list, ';', &count);
  if (!items) return VG_MEMORY;
  vg_str text = VG_STR_INIT;
  const bool each = count > 1 && count == (size_t)(o->hosts.n + o->donors.n);
  const bool none = count > 1 && count == (size_t)o->hosts.n && first;
  for (int i = 0; i < n && each; i++) vg_str_addf(&text, "%s%s", i ? ";" : "", items[first + i]);
  if (!each && !none) vg_str_add(&text, list);
  vg_strv_free(items);
  const bool any = text.len > 0;
  *out = any ? vg_str_take(&text) : NULL;
  vg_str_release(&text);
  return any && !*out ? VG_MEMORY : VG_OK;
}

vg_status vg_plan_source_of(const vg_roots *roots, const vg_study_options *o, vg_plan_source *out) {
  const int first = roots == &o->donors ? o->hosts.n : 0;
  vg_status st = copy_texts(roots->paths, roots->n, &out->paths);
  if (!st) st = copy_texts(roots->layouts, roots->n_layouts, &out->layouts);
  if (!st) st = copy_schemes(o->tumour_scheme, o, first, roots->n, &out->tumour_scheme);
  if (!st) st = copy_schemes(o->anatomy_scheme, o, first, roots->n, &out->anatomy_scheme);
  return st;
}

vg_status vg_plan_of_options(const vg_study_options *o, vg_plan *out) {
  memset(out, 0, sizeof *out);
  out->cohorts = VG_NEW(vg_plan_cohort);
  if (!out->cohorts) return VG_MEMORY;
  vg_plan_cohort *c = out->cohorts;
  out->n = 1;
  strcpy(c->name, "all");
  c->target = vg_plan_any_tumour;
  out->json = vg_json_object();
  vg_json *cohorts = vg_json_put_take(out->json, "cohorts", vg_json_array());
  vg_json *cohort = vg_json_put_take(cohorts, NULL, vg_json_object());
  vg_json *edits = vg_json_put_take(cohort, "edits", vg_json_array());
  vg_status st = edits ? VG_OK : VG_MEMORY;
  for (int i = 0; i < o->n_edits && !st; i++) {
    vg_json_put_string(edits, NULL, o->edits[i]);
    st = vg_edit_chain_add(&c->chain, o->edits[i]);
    if (st == VG_CONFIG) vg_fail_in(st, "--edit");
  }
  if (st) vg_plan_release(out);
  return st;
}
