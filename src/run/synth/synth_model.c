/* synth_model.c: the model of a synthesis, opened and ready. */
#include "run/synth/synth_model.h"
#include "base/limit/memory_limit.h"
#include "base/whole.h"
#include "run/machine.h"

static vg_status check_direction(const vg_synth_options *o, const model_info *model) {
  const bool labels = o->study.hosts.n || o->study.plan;
  if (model_segments(model)) {
    if (labels || (!o->images.n && !o->study.opened))
      return vg_fail(VG_USAGE, "%s makes label maps of images: give it --images DIR, not --labels", o->model);
  } else {
    if (o->images.n)
      return vg_fail(VG_USAGE, "%s makes images of label maps: give it --labels DIR, not --images", o->model);
    if (o->probabilities || o->n_keep_largest || o->n_fill_holes || o->skull_strip || o->series)
      return vg_fail(VG_USAGE,
                     "%s makes images: --%s is for models that make label maps (train.direction image2label)",
                     o->model,
                     o->probabilities    ? "probabilities"
                     : o->skull_strip    ? "skull-strip"
                     : o->series         ? "series"
                     : o->n_keep_largest ? "keep-largest"
                                         : "fill-holes");
  }
  return VG_OK;
}

vg_status vg_synth_model_open(const vg_synth_options *o, synth_model *out) {
  vg_device device;
  vg_status st = vg_machine_open(o->device, o->threads, &device);
  if (!st) st = vg_model_load(o->model, device, &out->info, &out->gan);
  if (!st) st = check_direction(o, &out->info);
  /* What the pipeline itself holds is small beside a network's activations. */
  if (!st)
    out->memory = o->memory_gib > 0 ? vg_count_of(o->memory_gib * (double)(1 << 30)) : vg_memory_left();
  return st;
}

void vg_synth_model_close(synth_model *m) {
  vg_gan_free(m->gan);
  m->gan = NULL;
}
