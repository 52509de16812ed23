/* chart_rows.c: charts with one row a distribution or a value, in named groups. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "report/chart_axis.h"
#include "base/mem.h"
#include "base/number/order_statistic.h"
#include "base/whole.h"

enum { ROW = 15, GROUP_GAP = 7, LABEL_MOST = 118, DOTS = 100 };

/* Either kind of row. */
typedef struct row {
  const char *group;
  int colour;
  double *sorted; /* the finite values of a strip */
  size_t n;
  const vg_chart_bar *bar; /* or NULL */
} row;

typedef struct rows {
  row *at;
  size_t n;
  const char **series; /* by colour; then the mark's name */
  int *colours;
  int n_series;
  bool bars;
} rows;

static vg_status rows_new(size_t n, rows *s) {
  s->at = VG_NEW_N(row, n);
  s->series = vg_calloc(n + 1, sizeof *s->series);
  s->colours = vg_calloc(n + 1, sizeof *s->colours);
  return s->at && s->series && s->colours ? VG_OK : VG_MEMORY;
}

static void rows_release(rows *s) {
  for (size_t i = 0; s->at && i < s->n; i++) vg_free(s->at[i].sorted);
  vg_free(s->at);
  vg_free(s->series);
  vg_free(s->colours);
}

static row *add_row(rows *s, const char *group, const char *series) {
  row *r = &s->at[s->n++];
  r->group = group ? group : "";
  if (!series) return r;
  while (r->colour < s->n_series && strcmp(s->series[r->colour], series) != 0) r->colour++;
  if (r->colour == s->n_series) {
    s->series[s->n_series] = series;
    s->colours[s->n_series] = s->n_series;
    s->n_series++;
  }
  return r;
}

/* ---- one row, drawn around height y ---- */

/* Dots side by side in a band of the row, in an order that looks random and is always the same. */
static void draw_dots(vg_str *to, const chart_axis *x, const row *r, double y) {
  size_t n = r->n < DOTS ? r->n : DOTS;
  vg_str_add(to, "<path class=\"dots\" d=\"");
  for (size_t i = 0; i < n; i++) {
    double v = r->sorted[n > 1 ? i * (r->n - 1) / (n - 1) : 0];
    double offset = n > 2 ? 8 * (fmod(0.618034 * (double)(i + 1), 1) - 0.5) : 0;
    vg_chart_put(to, "M@ @h0", vg_chart_at(x, v), y + offset);
  }
  vg_str_add(to, "\"/>\n");
}

static void draw_box(vg_str *to, const chart_axis *x, const row *r, double y) {
  if (r->n < 4) return; /* the dots say all */
  double q1 = vg_quantile_f64(r->sorted, r->n, 0.25), q3 = vg_quantile_f64(r->sorted, r->n, 0.75);
  double low = r->sorted[0], high = r->sorted[r->n - 1], middle = vg_quantile_f64(r->sorted, r->n, 0.5);
  for (size_t i = 0; i < r->n; i++) {
    if (r->sorted[i] < q1 - 1.5 * (q3 - q1)) continue;
    low = r->sorted[i];
    break;
  }
  for (size_t i = r->n; i-- > 0;) {
    if (r->sorted[i] > q3 + 1.5 * (q3 - q1)) continue;
    high = r->sorted[i];
    break;
  }
  double at[] = {vg_chart_at(x, low), vg_chart_at(x, q1), vg_chart_at(x, middle), vg_chart_at(x, q3),
                 vg_chart_at(x, high)};
  vg_chart_put(to, "<path class=\"whisker\" d=\"M@ @H@M@ @H@\"/>", at[0], y, at[1], at[3], y, at[4]);
  vg_chart_put(to, "<rect class=\"box\" x=\"@\" y=\"@\" width=\"@\" height=\"@\"/>", at[1], y - 5,
               at[3] - at[1], 10.0);
  vg_chart_put(to, "<path class=\"middle\" d=\"M@ @V@\"/>\n", at[2], y - 5, y + 5);
}

