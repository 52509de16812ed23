/* compare_plan.c: plans the measurements: makes regions from classes and one group for each series, region
 * and metric, and finds the suites that the data do not allow. */
#include "eval/compare/compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/text/plural.h"

static vg_status collect_classes(eval_study *s) {
  const vg_dataset *sides[] = {&s->real, &s->synth};
  for (int d = 0; d < 2; d++) {
    for (int i = 0; i < sides[d]->n_sources; i++) {
      const vg_source *source = &sides[d]->sources[i];
      vg_status st = vg_classes_add(&s->tumour, &source->tumour_scheme, VG_ROLE_TUMOUR);
      if (!st) st = vg_classes_add(&s->anatomy, &source->anatomy_scheme, VG_ROLE_ANATOMY);
      if (st) return st;
    }
  }
  return VG_OK;
}

/* Adds one region per class, with cell first_cell + the class's index. If the name is already used, appends "
 * class".
 */
static vg_status add_class_regions(vg_regions *regions, const vg_classes *c, int first_cell) {
  for (int k = 0; k < c->n; k++) {
    uint8_t cell = (uint8_t)(first_cell + k);
    char name[VG_CLASS_NAME + 8];
    bool taken = false;
    for (int r = 0; r < regions->n; r++) taken |= !strcmp(regions->names[r], c->names[k]);
    snprintf(name, sizeof name, taken ? "%s class" : "%s", c->names[k]);
    vg_status st = vg_metric_regions_add(regions, name, &cell, 1);
    if (st) return st;
  }
  return VG_OK;
}

/* Adds the regions of the BraTS challenges whose classes exist. */
static vg_status add_brats_regions(vg_regions *regions, const vg_classes *c, int first_cell) {
  static const char *const parts[] = {"enhancing", "necrosis", "nonenhancing", "oedema"};
  static const struct {
    const char *name;
    int n; /* the first of parts */
  } unions[] = {{"WT", 4}, {"TC", 3}, {"ET", 1}};
  for (int u = 0; u < 3; u++) {
    uint8_t cells[4];
    size_t n = 0;
    for (int p = 0; p < unions[u].n; p++) {
      int k = vg_classes_find(c, parts[p]);
      if (k >= 0) cells[n++] = (uint8_t)(first_cell + k);
    }
    vg_status st = n ? vg_metric_regions_add(regions, unions[u].name, cells, n) : VG_OK;
    if (st) return st;
  }
  return VG_OK;
}

/* Adds the regions of the tumour whose edges are visible in images. */
static vg_status add_part_surfaces(vg_regions *regions, const vg_classes *c) {
  static const char *const parts[] = {"oedema", "enhancing"};
  for (int p = 0; p < 2; p++) {
    int k = vg_classes_find(c, parts[p]);
    vg_status st = k < 0 ? VG_OK : vg_metric_regions_add(regions, parts[p], &(uint8_t){(uint8_t)(k + 1)}, 1);
    if (st) return st;
  }
  return VG_OK;
}

static vg_status make_regions(const eval_study *s, vg_eval *e) {
  uint8_t cells[VG_CLASSES_MAX + 2], band = EVAL_CELL_BAND;
  vg_status st;
  int tumours = s->tumour.n;
  for (int k = 0; k <= tumours + 1; k++) cells[k] = (uint8_t)(EVAL_CELL_BRAIN + k);
  vg_metric_regions_init(&e->image_regions);
  vg_metric_regions_init(&e->tumour_regions);
  vg_metric_regions_init(&e->anatomy_regions);
  vg_metric_regions_init(&e->boundary_regions);
  if ((st = vg_metric_regions_add(&e->image_regions, "brain", cells, (size_t)tumours + 2))) return st;
  if (tumours) {
    if ((st = vg_metric_regions_add(&e->image_regions, "tumour", cells + 2, (size_t)tumours))) return st;
    if ((st = vg_metric_regions_add(&e->image_regions, "band", &band, 1))) return st;
    /* In the maps, class k is cell k + 1; cells starts with exactly these numbers. */
    if ((st = vg_metric_regions_add(&e->tumour_regions, "tumour", cells, (size_t)tumours))) return st;
    if ((st = vg_metric_regions_add(&e->boundary_regions, "tumour", cells, (size_t)tumours))) return st;
  }
  if (tumours > 1) {
    if ((st = add_class_regions(&e->image_regions, &s->tumour, EVAL_CELL_TUMOUR))) return st;
    if ((st = add_class_regions(&e->tumour_regions, &s->tumour, 1))) return st;
    if ((st = add_brats_regions(&e->tumour_regions, &s->tumour, 1))) return st;
    if ((st = add_part_surfaces(&e->boundary_regions, &s->tumour))) return st;
  }
  return add_class_regions(&e->anatomy_regions, &s->anatomy, 1);
}

