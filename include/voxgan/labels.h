/* labels.h: the meaning of label values. A scheme maps each value to a class name and a role. A class set is
 * the ordered list of the classes of a model.
 *
 * Values differ by data set and edition (4 is enhancing tumour in BraTS 2021 and resection cavity in 2024);
 * class names do not. So data sets bring schemes, models keep class sets, and names join them.
 *
 * An inline scheme has the form VALUE=NAME[:tumour|:anatomy],... for example "1=csf,2=gm,3=wm" or
 * "1=necrosis:tumour,2=oedema:tumour,4=enhancing:tumour"; the role defaults to anatomy. A class may have
 * several values, and FIRST-LAST is a range that includes both ends: "2=wm,41=wm,3=gm,1000-2999=gm". The name
 * background makes values background, like 0. The first item may be the name of a scheme, which the others
 * extend: "freesurfer,500-530=background". A value has one meaning: it stands once, in whatever order. Only
 * what a named scheme calls background may become a class: "synthseg-tissues,501-530=skull".
 */
#ifndef VOXGAN_LABELS_H
#define VOXGAN_LABELS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/config.h"
#include "voxgan/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VG_CLASS_NAME 32
#define VG_CLASSES_MAX 60 /* a set of classes and background fits 64 bits */
#define VG_LABELS_MAX 64  /* labels of a scheme; a class may have several */

/* Only labels have the role background: values that are known, but of no class. Classes have one of the
 * others. */
typedef enum vg_role { VG_ROLE_ANATOMY, VG_ROLE_TUMOUR, VG_ROLE_BACKGROUND } vg_role;
const char *vg_role_name(vg_role role);

typedef struct vg_label {
  uint16_t value; /* in the file; never 0, which is background */
  char name[VG_CLASS_NAME];
  vg_role role;
  uint16_t more; /* the values from value to value + more mean the same class */
} vg_label;

/* Labels of the same name are one class. It is written as the value of the first of them. */
typedef struct vg_scheme {
  char name[VG_CLASS_NAME]; /* "brats", or "inline" */
  int n;
  vg_label labels[VG_LABELS_MAX];
} vg_scheme;

/* Rows of schemes.def, such as brats (1 necrosis, 2 oedema, 4 enhancing) and tissues (1 csf, 2 gm, 3 wm). */
const vg_scheme *vg_scheme_at(int i, const char **help); /* NULL past the last; help may be NULL */
/* Whether any label of the scheme has the role. */
bool vg_scheme_has_role(const vg_scheme *s, vg_role role);
bool vg_scheme_has_class(const vg_scheme *s, const char *name);
/* A name from the registry or inline text. VG_CONFIG names the fault and the nearest known name. */
vg_status vg_scheme_parse(const char *text, vg_scheme *out);
/* The inline form (vg_free). It parses back to the same labels; if two labels share a value, it has the
 * first. */
char *vg_scheme_text(const vg_scheme *s);
const vg_label *vg_scheme_find(const vg_scheme *s, uint16_t value); /* NULL: not in the scheme */

/* Checks that every non-zero value of map is in the scheme. Otherwise fails with VG_DATA: "path: label value
 * 7 (12 voxels) is not in scheme brats (1 necrosis, ...)". For a scheme of many values the message names only
 * the classes. path is for the message. */
vg_status vg_scheme_check(const vg_scheme *s, const vg_labelmap *map, const char *path);

/* Ordered classes: anatomy first, then tumour. Class i is channel i of the network's input. */
typedef struct vg_classes {
  int n;
  char names[VG_CLASSES_MAX][VG_CLASS_NAME];
  vg_role roles[VG_CLASSES_MAX];
  bool divided; /* some are parts of tumours; a name alone may be a data set's own */
  /* Of parts of tumours (vg_classes_parts): part k of series i ends at limit k, in units of the brain's
   * intensities, of which the percentiles 0.5 and 99.5 are -1 and 1. */
  float limits[VG_CLUSTER_SERIES_MAX][VG_CLUSTERS_MAX];
} vg_classes;

/* The class of all anatomy if only a brain mask is known. */
#define VG_CLASS_BRAIN "brain"
/* What surgery left of a tumour: fluid. Edits leave it alone until the edit `cavity` frees it. */
#define VG_CLASS_CAVITY "cavity"

/* Adds these classes: "t1_cluster1" to "t1_cluster5", or "t1-flair_cluster1-1", "t1-flair_cluster1-2", ...
 * VG_CONFIG: a name is too long, or one of several series has a hyphen. */
vg_status vg_classes_add_clusters(vg_classes *c, const vg_clusters *of);
/* Whether all anatomy classes are such clusters, and which. */
bool vg_classes_clusters(const vg_classes *c, vg_clusters *of);

/* Parts of a tumour class by intensity (prep/parts.h), which only networks know: "t1_part1_tumour", ...,
 * "t1-flair_part1-1_necrosis", ... */
/* Adds the parts of the class `whole`. VG_CONFIG as vg_classes_add_clusters. */
vg_status vg_classes_add_parts(vg_classes *c, const vg_clusters *of, const char *whole);
/* Whether tumour classes are such parts, and which. Others beside them are not divided. */
bool vg_classes_parts(const vg_classes *c, vg_clusters *of);
/* The class that a part belongs to; another class's own name. */
const char *vg_class_whole(const char *name);
/* The classes with one in place of its parts. code[k + 1] is the new index + 1 of class k; code[0] is 0. */
void vg_classes_merge_parts(const vg_classes *c, vg_classes *out, uint8_t code[VG_CLASSES_MAX + 1]);

int vg_classes_find(const vg_classes *c, const char *name); /* -1 */
int vg_classes_count(const vg_classes *c, vg_role role);
/* Adds the scheme's classes of a role that c lacks, in the scheme's order, and keeps anatomy before tumour.
 */
vg_status vg_classes_add(vg_classes *c, const vg_scheme *s, vg_role role);
vg_status vg_classes_add_name(vg_classes *c, const char *name, vg_role role);
/* Fills table (65536 entries): table[value] = class index + 1, and 0 for background. VG_DATA: a label of s
 * with that role is not in c; the message names both sides ("model knows csf, gm, wm; scheme brats has
 * necrosis"). */
vg_status vg_classes_table(const vg_classes *c, const vg_scheme *s, vg_role role, uint8_t *table);

#ifdef __cplusplus
}
#endif
#endif
