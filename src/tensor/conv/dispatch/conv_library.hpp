// conv_library.hpp: convolutions by ATen (cuDNN on a GPU), for GPUs and for what conv.hpp does not take. They
// have all derivatives.
#ifndef VG_TENSOR_CONV_LIBRARY_HPP
#define VG_TENSOR_CONV_LIBRARY_HPP
#include "tensor/conv/conv.hpp"
#include "tensor/shim.hpp"

namespace voxgan {

// conv3d of x by w (k, c, kd, kh, kw); or (up) the transposed convolution whose adjoint is s: from s.out to
// s.in, with the same w. All operands have one type; bias may be undefined.
Tensor conv_by_library(const Tensor &x, const Tensor &w, const Tensor &bias, const ConvShape &s, bool up);

} // namespace voxgan
#endif
