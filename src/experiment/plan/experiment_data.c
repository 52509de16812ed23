/* experiment_data.c: opens and splits the data sets of an experiment, and removes cases that would leak. */
#include "experiment/plan/experiment_data.h"
#include "experiment/plan/experiment_leak.h"
#include "experiment/plan/experiment_provenance.h"
#include "base/fs.h"

#include <stdio.h>
#include <string.h>
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/str.h"
#include "base/text/plural.h"

/* Data set i of n, by which its schemes are chosen. */
static vg_status add(vg_dataset *ds, const char *root, const char *layout, const vg_config *c, int i, int n) {
  const char *tumour = *c->data.tumour_scheme ? c->data.tumour_scheme : NULL;
  const char *anatomy = *c->data.anatomy_scheme ? c->data.anatomy_scheme : NULL;
  vg_wanted want = {.tumour = true, .anatomy = !strcmp(c->data.anatomy, "map")};
  vg_status st = vg_series_parse(c->data.series, &want.series);
  ds->skip_incomplete = c->data.skip_incomplete;
  if (!st) st = vg_dataset_add_nth(ds, root, layout, tumour, anatomy, i, n);
  return st ? st : vg_dataset_require(ds, &want);
}

/* ---- the split ---- */

static vg_status split(experiment_data *d, double share, uint64_t seed) {
  bool *is_test = VG_NEW_N(bool, d->real.n);
  vg_status st = is_test ? vg_dataset_split(&d->real, share, seed, is_test) : VG_MEMORY;
  if (!st) st = vg_dataset_select(&d->real, is_test, &d->test);
  for (size_t i = 0; i < d->real.n && !st; i++) is_test[i] = !is_test[i];
  if (!st) st = vg_experiment_keep(&d->real, is_test);
  vg_free(is_test);
  return st;
}

/* Removes real subjects that are also in the separate test set. */
static vg_status drop_tested(experiment_data *d) {
  bool *take = VG_NEW_N(bool, d->real.n);
  size_t n = 0;
  leak_index x = {0};
  vg_status st = take ? vg_leak_index_init(&d->test, &(vg_dataset){0}, NULL, &x) : VG_MEMORY;
  for (size_t i = 0; i < d->real.n && !st; i++) {
    const vg_subject *s = &d->real.subjects[i];
    if ((take[i] = !vg_leak_find(&x, s->id, s->person))) continue;
    vg_experiment_exclude(d, s->id, "real", "is a test subject");
    n++;
  }
  if (n)
    vg_warn("%zu of %zu real %s %s also test subjects: excluded from training", n, d->real.n,
            vg_plural(d->real.n, "subject", "subjects"), vg_plural(n, "is", "are"));
  if (!st) st = vg_experiment_keep(&d->real, take);
  vg_leak_index_release(&x);
  vg_free(take);
  return st;
}

/* ---- what synthetic data were made from ---- */

/* A model remembers its training subjects, and was selected on its validation subjects. */
static vg_status check_gan(const char *run, const vg_dataset *test, const vg_dataset *real) {
  static const char *const sides[] = {"train", "val"};
  vg_json *j = NULL;
  leak_index x = {0};
  char *path = vg_fs_join(run, "split.json");
  vg_status st = path ? vg_json_read(path, &j) : VG_MEMORY;
  if (st == VG_IO) st = VG_DATA;
  if (!st) st = vg_leak_index_init(test, real, NULL, &x);
  for (int s = 0; s < 2 && !st; s++)
    for (const vg_json *id = vg_json_first(vg_json_get(j, sides[s])); id && !st; id = vg_json_next(id)) {
      const vg_subject *tested = vg_leak_find(&x, vg_json_string(id, ""), "");
      if (tested)
        st = vg_fail(VG_DATA,
                     "%s: the model that made the synthetic data learned from test subject %s: train it "
                     "without the test subjects (voxgan split)",
                     path, tested->id);
    }
  vg_leak_index_release(&x);
  vg_json_free(j);
  vg_free(path);
  return st;
}

