/* deflate_runs.h: gzip for voxels, several times faster than a general level 1 and no larger.
 *
 * In a brain volume four voxels of five are background, and of the rest the low bits are noise:
 * a search for matches finds the background's runs and little else, slowly. Here a match is only
 * looked for one voxel back (a run) and one row back (label maps); what remains is Huffman-coded.
 * The stream is one ordinary gzip member with the same bytes for any number of threads.
 */
#ifndef VG_IO_DEFLATE_RUNS_H
#define VG_IO_DEFLATE_RUNS_H
#include <stddef.h>
#include "voxgan/status.h"

/* unit: bytes a voxel (1, 2 or 4); row: bytes a row of them. *out is the caller's (vg_free). */
vg_status vg_gzip_runs(const void *bytes, size_t len, size_t unit, size_t row, void **out, size_t *out_len);

#endif
