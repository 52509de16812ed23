/* experiment_design.c: rows, augmentation and seeds, and the jobs that follow from them. */
#include "experiment/plan/experiment_design.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/names.h"
#include "base/str.h"

#define SEEDS_MAX 1000

static const experiment_kind kinds[] = {
    {"real", "real", true, false, false},
    {"real+synthetic", "real and synthetic", true, true, false},
    {"synthetic", "synthetic alone", false, true, false},
    {"fine-tuned", "synthetic, then a share of real", false, true, true},
};
enum { KINDS = sizeof kinds / sizeof *kinds };
static const char *const augmentations[] = {"off", "on"};

const char *vg_experiment_augmentation(bool augmented) {
  return augmentations[augmented];
}

int vg_experiment_design_baseline(const experiment_design *d) {
  return d->n_rows && d->rows[0].kind == &kinds[0] ? 0 : -1;
}

/* Marks the items of a list among the names; all names where there is no list. */
static vg_status choose(const char *option, const char *list, vg_names names, bool *chosen) {
  size_t n_items = 0;
  for (size_t i = 0; i < names.n; i++) chosen[i] = !list;
  if (!list) return VG_OK;
  char **items = vg_split(list, ',', &n_items);
  if (!items) return VG_MEMORY;
  vg_status st = n_items ? VG_OK : vg_fail(VG_USAGE, "--%s is empty", option);
  for (size_t k = 0; k < n_items && !st; k++) {
    const int i = vg_names_find(names, items[k]);
    if (i >= 0 && !chosen[i]) {
      chosen[i] = true;
      continue;
    }
    vg_str known = VG_STR_INIT;
    vg_names_join(names, &known);
    st = i >= 0 ? vg_fail(VG_USAGE, "--%s: %s is named twice", option, items[k])
                : vg_fail(VG_USAGE, "--%s: no %s; there are %s", option, items[k], vg_str_text(&known));
    vg_str_release(&known);
  }
  vg_strv_free(items);
  return st;
}

/* Adds a row behind those of its kind and of the kinds before it. */
static vg_status add_row(experiment_design *d, const experiment_kind *kind, size_t most) {
  experiment_row row = {.kind = kind, .most = most};
  int at = d->n_rows;
  if (at == EXPERIMENT_ROWS) return vg_fail(VG_USAGE, "--rows: more than %d rows", EXPERIMENT_ROWS);
  if (most)
    snprintf(row.name, sizeof row.name, "%s:%zu", kind->name, most);
  else
    snprintf(row.name, sizeof row.name, "%s", kind->name);
  for (int i = 0; i < d->n_rows; i++)
    if (!strcmp(d->rows[i].name, row.name)) return vg_fail(VG_USAGE, "--rows: %s is named twice", row.name);
  for (; at > 0 && d->rows[at - 1].kind > kind; at--) d->rows[at] = d->rows[at - 1];
  d->rows[at] = row;
  d->n_rows++;
  return VG_OK;
}

/* Adds "real" or "real+synthetic:20". item is cut at its colon. */
static vg_status parse_row(experiment_design *d, char *item) {
  char *number = strchr(item, ':');
  const vg_names names = VG_NAMES_N(kinds, KINDS);
  long long most = 0;
  if (number) *number++ = 0;
  const int k = vg_names_find(names, item);
  if (k < 0) {
    vg_str known = VG_STR_INIT;
    vg_names_join(names, &known);
    vg_status st = vg_fail(VG_USAGE, "--rows: no %s; there are %s", item, vg_str_text(&known));
    vg_str_release(&known);
    return st;
  }
  if (number && !kinds[k].synth)
    return vg_fail(VG_USAGE, "--rows: %s trains on no synthetic case, so it takes no number of them", item);
  if (number && (!vg_parse_i64(number, &most) || most < 1 || most > INT_MAX))
    return vg_fail(VG_USAGE, "--rows: %s:%s: what follows the colon is a number of synthetic cases", item,
                   number);
  return add_row(d, &kinds[k], (size_t)most);
}

/* Adds the rows of a list; where there is no list, one of each kind. */
static vg_status choose_rows(const char *list, experiment_design *d) {
  vg_status st = VG_OK;
  size_t n = 0;
  for (int k = 0; k < KINDS && !st && !list; k++) st = add_row(d, &kinds[k], 0);
  if (!list) return st;
  char **items = vg_split(list, ',', &n);
  st = !items ? VG_MEMORY : n ? VG_OK : vg_fail(VG_USAGE, "--rows is empty");
  for (size_t i = 0; i < n && !st; i++) st = parse_row(d, items[i]);
  vg_strv_free(items);
  return st;
}

