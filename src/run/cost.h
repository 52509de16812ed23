/* cost.h: what a training run will cost, in words. */
#ifndef VG_RUN_COST_H
#define VG_RUN_COST_H
#include <stddef.h>
#include <stdint.h>

typedef struct run_cost {
  int64_t steps, left; /* of the whole run, and from here on */
  double step_seconds; /* 0: not timed */
  int patch[3];        /* D, H, W of the samples */
  int timed[3];        /* D, H, W of the samples whose steps were timed, if smaller than those of the run */
  int validations;     /* from here on */
  size_t cache;        /* bytes of the prepared cases */
  size_t cases;
  size_t generator, discriminator; /* parameters */
  int checkpoints;                 /* kept */
  const char *out;                 /* where the run lies */
} run_cost;

/* Says steps, time and disk. */
void vg_cost_say(const run_cost *c);

#endif
