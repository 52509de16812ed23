// conv.hpp: 3-D convolution in fp32 and bf16 on the CPU, straight from and to plain (N, C, D, H, W).
//
// Which algorithm computes what (dispatch/conv_choice.cpp):
//
//   algorithm        used for                                                        file
//   im2col           few positions and many weights (a U-Net's innermost layers),    im2col.cpp
//                    all three directions; bf16 only on AMX
//   one_channel      a single output channel at stride 1 (a PatchGAN's logits):      one_channel.cpp
//                    forward (fp32, or bf16 without AMX) and weight gradient
//   direct           all other forward passes and data gradients                     direct/direct_*.cpp
//   weight_gradient  all other weight gradients gradient/weight_gradient_*.cpp library          shapes that
//   conv_cpu_takes() refuses, other types and devices:  dispatch/conv_library.cpp
//                    ATen, on a GPU cuDNN
//
// direct and weight_gradient exist twice: _simd computes on vectors, in fp32 and with AVX512-BF16 in bf16;
// _amx computes on AMX's tiles in bf16. Without AVX512-BF16 conv_autograd.cpp rounds the operands of bf16 and
// uses fp32. The innermost loops, once for each instruction set, are in kernel/.
//
// A direct convolution needs no tensor in another memory format and no column matrix. 16 output channels fill
// a vector (where there are few, the channels of several output phases do), input voxels are broadcast, and
// the padded input of a tile is copied to a buffer no larger than a second-level cache. So an input may lie
// in two tensors without being concatenated.
//
// The data gradient of a convolution is the transposed convolution, so vg_upconv3d is the same three
// functions with the roles of input and output exchanged. A stride of 2 is computed by phases: the outputs of
// one parity are an ordinary convolution over half of the kernel's taps, and no product with an inserted zero
// is formed.
//
// In bf16 one product takes two neighbours along W (taps of a weight, or positions of an output's gradient),
// which lie side by side in a patch already. Sums, weights and biases are fp32.
//
// Each output element is summed in a fixed order that follows from the shape: results do not depend on the
// number of threads.
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
  void *part[2] = {nullptr, nullptr}; // NULL: no second tensor, or an output that is not wanted
  int64_t channels[2] = {0, 0};
  int64_t batch_stride[2] = {0, 0}; // in elements; 0 repeats one sample over the batch
  bool half = false;
};

// Whether the kernels take this shape: strides 1 or 2, kernels 1, 3 or 4 along H and W.
bool conv_cpu_takes(const ConvShape &s);
// Whether this processor has products of bf16. Without them no Planes may be bf16.
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
