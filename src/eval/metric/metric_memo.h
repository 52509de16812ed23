/* metric_memo.h: work that several metrics of one input have in common, done once.
 *
 *     static vg_status count(const vg_metric_input *in, void *block) { ... }   // block: a zeroed counts
 *     const counts *c = vg_metric_memo_get(in, count, sizeof *c);
 *     if (!c) return VG_MEMORY;
 *
 * A block is freed as it is: what it points to is not.
 */
#ifndef VG_EVAL_METRIC_MEMO_H
#define VG_EVAL_METRIC_MEMO_H
#include "voxgan/metric.h"

/* Fails for lack of memory only. */
typedef vg_status (*vg_memo_make)(const vg_metric_input *in, void *block);

/* The block of size bytes that make has filled for this input, now or before. Borrowed; NULL: out of memory.
 */
const void *vg_metric_memo_get(const vg_metric_input *in, vg_memo_make make, size_t size);

#endif
