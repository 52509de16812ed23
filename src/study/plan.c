/* plan.c: reads a plan's JSON and checks it key by key. */
#include "study/plan.h"
#include "base/names.h"
#include "base/str.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/whole.h"

#define COUNT_MOST 1000000
#define LEVELS_MOST 256
/* Dealing takes time and memory with the cases, and with the alternatives that each of them may get. */
#define FACTORS_MOST 16
#define COHORTS_MOST 1000
/* A tumour with at most this share on the other side lies on one side, as in the manifest. */
#define OTHER_SIDE 0.1

const vg_plan_target vg_plan_any_tumour = {{0, INFINITY}, {0, 1}};

/* ---- freeing ---- */

void vg_plan_source_release(vg_plan_source *s) {
  vg_strv_free(s->paths);
  vg_strv_free(s->layouts);
  vg_strv_free(s->ids);
  vg_free(s->tumour_scheme);
  vg_free(s->anatomy_scheme);
  memset(s, 0, sizeof *s);
}

void vg_plan_release(vg_plan *p) {
  for (int i = 0; i < p->n; i++) {
    vg_plan_cohort *c = &p->cohorts[i];
    for (int f = 0; f < c->n_factors; f++) {
      for (int l = 0; l < c->factors[f].n; l++) {
        vg_free(c->factors[f].levels[l].text);
        vg_edit_chain_release(&c->factors[f].levels[l].chain);
      }
      vg_free(c->factors[f].levels);
    }
    vg_free(c->factors);
    vg_edit_chain_release(&c->chain);
    vg_plan_source_release(&c->hosts);
    vg_plan_source_release(&c->donors);
  }
  vg_free(p->cohorts);
  vg_json_free(p->json);
  memset(p, 0, sizeof *p);
}

/* ---- values and their paths ---- */

/* The path of a value in the file, for messages. */
typedef struct key_path {
  const char *file, *dir;
  char key[160]; /* "cohorts[0].balance.volume_ml"; "" at the top */
} key_path;

static key_path at_key(const key_path *p, const char *key) {
  key_path q = {p->file, p->dir, ""};
  snprintf(q.key, sizeof q.key, "%.100s%s%.40s", p->key, *p->key ? "." : "", key);
  return q;
}

static key_path at_index(const key_path *p, int i) {
  key_path q = {p->file, p->dir, ""};
  snprintf(q.key, sizeof q.key, "%.140s[%d]", p->key, i);
  return q;
}

static vg_status must_be(const key_path *p, const char *what) {
  return vg_fail(VG_CONFIG, "%s: %s must be %s", p->file, *p->key ? p->key : "the plan", what);
}

/* Checks that every key of the object is one of keys (which ends with NULL) and occurs once. */
static vg_status check_keys(const key_path *p, const vg_json *object, const char *const *keys) {
  if (vg_json_type_of(object) != VG_JSON_OBJECT) return must_be(p, "an object");
  for (const vg_json *n = vg_json_first(object); n; n = vg_json_next(n)) {
    key_path here = at_key(p, vg_json_key(n));
    if (vg_names_find(VG_NAMES(keys), vg_json_key(n)) < 0) {
      const char *near = vg_names_nearest(VG_NAMES(keys), vg_json_key(n));
      return vg_fail(VG_CONFIG, near ? "%s: unknown key %s; did you mean %s?" : "%s: unknown key %s", p->file,
                     here.key, near);
    }
    for (const vg_json *m = vg_json_next(n); m; m = vg_json_next(m))
      if (!strcmp(vg_json_key(m), vg_json_key(n)))
        return vg_fail(VG_CONFIG, "%s: %s is given twice", p->file, here.key);
  }
  return VG_OK;
}

