// one_channel.hpp: convolutions of stride 1 to a single channel (a PatchGAN's logits). With output channels
// in the lanes, 15 of 16 lanes would be empty.
#ifndef VG_TENSOR_ONE_CHANNEL_HPP
#define VG_TENSOR_ONE_CHANNEL_HPP
#include "tensor/conv/conv.hpp"

namespace voxgan {

// Whether this is the algorithm for the shape, and x lies in one tensor.
bool one_channel_takes(const ConvShape &s, const Planes &x);
// As conv_cpu_forward and conv_cpu_backward_weight.
void one_channel_forward(const ConvShape &s, const Planes &x, const float *w, const float *b, const Planes &y,
                         int threads);
void one_channel_backward_weight(const ConvShape &s, const Planes &x, const Planes &dy, float *dw,
                                 int threads);

} // namespace voxgan
#endif
