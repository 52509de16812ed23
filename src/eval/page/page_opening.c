/* page_opening.c: what an evaluation found, in words that need no knowledge of the metrics. */
#include <math.h>
#include <string.h>
#include "base/str.h"
#include "base/text/plural.h"
#include "eval/page/eval_page.h"

/* Mean errors in the brain, as shares of the range from dark to bright. A brain whose tissues are one grey
 * has 10 to 25 %; a copy with Gaussian noise of 5 % has sqrt(2 / pi) of that. */
#define NOISE 0.05
typedef struct grade {
  double most;
  vg_report_tone tone;
  const char *words;
} grade;
static const grade errors[] = {{0.05, VG_TONE_GOOD, "close to the real ones"},
                               {0.10, VG_TONE_PLAIN, "like the real ones, without their fine detail"},
                               {0.20, VG_TONE_WARN, "only roughly like the real ones"},
                               {INFINITY, VG_TONE_BAD, "not like the real ones"}};
/* Distances of sets, by those between two halves of the real set. */
static const grade distances[] = {
    {1.5, VG_TONE_GOOD, "about as close to the real one as its halves are to each other"},
    {5, VG_TONE_WARN, "clearly apart from the real one"},
    {INFINITY, VG_TONE_BAD, "far from the real one"}};

static const grade *grade_of(const grade *list, double value) {
  while (value > list->most) list++;
  return list;
}

static const eval_group *error_of(const vg_eval *e, const char *series) {
  for (size_t i = 0; i < e->n_groups; i++) {
    const eval_group *g = &e->groups[i];
    if (!strcmp(g->series, series) && !strcmp(g->region, "brain") && !strcmp(g->metric->name, "mae"))
      return g->n ? g : NULL;
  }
  return NULL;
}

/* Values lie between -1 and 1, so the range is 2; without normalising there is no range to compare with. */
static void add_images(vg_report *r, const vg_eval *e) {
  const grade *worst = errors;
  vg_str text = VG_STR_INIT;
  for (int i = 0; i < e->n_series && e->normalise != VG_NORMALISE_NONE && !e->unpaired; i++) {
    const eval_group *g = error_of(e, e->series[i]);
    if (!g) continue;
    const grade *own = grade_of(errors, g->mean / 2);
    if (own > worst) worst = own;
    vg_str_addf(&text, "%s%s %.1f %%", text.len ? ", " : "", e->series[i], 100 * g->mean / 2);
  }
  if (vg_str_failed(&text)) vg_report_fail(r, VG_MEMORY);
  if (text.len)
    vg_report_note(
        r, worst->tone,
        "Image by image, the synthetic images are %s. Inside the brain a voxel is off, on average, by "
        "this share of the range from dark to bright: %s. For comparison: a copy of the real image "
        "with noise of %.0f %% is off by %.1f %%.%s",
        worst->words, vg_str_text(&text), 100 * NOISE, 100 * NOISE * sqrt(2 / 3.14159265358979),
        worst->tone >= VG_TONE_WARN
            ? " What helps: tissue classes in the labels (where the brain is one class, images are "
              "plain inside), more training, and a look at the slices below."
            : "");
  vg_str_release(&text);
}

/* By the sliced Wasserstein distance, whose multiples are those of a length. */
static void add_sets(vg_report *r, const vg_eval *e) {
  const grade *worst = distances;
  vg_str text = VG_STR_INIT;
  size_t unknown = 0; /* real subjects, where they are too few for two halves */
  for (size_t i = 0; i < e->n_sets; i++) {
    const eval_set *s = &e->sets[i];
    if (strcmp(s->metric->name, "sliced_wasserstein") != 0 || !isfinite(s->value)) continue;
    if (!(s->floor > 0)) {
      unknown = s->n_real;
      continue;
    }
    const grade *own = grade_of(distances, s->value / s->floor);
    if (own > worst) worst = own;
    vg_str_addf(&text, "%s%s %.1f", text.len ? ", " : "", s->space, s->value / s->floor);
  }
  if (vg_str_failed(&text)) vg_report_fail(r, VG_MEMORY);
  if (text.len)
    vg_report_note(
        r, worst->tone,
        "Seen as a whole, the synthetic set is %s. Its distance from the real set, as a multiple of the "
        "distance between two halves of the real set (sliced Wasserstein, by feature space): %s. 1 would "
        "mean that nothing tells the sets apart.",
        worst->words, vg_str_text(&text));
  else if (unknown)
    vg_report_note(r, VG_TONE_WARN,
                   "This page cannot judge how close the sets are: %zu real %s too few for two halves whose "
                   "distance would "
                   "be the reference. More real subjects are needed; until then look at the slices below.",
                   unknown, vg_plural(unknown, "subject is", "subjects are"));
  vg_str_release(&text);
}

void vg_eval_page_opening(vg_report *r, const vg_eval *e) {
  add_images(r, e);
  add_sets(r, e);
  if (e->n_cases && e->n_cases < VG_EVAL_FEW)
    vg_report_note(r, VG_TONE_WARN,
                   "Only %zu %s: too few to conclude from. Means of so few cases change from one set to the "
                   "next.",
                   e->n_cases, vg_plural(e->n_cases, "case", "cases"));
}
