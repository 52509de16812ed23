/* pointwise.h: the CPU loops that pass once over memory: norm with activation, losses, dropout, Adam.
 * Each works on one range, on one thread, and sums in blocks whose totals are double. */
#ifndef VG_TENSOR_POINTWISE_H
#define VG_TENSOR_POINTWISE_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* bf16 (the upper halves of floats) to floats and back, rounded to nearest, ties to even. */
void vg_pw_widen(const uint16_t *x, size_t n, float *y);
void vg_pw_narrow(const float *x, size_t n, uint16_t *y);
/* y += x */
void vg_pw_add(const float *x, size_t n, float *y);

/* Mean and biased variance of n floats. */
void vg_pw_moments(const float *x, size_t n, double *mean, double *var);
/* y = act((x - mean) * rstd), act(v) = v for v > 0, slope v otherwise. */
void vg_pw_norm_act(const float *x, size_t n, float mean, float rstd, float slope, float *y);
/* dx of vg_pw_norm_act, whose rstd is scale. of: its input, with its mean and rstd; or (of_output, for slope
 * > 0) its output, with mean 0 and rstd 1. */
void vg_pw_norm_act_backward(const float *dy, const float *of, size_t n, float mean, float rstd, float slope,
                             int of_output, float scale, float *dx);

/* act(x + b); b NULL is 0. */
void vg_pw_act(const float *x, const float *b, size_t n, float slope, float *y);
/* From x or, for slope >= 0, from y: they have the same sign. sum, unless NULL, is added to. */
void vg_pw_act_backward(const float *dy, const float *y, size_t n, float slope, float *dx, float *sum);

/* Within 2e-7 of tanh, relatively too. */
void vg_pw_tanh(const float *x, size_t n, float *y);
void vg_pw_tanh_backward(const float *dy, const float *y, size_t n, float *dx);

/* sum |a - b| w; w NULL is 1. */
double vg_pw_l1(const float *a, const float *b, const float *w, size_t n);
/* d = sign(a - b) w scale */
void vg_pw_l1_backward(const float *a, const float *b, const float *w, size_t n, float scale, float *d);

/* y of n rows of so many floats: a quarter of both neighbour rows and half of the row itself. A row at an end
 * is its own neighbour. */
void vg_pw_smooth(const float *x, size_t n, size_t floats, float *y);

/* y = x times scale where element (first + i) of stream key is kept, 0 elsewhere; threshold / 2^32 is kept.
 */
void vg_pw_dropout(const float *x, size_t n, uint64_t key, uint64_t first, uint64_t threshold, float scale,
                   float *y);

typedef struct vg_pw_adam_args {
  float beta1, beta2, eps, decay; /* decay: of the weights */
  float one_minus_beta1, one_minus_beta2;
  float step, root; /* lr / (1 - beta1^t), 1 / sqrt(1 - beta2^t) */
} vg_pw_adam_args;
void vg_pw_adam(float *p, const float *g, float *m, float *v, size_t n, const vg_pw_adam_args *a);

#ifdef __cplusplus
}
#endif
#endif