vg_status vg_experiment_design_parse(const char *row_list, const char *augmentation, int seeds,
                                     int first_seed, experiment_design *out) {
  *out = (experiment_design){0};
  vg_status st = choose_rows(row_list, out);
  if (!st) st = choose("augmentation", augmentation, VG_NAMES_N(augmentations, 2), out->augmented);
  if (!st && (seeds < 1 || seeds > SEEDS_MAX))
    st = vg_fail(VG_USAGE, "--seeds is %d, but must be from 1 to %d", seeds, SEEDS_MAX);
  if (!st && (first_seed < 0 || first_seed > INT_MAX - (seeds - 1)))
    st = vg_fail(VG_USAGE, "the first seed is %d: %d seeds from there on go beyond %d", first_seed, seeds,
                 INT_MAX);
  out->seeds = seeds;
  out->first_seed = first_seed;
  return st;
}

static size_t count(const bool *chosen, int n) {
  size_t sum = 0;
  for (int i = 0; i < n; i++) sum += chosen[i];
  return sum;
}

/* Returns the index of the k-th chosen item. */
static int nth(const bool *chosen, size_t k) {
  int i = 0;
  while (!chosen[i] || k--) i++;
  return i;
}

size_t vg_experiment_design_jobs(const experiment_design *d) {
  return (size_t)d->n_rows * count(d->augmented, 2) * (size_t)d->seeds;
}

experiment_job vg_experiment_design_job(const experiment_design *d, size_t k) {
  const size_t n_rows = (size_t)d->n_rows, n_augmented = count(d->augmented, 2);
  const experiment_row *row = &d->rows[k % n_rows];
  experiment_job j = {.row = (int)(k % n_rows),
                      .kind = row->kind,
                      .most = row->most,
                      .augmented = nth(d->augmented, k / n_rows % n_augmented) == 1,
                      .seed = d->first_seed + (int)(k / n_rows / n_augmented)};
  /* Some file systems refuse the colon of the row's name. */
  const char *augmented = j.augmented ? "augmented" : "plain";
  if (j.most)
    snprintf(j.name, sizeof j.name, "%s-%zu-%s-seed%d", j.kind->name, j.most, augmented, j.seed);
  else
    snprintf(j.name, sizeof j.name, "%s-%s-seed%d", j.kind->name, augmented, j.seed);
  return j;
}

vg_json *vg_experiment_design_json(const experiment_design *d) {
  vg_json *j = vg_json_object();
  vg_json *list = vg_json_put_take(j, "rows", vg_json_array());
  for (int i = 0; i < d->n_rows; i++) vg_json_put_string(list, NULL, d->rows[i].name);
  list = vg_json_put_take(j, "augmentation", vg_json_array());
  for (int i = 0; i < 2; i++)
    if (d->augmented[i]) vg_json_put_string(list, NULL, augmentations[i]);
  vg_json_put_number(j, "first_seed", d->first_seed);
  vg_json_put_number(j, "seeds", d->seeds);
  return j;
}

/* Joins an array of strings to "a,b". */
static void join(const vg_json *list, vg_str *out) {
  for (const vg_json *j = vg_json_first(list); j; j = vg_json_next(j))
    vg_str_addf(out, "%s%s", out->len ? "," : "", vg_json_string(j, ""));
}

vg_status vg_experiment_design_read(const vg_json *j, const char *name, experiment_design *out) {
  vg_str row_list = VG_STR_INIT, augmentation = VG_STR_INIT;
  join(vg_json_get(j, "rows"), &row_list);
  join(vg_json_get(j, "augmentation"), &augmentation);
  int seeds, first_seed;
  vg_status st = vg_str_failed(&row_list) || vg_str_failed(&augmentation) ? VG_MEMORY : VG_OK;
  if (!st) st = vg_json_int(j, "seeds", 1, SEEDS_MAX, &seeds);
  if (!st) st = vg_json_int(j, "first_seed", 0, INT_MAX, &first_seed);
  if (!st)
    st = vg_experiment_design_parse(vg_str_text(&row_list), vg_str_text(&augmentation), seeds, first_seed,
                                    out);
  vg_str_release(&row_list);
  vg_str_release(&augmentation);
  return st == VG_MEMORY ? st : st ? vg_fail_in(VG_DATA, "%s: not the plan of an experiment", name) : VG_OK;
}
