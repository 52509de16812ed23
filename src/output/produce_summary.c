/* produce_summary.c: the table of a study's cohorts, from the records of its cases. */
#include "output/produce_summary.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "io/table.h"
#include "voxgan/log.h"
#include "voxgan/output.h"

typedef struct cohort_sum {
  char name[64];
  size_t made, kept, failed, redraws, with_tumour, left, right, both;
  double ml, least, most;
} cohort_sum;

static cohort_sum *cohort_of(cohort_sum *sums, size_t *n, const char *name) {
  for (size_t i = 0; i < *n; i++)
    if (!strcmp(sums[i].name, name)) return &sums[i];
  cohort_sum *s = &sums[(*n)++];
  memset(s, 0, sizeof *s);
  snprintf(s->name, sizeof s->name, "%s", name);
  return s;
}

/* The source of a case, and the hashes of its files. */
static vg_status fingerprint(const vg_record *r, vg_str *out) {
  vg_str_clear(out);
  vg_str_addf(out, "%s", r->source);
  for (int i = 0; i < r->n_files; i++) vg_str_addf(out, " %s", r->files[i].sha256);
  return vg_str_failed(out) ? VG_MEMORY : VG_OK;
}

/* Cases of one source follow each other. */
static void warn_of_equals(size_t equal, size_t n) {
  if (equal)
    vg_warn("%zu of %zu %s %s the same voxels as another case of their source: several cases of a "
            "source differ "
            "only where an edit or the model draws at random (`voxgan list edits`, as "
            "scale:factor=uniform(0.7,1.3))",
            equal, n, vg_plural(n, "case", "cases"), vg_plural(equal, "has", "have"));
}

static vg_status sum_up_cases(const char *root, const todo *list, size_t n_list, cohort_sum *sums, size_t *n,
                              vg_str *last, vg_str *now, size_t *equal) {
  for (size_t i = 0; i < n_list; i++) {
    const todo *t = &list[i];
    cohort_sum *s = cohort_of(sums, n, t->cohort);
    s->failed += t->failed;
    s->kept += t->kept;
    bool exists = false;
    vg_status st = t->failed ? VG_OK : vg_record_exists(root, t->id, &exists);
    if (st) return st;
    if (!exists) continue;
    vg_record r = {0};
    st = vg_record_read(root, t->id, &r);
    if (st) return st;
    s->made += !t->kept;
    s->redraws += (size_t)r.redraws;
    if ((st = fingerprint(&r, now))) {
      vg_record_release(&r);
      return st;
    }
    *equal += !strcmp(vg_str_text(last), vg_str_text(now));
    const vg_str held = *last;
    *last = *now;
    *now = held;
    if (r.total_ml > 0) {
      s->least = s->with_tumour ? fmin(s->least, r.total_ml) : r.total_ml;
      s->most = fmax(s->most, r.total_ml);
      s->ml += r.total_ml;
      s->with_tumour++;
      s->left += !strcmp(r.hemisphere, "left");
      s->right += !strcmp(r.hemisphere, "right");
      s->both += !strcmp(r.hemisphere, "both");
    }
    vg_record_release(&r);
  }
  return VG_OK;
}

static vg_status sum_up(const char *root, const todo *list, size_t n_list, cohort_sum *sums, size_t *n) {
  vg_str last = VG_STR_INIT, now = VG_STR_INIT;
  size_t equal = 0;
  vg_status st = sum_up_cases(root, list, n_list, sums, n, &last, &now, &equal);
  warn_of_equals(st ? 0 : equal, n_list);
  vg_str_release(&last);
  vg_str_release(&now);
  return st;
}

vg_status vg_produce_print_summary(const char *root, const todo *list, size_t n_list) {
  static const char *const header[] = {"cohort", "made", "kept", "failed", "redraws", "tumour_ml",
                                       "least",  "most", "left", "right",  "both"};
  enum { COLS = sizeof header / sizeof header[0] };
  cohort_sum *sums = vg_calloc(n_list ? n_list : 1, sizeof *sums);
  size_t n = 0;
  vg_table t = {0};
  vg_status st = sums ? sum_up(root, list, n_list, sums, &n) : VG_MEMORY;
  if (!st) st = vg_table_init(&t, COLS, header);
  for (size_t i = 0; i < n && !st; i++) {
    const cohort_sum *s = &sums[i];
    char text[COLS][32];
    const char *cells[COLS] = {s->name};
    size_t counts[COLS] = {0, s->made, s->kept, s->failed, s->redraws, 0, 0, 0, s->left, s->right, s->both};
    for (int c = 1; c < COLS; c++) {
      snprintf(text[c], sizeof text[c], "%zu", counts[c]);
      cells[c] = text[c];
    }
    double ml[3] = {s->with_tumour ? s->ml / (double)s->with_tumour : 0, s->least, s->most};
    for (int c = 0; c < 3; c++) snprintf(text[5 + c], sizeof text[5 + c], "%.2f", ml[c]);
    st = vg_table_add_row(&t, cells);
  }
  if (!st) vg_table_print(stdout, &t);
  vg_table_release(&t);
  vg_free(sums);
  return st;
}
