/* draw.h: a value or a distribution of values, as users write it:
 *
 *     12.5            left-hemisphere
 *     uniform(0.5,1.5)
 *     int(1,4)                    whole numbers, both ends drawn
 *     normal(mean,sd)   lognormal(median,sigma)   either may end in ,lo,hi: draws again until within
 *     choice(none:0.3,ring:0.7)   weights after a colon; default 1
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
  VG_DRAW_CHOICE
} vg_draw_kind;

/* One parsed value or distribution. Owns no memory: copy it freely. */
typedef struct vg_draw {
  vg_draw_kind kind;
  int n; /* arguments or choices */
  bool numeric;
  double a[4];                              /* arguments */
  double weight[VG_DRAW_CHOICES];           /* choices */
  double number[VG_DRAW_CHOICES];           /* if numeric: the constant or the choices */
  char text[VG_DRAW_CHOICES][VG_DRAW_TEXT]; /* the same as written */
} vg_draw;

/* Text that has none of the forms above is a constant. VG_CONFIG: unknown distribution (the message names the
 * nearest known), wrong number of arguments, lo not below hi, a weight that is not positive. */
vg_status vg_draw_parse(const char *text, vg_draw *out);

/* Checks that every possible value is a number from least to most (whole: a whole number). Otherwise fails
 * with VG_CONFIG: "uniform(0.5,20): 20 is not within 0.1 to 10". normal and lognormal without limits take
 * least and most as limits; their mean or median must lie within. */
vg_status vg_draw_bound(vg_draw *d, double least, double most, bool whole);

/* Draws a number; d must be numeric. It has six significant digits, which keeps records short. */
double vg_draw_number(const vg_draw *d, vg_rng *rng);
const char *vg_draw_text(const vg_draw *d, vg_rng *rng); /* constant or choice only; borrowed */

#ifdef __cplusplus
}
#endif
#endif
