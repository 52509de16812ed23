/* region_room.c: warns of regions that are smaller than the tumours which edits are to put there. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text/plural.h"
#include "edit/lesion/site.h"
#include "study/study_internal.h"
#include "voxgan/log.h"

enum {
  REGIONS = 32, /* of a cohort; there are fewer names */
  SUBJECTS = 4, /* whose tumours are measured */
  CASES = 1000  /* of a cohort, whose values are drawn */
};

/* A region of a cohort, and the tumours that its cases get there. */
typedef struct room {
  char name[VG_DRAW_TEXT];
  double ml;      /* of the region in one host */
  char host[128]; /* its id */
  size_t tumours, larger;
  double largest;
} room;

typedef struct tumour_volume {
  const vg_subject *subject;
  double ml;
} tumour_volume;

typedef struct region_survey {
  vg_study *s;
  int n_known, n_rooms;
  tumour_volume known[SUBJECTS];
  room rooms[REGIONS];
} region_survey;

static vg_status take_maps(region_survey *r, const vg_member *m, bool donor, const vg_map_entry **out) {
  return vg_map_cache_take(&r->s->cache, m->set, m->subject, &r->s->classes, donor, out);
}

/* The tumour of a host or donor. NAN: enough subjects are measured already. */
static vg_status tumour_of(region_survey *r, const vg_member *m, bool donor, double *ml) {
  *ml = NAN;
  for (int i = 0; i < r->n_known; i++)
    if (r->known[i].subject == m->subject) *ml = r->known[i].ml;
  if (!isnan(*ml) || r->n_known == SUBJECTS) return VG_OK;
  const vg_map_entry *e = NULL;
  size_t n = 0;
  vg_status st = take_maps(r, m, donor, &e);
  if (st) return st;
  for (size_t i = 0; i < vg_geometry_voxels(&e->maps.geo); i++) n += e->maps.tumour[i] != 0;
  *ml = (double)n * vg_geometry_voxel_ml(&e->maps.geo);
  r->known[r->n_known++] = (tumour_volume){m->subject, *ml};
  vg_map_cache_give(&r->s->cache, e);
  return VG_OK;
}

/* The region, measured in this host if it is new; NULL: there are too many. */
static vg_status find_room(region_survey *r, const char *name, const vg_member *host, room **out) {
  for (int i = 0; i < r->n_rooms; i++)
    if (!strcmp(r->rooms[i].name, name)) return *out = &r->rooms[i], VG_OK;
  *out = NULL;
  if (r->n_rooms == REGIONS) return VG_OK;
  const vg_map_entry *e = NULL;
  vg_status st = take_maps(r, host, false, &e);
  if (st) return st;
  *out = &r->rooms[r->n_rooms++];
  **out = (room){.ml = vg_site_region_ml(&e->maps, &e->frame, name)};
  snprintf((*out)->name, sizeof(*out)->name, "%s", name);
  snprintf((*out)->host, sizeof(*out)->host, "%s", host->subject->id);
  vg_map_cache_give(&r->s->cache, e);
  return VG_OK;
}

static const char *text_of(const vg_edit_drawn *step, const char *param) {
  for (int i = 0; param && step->edit->params[i].name; i++)
    if (!strcmp(step->edit->params[i].name, param)) return step->values[i].text;
  return "";
}

static const char *donor_of(const vg_edit_drawn *step) {
  for (int i = 0; step->edit->params[i].name; i++)
    if (step->edit->params[i].type == VG_PARAM_DONOR) return step->values[i].text;
  return "";
}

/* The volume of the tumour that a step puts down, where one of `before` ml is. NAN: not known. */
static vg_status volume_of(region_survey *r, size_t k, const vg_edit_drawn *step, double before, double *ml) {
  const vg_edit_call call = {.edit = step->edit, .values = step->values};
  *ml = before;
  if (step->edit->volume) return *ml = step->edit->volume(&call, before), VG_OK;
  if (!step->edit->needs_donor) return VG_OK;
  const vg_member *donor = vg_study_donor_of(r->s, k, donor_of(step));
  *ml = NAN;
  return donor ? tumour_of(r, donor, true, ml) : VG_OK;
}

