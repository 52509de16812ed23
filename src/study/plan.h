/* plan.h: a study as the user wrote it, as a JSON plan or as hosts and edits on the command line, before any
 * data set is read. docs/guide/study.md describes the JSON. */
#ifndef VG_STUDY_PLAN_H
#define VG_STUDY_PLAN_H
#include "voxgan/edit.h"
#include "io/json.h"
#include "voxgan/study.h"

/* The data sets that hosts or donors come from. The struct owns all but `opened`. */
typedef struct vg_plan_source {
  char **paths, **layouts;              /* NULL-terminated; as many layouts as vg_roots needs */
  char *tumour_scheme, *anatomy_scheme; /* NULL: the layout's */
  char **ids;                           /* only these; NULL: all */
  const vg_dataset *opened;             /* borrowed; used instead of the paths. NULL: none */
} vg_plan_source;

/* Limits for the tumour of a case. */
typedef struct vg_plan_target {
  double ml[2];   /* least and most volume; 0, INFINITY */
  double left[2]; /* least and most share of it in the left hemisphere; 0, 1 */
} vg_plan_target;
extern const vg_plan_target vg_plan_any_tumour;

/* One value of a factor, with its share of the cases. */
typedef struct vg_plan_level {
  double share;     /* the shares of a factor's levels sum to 1 */
  const char *name; /* borrowed from text; for people */
  char *text;
  vg_edit_chain chain; /* added to the cohort's chain */
  vg_plan_target target;
} vg_plan_level;

/* A property in which the cases of a cohort differ. */
typedef struct vg_plan_factor {
  const char *name; /* "mix", "volume", ... */
  int n;
  vg_plan_level *levels;
} vg_plan_factor;

typedef struct vg_plan_cohort {
  char name[64];
  size_t count;                 /* 0: one for each host */
  vg_plan_source hosts, donors; /* paths NULL: not given */
  vg_edit_chain chain;
  int n_factors;
  vg_plan_factor *factors; /* a case has one level of each */
  vg_plan_target target;
} vg_plan_cohort;

typedef struct vg_plan {
  int n;
  vg_plan_cohort *cohorts;
  vg_json *json; /* as read, or made from the command line */
} vg_plan;

/* VG_CONFIG names the file and the key. */
vg_status vg_plan_read(const char *path, vg_plan *out);
/* The same from text. Paths are relative to dir. */
vg_status vg_plan_parse(const char *name, const char *dir, const char *text, vg_plan *out);
/* Makes a plan with one cohort, "all", from the command line. */
vg_status vg_plan_of_options(const vg_study_options *o, vg_plan *out);
void vg_plan_release(vg_plan *p);

/* Makes a source from the folders of the command line. */
vg_status vg_plan_source_of(const vg_roots *roots, const vg_study_options *o, vg_plan_source *out);
void vg_plan_source_release(vg_plan_source *s);

/* Deals the levels of each factor to the n cases of a cohort: level[i * n_factors + f]. The shares of every
 * factor are as exact as n allows (largest remainder), and nearly so within every level of the other factors.
 * rng decides which case gets which level. */
vg_status vg_plan_deal(const vg_plan_cohort *c, size_t n, vg_rng *rng, uint16_t *level);

#endif
