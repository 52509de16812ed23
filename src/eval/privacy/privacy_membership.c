/* privacy_membership.c: do a model's errors, or its discriminator, reveal its training subjects? */
#include <math.h>
#include <stdio.h>
#include "eval/privacy/privacy.h"
#include "base/number/statistic.h"
#include "eval/privacy/membership.h"
#include "base/mem.h"
#include "base/str.h"

#define CHECK "membership"
enum { LEAST = 2 }; /* subjects per side */

/* One attack: a score that is higher if the subject was probably trained on. */
typedef struct attack {
  const char *name, *words;
  size_t trained, untrained; /* offsets into vg_membership */
  double sign;
} attack;
static const attack attacks[] = {
    {"reconstruction", "reconstruction error", offsetof(vg_membership, error),
     offsetof(vg_membership, untrained_error), -1},
    {"discriminator", "the discriminator's score", offsetof(vg_membership, judged),
     offsetof(vg_membership, untrained_judged), 1},
};
enum { ATTACKS = sizeof attacks / sizeof *attacks };

static double field(const vg_membership *m, size_t offset) {
  return *(const double *)((const char *)m + offset);
}

static vg_status area(const attack *a, size_t offset, const vg_membership *m, size_t n_train, size_t n,
                      vg_estimate *out) {
  double *v = vg_malloc(n, sizeof *v);
  if (!v) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) v[i] = a->sign * field(&m[i], offset);
  *out = vg_statistic_auc(v, n_train, v + n_train, n - n_train);
  vg_free(v);
  return VG_OK;
}

static vg_status write_scores(const privacy_study *p, const vg_membership_subject *who,
                              const vg_membership *m, size_t n) {
  static const char *const header[] = {"subject", "trained_on",      "error",
                                       "judged",  "untrained_error", "untrained_judged"};
  vg_table t = {0};
  vg_status st = vg_table_init(&t, 6, header);
  for (size_t i = 0; i < n && !st; i++) {
    const double v[4] = {m[i].error, m[i].judged, m[i].untrained_error, m[i].untrained_judged};
    char text[4][32];
    for (int k = 0; k < 4; k++) snprintf(text[k], sizeof text[k], isnan(v[k]) ? "" : "%.9g", v[k]);
    st = vg_table_add_row(&t, (const char *const[]){who[i].subject->id, i < p->train.n ? "1" : "0", text[0],
                                                    text[1], text[2], text[3]});
  }
  if (!st) st = vg_privacy_write(p, "membership.csv", &t);
  vg_table_release(&t);
  return st;
}

static vg_status judge(const privacy_study *p, const vg_membership *m, size_t n) {
  vg_str text = VG_STR_INIT;
  bool told = false, unclear = false;
  vg_status st = VG_OK;
  for (int k = 0; k < ATTACKS && !st; k++) {
    vg_estimate trained, untrained;
    st = area(&attacks[k], attacks[k].trained, m, p->train.n, n, &trained);
    if (!st) st = area(&attacks[k], attacks[k].untrained, m, p->train.n, n, &untrained);
    if (st || isnan(trained.value)) continue;
    eval_set row = {.metric = vg_set_metric_find("membership_auc"),
                    .value = trained.value,
                    .ci_low = trained.low,
                    .ci_high = trained.high,
                    .floor = untrained.value,
                    .n_real = n,
                    .n_synth = 0};
    snprintf(row.space, sizeof row.space, "%s", attacks[k].name);
    snprintf(row.note, sizeof row.note, "%zu trained on, %zu held out; untrained networks %.2f to %.2f",
             p->train.n, n - p->train.n, untrained.low, untrained.high);
    st = vg_eval_add_set(p->study->evaluation, &row);
    const bool apart = trained.low > 0.5, biased = untrained.low > 0.5 && trained.low <= untrained.high;
    told |= apart && !biased;
    unclear |= apart && biased;
    vg_str_addf(&text,
                "%s%s tells training subjects from held-out ones with AUC %.2f (%.2f to %.2f; 0.5 is "
                "chance, networks that were never trained reach %.2f)",
                text.len ? ", " : "", attacks[k].words, trained.value, trained.low, trained.high,
                untrained.value);
  }
  vg_str_add(&text,
             told ? ": anyone who has the model and a person's data can tell better than by chance whether "
                    "it was trained on them"
             : unclear ? ": the two groups differ by more than training, so this says nothing"
                       : ": these two attacks do not succeed on so many subjects, which does not show that "
                         "no other would");
  if (st) {
    vg_str_release(&text);
    return st;
  }
  return vg_privacy_verdict_take(p, CHECK,
                                 told      ? PRIVACY_FOUND
                                 : unclear ? PRIVACY_UNCLEAR
                                           : PRIVACY_NONE,
                                 vg_str_take(&text));
}

static vg_status not_tested(const privacy_study *p, const char *why) {
  return vg_privacy_verdict_take(p, CHECK, PRIVACY_NOT_TESTED, vg_strdup(why));
}

vg_status vg_privacy_membership(const privacy_study *p) {
  const vg_eval_settings *set = p->settings;
  const size_t n = p->train.n + p->held_out.n;
  if (!set->train || !set->model) return not_tested(p, "it needs --train and --model");
  if (!set->membership) return not_tested(p, "this program cannot open models");
  if (p->train.n < LEAST || p->held_out.n < LEAST)
    return not_tested(p, "it needs two training and two held-out subjects or more");
  char *beside = vg_format("%s-anatomy", set->out);
  vg_membership *m = VG_NEW_N(vg_membership, n);
  vg_membership_subject *who = VG_NEW_N(vg_membership_subject, n);
  vg_status st = m && who && beside ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < n && !st; i++) {
    const vg_dataset *ds = i < p->train.n ? &p->train : &p->held_out;
    who[i] = (vg_membership_subject){ds, &ds->subjects[i < p->train.n ? i : i - p->train.n]};
  }
  if (!st) {
    st = set->membership(&(vg_membership_options){.model = set->model,
                                                  .subjects = who,
                                                  .n = n,
                                                  .beside = beside,
                                                  .device = set->device,
                                                  .threads = set->threads},
                         m);
    /* If the model cannot read the data, or libtorch is missing, the other checks still run. */
    if (st == VG_DATA || st == VG_CONFIG || st == VG_DEVICE) {
      st = not_tested(p, vg_error());
      goto out;
    }
  }
  if (!st) st = write_scores(p, who, m, n);
  if (!st) st = judge(p, m, n);
out:
  vg_free(beside);
  vg_free(m);
  vg_free(who);
  return st;
}