static vg_status get_text(const key_path *p, const vg_json *object, const char *key, char **out) {
  const vg_json *n = vg_json_get(object, key);
  key_path here = at_key(p, key);
  if (!n) return VG_OK;
  if (vg_json_type_of(n) != VG_JSON_STRING || !*vg_json_string(n, "")) return must_be(&here, "a text");
  *out = vg_strdup(vg_json_string(n, ""));
  return *out ? VG_OK : VG_MEMORY;
}

/* Reads a list of texts, or a single text. */
static vg_status get_texts(const key_path *p, const vg_json *object, const char *key, char ***out) {
  const vg_json *n = vg_json_get(object, key);
  key_path here = at_key(p, key);
  bool list = vg_json_type_of(n) == VG_JSON_ARRAY;
  if (!n) return VG_OK;
  if (!list && vg_json_type_of(n) != VG_JSON_STRING) return must_be(&here, "a text or a list of texts");
  char **v = vg_calloc((list ? vg_json_size(n) : 1) + 1, sizeof *v);
  if (!v) return VG_MEMORY;
  *out = v;
  for (const vg_json *e = list ? vg_json_first(n) : n; e; e = list ? vg_json_next(e) : NULL) {
    const char *text = vg_json_string(e, "");
    if (!*text) return must_be(&here, "a list of texts");
    if (!(*v++ = vg_strdup(text))) return VG_MEMORY;
  }
  return v == *out ? must_be(&here, "a list of at least one text") : VG_OK;
}

/* ---- sources ---- */

static vg_status read_source(const key_path *p, const vg_json *n, vg_plan_source *out) {
  static const char *const keys[] = {"path", "layout", "tumour_scheme", "anatomy_scheme", "ids", NULL};
  vg_status st = check_keys(p, n, keys);
  if (!st) st = get_texts(p, n, "path", &out->paths);
  if (!st && !out->paths) st = vg_fail(VG_CONFIG, "%s: %s.path is missing", p->file, p->key);
  if (!st) st = get_texts(p, n, "layout", &out->layouts);
  if (!st) st = get_text(p, n, "tumour_scheme", &out->tumour_scheme);
  if (!st) st = get_text(p, n, "anatomy_scheme", &out->anatomy_scheme);
  if (!st) st = get_texts(p, n, "ids", &out->ids);
  for (char **path = out->paths; !st && *path; path++) {
    if (**path == '/') continue;
    char *whole = vg_fs_join(p->dir, *path);
    if (!whole) return VG_MEMORY;
    vg_free(*path);
    *path = whole;
  }
  return st;
}

/* Reads the cohort's own source, or else the plan's for all cohorts. */
static vg_status get_source(const key_path *top, const vg_json *root, const key_path *p,
                            const vg_json *cohort, const char *key, vg_plan_source *out) {
  const vg_json *own = vg_json_get(cohort, key), *n = own ? own : vg_json_get(root, key);
  key_path here = at_key(own ? p : top, key);
  return n ? read_source(&here, n, out) : VG_OK;
}

/* ---- edits and volumes ---- */

static vg_status read_edits(const key_path *p, const vg_json *n, vg_edit_chain *chain) {
  int i = 0;
  if (!n) return VG_OK;
  if (vg_json_type_of(n) != VG_JSON_ARRAY) return must_be(p, "a list of edits");
  for (const vg_json *e = vg_json_first(n); e; e = vg_json_next(e), i++) {
    key_path here = at_index(p, i);
    if (vg_json_type_of(e) != VG_JSON_STRING) return must_be(&here, "a text such as \"scale:factor=2\"");
    vg_status st = vg_edit_chain_add(chain, vg_json_string(e, ""));
    if (st) return vg_fail_in(st, "%s: %s", p->file, here.key);
  }
  return VG_OK;
}

static vg_status get_edits(const key_path *p, const vg_json *object, vg_edit_chain *chain) {
  key_path here = at_key(p, "edits");
  return read_edits(&here, vg_json_get(object, "edits"), chain);
}

