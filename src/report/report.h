/* report.h: makes an HTML report: one file that contains its style, script and pictures. It suits wide
 * screens, phones and paper, light and dark mode, keyboards and screen readers.
 *
 *     vg_report *r = vg_report_new("Evaluation", "synthetic against real images of 40 subjects");
 *     vg_report_fact(r, "Version", "%s", vg_version());
 *     vg_report_section(r, "Images");
 *     vg_report_text(r, "Intensities are normalised by %s.", how);
 *     vg_report_table(r, "Means over subjects", &table, 2);
 *     vg_report_lines(r, &(vg_chart){.title = "Loss", .x = "step", .y = "L1"}, lines, 2);
 *     st = vg_report_write(r, "eval/report.html");
 *     vg_report_free(r);
 *
 * Content appears in the order of the calls. Consecutive facts form one list. Consecutive charts and pictures
 * form a grid with as many columns as fit in the window. All text is UTF-8 and is escaped here; invalid UTF-8
 * is replaced. The page loads nothing from elsewhere.
 *
 * Failures stick: after the first one (no memory, an unreadable picture) calls do nothing, and _write returns
 * it. r may be NULL, which means that there was no memory for it.
 */
#ifndef VOXGAN_REPORT_H
#define VOXGAN_REPORT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "picture/png.h"
#include "voxgan/status.h"
#include "io/table.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_report vg_report;

/* lead: a sentence below the title, or NULL. */
vg_report *vg_report_new(const char *title, const char *lead);
/* Writes the page by atomic rename. More content may follow, and then another _write. */
vg_status vg_report_write(const vg_report *r, const char *path);
void vg_report_free(vg_report *r);
/* Records a failure of the caller, with its message, if st is one: _write then returns it, instead of writing
 * a page that lacks something. */
void vg_report_fail(vg_report *r, vg_status st);
/* The number of bytes so far. Callers use it to limit the size of a page with pictures. */
size_t vg_report_size(const vg_report *r);

/* ---- text ---- */

void vg_report_section(vg_report *r, const char *title); /* a heading, listed in the contents */
void vg_report_heading(vg_report *r, const char *title); /* a heading one level below */
void vg_report_text(vg_report *r, const char *fmt, ...) VG_PRINTF(2, 3); /* a paragraph */
void vg_report_fact(vg_report *r, const char *name, const char *fmt, ...) VG_PRINTF(3, 4);
void vg_report_item(vg_report *r, const char *fmt, ...) VG_PRINTF(2, 3); /* an item of a bullet list */

/* Adds one line of a legend: the meaning of a colour in pictures. */
void vg_report_key(vg_report *r, const uint8_t rgb[3], const char *name);

typedef enum vg_report_tone { VG_TONE_PLAIN, VG_TONE_GOOD, VG_TONE_WARN, VG_TONE_BAD } vg_report_tone;
/* Adds a prominent box. The text must be clear without the colour. */
void vg_report_note(vg_report *r, vg_report_tone tone, const char *fmt, ...) VG_PRINTF(3, 4);

/* Adds a table. Row 0 is the header; the first `heads` columns name the rows. If heads is at least 2,
 * consecutive equal names in column 0 become one cell. Columns of numbers are aligned to the right. Cells of
 * a column "verdict" or "status" appear as badges, in the tone of vg_report_tone_of. */
void vg_report_table(vg_report *r, const char *caption, const vg_table *table, size_t heads);
/* GOOD for "better", "pass", "ok"...; BAD for "worse", "fail"...; WARN for "unclear", "not tested"... */
vg_report_tone vg_report_tone_of(const char *verdict);

/* Content between these two is folded until the reader opens it. Paper shows it. */
void vg_report_fold_open(vg_report *r, const char *title);
void vg_report_fold_close(vg_report *r);

/* Formats a cell: four significant digits, "inf", "" for NaN. Returns buf. */
#define VG_FIGURE 24
#define VG_PLUS_MINUS "\xC2\xB1" /* in UTF-8; a terminal gets "+-" */
const char *vg_report_figure(double v, char buf[VG_FIGURE]);

/* ---- pictures ---- */

/* alt describes the picture. caption may be NULL. */
void vg_report_picture(vg_report *r, const vg_picture *p, const char *alt, const char *caption);
/* Adds an existing PNG file. */
void vg_report_picture_file(vg_report *r, const char *path, const char *alt, const char *caption);

/* Shows cases with slices, each of several pictures side by side, and sliders for case and slice:
 *
 *     vg_gallery_open(r, "T1, worst SSIM first");
 *     for each case:  vg_gallery_case(r, "BraTS_00012, ssim 0.71");
 *       for each slice: vg_gallery_frame(r, "z 12 mm", middle);
 *         vg_gallery_panel(r, "real", &picture, 182, 218); ...
 *     vg_gallery_close(r);
 *
 * Without JavaScript all frames appear. Paper shows each case with its current frame. */
void vg_gallery_open(vg_report *r, const char *title);
/* The same, with names for the two sliders. */
void vg_gallery_open_by(vg_report *r, const char *title, const char *cases, const char *frames);
void vg_gallery_case(vg_report *r, const char *fmt, ...) VG_PRINTF(2, 3);
/* first: the case shows this frame initially. Otherwise it shows its first frame. */
void vg_gallery_frame(vg_report *r, const char *label, bool first);
/* Appears in the proportions width:height, in mm or any other unit; 0: the picture's own. */
void vg_gallery_panel(vg_report *r, const char *name, const vg_picture *p, double width, double height);
/* Adds a PNG file, as wide as the page. */
void vg_gallery_panel_file(vg_report *r, const char *name, const char *path);
void vg_gallery_close(vg_report *r);

/* ---- charts: SVG with axes, ticks and legend, in colours that colour-blind readers can distinguish ---- */

typedef struct vg_chart {
  const char *title;
  const char *about;     /* description for screen readers; NULL: made from the data */
  const char *x, *y;     /* axis labels with units; NULL: none. Strips and bars have x only */
  bool log;              /* logarithmic axis, if all values are positive */
  const double *mark;    /* position of a thin line (lines: an x; strips and bars: a value), or NULL */
  const char *mark_name; /* in the legend, or NULL */
} vg_chart;

/* NaN breaks a line. low and high, both or neither, are the ends of a band around it; NaN: no band. A line of
 * more than 400 points is drawn as the means of 400 stretches. */
typedef struct vg_chart_line {
  const char *name;
  const double *x, *y, *low, *high; /* (n) */
  size_t n;
} vg_chart_line;
void vg_report_lines(vg_report *r, const vg_chart *chart, const vg_chart_line *lines, size_t n);

/* A distribution: a box (quartiles, median), whiskers to the last value within 1.5 boxes, and the values as
 * dots; of many values, 100 spread evenly over the ranks. Rows of one group stand together under its name.
 * Rows of one series share a colour and a line of the legend. Values that are not finite are omitted. */
typedef struct vg_chart_strip {
  const char *group, *series; /* series NULL: all one colour */
  const double *values;       /* (n) */
  size_t n;
} vg_chart_strip;
void vg_report_strips(vg_report *r, const vg_chart *chart, const vg_chart_strip *strips, size_t n);

/* A value with its interval (low, high NaN: none), drawn as a bar from zero. Groups work as for strips. */
typedef struct vg_chart_bar {
  const char *group, *series;
  double value, low, high;
} vg_chart_bar;
void vg_report_bars(vg_report *r, const vg_chart *chart, const vg_chart_bar *bars, size_t n);

#ifdef __cplusplus
}
#endif
#endif