/* Counts the cases in which both sides have the series; label maps have series names too. */
static size_t cases_with(const eval_study *s, const char *series) {
  size_t n = 0;
  int r = vg_series_find(&s->real.series, series), y = vg_series_find(&s->synth.series, series);
  for (size_t i = 0; i < s->evaluation->n_cases; i++) {
    const vg_subject *a = s->pairs[i].real, *b = s->pairs[i].synth;
    if (!strcmp(series, EVAL_TUMOUR_LABELS))
      n += a->tumour && b->tumour;
    else if (!strcmp(series, EVAL_ANATOMY_LABELS))
      n += a->anatomy && b->anatomy;
    else
      n += r >= 0 && y >= 0 && a->series[r] && b->series[y];
  }
  return n;
}

static void add_groups(vg_eval *e, const char *series, const vg_regions *regions, vg_metric_kind kind) {
  for (int r = 0; r < regions->n; r++) {
    const vg_metric_row *row;
    for (int i = 0; (row = vg_metric_at(i)); i++) {
      if (row->metric->kind != kind || !vg_metric_in_suites(row, e->suites)) continue;
      e->groups[e->n_groups++] = (eval_group){.series = series, .region = regions->names[r], .metric = row};
    }
  }
}

static const char *what_it_needs(vg_metric_kind kind) {
  switch (kind) {
  case VG_METRIC_IMAGE:
    return "no series is on both sides of any pair";
  case VG_METRIC_OVERLAP:
  case VG_METRIC_LESION:
    return "no label map is on both sides of any pair";
  case VG_METRIC_BOUNDARY:
    return "no series is on both sides of any pair, or there is no tumour map";
  }
  return "";
}

void vg_eval_say_left_out(vg_eval *e, const char *why) {
  const vg_metric_row *row;
  for (int m = 0; (row = vg_metric_at(m)); m++) {
    if (!vg_metric_in_suites(row, e->suites) || vg_eval_has_groups(e, row->suite) ||
        vg_eval_is_left_out(e, row->suite))
      continue;
    vg_eval_leave_out(e, row->suite, why ? why : what_it_needs(row->metric->kind));
  }
}

/* Counts the subjects with the series and a tumour map. */
static size_t subjects_with(const vg_dataset *ds, const char *series) {
  int k = vg_series_find(&ds->series, series);
  size_t n = 0;
  for (size_t i = 0; i < ds->n && k >= 0; i++) n += ds->subjects[i].tumour && ds->subjects[i].series[k];
  return n;
}

/* Makes groups for the series that both sides have, although no subject is on both sides. */
static vg_status make_unpaired_groups(const eval_study *s, vg_eval *e) {
  for (int i = 0; i < s->real.series.n; i++) {
    const char *name = s->real.series.names[i];
    if (!subjects_with(&s->real, name) || !subjects_with(&s->synth, name)) continue;
    snprintf(e->series[e->n_series], VG_SERIES_NAME, "%s", name);
    add_groups(e, e->series[e->n_series++], &e->boundary_regions, VG_METRIC_BOUNDARY);
  }
  return e->n_groups || s->compares_sets
             ? VG_OK
             : vg_fail(VG_DATA, "nothing to compare: no subject is on both sides, and no series with a "
                                "tumour map is on each");
}

/* Whether a pair has a tumour map on either side. */
static bool any_tumour_map(const eval_study *s) {
  for (size_t i = 0; i < s->evaluation->n_cases; i++) {
    if (s->pairs[i].real->tumour || s->pairs[i].synth->tumour) return true;
  }
  return false;
}

