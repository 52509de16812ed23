/* train.c: the training loop, and a run from beginning to end. */
#include <math.h>
#include <time.h>
#include "base/mem.h"
#include "base/str.h"
#include "base/task/progress.h"
#include "base/text/plural.h"
#include "dataset/split.h"
#include "jobs/recall.h"
#include "run/entry.h"
#include "run/machine.h"
#include "run/train/run_folder.h"
#include "run/train/run_inputs.h"
#include "run/train/trainer.h"
#include "run_page/run_card.h"
#include "settings/config_json.h"
#include "voxgan/log.h"
#include "voxgan/version.h"

/* ---- the loop ---- */

static vg_status train_epoch(trainer *t) {
  const vg_config *c = &t->o->config;
  train_state *s = &t->state;
  while (s->batch < s->batches) {
    bool stop;
    vg_status st = vg_train_asked_to_stop(t->group, &stop);
    if (st) return st;
    if (stop) return VG_INTERRUPTED;
    if (vg_trainer_checkpoint_due(t)) st = vg_trainer_save_checkpoint(t);
    if (!st) st = vg_trainer_step(t);
    if (st == VG_NONFINITE && c->train.nonfinite == VG_NONFINITE_STOP) return vg_trainer_fail_not_finite(t);
    if (st == VG_NONFINITE) {
      if (!s->sums.skipped++) vg_warn("%s: skipped", vg_error());
    } else if (st) {
      return st;
    }
  }
  vg_status st = vg_trainer_catch_up(t);
  if (st) return st == VG_NONFINITE ? vg_trainer_fail_not_finite(t) : st;
  if (!s->sums.steps) return vg_fail_in(vg_trainer_fail_not_finite(t), "no step of the epoch was finite");
  s->epoch++;
  group_line others;
  st = vg_train_epoch_line(t->group, &t->group_began, &others);
  if (!st && vg_trainer_writes(t))
    st = vg_train_log_epoch(&t->log, s, vg_tensor_peak_bytes(t->device), &others);
  if (s->sums.skipped)
    vg_warn("epoch %d: %lld %s %s not finite", (int)s->epoch, (long long)s->sums.skipped,
            vg_plural(s->sums.skipped, "step", "steps"), vg_plural(s->sums.skipped, "was", "were"));
  s->sums = (epoch_sums){0};
  s->batch = 0;
  int every = c->train.validate_every;
  s->validate = s->epoch == c->train.epochs || (every && s->epoch % every == 0);
  return st;
}

static vg_status train_loop(trainer *t) {
  vg_status st = VG_OK;
  vg_train_clock_start(t->group, &t->group_began);
  t->saved_step = t->state.step;
  t->saved_at = vg_now();
  while (!st && (t->state.validate || t->state.epoch < t->o->config.train.epochs))
    st = t->state.validate ? vg_trainer_validate(t) : train_epoch(t);
  return st == VG_INTERRUPTED ? vg_trainer_stop(t) : st;
}

/* ---- a run ---- */

/* Restores the newest checkpoint, or starts at the first step with drawn weights or those of another model.
 */
static vg_status restore_or_begin(trainer *t, bool continues) {
  bool found = false;
  t->state = (train_state){.best = INFINITY};
  if (!vg_trainer_writes(t)) return VG_OK;
  vg_status st = continues ? vg_run_folder_compare(t->o->out, &t->info.config) : VG_OK;
  if (!st && continues) st = vg_run_inputs_compare(t->o->out, &t->data);
  if (!st && continues)
    st = vg_train_compare_sessions(t->o->out, vg_group_size(t->group), t->o->config.train.accumulate);
  if (!st && continues) st = vg_checkpoint_load(t->o->out, t->gan, &t->state, &found);
  if (st) return st;
  if (found && !t->state.validate && t->state.epoch >= t->o->config.train.epochs)
    vg_info("all epochs are done (%d)", (int)t->state.epoch);
  else if (found)
    vg_info("resuming after %lld %s, in epoch %d", (long long)t->state.step,
            vg_plural(t->state.step, "step", "steps"), (int)t->state.epoch + 1);
  else if (continues)
    vg_info("%s has no checkpoint yet: starting from the first epoch", t->o->out);
  if (found || !t->o->init) return VG_OK;
  if ((st = vg_model_path(t->o->init, &t->init))) return st;
  return vg_model_start_from(t->init, &t->info, t->gan, &t->taken);
}

/* Rank 0 goes first, so that it prepares what is not in the cache, and the others find it there. */
static vg_status open_data_in_turn(trainer *t, bool continues) {
  vg_status st = vg_trainer_writes(t) ? vg_trainer_open_data(t, continues) : VG_OK;
  if (!st) st = vg_group_share(t->group, &continues, sizeof continues);
  return st || vg_trainer_writes(t) ? st : vg_trainer_open_data(t, continues);
}

