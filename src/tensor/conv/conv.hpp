// conv.hpp: 3-D convolution in fp32 and bf16 on the CPU, straight from and to plain (N, C, D, H, W).
//
// All three directions are direct. 16 output channels fill a vector (or, where there are few, the
// channels of several output phases), input voxels are broadcast, and the padded input of a tile is
// copied to a buffer no larger than a second-level cache. So nothing is unrolled in memory, no tensor
// changes its layout, and an input may lie in two tensors without being concatenated.
//
// The data gradient of a convolution is the transposed convolution, so vg_upconv3d is these same three
// functions with the roles of input and output exchanged. A stride of 2 is taken by phases: each output
// of one parity is an ordinary convolution over half of the kernel's taps, and no product with an
// inserted zero is ever formed.
//
// In bf16 a product is of two neighbours along W (taps of a weight, or positions of an output's gradient),
// which lie side by side in a patch already; sums, weights and biases are fp32. Where the processor has AMX
// (direct_amx.cpp, weight_gradient_amx.cpp) products are of tiles; what few positions see is unrolled there,
// so that their weights are read as they lie (im2col.cpp).
//
// Each output element is summed in a fixed order that follows from the shape: results do not depend on the
// threads.
#ifndef VG_TENSOR_CONV_HPP
#define VG_TENSOR_CONV_HPP
#include <cstdint>

namespace voxgan {

struct ConvShape {
  int64_t n, c, k;       // batch, input channels, output channels
  int64_t in[3], out[3]; // D, H, W
  int64_t kernel[3], stride[3], pad[3];
};

// A batch of volumes whose channels lie in one or two tensors, one after the other: floats, or bf16. All of
// one call are of one type.
struct Planes {
  void *part[2] = {nullptr, nullptr}; // NULL: there is none, or (of an output) it is not wanted
  int64_t channels[2] = {0, 0};
  int64_t batch_stride[2] = {0, 0}; // in elements; 0 repeats one sample over the batch
  bool half = false;
};

// Whether the kernels take this shape: strides 1 or 2, kernels 1, 3 or 4 along H and W.
bool conv_cpu_takes(const ConvShape &s);
// Whether this processor has the products of bf16; else none of them may be handed in.
bool conv_cpu_takes_half();

// y = conv(x, w) + b. w (k, c, kd, kh, kw); b (k) or NULL.
void conv_cpu_forward(const ConvShape &s, const Planes &x, const float *w, const float *b, const Planes &y,
                      int threads);
// dx = conv_transpose(dy, w) + b. b (c) or NULL.
void conv_cpu_backward_data(const ConvShape &s, const Planes &dy, const float *w, const float *b,
                            const Planes &dx, int threads);
// dw (k, c, kd, kh, kw) from x and dy.
void conv_cpu_backward_weight(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads);
// sums (channels of part 0) over batch and volume: the gradient of a bias.
void conv_cpu_channel_sums(const Planes &y, int64_t n, int64_t volume, float *sums, int threads);

} // namespace voxgan
#endif
