/* case_order.c: which case each sample of an epoch shows. */
#include "sample/case_order.h"

#include <math.h>
#include "base/mem.h"
#include "voxgan/rng.h"

/* Two orders by one name would shuffle groups of one size alike. */
static const char *const streams[] = {"loader order", "loader order of the last"};

static vg_status gather(vg_case_group *g, size_t n, const bool *last, bool which) {
  *g = (vg_case_group){VG_NEW_N(uint32_t, n + 1), 0, VG_NEW_N(uint32_t, n + 1), -1, -1};
  if (!g->cases || !g->order) return VG_MEMORY;
  for (size_t i = 0; i < n; i++)
    if (!last || last[i] == which) g->cases[g->n++] = (uint32_t)i;
  return VG_OK;
}

vg_status vg_case_order_init(vg_case_order *o, uint64_t seed, size_t n, const bool *last, double mix) {
  *o = (vg_case_order){.seed = seed, .mix = mix};
  vg_status st = gather(&o->groups[0], n, mix > 0 ? last : NULL, false);
  if (!st && mix > 0 && last) st = gather(&o->groups[1], n, last, true);
  if (!st && mix > 0 && (!o->groups[0].n || !o->groups[1].n))
    st = vg_fail(VG_CONFIG, "train.mix is %g, but one of the sides to mix has no subject to train on", mix);
  if (st) vg_case_order_release(o);
  return st;
}

void vg_case_order_release(vg_case_order *o) {
  for (int k = 0; k < 2; k++) {
    vg_free(o->groups[k].cases);
    vg_free(o->groups[k].order);
  }
  *o = (vg_case_order){0};
}

/* Case k of a group, in the shuffled order of its round. */
static size_t pick(vg_case_group *g, const char *stream, uint64_t seed, long epoch, long k) {
  const long round = k / (long)g->n;
  if (g->epoch != epoch || g->round != round) {
    for (size_t i = 0; i < g->n; i++) g->order[i] = g->cases[i];
    vg_rng r = vg_rng_init(seed, vg_rng_key(stream, (uint64_t)epoch, (uint64_t)round));
    vg_rng_shuffle(&r, g->order, (uint32_t)g->n);
    g->epoch = epoch;
    g->round = round;
  }
  return g->order[k % (long)g->n];
}

size_t vg_case_order_pick(vg_case_order *o, long epoch, long sample) {
  /* The number of earlier samples that show a case of the last data set. */
  const long before = (long)floor((double)sample * o->mix);
  const bool last = (long)floor((double)(sample + 1) * o->mix) > before;
  return pick(&o->groups[last], streams[last], o->seed, epoch, last ? before : sample - before);
}
