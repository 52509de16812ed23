/* page_gallery.c: slices of the worst cases of an evaluation: real, labels, synthetic, difference. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/task/progress.h"
#include "base/number/order_statistic.h"
#include "eval/read/subject_images.h"
#include "eval/page/eval_page.h"
#include "eval/page/page_slice.h"
#include "label/class_colours.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/text/plural.h"

enum { CASES = 12, PANELS = 4 };
#define DIM 0.45             /* brightness of an image under labels */
#define FULL_DIFFERENCE 0.25 /* of the data range */

/* ---- which cases, in which order ---- */

/* A case and the value that ranks it. */
typedef struct ranked {
  size_t index;
  double value; /* NaN: none */
} ranked;

typedef struct order {
  const vg_metric_row *metric;
  const char *region; /* NULL: the mean over all regions */
} order;

/* Finds the first candidate for which the series has values. */
static bool find_order(const vg_eval *e, const char *series, order *out) {
  static const struct {
    const char *metric, *region;
  } candidates[] = {{"ssim", "tumour"},
                    {"ssim", "brain"},
                    {"profile_intensity", "tumour"},
                    {"dice", "tumour"},
                    {"dice", NULL}};
  for (size_t k = 0; k < sizeof candidates / sizeof *candidates; k++) {
    for (size_t g = 0; g < e->n_groups; g++) {
      const eval_group *group = &e->groups[g];
      const char *region = candidates[k].region;
      if (strcmp(group->series, series) != 0 || strcmp(group->metric->name, candidates[k].metric) != 0 ||
          (region && strcmp(group->region, region) != 0))
        continue;
      *out = (order){group->metric, region};
      return true;
    }
  }
  return false;
}

static double value_of(const vg_eval *e, const char *series, const order *by, size_t index) {
  double sum = 0, n = 0;
  for (size_t g = 0; g < e->n_groups; g++) {
    const eval_group *group = &e->groups[g];
    double v = e->values[index * e->n_groups + g];
    if (group->metric != by->metric || strcmp(group->series, series) != 0 || !isfinite(v) ||
        (by->region && strcmp(group->region, by->region) != 0))
      continue;
    sum += v;
    n++;
  }
  return n > 0 ? sum / n : NAN;
}

