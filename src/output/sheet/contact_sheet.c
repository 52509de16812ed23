/* contact_sheet.c: chooses the cases and the scale of a contact sheet, and draws its pages. */
#include "output/sheet/contact_sheet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "output/sheet/sheet_case.h"
#include "base/task/progress.h"
#include "base/fs.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/str.h"
#include "base/whole.h"
#include "base/text/plural.h"

enum {
  MOST = 50,   /* cases */
  ROWS = 25,   /* of a page */
  TILE = 152,  /* pixels of a tile's longer side */
  WIDTH = 840, /* of a page whose cases are narrow: several stand side by side */
  GAP = 10,
  LETTER = 6,
  LINE = 11,
  EDGE = 4
};

typedef struct sheet {
  const vg_dataset *ds;
  const char *dir, *title;
  size_t *chosen; /* indices of subjects */
  size_t n;
  vg_classes classes;
  vg_sheet_case *cases;
  vg_sheet_style style;
  size_t rows, pages; /* cases of a page */
  int across;         /* cases side by side */
} sheet;

/* Chooses cases evenly from the data set, including the first and the last. */
static vg_status choose(sheet *s, size_t most) {
  s->n = s->ds->n < most ? s->ds->n : most;
  s->chosen = VG_NEW_N(size_t, s->n);
  s->cases = VG_NEW_N(vg_sheet_case, s->n);
  if (!s->chosen || !s->cases) return VG_MEMORY;
  for (size_t k = 0; k < s->n; k++)
    s->chosen[k] = s->n > 1 ? (k * (s->ds->n - 1) + (s->n - 1) / 2) / (s->n - 1) : 0;
  return VG_OK;
}

/* Merges the classes of the maps that the chosen cases have. */
static vg_status collect_classes(sheet *s) {
  for (size_t k = 0; k < s->n; k++) {
    const vg_subject *c = &s->ds->subjects[s->chosen[k]];
    const vg_source *source = &s->ds->sources[c->source];
    vg_status st = c->anatomy ? vg_classes_add(&s->classes, &source->anatomy_scheme, VG_ROLE_ANATOMY) : VG_OK;
    if (!st && c->tumour) st = vg_classes_add(&s->classes, &source->tumour_scheme, VG_ROLE_TUMOUR);
    if (st) return st;
  }
  return VG_OK;
}

static vg_status read_case(void *arg, size_t k) {
  sheet *s = arg;
  if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted");
  return vg_sheet_case_read(s->ds, &s->ds->subjects[s->chosen[k]], &s->classes, &s->cases[k]);
}

/* One scale for all, so that sizes can be compared. */
static void choose_scale(sheet *s) {
  double most[2] = {1, 1};
  for (size_t k = 0; k < s->n; k++)
    for (int a = 0; a < 2; a++) most[a] = fmax(most[a], s->cases[k].hi[a] - s->cases[k].lo[a]);
  s->style.mm = fmax(most[0], most[1]) / TILE;
  s->style.width = vg_int_of(fmin(ceil(most[0] / s->style.mm - 1e-6), TILE));
  s->style.height = vg_int_of(fmin(ceil(most[1] / s->style.mm - 1e-6), TILE));
}

/* ---- a page ---- */

static int text_width(const char *text) {
  return (int)strlen(text) * LETTER;
}

/* Draws coloured squares with the names of the classes, in as many lines as the width needs, and returns
 * their number. p NULL: only returns it. */
static int legend(const sheet *s, vg_picture *p, int top, int width) {
  int left = EDGE, lines = 1;
  for (int i = 0; i < s->classes.n; i++) {
    const int wide = 10 + text_width(s->classes.names[i]) + 14;
    if (left > EDGE && left + wide - 14 > width - EDGE) {
      left = EDGE;
      lines++;
    }
    if (p) {
      const int at = top + (lines - 1) * LINE;
      vg_picture_swatch(p, left, at, s->style.colours[i]);
      vg_picture_text(p, left + 10, at, s->classes.names[i]);
    }
    left += wide;
  }
  return lines;
}

/* Width of a case with its gap. */
static int case_width(const sheet *s) {
  return (1 + s->ds->series.n) * (s->style.width + GAP);
}

/* Lines of text above a case: what does not fit into one stands in two. */
static int caption_lines(const sheet *s) {
  return s->across > 1 ? 2 : 1;
}

static void caption(const sheet *s, vg_picture *p, int left, int top, const vg_sheet_case *c) {
  char text[192], ml[48] = "no tumour map";
  const int letters = (case_width(s) - GAP) / LETTER;
  if (c->has_tumour) snprintf(ml, sizeof ml, "tumour %.1f ml", c->ml);
  if (s->across == 1) {
    snprintf(text, sizeof text, "%s   %s   z %.0f mm", c->id, ml, c->centre[2] + 0.0);
    vg_picture_text(p, left, top, text);
    return;
  }
  snprintf(text, sizeof text, "%.*s", letters, c->id);
  vg_picture_text(p, left, top, text);
  if (c->has_tumour) snprintf(ml, sizeof ml, "%.1f ml", c->ml);
  snprintf(text, sizeof text, "%s z %.0f mm", ml, c->centre[2] + 0.0);
  vg_picture_text(p, left, top + LINE, text);
}

