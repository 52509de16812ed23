/* report.h: an HTML page for people: one file with its own style, script and pictures, to be read on a wide
 * screen, a phone and paper, in the light and in the dark, by keyboard and by ear.
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
 * Content appears in the order of the calls. Facts that follow each other make one list; charts and pictures
 * that do, a grid of as many columns as the window has room for. All text is UTF-8 and is escaped here; what
 * is no UTF-8 is replaced. Nothing is loaded from anywhere.
 *
 * Faults stick: after the first one (no memory, a picture that cannot be read) calls do nothing, and _write
 * answers it. r may be NULL, which means that there was no memory for it.
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
/* By atomic rename. r may be written again after more was added. */
vg_status vg_report_write(const vg_report *r, const char *path);
void vg_report_free(vg_report *r);
/* Bytes so far; a page of pictures is bounded by it. */
size_t vg_report_size(const vg_report *r);

/* ---- text ---- */

void vg_report_section(vg_report *r, const char *title); /* a heading that the contents list */
void vg_report_heading(vg_report *r, const char *title); /* one below it */
void vg_report_text(vg_report *r, const char *fmt, ...) VG_PRINTF(2, 3); /* a paragraph */
void vg_report_fact(vg_report *r, const char *name, const char *fmt, ...) VG_PRINTF(3, 4);
void vg_report_item(vg_report *r, const char *fmt, ...) VG_PRINTF(2, 3); /* of a list with dots */

/* One line of a legend: what a colour of pictures means. */
void vg_report_key(vg_report *r, const uint8_t rgb[3], const char *name);

typedef enum vg_report_tone { VG_TONE_PLAIN, VG_TONE_GOOD, VG_TONE_WARN, VG_TONE_BAD } vg_report_tone;
/* A box that is not to be missed; the text must say by itself what its colour means. */
void vg_report_note(vg_report *r, vg_report_tone tone, const char *fmt, ...) VG_PRINTF(3, 4);

/* Row 0 is the header; the first `heads` columns name the rows. Equal names in column 0 that follow each
 * other become one where heads is at least 2. Columns of numbers are aligned to the right. Cells of a column
 * called "verdict" or "status" are shown as badges, in the tone that vg_report_tone_of finds. */
void vg_report_table(vg_report *r, const char *caption, const vg_table *table, size_t heads);
/* GOOD for "better", "pass", "ok"...; BAD for "worse", "fail"...; WARN for "unclear", "not tested"... */
vg_report_tone vg_report_tone_of(const char *verdict);

/* What stands between these is hidden until asked for, and shown on paper. */
void vg_report_fold_open(vg_report *r, const char *title);
void vg_report_fold_close(vg_report *r);

/* For a cell: four significant digits, "inf", "" for NaN. Answers buf. */
#define VG_FIGURE 24
const char *vg_report_figure(double v, char buf[VG_FIGURE]);

/* ---- pictures ---- */

/* alt: what is to be seen. caption may be NULL. */
void vg_report_picture(vg_report *r, const vg_picture *p, const char *alt, const char *caption);
/* A PNG file that is there already. */
void vg_report_picture_file(vg_report *r, const char *path, const char *alt, const char *caption);

/* Cases with slices of several pictures side by side, and sliders to go through both:
 *
 *     vg_gallery_open(r, "T1, worst SSIM first");
 *     for each case:  vg_gallery_case(r, "BraTS_00012, ssim 0.71");
 *       for each slice: vg_gallery_frame(r, "z 12 mm", middle);
 *         vg_gallery_panel(r, "real", &picture, 182, 218); ...
 *     vg_gallery_close(r);
 *
 * Without JavaScript all of it is shown; paper has each case with its current frame. */
void vg_gallery_open(vg_report *r, const char *title);
/* The same, with the sliders' names: what a case and a frame are. */
void vg_gallery_open_by(vg_report *r, const char *title, const char *cases, const char *frames);
void vg_gallery_case(vg_report *r, const char *fmt, ...) VG_PRINTF(2, 3);
/* first: the one that a case shows before its slider is moved; else it is its first frame. */
void vg_gallery_frame(vg_report *r, const char *label, bool first);
/* Shown in the proportions width:height, mm or any other unit; 0: the picture's own. */
void vg_gallery_panel(vg_report *r, const char *name, const vg_picture *p, double width, double height);
/* A PNG file, as wide as the page. */
void vg_gallery_panel_file(vg_report *r, const char *name, const char *path);
void vg_gallery_close(vg_report *r);

/* ---- charts: SVG with axes, ticks and legend, in colours that the colour-blind tell apart ---- */

typedef struct vg_chart {
  const char *title;
  const char *about;     /* for who cannot see it; NULL: made from the rest */
  const char *x, *y;     /* axis labels with their units; NULL: none. Strips and bars have x only: values */
  bool log;              /* the axis of values by decades, where all are positive */
  const double *mark;    /* lines: an x; strips and bars: a value; where a thin line is drawn, or NULL */
  const char *mark_name; /* in the legend, or NULL */
} vg_chart;

/* NaN breaks a line. low and high, both or neither: the ends of a band around it, NaN for none. Of more than
 * 400 points, means of as many stretches are drawn. */
typedef struct vg_chart_line {
  const char *name;
  const double *x, *y, *low, *high; /* (n) */
  size_t n;
} vg_chart_line;
void vg_report_lines(vg_report *r, const vg_chart *chart, const vg_chart_line *lines, size_t n);

/* A distribution: box (quartiles, median), whiskers to the last value within 1.5 boxes, and the values as
 * dots, of many 100 spread evenly over their ranks. Rows of one group stand together under its name; rows of
 * one series have one colour and a line of the legend. Values that are not finite are left out. */
typedef struct vg_chart_strip {
  const char *group, *series; /* series NULL: all one colour */
  const double *values;       /* (n) */
  size_t n;
} vg_chart_strip;
void vg_report_strips(vg_report *r, const vg_chart *chart, const vg_chart_strip *strips, size_t n);

/* A value with its interval (low, high NaN: none). Grouped as strips are; drawn as a bar from zero. */
typedef struct vg_chart_bar {
  const char *group, *series;
  double value, low, high;
} vg_chart_bar;
void vg_report_bars(vg_report *r, const vg_chart *chart, const vg_chart_bar *bars, size_t n);

#ifdef __cplusplus
}
#endif
#endif
