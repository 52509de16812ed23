/* modulate.h: the CPU loops of a norm whose gain and bias follow the classes of each voxel (see vg_modulate).
 *
 *     y = act((x - mean) rstd (1 + gain) + shift + strength noise)
 *
 * gain, shift and strength of a channel are sums over the classes of weight times fraction, and a bias. They
 * are never stored: both passes compute them for a chunk of voxels, whose fractions then lie in a cache. */
#ifndef VG_TENSOR_MODULATE_H
#define VG_TENSOR_MODULATE_H
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VG_MODULATE_CHUNK 1024

/* At most VG_MODULATE_CHUNK neighbouring voxels of a sample. */
typedef struct vg_md_chunk {
  size_t n;
  int classes;                  /* that occur here */
  const float *const *fraction; /* theirs, n each */
  const int *column;            /* and where their weights are */
  const float *noise;           /* NULL: none, and no strength */
} vg_md_chunk;

/* One channel. row: the weights of gain, shift and strength by class; NULL: 0. map: gain and shift of each
 * voxel, which are added; NULL: 0. */
typedef struct vg_md_channel {
  float mean, rstd, slope;
  const float *row[3], *map[2];
  float bias[3];
} vg_md_channel;

/* What a chunk adds to the sums that gradients need. */
typedef struct vg_md_sums {
  float dh, dh_h;     /* of the normalised input, and times it */
  float bias[3];      /* of gain, shift, strength */
  float *by_class[3]; /* the same times each fraction of the chunk, in its order */
} vg_md_sums;

void vg_md_forward(const vg_md_chunk *q, const vg_md_channel *c, const float *x, float *y);
/* dh: the gradient of the normalised input, n. dmap: of the maps, n each; NULL: not wanted. */
void vg_md_backward(const vg_md_chunk *q, const vg_md_channel *c, const float *x, const float *dy, float *dh,
                    float *const dmap[2], vg_md_sums *sums);
/* dx = rstd (dh - dh_mean - h dh_h_mean), h = (x - mean) rstd. */
void vg_md_norm_backward(const float *dh, const float *x, size_t n, float mean, float rstd, float dh_mean,
                         float dh_h_mean, float *dx);

#ifdef __cplusplus
}
#endif
#endif
