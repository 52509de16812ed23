/* experiment_design.c: rows, augmentation and seeds, and the jobs that follow from them. */
#include "experiment/experiment_design.h"

#include <limits.h>
#include <stdio.h>
#include "base/mem.h"
#include "base/names.h"
#include "base/str.h"

#define SEEDS_MAX 1000

static const experiment_row rows[EXPERIMENT_ROWS] = {
    {"real", "real", true, false, false},
    {"real+synthetic", "real and synthetic", true, true, false},
    {"synthetic", "synthetic alone", false, true, false},
    {"fine-tuned", "synthetic, then a share of real", false, true, true},
};
static const char *const augmentations[] = {"off", "on"};

const experiment_row *vg_experiment_row_at(int i) {
  return i >= 0 && i < EXPERIMENT_ROWS ? &rows[i] : NULL;
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

vg_status vg_experiment_design_parse(const char *row_list, const char *augmentation, int seeds,
                                     int first_seed, experiment_design *out) {
  vg_status st = choose("rows", row_list, VG_NAMES_N(rows, EXPERIMENT_ROWS), out->rows);
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
  return count(d->rows, EXPERIMENT_ROWS) * count(d->augmented, 2) * (size_t)d->seeds;
}

experiment_job vg_experiment_design_job(const experiment_design *d, size_t k) {
  const size_t n_rows = count(d->rows, EXPERIMENT_ROWS), n_augmented = count(d->augmented, 2);
  experiment_job j = {.row = &rows[nth(d->rows, k % n_rows)],
                      .augmented = nth(d->augmented, k / n_rows % n_augmented) == 1,
                      .seed = d->first_seed + (int)(k / n_rows / n_augmented)};
  snprintf(j.name, sizeof j.name, "%s-%s-seed%d", j.row->name, j.augmented ? "augmented" : "plain", j.seed);
  return j;
}

vg_json *vg_experiment_design_json(const experiment_design *d) {
  vg_json *j = vg_json_object();
  vg_json *list = vg_json_put_take(j, "rows", vg_json_array());
  for (int i = 0; i < EXPERIMENT_ROWS; i++)
    if (d->rows[i]) vg_json_put_string(list, NULL, rows[i].name);
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
  vg_status st = vg_json_int(j, "seeds", 1, SEEDS_MAX, &seeds);
  if (!st) st = vg_json_int(j, "first_seed", 0, INT_MAX, &first_seed);
  if (!st)
    st = vg_experiment_design_parse(vg_str_text(&row_list), vg_str_text(&augmentation), seeds, first_seed,
                                    out);
  vg_str_release(&row_list);
  vg_str_release(&augmentation);
  return st ? vg_fail_in(VG_DATA, "%s: not the plan of an experiment", name) : VG_OK;
}
