/* run_group.c: the processes of a training run. */
#include "run/group/run_group.h"
#include <stdio.h>
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/task/progress.h"
#include "base/text/plural.h"
#include "io/json.h"
#include "jobs/world.h"
#include "run/machine.h"
#include "voxgan/log.h"

/* Each process of a machine takes the GPU of its local rank. A batch system may show each process one GPU
 * alone. */
static vg_status choose_device(const vg_world *w, const char *setting, char *name, size_t size) {
  vg_device_wish wish;
  vg_device first, second;
  int index;
  vg_status st = vg_device_wish_parse(setting, &wish, &index);
  if (st) return st;
  snprintf(name, size, "%s", setting);
  if (wish == VG_WISH_ONE_GPU && w->local_size != 1)
    return vg_fail(VG_CONFIG,
                   "run.device is %s, but each of several processes takes a GPU of its own: set it to cuda",
                   setting);
  if (wish == VG_WISH_CPU || wish == VG_WISH_ONE_GPU) return VG_OK;
  st = vg_device_parse(setting, &first);
  if (st || !first.kind) return st;
  const bool alone = vg_device_parse("cuda:1", &second) != VG_OK;
  snprintf(name, size, "cuda:%d", alone ? 0 : w->local_rank);
  return VG_OK;
}

vg_status vg_train_meet(const vg_train_options *o, vg_device *device, vg_group **out) {
  const vg_config *c = &o->config;
  const vg_world *w = &o->world;
  const vg_group_options how = {.rank = w->rank,
                                .size = w->size,
                                .host = w->host,
                                .port = w->port,
                                .kept = w->kept,
                                .attempt = w->attempt,
                                .shared_memory = c->run.shared_memory,
                                .timeout = c->run.timeout};
  char name[sizeof c->run.device + 16];
  vg_status st = choose_device(w, c->run.device, name, sizeof name);
  if (!st) st = vg_machine_open(name, vg_world_threads(w, c->run.threads), device);
  if (st) return st;
  vg_task task;
  vg_task_begin(&task, "waiting for the other processes", NULL, 0);
  st = vg_group_join(&how, *device, out);
  vg_task_end(&task);
  return st;
}

vg_status vg_train_asked_to_stop(vg_group *g, bool *stop) {
  double asked = vg_interrupted();
  const vg_status st = vg_group_sum(g, &asked, 1);
  *stop = asked > 0;
  return st;
}

vg_status vg_train_part(vg_group *g, bool together, vg_status st) {
  if (!g || !together) return vg_group_leave(g, st);
  char *why = vg_strdup(vg_error());
  const vg_status left = vg_group_leave(g, VG_OK);
  if (!left) vg_fail(st, "%s", why ? why : vg_status_text(st));
  vg_free(why);
  return left ? left : st;
}

vg_status vg_train_compare_sessions(const char *run, int processes, int accumulate) {
  vg_json_lines lines;
  char *path = vg_fs_join(run, "sessions.jsonl");
  vg_status st = path ? vg_json_lines_read(path, &lines) : VG_MEMORY;
  vg_free(path);
  if (st) return st;
  const vg_json *last = lines.n ? lines.items[lines.n - 1] : NULL;
  const double before = last ? vg_json_number(vg_json_get(last, "processes"), 1) : processes;
  if (before != processes)
    vg_warn("the run had %.0f %s and has %d from here on: a step averages %d batches instead of %.0f, "
            "so an "
            "epoch has another number of steps (train.accumulate, train.batch and learning rates stay as "
            "they are)",
            before, vg_plural(before, "process", "processes"), processes, processes * accumulate,
            before * accumulate);
  vg_json_lines_release(&lines);
  return VG_OK;
}

void vg_train_clock_start(vg_group *g, group_clock *c) {
  *c = (group_clock){.began = vg_now(), .waited = vg_group_waited(g), .bytes = vg_group_bytes(g)};
}

vg_status vg_train_epoch_line(vg_group *g, group_clock *since, group_line *out) {
  *out = (group_line){.processes = vg_group_size(g)};
  if (!g) return VG_OK;
  double sums[2] = {vg_group_waited(g) - since->waited, vg_now() - since->began};
  if (since->steps) out->step_bytes = (vg_group_bytes(g) - since->bytes) / (double)since->steps;
  const vg_status st = vg_group_sum(g, sums, 2);
  out->wait_share = sums[1] > 0 ? sums[0] / sums[1] : 0;
  vg_train_clock_start(g, since);
  return st;
}
