/* eval_pairs.c: finds the real partner of each synthetic subject. */
#include "eval/eval_pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "eval/compare/compare.h"
#include "io/table.h"
#include "voxgan/log.h"
#include "voxgan/output.h"

/* ---- what the manifest says ---- */

/* The manifest of a synthetic data set, sorted by the keys of its ids. */
typedef struct origin {
  char key[128];
  const char *source, *edits; /* cells of the table */
} origin;

typedef struct origins {
  vg_table table;
  origin *list;
  size_t n;
} origins;

static int by_origin(const void *a, const void *b) {
  return strcmp(((const origin *)a)->key, ((const origin *)b)->key);
}

static void origins_release(origins *o) {
  vg_table_release(&o->table);
  vg_free(o->list);
}

/* A data set that voxgan did not write has none. */
static vg_status read_origins(const char *root, origins *out) {
  bool exists = false;
  char *path = vg_fs_join(root, VG_MANIFEST);
  *out = (origins){0};
  vg_status st = path ? vg_fs_holds(path, &exists) : VG_MEMORY;
  if (!st && exists && (st = vg_table_read_sheet(path, &out->table)) == VG_DATA) {
    vg_error_clear(); /* another program's file of that name */
    st = VG_OK;
  }
  const int id = exists ? vg_table_col(&out->table, "id") : -1, source = vg_table_col(&out->table, "source"),
            edits = vg_table_col(&out->table, "edits");
  if (!st && id >= 0 && source >= 0 && edits >= 0) {
    out->list = vg_calloc(out->table.rows, sizeof *out->list);
    if (!out->list) st = VG_MEMORY;
    for (size_t r = 1; r < out->table.rows && !st; r++) {
      origin *o = &out->list[out->n++];
      vg_dataset_id_key(vg_table_cell(&out->table, r, (size_t)id), o->key);
      o->source = vg_table_cell(&out->table, r, (size_t)source);
      o->edits = vg_table_cell(&out->table, r, (size_t)edits);
    }
    if (out->n) qsort(out->list, out->n, sizeof *out->list, by_origin);
  }
  vg_free(path);
  return st;
}

static const origin *origin_of(const origins *o, const char *id) {
  origin wanted;
  vg_dataset_id_key(id, wanted.key);
  return o->n ? bsearch(&wanted, o->list, o->n, sizeof *o->list, by_origin) : NULL;
}

/* ---- pairs ---- */

typedef struct named {
  char key[128];
  size_t index; /* of the real subject */
} named;

static int by_key(const void *a, const void *b) {
  return strcmp(((const named *)a)->key, ((const named *)b)->key);
}

/* The real subject with these letters and digits, or with this very id where several have them; n: none. */
static size_t find_real(const vg_dataset *real, const named *list, const char *id) {
  named wanted;
  vg_dataset_id_key(id, wanted.key);
  const named *at = bsearch(&wanted, list, real->n, sizeof *list, by_key);
  if (!at) return real->n;
  while (at > list && !strcmp(at[-1].key, wanted.key)) at--;
  const named *first = at;
  for (; at < list + real->n && !strcmp(at->key, wanted.key); at++)
    if (!strcmp(real->subjects[at->index].id, id)) return at->index;
  return at - first == 1 ? first->index : real->n;
}

static void warn_unpaired(const char *side, const char *other, char *const *ids, size_t n) {
  if (!n) return;
  vg_str names = VG_STR_INIT;
  for (size_t i = 0; i < n && i < 5; i++) vg_str_addf(&names, "%s%s", i ? ", " : "", ids[i]);
  if (n > 5) vg_str_addf(&names, " and %zu more", n - 5);
  vg_warn("%zu %s %s without a %s partner: %s", n, side, vg_plural(n, "subject", "subjects"), other,
          vg_str_text(&names));
  vg_str_release(&names);
}

static vg_status keep_id(char **ids, size_t *n, const char *id) {
  ids[*n] = vg_strdup(id);
  return ids[*n] ? ((void)++*n, VG_OK) : VG_MEMORY;
}

/* Edited tumours have no real partners. We can still compare their edges with those of real tumours, and the
 * whole set with the whole real set. */
static vg_status go_unpaired(eval_study *s, vg_eval *e) {
  bool boundary = vg_eval_asks_for(e, VG_METRIC_BOUNDARY);
  if (boundary && e->normalise != VG_NORMALISE_EACH)
    return vg_fail(VG_CONFIG, "no subject is on both sides, so --normalise must be each, not %s",
                   vg_eval_normalise_name(e->normalise));
  if (boundary)
    vg_warn("no subject is on both sides; suite boundary compares each synthetic subject with the mean of "
            "the real ones");
  e->unpaired = true;
  for (size_t i = 0; i < s->synth.n; i++) {
    s->pairs[i].synth = &s->synth.subjects[i];
    vg_status st = keep_id(e->ids, &e->n_cases, s->synth.subjects[i].id);
    if (st) return st;
  }
  return VG_OK;
}

