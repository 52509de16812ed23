/* study.c: opens a study, and makes each case from its number. */
#include "voxgan/study.h"
#include "base/names.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "study/study_internal.h"
#include "prep/parts.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/file/path_part.h"

#define DRAWS 20
#define CACHE_ROOM ((size_t)256 << 20)

/* ---- opening ---- */

/* Calls fn for every step that some case of the cohort may have. */
static vg_status each_step(const vg_plan_cohort *c, vg_status (*fn)(void *arg, const vg_edit_step *step),
                           void *arg) {
  vg_status st = VG_OK;
  for (int i = 0; i < c->chain.n && !st; i++) st = fn(arg, &c->chain.steps[i]);
  for (int f = 0; f < c->n_factors; f++)
    for (int l = 0; l < c->factors[f].n; l++)
      for (int i = 0; i < c->factors[f].levels[l].chain.n && !st; i++)
        st = fn(arg, &c->factors[f].levels[l].chain.steps[i]);
  return st;
}

typedef struct step_needs {
  bool any, donors, makes_tumour;
} step_needs;

static vg_status note_needs(void *arg, const vg_edit_step *step) {
  step_needs *n = arg;
  n->any = true;
  n->donors |= step->edit->needs_donor;
  n->makes_tumour |= step->edit->makes_tumour;
  return VG_OK;
}

static const vg_member *find_member(const vg_members *m, const char *id) {
  for (size_t i = 0; i < m->n; i++)
    if (!strcmp(m->list[i].subject->id, id)) return &m->list[i];
  return NULL;
}

static const char *member_id(const void *members, size_t i) {
  const vg_members *m = members;
  return i < m->n ? m->list[i].subject->id : NULL;
}

/* VG_CONFIG: an edit names a donor that does not exist. */
static vg_status check_donor(void *arg, const vg_edit_step *step) {
  const vg_members *donors = arg;
  if (!step->edit->needs_donor) return VG_OK;
  for (int p = 0; step->edit->params[p].name; p++) {
    const vg_draw *d = &step->draws[p];
    if (step->edit->params[p].type != VG_PARAM_DONOR || !step->given[p]) continue;
    for (int i = 0; i < d->n; i++) {
      if (!strcmp(d->text[i], "random") || find_member(donors, d->text[i])) continue;
      const char *near = vg_names_nearest(VG_NAMES_BY(member_id, donors), d->text[i]);
      return vg_fail(VG_CONFIG, near ? "%s: no donor %s; did you mean %s?" : "%s: no donor %s", step->name,
                     d->text[i], near);
    }
  }
  return VG_OK;
}

/* Without named donors, the hosts that have a tumour serve as donors. */
static vg_status hosts_as_donors(vg_cohort *c) {
  c->donors.list = vg_malloc(c->hosts.n, sizeof *c->donors.list);
  if (!c->donors.list) return VG_MEMORY;
  for (size_t i = 0; i < c->hosts.n; i++)
    if (c->hosts.list[i].subject->tumour) c->donors.list[c->donors.n++] = c->hosts.list[i];
  return c->donors.n ? VG_OK
                     : vg_fail(VG_CONFIG,
                               "cohort %s: its edits need donors, but none are named and no host has a "
                               "tumour map",
                               c->plan->name);
}

static vg_status open_cohort(vg_study *s, const vg_study_options *o, int i) {
  vg_cohort *c = &s->cohorts[i];
  const vg_plan_cohort *p = c->plan = &s->plan.cohorts[i];
  vg_plan_source hosts = {0}, donors = {0};
  step_needs needs = {0};
  each_step(p, note_needs, &needs);
  vg_wanted want = {.tumour = o->need_tumour && !needs.makes_tumour, .anatomy = o->need_anatomy};
  vg_wanted tumour = {.tumour = true};
  vg_status st = vg_plan_source_of(&o->hosts, o, &hosts);
  if (!st) st = vg_plan_source_of(&o->donors, o, &donors);
  const vg_plan_source *from = p->hosts.paths ? &p->hosts : &hosts;
  hosts.opened = o->opened;
  if (!st && !from->paths && !from->opened) st = vg_fail(VG_CONFIG, "cohort %s: no hosts are named", p->name);
  if (!st) st = vg_study_pick(s, from, &want, o->skip_incomplete, "hosts", &c->hosts);
  from = p->donors.paths ? &p->donors : &donors;
  if (!st && needs.donors && from->paths)
    st = vg_study_pick(s, from, &tumour, o->skip_incomplete, "donors", &c->donors);
  else if (!st && needs.donors)
    st = hosts_as_donors(c);
  if (!st) st = each_step(p, check_donor, &c->donors);
  for (size_t h = 0; h < c->hosts.n && s->made && !s->numbered && !st; h++)
    if (strlen(s->prefix) + 1 + strlen(c->hosts.list[h].subject->id) >= 128)
      st = vg_fail(VG_USAGE, "%s: too long for an id with a prefix; --prefix P numbers the cases instead",
                   c->hosts.list[h].subject->id);
  vg_plan_source_release(&hosts);
  vg_plan_source_release(&donors);
  return st;
}

