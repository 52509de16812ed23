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
#include "experiment/plan/provenance.h"
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
    st = vg_fail(VG_DATA, "%s: %u %s cannot be dealt to %d folds: --folds is at most the number of persons",
                 m->o->real, n, vg_plural(n, "person", "persons"), m->o->folds);
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

/* The rows of a manifest by their ids, and by the letters and digits of these. */
typedef struct row_index {
  vg_text_index ids, keys;
} row_index;

static vg_status index_rows(const provenance *p, row_index *out) {
  vg_status st = VG_OK;
  for (size_t row = 1; row < p->manifest.rows && !st; row++) {
    char key[128];
    const char *id = vg_provenance_row(p, row).id;
    vg_dataset_id_key(id, key);
    st = vg_text_index_put(&out->ids, id, strlen(id), row);
    if (!st) st = vg_text_index_put(&out->keys, key, strlen(key), row);
  }
  return st;
}

static size_t row_of(const row_index *rows, const char *id) {
  char key[128];
  const size_t row = vg_text_index_get(&rows->ids, id, strlen(id));
  if (row != VG_NO_NUMBER) return row;
  vg_dataset_id_key(id, key);
  return vg_text_index_get(&rows->keys, key, strlen(key));
}

static vg_status find_leaks_of(mix *m, mix_case *c, const row_index *rows, const provenance *p,
                               leak_index *folds, bool *any) {
  const size_t row = row_of(rows, c->subject->id);
  if (row == VG_NO_NUMBER)
    return vg_fail(VG_DATA,
                   "%s: manifest.csv does not say what %s was made from, so no fold can be kept free of it; "
                   "--unchecked trains on it in every fold",
                   p->dir, c->subject->id);
  const provenance_row made = vg_provenance_row(p, row);
  for (int f = 0; f < m->o->folds; f++)
    *any |= c->leaks[f] = vg_leak_find(&folds[f], made.source, made.donors) != NULL;
  return VG_OK;
}

static vg_status find_leaks(mix *m, const provenance *p, const vg_dataset *folds) {
  const vg_secret *secret = p->secret_is_set ? &p->secret : NULL;
  row_index rows = {0};
  leak_index *of = VG_NEW_N(leak_index, m->o->folds);
  vg_status st = of ? index_rows(p, &rows) : VG_MEMORY;
  for (int f = 0; f < m->o->folds && !st; f++) st = vg_leak_index_init(&folds[f], &m->real, secret, &of[f]);
  for (size_t i = m->n_real; i < m->n && !st; i++) {
    bool any = false;
    st = find_leaks_of(m, &m->cases[i], &rows, p, of, &any);
    m->unknown += !any;
  }
  if (!st && m->unknown)
    vg_warn("%zu of %zu synthetic %s %s from nobody in %s by the ids of their sources, and %s trained on in "
            "every fold",
            m->unknown, m->n - m->n_real, vg_plural(m->n - m->n_real, "case", "cases"),
            vg_plural(m->unknown, "comes", "come"), m->o->real, vg_plural(m->unknown, "is", "are"));
  for (int f = 0; f < m->o->folds && of; f++) vg_leak_index_release(&of[f]);
  vg_free(of);
  vg_text_index_release(&rows.ids);
  vg_text_index_release(&rows.keys);
  return st;
}

/* Subjects of an anonymous data set cannot be compared with what other cases were made from. */
static vg_status check_real(const mix *m) {
  bool anonymous = false;
  vg_status st = vg_provenance_is_anonymous(m->o->real, &anonymous);
  return st || !anonymous
             ? st
             : vg_fail(VG_DATA,
                       "%s: an anonymous data set, so folds cannot be kept free of cases made from persons "
                       "that they validate on; --unchecked trains on all in every fold",
                       m->o->real);
}

static vg_status read_sources(mix *m, const vg_dataset *folds) {
  provenance p = {0};
  provenance_tally t;
  vg_status st = check_real(m);
  if (!st)
    st = vg_provenance_open(m->synth.sources[0].root,
                            "to keep folds free of cases made from persons that they validate on", &p);
  if (!st) st = vg_provenance_check(&p, m->o->key, &m->real, &t);
  if (!st) st = find_leaks(m, &p, folds);
  vg_provenance_release(&p);
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