static vg_status start(trainer *t, bool continues) {
  const vg_config *c = &t->o->config;
  vg_status st = t->group ? VG_OK : vg_machine_open(c->run.device, c->run.threads, &t->device);
  if (st) return st;
  if ((st = vg_train_log_init(&t->log, t->o->out))) return st;
  if (continues && (st = vg_run_folder_check(t->o->out, c))) return st;
  if ((st = open_data_in_turn(t, continues))) return st;
  if ((st = vg_trainer_build(t))) return st;
  st = restore_or_begin(t, continues);
  if (!st) st = vg_group_share(t->group, &t->state, sizeof t->state);
  return st || !t->group ? st : vg_gan_share(t->gan);
}

/* sessions.jsonl: date, version and device of this session. They do not influence the result. */
static vg_status note_session(const trainer *t) {
  char device[128], *path;
  vg_status st = vg_trainer_path(t, "sessions.jsonl", &path);
  if (st) return st;
  vg_json *j = vg_json_object();
  vg_json_put_number(j, "time", (double)time(NULL));
  vg_json_put_number(j, "step", (double)t->state.step);
  vg_json_put_string(j, "voxgan", vg_version());
  vg_json_put_string(j, "libtorch", vg_torch_version());
  vg_json_put_string(j, "device", vg_device_describe(t->device, device, sizeof device));
  if (t->group) vg_json_put_number(j, "processes", vg_group_size(t->group));
  char *line = vg_json_print(j, false);
  st = line ? vg_fs_append_line(path, line) : VG_MEMORY;
  vg_free(line);
  vg_json_free(j);
  vg_free(path);
  return st;
}

/* Brings the folder to the state at which training continues. */
static vg_status write_folder(trainer *t, bool continues) {
  if (!vg_trainer_writes(t)) return VG_OK;
  const char *run = t->o->out;
  vg_status st = continues ? vg_train_log_rewind(&t->log, t->state.log_bytes) : vg_run_folder_clear(run);
  t->cleared = !st && !continues;
  if (!st) st = vg_run_folder_write_take(run, "config.json", vg_config_to_json(&t->info.config));
  if (!st)
    st = vg_run_folder_write_take(run, "split.json", vg_dataset_split_json(&t->data.set, t->data.is_val));
  if (!st) st = vg_run_inputs_write(run, &t->data);
  if (!st && !t->o->opened) st = vg_recall_write(run, &t->o->data);
  if (!st) st = note_session(t);
  if (!st && t->init) st = vg_train_log_weights(&t->log, t->init, &t->taken);
  if (!st && t->o->config.run.tensorboard) st = vg_train_log_events(&t->log);
  return st;
}

/* The command that uses the model. */
static vg_status say_next(const vg_train_options *o) {
  char *run = vg_shell_word(o->out);
  if (!run) return VG_MEMORY;
  if (vg_config_segments(&o->config))
    vg_info(
        "next: voxgan synth %s --images DIR --out maps finds label maps; voxgan report %s shows the training",
        run, run);
  else
    vg_info("next: voxgan synth %s --labels DIR --out synthetic makes images; voxgan report %s shows the "
            "training",
            run, run);
  vg_free(run);
  return VG_OK;
}

/* A new run that fails before its first step holds nothing to continue or to look at. */
static void leave_folder(trainer *t, bool continues, vg_status st) {
  const bool trains = continues || t->cleared, failed = st && !t->stopping && !continues && !t->state.step;
  if (t->cleared && failed) (void)vg_run_folder_clear(t->o->out);
  vg_run_folder_release(t->o->out, &t->claim, trains && !failed);
}

vg_status vg_train(const vg_train_options *options) {
  trainer t = {.o = options, .claim = {.lock = {.fd = -1}}};
  char took[32];
  bool continues = false;
  vg_interrupt_install();
  vg_status st = options->world.size > 1 ? vg_train_meet(options, &t.device, &t.group) : VG_OK;
  if (!st && vg_trainer_writes(&t)) st = vg_run_folder_claim(options, &t.claim, &continues);
  if (!st) st = start(&t, continues);
  if (st) goto out;
  if (options->dry_run && (st = vg_trainer_say_cost(&t))) goto out;
  vg_trainer_say_plan(&t);
  if (options->dry_run) goto out;
  if ((st = vg_trainer_open_loader(&t))) goto out;
  if ((st = write_folder(&t, continues))) goto out;
  st = train_loop(&t);
  if (!st && vg_trainer_writes(&t)) st = vg_run_card_write(options->out);
  if (!st)
    vg_info("trained %lld %s in %s; the model is %s/model.safetensors", (long long)t.state.step,
            vg_plural(t.state.step, "step", "steps"), vg_duration(t.state.seconds, took), options->out);
  if (!st && vg_trainer_writes(&t)) st = say_next(options);
out:;
  const bool writes = vg_trainer_writes(&t);
  st = vg_train_part(t.group, t.stopping && st == VG_INTERRUPTED, st);
  t.group = NULL; /* it is gone */
  vg_trainer_close_loader(&t);
  vg_gan_free(t.gan);
  vg_run_data_release(&t.data);
  vg_gan_transfer_release(&t.taken);
  vg_free(t.init);
  vg_train_log_release(&t.log);
  if (writes) leave_folder(&t, continues, st);
  return st;
}