static void draw_bar(vg_str *to, const chart_axis *x, const vg_chart_bar *b, double y) {
  if (isfinite(b->value)) {
    double zero = x->log ? x->from : vg_chart_at(x, 0), end = vg_chart_at(x, b->value);
    vg_chart_put(to, "<rect class=\"bar\" x=\"@\" y=\"@\" width=\"@\" height=\"@\"/>", fmin(zero, end),
                 y - 4.5, fabs(end - zero), 9.0);
    vg_chart_put(to, "<path class=\"middle\" d=\"M@ @V@\"/>", end, y - 4.5, y + 4.5);
  }
  if (isfinite(b->low) && isfinite(b->high)) {
    double low = vg_chart_at(x, b->low), high = vg_chart_at(x, b->high);
    vg_chart_put(to, "<path class=\"whisker\" d=\"M@ @H@M@ @V@M@ @V@\"/>", low, y, high, low, y - 3, y + 3,
                 high, y - 3, y + 3);
  }
  vg_str_add(to, "\n");
}

/* ---- the chart ---- */

static chart_range range_of(const rows *s, const vg_chart *c) {
  chart_range x = CHART_NO_RANGE;
  for (size_t i = 0; i < s->n; i++) {
    const row *r = &s->at[i];
    if (r->bar) {
      vg_chart_range_add(&x, r->bar->value);
      vg_chart_range_add(&x, r->bar->low);
      vg_chart_range_add(&x, r->bar->high);
    } else if (r->n) {
      vg_chart_range_add(&x, r->sorted[0]);
      vg_chart_range_add(&x, r->sorted[r->n - 1]);
    }
  }
  if (c->mark) vg_chart_range_add(&x, *c->mark);
  if (s->bars && !(c->log && x.lo > 0)) vg_chart_range_add(&x, 0);
  return x;
}

static bool starts_group(const rows *s, size_t i) {
  return i == 0 || strcmp(s->at[i].group, s->at[i - 1].group) != 0;
}

static size_t group_size(const rows *s, size_t i) {
  size_t n = 1;
  while (i + n < s->n && !starts_group(s, i + n)) n++;
  return n;
}

/* Writes the name. A name that is too long is shortened, and its title has the whole name. */
static void draw_group(vg_str *to, const char *name, double right, double y) {
  double width = vg_chart_text_width(name);
  if (width <= LABEL_MOST) {
    vg_chart_text(to, right, y + 4, "text-anchor=\"end\"", name);
    return;
  }
  size_t letters = 0, end = 0, most = (size_t)(LABEL_MOST / 6.3) - 1;
  while (name[end] && letters < most) {
    end++;
    while ((name[end] & 0xC0) == 0x80) end++;
    letters++;
  }
  vg_str cut = VG_STR_INIT;
  vg_str_add_bytes(&cut, name, end);
  vg_chart_put(to, "<text x=\"@\" y=\"@\" text-anchor=\"end\"><title>", right, y + 4);
  vg_markup_escape(to, name);
  vg_str_add(to, "</title>");
  vg_markup_escape(to, vg_str_text(&cut));
  to->failed |= cut.failed;
  vg_str_add(to, "\xE2\x80\xA6</text>\n"); /* an ellipsis */
  vg_str_release(&cut);
}

/* Draws the background and the name of each group. The grid lies above them and below the data. */
static void draw_groups(vg_str *to, const rows *s, const chart_axis *x, double label_right, double top) {
  for (size_t i = 0, n; i < s->n; i += n) {
    n = group_size(s, i);
    vg_chart_put(to, "<rect class=\"row\" x=\"@\" y=\"@\" width=\"@\" height=\"@\"/>", x->from, top,
                 x->to - x->from, (double)n * ROW);
    draw_group(to, s->at[i].group, label_right, top + (double)n * ROW / 2);
    top += (double)n * ROW + GROUP_GAP;
  }
}