static vg_status get_range(const key_path *p, const vg_json *object, double ml[2]) {
  const vg_json *n = vg_json_get(object, "volume_ml"), *first = vg_json_first(n),
                *second = vg_json_next(first);
  key_path here = at_key(p, "volume_ml");
  if (!n) return VG_OK;
  ml[0] = vg_json_number(first, -1), ml[1] = vg_json_number(second, -1);
  bool good = vg_json_type_of(n) == VG_JSON_ARRAY && vg_json_size(n) == 2 && ml[0] >= 0 && ml[0] < ml[1];
  return good ? VG_OK : must_be(&here, "[least, most] in ml");
}

/* ---- mixes ---- */

/* VG_CONFIG where the cohort has as many ways to differ as it may have. */
static vg_status check_room(const key_path *p, const vg_plan_cohort *c, size_t n) {
  size_t levels = n;
  for (int f = 0; f < c->n_factors; f++) levels += (size_t)c->factors[f].n;
  if (c->n_factors >= FACTORS_MOST)
    return vg_fail(VG_CONFIG, "%s: %s: a cohort has at most %d lists of alternatives, balances included",
                   p->file, p->key, FACTORS_MOST);
  if (levels > LEVELS_MOST)
    return vg_fail(VG_CONFIG, "%s: %s: a cohort has at most %d alternatives in all its lists", p->file,
                   p->key, LEVELS_MOST);
  return VG_OK;
}

static vg_plan_factor *new_factor(vg_plan_cohort *c, const char *name, size_t n) {
  vg_plan_factor *more = vg_realloc(c->factors, (size_t)c->n_factors + 1, sizeof *more);
  if (!more) return NULL;
  c->factors = more;
  vg_plan_factor *f = &more[c->n_factors];
  *f = (vg_plan_factor){.name = name};
  f->levels = vg_calloc(n, sizeof *f->levels);
  if (!f->levels) return NULL;
  f->n = (int)n;
  c->n_factors++;
  for (size_t i = 0; i < n; i++) {
    f->levels[i].share = 1.0 / (double)n;
    f->levels[i].target = vg_plan_any_tumour;
  }
  return f;
}

static vg_status count_levels(const key_path *p, size_t n) {
  if (n >= 1 && n <= LEVELS_MOST) return VG_OK;
  return vg_fail(VG_CONFIG, "%s: %s must have 1 to %d entries", p->file, p->key, LEVELS_MOST);
}

static vg_status read_alternative(const key_path *p, const vg_json *n, vg_plan_level *level) {
  static const char *const keys[] = {"name", "share", "edits", "volume_ml", NULL};
  vg_str edits = VG_STR_INIT;
  vg_status st = check_keys(p, n, keys);
  if (st) return st;
  const vg_json *share = vg_json_get(n, "share");
  key_path here = at_key(p, "share");
  level->share = vg_json_number(share, share ? -1 : 1);
  if (!(level->share > 0 && level->share <= 1e9)) return must_be(&here, "a number above 0, at most 1e9");
  st = get_edits(p, n, &level->chain);
  if (!st) st = get_range(p, n, level->target.ml);
  if (!st) st = get_text(p, n, "name", &level->text);
  if (st || level->text) return st;
  for (const vg_json *e = vg_json_first(vg_json_get(n, "edits")); e; e = vg_json_next(e))
    vg_str_addf(&edits, "%s%s", edits.len ? ";" : "", vg_json_string(e, ""));
  if (!edits.len) vg_str_add(&edits, "no more edits");
  level->text = vg_str_take(&edits);
  return level->text ? VG_OK : VG_MEMORY;
}

