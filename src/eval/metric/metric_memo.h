/* metric_memo.h: results that several metrics of one input share, computed once.
 *
 *     static vg_status count(const vg_metric_input *in, void *block) { ... }   // block: a zeroed counts
 *     const counts *c = vg_metric_memo_get(in, count, sizeof *c);
 *     if (!c) return VG_MEMORY;
 *
 * The memo frees the block itself, but nothing that the block points to.
 */
#ifndef VG_EVAL_METRIC_MEMO_H
#define VG_EVAL_METRIC_MEMO_H
#include "voxgan/metric.h"

/* Only VG_MEMORY. */
typedef vg_status (*vg_memo_make)(const vg_metric_input *in, void *block);

/* Returns the block of size bytes that make fills, once for each input. Borrowed; NULL: out of memory.
 */
const void *vg_metric_memo_get(const vg_metric_input *in, vg_memo_make make, size_t size);

#endif