static void draw_rows(vg_str *to, const rows *s, const chart_axis *x, double top) {
  for (size_t i = 0; i < s->n; i++, top += ROW) {
    const row *r = &s->at[i];
    if (i && starts_group(s, i)) top += GROUP_GAP;
    vg_str_addf(to, "<g class=\"k%d\">", r->colour % CHART_COLOURS);
    if (r->bar) {
      draw_bar(to, x, r->bar, top + ROW / 2.0);
    } else if (r->n) {
      draw_dots(to, x, r, top + ROW / 2.0);
      draw_box(to, x, r, top + ROW / 2.0);
    }
    vg_str_add(to, "</g>\n");
  }
}

static void describe(const rows *s, const vg_chart *c, vg_str *about) {
  vg_str_addf(about, "%s of %s:", s->bars ? "Values" : "Distributions", c->x ? c->x : "values");
  for (size_t i = 0; i < s->n; i++) {
    const row *r = &s->at[i];
    vg_str_addf(about, "%s %s%s%s", i ? ";" : "", r->group, s->n_series ? " " : "",
                s->n_series ? s->series[r->colour] : "");
    if (r->bar && isfinite(r->bar->value))
      vg_str_addf(about, " %.4g", r->bar->value);
    else if (r->n)
      vg_str_addf(about, " median %.4g", vg_quantile_f64(r->sorted, r->n, 0.5));
  }
}

static void draw(vg_report *r, vg_str *to, const vg_chart *c, rows *s) {
  double label = 0, height = 0;
  for (size_t i = 0; i < s->n; i++) {
    label = fmax(label, vg_chart_text_width(s->at[i].group));
    height += ROW + (i && starts_group(s, i) ? GROUP_GAP : 0);
  }
  size_t names = (size_t)s->n_series;
  if (names == 1) names = 0; /* nothing to distinguish */
  s->series[names] = c->mark ? c->mark_name : NULL;
  s->colours[names] = -1;
  double legend = vg_chart_legend(NULL, false, s->series, s->colours, names + 1);
  double top = legend + 6, left = fmin(label, LABEL_MOST) + 8;
  chart_range range = range_of(s, c);
  chart_axis x = vg_chart_axis_fit(range, c->log, 5, false, left + 6, CHART_WIDTH - 14);
  vg_str about = VG_STR_INIT;
  describe(s, c, &about);
  vg_chart_open(r, to, c, top + height + (c->x ? 38 : 22), vg_str_text(&about));
  to->failed |= about.failed;
  vg_str_release(&about);
  vg_chart_legend(to, false, s->series, s->colours, names + 1);
  draw_groups(to, s, &x, left, top);
  vg_chart_value_axis(to, &x, c->x, c->mark, top, top + height + 2);
  draw_rows(to, s, &x, top);
  vg_chart_close(to);
}

void vg_report_strips(vg_report *r, const vg_chart *c, const vg_chart_strip *strips, size_t n) {
  vg_str *to = vg_markup_into(r, BLOCK_FIGURES);
  if (!to) return;
  rows s = {0};
  vg_status st = rows_new(n, &s);
  for (size_t i = 0; i < n && !st; i++) {
    row *at = add_row(&s, strips[i].group, strips[i].series);
    at->sorted = vg_malloc(strips[i].n, sizeof *at->sorted);
    if (!at->sorted) {
      st = VG_MEMORY;
      break;
    }
    for (size_t k = 0; k < strips[i].n; k++) {
      if (isfinite(strips[i].values[k])) at->sorted[at->n++] = strips[i].values[k];
    }
    vg_sort_f64(at->sorted, at->n);
  }
  if (st)
    vg_report_fail(r, st);
  else
    draw(r, to, c, &s);
  rows_release(&s);
}

void vg_report_bars(vg_report *r, const vg_chart *c, const vg_chart_bar *bars, size_t n) {
  vg_str *to = vg_markup_into(r, BLOCK_FIGURES);
  if (!to) return;
  rows s = {.bars = true};
  vg_status st = rows_new(n, &s);
  for (size_t i = 0; i < n && !st; i++) add_row(&s, bars[i].group, bars[i].series)->bar = &bars[i];
  if (st)
    vg_report_fail(r, st);
  else
    draw(r, to, c, &s);
  rows_release(&s);
}
