/* study_internal.h: the types and functions that the files of src/study share. */
#ifndef VG_STUDY_INTERNAL_H
#define VG_STUDY_INTERNAL_H
#include "study/map_cache.h"
#include "study/plan.h"
#include "base/fs.h"
#include "voxgan/study.h"

/* A subject of one of the study's data sets. */
typedef struct vg_member {
  const vg_dataset *set;
  const vg_subject *subject;
} vg_member;

typedef struct vg_members {
  size_t n;
  vg_member *list;
} vg_members;

/* An open data set; several cohorts may share it. */
typedef struct vg_study_set {
  char *key; /* folders, layouts and schemes */
  vg_dataset data;
} vg_study_set;

typedef struct vg_cohort {
  const vg_plan_cohort *plan;
  size_t first, count;
  vg_members hosts, donors;
  uint32_t *turn;  /* the order of the hosts */
  uint16_t *level; /* (count, n_factors) */
} vg_cohort;

struct vg_study {
  vg_plan plan;
  int n_sets;
  vg_study_set **sets;
  vg_cohort *cohorts; /* plan.n */
  size_t count;
  bool planned, numbered, made;
  bool predicted;    /* cases have no maps */
  bool of_synthetic; /* a host or a donor is a synthetic case itself */
  char prefix[64], identity[VG_HASH_LEN];
  uint64_t seed;
  int draws;
  vg_classes clusters;         /* anatomy classes found in the hosts' images; n == 0: none */
  vg_classes parts;            /* parts of tumours found in images; n == 0: none */
  vg_classes classes, written; /* with the parts of tumours; without */
  vg_scheme schemes[2];        /* by role */
  vg_map_cache cache;
};

/* ---- sources.c ---- */
/* Lists the subjects of a source, and opens its data set on first use. need: the maps that each subject must
 * have. skip: skips subjects that lack one; otherwise they are an error. what: "hosts" or "donors", for
 * messages. */
vg_status vg_study_pick(vg_study *s, const vg_plan_source *from, const vg_wanted *need, bool skip,
                        const char *what, vg_members *out);
/* Merges the classes and label values of all hosts and donors. edited: some cohort has edits, which may make
 * a tumour although no source has one. */
vg_status vg_study_find_classes(vg_study *s, bool edited);

/* ---- study.c ---- */
const vg_member *vg_study_host_of(const vg_study *s, size_t k);
/* The edits of case k, and the limits for its tumour. */
vg_status vg_study_chain(const vg_study *s, size_t k, vg_edit_chain *chain, vg_plan_target *target);
/* Logs the values of draw `attempt` of case k, without reading a voxel. */
vg_status vg_study_draw(vg_study *s, size_t k, int attempt, const vg_edit_chain *chain, vg_edit_log *edits);

const vg_member *vg_study_donor_of(const vg_study *s, size_t k, const char *id); /* NULL */

/* ---- case_check.c ---- */
/* Checks an edited case and fills facts. VG_REFUSED, with the reason: it is not fit for use. frame: of the
 * host; pieces: of the tumours of host and donors; edits: the steps as drawn. */
vg_status vg_study_check(const vg_maps *maps, const vg_brain_frame *frame, vg_pieces pieces,
                         const vg_edit_log *edits, const vg_plan_target *target, vg_tumour_facts *facts);

#endif
