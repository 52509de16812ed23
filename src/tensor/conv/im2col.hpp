// im2col.hpp: convolutions with few positions and many weights, by a matrix product with a column for each
// position. These are the innermost layers of a U-Net, whose time is that of reading their weights from
// memory. In fp32; in bf16 on AMX.
#ifndef VG_TENSOR_IM2COL_HPP
#define VG_TENSOR_IM2COL_HPP
#include "tensor/conv/conv.hpp"

namespace voxgan {

// Whether im2col is the algorithm for this shape; half: in bf16, which needs AMX.
bool im2col_takes(const ConvShape &s, bool half);
// As conv_cpu_forward and the others.
void im2col_forward(const ConvShape &s, const Planes &x, const float *w, const float *b, const Planes &y,
                    int threads);
void im2col_backward_data(const ConvShape &s, const Planes &dy, const float *w, const float *b,
                          const Planes &dx, int threads);
void im2col_backward_weight(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads);

} // namespace voxgan
#endif