/* Sorts the worst cases first. Cases without a value come last, in their original order. */
static int by_badness(const void *a, const void *b) {
  const ranked *x = a, *y = b;
  if (isnan(x->value) != isnan(y->value)) return isnan(x->value) - isnan(y->value);
  if (x->value != y->value && !isnan(x->value)) return x->value < y->value ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

/* ---- one case ---- */

typedef enum content { IMAGES, LABELS } content;

/* A gallery under construction. */
typedef struct gallery {
  const eval_study *study;
  content what;
  const char *series; /* series of the images, or EVAL_..._LABELS */
  order by;
  ranked *cases;
  size_t n;
  const char *panels[PANELS]; /* names; NULL: fewer panels */
  struct shot *shots;         /* (n) */
} gallery;

/* The pictures of a case. */
typedef struct shot {
  int n;
  eval_slice slices[EVAL_SLICES];
  vg_picture pictures[EVAL_SLICES][PANELS];
} shot;

static void shot_release(shot *s) {
  for (int f = 0; f < EVAL_SLICES; f++) {
    for (int k = 0; k < PANELS; k++) vg_picture_release(&s->pictures[f][k]);
  }
}

/* The volumes of a case while its pictures are drawn. */
typedef struct content_of_case {
  eval_maps maps;
  eval_images images; /* data NULL if there is no image */
  double lo, hi;      /* intensities shown as black and white */
} content_of_case;

static vg_status read_images(const gallery *g, const eval_pair *pair, const char *series,
                             content_of_case *c) {
  const eval_study *s = g->study;
  const vg_eval *e = s->evaluation;
  const char *real = vg_eval_series_path(&s->real, pair->real, series);
  const char *synth = vg_eval_series_path(&s->synth, pair->synth, series);
  if (g->what == LABELS || e->unpaired) /* one image is enough as backdrop of labels */
    real = synth = g->what == LABELS && real ? real : synth;
  if (!real || !synth) return VG_OK;
  vg_status st = vg_eval_images_read(e, series, real, synth, &c->maps, NULL, &c->images);
  c->lo = -1;
  c->hi = 1;
  if (st || e->normalise != VG_NORMALISE_NONE) return st;
  double limits[2];
  static const double window[2] = {0.5, 99.5};
  const vg_volume *v = &c->images.real;
  st = vg_percentiles(v->data, c->images.cells, vg_geometry_voxels(&v->geo), window, limits);
  c->lo = limits[0];
  c->hi = limits[1];
  return st;
}

/* Reads the first series that the case has on either side, as the backdrop of its labels. If that image does
 * not fit the labels, there is no backdrop: the label maps are still valid. */
static vg_status read_backdrop(const gallery *g, const eval_pair *pair, content_of_case *c) {
  const vg_dataset *sides[] = {&g->study->real, &g->study->synth};
  const vg_subject *subjects[] = {pair->real, pair->synth};
  for (int d = 0; d < 2; d++) {
    for (int i = 0; i < sides[d]->series.n; i++) {
      if (!subjects[d]->series[i]) continue;
      vg_status st = read_images(g, pair, sides[d]->series.names[i], c);
      if (st != VG_DATA) return st; /* a file that cannot be read is no image that does not fit */
      vg_error_clear();
      vg_eval_images_release(&c->images);
    }
  }
  return VG_OK;
}

static const eval_map *real_map(const gallery *g, const content_of_case *c) {
  return !strcmp(g->series, EVAL_TUMOUR_LABELS) ? &c->maps.real_tumour : &c->maps.real_anatomy;
}
static const eval_map *synth_map(const gallery *g, const content_of_case *c) {
  return !strcmp(g->series, EVAL_TUMOUR_LABELS) ? &c->maps.synth_tumour : &c->maps.synth_anatomy;
}

/* Draws the panels of one slice. */
static vg_status draw_images(const gallery *g, const content_of_case *c, const eval_slice *slice,
                             vg_picture *out) {
  const float *real = c->images.real.data, *synth = c->images.synth.data;
  const uint8_t *labels = c->maps.tumour->data ? c->maps.tumour->data : c->maps.anatomy->data;
  vg_status st = VG_OK;
  int k = 0;
  if (!g->study->evaluation->unpaired) st = vg_eval_slice_grey(slice, real, c->lo, c->hi, 1, &out[k++]);
  if (!st) st = vg_eval_slice_grey(slice, real, c->lo, c->hi, DIM, &out[k]);
  vg_colours colours;
  vg_class_colours(c->maps.tumour->data ? &g->study->tumour : &g->study->anatomy, colours);
  if (!st && labels) vg_eval_slice_classes(slice, labels, colours[0], &out[k]);
  k++;
  if (!st) st = vg_eval_slice_grey(slice, synth, c->lo, c->hi, 1, &out[k++]);
  if (!st && k < PANELS && g->panels[k])
    st = vg_eval_slice_difference(slice, real, synth, FULL_DIFFERENCE * c->images.range, &out[k]);
  return st;
}

static vg_status draw_labels(const gallery *g, const content_of_case *c, const eval_slice *slice,
                             const float *backdrop, vg_picture *out) {
  static const double brightness[PANELS] = {DIM, DIM, 0.7, 1};
  const uint8_t *real = real_map(g, c)->data, *synth = synth_map(g, c)->data;
  vg_status st = VG_OK;
  for (int k = 0; k < PANELS && g->panels[k] && !st; k++)
    st = vg_eval_slice_grey(slice, backdrop, c->lo, c->hi, brightness[k], &out[k]);
  if (st) return st;
  vg_colours colours;
  vg_class_colours(strcmp(g->series, EVAL_TUMOUR_LABELS) ? &g->study->anatomy : &g->study->tumour, colours);
  vg_eval_slice_classes(slice, real, colours[0], &out[0]);
  vg_eval_slice_classes(slice, synth, colours[0], &out[1]);
  vg_eval_slice_edges(slice, real, synth, &out[2]);
  return VG_OK;
}

static vg_status shoot_images(const gallery *g, const eval_pair *pair, content_of_case *c, shot *out) {
  vg_status st = read_images(g, pair, g->series, c);
  if (st || !c->images.cells) return st;
  const uint8_t *cells = c->images.cells, *tumour = c->maps.tumour->data;
  st = vg_eval_slices(&c->images.real.geo, cells, tumour ? tumour : cells, out->slices, &out->n);
  for (int f = 0; f < out->n && !st; f++) st = draw_images(g, c, &out->slices[f], out->pictures[f]);
  return st;
}

static vg_status shoot_labels(const gallery *g, const eval_pair *pair, content_of_case *c, shot *out) {
  const eval_map *real = real_map(g, c), *synth = synth_map(g, c);
  if (!real->data || !synth->data) return VG_OK;
  vg_status st = read_backdrop(g, pair, c);
  if (st) return st;
  size_t n = vg_geometry_voxels(&real->geo);
  uint8_t *either = vg_malloc(n, 1);
  float *black = vg_calloc(n, sizeof *black);
  st = either && black ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < n && !st; i++) either[i] = real->data[i] || synth->data[i];
  if (!st)
    st = vg_eval_slices(&real->geo, c->images.cells ? c->images.cells : either, either, out->slices, &out->n);
  for (int f = 0; f < out->n && !st; f++)
    st = draw_labels(g, c, &out->slices[f], c->images.real.data ? c->images.real.data : black,
                     out->pictures[f]);
  vg_free(either);
  vg_free(black);
  return st;
}

