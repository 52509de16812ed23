/* chart_axis.h: what charts share: coordinates, axes, their ticks, the figure around them.
 *
 * Charts are drawn 360 units wide, a phone's width, so that their text stays legible there.
 */
#ifndef VG_REPORT_CHART_AXIS_H
#define VG_REPORT_CHART_AXIS_H
#include "report/markup.h"

enum { CHART_WIDTH = 360, CHART_COLOURS = 8 };

/* Values lo to hi on pixels from to to. */
typedef struct chart_axis {
  double lo, hi, step; /* of an axis of decades: logarithms */
  bool log;
  double from, to;
} chart_axis;

/* The range of some values; empty at first. */
typedef struct chart_range {
  double lo, hi;
} chart_range;
#define CHART_NO_RANGE \
  { 1, 0 }
void vg_chart_range_add(chart_range *r, double v); /* NaN and infinities are passed over */

/* Rounds the range to whole ticks, where tight is false. log only where lo is positive. */
chart_axis vg_chart_axis_fit(chart_range r, bool log, int ticks, bool tight, double from, double to);
double vg_chart_at(const chart_axis *a, double v);
/* Tick i, from 0, and what stands at it; false past the last. */
#define CHART_TICK 24
bool vg_chart_tick(const chart_axis *a, int i, double *at, char text[CHART_TICK]);

/* Adds fmt with each @ replaced by a double, to a tenth. */
void vg_chart_put(vg_str *to, const char *fmt, ...);
/* <text> at a place; how: its other attributes. */
void vg_chart_text(vg_str *to, double x, double y, const char *how, const char *text);
#define CHART_CENTRED "text-anchor=\"middle\""
/* How wide text is, about. */
double vg_chart_text_width(const char *text);

/* Rows of keys with names, from the top; answers the height. Names NULL are passed over; colour -1: the
 * mark's. to NULL: measures only. */
double vg_chart_legend(vg_str *to, bool lines, const char *const *names, const int *colours, size_t n);

/* <figure> up to the content of its <svg>; and their end. about: said where the caller gave no other text. */
void vg_chart_open(vg_report *r, vg_str *to, const vg_chart *c, double height, const char *about);
void vg_chart_close(vg_str *to);

/* The horizontal axis of values with its grid from top to bottom, and a mark. */
void vg_chart_value_axis(vg_str *to, const chart_axis *x, const char *label, const double *mark, double top,
                         double bottom);

/* The dash pattern of line i, so that lines differ on paper too; "" for the first. */
const char *vg_chart_dash(int i);

#endif
