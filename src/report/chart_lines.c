/* chart_lines.c: draws lines over a common axis, with bands around them. */
#include <math.h>
#include <stdio.h>
#include "report/chart_axis.h"
#include "base/mem.h"
#include "base/whole.h"

enum { POINTS = 400, HEIGHT = 190 };

/* The drawn points: those of the line, or means over stretches of it. */
typedef struct drawn {
  double *x, *y, *low, *high; /* low NULL: no band */
  size_t n;
} drawn;

static double mean_of(const double *v, size_t from, size_t to) {
  double sum = 0;
  size_t n = 0;
  for (size_t i = from; i < to; i++) {
    if (!isfinite(v[i])) continue;
    sum += v[i];
    n++;
  }
  return n ? sum / (double)n : NAN;
}

static bool thin_out(const vg_chart_line *l, drawn *d) {
  const double *from[] = {l->x, l->y, l->low, l->high};
  double **to[] = {&d->x, &d->y, &d->low, &d->high};
  d->n = l->n < POINTS ? l->n : POINTS;
  for (int k = 0; k < 4; k++) {
    *to[k] = NULL;
    if (!from[k]) continue;
    if (!(*to[k] = vg_malloc(d->n, sizeof(double)))) return false;
    for (size_t i = 0; i < d->n; i++) (*to[k])[i] = mean_of(from[k], i * l->n / d->n, (i + 1) * l->n / d->n);
  }
  return true;
}

static void drawn_release(drawn *d) {
  vg_free(d->x);
  vg_free(d->y);
  vg_free(d->low);
  vg_free(d->high);
}

typedef struct plot {
  chart_axis x, y;
} plot;

static bool visible(const plot *p, double x, double y) {
  return isfinite(x) && isfinite(y) && (!p->x.log || x > 0) && (!p->y.log || y > 0);
}

static void draw_line(vg_str *to, const plot *p, const drawn *d, int index) {
  bool pen = false;
  vg_str_addf(to, "<path class=\"line\" stroke-dasharray=\"%s\" d=\"", vg_chart_dash(index));
  for (size_t i = 0; i < d->n; i++) {
    if (!visible(p, d->x[i], d->y[i])) {
      pen = false;
      continue;
    }
    const double x = vg_chart_at(&p->x, d->x[i]), y = vg_chart_at(&p->y, d->y[i]);
    /* A single point becomes a short bar, as a line without length would not be seen. */
    if (!pen && (i + 1 == d->n || !visible(p, d->x[i + 1], d->y[i + 1])))
      vg_chart_put(to, "M@ @h10", x - 5, y);
    else
      vg_chart_put(to, pen ? "L@ @" : "M@ @", x, y);
    pen = true;
  }
  vg_str_add(to, "\"/>\n");
}

static bool has_band(const plot *p, const drawn *d, size_t i) {
  return visible(p, d->x[i], d->low[i]) && visible(p, d->x[i], d->high[i]);
}

static void draw_band(vg_str *to, const plot *p, const drawn *d) {
  if (!d->low || !d->high) return;
  vg_str_add(to, "<path class=\"band\" d=\"");
  for (size_t i = 0; i < d->n;) {
    size_t end = i;
    while (end < d->n && has_band(p, d, end)) end++;
    for (size_t k = i; k < end; k++)
      vg_chart_put(to, k > i ? "L@ @" : "M@ @", vg_chart_at(&p->x, d->x[k]), vg_chart_at(&p->y, d->high[k]));
    for (size_t k = end; k > i; k--)
      vg_chart_put(to, "L@ @", vg_chart_at(&p->x, d->x[k - 1]), vg_chart_at(&p->y, d->low[k - 1]));
    if (end > i) vg_str_add(to, "Z");
    i = end > i ? end : i + 1;
  }
  vg_str_add(to, "\"/>\n");
}