static vg_status shoot(void *arg, size_t k) {
  const gallery *g = arg;
  size_t index = g->cases[k].index;
  const char *id = g->study->evaluation->ids[index];
  eval_pair pair = g->study->pairs[index];
  content_of_case c = {.hi = 1};
  eval_study own = *g->study;
  if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted");
  if (!pair.real) { /* no partner: use the synthetic side as both */
    pair.real = pair.synth;
    own.real = own.synth;
  }
  gallery mine = *g;
  mine.study = &own;
  vg_status st = vg_eval_maps_read(&own, &pair, g->what == LABELS, &c.maps);
  if (!st)
    st = g->what == IMAGES ? shoot_images(&mine, &pair, &c, &g->shots[k])
                           : shoot_labels(&mine, &pair, &c, &g->shots[k]);
  vg_eval_maps_release(&c.maps);
  vg_eval_images_release(&c.images);
  return st ? vg_fail_in(st, "subject %s", id) : VG_OK;
}

/* ---- a gallery ---- */

static void add_case(vg_report *r, const gallery *g, const ranked *at, const shot *s) {
  char figure[VG_FIGURE];
  const char *id = g->study->evaluation->ids[at->index], *region = g->by.region;
  if (isnan(at->value))
    vg_gallery_case(r, "%s", id);
  else
    vg_gallery_case(r, "%s: %s %s (%s)", id, g->by.metric->name, vg_report_figure(at->value, figure),
                    region ? region : "mean over regions");
  for (int f = 0; f < s->n; f++) {
    vg_gallery_frame(r, s->slices[f].label, s->slices[f].middle);
    for (int k = 0; k < PANELS && g->panels[k]; k++)
      vg_gallery_panel(r, g->panels[k], &s->pictures[f][k], s->slices[f].width_mm, s->slices[f].height_mm);
  }
}

/* The value that ranks a case: for images the mean over all series, so that their galleries show the same
 * case, on the same slice. */
static double badness(const gallery *g, size_t i) {
  const vg_eval *e = g->study->evaluation;
  const double sign = g->by.metric->better == VG_BETTER_HIGHER ? 1 : -1;
  double sum = 0, n = 0;
  for (int k = 0; k < e->n_series && g->what == IMAGES; k++) {
    const double v = value_of(e, e->series[k], &g->by, i);
    if (!isfinite(v)) continue;
    sum += v;
    n++;
  }
  return sign * (n > 0 ? sum / n : value_of(e, g->series, &g->by, i));
}

