// conv_library.hpp: convolutions by ATen, which is cuDNN on a GPU; and on the CPU where conv.hpp does not
// apply. They have all derivatives.
#ifndef VG_TENSOR_CONV_LIBRARY_HPP
#define VG_TENSOR_CONV_LIBRARY_HPP
#include "tensor/conv/conv.hpp"
#include "tensor/shim.hpp"

namespace voxgan {

// conv3d of x by w (k, c, kd, kh, kw), or (up) the transposed one whose adjoint s is: to s.in from s.out, by
// the same w. All operands are of one type; bias may be undefined.
Tensor conv_by_library(const Tensor &x, const Tensor &w, const Tensor &bias, const ConvShape &s, bool up);

} // namespace voxgan
#endif
