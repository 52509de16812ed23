/* run_curves.c: draws a run over its epochs: losses, scores, learning rates, speed and memory.
 *
 * The log decides which losses and scores exist: every number in a line is drawn. */
#include <math.h>
#include <string.h>
#include "run_page/run_sections.h"
#include "base/mem.h"
#include "base/str.h"

enum { LINES_MAX = 64 };

/* A chart under construction: values from lines of the log over their epochs. */
typedef struct curves {
  const run_history *h;
  const vg_json_lines *from;
  double *x; /* (from->n) epochs */
  vg_chart_line lines[LINES_MAX];
  char *names[LINES_MAX];
  double *values[LINES_MAX];
  size_t n;
  bool failed; /* no memory */
} curves;

static void curves_init(curves *c, const run_history *h, const vg_json_lines *from) {
  *c = (curves){.h = h, .from = from, .x = VG_NEW_N(double, from->n)};
  c->failed = !c->x;
  for (size_t i = 0; i < from->n && c->x; i++)
    c->x[i] = vg_json_number(vg_json_get(from->items[i], "epoch"), NAN);
}

static void curves_release(vg_report *r, curves *c) {
  if (c->failed) vg_report_fail(r, VG_MEMORY);
  for (size_t i = 0; i < c->n; i++) {
    vg_free(c->names[i]);
    vg_free(c->values[i]);
  }
  vg_free(c->x);
}

/* Adds a line and returns its values, all NaN. NULL: no room. Copies name, with each '_' as ' '. */
static double *add_line(curves *c, const char *name) {
  if (c->failed || c->n == LINES_MAX) return NULL;
  char *label = vg_strdup(name);
  double *values = vg_malloc(c->from->n, sizeof *values);
  c->names[c->n] = label;
  c->values[c->n++] = values;
  if (!label || !values) {
    c->failed = true;
    return NULL;
  }
  for (char *at = label; *at; at++)
    if (*at == '_') *at = ' ';
  for (size_t i = 0; i < c->from->n; i++) values[i] = NAN;
  c->lines[c->n - 1] = (vg_chart_line){.name = label, .x = c->x, .y = values, .n = c->from->n};
  return values;
}

/* Adds the numbers of a key, divided by unit and, if over is not NULL, by the numbers of that key. */
static void add_key(curves *c, const char *key, const char *name, double unit, const char *over) {
  double *values = add_line(c, name);
  for (size_t i = 0; values && i < c->from->n; i++) {
    const vg_json *line = c->from->items[i];
    values[i] = vg_json_number(vg_json_get(line, key), NAN) / unit;
    if (over) values[i] /= vg_json_number(vg_json_get(line, over), NAN);
  }
}

/* Draws the chart with the best epoch marked, and starts the next. Omits a chart that has no value but 0. */
static void draw(vg_report *r, curves *c, vg_chart chart) {
  bool any = false;
  for (size_t k = 0; k < c->n && !c->failed; k++)
    for (size_t i = 0; i < c->from->n; i++) any = any || (isfinite(c->values[k][i]) && c->values[k][i] != 0);
  const double best = c->h->best ? vg_json_number(vg_json_get(c->h->best, "epoch"), NAN) : NAN;
  chart.x = "epoch";
  if (!isnan(best)) {
    chart.mark = &best;
    chart.mark_name = "best epoch";
  }
  if (any) vg_report_lines(r, &chart, c->lines, c->n);
  for (size_t i = 0; i < c->n; i++) {
    vg_free(c->names[i]);
    vg_free(c->values[i]);
  }
  c->n = 0;
}

/* ---- sections ---- */

/* The keys of an epoch's line that are not generator losses: the discriminator's two, and keys that are not
 * losses. */