/* ---- the same network for every row ---- */

static vg_status tumour_classes(const vg_dataset *ds, vg_classes *out) {
  vg_status st = VG_OK;
  memset(out, 0, sizeof *out);
  for (int i = 0; i < ds->n_sources && !st; i++)
    st = vg_classes_add(out, &ds->sources[i].tumour_scheme, VG_ROLE_TUMOUR);
  return st;
}

static vg_status check_classes(const experiment_data *d) {
  vg_classes real, synth;
  vg_str a = VG_STR_INIT, b = VG_STR_INIT;
  vg_status st = tumour_classes(&d->real, &real);
  if (!st) st = tumour_classes(&d->synth, &synth);
  if (!st) {
    vg_names_join(VG_NAMES_INSIDE(real.names, real.n), &a);
    vg_names_join(VG_NAMES_INSIDE(synth.names, synth.n), &b);
    if (vg_str_failed(&a) || vg_str_failed(&b))
      st = VG_MEMORY;
    else if (strcmp(vg_str_text(&a), vg_str_text(&b)) != 0)
      st = vg_fail(VG_DATA,
                   "tumour classes differ: real has %s, synthetic %s; the same network cannot learn both",
                   vg_str_text(&a), vg_str_text(&b));
  }
  vg_str_release(&a);
  vg_str_release(&b);
  return st;
}

static vg_status require_some(const experiment_data *d, bool synth) {
  if (!d->real.n) return vg_fail(VG_DATA, "no real subject is left to train on");
  if (!d->test.n) return vg_fail(VG_DATA, "no real subject is held out for the test");
  if (synth && !d->synth.n) return vg_fail(VG_DATA, "no synthetic case is left to train on");
  return VG_OK;
}

vg_status vg_experiment_data_open(const vg_experiment_options *o, const experiment_design *design,
                                  experiment_data *d) {
  bool synth = false;
  const int n = 1 + (o->synth != NULL) + (o->test != NULL);
  for (int i = 0; i < design->n_rows; i++) synth |= design->rows[i].kind->synth;
  *d = (experiment_data){.left_out = vg_json_array(), .not_checked = vg_json_array()};
  vg_status st = d->left_out && d->not_checked ? VG_OK : VG_MEMORY;
  if (!st && synth && !o->synth) st = vg_fail(VG_USAGE, "--synth DIR is missing: a row trains on it");
  if (!st) st = add(&d->real, o->real, o->real_layout, &o->config, 0, n);
  if (!st && o->test) st = add(&d->test, o->test, o->test_layout, &o->config, n - 1, n);
  if (!st) st = vg_experiment_check_real(o, d);
  if (!st && !o->test && d->real.n < 2)
    st = vg_fail(VG_DATA, "%s: one subject cannot be both trained on and tested", o->real);
  if (!st) st = o->test ? drop_tested(d) : split(d, o->test_share, (uint64_t)o->config.run.seed);
  if (!st && synth) st = add(&d->synth, o->synth, o->synth_layout, &o->config, 1, n);
  if (!st && synth) st = vg_experiment_check_synth(o, d);
  if (!st && synth && o->gan) st = check_gan(o->gan, &d->test, &d->real);
  if (!st) st = require_some(d, synth);
  if (!st && synth) st = check_classes(d);
  if (st) vg_experiment_data_release(d);
  return st;
}

void vg_experiment_data_release(experiment_data *d) {
  vg_dataset_release(&d->real);
  vg_dataset_release(&d->synth);
  vg_dataset_release(&d->test);
  vg_json_free(d->left_out);
  vg_json_free(d->not_checked);
  *d = (experiment_data){0};
}

vg_status vg_experiment_tuning_subjects(const vg_dataset *real, double share, int seed, bool *take) {
  if (real->n == 1 || share >= 1) {
    for (size_t i = 0; i < real->n; i++) take[i] = true;
    return VG_OK;
  }
  return vg_dataset_split(real, share, (uint64_t)seed, take);
}
