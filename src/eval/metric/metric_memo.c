/* metric_memo.c: results that several metrics of one input share. */
#include "eval/metric/metric_memo.h"

#include "base/mem.h"

const void *vg_metric_memo_get(const vg_metric_input *in, vg_memo_make make, size_t size) {
  vg_metric_memo *m = in->memo;
  void (*maker)(void) = (void (*)(void))make;
  for (int i = 0; i < m->n; i++) {
    if (m->kept[i].maker == maker) return m->kept[i].block;
  }
  if (m->n == sizeof m->kept / sizeof *m->kept) VG_BUG("metric_memo: too many kinds of block");
  void *block = vg_calloc(1, size);
  if (!block || make(in, block)) {
    vg_free(block);
    return NULL;
  }
  m->kept[m->n].maker = maker;
  m->kept[m->n++].block = block;
  return block;
}

void vg_metric_memo_release(vg_metric_memo *m) {
  for (int i = 0; i < m->n; i++) vg_free(m->kept[i].block);
  m->n = 0;
}
