/* draw.c: parses the values and distributions that users write, and draws from them. */
#include "voxgan/edit.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/str.h"
#include "base/whole.h"
#include "edit/draw_like.h"

/* A double holds whole numbers exactly up to here. */
#define WHOLE_MOST 9007199254740992.0

static const struct {
  const char *name, *form;
  vg_draw_kind kind;
  int args; /* without limits */
  bool limits;
} forms[] = {
    {"uniform", "uniform(least,most)", VG_DRAW_UNIFORM, 2, false},
    {"int", "int(least,most)", VG_DRAW_INT, 2, false},
    {"normal", "normal(mean,sd) or normal(mean,sd,least,most)", VG_DRAW_NORMAL, 2, true},
    {"lognormal", "lognormal(median,sigma) or lognormal(median,sigma,least,most)", VG_DRAW_LOGNORMAL, 2,
     true},
    {"choice", "choice(a,b:weight,...)", VG_DRAW_CHOICE, 0, false},
    {"like", "like(DIR)", VG_DRAW_LIKE, 1, false},
};
enum { N_FORMS = sizeof forms / sizeof forms[0] };

static bool parse_finite(const char *text, double *out) {
  return vg_parse_f64(text, out) && isfinite(*out);
}

/* The text of a distribution as written; NULL for a constant or a choice. */
static const char *as_written(const vg_draw *d) {
  return d->kind == VG_DRAW_CONSTANT || d->kind == VG_DRAW_CHOICE ? NULL : d->text[0];
}

static vg_status parse_numbers(const char *text, int form, char *const *items, size_t n, vg_draw *out) {
  size_t wanted = (size_t)forms[form].args;
  if (n != wanted && !(forms[form].limits && n == wanted + 2))
    return vg_fail(VG_CONFIG, "%s: must be %s", text, forms[form].form);
  for (size_t i = 0; i < n; i++)
    if (!parse_finite(items[i], &out->a[i]))
      return vg_fail(VG_CONFIG, "%s: \"%s\" is not a number", text, items[i]);
  out->n = (int)n;
  out->numeric = true;
  const double *a = out->a;
  switch (out->kind) {
  case VG_DRAW_INT:
    if (a[0] != floor(a[0]) || a[1] != floor(a[1]) || fabs(a[0]) > WHOLE_MOST || fabs(a[1]) > WHOLE_MOST)
      return vg_fail(VG_CONFIG, "%s: both ends must be whole numbers", text);
    if (a[0] > a[1]) return vg_fail(VG_CONFIG, "%s: %s is above %s", text, items[0], items[1]);
    return VG_OK;
  case VG_DRAW_UNIFORM:
    if (!(a[0] < a[1])) return vg_fail(VG_CONFIG, "%s: %s is not below %s", text, items[0], items[1]);
    return VG_OK;
  default:
    break;
  }
  bool log = out->kind == VG_DRAW_LOGNORMAL;
  if (log && a[0] <= 0) return vg_fail(VG_CONFIG, "%s: the median must be above 0", text);
  if (a[1] <= 0) return vg_fail(VG_CONFIG, "%s: %s must be above 0", text, log ? "sigma" : "sd");
  if (n == 2) return VG_OK;
  if (!(a[2] < a[3])) return vg_fail(VG_CONFIG, "%s: %s is not below %s", text, items[2], items[3]);
  if (a[0] < a[2] || a[0] > a[3])
    return vg_fail(VG_CONFIG, "%s: the %s is not within %s to %s", text, log ? "median" : "mean", items[2],
                   items[3]);
  return VG_OK;
}

static vg_status parse_choices(const char *text, char *const *items, size_t n, vg_draw *out) {
  if (!n) return vg_fail(VG_CONFIG, "%s: nothing to choose from", text);
  if (n > VG_DRAW_CHOICES) return vg_fail(VG_CONFIG, "%s: more than %d choices", text, VG_DRAW_CHOICES);
  out->n = (int)n;
  out->numeric = true;
  for (size_t i = 0; i < n; i++) {
    char *colon = strrchr(items[i], ':');
    out->weight[i] = 1;
    if (colon) {
      if (!parse_finite(colon + 1, &out->weight[i]) || out->weight[i] <= 0)
        return vg_fail(VG_CONFIG, "%s: weight \"%s\" is not a number above 0", text, colon + 1);
      *colon = 0;
    }
    if (!*items[i]) return vg_fail(VG_CONFIG, "%s: a choice is empty", text);
    for (size_t k = 0; k < i; k++)
      if (!strcmp(out->text[k], items[i])) return vg_fail(VG_CONFIG, "%s: %s is given twice", text, items[i]);
    snprintf(out->text[i], sizeof out->text[i], "%s", items[i]);
    if (!parse_finite(items[i], &out->number[i])) out->numeric = false;
  }
  return VG_OK;
}