/* Suites for cases that have no partner by design, where the user named none. */
static vg_status choose_for_edited(eval_study *s, vg_eval *e, size_t edited) {
  vg_status st = vg_eval_suites_parse("boundary,distribution", &e->suites);
  if (st) return st;
  s->compares_sets = true;
  vg_info("%zu of %zu synthetic %s %s edited, so no real subject is their truth: suites boundary and "
          "distribution compare the sets instead",
          edited, s->synth.n, vg_plural(s->synth.n, "subject", "subjects"), vg_plural(edited, "is", "are"));
  return VG_OK;
}

static vg_status fail_without_pairs(const eval_study *s) {
  const vg_dataset *real = &s->real, *synth = &s->synth;
  return vg_fail(
      VG_DATA,
      "no subject is on both sides: real has %zu, the first %s; synthetic %zu, the first %s (--suite "
      "boundary,distribution compares the sets without pairs)",
      real->n, real->n ? real->subjects[0].id : "none", synth->n, synth->n ? synth->subjects[0].id : "none");
}

/* Fills pairs, ids and synth_only, in the order of the synthetic subjects, and marks the real ones in use. */
static vg_status find_pairs(eval_study *s, const origins *from, const named *list, bool *used,
                            size_t *edited) {
  vg_eval *e = s->evaluation;
  vg_status st = VG_OK;
  for (size_t i = 0; i < s->synth.n && !st; i++) {
    const vg_subject *y = &s->synth.subjects[i];
    const origin *o = origin_of(from, y->id);
    const bool changed = o && *o->edits;
    size_t at = s->real.n;
    if (o && !changed) at = find_real(&s->real, list, o->source);
    if (at == s->real.n && !changed) at = find_real(&s->real, list, y->id);
    *edited += changed;
    if (at == s->real.n) {
      st = keep_id(e->synth_only, &e->n_synth_only, y->id);
      continue;
    }
    const vg_subject *r = &s->real.subjects[at];
    /* Several cases of one source keep ids of their own. */
    const char *id = used[at] ? y->id : r->id;
    used[at] = true;
    s->pairs[e->n_cases] = (eval_pair){r, y};
    st = keep_id(e->ids, &e->n_cases, id);
  }
  return st;
}

vg_status vg_eval_pair_up(eval_study *s, bool may_choose) {
  vg_eval *e = s->evaluation;
  const size_t n_real = s->real.n, n_synth = s->synth.n;
  size_t edited = 0;
  origins from = {0};
  named *list = vg_calloc(n_real ? n_real : 1, sizeof *list);
  bool *used = vg_calloc(n_real ? n_real : 1, sizeof *used);
  s->pairs = VG_NEW_N(eval_pair, n_synth);
  e->ids = VG_NEW_N(char *, n_synth);
  e->real_only = VG_NEW_N(char *, n_real);
  e->synth_only = VG_NEW_N(char *, n_synth);
  vg_status st = list && used && s->pairs && e->ids && e->real_only && e->synth_only ? VG_OK : VG_MEMORY;
  if (!st) st = read_origins(s->synth.n_sources ? s->synth.sources[0].root : "", &from);
  for (size_t i = 0; i < n_real && !st; i++) {
    vg_dataset_id_key(s->real.subjects[i].id, list[i].key);
    list[i].index = i;
  }
  if (!st && n_real) qsort(list, n_real, sizeof *list, by_key);
  if (!st) st = find_pairs(s, &from, list, used, &edited);
  for (size_t i = 0; i < n_real && !st; i++)
    if (!used[i]) st = keep_id(e->real_only, &e->n_real_only, s->real.subjects[i].id);
  if (!st && !e->n_cases && edited && may_choose) st = choose_for_edited(s, e, edited);
  if (!st && !e->n_cases) {
    const bool unpaired = n_real && n_synth && (vg_eval_asks_for(e, VG_METRIC_BOUNDARY) || s->compares_sets);
    st = unpaired ? go_unpaired(s, e) : fail_without_pairs(s);
  } else if (!st) {
    warn_unpaired("real", "synthetic", e->real_only, e->n_real_only);
    warn_unpaired("synthetic", "real", e->synth_only, e->n_synth_only);
    if (edited)
      vg_info("%zu of these %s edited, so no real subject is their truth; --suite boundary,distribution "
              "compares "
              "the sets",
              edited, vg_plural(edited, "is", "are"));
  }
  origins_release(&from);
  vg_free(list);
  vg_free(used);
  return st;
}
