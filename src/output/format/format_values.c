/* format_values.c: functions that the formats share: label values and names. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "output/format/format_values.h"

static const vg_label *label_of(const vg_scheme *s, vg_role role, const char *name) {
  for (int i = 0; i < s->n; i++)
    if (s->labels[i].role == role && !strcmp(s->labels[i].name, name)) return &s->labels[i];
  return NULL;
}

bool vg_format_own_values(const vg_format_set *set, vg_role role, vg_scheme *out) {
  for (int i = 0; i < set->classes.n; i++)
    if (set->classes.roles[i] == role && !label_of(out, role, set->classes.names[i])) return false;
  /* A class is written with one value, even if the sources have several for it. */
  vg_scheme own = *out;
  out->n = 0;
  for (int i = 0; i < own.n; i++) {
    const vg_label *l = &own.labels[i];
    if (l->role != role || vg_classes_find(&set->classes, l->name) < 0 || label_of(out, role, l->name))
      continue;
    out->labels[out->n] = *l;
    out->labels[out->n++].more = 0;
  }
  return true;
}

bool vg_format_known_values(const vg_format_set *set, vg_role role, const char *name, vg_scheme *out) {
  vg_scheme known;
  if (vg_scheme_parse(name, &known)) VG_BUG("no scheme %s", name);
  if (!vg_format_own_values(set, role, &known)) return false;
  *out = known;
  return true;
}

void vg_format_count_values(const vg_format_set *set, vg_role role, vg_scheme *out) {
  memset(out, 0, sizeof *out);
  snprintf(out->name, sizeof out->name, "inline");
  for (int i = 0; i < set->classes.n; i++) {
    if (set->classes.roles[i] != role) continue;
    vg_label *l = &out->labels[out->n++];
    l->value = (uint16_t)out->n;
    l->role = role;
    memcpy(l->name, set->classes.names[i], sizeof l->name);
  }
}

static vg_status lacks_class(vg_role role, const char *klass, const char *format) {
  vg_str others = VG_STR_INIT;
  const vg_dataset_format *other;
  const char *name;
  for (int i = 0; (name = vg_dataset_format_at(i, &other, NULL)); i++)
    if (other->any_class) vg_str_addf(&others, "%s%s", others.len ? " and " : "", name);
  vg_status st = vg_fail(VG_CONFIG, "format %s has no value for %s class %s; formats %s have", format,
                         vg_role_name(role), klass, vg_str_text(&others));
  vg_str_release(&others);
  return st;
}

vg_status vg_format_lacks(const vg_format_set *set, vg_role role, const vg_scheme *known,
                          const char *format) {
  for (int i = 0; i < set->classes.n; i++)
    if (set->classes.roles[i] == role && !label_of(known, role, set->classes.names[i]))
      return lacks_class(role, set->classes.names[i], format);
  return VG_OK;
}

vg_status vg_format_clean(const char *text, const char *also, char *buf, size_t size) {
  size_t n = 0;
  for (const char *c = text; *c; c++) {
    if (!isalnum((unsigned char)*c) && (!strchr(also, *c) || (*c == '.' && !n))) continue;
    if (n + 1 >= size) return vg_fail(VG_CONFIG, "%s: the name is too long", text);
    buf[n++] = *c;
  }
  buf[n] = '\0';
  return n ? VG_OK : vg_fail(VG_CONFIG, "'%s' has no letter or digit for a name", text);
}
