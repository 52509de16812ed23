/* png.h: 8-bit RGB pictures, made pixel by pixel, labelled with a small font and written as PNG. */
#ifndef VOXGAN_PNG_H
#define VOXGAN_PNG_H
#include <stdint.h>
#include "voxgan/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_picture {
  int width, height;
  uint8_t *rgb; /* (height, width, 3), top row first */
} vg_picture;

vg_status vg_picture_new(int width, int height, vg_picture *out); /* black */
void vg_picture_release(vg_picture *p);
/* Draws a plane of values, from black at lo to white at hi. Element (u, v) is plane[v * stride_v + u *
 * stride_u]; v grows upwards in the picture, like y and z in the world. Each value fills zoom x zoom pixels.
 */
void vg_picture_grey(vg_picture *p, int left, int top, const float *plane, int nu, int nv, ptrdiff_t stride_u,
                     ptrdiff_t stride_v, float lo, float hi, int zoom);
/* Draws class indices: 0 in black, 1 in the first of the colours, of 3 bytes each. */
void vg_picture_classes(vg_picture *p, int left, int top, const uint8_t *plane, int nu, int nv,
                        ptrdiff_t stride_u, ptrdiff_t stride_v, int zoom, const uint8_t *colours);
/* Draws a square of 7x7 pixels, as legends have it. */
void vg_picture_swatch(vg_picture *p, int left, int top, const uint8_t rgb[3]);
/* Draws white ASCII text, 6x8 pixels a letter. */
void vg_picture_text(vg_picture *p, int left, int top, const char *text);
/* Makes the bytes of a PNG file (vg_free), with one byte a pixel if the picture is grey or has at most 256
 * colours. */
vg_status vg_picture_png(const vg_picture *p, void **bytes, size_t *len);
vg_status vg_picture_write(const char *path, const vg_picture *p);

#ifdef __cplusplus
}
#endif
#endif
