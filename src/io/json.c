/* json.c: the only file that uses cJSON. It prints JSON itself, because cJSON does not write the shortest
 * numbers and indents differently. */
#include "io/json.h"
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/number/axes.h"
#include "base/str.h"

/* A vg_json is a cJSON under another name. Objects and arrays do not use valueint; here it marks that an
 * addition failed, so that an incomplete tree is never printed. */
#define INCOMPLETE 1

static const cJSON *in(const vg_json *n) {
  return (const cJSON *)n;
}
static cJSON *in_mut(vg_json *n) {
  return (cJSON *)n;
}
static vg_json *out_of(const cJSON *n) {
  return (vg_json *)(uintptr_t)n;
}

/* cJSON does not distinguish "no memory" from "bad text". */
static _Thread_local bool starved;

static void *hook_malloc(size_t n) {
  void *p = vg_malloc(n, 1);
  if (!p) starved = true;
  return p;
}

static void install_hooks(void) {
  cJSON_Hooks hooks = {hook_malloc, vg_free};
  cJSON_InitHooks(&hooks);
}

static void init_once(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install_hooks);
}

/* ---- reading -------------------------------------------------------------------------------- */

static vg_status fail_at(const char *name, const char *text, const char *at) {
  int line = 1, column = 1;
  for (const char *c = text; c < at && *c; c++) {
    column++;
    if (*c == '\n') line++, column = 1;
  }
  if (!*at) return vg_fail(VG_DATA, "%s:%d:%d: not valid JSON: the text ends early", name, line, column);
  int shown = 0;
  while (shown < 20 && (unsigned char)at[shown] >= ' ') shown++;
  return vg_fail(VG_DATA, "%s:%d:%d: not valid JSON at '%.*s'", name, line, column, shown, at);
}

/* Values take some 80 bytes each, so "[0,0,0" of a few hundred MB would take all memory. */
#define VALUES_MOST ((size_t)8 << 20)

/* No text has more values than this; commas within strings count too. */
static size_t count_values(const char *text) {
  size_t n = 1;
  for (const char *c = text; *c; c++) n += *c == ',' || *c == '[' || *c == '{';
  return n;
}

vg_status vg_json_parse(const char *name, const char *text, vg_json **out) {
  init_once();
  if (count_values(text) > VALUES_MOST)
    return vg_fail(VG_DATA, "%s: JSON of more than %zu values", name, VALUES_MOST);
  starved = false;
  const char *end = NULL;
  cJSON *root = cJSON_ParseWithOpts(text, &end, true);
  if (root) {
    *out = out_of(root);
    return VG_OK;
  }
  if (starved) return vg_fail_in(VG_MEMORY, "%s", name);
  return fail_at(name, text, end ? end : text);
}

vg_status vg_json_read(const char *path, vg_json **out) {
  void *bytes;
  size_t len;
  vg_status st = vg_fs_read_most(path, VG_JSON_BYTES, &bytes, &len);
  if (st) return st;
  const char *text = bytes;
  if (strlen(text) != len)
    st = vg_fail(VG_DATA, "%s: not valid JSON: it has a NUL byte at %zu", path, strlen(text));
  else
    st = vg_json_parse(path, text, out);
  vg_free(bytes);
  return st;
}

void vg_json_free(vg_json *root) {
  init_once();
  cJSON_Delete(in_mut(root));
}

vg_json_type vg_json_type_of(const vg_json *node) {
  if (!node) return VG_JSON_NONE;
  switch (in(node)->type & 0xff) {
  case cJSON_NULL:
    return VG_JSON_NULL;
  case cJSON_True:
  case cJSON_False:
    return VG_JSON_BOOL;
  case cJSON_Number:
    return VG_JSON_NUMBER;
  case cJSON_String:
    return VG_JSON_STRING;
  case cJSON_Array:
    return VG_JSON_ARRAY;
  case cJSON_Object:
    return VG_JSON_OBJECT;
  default:
    return VG_JSON_NONE;
  }
}

vg_json *vg_json_get(const vg_json *object, const char *key) {
  if (vg_json_type_of(object) != VG_JSON_OBJECT) return NULL;
  return out_of(cJSON_GetObjectItemCaseSensitive(in(object), key));
}

vg_json *vg_json_first(const vg_json *node) {
  vg_json_type t = vg_json_type_of(node);
  return t == VG_JSON_OBJECT || t == VG_JSON_ARRAY ? out_of(in(node)->child) : NULL;
}

vg_json *vg_json_next(const vg_json *child) {
  return child ? out_of(in(child)->next) : NULL;
}

size_t vg_json_size(const vg_json *node) {
  size_t n = 0;
  for (const vg_json *c = vg_json_first(node); c; c = vg_json_next(c)) n++;
  return n;
}

const char *vg_json_key(const vg_json *child) {
  return child && in(child)->string ? in(child)->string : "";
}

