/* evaluate.c: runs the evaluation from start to end. */
#include "voxgan/evaluate.h"
#include "io/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "eval/compare/compare.h"
#include "eval/eval_output.h"
#include "eval/page/eval_page.h"
#include "eval/eval_pairs.h"
#include "eval/frd/frd.h"
#include "eval/suite/suite.h"
#include "base/fs.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "dataset/dataset_apart.h"
#include "base/pool.h"
#include "base/str.h"
#include "base/text/plural.h"

/* ---- the run ---- */

/* Reads the description of intensities that voxgan writes into its folders. For other folders *out stays
 * NULL. */
static vg_status read_description(const char *root, vg_json **out) {
  char *path = vg_fs_join(root, "dataset_description.json");
  bool exists = false;
  vg_status st = path ? vg_fs_holds(path, &exists) : VG_MEMORY; /* root may be a file: then it is absent */
  if (!st && exists) st = vg_json_read(path, out);
  vg_free(path);
  return st;
}

static vg_status load_sides(const vg_eval_settings *set, eval_study *s) {
  const char *layout = set->real_layout ? set->real_layout : "auto";
  const int n = set->train ? 3 : 2; /* data sets */
  s->real.skip_incomplete = s->synth.skip_incomplete = set->skip_incomplete;
  vg_status st = set->opened ? vg_dataset_select(set->opened, NULL, &s->real)
                             : vg_dataset_add_nth(&s->real, set->real, layout, set->tumour_scheme,
                                                  set->anatomy_scheme, 0, n);
  if (st) return st;
  layout = set->synth_layout ? set->synth_layout : "auto";
  st = vg_dataset_add_nth(&s->synth, set->synth, layout, set->tumour_scheme, set->anatomy_scheme, 1, n);
  if (!st && set->out) st = vg_dataset_apart(&s->real, set->out);
  return st || !set->out ? st : vg_dataset_apart(&s->synth, set->out);
}

static vg_status write_report(const eval_study *s, const vg_eval_settings *set) {
  char *path = vg_fs_join(set->out, "report.html");
  vg_status st = path ? vg_eval_report(s, set, path) : VG_MEMORY;
  vg_free(path);
  return st || !set->sheet ? st : vg_eval_page_sheet(s, set->sheet);
}

static vg_status run_suites(eval_study *s, const vg_eval_settings *set) {
  const char *name;
  vg_status st = VG_OK;
  for (int i = 0; (name = vg_eval_suites_at(i)) && !st; i++) {
    const vg_eval_suite *suite = vg_eval_suites_find(name);
    if (suite && suite->run && vg_eval_suites_have(name, s->evaluation->suites)) st = suite->run(s, set);
  }
  return st;
}

vg_status vg_eval_run(const vg_eval_settings *set, vg_eval **out) {
  eval_study s = {0};
  eval_baseline baseline = {0};
  vg_eval *e = VG_NEW(vg_eval);
  bool only_sets;
  unsigned versions; /* checked before any file is read */
  vg_status st;
  *out = NULL;
  if (!e) return VG_MEMORY;
  s.evaluation = e;
  s.extractor = set->extractor;
  e->normalise = set->normalise;
  e->band = set->band > 0 ? set->band : VG_BAND_MM;
  e->surface_mm = set->surface_mm > 0 ? set->surface_mm : VG_SURFACE_MM;
  if ((st = vg_eval_suites_parse(set->suites, &e->suites))) goto out;
  s.compares_sets = vg_eval_suites_compare_sets(e->suites);
  s.overlap_by_name =
      set->suites && e->suites != ~0u && vg_metric_in_suites(vg_metric_find("dice"), e->suites);
  if ((st = vg_metric_lesion_rules_find(set->challenge ? set->challenge : "GLI", &e->lesion_rules))) goto out;
  if ((st = vg_frd_parse(set->frd, &versions))) goto out;
  if ((st = vg_eval_baseline_read(set, e, &baseline))) goto out;
  if ((st = vg_eval_check_files(set))) goto out;
  if (set->out && (st = vg_fs_require_writable_dir(set->out))) goto out;
  if ((st = load_sides(set, &s))) goto out;
  if ((st = read_description(set->synth, &e->recorded))) goto out;
  if ((st = vg_eval_pair_up(&s, set->suites == NULL))) goto out;
  if ((st = vg_eval_plan(&s))) goto out;
  only_sets = !e->n_groups;
  if (!only_sets && (st = e->unpaired ? vg_eval_unpaired(&s) : vg_eval_all(&s))) goto out;
  vg_eval_leave_out_copies(&s);
  vg_eval_leave_out_empty(&s);
  if ((st = vg_eval_summarise(e))) goto out;
  vg_eval_say_left_out(e, "none of its metrics has a value in any case");
  if ((st = run_suites(&s, set))) goto out;
  if (only_sets && !e->n_sets && !e->n_verdicts) {
    st = vg_fail(VG_DATA, "nothing to compare: %s",
                 e->n_left_out ? e->left_out[e->n_left_out - 1].why : "no suite has a value");
    goto out;
  }
  if (set->baseline && (st = vg_eval_baseline_compare(&baseline, e))) goto out;
  if ((st = vg_eval_summary_json(e))) goto out;
  if (set->out && (st = write_report(&s, set))) goto out;
  if (set->out && (st = vg_eval_write(e, set->out))) goto out;
  if (set->write_baseline && !e->n_worse && (st = vg_eval_baseline_write(e, set->write_baseline))) goto out;
  *out = e;
  if (e->n_worse) {
    st = vg_fail(VG_REGRESSION, "%zu %s worse than in the baseline %s", e->n_worse,
                 vg_plural(e->n_worse, "value", "values"), set->baseline);
  }
  e = NULL;
out:
  vg_eval_free(e);
  vg_eval_baseline_release(&baseline);
  vg_dataset_release(&s.real);
  vg_dataset_release(&s.synth);
  vg_free(s.pairs);
  return st;
}