static void draw_y_axis(vg_str *to, const plot *p, const char *label, double top, double bottom) {
  char text[CHART_TICK];
  double at;
  for (int i = 0; vg_chart_tick(&p->y, i, &at, text); i++) {
    vg_chart_put(to, "<line class=\"grid\" x1=\"@\" x2=\"@\" y1=\"@\" y2=\"@\"/>", p->x.from, p->x.to, at,
                 at);
    vg_chart_text(to, p->x.from - 6, at + 4, "class=\"soft\" text-anchor=\"end\"", text);
  }
  if (!label) return;
  char how[96];
  snprintf(how, sizeof how, "text-anchor=\"middle\" transform=\"rotate(-90 10 %d)\"",
           vg_int_of((top + bottom) / 2));
  vg_chart_text(to, 10, vg_int_of((top + bottom) / 2), how, label);
}

static void draw(vg_report *r, vg_str *to, const vg_chart *c, const drawn *lines, const char *const *names,
                 const int *colours, size_t n) {
  chart_range xs = CHART_NO_RANGE, ys = CHART_NO_RANGE;
  bool positive = true;
  for (size_t k = 0; k < n; k++) {
    for (size_t i = 0; i < lines[k].n; i++) {
      if (!isfinite(lines[k].y[i])) continue;
      positive = positive && lines[k].y[i] > 0;
      vg_chart_range_add(&xs, lines[k].x[i]);
      vg_chart_range_add(&ys, lines[k].y[i]);
    }
  }
  bool log = c->log && positive;
  for (size_t k = 0; k < n; k++) {
    for (size_t i = 0; i < lines[k].n && lines[k].low && lines[k].high; i++) {
      if (!log || lines[k].low[i] > 0) vg_chart_range_add(&ys, lines[k].low[i]);
      vg_chart_range_add(&ys, lines[k].high[i]);
    }
  }
  double legend = vg_chart_legend(NULL, true, names, colours, n + 1);
  double top = legend + 8, bottom = top + HEIGHT;
  plot p = {vg_chart_axis_fit(xs, false, 6, true, 54, CHART_WIDTH - 10),
            vg_chart_axis_fit(ys, log, 5, false, bottom, top)};
  vg_str about = VG_STR_INIT;
  vg_str_addf(&about, "Line chart of %s over %s:", c->y ? c->y : "values", c->x ? c->x : "their order");
  for (size_t k = 0; k < n; k++) {
    const drawn *d = &lines[k];
    vg_str_addf(&about, "%s %s", k ? ";" : "", names[k]);
    if (d->n) vg_str_addf(&about, " from %.4g to %.4g", d->y[0], d->y[d->n - 1]);
  }
  vg_chart_open(r, to, c, bottom + (c->x ? 36 : 20), vg_str_text(&about));
  to->failed |= about.failed;
  vg_str_release(&about);
  vg_chart_legend(to, true, names, colours, n + 1);
  draw_y_axis(to, &p, c->y, top, bottom);
  vg_chart_value_axis(to, &p.x, c->x, c->mark, top, bottom);
  for (size_t k = 0; k < n; k++) {
    vg_str_addf(to, "<g class=\"k%d\">", colours[k] % CHART_COLOURS);
    draw_band(to, &p, &lines[k]);
    draw_line(to, &p, &lines[k], colours[k]);
    vg_str_add(to, "</g>\n");
  }
  if (ys.lo > ys.hi)
    vg_chart_text(to, (p.x.from + p.x.to) / 2, (top + bottom) / 2, CHART_CENTRED, "no values");
  vg_chart_close(to);
}

void vg_report_lines(vg_report *r, const vg_chart *c, const vg_chart_line *lines, size_t n) {
  vg_str *to = vg_markup_into(r, BLOCK_FIGURES);
  if (!to) return;
  drawn *points = VG_NEW_N(drawn, n);
  const char **names = vg_calloc(n + 1, sizeof *names);
  int *colours = vg_calloc(n + 1, sizeof *colours);
  bool ok = points && names && colours;
  for (size_t k = 0; k < n && ok; k++) {
    ok = thin_out(&lines[k], &points[k]);
    names[k] = lines[k].name;
    colours[k] = (int)k;
  }
  if (ok) {
    names[n] = c->mark ? c->mark_name : NULL;
    colours[n] = -1;
    draw(r, to, c, points, names, colours, n);
  } else {
    vg_report_fail(r, VG_MEMORY);
  }
  for (size_t k = 0; points && k < n; k++) drawn_release(&points[k]);
  vg_free(points);
  vg_free(names);
  vg_free(colours);
}