static void draw_case(const sheet *s, vg_picture *p, int edge, int top, const vg_sheet_case *c) {
  const vg_sheet_style *t = &s->style;
  caption(s, p, edge, top, c);
  top += caption_lines(s) * LINE;
  int backdrop = 0;
  while (backdrop < s->ds->series.n && !c->series[backdrop].nx) backdrop++;
  if (backdrop == s->ds->series.n) backdrop = -1;
  for (int k = 0; k <= s->ds->series.n; k++) {
    int left = edge + k * (t->width + GAP);
    if (k == 0)
      vg_sheet_draw_labels(p, left, top, c, backdrop, t);
    else
      vg_sheet_draw_series(p, left, top, c, k - 1, t);
    vg_picture_text(p, left + 1, top + 1, t->neurological ? "L" : "R");
    vg_picture_text(p, left + t->width - LETTER, top + 1, t->neurological ? "R" : "L");
  }
}

static char *page_path(const sheet *s, size_t page) {
  return vg_format("%s/contact-sheet-%02zu.png", s->dir, page + 1);
}

static vg_status write_page(void *arg, size_t page) {
  const sheet *s = arg;
  const vg_sheet_style *t = &s->style;
  const size_t first = page * s->rows, n = s->n - first < s->rows ? s->n - first : s->rows;
  char lines[3][256], *path = page_path(s, page);
  if (!path) return VG_MEMORY;
  snprintf(lines[0], sizeof lines[0], "%.120s: %zu of %zu %s%s, page %zu of %zu", s->title, s->n, s->ds->n,
           vg_plural(s->ds->n, "case", "cases"), s->n < s->ds->n ? ", picked evenly" : "", page + 1,
           s->pages);
  snprintf(lines[1], sizeof lines[1], "%s",
           t->neurological ? "neurological: the patient's left (L) is on the left"
                           : "radiological: the patient's right (R) is on the left");
  snprintf(lines[2], sizeof lines[2], "axial slice at the tumour's centre, else the brain's; %.2f mm a pixel",
           t->mm);
  int width = 2 * EDGE + s->across * case_width(s);
  for (int i = 0; i < 3; i++)
    if (text_width(lines[i]) + 2 * EDGE > width) width = text_width(lines[i]) + 2 * EDGE;
  const int keys = legend(s, NULL, 0, width), head = EDGE + (4 + keys) * LINE;
  const int step = caption_lines(s) * LINE + t->height + GAP;
  const size_t down = (n + (size_t)s->across - 1) / (size_t)s->across;
  vg_picture p = {0};
  vg_status st = vg_picture_new(width, head + (int)down * step, &p);
  if (st) goto out;
  for (int i = 0; i < 3; i++) vg_picture_text(&p, EDGE, EDGE + i * LINE, lines[i]);
  legend(s, &p, EDGE + 3 * LINE, width);
  for (int c = 0; c < s->across && (size_t)c < n; c++)
    for (int k = 0; k <= s->ds->series.n; k++)
      vg_picture_text(&p, EDGE + c * case_width(s) + k * (t->width + GAP), head - LINE,
                      k ? s->ds->series.names[k - 1] : "labels");
  for (size_t k = 0; k < n; k++)
    draw_case(s, &p, EDGE + (int)(k % (size_t)s->across) * case_width(s),
              head + (int)(k / (size_t)s->across) * step, &s->cases[first + k]);
  st = vg_picture_write(path, &p);
out:
  vg_picture_release(&p);
  vg_free(path);
  return st;
}

/* Removes the further pages of an earlier, longer sheet. */
static vg_status remove_rest(const sheet *s) {
  for (size_t page = s->pages;; page++) {
    char *path = page_path(s, page);
    bool exists = false;
    vg_status st = path ? vg_fs_exists(path, &exists) : VG_MEMORY;
    if (!st && exists) st = vg_fs_remove(path);
    vg_free(path);
    if (st || !exists) return st;
  }
}

vg_status vg_contact_sheet(const vg_dataset *ds, const vg_contact_sheet_options *options, const char *dir,
                           int *pages) {
  static const vg_contact_sheet_options none;
  const vg_contact_sheet_options *o = options ? options : &none;
  if (!ds->n) return vg_fail(VG_DATA, "no case to show on a contact sheet");
  sheet s = {.ds = ds, .dir = dir, .title = o->title ? o->title : ds->sources[0].root};
  s.rows = o->rows > 0 && o->rows < ROWS ? (size_t)o->rows : ROWS;
  s.style.neurological = o->neurological;
  vg_status st = choose(&s, o->most > 0 ? (size_t)o->most : MOST);
  if (!st) st = collect_classes(&s);
  if (!st) vg_class_colours(&s.classes, s.style.colours);
  if (!st) st = vg_task_parallel("contact sheet", "cases", s.n, read_case, &s);
  if (st) goto out;
  choose_scale(&s);
  s.across = (WIDTH - 2 * EDGE) / case_width(&s);
  if (s.across < 1) s.across = 1;
  s.pages = (s.n + s.rows - 1) / s.rows;
  st = vg_task_parallel("contact sheet", "pages", s.pages, write_page, &s);
  if (!st) st = remove_rest(&s);
  if (pages) *pages = (int)s.pages;
out:
  for (size_t k = 0; s.cases && k < s.n; k++) vg_sheet_case_release(&s.cases[k]);
  vg_free(s.cases);
  vg_free(s.chosen);
  return st;
}
