/* labels.c: schemes (value -> class) and class sets (class -> channel). */
#include "voxgan/labels.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "label/class_words.h"

#define VALUES 65536

static const vg_scheme schemes[] = {
#define VG_LABEL(value, class_name, role) {value, #class_name, VG_ROLE_##role, 0},
#define VG_LABELS(first, last, class_name, role) {first, #class_name, VG_ROLE_##role, (last) - (first)},
#define VG_SCHEME(name, help, ...) \
  {#name, (int)(sizeof((vg_label[]){__VA_ARGS__}) / sizeof(vg_label)), {__VA_ARGS__}},
#include "registry/schemes.def"
#undef VG_SCHEME
};
static const struct {
  const char *name, *help;
} rows[] = {
#define VG_SCHEME(name, help, ...) {#name, help},
#include "registry/schemes.def"
#undef VG_SCHEME
#undef VG_LABELS
#undef VG_LABEL
};
#define N_SCHEMES ((int)(sizeof schemes / sizeof schemes[0]))

const char *vg_role_name(vg_role role) {
  return role == VG_ROLE_TUMOUR ? "tumour" : role == VG_ROLE_ANATOMY ? "anatomy" : "background";
}

const vg_scheme *vg_scheme_at(int i, const char **help) {
  if (i < 0 || i >= N_SCHEMES) return NULL;
  if (help) *help = rows[i].help;
  return &schemes[i];
}

/* Names occur in JSON, CSV headers and command lines, so they have only plain characters. */
static bool name_ok(const char *name) {
  size_t n = strlen(name);
  if (n == 0 || n >= VG_CLASS_NAME) return false;
  for (size_t i = 0; i < n; i++) {
    unsigned char ch = (unsigned char)name[i];
    if (!isalnum(ch) && ch != '_' && ch != '-') return false;
  }
  return true;
}

/* "7" or "1000-2999" */
static vg_status parse_values(const char *text, const char *values, vg_label *out) {
  char first[32];
  const char *dash = strchr(values, '-');
  size_t len = dash ? (size_t)(dash - values) : strlen(values);
  long long lo = 0, hi = 0;
  bool good = len < sizeof first;
  if (good) {
    memcpy(first, values, len);
    first[len] = '\0';
    good = vg_parse_i64(first, &lo) && lo >= 1 && lo < VALUES;
    hi = lo;
    if (good && dash) good = vg_parse_i64(dash + 1, &hi) && hi >= lo && hi < VALUES;
  }
  if (!good)
    return vg_fail(VG_CONFIG, "scheme '%s': value '%s' is not in 1..65535 (0 is background)%s", text, values,
                   dash ? ", or not FIRST-LAST" : "");
  out->value = (uint16_t)lo;
  out->more = (uint16_t)(hi - lo);
  return VG_OK;
}

/* The role of a label without ":ROLE". Of a scheme of tumour maps, an unknown name is tumour, unless other
 * labels have a ":ROLE", because such a scheme may be of both kinds. */
static vg_status default_role(const char *text, const char *name, vg_role map, vg_role *out) {
  const char *known;
  vg_role by_name = VG_ROLE_ANATOMY;
  const vg_word word = vg_class_word(name, &known, &by_name);
  *out = map;
  if (map == VG_ROLE_ANATOMY) return VG_OK;
  if (word == VG_WORD_CLASS)
    *out = by_name;
  else if (strchr(text, ':'))
    return vg_fail(VG_CONFIG, "scheme '%s': say what '%s' is: '%s:tumour' or '%s:anatomy'", text, name, name,
                   name);
  return VG_OK;
}

/* A network learns from all voxels. */
static vg_status check_word(const char *text, const char *name) {
  const char *known;
  vg_role role;
  if (vg_class_word(name, &known, &role) == VG_WORD_IGNORE)
    return vg_fail(VG_CONFIG,
                   "scheme '%s': voxgan cannot exclude voxels labelled '%s'; omit the label, and maps "
                   "with such voxels are refused",
                   text, name);
  return VG_OK;
}

static vg_status parse_role(const char *text, const char *name, const char *role_text, vg_role map,
                            vg_role *out) {
  const char *known;
  vg_role by_name;
  if (vg_class_word(name, &known, &by_name) == VG_WORD_BACKGROUND) {
    *out = VG_ROLE_BACKGROUND;
    if (!role_text) return VG_OK;
    return vg_fail(VG_CONFIG, "scheme '%s': '%s' is value 0, and other values of it have no role", text,
                   name);
  }
  if (!role_text) return default_role(text, name, map, out);
  if (strcmp(role_text, "tumour") == 0 || strcmp(role_text, "tumor") == 0)
    *out = VG_ROLE_TUMOUR;
  else if (strcmp(role_text, "anatomy") == 0)
    *out = VG_ROLE_ANATOMY;
  else
    return vg_fail(VG_CONFIG, "scheme '%s': role '%s' is neither tumour nor anatomy", text, role_text);
  return VG_OK;
}

/* Takes the values first..last from the background's labels. */
static vg_status carve_background(const char *text, int first, int last, vg_scheme *s) {
  for (int i = 0; i < s->n; i++) {
    const vg_label old = s->labels[i];
    const int lo = old.value, hi = lo + old.more;
    if (old.role != VG_ROLE_BACKGROUND || hi < first || lo > last) continue;
    memmove(&s->labels[i], &s->labels[i + 1], (size_t)(--s->n - i) * sizeof old);
    if (s->n + (lo < first) + (hi > last) > VG_LABELS_MAX)
      return vg_fail(VG_CONFIG, "scheme '%s': more than %d labels", text, VG_LABELS_MAX);
    vg_label *rest = &s->labels[s->n];
    if (lo < first) s->n++, *rest = old, rest++->more = (uint16_t)(first - 1 - lo);
    if (hi > last) {
      s->n++, *rest = old;
      rest->value = (uint16_t)(last + 1);
      rest->more = (uint16_t)(hi - last - 1);
    }
    i--;
  }
  return VG_OK;
}

/* What an inline text has given so far. */
typedef struct given {
  const char *base; /* the scheme that the text extends; NULL: none */
  int n;
  vg_label labels[VG_LABELS_MAX]; /* by the text itself */
} given;

/* "500-530=background" */
static const char *label_text(const vg_label *l, char out[VG_CLASS_NAME + 16]) {
  if (l->more)
    snprintf(out, VG_CLASS_NAME + 16, "%u-%u=%s", (unsigned)l->value, (unsigned)l->value + l->more, l->name);
  else
    snprintf(out, VG_CLASS_NAME + 16, "%u=%s", (unsigned)l->value, l->name);
  return out;
}

/* A value has one meaning, whatever the order of the labels. The background of a named scheme alone gives
 * way, because it stands for all that the scheme has no class for. */
static vg_status check_values(const char *text, const given *g, const vg_label *label, const vg_scheme *s) {
  char one[VG_CLASS_NAME + 16], other[VG_CLASS_NAME + 16];
  const int first = label->value, last = first + label->more;
  for (int i = 0; i < g->n; i++) {
    const vg_label *old = &g->labels[i];
    if (old->value > last || old->value + old->more < first) continue;
    return vg_fail(VG_CONFIG, "scheme '%s': value %d is given twice, by %s and by %s", text,
                   old->value > first ? old->value : first, label_text(old, one), label_text(label, other));
  }
  for (int v = first; v <= last; v++) {
    const vg_label *old = vg_scheme_find(s, (uint16_t)v);
    if (old && old->role != VG_ROLE_BACKGROUND)
      return vg_fail(VG_CONFIG, "scheme '%s': value %d is given twice, by %s (%s) and by %s", text, v,
                     g->base, label_text(old, one), label_text(label, other));
  }
  return VG_OK;
}

static vg_status parse_label(const char *text, const char *item, vg_role map, given *g, vg_scheme *out) {
  char buf[VG_CLASS_NAME + 32];
  if (strlen(item) >= sizeof buf)
    return vg_fail(VG_CONFIG, "scheme '%s': label '%s' is too long", text, item);
  strcpy(buf, item);
  char *name = strchr(buf, '=');
  if (!name) return vg_fail(VG_CONFIG, "scheme '%s': '%s' is not VALUE=NAME[:ROLE]", text, item);
  *name++ = '\0';
  char *role_text = strchr(name, ':');
  if (role_text) *role_text++ = '\0';
  vg_role role = map;
  vg_status st = parse_role(text, name, role_text, map, &role);
  if (st) return st;
  vg_label label = {.role = role};
  st = parse_values(text, buf, &label);
  if (st) return st;
  if (!name_ok(name))
    return vg_fail(VG_CONFIG, "scheme '%s': class name '%s' is not 1 to %d letters, digits, - or _", text,
                   name, VG_CLASS_NAME - 1);
  memcpy(label.name, name, strlen(name) + 1);
  st = check_word(text, name);
  if (!st) st = check_values(text, g, &label, out);
  if (!st && g->base) st = carve_background(text, label.value, label.value + label.more, out);
  if (st) return st;
  for (int i = 0; i < out->n; i++)
    if (strcmp(out->labels[i].name, name) == 0 && out->labels[i].role != role)
      return vg_fail(VG_CONFIG, "scheme '%s': class %s has two roles", text, name);
  if (out->n == VG_LABELS_MAX)
    return vg_fail(VG_CONFIG, "scheme '%s': more than %d labels", text, VG_LABELS_MAX);
  out->labels[out->n++] = g->labels[g->n++] = label;
  return VG_OK;
}

bool vg_scheme_has_role(const vg_scheme *s, vg_role role) {
  for (int i = 0; i < s->n; i++)
    if (s->labels[i].role == role) return true;
  return false;
}

bool vg_scheme_has_class(const vg_scheme *s, const char *name) {
  for (int i = 0; i < s->n; i++)
    if (strcmp(s->labels[i].name, name) == 0) return true;
  return false;
}

vg_status vg_scheme_parse(const char *text, vg_scheme *out) {
  return vg_scheme_parse_as(text, VG_ROLE_ANATOMY, out);
}

vg_status vg_scheme_parse_as(const char *text, vg_role map, vg_scheme *out) {
  const vg_names names = VG_NAMES_N(rows, N_SCHEMES);
  const int known = vg_names_find(names, text);
  if (known >= 0) {
    *out = schemes[known];
    return VG_OK;
  }
  if (!strchr(text, '=')) {
    const char *near = vg_names_nearest(names, text);
    if (near) return vg_fail(VG_CONFIG, "no label scheme '%s'; did you mean %s?", text, near);
    return vg_fail(VG_CONFIG, "no label scheme '%s' (a known name, or 1=csf,2=gm,...)", text);
  }
  memset(out, 0, sizeof *out);
  size_t n = 0;
  char **items = vg_split(text, ',', &n);
  if (!items) return VG_MEMORY;
  const int base = vg_names_find(names, items[0]); /* "synthseg-tissues,99=background" */
  given g = {.base = base >= 0 ? schemes[base].name : NULL};
  if (g.base) *out = schemes[base];
  strcpy(out->name, "inline");
  vg_status st = VG_OK;
  for (size_t i = base >= 0; i < n && !st; i++) st = parse_label(text, items[i], map, &g, out);
  vg_strv_free(items);
  return st;
}

char *vg_scheme_text(const vg_scheme *s) {
  vg_str t = VG_STR_INIT;
  for (int i = 0; i < s->n; i++) {
    const vg_label *l = &s->labels[i];
    if (vg_scheme_find(s, l->value) != l) continue;
    vg_str_addf(&t, "%s%u", i ? "," : "", (unsigned)l->value);
    if (l->more) vg_str_addf(&t, "-%u", (unsigned)l->value + l->more);
    vg_str_addf(&t, "=%s%s", l->name, l->role == VG_ROLE_TUMOUR ? ":tumour" : "");
  }
  vg_str_add(&t, "");
  return vg_str_take(&t);
}

const vg_label *vg_scheme_find(const vg_scheme *s, uint16_t value) {
  for (int i = 0; i < s->n; i++)
    if (value >= s->labels[i].value && value - s->labels[i].value <= s->labels[i].more) return &s->labels[i];
  return NULL;
}

/* Adds "1 necrosis, 2 oedema", or, for a scheme of many values, "values of csf, gm, wm". */
static void describe_scheme(const vg_scheme *s, vg_str *t) {
  bool many = s->n > 16;
  vg_classes named = {0};
  if (many) vg_str_add(t, "values of ");
  for (int i = 0; i < s->n; i++) {
    const vg_label *l = &s->labels[i];
    if (many && (l->role == VG_ROLE_BACKGROUND || vg_classes_find(&named, l->name) >= 0)) continue;
    if (many) vg_classes_add_name(&named, l->name, l->role);
    vg_str_add(t, i ? ", " : "");
    if (!many) vg_str_addf(t, "%u ", (unsigned)l->value);
    vg_str_add(t, l->name);
  }
}

/* The name of a scheme with the same labels that knows the value too, or NULL. */
static const char *richer_scheme(const vg_scheme *s, uint16_t value) {
  const vg_scheme *other;
  for (int i = 0; (other = vg_scheme_at(i, NULL)); i++) {
    bool same = vg_scheme_find(other, value) != NULL;
    for (int k = 0; k < s->n && same; k++) {
      const vg_label *l = vg_scheme_find(other, s->labels[k].value);
      same = l && strcmp(l->name, s->labels[k].name) == 0;
    }
    if (same) return other->name;
  }
  return NULL;
}

static bool knows_all(const vg_scheme *s, const bool *present, vg_role role) {
  for (unsigned v = 1; v < VALUES; v++) {
    const vg_label *l = present[v] ? vg_scheme_find(s, (uint16_t)v) : NULL;
    if (present[v] && (!l || (l->role != role && l->role != VG_ROLE_BACKGROUND))) return false;
  }
  return true;
}

bool vg_scheme_suggest(const bool *present, vg_role role, vg_str *out) {
  const char *last = NULL;
  int n = 0;
  for (int i = 0; i < N_SCHEMES; i++) {
    if (!knows_all(&schemes[i], present, role)) continue;
    if (last) vg_str_addf(out, "%s%s", n++ ? ", " : "", last);
    last = schemes[i].name;
  }
  if (last) vg_str_addf(out, "%s%s", n ? " or " : "", last);
  return last;
}

vg_status vg_scheme_check(const vg_scheme *s, const vg_labelmap *map, const char *path) {
  return vg_scheme_check_with(s, NULL, map, path);
}

/* others: values that the scheme lacks as well. */
static vg_status not_in_scheme(const vg_scheme *s, const char *path, unsigned value, size_t voxels,
                               int others, const bool *present) {
  vg_str t = VG_STR_INIT, hint = VG_STR_INIT;
  char more[48] = "";
  const char *richer = richer_scheme(s, (uint16_t)value);
  describe_scheme(s, &t);
  if (others)
    snprintf(more, sizeof more, ", nor %s %d other %s", vg_plural(others, "is", "are"), others,
             vg_plural(others, "value", "values"));
  const char *lead = "";
  if (richer) {
    lead = "; it is in scheme ";
    vg_str_add(&hint, richer);
  } else if (s->n && vg_scheme_suggest(present, s->labels[0].role, &hint)) {
    lead = "; all values of this map are in scheme ";
  }
  vg_status st =
      vg_fail(VG_DATA, "%s: label value %u (%zu %s) is not in scheme %s (%s)%s%s%s", path, value, voxels,
              vg_plural(voxels, "voxel", "voxels"), s->name, vg_str_text(&t), more, lead, vg_str_text(&hint));
  vg_str_release(&t);
  vg_str_release(&hint);
  return st;
}

vg_status vg_scheme_check_with(const vg_scheme *s, const vg_scheme *also, const vg_labelmap *map,
                               const char *path) {
  size_t *count = VG_NEW_N(size_t, VALUES);
  bool *present = VG_NEW_N(bool, VALUES);
  if (!count || !present) {
    vg_free(count);
    vg_free(present);
    return VG_MEMORY;
  }
  size_t n = vg_geometry_voxels(&map->geo);
  for (size_t i = 0; i < n; i++) count[map->data[i]]++;
  unsigned first = 0;
  int others = 0;
  for (unsigned v = 1; v < VALUES; v++) {
    present[v] = count[v] > 0;
    if (!count[v] || vg_scheme_find(s, (uint16_t)v) || (also && vg_scheme_find(also, (uint16_t)v))) continue;
    if (first)
      others++;
    else
      first = v;
  }
  vg_status st = VG_OK;
  if (first) st = not_in_scheme(s, path, first, count[first], others, present);
  vg_free(count);
  vg_free(present);
  return st;
}

int vg_classes_find(const vg_classes *c, const char *name) {
  for (int i = 0; i < c->n; i++)
    if (strcmp(c->names[i], name) == 0) return i;
  return -1;
}

int vg_classes_count(const vg_classes *c, vg_role role) {
  int n = 0;
  for (int i = 0; i < c->n; i++) n += c->roles[i] == role;
  return n;
}

vg_status vg_classes_add_name(vg_classes *c, const char *name, vg_role role) {
  if (!name_ok(name))
    return vg_fail(VG_CONFIG, "class name '%s' is not 1 to %d letters, digits, - or _", name,
                   VG_CLASS_NAME - 1);
  int at = vg_classes_find(c, name);
  if (at >= 0) {
    if (c->roles[at] == role) return VG_OK;
    return vg_fail(VG_CONFIG, "class %s is both %s and %s", name, vg_role_name(c->roles[at]),
                   vg_role_name(role));
  }
  if (c->n == VG_CLASSES_MAX) return vg_fail(VG_CONFIG, "more than %d classes (at %s)", VG_CLASSES_MAX, name);
  at = c->n;
  if (role == VG_ROLE_ANATOMY)
    for (at = 0; at < c->n && c->roles[at] == VG_ROLE_ANATOMY;) at++;
  for (int i = c->n; i > at; i--) {
    memcpy(c->names[i], c->names[i - 1], VG_CLASS_NAME);
    c->roles[i] = c->roles[i - 1];
  }
  snprintf(c->names[at], VG_CLASS_NAME, "%s", name);
  c->roles[at] = role;
  c->n++;
  return VG_OK;
}

vg_status vg_classes_add(vg_classes *c, const vg_scheme *s, vg_role role) {
  for (int i = 0; i < s->n; i++) {
    if (s->labels[i].role != role) continue;
    vg_status st = vg_classes_add_name(c, s->labels[i].name, role);
    if (st) return st;
  }
  return VG_OK;
}

vg_status vg_classes_table(const vg_classes *c, const vg_scheme *s, vg_role role, uint8_t *table) {
  memset(table, 0, VALUES);
  for (int i = 0; i < s->n; i++) {
    const vg_label *l = &s->labels[i];
    if (l->role != role) continue;
    int at = vg_classes_find(c, l->name);
    if (at < 0 || c->roles[at] != role) {
      vg_str t = VG_STR_INIT;
      for (int k = 0; k < c->n; k++) vg_str_addf(&t, "%s%s", k ? ", " : "", c->names[k]);
      vg_status st = vg_fail(VG_DATA, "the model knows %s; scheme %s has %s (%s)",
                             c->n ? vg_str_text(&t) : "no classes", s->name, l->name, vg_role_name(role));
      vg_str_release(&t);
      return st;
    }
    memset(table + l->value, at + 1, (size_t)l->more + 1);
  }
  return VG_OK;
}