static vg_status parse_like(const char *text, char *const *items, size_t n, vg_draw *out) {
  if (n != 1 || !*items[0]) return vg_fail(VG_CONFIG, "%s: must be like(DIR)", text);
  out->n = 2;
  out->numeric = true;
  vg_status st = vg_draw_like(items[0], out->number);
  out->a[0] = out->number[0];
  out->a[1] = out->number[VG_DRAW_CHOICES - 1];
  return st;
}

static vg_status unknown_form(const char *text, const char *name) {
  const char *near = vg_names_nearest(VG_NAMES_N(forms, N_FORMS), name);
  if (near) return vg_fail(VG_CONFIG, "%s: no distribution %s; did you mean %s?", text, name, near);
  vg_str all = VG_STR_INIT;
  vg_names_join(VG_NAMES_N(forms, N_FORMS), &all);
  vg_status st = vg_fail(VG_CONFIG, "%s: no distribution %s (%s)", text, name, vg_str_text(&all));
  vg_str_release(&all);
  return st;
}

vg_status vg_draw_parse(const char *text, vg_draw *out) {
  memset(out, 0, sizeof *out);
  size_t name = 0, len = strlen(text);
  while (isalpha((unsigned char)text[name]) || text[name] == '_') name++;
  bool called = name && text[name] == '(';
  /* A choice may be long: each of its texts is short, but there may be many. */
  if (len >= VG_DRAW_TEXT && !(called && vg_starts_with(text, "choice(")))
    return vg_fail(VG_CONFIG, "%s: longer than %d letters", text, VG_DRAW_TEXT - 1);
  if (!called) {
    out->n = 1;
    strcpy(out->text[0], text);
    out->numeric = parse_finite(text, &out->number[0]);
    return VG_OK;
  }
  if (text[len - 1] != ')') return vg_fail(VG_CONFIG, "%s: the closing parenthesis is missing", text);
  char *copy = vg_format("%s", text);
  if (!copy) return VG_MEMORY;
  copy[name] = copy[len - 1] = 0;
  size_t n = 0;
  char **items = vg_split(copy + name + 1, ',', &n);
  vg_status st = items ? VG_OK : VG_MEMORY;
  int form = 0;
  while (form < N_FORMS && strcmp(forms[form].name, copy)) form++;
  if (!st && form == N_FORMS) st = unknown_form(text, copy);
  for (size_t i = 0; i < n && !st; i++)
    if (strlen(items[i]) >= VG_DRAW_TEXT)
      st = vg_fail(VG_CONFIG, "%s: longer than %d letters", items[i], VG_DRAW_TEXT - 1);
  if (!st) {
    out->kind = forms[form].kind;
    if (out->kind == VG_DRAW_CHOICE) {
      st = parse_choices(text, items, n, out);
    } else {
      strcpy(out->text[0], text);
      st = out->kind == VG_DRAW_LIKE ? parse_like(text, items, n, out)
                                     : parse_numbers(text, form, items, n, out);
    }
  }
  vg_strv_free(items);
  vg_free(copy);
  return st;
}

