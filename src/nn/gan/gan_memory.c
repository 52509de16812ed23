/* gan_memory.c: estimates of the memory that a GAN needs. */
#include "nn/gan/gan.h"
#include "base/mem.h"
#include "base/whole.h"

/* Copies of a network's parameters that a step holds: value, gradient and two moments. For the discriminator
 * also the values that a failed step restores. */
#define G_COPIES 4
#define D_COPIES 7

/* What a checkpoint copies of a network: values and both moments. */
#define SAVED_COPIES 3

/* Memory of a step with the gradient penalty, relative to one without: ATen computes second derivatives. */
#define R1_SHARE 2.5

/* derived: floats of the weights that a pass makes of the network's; may be NULL. */
static double generator_floats(const vg_gan_spec *spec, double *derived) {
  vg_params p = {.prefix = "g.", .counting = true};
  vg_free(vg_generator_find(spec->generator)->build(spec, &p));
  if (derived) *derived = p.derived;
  return p.floats;
}

static double discriminator_floats(const vg_gan_spec *spec) {
  vg_params p = {.prefix = "d.", .counting = true};
  vg_scales d = {0}, local = {0};
  vg_gan_build_discriminators(spec, &p, &d, &local);
  vg_scales_release(&d);
  vg_scales_release(&local);
  return p.floats;
}

vg_status vg_gan_check_file(const vg_gan_spec *spec, int which, bool spectral, const char *name,
                            const vg_st_file *file) {
  vg_status st = vg_gan_check_spec(spec, which & VG_GAN_DISCRIMINATOR);
  if (!st && which & VG_GAN_GENERATOR) {
    vg_params p = {.prefix = "g.", .counting = true, .in_file = file, .file_name = name};
    vg_free(vg_generator_find(spec->generator)->build(spec, &p));
    st = p.status;
  }
  if (!st && which & VG_GAN_DISCRIMINATOR && vg_gan_has_discriminator(spec)) {
    vg_params p = {
        .prefix = "d.", .spectral = spectral, .counting = true, .in_file = file, .file_name = name};
    vg_scales d = {0}, local = {0};
    st = vg_gan_build_discriminators(spec, &p, &d, &local);
    vg_scales_release(&d);
    vg_scales_release(&local);
    if (!st) st = p.status;
  }
  return st;
}

size_t vg_gan_generate_bytes(const vg_gan_spec *spec, const int dim[3]) {
  const vg_generator *g = vg_generator_find(spec->generator);
  return g ? vg_count_of(g->floats(spec, dim, VG_USE_GENERATING) * sizeof(float)) : 0;
}

size_t vg_gan_save_bytes(const vg_gan_spec *spec, const vg_gan_objective *o) {
  if (vg_gan_check_spec(spec, true)) return 0;
  double whole = generator_floats(spec, NULL) * (G_COPIES + SAVED_COPIES + 2 * (o->ema > 0));
  if (vg_gan_has_discriminator(spec)) whole += discriminator_floats(spec) * (D_COPIES + SAVED_COPIES);
  return (size_t)(whole * sizeof(float));
}

/* The discriminators hold so many floats a sample, with the boxes' copies. */
static double judging_floats(const vg_gan_spec *spec, const int dim[3]) {
  double held = vg_scales_floats(spec, dim);
  if (vg_gan_has_local(spec)) {
    vg_gan_spec local;
    vg_gan_local_spec(spec, &local);
    held += vg_scales_floats(&local, local.patch) +
            vg_voxels(local.patch) * (spec->in_channels + 2 * spec->out_channels);
  }
  return held;
}

size_t vg_gan_step_bytes(const vg_gan_spec *spec, const vg_gan_objective *o, int n, const int dim[3]) {
  if (vg_gan_check_spec(spec, true)) return 0;
  const vg_generator *g = vg_generator_find(spec->generator);
  double sample = vg_voxels(dim) * (spec->in_channels + spec->out_channels + 1) +
                  g->floats(spec, dim, o->recompute ? VG_USE_RECOMPUTING : VG_USE_TRAINING);
  double derived, whole = generator_floats(spec, &derived) * (G_COPIES + (o->ema > 0));
  whole += 2 * derived; /* with their gradients */
  if (vg_gan_has_discriminator(spec)) {
    sample += judging_floats(spec, dim) * (o->w_r1 > 0 ? R1_SHARE : 1);
    whole += discriminator_floats(spec) * D_COPIES;
  }
  return vg_count_of((whole + sample * n) * sizeof(float));
}
