/* str.c: growable strings, whole-string number parsing, splitting, and "did you mean". */
#include "base/str.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/mem.h"
#include "base/text/formula.h"
#include "base/text/shown.h"

/* Makes room for n more bytes and the NUL. */
static bool reserve(vg_str *s, size_t n) {
  if (s->failed) return false;
  size_t want = s->len + n + 1;
  if (want <= s->len) {
    vg_fail(VG_MEMORY, "out of memory: a string of %zu more bytes", n);
    s->failed = true;
    return false;
  }
  if (want <= s->cap) return true;
  size_t cap = s->cap ? s->cap : 64;
  while (cap < want) cap = cap > SIZE_MAX / 2 ? want : cap * 2;
  char *text = vg_realloc(s->text, cap, 1);
  if (!text) {
    s->failed = true;
    return false;
  }
  s->text = text;
  s->cap = cap;
  return true;
}

void vg_str_add_bytes(vg_str *s, const void *bytes, size_t n) {
  if (!reserve(s, n)) return;
  if (n) memcpy(s->text + s->len, bytes, n);
  s->len += n;
  s->text[s->len] = '\0';
}

void vg_str_add(vg_str *s, const char *text) {
  vg_str_add_bytes(s, text, strlen(text));
}

static void add_v(vg_str *s, const char *fmt, va_list ap) {
  va_list again;
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, again);
  va_end(again);
  if (n < 0) {
    s->failed = true;
    vg_fail(VG_FAILED, "cannot format text");
    return;
  }
  if (!reserve(s, (size_t)n)) return;
  vsnprintf(s->text + s->len, (size_t)n + 1, fmt, ap);
  s->len += (size_t)n;
}

void vg_str_addf(vg_str *s, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  add_v(s, fmt, ap);
  va_end(ap);
}

void vg_str_add_csv(vg_str *s, const char *text) {
  const char *mark = vg_formula_mark(text);
  if (!strpbrk(text, ",\"\r\n")) {
    vg_str_add(s, mark);
    vg_str_add(s, text);
    return;
  }
  vg_str_add(s, "\"");
  vg_str_add(s, mark);
  for (const char *from = text;;) {
    const char *quote = strchr(from, '"');
    if (!quote) {
      vg_str_add(s, from);
      break;
    }
    vg_str_add_bytes(s, from, (size_t)(quote - from));
    vg_str_add(s, "\"\"");
    from = quote + 1;
  }
  vg_str_add(s, "\"");
}

void vg_str_add_shown(vg_str *s, const char *text) {
  const size_t len = strlen(text);
  char code[16];
  for (size_t at = 0, n; at < len; at += n) {
    const bool prints = vg_shown_as_is(text + at, len - at, &n);
    if (!prints) vg_shown_escape(text + at, n, code);
    vg_str_add_bytes(s, prints ? text + at : code, prints ? n : strlen(code));
  }
}

void vg_str_add_word(vg_str *s, const char *text) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%";
  if (*text && !text[strspn(text, plain)]) {
    vg_str_add(s, text);
    return;
  }
  vg_str_add(s, "'");
  for (; *text; text++) vg_str_add_bytes(s, *text == '\'' ? "'\\''" : text, *text == '\'' ? 4 : 1);
  vg_str_add(s, "'");
}

char *vg_shell_word(const char *text) {
  vg_str t = VG_STR_INIT;
  vg_str_add_word(&t, text);
  return vg_str_take(&t);
}

void vg_str_add_number(vg_str *s, double v) {
  char buf[40];
  if (v == floor(v) && fabs(v) < 9007199254740992.0) {
    snprintf(buf, sizeof buf, "%.0f", v);
    vg_str_add(s, v == 0 ? "0" : buf);
    return;
  }
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(buf, sizeof buf, "%.*g", digits, v);
    if (strtod(buf, NULL) == v) break;
  }
  for (char *c = buf; *c; c++) {
    if (*c == ',') *c = '.'; /* a program that runs in another locale may link this library */
  }
  vg_str_add(s, buf);
}

bool vg_str_failed(const vg_str *s) {
  return s->failed;
}

const char *vg_str_text(const vg_str *s) {
  return s->text ? s->text : "";
}

char *vg_str_take(vg_str *s) {
  char *text = NULL;
  if (!s->failed && reserve(s, 0)) {
    text = s->text;
    text[s->len] = '\0';
    s->text = NULL;
  }
  vg_str_release(s);
  return text;
}

void vg_str_clear(vg_str *s) {
  s->len = 0;
  s->failed = false;
  if (s->text) s->text[0] = '\0';
}

void vg_str_release(vg_str *s) {
  vg_free(s->text);
  *s = (vg_str)VG_STR_INIT;
}

char *vg_format(const char *fmt, ...) {
  vg_str s = VG_STR_INIT;
  va_list ap;
  va_start(ap, fmt);
  add_v(&s, fmt, ap);
  va_end(ap);
  return vg_str_take(&s);
}

bool vg_starts_with(const char *s, const char *prefix) {
  return !strncmp(s, prefix, strlen(prefix));
}

bool vg_ends_with(const char *s, const char *suffix) {
  size_t n = strlen(s), m = strlen(suffix);
  return n >= m && !memcmp(s + n - m, suffix, m);
}

bool vg_has_ending(const char *s, const char *ending) {
  size_t n = strlen(s), m = strlen(ending);
  return n >= m && !strcasecmp(s + n - m, ending);
}

bool vg_parse_i64(const char *s, long long *out) {
  if (!*s || isspace((unsigned char)*s)) return false;
  char *end;
  errno = 0;
  long long v = strtoll(s, &end, 10);
  if (errno || *end || end == s) return false;
  *out = v;
  return true;
}

bool vg_parse_f64(const char *s, double *out) {
  if (!*s || isspace((unsigned char)*s)) return false;
  char *end;
  errno = 0;
  double v = strtod(s, &end);
  /* ERANGE is also set for a denormal number, which is valid. */
  if (*end || end == s || (errno == ERANGE && (v > 1 || v < -1))) return false;
  *out = v;
  return true;
}

static char *dup_trimmed(const char *from, const char *to) {
  while (from < to && isspace((unsigned char)*from)) from++;
  while (to > from && isspace((unsigned char)to[-1])) to--;
  size_t n = (size_t)(to - from);
  char *copy = vg_malloc(n + 1, 1);
  if (!copy) return NULL;
  memcpy(copy, from, n);
  copy[n] = '\0';
  return copy;
}

char **vg_split(const char *s, char sep, size_t *n) {
  const char *scan = s;
  while (isspace((unsigned char)*scan)) scan++;
  size_t items = *scan ? 1 : 0;
  if (items) {
    for (const char *c = s; *c; c++) items += *c == sep;
  }
  char **v = VG_NEW_N(char *, items + 1);
  if (!v) return NULL;
  for (size_t i = 0; i < items; i++) {
    const char *end = strchr(s, sep);
    if (!end) end = s + strlen(s);
    v[i] = dup_trimmed(s, end);
    if (!v[i]) {
      vg_strv_free(v);
      return NULL;
    }
    s = end + 1;
  }
  if (n) *n = items;
  return v;
}

void vg_strv_free(char **v) {
  if (!v) return;
  for (char **s = v; *s; s++) vg_free(*s);
  vg_free(v);
}