double vg_json_number(const vg_json *node, double otherwise) {
  return vg_json_type_of(node) == VG_JSON_NUMBER ? in(node)->valuedouble : otherwise;
}

bool vg_json_axes(const vg_json *node, double values[3]) {
  const bool one = vg_json_type_of(node) == VG_JSON_NUMBER;
  double v[3];
  if (!one && (vg_json_type_of(node) != VG_JSON_ARRAY || vg_json_size(node) != 3)) return false;
  const vg_json *e = one ? node : vg_json_first(node);
  for (int a = 0; a < 3; a++, e = one ? node : vg_json_next(e)) {
    if (vg_json_type_of(e) != VG_JSON_NUMBER) return false;
    v[a] = vg_json_number(e, 0);
  }
  memcpy(values, v, sizeof v);
  return true;
}

bool vg_json_bool(const vg_json *node, bool otherwise) {
  return vg_json_type_of(node) == VG_JSON_BOOL ? (in(node)->type & 0xff) == cJSON_True : otherwise;
}

const char *vg_json_string(const vg_json *node, const char *otherwise) {
  return vg_json_type_of(node) == VG_JSON_STRING ? in(node)->valuestring : otherwise;
}

vg_status vg_json_i64(const vg_json *object, const char *key, int64_t least, int64_t most, int64_t *out) {
  const vg_json *node = vg_json_get(object, key);
  const double v = vg_json_number(node, NAN);
  if (vg_json_type_of(node) != VG_JSON_NUMBER) return vg_fail(VG_DATA, "the number %s is missing", key);
  /* 2^53: not every whole number beyond it is a double. The bound also keeps the cast below defined. */
  if (!(fabs(v) <= 9007199254740992.0) || v != floor(v) || (int64_t)v < least || (int64_t)v > most)
    return vg_fail(VG_DATA, "%s is %.10g, but must be a whole number from %" PRId64 " to %" PRId64, key, v,
                   least, most);
  *out = (int64_t)v;
  return VG_OK;
}

vg_status vg_json_int(const vg_json *object, const char *key, int least, int most, int *out) {
  int64_t whole;
  vg_status st = vg_json_i64(object, key, least, most, &whole);
  if (!st) *out = (int)whole;
  return st;
}

/* ---- building ------------------------------------------------------------------------------- */

vg_json *vg_json_object(void) {
  init_once();
  return out_of(cJSON_CreateObject());
}

vg_json *vg_json_array(void) {
  init_once();
  return out_of(cJSON_CreateArray());
}

vg_json *vg_json_put_take(vg_json *parent, const char *key, vg_json *child) {
  init_once();
  cJSON *p = in_mut(parent), *c = in_mut(child);
  bool good = false;
  if (p && c && key) {
    if (vg_json_type_of(parent) != VG_JSON_OBJECT) VG_BUG("a key needs an object");
    if (cJSON_GetObjectItemCaseSensitive(p, key)) {
      /* cJSON does not check its copy of the key. */
      good = cJSON_ReplaceItemInObjectCaseSensitive(p, key, c);
      if (good && !c->string) p->valueint = INCOMPLETE;
    } else {
      good = cJSON_AddItemToObject(p, key, c);
    }
  } else if (p && c) {
    if (vg_json_type_of(parent) != VG_JSON_ARRAY) VG_BUG("an element needs an array");
    good = cJSON_AddItemToArray(p, c);
  }
  if (good) return child;
  cJSON_Delete(c);
  if (p) p->valueint = INCOMPLETE;
  return NULL;
}

bool vg_json_is_whole(const vg_json *node) {
  const vg_json_type t = vg_json_type_of(node);
  if (!node || ((t == VG_JSON_OBJECT || t == VG_JSON_ARRAY) && in(node)->valueint == INCOMPLETE))
    return false;
  for (const vg_json *c = vg_json_first(node); c; c = vg_json_next(c))
    if (!vg_json_is_whole(c)) return false;
  return true;
}

vg_json *vg_json_whole(vg_json *root) {
  if (vg_json_is_whole(root)) return root;
  vg_json_free(root);
  vg_fail(VG_MEMORY, "out of memory while building JSON");
  return NULL;
}

void vg_json_put_copy(vg_json *parent, const char *key, const vg_json *from) {
  init_once();
  if (from) vg_json_put_take(parent, key, out_of(cJSON_Duplicate(in(from), true)));
}

void vg_json_put_string(vg_json *parent, const char *key, const char *value) {
  init_once();
  vg_json_put_take(parent, key, out_of(value ? cJSON_CreateString(value) : cJSON_CreateNull()));
}

void vg_json_put_string_take(vg_json *parent, const char *key, char *value) {
  init_once();
  vg_json_put_take(parent, key, out_of(value ? cJSON_CreateString(value) : NULL));
  vg_free(value);
}

