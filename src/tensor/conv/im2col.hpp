// im2col.hpp: convolutions of few positions by many weights: the innermost layers of a U-Net, which take as
// long as their weights take to come from memory. In fp32; in bf16 on AMX.
#ifndef VG_TENSOR_IM2COL_HPP
#define VG_TENSOR_IM2COL_HPP
#include "tensor/conv/conv.hpp"

namespace voxgan {

// Whether a shape is of that kind; half: and this processor has AMX.
bool im2col_takes(const ConvShape &s, bool half);
// As conv_cpu_forward and the others.
void im2col_forward(const ConvShape &s, const Planes &x, const float *w, const float *b, const Planes &y,
                    int threads);
void im2col_backward_data(const ConvShape &s, const Planes &dy, const float *w, const float *b,
                          const Planes &dx, int threads);
void im2col_backward_weight(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads);

} // namespace voxgan
#endif