static vg_status read_mix(const key_path *p, const vg_json *list, vg_plan_cohort *c) {
  vg_status st = count_levels(p, vg_json_size(list));
  if (!st) st = check_room(p, c, vg_json_size(list));
  if (st) return st;
  vg_plan_factor *f = new_factor(c, "mix", vg_json_size(list));
  if (!f) return VG_MEMORY;
  int i = 0;
  double sum = 0;
  for (const vg_json *e = vg_json_first(list); e && !st; e = vg_json_next(e), i++) {
    key_path here = at_index(p, i);
    st = read_alternative(&here, e, &f->levels[i]);
    sum += f->levels[i].share;
  }
  for (i = 0; i < f->n; i++) f->levels[i].share /= sum;
  return st;
}

/* Reads one list of alternatives, or a list of such lists. */
static vg_status get_mixes(const key_path *p, const vg_json *cohort, vg_plan_cohort *c) {
  const vg_json *n = vg_json_get(cohort, "mix");
  key_path here = at_key(p, "mix");
  if (!n) return VG_OK;
  if (vg_json_type_of(n) != VG_JSON_ARRAY) return must_be(&here, "a list of alternatives");
  if (vg_json_type_of(vg_json_first(n)) != VG_JSON_ARRAY) return read_mix(&here, n, c);
  int i = 0;
  vg_status st = VG_OK;
  for (const vg_json *e = vg_json_first(n); e && !st; e = vg_json_next(e), i++) {
    key_path inner = at_index(&here, i);
    st = vg_json_type_of(e) == VG_JSON_ARRAY ? read_mix(&inner, e, c) : must_be(&inner, "a list too");
  }
  return st;
}

/* ---- balance ---- */

/* Sets the name and the edit of a level of a balance. Takes both. */
static vg_status set_level(const key_path *p, vg_plan_level *level, char *name, char *edit) {
  level->text = name;
  vg_status st = name && edit ? vg_edit_chain_add(&level->chain, edit) : VG_MEMORY;
  if (st == VG_CONFIG) vg_fail_in(st, "%s: %s", p->file, p->key);
  vg_free(edit);
  return st;
}

static vg_status balance_volume(const key_path *p, const vg_json *edges, vg_plan_cohort *c) {
  size_t n = vg_json_size(edges);
  double before = 0;
  bool good = vg_json_type_of(edges) == VG_JSON_ARRAY && n >= 2;
  for (const vg_json *e = vg_json_first(edges); e && good; e = vg_json_next(e)) {
    good = vg_json_number(e, -1) > before;
    before = vg_json_number(e, -1);
  }
  if (!good) return must_be(p, "two or more rising volumes in ml, the edges of the bins");
  vg_status st = count_levels(p, n - 1);
  if (!st) st = check_room(p, c, n - 1);
  if (st) return st;
  vg_plan_factor *f = new_factor(c, "volume", n - 1);
  if (!f) return VG_MEMORY;
  const vg_json *e = vg_json_first(edges);
  for (int i = 0; i < f->n && !st; i++, e = vg_json_next(e)) {
    double *ml = f->levels[i].target.ml;
    ml[0] = vg_json_number(e, 0), ml[1] = vg_json_number(vg_json_next(e), 0);
    st = set_level(p, &f->levels[i], vg_format("%.10g to %.10g ml", ml[0], ml[1]),
                   vg_format("scale:ml=uniform(%.10g,%.10g)", ml[0], ml[1]));
  }
  return st;
}

/* Adds a factor whose levels are the given values, each one of `known`. edit has one %s for the value. */
static vg_status balance_names(const key_path *p, const vg_json *values, const char *name,
                               const char *const known[2], const char *edit, vg_plan_cohort *c) {
  char what[64];
  size_t n = vg_json_size(values);
  snprintf(what, sizeof what, "[\"%s\", \"%s\"], or one of them", known[0], known[1]);
  const char *first = vg_json_string(vg_json_first(values), "");
  bool good = vg_json_type_of(values) == VG_JSON_ARRAY && n >= 1 && n <= 2;
  for (const vg_json *e = vg_json_first(values); e && good; e = vg_json_next(e)) {
    const char *v = vg_json_string(e, "");
    good = (!strcmp(v, known[0]) || !strcmp(v, known[1])) && (e == vg_json_first(values) || strcmp(v, first));
  }
  if (!good) return must_be(p, what);
  vg_status st = check_room(p, c, n);
  if (st) return st;
  vg_plan_factor *f = new_factor(c, name, n);
  if (!f) return VG_MEMORY;
  const vg_json *e = vg_json_first(values);
  for (int i = 0; i < f->n && !st; i++, e = vg_json_next(e)) {
    const char *v = vg_json_string(e, ""), *hole = strstr(edit, "%s");
    st = set_level(p, &f->levels[i], vg_strdup(v),
                   vg_format("%.*s%s%s", (int)(hole - edit), edit, v, hole + 2));
  }
  return st;
}

