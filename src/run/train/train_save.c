/* train_save.c: what a training saves: models and checkpoints, at validations and when it stops. */
#include <math.h>
#include <stdio.h>
#include "base/number/axes.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/task/progress.h"
#include "base/text/plural.h"
#include "run/score/preview.h"
#include "run/train/trainer.h"
#include "voxgan/log.h"

static vg_status save_models(trainer *t, bool best) {
  if (!vg_trainer_writes(t)) return VG_OK;
  static const char *const names[] = {"model-last.safetensors", "model.safetensors"};
  char note[96];
  snprintf(note, sizeof note, "epoch %d of %d, step %lld", (int)t->state.epoch, t->o->config.train.epochs,
           (long long)t->state.step);
  vg_status st = VG_OK;
  for (int i = 0; i < 1 + best && !st; i++) {
    char *path;
    st = vg_trainer_path(t, names[i], &path);
    if (!st) st = vg_model_save(path, t->gan, &t->info, note);
    vg_free(path);
  }
  return st;
}

vg_status vg_trainer_save_checkpoint(trainer *t) {
  vg_task task;
  vg_task_begin(&task, "saving a checkpoint", NULL, 0);
  vg_status st = vg_trainer_catch_up(t);
  if (!st && vg_trainer_writes(t)) st = vg_train_log_size(&t->log, &t->state.log_bytes);
  if (!st && vg_trainer_writes(t))
    st = vg_checkpoint_save(t->o->out, t->gan, &t->state, t->o->config.train.keep);
  vg_task_end(&task);
  t->saved_step = t->state.step;
  t->saved_at = vg_now();
  return st;
}

bool vg_trainer_checkpoint_due(const trainer *t) {
  const vg_config *c = &t->o->config;
  if (!vg_trainer_writes(t)) return false;
  int64_t steps = t->state.step - t->saved_step;
  double minutes = (vg_now() - t->saved_at) / 60;
  return (c->train.checkpoint_steps > 0 && steps >= c->train.checkpoint_steps) ||
         (c->train.checkpoint_minutes > 0 && steps > 0 && minutes >= c->train.checkpoint_minutes);
}

vg_status vg_trainer_fail_not_finite(const trainer *t) {
  char *newest;
  vg_status st = vg_checkpoint_newest(t->o->out, &newest);
  if (st) return st;
  char *why = vg_strdup(vg_error());
  if (why)
    vg_fail(VG_FAILED, "%s; %s%s; smaller train.lr_g and train.lr_d may help", why,
            newest ? "the last good checkpoint is " : "there is no checkpoint yet", newest ? newest : "");
  vg_free(why);
  vg_free(newest);
  return why ? VG_FAILED : VG_MEMORY;
}

/* " at 2 mm"; nothing where each scan keeps its voxels. */
static void grid_text(const double mm[3], char *out, size_t size) {
  *out = '\0';
  if (vg_axes_same(mm) && mm[0] > 0) snprintf(out, size, " at %g mm", mm[0]);
  if (!vg_axes_same(mm)) snprintf(out, size, " at %g x %g x %g mm", mm[0], mm[1], mm[2]);
}

vg_status vg_trainer_validate(trainer *t) {
  char *preview = vg_preview_path(t->o->out, t->state.epoch);
  if (!preview) return VG_MEMORY;
  validation v;
  vg_status st = vg_validate(t->gan, &t->data, t->group, preview, &v);
  vg_free(preview);
  if (st) return st;
  if (!isfinite(v.cost)) {
    vg_fail(VG_NONFINITE, "epoch %d: the validation's %s is not finite", (int)t->state.epoch, v.cost_name);
    vg_validation_release(&v);
    return vg_trainer_fail_not_finite(t);
  }
  const bool held_out = t->data.n_val > 0;
  const bool best = v.cost < t->state.best;
  if (best) {
    t->state.best = v.cost;
    t->state.best_step = t->state.step;
  }
  st = vg_trainer_writes(t) ? vg_train_log_validation(&t->log, &t->state, &v, held_out, best) : VG_OK;
  if (!st) st = save_models(t, best);
  t->state.validate = 0;
  if (!st) st = vg_trainer_save_checkpoint(t);
  /* Messages come last: a terminal may be gone, and a pipe may be full. */
  vg_progress_end();
  char grid[64];
  grid_text(t->data.prep.spacing, grid, sizeof grid);
  vg_info("epoch %d %s%s: %s%s", (int)t->state.epoch,
          held_out ? "held-out subjects" : "training subjects (none is held out)", grid, v.summary,
          best ? ", the best so far" : "");
  vg_validation_release(&v);
  return st;
}

vg_status vg_trainer_stop(trainer *t) {
  t->stopping = true;
  vg_status st = vg_trainer_save_checkpoint(t);
  if (!st) st = save_models(t, false);
  vg_progress_end();
  if (st) return st;
  if (!vg_trainer_writes(t))
    return vg_fail(VG_INTERRUPTED, "rank %d stops after %lld %s, as the others do", vg_group_rank(t->group),
                   (long long)t->state.step, vg_plural(t->state.step, "step", "steps"));
  return vg_fail(VG_INTERRUPTED, "interrupted in epoch %d after %lld %s; all is saved, --resume continues",
                 (int)t->state.epoch + 1, (long long)t->state.step,
                 vg_plural(t->state.step, "step", "steps"));
}