/* Decides the host and the levels of each case. */
static vg_status deal_cohort(vg_study *s, const vg_study_options *o, int i) {
  vg_cohort *c = &s->cohorts[i];
  c->first = s->count;
  c->count = c->plan->count ? c->plan->count : c->hosts.n * (size_t)(o->per_case > 1 ? o->per_case : 1);
  s->count += c->count;
  c->turn = vg_malloc(c->hosts.n, sizeof *c->turn);
  c->level = vg_malloc(c->count * (size_t)c->plan->n_factors, sizeof *c->level);
  if (!c->turn || !c->level) return VG_MEMORY;
  for (size_t h = 0; h < c->hosts.n; h++) c->turn[h] = (uint32_t)h;
  vg_rng turn = vg_rng_init(s->seed, vg_rng_key("study hosts", (uint64_t)i, 0));
  vg_rng deal = vg_rng_init(s->seed, vg_rng_key("study deal", (uint64_t)i, 0));
  if (s->planned) vg_rng_shuffle(&turn, c->turn, (uint32_t)c->hosts.n);
  return vg_plan_deal(c->plan, c->count, &deal, c->level);
}

static bool any_origins(const vg_members *m) {
  for (size_t i = 0; i < m->n; i++)
    if (m->list[i].subject->origins) return true;
  return false;
}

static vg_status open_study(vg_study *s, const vg_study_options *o) {
  vg_status st;
  if (o->plan && (o->n_edits || o->per_case))
    return vg_fail(VG_USAGE,
                   "a plan has its own edits and counts: give either a plan, or edits and cases a host");
  if (o->per_case < 0) return vg_fail(VG_USAGE, "cases a host: %d, but must be at least 1", o->per_case);
  if (o->prefix && strlen(o->prefix) >= sizeof s->prefix)
    return vg_fail(VG_USAGE, "%s: longer than %zu letters", o->prefix, sizeof s->prefix - 1);
  if (o->prefix && vg_path_part(VG_USAGE, "--prefix", "the prefix", o->prefix)) return VG_USAGE;
  snprintf(s->prefix, sizeof s->prefix, "%s", o->prefix ? o->prefix : "synth");
  s->seed = o->seed;
  s->draws = o->redraws > 0 ? o->redraws : DRAWS;
  s->planned = o->plan != NULL;
  s->made = o->made;
  s->numbered = o->numbered || o->plan || o->n_edits || o->per_case > 1;
  if ((st = o->plan ? vg_plan_read(o->plan, &s->plan) : vg_plan_of_options(o, &s->plan))) return st;
  if (!(s->cohorts = VG_NEW_N(vg_cohort, s->plan.n))) return VG_MEMORY;
  step_needs needs = {0};
  for (int i = 0; i < s->plan.n; i++) each_step(&s->plan.cohorts[i], note_needs, &needs);
  s->cache.edited = needs.any;
  s->cache.heal = o->heal;
  vg_clusters of;
  if (o->found && vg_classes_clusters(o->found, &of)) s->clusters = *o->found;
  if (o->found && vg_classes_parts(o->found, &of)) {
    s->parts = *o->found;
    vg_parts_follow(&s->parts, &s->classes);
  }
  snprintf(s->identity, sizeof s->identity, "%s", o->identity ? o->identity : "");
  for (int i = 0; i < s->plan.n; i++) {
    if ((st = open_cohort(s, o, i))) return o->plan ? vg_fail_in(st, "%s", o->plan) : st;
    if ((st = deal_cohort(s, o, i))) return st;
  }
  for (int i = 0; i < s->plan.n; i++)
    s->of_synthetic |= any_origins(&s->cohorts[i].hosts) || any_origins(&s->cohorts[i].donors);
  if (!o->predicted) return vg_study_find_classes(s, needs.any);
  if (needs.any) return vg_fail(VG_USAGE, "images have no label maps to edit");
  s->predicted = true;
  s->classes = s->written = *o->predicted;
  return VG_OK;
}

