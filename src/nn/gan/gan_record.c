/* gan_record.c: training steps as CUDA graphs.
 *
 * A step launches several hundred kernels, and launching costs more than running most of them. While shapes
 * do not change and nobody waits for a step's losses, we record the step once and replay it as a whole. The
 * values that differ between steps lie in tensors that are filled before each replay: gan->fed with the keys
 * of dropout, and the learning rates and the number of the step.
 */
#include "nn/gan/gan.h"
#include "voxgan/log.h"

#define EAGER_STEPS 2 /* before one is recorded: the first chooses algorithms and compiles kernels */

static void forget(vg_recording *r) {
  vg_graph_free(r->graph);
  vg_release(r->row);
  *r = (vg_recording){0};
}

void vg_gan_forget_recordings(vg_gan *gan) {
  for (int i = 0; i < 2; i++) forget(&gan->recorded[i]);
  vg_release(gan->clock_g);
  vg_release(gan->clock_d);
  gan->clock_g = gan->clock_d = NULL;
}

static void set_clock(vg_gan *gan, vg_tensor **clock, double rate) {
  const int64_t two = 2;
  vg_scope *s = vg_scope_push();
  if (!*clock) *clock = vg_retain(vg_zeros(&two, 1, gan->device));
  vg_fill(vg_narrow(*clock, 0, 0, 1), rate);
  vg_fill(vg_narrow(*clock, 0, 1, 1), (double)gan->step + 1);
  vg_scope_pop(s, NULL);
}

/* Recording computes nothing, so there is nothing to undo. */
static bool record(vg_gan *gan, vg_recording *r) {
  const vg_gan_rates rates = {0, 0, true};
  vg_undo before = {0};
  vg_tensor *row = NULL;
  vg_scope *s = vg_scope_push();
  r->graph = vg_graph_begin(gan->device);
  vg_status st = r->graph ? vg_gan_compute(gan, r->n_batches, &rates, NULL, &before, &row) : VG_OK;
  const bool ended = vg_graph_end(r->graph);
  vg_undo_release(&before);
  r->row = vg_retain(row);
  vg_scope_pop(s, NULL);
  if (!st) st = vg_tensor_check();
  if (!st && ended) return true;
  vg_info("a step cannot be recorded for this GPU, so steps run kernel by kernel: %s", vg_error());
  vg_tensor_check(); /* clears the fault that the recording kept */
  forget(r);
  gan->eager = true;
  return false;
}

vg_status vg_gan_replay(vg_gan *gan, int n_batches, const vg_gan_rates *rates, bool *done) {
  *done = false;
  if (gan->eager || !vg_graph_possible(gan->device)) return VG_OK;
  vg_recording *r = &gan->recorded[vg_gan_r1_is_due(gan)];
  for (int i = 0; i < 2; i++) /* a recording reads and writes the tensors that it was made with */
    if (gan->recorded[i].shapes != gan->shapes) {
      forget(&gan->recorded[i]);
      gan->recorded[i].shapes = gan->shapes;
    }
  if (r->n_batches != n_batches) {
    if (r->graph) return VG_OK; /* the last step of an epoch has fewer */
    *r = (vg_recording){.n_batches = n_batches, .shapes = gan->shapes};
  }
  if (!r->graph && r->seen++ < EAGER_STEPS) return VG_OK;
  set_clock(gan, &gan->clock_g, rates->g);
  set_clock(gan, &gan->clock_d, rates->d);
  vg_status st = vg_tensor_check();
  if (st || (!r->graph && !record(gan, r))) return st;
  vg_scope *s = vg_scope_push();
  vg_graph_replay(r->graph);
  st = vg_gan_losses_defer(gan, vg_scale(r->row, 1, 0));
  vg_scope_pop(s, NULL);
  *done = true;
  return st;
}
