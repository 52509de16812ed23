/* deal.c: deals the levels of each factor to the cases of a cohort. */
#include <string.h>

#include "study/plan.h"
#include "base/mem.h"
#include "base/whole.h"

/* Chooses levels for n cases in turn, each time the level that lags most behind its share. So any stretch of
 * cases has the levels roughly in their shares, and all cases together exactly. */
static void spread(const vg_plan_factor *f, size_t n, size_t *used, size_t *quota, uint16_t *level) {
  size_t sum = 0;
  memset(used, 0, (size_t)f->n * sizeof *used);
  for (int l = 0; l < f->n; l++) sum += quota[l] = vg_count_of(f->levels[l].share * (double)n);
  /* The largest remainders get the cases that are left. */
  for (; sum < n; sum++) {
    int most = 0;
    for (int l = 1; l < f->n; l++)
      if (f->levels[l].share * (double)n - (double)quota[l] >
          f->levels[most].share * (double)n - (double)quota[most] + 1e-9)
        most = l;
    quota[most]++;
  }
  for (size_t i = 0; i < n; i++) {
    int next = -1;
    double lag = 0;
    for (int l = 0; l < f->n; l++) {
      double mine = (double)quota[l] * (double)(i + 1) / (double)n - (double)used[l];
      if (used[l] < quota[l] && (next < 0 || mine > lag)) next = l, lag = mine;
    }
    used[next]++;
    level[i] = (uint16_t)next;
  }
}

vg_status vg_plan_deal(const vg_plan_cohort *c, size_t n, vg_rng *rng, uint16_t *level) {
  size_t nf = (size_t)c->n_factors;
  int most = 1;
  for (size_t f = 0; f < nf; f++)
    if (c->factors[f].n > most) most = c->factors[f].n;
  uint32_t *order = vg_malloc(n, sizeof *order), *sorted = vg_malloc(n, sizeof *sorted);
  uint16_t *at = vg_malloc(n, sizeof *at);
  size_t *used = vg_malloc((size_t)most, sizeof *used), *quota = vg_malloc((size_t)most, sizeof *quota);
  vg_status st = order && sorted && at && used && quota ? VG_OK : VG_MEMORY;
  if (st) goto out;
  for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
  vg_rng_shuffle(rng, order, (uint32_t)n);
  for (size_t f = 0; f < nf; f++) {
    spread(&c->factors[f], n, used, quota, at);
    for (size_t i = 0; i < n; i++) level[order[i] * nf + f] = at[i];
    /* Cases with equal levels so far stand together, so the next factor is spread within each such group. */
    size_t to = 0;
    for (int l = 0; l < c->factors[f].n; l++)
      for (size_t i = 0; i < n; i++)
        if (at[i] == l) sorted[to++] = order[i];
    memcpy(order, sorted, n * sizeof *order);
  }
out:
  vg_free(order);
  vg_free(sorted);
  vg_free(at);
  vg_free(used);
  vg_free(quota);
  return st;
}