vg_status vg_study_open(const vg_study_options *options, vg_study **out) {
  vg_study *s = *out = VG_NEW(vg_study);
  if (!s) return VG_MEMORY;
  vg_map_cache_init(&s->cache, CACHE_ROOM);
  vg_status st = open_study(s, options);
  if (!st) return VG_OK;
  vg_study_free(s);
  *out = NULL;
  return st;
}

void vg_study_free(vg_study *s) {
  if (!s) return;
  vg_map_cache_release(&s->cache);
  for (int i = 0; s->cohorts && i < s->plan.n; i++) {
    vg_free(s->cohorts[i].hosts.list);
    vg_free(s->cohorts[i].donors.list);
    vg_free(s->cohorts[i].turn);
    vg_free(s->cohorts[i].level);
  }
  vg_free(s->cohorts);
  for (int i = 0; i < s->n_sets; i++) {
    vg_dataset_release(&s->sets[i]->data);
    vg_free(s->sets[i]->key);
    vg_free(s->sets[i]);
  }
  vg_free(s->sets);
  vg_plan_release(&s->plan);
  vg_free(s);
}

/* ---- anonymous studies ---- */

typedef struct ranked {
  char rank[17];
  vg_member member;
} ranked;

static int by_rank(const void *a, const void *b) {
  return strcmp(((const ranked *)a)->rank, ((const ranked *)b)->rank);
}

static vg_status sort_members(vg_members *m, vg_study_rank rank, const void *state) {
  ranked *list = vg_calloc(m->n ? m->n : 1, sizeof *list);
  if (!list) return VG_MEMORY;
  for (size_t i = 0; i < m->n; i++) {
    list[i].member = m->list[i];
    rank(state, m->list[i].subject->id, list[i].rank);
  }
  qsort(list, m->n, sizeof *list, by_rank);
  for (size_t i = 0; i < m->n; i++) m->list[i] = list[i].member;
  vg_free(list);
  return VG_OK;
}

vg_status vg_study_hide_ids(vg_study *s, vg_study_rank rank, const void *state) {
  vg_status st = VG_OK;
  s->numbered = true;
  for (int i = 0; i < s->plan.n && !st; i++) {
    st = sort_members(&s->cohorts[i].hosts, rank, state);
    if (!st) st = sort_members(&s->cohorts[i].donors, rank, state);
  }
  return st;
}

/* ---- what it is ---- */

size_t vg_study_count(const vg_study *s) {
  return s->count;
}

const vg_classes *vg_study_class_set(const vg_study *s) {
  return &s->classes;
}

const vg_classes *vg_study_written(const vg_study *s) {
  return &s->written;
}

const vg_scheme *vg_study_scheme(const vg_study *s, vg_role role) {
  return &s->schemes[role];
}

const char *vg_study_layout(const vg_study *s) {
  const vg_member *first = &s->cohorts[0].hosts.list[0];
  return first->set->sources[first->subject->source].layout;
}

uint64_t vg_study_seed(const vg_study *s) {
  return s->seed;
}

static const vg_cohort *cohort_of(const vg_study *s, size_t k) {
  if (k >= s->count) VG_BUG("case %zu of a study of %zu", k, s->count);
  const vg_cohort *c = s->cohorts;
  while (k >= c->first + c->count) c++;
  return c;
}

/* Hosts take turns; without a plan, all cases of a host follow each other. */
const vg_member *vg_study_host_of(const vg_study *s, size_t k) {
  const vg_cohort *c = cohort_of(s, k);
  size_t i = k - c->first;
  return &c->hosts.list[s->planned ? c->turn[i % c->hosts.n] : i / (c->count / c->hosts.n)];
}

void vg_study_name(const vg_study *s, size_t k, char id[128], char cohort[64]) {
  snprintf(cohort, 64, "%s", cohort_of(s, k)->plan->name);
  if (s->numbered)
    snprintf(id, 128, "%s-%05zu", s->prefix, k + 1);
  else if (s->made && snprintf(id, 128, "%s-%s", s->prefix, vg_study_host_of(s, k)->subject->id) >= 128)
    VG_BUG("open_cohort has let an id pass that is too long");
  else if (!s->made)
    snprintf(id, 128, "%s", vg_study_host_of(s, k)->subject->id);
}

static void narrow(double range[2], const double by[2]) {
  range[0] = fmax(range[0], by[0]);
  range[1] = fmin(range[1], by[1]);
}

vg_status vg_study_chain(const vg_study *s, size_t k, vg_edit_chain *chain, vg_plan_target *target) {
  const vg_cohort *c = cohort_of(s, k);
  const vg_plan_cohort *p = c->plan;
  const uint16_t *level = c->level + (k - c->first) * (size_t)p->n_factors;
  *target = p->target;
  vg_status st = vg_edit_chain_copy(&p->chain, chain);
  for (int f = 0; f < p->n_factors && !st; f++) {
    const vg_plan_level *l = &p->factors[f].levels[level[f]];
    narrow(target->ml, l->target.ml);
    narrow(target->left, l->target.left);
    st = vg_edit_chain_copy(&l->chain, chain);
  }
  return st;
}

