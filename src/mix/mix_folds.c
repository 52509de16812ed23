/* mix_folds.c: folds by person. No fold trains on a synthetic case that was made from a person, or with a
 * tumour of a donor, that it validates on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/index/text_index.h"
#include "base/text/plural.h"
#include "experiment/plan/experiment_leak.h"
#include "io/table.h"
#include "mix/mix_internal.h"
#include "voxgan/log.h"
#include "voxgan/rng.h"

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static vg_status deal_persons(mix *m) {
  const char **persons = VG_NEW_N(const char *, m->real.n);
  uint32_t *order = VG_NEW_N(uint32_t, m->real.n);
  vg_status st = persons && order ? VG_OK : VG_MEMORY;
  uint32_t n = 0;
  for (size_t i = 0; i < m->real.n && !st; i++) persons[i] = m->real.subjects[i].person;
  if (!st) qsort(persons, m->real.n, sizeof *persons, by_text);
  for (size_t i = 0; i < m->real.n && !st; i++)
    if (!n || strcmp(persons[i], persons[n - 1]) != 0) persons[n++] = persons[i];
  m->persons = n;
  if (!st && n < (uint32_t)m->o->folds)
    st = vg_fail(VG_DATA, "%s: %u %s cannot be dealt to %d folds (--folds)", m->o->real, n,
                 vg_plural(n, "person", "persons"), m->o->folds);
  for (uint32_t i = 0; i < n && !st; i++) order[i] = i;
  vg_rng r = vg_rng_init(m->o->seed, vg_rng_key("folds", 0, 0));
  if (!st) vg_rng_shuffle(&r, order, n);
  uint32_t *turn = VG_NEW_N(uint32_t, n); /* of each person */
  if (!st && !turn) st = VG_MEMORY;
  for (uint32_t k = 0; k < n && !st; k++) turn[order[k]] = k;
  for (size_t i = 0; i < m->n_real && !st; i++) {
    const char **own = bsearch(&m->cases[i].subject->person, persons, n, sizeof *persons, by_text);
    m->cases[i].fold = (int)(turn[own - persons] % (uint32_t)m->o->folds);
  }
  vg_free(turn);
  vg_free(persons);
  vg_free(order);
  return st;
}

/* The rows of a manifest by the letters and digits of their ids. */
static vg_status index_rows(const vg_table *manifest, int id, vg_text_index *out) {
  vg_status st = VG_OK;
  for (size_t row = 1; row < manifest->rows && !st; row++) {
    char key[128];
    vg_dataset_id_key(vg_table_cell(manifest, row, (size_t)id), key);
    st = vg_text_index_put(out, key, strlen(key), row);
  }
  return st;
}

static vg_status find_leaks_of(mix *m, mix_case *c, const vg_text_index *rows, const vg_table *manifest,
                               leak_index *folds, bool *any) {
  char key[128];
  vg_dataset_id_key(c->subject->id, key);
  const size_t row = vg_text_index_get(rows, key, strlen(key));
  const bool listed = row != VG_NO_NUMBER;
  const char *from = listed ? vg_table_cell(manifest, row, (size_t)vg_table_col(manifest, "source")) : "";
  const char *with = listed ? vg_table_cell(manifest, row, (size_t)vg_table_col(manifest, "donors")) : "";
  if (!*from && !*with)
    return vg_fail(VG_DATA,
                   "%s: manifest.csv does not say what %s was made from, so no fold can be kept free of it; "
                   "--unchecked trains on it in every fold",
                   m->o->synth, c->subject->id);
  for (int f = 0; f < m->o->folds; f++) *any |= c->leaks[f] = vg_leak_find(&folds[f], from, with) != NULL;
  return VG_OK;
}