/* Reads the balances in the order in which their edits are applied: the grade changes the volume, and the
 * search for a site needs the volume. */
static vg_status get_balance(const key_path *p, const vg_json *cohort, vg_plan_cohort *c) {
  static const char *const keys[] = {"volume_ml", "hemisphere", "grade", NULL};
  static const char *const grades[] = {"low", "high"}, *const sides[] = {"left", "right"};
  const vg_json *n = vg_json_get(cohort, "balance"), *value;
  key_path here = at_key(p, "balance"), inner;
  if (!n) return VG_OK;
  vg_status st = check_keys(&here, n, keys);
  inner = at_key(&here, "grade");
  if (!st && (value = vg_json_get(n, "grade")))
    st = balance_names(&inner, value, "grade", grades, "type:grade=%s", c);
  inner = at_key(&here, "volume_ml");
  if (!st && (value = vg_json_get(n, "volume_ml"))) st = balance_volume(&inner, value, c);
  inner = at_key(&here, "hemisphere");
  if (!st && (value = vg_json_get(n, "hemisphere")))
    st = balance_names(&inner, value, "hemisphere", sides, "move:region=%s-hemisphere,random", c);
  if (st || !value) return st;
  const vg_plan_factor *f = &c->factors[c->n_factors - 1];
  for (int i = 0; i < f->n; i++) {
    bool left = !strcmp(f->levels[i].text, "left");
    f->levels[i].target.left[left ? 0 : 1] = left ? 1 - OTHER_SIDE : OTHER_SIDE;
  }
  return VG_OK;
}

/* ---- cohorts ---- */

static vg_status get_name(const key_path *p, const vg_json *cohort, int i, char name[64]) {
  const vg_json *n = vg_json_get(cohort, "name");
  const char *text = vg_json_string(n, "");
  key_path here = at_key(p, "name");
  if (!n) {
    snprintf(name, 64, "cohort-%d", i + 1);
    return VG_OK;
  }
  bool good = *text && strlen(text) < 64;
  for (const char *c = text; *c; c++) good = good && (isalnum((unsigned char)*c) || strchr("-_.", *c));
  good = good && !strchr("-.", *text);
  if (!good) return must_be(&here, "1 to 63 letters, digits, '-', '_' or '.'");
  strcpy(name, text);
  return VG_OK;
}

static vg_status get_count(const key_path *p, const vg_json *cohort, size_t *count) {
  const vg_json *n = vg_json_get(cohort, "count");
  key_path here = at_key(p, "count");
  double v = vg_json_number(n, 0);
  if (!n) return vg_fail(VG_CONFIG, "%s: %s is missing", p->file, here.key);
  if (!(v >= 1 && v <= COUNT_MOST) || v != floor(v))
    return must_be(&here, "a whole number from 1 to 1000000");
  *count = vg_count_of(v);
  return VG_OK;
}

