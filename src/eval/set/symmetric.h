/* symmetric.h: eigenvalues of a symmetric matrix. */
#ifndef VG_EVAL_SYMMETRIC_H
#define VG_EVAL_SYMMETRIC_H
#include <stddef.h>
#include "voxgan/status.h"

/* All eigenvalues, in ascending order, of the matrix (n, n) of which the lower triangle is read; a is
 * overwritten. Householder's reduction to three diagonals, then the implicit QL method (Bowdler, Martin,
 * Reinsch and Wilkinson, Numerische Mathematik 11, 1968), 4/3 n^3 operations. VG_FAILED where a holds what is
 * not finite. */
vg_status vg_set_eigenvalues(double *a, size_t n, double *values);

#endif
