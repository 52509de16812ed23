/* split.c: splits into training and validation subjects by person, so that no person is on both sides. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "voxgan/dataset.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/names.h"
#include "dataset/split.h"
#include "dataset/subject_of.h"
#include "voxgan/rng.h"
#include "base/whole.h"

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

vg_status vg_dataset_split(const vg_dataset *ds, double share, uint64_t seed, bool *is_val) {
  /* Draws from sorted persons, so that the order of the sources does not matter. */
  const char **persons = VG_NEW_N(const char *, ds->n);
  uint32_t *order = VG_NEW_N(uint32_t, ds->n);
  vg_status st = VG_OK;
  if (!persons || !order) {
    st = VG_MEMORY;
    goto out;
  }
  for (size_t i = 0; i < ds->n; i++) persons[i] = ds->subjects[i].person;
  if (ds->n) qsort(persons, ds->n, sizeof *persons, by_text);
  uint32_t n = 0;
  for (size_t i = 0; i < ds->n; i++)
    if (i == 0 || strcmp(persons[i], persons[n - 1]) != 0) persons[n++] = persons[i];
  uint32_t n_val = 0;
  if (share > 0 && n >= 2) {
    n_val = (uint32_t)vg_rank_of(round(share * n), n);
    if (n_val < 1) n_val = 1;
    if (n_val > n - 1) n_val = n - 1;
  }
  bool *chosen = VG_NEW_N(bool, n);
  if (!chosen) {
    st = VG_MEMORY;
    goto out;
  }
  for (uint32_t i = 0; i < n; i++) order[i] = i;
  vg_rng r = vg_rng_init(seed, vg_rng_key("split", 0, 0));
  vg_rng_shuffle(&r, order, n);
  memset(is_val, 0, ds->n * sizeof *is_val);
  for (uint32_t k = 0; k < n_val; k++) chosen[order[k]] = true;
  for (size_t i = 0; i < ds->n; i++) {
    const char **found =
        bsearch(&(const char *){ds->subjects[i].person}, persons, n, sizeof *persons, by_text);
    is_val[i] = chosen[found - persons];
  }
  vg_free(chosen);
out:
  vg_free(persons);
  vg_free(order);
  return st;
}

vg_json *vg_dataset_split_json(const vg_dataset *ds, const bool *is_val) {
  vg_json *root = vg_json_object();
  for (int side = 0; side < 2; side++) {
    vg_json *ids = vg_json_put_take(root, side ? "val" : "train", vg_json_array());
    for (size_t i = 0; i < ds->n; i++)
      if (is_val[i] == (side == 1)) vg_json_put_string(ids, NULL, ds->subjects[i].id);
  }
  /* What synthetic subjects were made from: the model learns from these too. */
  vg_json *origins = NULL;
  for (size_t i = 0; i < ds->n; i++) {
    if (!ds->subjects[i].origins) continue;
    if (!origins) origins = vg_json_put_take(root, "origins", vg_json_array());
    vg_json_put_string(origins, NULL, ds->subjects[i].origins);
  }
  return root;
}

static vg_status read_side(const vg_dataset *ds, const char *path, const vg_json *root, bool val,
                           bool *is_val, bool *named) {
  const vg_json *ids = vg_json_get(root, val ? "val" : "train");
  if (vg_json_type_of(ids) != VG_JSON_ARRAY)
    return vg_fail(VG_DATA, "%s: no list '%s'", path, val ? "val" : "train");
  for (const vg_json *j = vg_json_first(ids); j; j = vg_json_next(j)) {
    const char *id = vg_json_string(j, "");
    const vg_subject *found = vg_dataset_subject_of(ds, id);
    const size_t i = found ? (size_t)(found - ds->subjects) : ds->n;
    if (!found) return vg_fail(VG_DATA, "%s: subject '%s' is not in the data set", path, id);
    if (named[i]) return vg_fail(VG_DATA, "%s: subject %s occurs twice", path, id);
    named[i] = true;
    is_val[i] = val;
  }
  return VG_OK;
}

vg_status vg_dataset_split_read(const vg_dataset *ds, const char *path, bool *is_val) {
  vg_json *root = NULL;
  bool *named = NULL;
  vg_status st = vg_json_read(path, &root);
  if (st) goto out;
  named = VG_NEW_N(bool, ds->n);
  if (!named) {
    st = VG_MEMORY;
    goto out;
  }
  st = read_side(ds, path, root, false, is_val, named);
  if (!st) st = read_side(ds, path, root, true, is_val, named);
  for (size_t i = 0; i < ds->n && !st; i++)
    if (!named[i])
      st = vg_fail(VG_DATA, "%s: subject %s of the data set is missing", path, ds->subjects[i].id);
out:
  vg_free(named);
  vg_json_free(root);
  return st;
}