void vg_json_put_number(vg_json *parent, const char *key, double value) {
  init_once();
  vg_json_put_take(parent, key, out_of(isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull()));
}

void vg_json_put_axes(vg_json *parent, const char *key, const double values[3]) {
  if (vg_axes_same(values)) {
    vg_json_put_number(parent, key, values[0]);
    return;
  }
  vg_json *list = vg_json_put_take(parent, key, vg_json_array());
  for (int a = 0; a < 3; a++) vg_json_put_number(list, NULL, values[a]);
}

void vg_json_put_bool(vg_json *parent, const char *key, bool value) {
  init_once();
  vg_json_put_take(parent, key, out_of(cJSON_CreateBool(value)));
}

/* ---- printing ------------------------------------------------------------------------------- */

static void add_string(vg_str *s, const char *text) {
  vg_str_add(s, "\"");
  const char *from = text;
  for (const char *c = text;; c++) {
    if ((unsigned char)*c >= ' ' && *c != '"' && *c != '\\') continue;
    vg_str_add_bytes(s, from, (size_t)(c - from));
    if (!*c) break;
    switch (*c) {
    case '"':
      vg_str_add(s, "\\\"");
      break;
    case '\\':
      vg_str_add(s, "\\\\");
      break;
    case '\n':
      vg_str_add(s, "\\n");
      break;
    case '\t':
      vg_str_add(s, "\\t");
      break;
    case '\r':
      vg_str_add(s, "\\r");
      break;
    default:
      vg_str_addf(s, "\\u%04x", (unsigned)*c);
    }
    from = c + 1;
  }
  vg_str_add(s, "\"");
}

/* A row of numbers is easiest to read on one line. */
static bool is_flat(const vg_json *array) {
  for (const vg_json *c = vg_json_first(array); c; c = vg_json_next(c)) {
    vg_json_type t = vg_json_type_of(c);
    if (t == VG_JSON_ARRAY || t == VG_JSON_OBJECT) return false;
  }
  return true;
}

static void add_break(vg_str *s, int depth) {
  vg_str_add(s, "\n");
  for (int i = 0; i < depth; i++) vg_str_add(s, "  ");
}

static void add_node(vg_str *s, const vg_json *node, bool pretty, int depth) {
  vg_json_type t = vg_json_type_of(node);
  switch (t) {
  case VG_JSON_NONE:
  case VG_JSON_NULL:
    vg_str_add(s, "null");
    return;
  case VG_JSON_BOOL:
    vg_str_add(s, vg_json_bool(node, false) ? "true" : "false");
    return;
  case VG_JSON_NUMBER:
    if (isfinite(in(node)->valuedouble))
      vg_str_add_number(s, in(node)->valuedouble);
    else
      vg_str_add(s, "null");
    return;
  case VG_JSON_STRING:
    add_string(s, in(node)->valuestring);
    return;
  case VG_JSON_ARRAY:
  case VG_JSON_OBJECT:
    break;
  }
  bool object = t == VG_JSON_OBJECT;
  bool broken = pretty && in(node)->child && (object || !is_flat(node));
  if (in(node)->valueint == INCOMPLETE) s->failed = true;
  vg_str_add(s, object ? "{" : "[");
  for (const vg_json *c = vg_json_first(node); c; c = vg_json_next(c)) {
    if (broken) add_break(s, depth + 1);
    if (object) {
      if (!in(c)->string) {
        s->failed = true;
        return;
      }
      add_string(s, vg_json_key(c));
      vg_str_add(s, pretty ? ": " : ":");
    }
    add_node(s, c, pretty, depth + 1);
    if (vg_json_next(c)) vg_str_add(s, pretty && !broken ? ", " : ",");
  }
  if (broken) add_break(s, depth);
  vg_str_add(s, object ? "}" : "]");
}

char *vg_json_print(const vg_json *node, bool pretty) {
  vg_str s = VG_STR_INIT;
  if (node) {
    add_node(&s, node, pretty, 0);
    if (pretty) vg_str_add(&s, "\n");
  }
  if (!node || vg_str_failed(&s)) {
    vg_str_release(&s);
    vg_fail(VG_MEMORY, "out of memory while building JSON");
    return NULL;
  }
  return vg_str_take(&s);
}

vg_status vg_json_write(const char *path, const vg_json *node) {
  char *text = vg_json_print(node, true);
  if (!text) return vg_fail_in(VG_MEMORY, "%s", path);
  vg_status st = vg_fs_write_atomic(path, text, strlen(text));
  vg_free(text);
  return st;
}

vg_status vg_json_write_new(const char *path, const vg_json *node, bool *made) {
  char *text = vg_json_print(node, true);
  *made = false;
  if (!text) return vg_fail_in(VG_MEMORY, "%s", path);
  vg_status st = vg_fs_write_new(path, text, strlen(text), made);
  vg_free(text);
  return st;
}
