// conv_choice.cpp: which algorithm computes a convolution on the CPU; see conv.hpp.
#include "tensor/conv/conv.hpp"
#include "tensor/conv/direct/direct_plan.hpp"
#include "tensor/conv/im2col.hpp"
#include "tensor/conv/one_channel.hpp"
#include "tensor/conv/gradient/weight_gradient.hpp"

namespace voxgan {

bool conv_cpu_takes(const ConvShape &s) {
  for (int a = 0; a < 3; a++) {
    if (s.stride[a] < 1 || s.stride[a] > 2 || s.kernel[a] > 4 || s.in[a] < 1 || s.out[a] < 1) return false;
    if (a && s.kernel[a] == 2) return false;
  }
  return true;
}

bool conv_cpu_takes_half() {
  return half_kernels_here() != nullptr;
}

void conv_cpu_forward(const ConvShape &s, const Planes &x, const float *w, const float *b, const Planes &y,
                      int threads) {
  if (im2col_takes(s, x.half)) return im2col_forward(s, x, w, b, y, threads);
  const bool tiles = x.half && tile_kernels_here(); // a tile's rows are positions: one channel fills them too
  if (!tiles && one_channel_takes(s, x)) return one_channel_forward(s, x, w, b, y, threads);
  LanePlan p = plan_forward(s, y);
  (tiles ? direct_amx : direct_simd)(p, x, w, b, y, threads);
}

void conv_cpu_backward_data(const ConvShape &s, const Planes &dy, const float *w, const float *b,
                            const Planes &dx, int threads) {
  if (im2col_takes(s, dy.half)) return im2col_backward_data(s, dy, w, b, dx, threads);
  LanePlan p = plan_backward_data(s, dx);
  (dy.half && tile_kernels_here() ? direct_amx : direct_simd)(p, dy, w, b, dx, threads);
}

void conv_cpu_backward_weight(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads) {
  if (im2col_takes(s, x.half)) return im2col_backward_weight(s, x, dy, dw, threads);
  if (one_channel_takes(s, x)) return one_channel_backward_weight(s, x, dy, dw, threads);
  (x.half && tile_kernels_here() ? weight_gradient_amx : weight_gradient_simd)(s, x, dy, dw, threads);
}

} // namespace voxgan