static bool is_other_loss(const char *key) {
  static const char *const others[] = {"d_real",     "d_fake", "epoch",     "step",          "skipped",
                                       "lr_g",       "lr_d",   "seconds",   "volumes_per_s", "loader_wait_s",
                                       "peak_bytes", "time",   "processes", "wait_share",    "step_bytes"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (!strcmp(key, others[i])) return false;
  return true;
}

static void add_loss(vg_report *r, curves *c, const char *key) {
  const char *whose = vg_starts_with(key, "g_")   ? "Generator's loss: "
                      : vg_starts_with(key, "d_") ? "Discriminator's loss: "
                                                  : "";
  add_key(c, key, *whose ? key + strlen("g_") : key, 1, NULL);
  char *title = c->n && !c->failed ? vg_format("%s%s", whose, c->names[0]) : NULL;
  c->failed |= c->n && !title;
  draw(r, c, (vg_chart){.title = title ? title : key});
  vg_free(title);
}

void vg_run_add_losses(vg_report *r, const run_history *h) {
  curves c;
  vg_report_section(r, "Losses");
  if (!h->epochs.n) {
    vg_report_text(r, "No epoch is finished yet.");
    return;
  }
  vg_report_text(r, "Means over the steps of an epoch, on the training subjects.");
  curves_init(&c, h, &h->epochs);
  /* Readers compare these two: they show whether the discriminator can distinguish real from synthetic. */
  add_key(&c, "d_real", "real", 1, NULL);
  add_key(&c, "d_fake", "fake", 1, NULL);
  draw(r, &c, (vg_chart){.title = "Discriminator's losses"});
  for (const vg_json *e = vg_json_first(h->epochs.items[0]); e; e = vg_json_next(e))
    if (vg_json_type_of(e) == VG_JSON_NUMBER && is_other_loss(vg_json_key(e)))
      add_loss(r, &c, vg_json_key(e));
  curves_release(r, &c);
}

/* Draws a chart of one metric, with one line a series (or class). */
static void add_metric(vg_report *r, curves *c, const vg_json *scores, const char *metric) {
  for (const vg_json *group = vg_json_first(scores); group; group = vg_json_next(group)) {
    double *values = vg_json_get(group, metric) ? add_line(c, vg_json_key(group)) : NULL;
    for (size_t i = 0; values && i < c->from->n; i++) {
      const vg_json *there = vg_json_get(vg_json_get(c->from->items[i], "scores"), vg_json_key(group));
      values[i] = vg_json_number(vg_json_get(there, metric), NAN);
    }
  }
  char *title = vg_strdup(metric);
  c->failed |= !title;
  for (char *at = title; at && *at; at++)
    if (*at == '_') *at = ' ';
  draw(r, c, (vg_chart){.title = title ? title : metric});
  vg_free(title);
}

void vg_run_add_scores(vg_report *r, const run_history *h) {
  curves c;
  if (!h->validations.n) return;
  const vg_json *last = h->validations.items[h->validations.n - 1], *scores = vg_json_get(last, "scores");
  vg_report_section(r, "Scores");
  vg_report_text(r, vg_json_bool(vg_json_get(last, "held_out"), true)
                        ? "Scores of held-out subjects, at each validation."
                        : "Scores of training subjects, because no subject is held out: they say nothing "
                          "about new subjects.");
  curves_init(&c, h, &h->validations);
  /* Draws each metric once, at the first series that has it. */
  for (const vg_json *group = vg_json_first(scores); group; group = vg_json_next(group)) {
    for (const vg_json *m = vg_json_first(group); m; m = vg_json_next(m)) {
      const vg_json *before = vg_json_first(scores);
      while (before != group && !vg_json_get(before, vg_json_key(m))) before = vg_json_next(before);
      if (before == group) add_metric(r, &c, scores, vg_json_key(m));
    }
  }
  curves_release(r, &c);
}

void vg_run_add_speed(vg_report *r, const run_history *h) {
  curves c;
  if (!h->epochs.n) return;
  vg_report_section(r, "Speed and memory");
  curves_init(&c, h, &h->epochs);
  add_key(&c, "lr_g", "generator", 1, NULL);
  add_key(&c, "lr_d", "discriminator", 1, NULL);
  draw(r, &c, (vg_chart){.title = "Learning rate"});
  add_key(&c, "volumes_per_s", "volumes", 1, NULL);
  draw(r, &c, (vg_chart){.title = "Rate, volumes a second"});
  add_key(&c, "loader_wait_s", "waiting", 0.01, "seconds");
  draw(r, &c, (vg_chart){.title = "Waiting for data, % of the time"});
  add_key(&c, "wait_share", "waiting", 0.01, NULL);
  draw(r, &c, (vg_chart){.title = "Waiting for other processes, % of the time"});
  add_key(&c, "peak_bytes", "peak", 1 << 30, NULL);
  draw(r, &c, (vg_chart){.title = "Peak memory so far, GiB"});
  add_key(&c, "skipped", "skipped", 1, NULL);
  draw(r, &c, (vg_chart){.title = "Skipped steps"});
  curves_release(r, &c);
}