/* ---- making a case ---- */

static uint64_t study_key(size_t k, int attempt) {
  return vg_rng_key("study case", (uint64_t)k, (uint64_t)attempt);
}

/* Supplies the donors of one case, and holds one at a time. */
typedef struct donor_hand {
  vg_study *s;
  const vg_cohort *cohort;
  const vg_subject *host;
  const vg_map_entry *held;
  vg_memo memo;
  vg_pieces pieces; /* of the host and of the donors so far */
} donor_hand;

/* Draws any donor except the host itself, unless that is the only one. */
static const vg_member *draw_donor(const donor_hand *h, vg_rng *rng) {
  const vg_members *d = &h->cohort->donors;
  size_t others = 0;
  for (size_t i = 0; i < d->n; i++) others += d->list[i].subject != h->host;
  size_t pick = (size_t)vg_rng_below(rng, others ? others : d->n);
  for (size_t i = 0;; i++)
    if ((!others || d->list[i].subject != h->host) && !pick--) return &d->list[i];
}

const vg_member *vg_study_donor_of(const vg_study *s, size_t k, const char *id) {
  return find_member(&cohort_of(s, k)->donors, id);
}

static vg_status give_donor(void *arg, const char *id, vg_rng *rng, const vg_maps **maps, const char **used) {
  donor_hand *h = arg;
  bool drawn = !strcmp(id, "random");
  const vg_member *m = drawn ? draw_donor(h, rng) : find_member(&h->cohort->donors, id);
  if (!m) return vg_fail(VG_CONFIG, "no donor %s", id);
  *used = m->subject->id;
  if (!maps) return VG_OK;
  vg_map_cache_give(&h->s->cache, h->held);
  h->held = NULL;
  vg_status st = vg_map_cache_take(&h->s->cache, m->set, m->subject, &h->s->classes, true, &h->held);
  if (st) return st;
  if (!h->held->pieces.tumour)
    return vg_fail(drawn ? VG_REFUSED : VG_DATA, "donor %s has no tumour", m->subject->id);
  h->pieces.tumour += h->held->pieces.tumour;
  h->pieces.core += h->held->pieces.core;
  *maps = &h->held->maps;
  return vg_memo_learn(&h->memo, &h->held->memo);
}

vg_status vg_study_draw(vg_study *s, size_t k, int attempt, const vg_edit_chain *chain, vg_edit_log *edits) {
  donor_hand hand = {.s = s, .cohort = cohort_of(s, k), .host = vg_study_host_of(s, k)->subject};
  vg_edit_context context = {
      .seed = s->seed, .key = study_key(k, attempt), .donors = &hand, .donor = give_donor};
  return vg_edit_chain_apply(chain, NULL, &context, edits);
}

/* Adds the ids joined by ';', each by hide. */
static void add_ids(const char *ids, vg_edit_hide *hide, void *arg, vg_str *out) {
  while (*ids) {
    const size_t n = strcspn(ids, ";");
    char id[128];
    snprintf(id, sizeof id, "%.*s", (int)n, ids);
    if (n && out->len) vg_str_add(out, ";");
    if (n && hide)
      hide(arg, id, out);
    else
      vg_str_add_bytes(out, ids, n);
    ids += n + (ids[n] == ';');
  }
}

static void add_member(const vg_subject *s, vg_edit_hide *hide, void *arg, vg_str *out) {
  if (s->origins)
    add_ids(s->origins, s->origins_hashed ? NULL : hide, arg, out);
  else
    add_ids(s->id, hide, arg, out);
}

/* Adds what the donors of these ids go back to. True: one of them is a synthetic case. */
static bool add_donors(const vg_cohort *cohort, const char *ids, vg_edit_hide *hide, void *arg, vg_str *out) {
  bool synthetic = false;
  while (*ids) {
    const size_t n = strcspn(ids, ";");
    char id[128];
    snprintf(id, sizeof id, "%.*s", (int)n, ids);
    const vg_member *m = find_member(&cohort->donors, id);
    synthetic |= m && m->subject->origins;
    if (m) add_member(m->subject, hide, arg, out);
    ids += n + (ids[n] == ';');
  }
  return synthetic;
}