/* Lists all cases, the worst first. */
static vg_status rank(gallery *g) {
  const vg_eval *e = g->study->evaluation;
  g->cases = VG_NEW_N(ranked, e->n_cases);
  if (!g->cases) return VG_MEMORY;
  for (size_t i = 0; i < e->n_cases; i++) g->cases[i] = (ranked){i, badness(g, i)};
  qsort(g->cases, e->n_cases, sizeof *g->cases, by_badness);
  for (size_t i = 0; i < e->n_cases; i++) {
    ranked *c = &g->cases[i];
    c->value = value_of(e, g->series, &g->by, c->index);
  }
  return VG_OK;
}

/* Draws the pictures of the first n cases. */
static vg_status shoot_all(gallery *g, size_t n) {
  g->n = n;
  g->shots = VG_NEW_N(shot, n + 1);
  return g->shots ? vg_task_parallel("report", "pictures", n, shoot, g) : VG_MEMORY;
}

static void gallery_release(gallery *g) {
  for (size_t i = 0; g->shots && i < g->n; i++) shot_release(&g->shots[i]);
  vg_free(g->shots);
  vg_free(g->cases);
}

static vg_status add_gallery(vg_report *r, gallery *g, const char *title, size_t budget) {
  const vg_eval *e = g->study->evaluation;
  size_t begun = vg_report_size(r), shown = 0;
  if (!find_order(e, g->series, &g->by)) return VG_OK;
  vg_status st = rank(g);
  if (!st) st = shoot_all(g, e->n_cases < CASES ? e->n_cases : CASES);
  if (!st) {
    vg_gallery_open(r, title);
    for (size_t i = 0; i < g->n && (!shown || vg_report_size(r) - begun < budget); i++) {
      if (!g->shots[i].n) continue;
      add_case(r, g, &g->cases[i], &g->shots[i]);
      shown++;
    }
    vg_gallery_close(r);
    if (shown < e->n_cases)
      vg_report_text(r, "The worst %zu of %zu %s %s shown.", shown, e->n_cases,
                     vg_plural(e->n_cases, "case", "cases"), vg_plural(shown, "is", "are"));
  }
  gallery_release(g);
  return st;
}

static void add_keys(vg_report *r, const vg_classes *classes) {
  vg_colours colours;
  vg_class_colours(classes, colours);
  for (int k = 0; k < classes->n; k++) vg_report_key(r, colours[k], classes->names[k]);
}

vg_status vg_eval_page_images(vg_report *r, const eval_study *s, size_t budget) {
  const vg_eval *e = s->evaluation;
  vg_status st = VG_OK;
  if (!e->n_series) return VG_OK;
  if (!e->unpaired)
    vg_report_text(r,
                   "Worst cases first. Difference: orange where the synthetic image is brighter than the "
                   "real one, blue where it is darker, with full colour from %g %% of the data range. The "
                   "patient's right is on the left.",
                   100 * FULL_DIFFERENCE);
  add_keys(r, s->tumour.n ? &s->tumour : &s->anatomy);
  for (int i = 0; i < e->n_series && !st; i++) {
    gallery g = {.study = s, .what = IMAGES, .series = e->series[i]};
    static const char *const paired[PANELS] = {"real", "labels", "synthetic", "difference"};
    static const char *const alone[PANELS] = {"labels", "synthetic"};
    memcpy(g.panels, e->unpaired ? alone : paired, sizeof g.panels);
    st = add_gallery(r, &g, e->series[i], budget / (size_t)e->n_series);
  }
  return st;
}

vg_status vg_eval_page_labels(vg_report *r, const eval_study *s, size_t budget) {
  static const struct {
    const char *series, *title;
  } maps[] = {{EVAL_TUMOUR_LABELS, "Tumour labels"}, {EVAL_ANATOMY_LABELS, "Anatomy labels"}};
  vg_status st = VG_OK;
  vg_report_text(r, "Worst cases first. Outlines: real map blue, synthetic map orange, white where they "
                    "agree. The patient's right is on the left.");
  for (int k = 0; k < 2 && !st; k++) {
    gallery g = {.study = s,
                 .what = LABELS,
                 .series = maps[k].series,
                 .panels = {"real labels", "synthetic labels", "outlines"}};
    if (s->real.series.n || s->synth.series.n) g.panels[3] = "image";
    order by;
    if (!find_order(s->evaluation, g.series, &by)) continue;
    add_keys(r, k ? &s->anatomy : &s->tumour);
    st = add_gallery(r, &g, maps[k].title, budget / 2);
  }
  return st;
}