static vg_status find_leaks(mix *m, const vg_table *manifest, const vg_secret *secret,
                            const vg_dataset *folds) {
  const int id = vg_table_col(manifest, "id");
  size_t unknown = 0;
  if (id < 0 || vg_table_col(manifest, "source") < 0 || vg_table_col(manifest, "donors") < 0)
    return vg_fail(VG_DATA, "%s: manifest.csv lacks one of the columns id, source, donors", m->o->synth);
  vg_text_index rows = {0};
  leak_index *of = VG_NEW_N(leak_index, m->o->folds);
  vg_status st = of ? index_rows(manifest, id, &rows) : VG_MEMORY;
  for (int f = 0; f < m->o->folds && !st; f++) st = vg_leak_index_init(&folds[f], &m->real, secret, &of[f]);
  for (size_t i = m->n_real; i < m->n && !st; i++) {
    bool any = false;
    st = find_leaks_of(m, &m->cases[i], &rows, manifest, of, &any);
    unknown += !any;
  }
  if (!st && unknown)
    vg_info("%zu of %zu synthetic %s %s from nobody in %s, and %s trained on in every fold", unknown,
            m->n - m->n_real, vg_plural(m->n - m->n_real, "case", "cases"),
            vg_plural(unknown, "comes", "come"), m->o->real, vg_plural(unknown, "is", "are"));
  for (int f = 0; f < m->o->folds && of; f++) vg_leak_index_release(&of[f]);
  vg_free(of);
  vg_text_index_release(&rows);
  return st;
}

static vg_status check_anonymous(const mix *m, const char *dir, vg_secret *secret, bool *hashed) {
  vg_json *description = NULL;
  char *path = vg_fs_join(dir, "dataset_description.json"), marker[VG_HASH_LEN];
  bool exists = false;
  vg_status st = path ? vg_fs_exists(path, &exists) : VG_MEMORY;
  if (!st && exists) st = vg_json_read(path, &description);
  const vg_json *own = vg_json_get(description, "voxgan");
  const char *of = vg_json_string(vg_json_get(own, "key_hmac"), "");
  *hashed = *of || vg_json_bool(vg_json_get(own, "anonymous"), false);
  if (!st && *hashed && !m->o->key)
    st = vg_fail(VG_DATA,
                 "%s: its sources are hashed; give the key file (--key), so that folds can be kept free of "
                 "them, or train on them in every fold with --unchecked",
                 m->o->synth);
  if (!st && *hashed) st = vg_secret_read(m->o->key, secret);
  if (!st && *hashed) vg_secret_marker(secret, marker);
  if (!st && *hashed && *of && strcmp(marker, of) != 0)
    st = vg_fail(VG_CONFIG, "key file: %s: is not the key of %s", m->o->key, m->o->synth);
  vg_json_free(description);
  vg_free(path);
  return st;
}

static vg_status read_sources(mix *m, const vg_dataset *folds) {
  const char *root = m->synth.sources[0].root;
  char *path = vg_fs_join(root, "manifest.csv");
  vg_table manifest = {0};
  vg_secret secret = {0};
  bool listed = false, hashed = false;
  vg_status st = path ? vg_fs_exists(path, &listed) : VG_MEMORY;
  if (!st && !listed)
    st = vg_fail(
        VG_DATA,
        "%s: has no manifest.csv with the sources of the synthetic cases, so folds cannot be kept free "
        "of cases made from persons that they validate on; --unchecked accepts them as they are",
        root);
  if (!st) st = vg_table_read_sheet(path, &manifest);
  if (!st) st = check_anonymous(m, root, &secret, &hashed);
  if (!st) st = find_leaks(m, &manifest, hashed ? &secret : NULL, folds);
  if (hashed) vg_secret_release(&secret);
  vg_table_release(&manifest);
  vg_free(path);
  return st;
}

vg_status vg_mix_deal(mix *m) {
  vg_status st = deal_persons(m);
  if (st || m->o->unchecked) return st;
  vg_dataset *folds = VG_NEW_N(vg_dataset, m->o->folds);
  bool *take = VG_NEW_N(bool, m->real.n);
  if (!folds || !take) st = VG_MEMORY;
  for (int f = 0; f < m->o->folds && !st; f++) {
    for (size_t i = 0; i < m->n_real; i++) take[i] = m->cases[i].fold == f;
    st = vg_dataset_select(&m->real, take, &folds[f]);
  }
  if (!st) st = read_sources(m, folds);
  for (int f = 0; f < m->o->folds && folds; f++) vg_dataset_release(&folds[f]);
  vg_free(folds);
  vg_free(take);
  return st;
}
