/* set_space.h: two clouds of points, and all that the distances between them share.
 *
 * With thousands of values a point, the inner products take longer than any distance. They are computed once.
 */
#ifndef VG_EVAL_SET_SPACE_H
#define VG_EVAL_SET_SPACE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

typedef struct vg_points {
  size_t n_real, n_synth, dims;
  const float *real, *synth; /* (n_real, dims), (n_synth, dims) */
  bool units_differ;         /* dimensions are standardised first */
} vg_points;

/* All arrays list the real set first: n = n_real + n_synth. */
typedef struct vg_set_space {
  size_t n_real, n_synth, dims;
  float *rows;     /* (n, dims), standardised by the real set */
  double *gram;    /* (n, n), inner products of the rows */
  double *squared; /* (n, n), squared distances of the rows */
  double *pooled;  /* (n, n), squared distances of rows standardised over both sets */
} vg_set_space;

/* VG_MEMORY. The points are not used afterwards. */
vg_status vg_set_space_init(const vg_points *p, vg_set_space *out);
void vg_set_space_release(vg_set_space *s);

/* Returns the points as centred float rows (n_real + n_synth, dims); vg_free. If units differ, each dimension
 * is divided by its SD (n - 1). Mean and SD are those of the real set, or of both sets together (pooled). The
 * SD is at least VG_LEAST_SD times that of both sets together, so that a dimension that hardly varies among
 * few real points does not dominate the distance. A dimension that is constant in both sets becomes 0. */
#define VG_LEAST_SD 0.1
float *vg_set_points_standardised(const vg_points *p, bool pooled);

/* Inner products of n_a rows with n_b rows (n_a, n_b). Every sum has the same order of addition, so a product
 * depends on its two rows alone. task: names the work where its progress is shown. */
vg_status vg_set_points_products(const char *task, const float *a, size_t n_a, const float *b, size_t n_b,
                                 size_t dims, double *out);

/* Points by a value: a distance, or a position along a line. */
typedef struct vg_set_value {
  double value; /* no NaN */
  uint32_t point;
} vg_set_value;
/* The smallest value first; of equal ones, the first point. */
void vg_set_values_sort(vg_set_value *list, size_t n);

#endif
