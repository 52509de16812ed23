/* config.c: settings.def turned into a table, and the table into JSON, KEY=VALUE and help. */
#include "voxgan/config.h"
#include "settings/config_json.h"

#include <math.h>
#include <stddef.h>
#include <string.h>
#include "base/mem.h"
#include "base/number/axes.h"
#include "base/names.h"
#include "base/str.h"
#include "settings/setting.h"
#include "voxgan/registry.h"

/* Values of the column resume. */
#define FIXED VG_RESUME_FIXED
#define SWITCH VG_RESUME_SWITCH
#define FREE VG_RESUME_FREE
#define VG_CHOICE(constant, text) #text,
#define VG_SET_BOOL(s, n, r, d, h) \
  {#s "." #n, VG_SETTING_BOOL, offsetof(vg_config, s.n), {d}, 0, 1, NULL, NULL, NULL, NULL, h, r},
#define VG_SET_INT(s, n, r, d, lo, hi, h) \
  {#s "." #n, VG_SETTING_INT, offsetof(vg_config, s.n), {d}, lo, hi, NULL, NULL, NULL, NULL, h, r},
#define VG_SET_F64(s, n, r, d, lo, hi, h) \
  {#s "." #n, VG_SETTING_F64, offsetof(vg_config, s.n), {d}, lo, hi, NULL, NULL, NULL, NULL, h, r},
#define VG_SET_STR(s, n, r, d, h) \
  {#s "." #n, VG_SETTING_STR, offsetof(vg_config, s.n), {0}, 0, 0, d, NULL, NULL, NULL, h, r},
#define VG_SET_DIMS(s, n, r, x, y, z, lo, hi, h) \
  {#s "." #n, VG_SETTING_DIMS, offsetof(vg_config, s.n), {x, y, z}, lo, hi, NULL, NULL, NULL, NULL, h, r},
#define VG_SET_AXES(s, n, r, d, lo, hi, h) \
  {#s "." #n, VG_SETTING_AXES, offsetof(vg_config, s.n), {d, d, d}, lo, hi, NULL, NULL, NULL, NULL, h, r},
#define VG_SET_CHOICE(s, n, r, d, c, h) \
  {#s "." #n,                           \
   VG_SETTING_CHOICE,                   \
   offsetof(vg_config, s.n),            \
   {VG_##d},                            \
   0,                                   \
   0,                                   \
   NULL,                                \
   (const char *const[]){c NULL},       \
   NULL,                                \
   NULL,                                \
   h,                                   \
   r},
#define VG_SET_NAME(s, n, resume, d, r, k, h) \
  {#s "." #n, VG_SETTING_NAME, offsetof(vg_config, s.n), {0}, 0, 0, d, NULL, r, k, h, resume},
static const vg_setting settings[] = {
#include "voxgan/settings.def"
};
enum { n_settings = sizeof settings / sizeof *settings };

/* The generic code below reads and writes an enum as an int. */
_Static_assert(sizeof(vg_train_direction) == sizeof(int), "an enum of the config has the size of an int");

const vg_setting *vg_setting_at(int i) {
  return i >= 0 && i < n_settings ? &settings[i] : NULL;
}

static const vg_setting *setting_find(const char *key) {
  for (int i = 0; i < n_settings; i++)
    if (!strcmp(settings[i].key, key)) return &settings[i];
  return NULL;
}

static void *setting_slot(vg_config *c, const vg_setting *s) {
  return (char *)c + s->offset;
}

/* ---- choices ---- */

static bool is_row_of(const vg_setting *s, const vg_registry_row *row) {
  return !s->kind || (row->kind && !strcmp(row->kind, s->kind));
}

/* Row i of those that s can name; NULL past the last. */
static const char *name_at(const vg_setting *s, int i) {
  for (const vg_registry_row *row = vg_registry_find(s->registry)->rows; row->name; row++)
    if (is_row_of(s, row) && i-- == 0) return row->name;
  return NULL;
}

static bool names_row(const vg_setting *s, const char *text) {
  const char *name;
  for (int i = 0; (name = name_at(s, i)); i++)
    if (!strcmp(name, text)) return true;
  return false;
}

const char *vg_setting_choice(const vg_setting *s, int i) {
  if (s->type == VG_SETTING_NAME) {
    if (names_row(s, s->text_def)) return name_at(s, i);
    return i ? name_at(s, i - 1) : s->text_def;
  }
  for (int k = 0; s->type == VG_SETTING_CHOICE && s->choices[k]; k++)
    if (k == i) return s->choices[k];
  return NULL;
}

/* The number of the choice, or -1. */
static int choice_find(const vg_setting *s, const char *text) {
  const char *choice;
  for (int i = 0; (choice = vg_setting_choice(s, i)); i++)
    if (!strcmp(choice, text)) return i;
  return -1;
}

/* "auto|map|mask" (vg_free) */
static char *choices_text(const vg_setting *s) {
  vg_str text = VG_STR_INIT;
  const char *choice;
  for (int i = 0; (choice = vg_setting_choice(s, i)); i++) vg_str_addf(&text, "%s%s", i ? "|" : "", choice);
  return vg_str_take(&text);
}

static vg_status no_choice(const vg_setting *s, const char *text) {
  char *choices = choices_text(s);
  vg_status st =
      choices ? vg_fail(VG_CONFIG, "%s is \"%s\", but must be one of %s", s->key, text, choices) : VG_MEMORY;
  vg_free(choices);
  return st;
}

/* ---- values ---- */

void vg_config_default(vg_config *c) {
  memset(c, 0, sizeof *c);
  for (int i = 0; i < n_settings; i++) {
    const vg_setting *s = &settings[i];
    void *slot = setting_slot(c, s);
    switch (s->type) {
    case VG_SETTING_BOOL:
      *(bool *)slot = s->def[0] != 0;
      break;
    case VG_SETTING_INT:
      *(int *)slot = (int)s->def[0];
      break;
    case VG_SETTING_F64:
      *(double *)slot = s->def[0];
      break;
    case VG_SETTING_CHOICE:
      *(int *)slot = (int)s->def[0];
      break;
    case VG_SETTING_STR:
    case VG_SETTING_NAME:
      strcpy(slot, s->text_def);
      break;
    case VG_SETTING_DIMS:
      for (int a = 0; a < 3; a++) ((int *)slot)[a] = (int)s->def[a];
      break;
    case VG_SETTING_AXES:
      memcpy(slot, s->def, sizeof s->def);
      break;
    }
  }
}

static vg_status unknown_key(const char *where, const char *key) {
  const char *near = vg_names_nearest(VG_NAMES_N(settings, n_settings), key);
  return vg_fail(VG_CONFIG,
                 near ? "%s: unknown setting %s; did you mean %s?"
                      : "%s: unknown setting %s; `voxgan list settings` shows all",
                 where, key, near);
}

static vg_status check_number(const vg_setting *s, double v) {
  if (v >= s->least && v <= s->most) return VG_OK;
  return vg_fail(VG_CONFIG, "%s is %.10g, but must be from %.10g to %.10g", s->key, v, s->least, s->most);
}

vg_status vg_setting_check(const vg_setting *s, const void *value) {
  vg_status st = VG_OK;
  switch (s->type) {
  case VG_SETTING_INT:
    return check_number(s, *(const int *)value);
  case VG_SETTING_F64:
    return check_number(s, *(const double *)value);
  case VG_SETTING_DIMS:
    for (int a = 0; a < 3 && !st; a++) st = check_number(s, ((const int *)value)[a]);
    return st;
  case VG_SETTING_AXES:
    for (int a = 0; a < 3 && !st; a++) st = check_number(s, ((const double *)value)[a]);
    return st;
  case VG_SETTING_CHOICE:
    if (vg_setting_choice(s, *(const int *)value)) return VG_OK;
    return vg_fail(VG_CONFIG, "%s has no choice %d", s->key, *(const int *)value);
  case VG_SETTING_NAME:
    return choice_find(s, value) >= 0 ? VG_OK : no_choice(s, value);
  case VG_SETTING_BOOL:
  case VG_SETTING_STR:
    break;
  }
  return VG_OK;
}

size_t vg_setting_size(const vg_setting *s) {
  switch (s->type) {
  case VG_SETTING_BOOL:
    return sizeof(bool);
  case VG_SETTING_INT:
  case VG_SETTING_CHOICE:
    return sizeof(int);
  case VG_SETTING_F64:
    return sizeof(double);
  case VG_SETTING_STR:
    return VG_CONFIG_TEXT;
  case VG_SETTING_DIMS:
    return 3 * sizeof(int);
  case VG_SETTING_AXES:
    return 3 * sizeof(double);
  case VG_SETTING_NAME:
    return VG_CONFIG_NAME;
  }
  return 0;
}

static vg_status set_number(vg_config *c, const char *where, const vg_setting *s, int index, double v) {
  vg_status st = check_number(s, v);
  if (st) return vg_fail_in(st, "%s", where);
  if (s->type == VG_SETTING_F64 || s->type == VG_SETTING_AXES) {
    ((double *)setting_slot(c, s))[index] = v;
    return VG_OK;
  }
  if (v != floor(v))
    return vg_fail(VG_CONFIG, "%s: %s is %.10g, but must be a whole number", where, s->key, v);
  ((int *)setting_slot(c, s))[index] = (int)v;
  return VG_OK;
}

vg_status vg_setting_set_text(const vg_setting *s, const char *text, void *value) {
  const size_t room = s->type == VG_SETTING_CHOICE ? SIZE_MAX : vg_setting_size(s);
  if (s->type != VG_SETTING_STR && choice_find(s, text) < 0) return no_choice(s, text);
  if (strlen(text) >= room) return vg_fail(VG_CONFIG, "%s is longer than %zu letters", s->key, room - 1);
  if (s->type == VG_SETTING_CHOICE)
    *(int *)value = choice_find(s, text);
  else
    strcpy(value, text);
  return VG_OK;
}

static vg_status set_text(vg_config *c, const char *where, const vg_setting *s, const char *text) {
  return vg_fail_in(vg_setting_set_text(s, text, setting_slot(c, s)), "%s", where);
}

/* "X,Y,Z", or for AXES one number for all three. */
static vg_status set_axes(vg_config *c, const vg_setting *s, const char *text) {
  size_t n;
  double v;
  char **parts = vg_split(text, ',', &n);
  if (!parts) return VG_MEMORY;
  const bool one = s->type == VG_SETTING_AXES && n == 1;
  vg_status st = n == 3 || one ? VG_OK
                               : vg_fail(VG_CONFIG, "--set: %s is \"%s\", but must be %sX,Y,Z%s", s->key,
                                         text, s->type == VG_SETTING_AXES ? "a number or " : "",
                                         n == 2 ? " (the decimal sign is a point)" : "");
  for (int a = 0; a < 3 && !st; a++) {
    const char *part = parts[one ? 0 : a];
    st = vg_parse_f64(part, &v) ? set_number(c, "--set", s, a, v)
                                : vg_fail(VG_CONFIG, "--set: %s: \"%s\" is not a number", s->key, part);
  }
  vg_strv_free(parts);
  return st;
}

vg_status vg_config_set(vg_config *c, const char *assignment) {
  const char *eq = strchr(assignment, '=');
  if (!eq || eq == assignment) return vg_fail(VG_CONFIG, "--set %s: wanted KEY=VALUE", assignment);
  char key[128];
  if ((size_t)(eq - assignment) >= sizeof key)
    return vg_fail(VG_CONFIG, "--set %s: unknown setting", assignment);
  memcpy(key, assignment, (size_t)(eq - assignment));
  key[eq - assignment] = 0;
  const char *value = eq + 1;
  const vg_setting *s = setting_find(key);
  if (!s) return unknown_key("--set", key);
  double v;
  switch (s->type) {
  case VG_SETTING_STR:
  case VG_SETTING_CHOICE:
  case VG_SETTING_NAME:
    return set_text(c, "--set", s, value);
  case VG_SETTING_BOOL:
    if (strcmp(value, "true") && strcmp(value, "false"))
      return vg_fail(VG_CONFIG, "--set: %s is \"%s\", but must be true or false", key, value);
    *(bool *)setting_slot(c, s) = *value == 't';
    return VG_OK;
  case VG_SETTING_AXES:
  case VG_SETTING_DIMS:
    return set_axes(c, s, value);
  default:
    if (!vg_parse_f64(value, &v))
      return vg_fail(VG_CONFIG, "--set: %s is \"%s\", but must be a number", key, value);
    return set_number(c, "--set", s, 0, v);
  }
}

static vg_status set_json(vg_config *c, const char *name, const vg_setting *s, const vg_json *node) {
  static const char *const wanted[] = {
      "true or false", "a whole number", "a number", "a string",
      "[x, y, z]",     "a string",       "a string", "a number or [x, y, z]"};
  vg_json_type t = vg_json_type_of(node);
  const bool text = s->type == VG_SETTING_STR || s->type == VG_SETTING_CHOICE || s->type == VG_SETTING_NAME;
  if (text && t == VG_JSON_STRING) return set_text(c, name, s, vg_json_string(node, ""));
  if (s->type == VG_SETTING_BOOL && t == VG_JSON_BOOL) {
    *(bool *)setting_slot(c, s) = vg_json_bool(node, false);
    return VG_OK;
  }
  if ((s->type == VG_SETTING_INT || s->type == VG_SETTING_F64) && t == VG_JSON_NUMBER)
    return set_number(c, name, s, 0, vg_json_number(node, 0));
  if (s->type == VG_SETTING_AXES && t == VG_JSON_NUMBER) {
    vg_status st = VG_OK;
    for (int a = 0; a < 3 && !st; a++) st = set_number(c, name, s, a, vg_json_number(node, 0));
    return st;
  }
  if ((s->type == VG_SETTING_DIMS || s->type == VG_SETTING_AXES) && t == VG_JSON_ARRAY &&
      vg_json_size(node) == 3) {
    int a = 0;
    for (const vg_json *e = vg_json_first(node); e; e = vg_json_next(e), a++) {
      if (vg_json_type_of(e) != VG_JSON_NUMBER) break;
      vg_status st = set_number(c, name, s, a, vg_json_number(e, 0));
      if (st) return st;
    }
    if (a == 3) return VG_OK;
  }
  return vg_fail(VG_CONFIG, "%s: %s must be %s", name, s->key, wanted[s->type]);
}

static bool is_section(const char *name) {
  size_t len = strlen(name);
  for (int i = 0; i < n_settings; i++)
    if (!strncmp(settings[i].key, name, len) && settings[i].key[len] == '.') return true;
  return false;
}

vg_status vg_config_from_json(vg_config *c, const char *name, const vg_json *root) {
  if (vg_json_type_of(root) != VG_JSON_OBJECT) return vg_fail(VG_CONFIG, "%s: must be a JSON object", name);
  for (const vg_json *section = vg_json_first(root); section; section = vg_json_next(section)) {
    const char *sname = vg_json_key(section);
    if (!strcmp(sname, "about") && vg_json_type_of(section) == VG_JSON_STRING) continue;
    if (!is_section(sname)) return unknown_key(name, sname);
    if (vg_json_type_of(section) != VG_JSON_OBJECT)
      return vg_fail(VG_CONFIG, "%s: %s must be an object", name, sname);
    for (const vg_json *node = vg_json_first(section); node; node = vg_json_next(node)) {
      char key[256];
      snprintf(key, sizeof key, "%s.%s", sname, vg_json_key(node));
      const vg_setting *s = setting_find(key);
      if (!s) return unknown_key(name, key);
      vg_status st = set_json(c, name, s, node);
      if (st) return st;
    }
  }
  return VG_OK;
}

vg_status vg_config_read(vg_config *c, const char *path) {
  vg_json *root = NULL;
  vg_status st = vg_json_read(path, &root);
  /* A config that does not parse is the user's mistake in the config, not bad image data. */
  if (st == VG_DATA) st = VG_CONFIG;
  if (!st) st = vg_config_from_json(c, path, root);
  vg_json_free(root);
  return st;
}

bool vg_config_segments(const vg_config *c) {
  return c->train.direction == VG_DIRECTION_IMAGE2LABEL;
}

vg_status vg_config_resolve(vg_config *c) {
  bool segments = vg_config_segments(c);
  vg_anatomy anatomy;
  vg_status st = vg_anatomy_parse(c->data.anatomy, &anatomy);
  if (st) return st;
  if (segments && (anatomy.kind == VG_ANATOMY_CLUSTERS || anatomy.kind == VG_ANATOMY_PREDICT))
    return vg_fail(VG_CONFIG,
                   "data.anatomy is \"%s\", but image2label learns to find anatomy, and must not be taught "
                   "what was found without knowledge of it: give it maps",
                   c->data.anatomy);
  vg_clusters parts;
  if ((st = vg_tumour_parts_parse(c->data.tumour_parts, &parts))) return st;
  if (segments && parts.n_series)
    return vg_fail(
        VG_CONFIG,
        "data.tumour_parts is \"%s\", but image2label learns classes that maps show; parts are for "
        "label2image",
        c->data.tumour_parts);
  if (!names_row(&settings[VG_SETTING_INDEX_train_reconstruction], c->train.reconstruction))
    strcpy(c->train.reconstruction, segments ? "ce_dice" : "l1");
  if (c->augment.images == VG_AUGMENT_AUTO) c->augment.images = segments ? VG_AUGMENT_ON : VG_AUGMENT_OFF;
  if (!segments && c->train.images == VG_IMAGES_SYNTHETIC)
    return vg_fail(
        VG_CONFIG,
        "train.images synthetic is for train.direction image2label: label2image learns from real images");
  if (c->randomise.scale_low > c->randomise.scale_high || c->randomise.mean_low > c->randomise.mean_high ||
      c->randomise.sd_low > c->randomise.sd_high || c->randomise.slice_low > c->randomise.slice_high)
    return vg_fail(VG_CONFIG, "randomise: a _low setting is above its _high");
  if (!segments && c->augment.drop_series > 0)
    return vg_fail(VG_CONFIG,
                   "augment.drop_series is %.10g, but label2image reads no series; it is for "
                   "train.direction image2label",
                   c->augment.drop_series);
  return VG_OK;
}

vg_json *vg_config_to_json(const vg_config *c) {
  vg_json *root = vg_json_object();
  for (int i = 0; i < n_settings; i++) {
    const vg_setting *s = &settings[i];
    const void *slot = (const char *)c + s->offset;
    const char *dot = strchr(s->key, '.');
    char sname[32];
    snprintf(sname, sizeof sname, "%.*s", (int)(dot - s->key), s->key);
    vg_json *section = vg_json_get(root, sname);
    if (!section) section = vg_json_put_take(root, sname, vg_json_object());
    switch (s->type) {
    case VG_SETTING_BOOL:
      vg_json_put_bool(section, dot + 1, *(const bool *)slot);
      break;
    case VG_SETTING_INT:
      vg_json_put_number(section, dot + 1, *(const int *)slot);
      break;
    case VG_SETTING_F64:
      vg_json_put_number(section, dot + 1, *(const double *)slot);
      break;
    case VG_SETTING_CHOICE:
      vg_json_put_string(section, dot + 1, vg_setting_choice(s, *(const int *)slot));
      break;
    case VG_SETTING_STR:
    case VG_SETTING_NAME:
      vg_json_put_string(section, dot + 1, slot);
      break;
    case VG_SETTING_DIMS: {
      vg_json *list = vg_json_put_take(section, dot + 1, vg_json_array());
      for (int a = 0; a < 3; a++) vg_json_put_number(list, NULL, ((const int *)slot)[a]);
      break;
    }
    case VG_SETTING_AXES:
      vg_json_put_axes(section, dot + 1, slot);
      break;
    }
  }
  return vg_json_whole(root);
}

const char *vg_setting_text(const vg_config *c, const vg_setting *s, char *buf, size_t size) {
  const void *slot = (const char *)c + s->offset;
  const int *dims = slot;
  switch (s->type) {
  case VG_SETTING_BOOL:
    snprintf(buf, size, "%s", *(const bool *)slot ? "true" : "false");
    break;
  case VG_SETTING_INT:
    snprintf(buf, size, "%d", *(const int *)slot);
    break;
  case VG_SETTING_F64:
    snprintf(buf, size, "%.10g", *(const double *)slot);
    break;
  case VG_SETTING_CHOICE:
    snprintf(buf, size, "%s", vg_setting_choice(s, *dims));
    break;
  case VG_SETTING_STR:
  case VG_SETTING_NAME:
    snprintf(buf, size, "%s", (const char *)slot);
    break;
  case VG_SETTING_DIMS:
    snprintf(buf, size, "%d,%d,%d", dims[0], dims[1], dims[2]);
    break;
  case VG_SETTING_AXES:
    snprintf(buf, size, vg_axes_same(slot) ? "%.10g" : "%.10g,%.10g,%.10g", ((const double *)slot)[0],
             ((const double *)slot)[1], ((const double *)slot)[2]);
    break;
  }
  return buf;
}

void vg_config_help(FILE *to) {
  vg_config c;
  char text[VG_CONFIG_TEXT];
  vg_config_default(&c);
  for (int i = 0; i < n_settings; i++) {
    const vg_setting *s = &settings[i];
    fprintf(to, "  %-24s %s", s->key, s->help);
    vg_setting_text(&c, s, text, sizeof text);
    if (*text) fprintf(to, " [%s]", text);
    char *choices = vg_setting_choice(s, 0) ? choices_text(s) : NULL;
    if (choices)
      fprintf(to, " (%s)", choices);
    else if (s->type == VG_SETTING_INT || s->type == VG_SETTING_F64 || s->type == VG_SETTING_DIMS ||
             s->type == VG_SETTING_AXES)
      fprintf(to, " (%.10g to %.10g)", s->least, s->most);
    fputc('\n', to);
    vg_free(choices);
  }
}