/* Checks that the range of each level overlaps that of the cohort. */
static vg_status check_ranges(const key_path *p, const vg_plan_cohort *c) {
  for (int f = 0; f < c->n_factors; f++)
    for (int l = 0; l < c->factors[f].n; l++) {
      const vg_plan_level *level = &c->factors[f].levels[l];
      const double *ml = level->target.ml, *all = c->target.ml;
      if (ml[0] >= all[1] || ml[1] <= all[0])
        return vg_fail(VG_CONFIG,
                       "%s: %s: no volume is both in \"%s\" and within volume_ml, %.10g to %.10g ml", p->file,
                       p->key, level->text, all[0], all[1]);
    }
  return VG_OK;
}

static vg_status read_cohort(const key_path *top, const vg_json *root, const key_path *p, const vg_json *n,
                             int i, vg_plan_cohort *out) {
  static const char *const keys[] = {"name",  "about", "count",   "hosts",     "donors",
                                     "edits", "mix",   "balance", "volume_ml", NULL};
  out->target = vg_plan_any_tumour;
  vg_status st = check_keys(p, n, keys);
  if (!st) st = get_name(p, n, i, out->name);
  if (!st) st = get_count(p, n, &out->count);
  if (!st) st = get_source(top, root, p, n, "hosts", &out->hosts);
  if (!st) st = get_source(top, root, p, n, "donors", &out->donors);
  if (!st) st = get_edits(p, n, &out->chain);
  if (!st) st = get_mixes(p, n, out);
  if (!st) st = get_balance(p, n, out);
  if (!st) st = get_range(p, n, out->target.ml);
  return st ? st : check_ranges(p, out);
}

static vg_status read_plan(const key_path *top, const vg_json *root, vg_plan *out) {
  static const char *const keys[] = {"about", "hosts", "donors", "cohorts", NULL};
  vg_status st = check_keys(top, root, keys);
  if (st) return st;
  const vg_json *list = vg_json_get(root, "cohorts");
  key_path where = at_key(top, "cohorts");
  size_t n = vg_json_size(list);
  if (vg_json_type_of(list) != VG_JSON_ARRAY || !n) return must_be(&where, "a list of at least one cohort");
  if (n > COHORTS_MOST)
    return vg_fail(VG_CONFIG, "%s: %zu cohorts, more than %d", top->file, n, COHORTS_MOST);
  size_t cases = 0;
  out->cohorts = vg_calloc(n, sizeof *out->cohorts);
  if (!out->cohorts) return VG_MEMORY;
  for (const vg_json *e = vg_json_first(list); e; e = vg_json_next(e)) {
    int i = out->n++;
    key_path p = at_index(&where, i);
    if ((st = read_cohort(top, root, &p, e, i, &out->cohorts[i]))) return st;
    if ((cases += out->cohorts[i].count) > COUNT_MOST)
      return vg_fail(VG_CONFIG, "%s: its cohorts have more than %d cases in all", top->file, COUNT_MOST);
    for (int k = 0; k < i; k++)
      if (!strcmp(out->cohorts[k].name, out->cohorts[i].name))
        return vg_fail(VG_CONFIG, "%s: two cohorts are called %s", top->file, out->cohorts[i].name);
  }
  return VG_OK;
}

vg_status vg_plan_parse(const char *name, const char *dir, const char *text, vg_plan *out) {
  memset(out, 0, sizeof *out);
  key_path top = {name, dir, ""};
  vg_status st = vg_json_parse(name, text, &out->json);
  if (st == VG_DATA) st = VG_CONFIG; /* a mistake of the user, and not bad image data */
  if (!st) st = read_plan(&top, out->json, out);
  if (st) vg_plan_release(out);
  return st;
}

vg_status vg_plan_read(const char *path, vg_plan *out) {
  void *text = NULL;
  size_t len;
  char *dir = vg_fs_dirname(path);
  vg_status st = dir ? vg_fs_read(path, &text, &len) : VG_MEMORY;
  if (st == VG_IO) st = VG_CONFIG;
  memset(out, 0, sizeof *out);
  if (!st) st = vg_plan_parse(path, dir, text, out);
  vg_free(text);
  vg_free(dir);
  return st;
}
