/* chart_axis.c: the coordinates, axes, ticks, legend and figure of a chart. */
#include "report/chart_axis.h"
#include "base/whole.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Numbers so large or small that differences of them overflow or lose their last bits have no ticks. */
#define LARGEST 1e300
#define LEAST 1e-280
/* More ticks than any axis has. */
#define TICKS 100

static double within(double v) {
  return fabs(v) < LEAST ? 0 : v > LARGEST ? LARGEST : v < -LARGEST ? -LARGEST : v;
}

void vg_chart_range_add(chart_range *r, double v) {
  if (!isfinite(v)) return;
  v = within(v);
  if (r->lo > r->hi) r->lo = r->hi = v;
  if (v < r->lo) r->lo = v;
  if (v > r->hi) r->hi = v;
}

/* Chooses 1, 2 or 5 times a power of ten, so that about `ticks` of them fit. */
static double nice_step(double span, int ticks) {
  double raw = span / ticks, power = pow(10, floor(log10(raw))), share = raw / power;
  return power * (share <= 1.001 ? 1 : share <= 2.001 ? 2 : share <= 5.001 ? 5 : 10);
}

chart_axis vg_chart_axis_fit(chart_range r, bool log, int ticks, bool tight, double from, double to) {
  if (r.lo > r.hi) r = (chart_range){0, 1};
  chart_axis a = {r.lo, r.hi, 1, log && r.lo > 0, from, to};
  if (a.log) {
    a.lo = log10(a.lo);
    a.hi = log10(a.hi);
  }
  double least = 1e-9 * fmax(fabs(a.lo), fabs(a.hi));
  if (!(a.hi - a.lo > least)) {
    double room = a.log ? 0.5 : 0.05 * fabs(a.lo);
    if (!a.log && a.lo == 0)
      a.hi = 1; /* nothing but 0: few things that are drawn can be negative */
    else
      a.lo -= room, a.hi += room;
  }
  a.step = a.log ? fmax(1, ceil((a.hi - a.lo) / ticks)) : nice_step(a.hi - a.lo, ticks);
  if (a.log && !tight && a.hi - a.lo < 1) { /* less than a decade would have fewer than two ticks */
    a.log = false;
    return vg_chart_axis_fit(r, false, ticks, tight, from, to);
  }
  if (!tight) {
    a.lo = floor(a.lo / a.step + 1e-9) * a.step;
    a.hi = ceil(a.hi / a.step - 1e-9) * a.step;
  }
  return a;
}

double vg_chart_at(const chart_axis *a, double v) {
  v = within(v);
  if (a->log) v = log10(v);
  const double share = (v - a->lo) / (a->hi - a->lo);
  return a->from + (share > -9 ? fmin(share, 9) : -9) * (a->to - a->from);
}

bool vg_chart_tick(const chart_axis *a, int i, double *at, char text[CHART_TICK]) {
  double k = ceil(a->lo / a->step - 1e-9) + i, v = k * a->step;
  if (i >= TICKS || !(v <= a->hi + 1e-6 * a->step)) return false;
  *at = a->from + (v - a->lo) / (a->hi - a->lo) * (a->to - a->from);
  int decimals = vg_int_of(fmax(0, -floor(log10(a->step) + 1e-9)));
  if (a->log)
    snprintf(text, CHART_TICK, "%g", pow(10, v));
  else if (a->step >= 1000)
    snprintf(text, CHART_TICK, v == 0 ? "0" : "%gk", v / 1000);
  else if (decimals > 5)
    snprintf(text, CHART_TICK, "%.1e", v);
  else
    snprintf(text, CHART_TICK, "%.*f", decimals, v == 0 ? 0.0 : v);
  return true;
}

void vg_chart_put(vg_str *to, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  for (const char *at; (at = strchr(fmt, '@')); fmt = at + 1) {
    vg_str_add_bytes(to, fmt, (size_t)(at - fmt));
    vg_str_add_number(to, round(va_arg(ap, double) * 10) / 10);
  }
  va_end(ap);
  vg_str_add(to, fmt);
}

