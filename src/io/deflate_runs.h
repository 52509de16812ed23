/* deflate_runs.h: gzip for voxels, several times faster than a general level 1 and no larger.
 *
 * In a brain volume, four voxels of five are background, and the low bits of the others are noise. A general
 * search for matches is slow and finds little beyond the runs of background. This coder looks for a match
 * only one voxel back (a run) and one row back (label maps), and Huffman-codes everything else. The stream is
 * one ordinary gzip member, with the same bytes for any number of threads.
 */
#ifndef VG_IO_DEFLATE_RUNS_H
#define VG_IO_DEFLATE_RUNS_H
#include <stddef.h>
#include "voxgan/status.h"

/* unit: bytes a voxel (1, 2 or 4); row: bytes a row of voxels. The caller frees *out (vg_free). */
vg_status vg_gzip_runs(const void *bytes, size_t len, size_t unit, size_t row, void **out, size_t *out_len);

#endif
