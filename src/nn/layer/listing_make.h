/* listing_make.h: adds what blocks and modulated norms compute to a listing. */
#ifndef VG_NN_LISTING_MAKE_H
#define VG_NN_LISTING_MAKE_H
#include "nn/layer/listing.h"
#include "nn/layer/modulation.h"

/* (N, channels, D, H, W); any D, H, W. scale: the voxels of the volume that its voxels are wide (D, H, W);
 * NULL: it has one voxel. */
int vg_listing_input(vg_listing *f, const char *name, int channels, const int scale[3]);
int vg_listing_add(vg_listing *f, int a, int b);
int vg_listing_relu(vg_listing *f, int a);
int vg_listing_average(vg_listing *f, int a, const int stride[3]);
int vg_listing_smooth(vg_listing *f, int a, const int stride[3]);
/* vg_output's. */
int vg_listing_output(vg_listing *f, int a, bool softmax);
/* vg_block_apply_pair's, with running statistics; x1 may be VG_NO_VALUE. like: of an up block, the value
 * whose D, H, W it comes back to. */
int vg_listing_block(vg_listing *f, const vg_block *b, int x0, int x1, int like, double slope);
/* vg_block_convolve's and vg_block_batch_norm's. */
int vg_listing_convolve(vg_listing *f, const vg_block *b, int x0, int x1, int like);
int vg_listing_batch_norm(vg_listing *f, const vg_block *b, int y);
/* The input noise_LEVEL on the grid of that level; VG_NO_VALUE where m has no noise. */
int vg_listing_noise(vg_listing *f, const vg_modulation *m, int level, const int scale[3]);
/* vg_modulation_draw's, where the values of x are x; noise[i] is VG_NO_VALUE where there is none. */
void vg_listing_draw(vg_listing *f, const vg_modulation at[], const int stride[][3], int levels, int x,
                     int fractions[], int noise[]);
/* vg_modulation_apply's; noise and style may be VG_NO_VALUE. style (N, D, 1, 1, 1). */
int vg_listing_modulate(vg_listing *f, const vg_modulation *m, int y, int fractions, int noise, int style,
                        double slope);

#endif
