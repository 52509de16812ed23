/* level_law.h: ordered levels as intervals of a normal variable, and what that does to correlations. */
#ifndef VG_PREP_LEVEL_LAW_H
#define VG_PREP_LEVEL_LAW_H
#include <stddef.h>

/* Of levels 0, 1, ... that cut a normal variable into intervals: two such variables of correlation r have
 * levels of correlation sum of term[k] r^k / weight. The terms are squared Hermite coefficients of the steps.
 */
enum { VG_LEVEL_TERMS = 48 };
typedef struct vg_level_law {
  double weight, term[VG_LEVEL_TERMS + 1];
} vg_level_law;

/* Adds a law by its weight; begin with {0}. count: the voxels of each of n levels, of which at least two have
 * some. */
void vg_level_law_add(vg_level_law *law, const size_t count[], int n, double weight);
/* The correlation of levels whose normal variables have correlation r, 0 to 1; and the inverse, which takes
 * what is below 0 as 0. */
double vg_level_law_of_normal(const vg_level_law *law, double r);
double vg_level_law_to_normal(const vg_level_law *law, double levels);

#endif
