/* mix.c: opens the real and the synthetic data set, and decides on series, labels and ids. */
#include <stdio.h>
#include <string.h>
#include "base/fs.h"
#include "base/index/text_index.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "dataset/dataset_apart.h"
#include "mix/mix_internal.h"
#include "output/format/format_values.h"
#include "output/format/nnunet_labels.h"
#include "voxgan/log.h"

static vg_status open_set(vg_dataset *ds, const char *root, const char *layout, const vg_mix_options *o) {
  ds->skip_incomplete = o->skip_incomplete;
  return vg_dataset_add(ds, root, layout, o->tumour_scheme, NULL);
}

/* The channels and labels of the data set to follow. */
static vg_status read_like(mix *m, vg_source *source) {
  vg_dataset ds = {.skip_incomplete = true};
  vg_status st = vg_dataset_add(&ds, m->o->like, "nnunet", NULL, NULL);
  char *path = vg_fs_join(m->o->like, "dataset.json");
  if (!st) st = path ? vg_json_read(path, &m->like) : VG_MEMORY;
  if (!st) *source = ds.sources[0], source->root = NULL;
  if (!st && !source->tumour_scheme.n)
    st = vg_fail(VG_DATA, "%s: its labels are no tumour classes (--like)", path);
  vg_free(path);
  vg_dataset_release(&ds);
  return st;
}

/* The series of both data sets, in canonical order; what one of them lacks is named. */
static vg_status choose_series(mix *m) {
  const vg_dataset *sets[] = {&m->real, &m->synth};
  for (int side = 0; side < 2; side++)
    for (int k = 0; k < sets[side]->series.n; k++) {
      const char *name = sets[side]->series.names[k];
      if (vg_series_find(&sets[!side]->series, name) < 0)
        vg_warn("series %s is skipped: %s has none", name, side ? m->o->real : m->o->synth);
      else if (!side)
        memcpy(m->series.names[m->series.n++], name, VG_SERIES_NAME);
    }
  return m->series.n ? VG_OK
                     : vg_fail(VG_DATA, "%s and %s have no series in common", m->o->real, m->o->synth);
}

static vg_status name_case(mix *m, vg_text_index *names, size_t i, const vg_dataset *set,
                           const vg_subject *s) {
  mix_case *c = &m->cases[i];
  char clean[128];
  *c = (mix_case){.subject = s, .set = set, .real = set == &m->real};
  vg_status st = vg_format_clean(s->id, "-_.", clean, sizeof clean);
  snprintf(c->id, sizeof c->id, "%s_%s", c->real ? "real" : "synth", clean);
  const size_t other = vg_text_index_get(names, c->id, strlen(c->id));
  if (!st && other != VG_NO_NUMBER)
    st = vg_fail(VG_DATA, "%s and %s would both be %s", m->cases[other].subject->id, s->id, c->id);
  if (!st) st = vg_text_index_put(names, c->id, strlen(c->id), i);
  if (!st && !c->real && !(c->leaks = vg_calloc((size_t)m->o->folds, 1))) st = VG_MEMORY;
  return st;
}

static vg_status list_cases(mix *m) {
  vg_wanted wanted = {.series = m->series, .tumour = true};
  vg_status st = vg_dataset_require(&m->real, &wanted);
  if (!st) st = vg_dataset_require(&m->synth, &wanted);
  if (st) return st;
  vg_text_index names = {0};
  m->n_real = m->real.n;
  m->cases = vg_calloc(m->real.n + m->synth.n, sizeof *m->cases);
  if (!m->cases) return VG_MEMORY;
  for (size_t i = 0; i < m->real.n && !st; i++, m->n += !st)
    st = name_case(m, &names, m->n, &m->real, &m->real.subjects[i]);
  for (size_t i = 0; i < m->synth.n && !st; i++, m->n += !st)
    st = name_case(m, &names, m->n, &m->synth, &m->synth.subjects[i]);
  vg_text_index_release(&names);
  return st;
}

static void release(mix *m) {
  for (size_t i = 0; i < m->real.n + m->synth.n && m->cases; i++) vg_free(m->cases[i].leaks);
  vg_free(m->cases);
  vg_free(m->root);
  vg_json_free(m->like);
  vg_dataset_release(&m->real);
  vg_dataset_release(&m->synth);
}

static vg_status say_done(const mix *m, int folds) {
  char *from = vg_format("%s/splits_final.json", m->root);
  char *word = from ? vg_shell_word(from) : NULL;
  if (word)
    vg_info("%s: %zu real and %zu synthetic %s in %d folds of %zu %s; before training: cp %s "
            "\"$nnUNet_preprocessed\"/%s/",
            m->root, m->n_real, m->n - m->n_real, vg_plural(m->n - m->n_real, "case", "cases"), folds,
            m->persons, vg_plural(m->persons, "person", "persons"), word, m->folder);
  vg_free(from);
  vg_free(word);
  return word ? VG_OK : VG_MEMORY;
}

vg_status vg_mix(const vg_mix_options *o) {
  mix m = {.o = o};
  vg_source like = {0};
  if (o->folds < 2 || o->folds > MIX_FOLDS_MOST)
    return vg_fail(VG_USAGE, "--folds is %d, but must be from 2 to %d", o->folds, MIX_FOLDS_MOST);
  vg_status st = vg_nnunet_folder(o->name ? o->name : "501_Mixed", m.folder, sizeof m.folder);
  if (!st && !(m.root = vg_fs_join(o->out, m.folder))) st = VG_MEMORY;
  if (!st) st = open_set(&m.real, o->real, o->real_layout, o);
  if (!st) st = open_set(&m.synth, o->synth, o->synth_layout, o);
  if (!st) st = vg_dataset_apart(&m.real, m.root);
  if (!st) st = vg_dataset_apart(&m.synth, m.root);
  if (!st && o->like) st = read_like(&m, &like);
  if (!st && o->like) m.series = like.channels;
  if (!st && !o->like) st = choose_series(&m);
  if (!st) st = vg_mix_choose_labels(&m, o->like ? &like : NULL);
  if (!st) st = list_cases(&m);
  if (!st) st = vg_mix_deal(&m);
  if (!st) st = vg_mix_write(&m);
  if (!st) st = say_done(&m, o->folds);
  release(&m);
  return st;
}
