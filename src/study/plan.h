/* plan.h: a study as written: a JSON plan, or the command line's hosts and edits, before any file of a data
 * set is looked at. README's "Design a study" describes the JSON. */
#ifndef VG_STUDY_PLAN_H
#define VG_STUDY_PLAN_H
#include "voxgan/edit.h"
#include "io/json.h"
#include "voxgan/study.h"

/* Folders of one layout, or those of the command line. All owned. */
typedef struct vg_plan_source {
  char **paths, **layouts;              /* NULL-terminated; as many layouts as vg_roots wants */
  char *tumour_scheme, *anatomy_scheme; /* NULL: the layout's */
  char **ids;                           /* only these; NULL: all */
  const vg_dataset *opened;             /* borrowed, in place of all that; NULL */
} vg_plan_source;

/* What a case's tumour must be like. */
typedef struct vg_plan_target {
  double ml[2];   /* least and most volume; 0, INFINITY */
  double left[2]; /* least and most share of it in the left hemisphere; 0, 1 */
} vg_plan_target;

/* One way in which a cohort's cases differ, with its share of the cases. */
typedef struct vg_plan_level {
  double share;     /* of the factor's levels these sum to 1 */
  const char *name; /* borrowed from text; what a person reads */
  char *text;
  vg_edit_chain chain; /* what it adds to the cohort's */
  vg_plan_target target;
} vg_plan_level;

typedef struct vg_plan_factor {
  const char *name; /* "mix", "volume", ... */
  int n;
  vg_plan_level *levels;
} vg_plan_factor;

typedef struct vg_plan_cohort {
  char name[64];
  size_t count;                 /* 0: as many as there are hosts */
  vg_plan_source hosts, donors; /* paths NULL: none named */
  vg_edit_chain chain;
  int n_factors;
  vg_plan_factor *factors; /* a case has one level of each */
  vg_plan_target target;
} vg_plan_cohort;

typedef struct vg_plan {
  int n;
  vg_plan_cohort *cohorts;
  vg_json *json; /* as read, or what would have been */
} vg_plan;

/* VG_CONFIG names the file and the key. */
vg_status vg_plan_read(const char *path, vg_plan *out);
/* The same from text; dir: what paths are relative to. */
vg_status vg_plan_parse(const char *name, const char *dir, const char *text, vg_plan *out);
/* One cohort, "all", from the command line. */
vg_status vg_plan_of_options(const vg_study_options *o, vg_plan *out);
void vg_plan_release(vg_plan *p);

/* Folders of the command line as a source. */
vg_status vg_plan_source_of(const vg_roots *roots, const vg_study_options *o, vg_plan_source *out);
void vg_plan_source_release(vg_plan_source *s);

/* Which level of each factor the n cases of a cohort have: level[i * n_factors + f]. Every factor's shares
 * are met as exactly as n allows (largest remainder), and within every level of the others as nearly as they
 * can be; which case gets what is drawn from rng. */
vg_status vg_plan_deal(const vg_plan_cohort *c, size_t n, vg_rng *rng, uint16_t *level);

#endif
