// weight_gradient.hpp: the direct convolution's gradient of the weight.
#ifndef VG_TENSOR_WEIGHT_GRADIENT_HPP
#define VG_TENSOR_WEIGHT_GRADIENT_HPP
#include "tensor/conv/conv.hpp"

namespace voxgan {

// dw (k, c, kd, kh, kw) from x (n, c, in) and dy (n, k, out), as conv_cpu_backward_weight: on vectors, in the
// type of x; or on AMX in bf16, where tile_kernels_here().
void weight_gradient_simd(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads);
void weight_gradient_amx(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads);

} // namespace voxgan
#endif
