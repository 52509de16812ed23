/* fuzz_plan.c: any text as the plan of a study: what is taken deals its cases. */
#include <string.h>
#include "base/mem.h"
#include "study/plan.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  enum { CASES = 40 };
  fuzz_input in = fuzz_begin(data, size);
  uint16_t level[CASES * 64];
  vg_plan p;
  char *text = fuzz_text(&in);
  vg_status st = vg_plan_parse("p.json", "/mem", text, &p);
  fuzz_allow(st, FUZZ(CONFIG));
  for (int i = 0; !st && i < p.n; i++) {
    const vg_plan_cohort *c = &p.cohorts[i];
    const size_t n = c->count < CASES ? c->count : CASES;
    vg_rng rng = vg_rng_init(1, 2);
    if (!n || c->n_factors > 64) VG_BUG("cohort %d: cases %zu, factors %d", i, n, c->n_factors);
    if (vg_plan_deal(c, n, &rng, level)) VG_BUG("%s", vg_error());
    for (size_t k = 0; k < n * (size_t)c->n_factors; k++)
      if (level[k] >= c->factors[k % (size_t)c->n_factors].n) VG_BUG("a level that is not there");
  }
  if (!st) vg_plan_release(&p);
  vg_free(text);
  return fuzz_end();
}
