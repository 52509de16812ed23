/* cost.c: adds up what a run will write, and how long its steps take. */
#include "run/cost.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "base/text/plural.h"
#include "voxgan/log.h"

/* Bytes for each parameter: weights in a model; weights and Adam's two moments in a checkpoint. */
enum { IN_MODEL = 4, IN_CHECKPOINT = 12 };
/* A longer training should not be the first on new data. */
enum { LONG_HOURS = 12 };
/* A brain at 3 mm, in voxels (D, H, W): a larger sample is mostly background. */
static const int look[3] = {48, 64, 64};

static void say_first_look(const run_cost *c) {
  bool larger = false;
  for (int a = 0; a < 3; a++) larger |= c->patch[a] > look[a];
  char patch[48] = "";
  if (larger) snprintf(patch, sizeof patch, " --set train.patch=%d,%d,%d", look[2], look[1], look[0]);
  vg_info("for a first look within minutes: --set data.spacing=3%s --set net.ngf=8 --set net.ndf=8 --set "
          "train.epochs=12 (docs/guide/train.md)",
          patch);
}

void vg_cost_say(const run_cost *c) {
  char time[32], disk[32], cache[32], free_text[48] = "", bytes[32], by[80] = "";
  const uint64_t models = 2 * (uint64_t)IN_MODEL * c->generator;
  const uint64_t checkpoints = (uint64_t)c->checkpoints * IN_CHECKPOINT * (c->generator + c->discriminator);
  if (c->timed[0])
    snprintf(by, sizeof by, " (an estimate, from samples of %dx%dx%d voxels)", c->timed[2], c->timed[1],
             c->timed[0]);
  const char *steps = vg_plural(c->left, "step", "steps"), *to_go = c->left < c->steps ? " to go" : "";
  const double seconds = c->step_seconds * (double)c->left;
  char step[32];
  snprintf(step, sizeof step, c->step_seconds < 10 ? "%.2g" : "%.0f", c->step_seconds);
  if (c->step_seconds > 0)
    vg_info("%lld %s%s; one takes about %s s here%s: about %s, and %d %s beside", (long long)c->left, steps,
            to_go, step, by, vg_duration(seconds, time), c->validations,
            vg_plural(c->validations, "validation", "validations"));
  else
    vg_info("%lld %s%s", (long long)c->left, steps, to_go);
  if (seconds > LONG_HOURS * 3600.0) say_first_look(c);
  struct statvfs fs;
  if (!statvfs(c->out, &fs))
    snprintf(free_text, sizeof free_text, ", of %s that are free",
             vg_bytes((uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize, bytes));
  vg_info("disk: about %s for models and %d %s%s; prepared volumes take %s (%zu %s, "
          "shared by the runs beside it; `voxgan cache` shows and prunes them)",
          vg_bytes(models + checkpoints, disk), c->checkpoints,
          vg_plural(c->checkpoints, "checkpoint", "checkpoints"), free_text, vg_bytes(c->cache, cache),
          c->cases, vg_plural(c->cases, "subject", "subjects"));
}