static vg_status make_paired_groups(const eval_study *s, vg_eval *e) {
  for (int i = 0; i < s->real.series.n; i++) {
    const char *name = s->real.series.names[i];
    size_t n = cases_with(s, name);
    if (n < e->n_cases)
      vg_info("series %s is on both sides in %zu of %zu %s", name, n, e->n_cases,
              vg_plural(e->n_cases, "subject", "subjects"));
    if (!n) continue;
    snprintf(e->series[e->n_series], VG_SERIES_NAME, "%s", name);
    add_groups(e, e->series[e->n_series], &e->image_regions, VG_METRIC_IMAGE);
    if (any_tumour_map(s)) add_groups(e, e->series[e->n_series], &e->boundary_regions, VG_METRIC_BOUNDARY);
    e->n_series++;
  }
  if (cases_with(s, EVAL_TUMOUR_LABELS)) {
    add_groups(e, EVAL_TUMOUR_LABELS, &e->tumour_regions, VG_METRIC_OVERLAP);
    add_groups(e, EVAL_TUMOUR_LABELS, &e->tumour_regions, VG_METRIC_LESION);
  }
  if (cases_with(s, EVAL_ANATOMY_LABELS))
    add_groups(e, EVAL_ANATOMY_LABELS, &e->anatomy_regions, VG_METRIC_OVERLAP);
  if (!e->n_groups && !s->compares_sets)
    return vg_fail(VG_DATA,
                   "nothing to compare: no series and no label map is on both sides of any of the %zu %s",
                   e->n_cases, vg_plural(e->n_cases, "pair", "pairs"));
  return VG_OK;
}

static vg_status make_groups(const eval_study *s, vg_eval *e) {
  int metrics = 0;
  while (vg_metric_at(metrics)) metrics++;
  e->groups = vg_calloc((size_t)(EVAL_SERIES_MAX * VG_REGIONS_MAX) * (size_t)metrics, sizeof *e->groups);
  if (!e->groups) return VG_MEMORY;
  vg_status st = e->unpaired ? make_unpaired_groups(s, e) : make_paired_groups(s, e);
  if (st) return st;
  vg_eval_say_left_out(e, e->unpaired ? "no subject is on both sides" : NULL);
  return vg_eval_values_new(e);
}

void vg_eval_leave_out_copies(const eval_study *s) {
  vg_eval *e = s->evaluation;
  bool any_image = false;
  const char *suite = NULL;
  for (size_t g = 0; g < e->n_groups; g++) {
    if (vg_eval_compares_labels(&e->groups[g]))
      suite = e->groups[g].metric->suite;
    else
      any_image = true;
  }
  if (!suite || !any_image || s->maps_differ || s->overlap_by_name) return;
  /* summary.json holds this sentence, so its wording stays. */
  vg_eval_leave_out(e, suite,
                    "label maps are equal on both sides (--suite overlap shows it all the "
                    "same)");
  for (size_t g = 0; g < e->n_groups; g++) {
    if (!vg_eval_compares_labels(&e->groups[g])) continue;
    for (size_t c = 0; c < e->n_cases; c++) e->values[c * e->n_groups + g] = NAN;
  }
}

/* Whether any class of a region was seen. */
static bool is_shown(const vg_regions *regions, const char *name, uint64_t seen) {
  for (int r = 0; r < regions->n; r++) {
    if (strcmp(regions->names[r], name) != 0) continue;
    for (int k = 1; k <= VG_CLASSES_MAX; k++)
      if (regions->member[k] >> r & 1 && seen >> k & 1) return true;
  }
  return false;
}

void vg_eval_leave_out_empty(const eval_study *s) {
  vg_eval *e = s->evaluation;
  for (size_t g = 0; g < e->n_groups; g++) {
    const eval_group *group = &e->groups[g];
    const bool tumour = !strcmp(group->series, EVAL_TUMOUR_LABELS);
    if (!vg_eval_compares_labels(group) || is_shown(tumour ? &e->tumour_regions : &e->anatomy_regions,
                                                    group->region, tumour ? s->tumour_seen : s->anatomy_seen))
      continue;
    for (size_t c = 0; c < e->n_cases; c++) e->values[c * e->n_groups + g] = NAN;
  }
}

bool vg_eval_asks_for(const vg_eval *e, vg_metric_kind kind) {
  const vg_metric_row *row;
  for (int i = 0; (row = vg_metric_at(i)); i++) {
    if (row->metric->kind == kind && vg_metric_in_suites(row, e->suites)) return true;
  }
  return false;
}

vg_status vg_eval_plan(eval_study *s) {
  vg_status st = collect_classes(s);
  if (!st) st = make_regions(s, s->evaluation);
  if (!st) st = make_groups(s, s->evaluation);
  return st;
}
