/* gan_local.c: the discriminators of a GAN: of whole samples, and of boxes about tumours. */
#include "nn/gan/gan.h"

static bool fits(const vg_gan_spec *local) {
  int least[3];
  vg_scales_min_dim(local, least);
  return local->patch[0] >= least[0] && local->patch[1] >= least[1] && local->patch[2] >= least[2];
}

/* A box may be too small for the scales and layers of a whole patch. Then it has fewer; one layer fits any
 * box. */
void vg_gan_local_spec(const vg_gan_spec *spec, vg_gan_spec *out) {
  *out = *spec;
  snprintf(out->discriminator, sizeof out->discriminator, "patch");
  for (int a = 0; a < 3; a++) {
    out->patch[a] = spec->local[a] < spec->patch[a] ? spec->local[a] : spec->patch[a];
    out->local[a] = 0;
  }
  while (!fits(out) && (out->d_scales > 1 || out->d_layers > 1))
    if (out->d_scales > 1)
      out->d_scales--;
    else
      out->d_layers--;
}

vg_status vg_gan_check_local(const vg_gan_spec *spec) {
  if (!spec->local[0] && !spec->local[1] && !spec->local[2]) return VG_OK;
  for (int a = 0; a < 3; a++)
    if (!spec->local[a])
      return vg_fail(VG_CONFIG, "the tumour's box of %dx%dx%d voxels is empty", spec->local[0],
                     spec->local[1], spec->local[2]);
  if (vg_gan_has_discriminator(spec)) return VG_OK;
  return vg_fail(VG_CONFIG, "a discriminator of tumours needs one of whole samples");
}

vg_status vg_gan_build_discriminators(const vg_gan_spec *spec, vg_params *p, vg_scales *d, vg_scales *local) {
  vg_gan_spec of_tumours;
  vg_status st = vg_scales_build(spec, p, d);
  if (st || !vg_gan_has_local(spec)) return st;
  vg_gan_local_spec(spec, &of_tumours);
  snprintf(p->within, sizeof p->within, "local.");
  st = vg_scales_build(&of_tumours, p, local);
  p->within[0] = '\0';
  return st;
}
