/* study.h: a planned set of edited label maps. Case k depends only on (plan, sources, seed, k): its bytes do
 * not depend on the order, the threads or interruptions.
 *
 *     vg_study *s;
 *     st = vg_study_open(&options, &s);
 *     for (size_t k = 0; k < vg_study_count(s); k++) {
 *       vg_study_case c;
 *       st = vg_study_make(s, k, &c);
 *       ...
 *       vg_study_case_release(&c);
 *     }
 *     vg_study_free(s);
 */
#ifndef VOXGAN_STUDY_H
#define VOXGAN_STUDY_H
#include <stdio.h>
#include "voxgan/dataset.h"
#include "voxgan/edit.h"
#include "voxgan/maps.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_study_options {
  vg_roots hosts;           /* label maps to edit; may be empty if the plan names them */
  const vg_dataset *opened; /* replaces hosts, and must outlive the study; NULL: unused */
  const char *identity;     /* hash of the contents of `opened`; another hash makes another study. NULL */
  vg_roots donors;          /* tumours to graft; empty: the hosts that have one */
  const char *tumour_scheme, *anatomy_scheme; /* replace those of the layouts; NULL */
  const char *const *edits;                   /* a chain, applied to every host */
  int n_edits;
  int per_case;       /* cases that the chain makes of each host; 0: 1 */
  const char *plan;   /* JSON file; then edits and per_case must be empty */
  const char *prefix; /* of numbered ids; NULL: "synth" */
  bool numbered;      /* number the cases even if each is the unedited map of a host */
  bool made; /* cases get synthetic images, so none may have the id of a person: an unedited case has the
                prefix before its host's id */
  uint64_t seed;
  int redraws;                    /* draws of a case before it fails; 0: 20 */
  bool need_tumour, need_anatomy; /* hosts must have these maps, which a model's classes may need; an edit
                                     that makes a tumour lifts need_tumour */
  const vg_classes *found;     /* classes that are found in the images of hosts and donors: anatomy of hosts
                                  (vg_classes_clusters), unless a map has it; parts of tumours
                                  (vg_classes_parts). NULL: none */
  const vg_classes *predicted; /* hosts are images, and the case maker finds maps with these classes;
                                  edits must be empty. NULL: hosts have maps */
  bool skip_incomplete;        /* skip hosts and donors that lack a map */
  bool heal; /* fill the anatomy under a host's tumour, where unknown, from its surroundings */
} vg_study_options;

typedef struct vg_study vg_study; /* opaque; _make may run on several threads */

/* VG_CONFIG: the plan has an unknown key (the message names the nearest known), a value is out of bounds, an
 * edit does not parse, or an edit needs donors and there are none. VG_DATA: hosts or donors are not found. */
vg_status vg_study_open(const vg_study_options *options, vg_study **out);
void vg_study_free(vg_study *s);

size_t vg_study_count(const vg_study *s);
/* Every class that a case may have, with the parts of tumours. */
const vg_classes *vg_study_class_set(const vg_study *s);
/* The same without parts: what is written. */
const vg_classes *vg_study_written(const vg_study *s);
/* The merged label schemes of the sources. Maps keep these values unless the format has its own. */
const vg_scheme *vg_study_scheme(const vg_study *s, vg_role role);
/* Layout of the first hosts; the default format follows from it. */
const char *vg_study_layout(const vg_study *s);
uint64_t vg_study_seed(const vg_study *s);
/* The id and cohort of a case, without making it. */
void vg_study_name(const vg_study *s, size_t k, char id[128], char cohort[64]);

typedef struct vg_study_case {
  size_t k;
  char id[128], cohort[64];
  char source[128]; /* id of the host */
  vg_edit_log edits;
  vg_maps maps; /* empty in a study of images */
  vg_tumour_facts facts;
  int redraws;    /* rejected draws */
  vg_str reasons; /* why they were rejected, joined by "; " */
} vg_study_case;

/* Reads the host, applies the edits, checks the result (only known classes, no more pieces of tumour than
 * asked for, none outside the brain, volume as asked for), and draws again if an edit or a check fails.
 * VG_REFUSED, with the last reason and the number of draws: no draw passed. */
vg_status vg_study_make(vg_study *s, size_t k, vg_study_case *out);
/* Adds the ids of all that the case's host and donors go back to, joined by ';', where one of them is a
 * synthetic case; else nothing. hide writes each id that its data set does not hide already; NULL: ids
 * appear.
 */
vg_status vg_study_origins(const vg_study *s, const vg_study_case *c, vg_edit_hide *hide, void *arg,
                           vg_str *out);
/* Once its image is made: makes one class again of the parts of each tumour class. */
void vg_study_case_merge_parts(vg_study_case *c);
void vg_study_case_release(vg_study_case *c);

/* Writes a rank that nobody can foresee without a key. */
typedef void (*vg_study_rank)(const void *state, const char *id, char rank[17]);
/* For an anonymous data set, before a case is made: numbers the cases, and lets hosts and donors take turns
 * by rank instead of by id. Otherwise the order of the cases would give the ids away. */
vg_status vg_study_hide_ids(vg_study *s, vg_study_rank rank, const void *state);

/* Warns of each region that is smaller than tumours which edits are to put there, by the volumes that are
 * drawn first. Reads the maps of a few hosts and donors; nothing, if no edit names a region. */
vg_status vg_study_warn_of_regions(vg_study *s);

/* Prints the cohorts, counts, sources, edits and targets, and the first cases with their drawn values. */
vg_status vg_study_describe(vg_study *s, FILE *to);

#ifdef __cplusplus
}
#endif
#endif