/* Counts the tumours of a case that are larger than their region. */
static vg_status add_case(region_survey *r, size_t k, const vg_edit_log *edits, double most) {
  const vg_member *host = vg_study_host_of(r->s, k);
  double now = 0;
  vg_status st = host->subject->tumour ? tumour_of(r, host, false, &now) : VG_OK;
  for (int i = 0; i < edits->n && !st; i++) {
    const vg_edit_drawn *step = &edits->steps[i];
    const char *region = text_of(step, step->edit->region_param);
    double put;
    room *where = NULL;
    if ((st = volume_of(r, k, step, now, &put))) return st;
    now = step->edit->adds_pieces ? now + put : put;
    /* A larger one than the plan allows is drawn again. */
    if (!*region || !strcmp(region, "any") || isnan(put) || put > most) continue;
    st = find_room(r, region, host, &where);
    if (st || !where || !(where->ml > 0)) continue;
    where->tumours++;
    where->larger += put > where->ml;
    where->largest = fmax(where->largest, put);
  }
  return st;
}

/* A volume to propose: of 0.01 ml, or whole ml. */
static double proposed(double ml) {
  return ml < 1 ? round(100 * ml) / 100 : floor(ml);
}

static void warn(const region_survey *r, const vg_cohort *c) {
  for (int i = 0; i < r->n_rooms; i++) {
    const room *w = &r->rooms[i];
    if (!w->larger) continue;
    vg_warn("%s%s%sregion %s has %.3g ml (in %s), and %zu of the %zu %s that %s put there %s larger, up to "
            "%.3g ml, so it reaches beyond the region: ask for less, such as ml=uniform(%g,%g) of grow "
            "or of a scale before, or name a larger region",
            r->s->plan.n > 1 ? "cohort " : "", r->s->plan.n > 1 ? c->plan->name : "",
            r->s->plan.n > 1 ? ": " : "", w->name, w->ml, w->host, w->larger, w->tumours,
            vg_plural(w->tumours, "tumour", "tumours"), vg_plural(w->tumours, "is", "are"),
            vg_plural(w->larger, "is", "are"), w->largest, proposed(w->ml / 20), proposed(w->ml / 2));
  }
}

static bool names_region(const vg_edit_chain *chain) {
  for (int i = 0; i < chain->n; i++) {
    const vg_edit_step *step = &chain->steps[i];
    for (int p = 0; step->edit->region_param && step->edit->params[p].name; p++)
      if (step->given[p] && !strcmp(step->edit->params[p].name, step->edit->region_param)) return true;
  }
  return false;
}

static vg_status survey_case(region_survey *r, size_t k) {
  vg_edit_chain chain = {0};
  vg_edit_log drawn = {0};
  vg_plan_target target;
  vg_status st = vg_study_chain(r->s, k, &chain, &target);
  if (!st && names_region(&chain)) {
    st = vg_study_draw(r->s, k, 0, &chain, &drawn);
    if (!st) st = add_case(r, k, &drawn, target.ml[1]);
  }
  vg_edit_chain_release(&chain);
  vg_edit_log_release(&drawn);
  if (st != VG_REFUSED) return st;
  vg_error_clear(); /* the case itself will say so */
  return VG_OK;
}

vg_status vg_study_warn_of_regions(vg_study *s) {
  region_survey *r = vg_malloc(1, sizeof *r);
  vg_status st = r ? VG_OK : VG_MEMORY;
  for (int i = 0; i < s->plan.n && !st && !s->predicted; i++) {
    const vg_cohort *c = &s->cohorts[i];
    memset(r, 0, sizeof *r);
    r->s = s;
    for (size_t k = 0; k < c->count && k < CASES && !st; k++) st = survey_case(r, c->first + k);
    if (!st) warn(r, c);
  }
  vg_free(r);
  return st;
}