vg_status vg_study_origins(const vg_study *s, const vg_study_case *c, vg_edit_hide *hide, void *arg,
                           vg_str *out) {
  const vg_subject *host = vg_study_host_of(s, c->k)->subject;
  vg_str used = VG_STR_INIT;
  if (!s->of_synthetic) return VG_OK;
  vg_edit_log_donors(&c->edits, NULL, NULL, &used);
  add_member(host, hide, arg, out);
  const bool donors = add_donors(cohort_of(s, c->k), vg_str_text(&used), hide, arg, out);
  if (!host->origins && !donors) vg_str_clear(out);
  const bool failed = vg_str_failed(&used) || vg_str_failed(out);
  vg_str_release(&used);
  return failed ? VG_MEMORY : VG_OK;
}

/* Makes one draw of a case. VG_REFUSED: it is not fit for use. */
static vg_status draw_case(vg_study *s, size_t k, int attempt, const vg_edit_chain *chain,
                           const vg_plan_target *target, const vg_map_entry *host, vg_study_case *out) {
  donor_hand hand = {.s = s, .cohort = cohort_of(s, k), .host = host->subject, .pieces = host->pieces};
  vg_edit_context context = {
      .seed = s->seed, .key = study_key(k, attempt), .donors = &hand, .donor = give_donor};
  context.memo = &hand.memo;
  vg_status st = vg_memo_learn(&hand.memo, &host->memo);
  if (!st) st = vg_maps_copy(&host->maps, &out->maps);
  if (!st) st = vg_edit_chain_apply(chain, &out->maps, &context, &out->edits);
  if (!st) st = vg_study_check(&out->maps, &host->frame, hand.pieces, &out->edits, target, &out->facts);
  vg_map_cache_give(&s->cache, hand.held);
  vg_memo_release(&hand.memo);
  if (!st) return VG_OK;
  vg_maps_release(&out->maps);
  vg_edit_log_release(&out->edits);
  return st;
}

vg_status vg_study_make(vg_study *s, size_t k, vg_study_case *out) {
  const vg_member *m = vg_study_host_of(s, k);
  const vg_map_entry *host = NULL;
  vg_edit_chain chain = {0};
  vg_plan_target target;
  memset(out, 0, sizeof *out);
  out->k = k;
  vg_study_name(s, k, out->id, out->cohort);
  snprintf(out->source, sizeof out->source, "%s", m->subject->id);
  if (s->predicted) return VG_OK;
  vg_status st = vg_study_chain(s, k, &chain, &target);
  if (!st) st = vg_map_cache_take(&s->cache, m->set, m->subject, &s->classes, false, &host);
  if (st) goto out;
  /* Without edits all draws are equal. */
  int draws = chain.n ? s->draws : 1;
  for (int attempt = 0;; attempt++) {
    st = vg_interrupted() ? vg_fail(VG_INTERRUPTED, "interrupted")
                          : draw_case(s, k, attempt, &chain, &target, host, out);
    if (st != VG_REFUSED) break;
    out->redraws = attempt + 1;
    vg_debug("%s: draw %d is no good: %s", out->id, attempt + 1, vg_error());
    vg_str_addf(&out->reasons, "%s%s", out->reasons.len ? "; " : "", vg_error());
    if (out->redraws < draws) continue;
    if (chain.n)
      vg_fail_in(st, "cohort %s, host %s: none of %d draws is fit for use; the last", out->cohort,
                 out->source, draws);
    break;
  }
out:
  vg_edit_chain_release(&chain);
  vg_map_cache_give(&s->cache, host);
  if (!st && vg_str_failed(&out->reasons)) st = VG_MEMORY;
  if (!st) return VG_OK;
  char as_host[192];
  snprintf(as_host, sizeof as_host, "host %s: ", out->id); /* join: the case has the host's id */
  if (!vg_starts_with(vg_error(), as_host)) vg_fail_in(st, "%s", out->id);
  vg_study_case_release(out);
  return st;
}

void vg_study_case_merge_parts(vg_study_case *c) {
  vg_classes written;
  uint8_t code[VG_CLASSES_MAX + 1];
  double ml[VG_CLASSES_MAX] = {0};
  vg_classes_merge_parts(&c->maps.classes, &written, code);
  if (written.n == c->maps.classes.n) return;
  for (int k = 0; k < c->maps.classes.n; k++) ml[code[k + 1] - 1] += c->facts.ml[k];
  memcpy(c->facts.ml, ml, sizeof ml);
  vg_maps_merge_parts(&c->maps);
}

void vg_study_case_release(vg_study_case *c) {
  vg_maps_release(&c->maps);
  vg_edit_log_release(&c->edits);
  vg_str_release(&c->reasons);
  memset(c, 0, sizeof *c);
}
