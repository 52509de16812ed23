/* contrast.h: random intensities for each contrast and its parts. */
#ifndef VG_RANDOMISE_CONTRAST_H
#define VG_RANDOMISE_CONTRAST_H
#include <stddef.h>
#include "prep/randomise/randomise.h"
#include "voxgan/rng.h"

#define VG_CONTRAST_CLUSTERS_MAX 3

/* By part * (VG_KINDS_MAX + 1) + kind. */
typedef struct vg_contrast {
  float mean[VG_CONTRAST_CLUSTERS_MAX * (VG_KINDS_MAX + 1)],
      sd[VG_CONTRAST_CLUSTERS_MAX * (VG_KINDS_MAX + 1)];
} vg_contrast;

/* Kinds of one contrast get the same intensities; those of lesions (vg_kinds) are alike among themselves,
 * have no parts, and keep a distance from all classes. The other contrasts of one class get similar ones,
 * which rise in the order of the classes with probability how->sorted. The background's is 0 in half of the
 * draws, and dark otherwise. */
void vg_contrast_draw(const vg_randomise *how, const vg_kinds *kinds, vg_rng *r, vg_contrast *out);
/* How the tumours that edits made look inside, beside the mean of each of their kinds: all alike (flat), with
 * a rim of another mean, or mottled by smooth noise. */
typedef struct vg_texture {
  double rim_mm, mottle; /* at most one is above 0 */
  float rim;             /* mean of the rim */
} vg_texture;
void vg_texture_draw(const vg_randomise *how, const vg_contrast *c, const vg_kinds *kinds, vg_rng *r,
                     vg_texture *out);
/* Sets the rim's voxels, those of a lesion that lie up to rim_mm inside its border, to its mean, and keeps
 * what deviates from the mean of their kind. shape, work: floats, as many as voxels. */
void vg_texture_rim(const vg_texture *t, const vg_contrast *c, const vg_kinds *table, const uint8_t *kinds,
                    const int dim[3], const double mm[3], float *shape, float *work, float *v);
/* Adds noise in the lesions. noise: of standard deviation t->mottle. */
void vg_texture_mottle(const vg_kinds *table, const uint8_t *kinds, const float *noise, float *v, size_t n);
/* The intensity of each voxel: its mean, plus its standard deviation times z. part: a field of standard
 * deviation 1, whose lower, middle and upper third are the parts. */
void vg_contrast_paint(const vg_contrast *c, const uint8_t *kinds, const float *part, const float *z,
                       float *out, size_t n);

#endif
