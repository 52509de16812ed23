/* scales.c: a discriminator at several resolutions. */
#include "nn/network/scales.h"
#include <stdio.h>
#include <string.h>
#include "base/mem.h"

/* What the network of each scale is built for, and the strides between them. */
static void plan(const vg_gan_spec *spec, vg_gan_spec at[VG_SCALES_MAX], int stride[VG_SCALES_MAX][3]) {
  at[0] = *spec;
  for (int a = 0; a < 3; a++) stride[0][a] = 1;
  for (int k = 1; k < spec->d_scales; k++) {
    at[k] = at[k - 1];
    for (int a = 0; a < 3; a++) {
      stride[k][a] = at[k].patch[a] >= 8 ? 2 : 1;
      at[k].patch[a] = (at[k].patch[a] + stride[k][a] - 1) / stride[k][a];
    }
  }
}

vg_status vg_scales_check(const vg_gan_spec *spec) {
  const vg_discriminator *d = vg_discriminator_find(spec->discriminator);
  vg_status st = d->check ? d->check(spec) : VG_OK;
  if (st) return st;
  int least[3];
  vg_scales_min_dim(spec, least);
  for (int a = 0; a < 3; a++)
    if (spec->patch[a] < least[a])
      return vg_fail(VG_CONFIG,
                     "patch %dx%dx%d is too small for d_layers %d and d_scales %d, which need %dx%dx%d",
                     spec->patch[0], spec->patch[1], spec->patch[2], spec->d_layers, spec->d_scales, least[0],
                     least[1], least[2]);
  return VG_OK;
}

vg_status vg_scales_build(const vg_gan_spec *spec, vg_params *p, vg_scales *out) {
  vg_gan_spec at[VG_SCALES_MAX];
  *out = (vg_scales){.kind = vg_discriminator_find(spec->discriminator), .n = spec->d_scales};
  plan(spec, at, out->stride);
  const size_t outer = strlen(p->within);
  for (int k = 0; k < out->n && !p->status; k++) {
    if (k) snprintf(p->within + outer, sizeof p->within - outer, "scale.%d.", k);
    if (!(out->net[k] = out->kind->build(&at[k], p))) return VG_MEMORY;
  }
  p->within[outer] = '\0';
  return p->status;
}

void vg_scales_release(vg_scales *s) {
  for (int k = 0; k < s->n; k++) vg_free(s->net[k]);
  *s = (vg_scales){0};
}

vg_pyramid vg_scales_see(const vg_scales *s, vg_tensor *x) {
  vg_pyramid p = {{x}};
  for (int k = 1; k < s->n; k++) p.at[k] = vg_halve3d(p.at[k - 1], s->stride[k]);
  return p;
}

vg_pyramid vg_scales_condition(const vg_scales *s, vg_tensor *labels) {
  vg_pyramid p = vg_scales_see(s, labels);
  for (int k = 0; k < s->n; k++) p.at[k] = s->kind->condition(s->net[k], p.at[k]);
  return p;
}

void vg_scales_judge(const vg_scales *s, const vg_pyramid *conditions, const vg_pyramid *images,
                     const vg_pass *pass, vg_verdict verdict[VG_SCALES_MAX]) {
  for (int k = 0; k < s->n; k++)
    verdict[k] = s->kind->judge(s->net[k], conditions->at[k], images->at[k], pass);
}

vg_tensor *vg_realness(const vg_scales *s, vg_tensor *logits) {
  return s->kind->realness ? s->kind->realness(logits) : logits;
}

void vg_scales_min_dim(const vg_gan_spec *spec, int dim[3]) {
  const vg_discriminator *d = vg_discriminator_find(spec->discriminator);
  vg_gan_spec at[VG_SCALES_MAX];
  int stride[VG_SCALES_MAX][3];
  plan(spec, at, stride);
  for (int a = 0; a < 3; a++) dim[a] = 1;
  for (int k = spec->d_scales - 1; k >= 0; k--) {
    int least[3];
    d->min_dim(&at[k], least);
    for (int a = 0; a < 3; a++) {
      if (least[a] > dim[a]) dim[a] = least[a];
      dim[a] = (dim[a] - 1) * stride[k][a] + 1;
    }
  }
}

double vg_scales_floats(const vg_gan_spec *spec, const int dim[3]) {
  const vg_discriminator *d = vg_discriminator_find(spec->discriminator);
  vg_gan_spec at[VG_SCALES_MAX];
  int stride[VG_SCALES_MAX][3], n[3] = {dim[0], dim[1], dim[2]};
  double held = 0;
  plan(spec, at, stride);
  for (int k = 0; k < spec->d_scales; k++) {
    for (int a = 0; a < 3; a++) n[a] = (n[a] + stride[k][a] - 1) / stride[k][a];
    if (k) held += vg_voxels(n) * (spec->in_channels + 2 * spec->out_channels);
    held += d->floats(&at[k], n);
  }
  return held;
}
