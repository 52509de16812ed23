/* study.h: a planned set of edited label maps. Case k depends on (plan, sources, seed, k) alone. Its bytes
 * are the same in any order, with any number of threads, and after any number of interruptions.
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
  vg_roots hosts;           /* the label maps to edit; may be empty if the plan names them */
  const vg_dataset *opened; /* replaces hosts, and must outlive the study; or NULL */
  const char *identity;     /* a hash of the content of opened; another hash means another study; or NULL */
  vg_roots donors;          /* tumours for graft; empty: the hosts that have one */
  const char *tumour_scheme, *anatomy_scheme; /* replace the layouts' own; or NULL */
  const char *const *edits;                   /* a chain for every host */
  int n_edits;
  int per_case;       /* cases that the chain makes of each host; 0: 1 */
  const char *plan;   /* JSON file; then edits and per_case must be empty */
  const char *prefix; /* of numbered ids; NULL: "synth" */
  bool numbered;      /* number the cases even if each is an unedited map of a host */
  uint64_t seed;
  int redraws;                    /* attempts to draw a case before it fails; 0: 20 */
  bool need_tumour, need_anatomy; /* hosts must have these maps: a model's classes need them, and no edit
                                     grafts or grows them */
  const vg_classes *predicted;    /* hosts are images: cases have no maps, and the model that makes the cases
                                     predicts maps of these classes; no edits then. Or NULL */
  bool skip_incomplete;           /* skip hosts and donors that lack a map */
  bool heal; /* fill the anatomy under a host's tumour from its surroundings if its map has none there */
} vg_study_options;

typedef struct vg_study vg_study; /* opaque; _make may run on several threads */

/* VG_CONFIG: the plan has an unknown key (the message names the nearest known), a value is out of bounds, an
 * edit does not parse, an edit needs donors and there are none. VG_DATA: hosts or donors not found. */
vg_status vg_study_open(const vg_study_options *options, vg_study **out);
void vg_study_free(vg_study *s);

size_t vg_study_count(const vg_study *s);
/* Every class that a case may have. */
const vg_classes *vg_study_class_set(const vg_study *s);
/* The label schemes of all sources, merged. The maps of a case keep these values unless the format fixes
 * them. */
const vg_scheme *vg_study_scheme(const vg_study *s, vg_role role);
/* Layout of the first hosts: the default of the output. */
const char *vg_study_layout(const vg_study *s);
uint64_t vg_study_seed(const vg_study *s);
/* Writes the id and cohort of case k without making the case. */
void vg_study_name(const vg_study *s, size_t k, char id[128], char cohort[64]);

typedef struct vg_study_case {
  size_t k;
  char id[128], cohort[64];
  char source[128]; /* host's id */
  vg_edit_log edits;
  vg_maps maps; /* empty in a study of images */
  vg_tumour_facts facts;
  int redraws;    /* rejected draws */
  vg_str reasons; /* why they were rejected, joined by "; " */
} vg_study_case;

/* Reads the host, applies the edits and checks the anatomy: only known classes, a connected tumour, no tumour
 * outside the brain, the volume as asked. If an edit or a check fails, draws again. VG_REFUSED, with the last
 * reason and the number of draws: no draw passed. */
vg_status vg_study_make(vg_study *s, size_t k, vg_study_case *out);
void vg_study_case_release(vg_study_case *c);

/* For --dry-run: prints cohorts, counts, sources, edits, targets, and the first cases with their drawn
 * values. */
vg_status vg_study_describe(vg_study *s, FILE *to);

#ifdef __cplusplus
}
#endif
#endif
