/* symmetric.h: eigenvalues of a symmetric matrix. */
#ifndef VG_EVAL_SYMMETRIC_H
#define VG_EVAL_SYMMETRIC_H
#include <stddef.h>
#include "voxgan/status.h"

/* Computes all eigenvalues of a symmetric matrix (n, n), in ascending order. Reads the lower triangle of a
 * and overwrites a. Householder's reduction to three diagonals is followed by the implicit QL method
 * (Bowdler, Martin, Reinsch and Wilkinson, Numerische Mathematik 11, 1968), in 4/3 n^3 operations. VG_FAILED:
 * a value of a is not finite. */
vg_status vg_set_eigenvalues(double *a, size_t n, double *values);

#endif