vg_status vg_draw_bound(vg_draw *d, double least, double most, bool whole) {
  const char *text = as_written(d);
  bool listed = !text;
  double ends[VG_DRAW_CHOICES];
  int n = listed ? d->n : 2;
  for (int i = 0; i < n; i++) ends[i] = listed ? d->number[i] : d->a[i];
  if (d->kind == VG_DRAW_NORMAL || d->kind == VG_DRAW_LOGNORMAL) {
    if (d->n == 4)
      memcpy(ends, d->a + 2, 2 * sizeof *ends);
    else
      ends[1] = ends[0];
  }
  for (int i = 0; i < n; i++) {
    char value[32];
    snprintf(value, sizeof value, "%.10g", ends[i]);
    const char *shown = listed ? d->text[i] : value;
    const char *in = listed ? "" : text, *sep = listed ? "" : ": ";
    double unused;
    if (listed && !parse_finite(d->text[i], &unused))
      return vg_fail(VG_CONFIG, "\"%s\" is not a number", shown);
    if (!(ends[i] >= least && ends[i] <= most))
      return vg_fail(VG_CONFIG, "%s%s%s is not within %.10g to %.10g", in, sep, shown, least, most);
    if (whole && listed && ends[i] != floor(ends[i]))
      return vg_fail(VG_CONFIG, "%s is not a whole number", shown);
  }
  if (whole && !listed && d->kind != VG_DRAW_INT)
    return vg_fail(VG_CONFIG, "%s: draws fractions; int(least,most) draws whole numbers", text);
  if ((d->kind == VG_DRAW_NORMAL || d->kind == VG_DRAW_LOGNORMAL) && d->n == 2) {
    d->a[2] = least;
    d->a[3] = most;
    d->n = 4;
  }
  return VG_OK;
}

static int draw_choice(const vg_draw *d, vg_rng *rng) {
  if (d->n == 1) return 0;
  double total = 0;
  for (int i = 0; i < d->n; i++) total += d->weight[i];
  double at = vg_rng_uniform(rng, 0, total);
  int i = 0;
  while (i + 1 < d->n && at >= d->weight[i]) at -= d->weight[i++];
  return i;
}

/* Draws from a normal truncated to [lo, hi], which contains the mean. We reject samples of the normal itself
 * if the interval is wide, and of the uniform if it is narrow, so at least about every third is accepted. */
static double draw_normal(double mean, double sd, double lo, double hi, vg_rng *rng) {
  for (;;) {
    if (hi - lo >= sd) {
      double v = mean + sd * vg_rng_normal(rng);
      if (v >= lo && v <= hi) return v;
    } else {
      double v = vg_rng_uniform(rng, lo, hi), z = (v - mean) / sd;
      if (vg_rng_uniform(rng, 0, 1) < exp(-0.5 * z * z)) return v;
    }
  }
}

/* Rounds to six significant digits, but not beyond the ends. */
static double short_number(double v, double lo, double hi) {
  char buf[32];
  snprintf(buf, sizeof buf, "%.6g", v);
  return fmin(fmax(strtod(buf, NULL), lo), hi);
}

double vg_draw_number(const vg_draw *d, vg_rng *rng) {
  const double *a = d->a;
  if (!d->numeric) VG_BUG("a number drawn from texts");
  double lo = d->n == 4 ? a[2] : -INFINITY, hi = d->n == 4 ? a[3] : INFINITY;
  switch (d->kind) {
  case VG_DRAW_UNIFORM:
    return short_number(vg_rng_uniform(rng, a[0], a[1]), a[0], a[1]);
  case VG_DRAW_LIKE: {
    const double at = vg_rng_uniform(rng, 0, VG_DRAW_CHOICES - 1);
    const int k = vg_index_of(at, VG_DRAW_CHOICES - 1);
    return short_number(d->number[k] + (at - k) * (d->number[k + 1] - d->number[k]), a[0], a[1]);
  }
  case VG_DRAW_INT:
    return a[0] + (double)vg_rng_below(rng, (uint64_t)vg_count_of(a[1] - a[0]) + 1);
  case VG_DRAW_NORMAL:
    return short_number(draw_normal(a[0], a[1], lo, hi, rng), lo, hi);
  case VG_DRAW_LOGNORMAL:
    /* A lower limit of 0 becomes -infinity. */
    return short_number(exp(draw_normal(log(a[0]), a[1], lo > 0 ? log(lo) : -INFINITY, log(hi), rng)), lo,
                        hi);
  default:
    return d->number[draw_choice(d, rng)];
  }
}

const char *vg_draw_text(const vg_draw *d, vg_rng *rng) {
  if (as_written(d)) VG_BUG("a text drawn from %s", d->text[0]);
  return d->text[draw_choice(d, rng)];
}
