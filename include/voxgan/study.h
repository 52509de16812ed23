/* study.h: a planned set of edited label maps. Case k is a function of (plan, sources, seed, k) alone: the
 * same bytes whatever the order, the threads, or how often making them was interrupted.
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
  vg_roots hosts;           /* label maps that are edited; may be empty where the plan names them */
  const vg_dataset *opened; /* in place of hosts, and outliving the study; NULL */
  const char *identity;     /* of opened, beyond its ids: a hash, of which another is another study; NULL */
  vg_roots donors;          /* tumours for graft; empty: the hosts that have one */
  const char *tumour_scheme, *anatomy_scheme; /* in place of the layouts'; NULL */
  const char *const *edits;                   /* a chain, applied to every host */
  int n_edits;
  int per_case;       /* cases a host, of the chain; 0: 1 */
  const char *plan;   /* JSON file; then edits and per_case must be empty */
  const char *prefix; /* of numbered ids; NULL: "synth" */
  bool numbered;      /* number the cases even where each is a host's own map unedited */
  uint64_t seed;
  int redraws;                    /* draws of a case before it fails; 0: 20 */
  bool need_tumour, need_anatomy; /* hosts must have these maps: what a model's classes ask for where nothing
                                     is grafted or grown */
  const vg_classes *predicted; /* hosts are images: cases come without maps, which whoever makes them tells,
                                  of these classes; goes without edits. NULL */
  bool skip_incomplete;        /* leave out hosts and donors that lack a map */
  bool heal; /* the anatomy under a host's tumour, where its map has none, becomes that around it */
} vg_study_options;

typedef struct vg_study vg_study; /* opaque; _make may run on several threads */

/* VG_CONFIG: a plan with an unknown key (and the nearest known), a value out of bounds, an edit that does not
 * parse, an edit that wants donors where there are none. VG_DATA: hosts or donors not found. */
vg_status vg_study_open(const vg_study_options *options, vg_study **out);
void vg_study_free(vg_study *s);

size_t vg_study_count(const vg_study *s);
/* Every class that a case may have. */
const vg_classes *vg_study_class_set(const vg_study *s);
/* The sources' own label schemes, merged: the values that a case's maps keep where the format does not fix
 * them. */
const vg_scheme *vg_study_scheme(const vg_study *s, vg_role role);
/* Layout of the first hosts, which output defaults to. */
const char *vg_study_layout(const vg_study *s);
uint64_t vg_study_seed(const vg_study *s);
/* The case's id and cohort, without making it. */
void vg_study_name(const vg_study *s, size_t k, char id[128], char cohort[64]);

typedef struct vg_study_case {
  size_t k;
  char id[128], cohort[64];
  char source[128]; /* host's id */
  vg_edit_log edits;
  vg_maps maps; /* empty of a study of images */
  vg_tumour_facts facts;
  int redraws;    /* draws thrown away */
  vg_str reasons; /* why, joined by "; " */
} vg_study_case;

/* Reads the host, applies the edits, checks the anatomy (only known classes, tumour connected, none outside
 * the brain, volume as asked) and draws again where a check or an edit fails. VG_REFUSED, with the last
 * reason and the number of draws, when none passes. */
vg_status vg_study_make(vg_study *s, size_t k, vg_study_case *out);
void vg_study_case_release(vg_study_case *c);

/* --dry-run: cohorts, counts, sources, edits and the targets, and the first cases with the values they draw.
 */
vg_status vg_study_describe(vg_study *s, FILE *to);

#ifdef __cplusplus
}
#endif
#endif
