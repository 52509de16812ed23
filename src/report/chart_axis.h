/* chart_axis.h: the parts that all charts share: coordinates, axes, ticks, the figure around them.
 *
 * Charts are 360 units wide, the width of a phone, so that their text stays legible on one.
 */
#ifndef VG_REPORT_CHART_AXIS_H
#define VG_REPORT_CHART_AXIS_H
#include "report/markup.h"

enum { CHART_WIDTH = 360, CHART_COLOURS = 8 };

/* Maps values lo..hi to pixels from..to. */
typedef struct chart_axis {
  double lo, hi, step; /* on a logarithmic axis: logarithms */
  bool log;
  double from, to;
} chart_axis;

/* The range of some values; starts empty. */
typedef struct chart_range {
  double lo, hi;
} chart_range;
#define CHART_NO_RANGE \
  { 1, 0 }
void vg_chart_range_add(chart_range *r, double v); /* ignores NaN and infinities */

/* Rounds the range to whole ticks, unless tight. log applies only if lo is positive. */
chart_axis vg_chart_axis_fit(chart_range r, bool log, int ticks, bool tight, double from, double to);
double vg_chart_at(const chart_axis *a, double v);
/* Tick i, from 0, and its label. False past the last. */
#define CHART_TICK 24
bool vg_chart_tick(const chart_axis *a, int i, double *at, char text[CHART_TICK]);

/* Adds fmt, with each @ replaced by a double rounded to a tenth. */
void vg_chart_put(vg_str *to, const char *fmt, ...);
/* Adds <text> at a position; how: its other attributes. */
void vg_chart_text(vg_str *to, double x, double y, const char *how, const char *text);
#define CHART_CENTRED "text-anchor=\"middle\""
/* The approximate width of a text. */
double vg_chart_text_width(const char *text);

/* Draws the legend from the top and returns its height. Skips NULL names. Colour -1 is the colour of the
 * mark. to NULL: only measures. */
double vg_chart_legend(vg_str *to, bool lines, const char *const *names, const int *colours, size_t n);

/* Adds <figure> up to the content of its <svg>, and their end. about: the description if the caller gave
 * none. */
void vg_chart_open(vg_report *r, vg_str *to, const vg_chart *c, double height, const char *about);
void vg_chart_close(vg_str *to);

/* Draws the horizontal axis of values, its grid from top to bottom, and a mark. */
void vg_chart_value_axis(vg_str *to, const chart_axis *x, const char *label, const double *mark, double top,
                         double bottom);

/* The dash pattern of line i, so that lines differ on paper too; "" for the first. */
const char *vg_chart_dash(int i);

#endif