void vg_chart_text(vg_str *to, double x, double y, const char *how, const char *text) {
  vg_chart_put(to, "<text x=\"@\" y=\"@\" ", x, y);
  vg_str_addf(to, "%s>", how);
  vg_markup_escape(to, text);
  vg_str_add(to, "</text>\n");
}

double vg_chart_text_width(const char *text) {
  double n = 0;
  for (; *text; text++) n += (*text & 0xC0) != 0x80;
  return 6.3 * n;
}

const char *vg_chart_dash(int i) {
  static const char *const patterns[] = {"", "6 3", "2 3", "8 3 2 3"};
  return patterns[i % 4];
}

static void legend_key(vg_str *to, bool lines, int colour, double x, double y) {
  if (colour < 0) {
    vg_chart_put(to, "<line class=\"mark\" x1=\"@\" x2=\"@\" y1=\"@\" y2=\"@\"/>", x, x + 16, y, y);
    return;
  }
  vg_str_addf(to, "<g class=\"k%d\">", colour % CHART_COLOURS);
  if (lines) {
    vg_chart_put(to, "<line class=\"line\" x1=\"@\" x2=\"@\" y1=\"@\" y2=\"@\"", x, x + 16, y, y);
    vg_str_addf(to, " stroke-dasharray=\"%s\"/></g>", vg_chart_dash(colour));
  } else {
    vg_chart_put(to, "<rect class=\"key\" x=\"@\" y=\"@\" width=\"12\" height=\"8\" rx=\"1.5\"/></g>", x + 4,
                 y - 4);
  }
}

double vg_chart_legend(vg_str *to, bool lines, const char *const *names, const int *colours, size_t n) {
  double x = 0, height = 0;
  for (size_t i = 0; i < n; i++) {
    if (!names[i]) continue;
    double width = 24 + vg_chart_text_width(names[i]);
    if (height == 0) height = 18;
    if (x > 0 && x + width > CHART_WIDTH) {
      x = 0;
      height += 16;
    }
    if (to) {
      legend_key(to, lines, colours[i], x, height - 12);
      vg_chart_text(to, x + 20, height - 8, "", names[i]);
    }
    x += width + 8;
  }
  return height;
}

void vg_chart_open(vg_report *r, vg_str *to, const vg_chart *c, double height, const char *about) {
  int id = vg_markup_id(r);
  vg_str_add(to, "<figure class=\"chart\"><figcaption>");
  vg_markup_escape(to, c->title);
  vg_str_add(to, "</figcaption>\n");
  vg_chart_put(to, "<svg viewBox=\"0 0 @ @\" role=\"img\" ", (double)CHART_WIDTH, height);
  vg_str_addf(to, "aria-labelledby=\"c%d d%d\"><title id=\"c%d\">", id, id, id);
  vg_markup_escape(to, c->title);
  vg_str_addf(to, "</title><desc id=\"d%d\">", id);
  vg_markup_escape(to, c->about ? c->about : about);
  vg_str_add(to, "</desc>\n");
}

void vg_chart_close(vg_str *to) {
  vg_str_add(to, "</svg></figure>\n");
}

void vg_chart_value_axis(vg_str *to, const chart_axis *x, const char *label, const double *mark, double top,
                         double bottom) {
  char text[CHART_TICK];
  double at;
  for (int i = 0; vg_chart_tick(x, i, &at, text); i++) {
    vg_chart_put(to, "<line class=\"grid\" x1=\"@\" x2=\"@\" y1=\"@\" y2=\"@\"/>", at, at, top, bottom);
    vg_chart_text(to, at, bottom + 14, "class=\"soft\" text-anchor=\"middle\"", text);
  }
  vg_chart_put(to, "<line class=\"axis\" x1=\"@\" x2=\"@\" y1=\"@\" y2=\"@\"/>\n", x->from, x->to, bottom,
               bottom);
  if (mark && (!x->log || *mark > 0)) {
    at = vg_chart_at(x, *mark);
    if (at >= x->from - 0.5 && at <= x->to + 0.5)
      vg_chart_put(to, "<line class=\"mark\" x1=\"@\" x2=\"@\" y1=\"@\" y2=\"@\"/>\n", at, at, top, bottom);
  }
  if (label) vg_chart_text(to, (x->from + x->to) / 2, bottom + 30, CHART_CENTRED, label);
}
