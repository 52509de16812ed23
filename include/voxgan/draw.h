/* draw.h: a value, or a distribution to draw values from, as users write it:
 *
 *     12.5            left-hemisphere
 *     uniform(0.5,1.5)
 *     int(1,4)                    whole numbers, both ends included
 *     normal(mean,sd)   lognormal(median,sigma)   either may end in ,lo,hi to truncate it
 *     choice(none:0.3,ring:0.7)   weights after a colon; 1 without one
 *     like(DIR)                   the tumour volumes (ml) of a data set: linear between 16 of their quantiles
 */
#ifndef VOXGAN_DRAW_H
#define VOXGAN_DRAW_H
#include <stdbool.h>
#include "voxgan/rng.h"
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VG_DRAW_TEXT 96
#define VG_DRAW_CHOICES 16

typedef enum vg_draw_kind {
  VG_DRAW_CONSTANT,
  VG_DRAW_UNIFORM,
  VG_DRAW_INT,
  VG_DRAW_NORMAL,
  VG_DRAW_LOGNORMAL,
  VG_DRAW_CHOICE,
  VG_DRAW_LIKE
} vg_draw_kind;

/* One parsed value or distribution. Owns no memory: copy it freely. */
typedef struct vg_draw {
  vg_draw_kind kind;
  int n; /* arguments or choices */
  bool numeric;
  double a[4];                    /* arguments */
  double weight[VG_DRAW_CHOICES]; /* choices */
  double number[VG_DRAW_CHOICES]; /* the constant or the choices, if numeric; the quantiles of LIKE */
  char text[VG_DRAW_CHOICES][VG_DRAW_TEXT]; /* the constant, the choices, or the distribution, as written */
} vg_draw;

/* like(DIR) opens the data set. VG_CONFIG names the fault: an unknown distribution (and the nearest known), a
 * wrong number of arguments, lo not below hi, a weight that is not positive. A text without the form
 * NAME(...) is a constant. */
vg_status vg_draw_parse(const char *text, vg_draw *out);

/* Requires that every value that can be drawn is a number from least to most: otherwise VG_CONFIG
 * "uniform(0.5,20): 20 is not within 0.1 to 10". normal and lognormal without limits get least and most as
 * limits, and their mean or median must lie within. whole: requires whole numbers. */
vg_status vg_draw_bound(vg_draw *d, double least, double most, bool whole);

/* d must be numeric. A drawn number has six significant digits, so that its record is short. */
double vg_draw_number(const vg_draw *d, vg_rng *rng);
const char *vg_draw_text(const vg_draw *d,
                         vg_rng *rng); /* borrowed from d, which must be a constant or choice */

#ifdef __cplusplus
}
#endif
#endif