/* ---- a sheet of three cases ---- */

enum { SHEET_CASES = 3, TEXT_HEIGHT = 12 };

/* Moves the worst, the median and the best case that have a value to the front. Returns their number. */
static size_t pick_three(gallery *g) {
  size_t n = 0;
  while (n < g->study->evaluation->n_cases && !isnan(g->cases[n].value)) n++;
  if (n <= SHEET_CASES) return n;
  g->cases[1] = g->cases[n / 2];
  g->cases[2] = g->cases[n - 1];
  return SHEET_CASES;
}

/* The axial slice through the middle of the labels. */
static int middle_of(const shot *s) {
  for (int f = 0; f < s->n; f++)
    if (s->slices[f].middle) return f;
  return 0;
}

/* Each pixel becomes zoom x zoom. */
static void paste(const vg_picture *from, int zoom, vg_picture *to, int left, int top) {
  for (int y = 0; y < from->height * zoom; y++) {
    uint8_t *row = to->rgb + 3 * ((size_t)(top + y) * (size_t)to->width + (size_t)left);
    const uint8_t *source = from->rgb + 3 * (size_t)(y / zoom) * (size_t)from->width;
    for (int x = 0; x < from->width * zoom; x++) memcpy(row + 3 * x, source + 3 * (x / zoom), 3);
  }
}

/* Small panels are enlarged to about this width. */
enum { PANEL_WIDTH = 160 };

static int zoom_of(const vg_picture *panel) {
  return panel->width && panel->width < PANEL_WIDTH ? PANEL_WIDTH / panel->width : 1;
}

static vg_status make_sheet(const gallery *g, vg_picture *out) {
  int width = 0, height = 0;
  for (size_t i = 0; i < g->n; i++) {
    const vg_picture *p = g->shots[i].pictures[middle_of(&g->shots[i])];
    int wide = 0;
    for (int k = 0; k < PANELS && g->panels[k]; k++) wide += p[k].width * zoom_of(p);
    width = wide > width ? wide : width;
    height += p[0].height * zoom_of(p) + TEXT_HEIGHT;
  }
  if (!width) return VG_OK;
  vg_status st = vg_picture_new(width, height, out);
  for (size_t i = 0, top = 0; i < g->n && !st; i++) {
    const vg_picture *p = g->shots[i].pictures[middle_of(&g->shots[i])];
    const int zoom = zoom_of(p);
    char text[256];
    snprintf(text, sizeof text, "%s  %s %.3f", g->study->evaluation->ids[g->cases[i].index],
             g->by.metric->name, g->cases[i].value);
    vg_picture_text(out, 2, (int)top + 2, text);
    top += TEXT_HEIGHT;
    for (int k = 0, left = 0; k < PANELS && g->panels[k]; left += p[k++].width * zoom)
      paste(&p[k], zoom, out, left, (int)top);
    top += (size_t)(p[0].height * zoom);
  }
  return st;
}

vg_status vg_eval_page_sheet(const eval_study *s, const char *path) {
  gallery g = {.study = s,
               .what = LABELS,
               .series = EVAL_TUMOUR_LABELS,
               .panels = {"real labels", "synthetic labels", "outlines", "image"}};
  vg_picture sheet = {0};
  if (!find_order(s->evaluation, g.series, &g.by)) return VG_OK;
  vg_status st = rank(&g);
  if (!st) st = shoot_all(&g, pick_three(&g));
  if (!st) st = make_sheet(&g, &sheet);
  if (!st && sheet.rgb) st = vg_picture_write(path, &sheet);
  vg_picture_release(&sheet);
  gallery_release(&g);
  return st;
}
