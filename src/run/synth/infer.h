/* infer.h: a prepared case through the generator, whole or by overlapping windows. */
#ifndef VG_RUN_INFER_H
#define VG_RUN_INFER_H
#include "nn/nn.h"
#include "prep/prep.h"
#include "voxgan/run.h"

/* The draws of a volume, for networks with noise or a style (vg_gan_draw). */
typedef struct vg_volume_draw {
  double noise;       /* factor */
  vg_noise_id id;     /* of the noise; its origin is the prepared grid's */
  vg_noise_id other;  /* where mix, the noise of this id instead */
  const float *mix;   /* (D, H, W) of the prepared grid, 0 to 1; NULL: nowhere */
  const float *style; /* net.style numbers; NULL: the mean */
} vg_volume_draw;

/* out (out_channels, D, H, W) on the case's prepared grid. Series made of the case's labels: values in [-1,
 * 1], -1 outside the brain. Class fractions of the case's series: there the background is 1 and all else 0.
 * memory: bytes that may be used. AUTO takes patches where the whole would need more, and of class
 * fractions also where the case is more than 1.25 times the patch and the norm is instance: its statistics
 * are those of the extent that it sees. Windows overlap by half and are weighted by a Gaussian of sigma
 * extent / 8 (Isensee et al., nnU-Net). With net.views=all the result is the mean of those by slices across
 * each axis (of a case of one slice, by that slice), and draw is not used. VG_MEMORY when one window would
 * not fit. draw NULL: the mean image.
 */
vg_status vg_infer(vg_gan *gan, const vg_case *c, vg_window window, size_t memory, const vg_volume_draw *draw,
                   float *out);
#endif
