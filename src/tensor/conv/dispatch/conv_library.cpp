// conv_library.cpp: see conv_library.hpp.
//
// A convolution with stride 2, kernel 4 and padding 1 equals one with stride 1 and kernel 2 over blocks of 2
// x 2 x 2 voxels, with the voxels of a block as channels. Its adjoint makes such blocks. If one side has few
// channels, cuDNN is many times faster on blocks, because its products take at least 16 channels. These are
// the layers that read labels and images (measured on an H100, 8 -> 64 channels at 128^3 in bf16: 1.3 to 0.17
// ms forward).
#include "tensor/conv/dispatch/conv_library.hpp"
#include "tensor/cuda/cuda.hpp"

namespace voxgan {
namespace {

// The most channels of the large side for which blocks were faster. The tensors of the adjoint are larger, so
// its limit is higher.
constexpr int64_t FEW = 16, FEW_UP = 64;

// ---- a volume and its blocks ----

Tensor gather(const Tensor &volume, const BlockShape &s) {
  if (cuda_takes(volume)) return cuda_blocks_gather(volume, s);
  std::vector<int64_t> pad,
      apart = {volume.size(0), volume.size(1)},
      whole = {volume.size(0), s.factor[0] * s.factor[1] * s.factor[2] * volume.size(1)};
  for (size_t a = 3; a-- > 0;) {
    pad.push_back(s.offset[a]);
    pad.push_back(s.blocks[a] * s.factor[a] - s.offset[a] - s.dim[a]);
  }
  for (size_t a = 0; a < 3; a++) {
    apart.push_back(s.blocks[a]);
    apart.push_back(s.factor[a]);
    whole.push_back(s.blocks[a]);
  }
  const Tensor padded = at::constant_pad_nd(volume, pad, 0);
  return padded.reshape(apart).permute({0, 3, 5, 7, 1, 2, 4, 6}).reshape(whole);
}

Tensor scatter(const Tensor &blocks, const BlockShape &s) {
  if (cuda_takes(blocks)) return cuda_blocks_scatter(blocks, s);
  const int64_t c = blocks.size(1) / (s.factor[0] * s.factor[1] * s.factor[2]);
  std::vector<int64_t> apart = {blocks.size(0)}, whole = {blocks.size(0), c};
  for (int64_t f : s.factor) apart.push_back(f);
  apart.push_back(c);
  for (size_t a = 0; a < 3; a++) {
    apart.push_back(s.blocks[a]);
    whole.push_back(s.blocks[a] * s.factor[a]);
  }
  Tensor volume = blocks.reshape(apart).permute({0, 4, 5, 1, 6, 2, 7, 3}).reshape(whole);
  for (size_t a = 0; a < 3; a++) volume = volume.narrow(static_cast<int64_t>(a) + 2, s.offset[a], s.dim[a]);
  return volume.contiguous();
}

// gather and scatter, each the adjoint of the other.
struct BlocksFn : torch::autograd::Function<BlocksFn> {
  static Tensor forward(AutogradContext *ctx, const Tensor &x, const BlockShape &s, bool gathers) {
    std::vector<int64_t> list;
    for (const auto *part : {&s.dim, &s.blocks, &s.factor, &s.offset})
      list.insert(list.end(), part->begin(), part->end());
    ctx->saved_data["shape"] = list;
    ctx->saved_data["gathers"] = gathers;
    ctx->saved_data["own"] = own_kernels;
    return gathers ? gather(x, s) : scatter(x, s);
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    const SameModes same(ctx->saved_data["own"].toBool(), bf16);
    const std::vector<int64_t> list = ctx->saved_data["shape"].toIntVector();
    BlockShape s;
    size_t i = 0;
    for (auto *part : {&s.dim, &s.blocks, &s.factor, &s.offset})
      for (int64_t &v : *part) v = list[i++];
    return {apply(grads[0], s, !ctx->saved_data["gathers"].toBool()), Tensor(), Tensor()};
  }
};

// ---- the convolution over them ----

// On axes of stride 2 a block is 2 voxels wide, and half of the first block lies outside. On the others it is
// a voxel.
bool plan(const ConvShape &s, BlockShape *b) {
  bool any = false, fits = true;
  for (size_t a = 0; a < 3; a++) {
    const bool halves = s.stride[a] == 2;
    any = any || halves;
    fits = fits && (halves ? s.kernel[a] == 4 && s.pad[a] == 1 : s.stride[a] == 1);
    b->dim[a] = s.in[a];
    b->factor[a] = halves ? 2 : 1;
    b->offset[a] = halves ? 1 : 0;
    b->blocks[a] = halves ? s.out[a] + 1 : s.in[a];
  }
  return any && fits;
}

// w (A, B, kd, kh, kw) as blocks of taps: k = factor q + p along each axis gives the dimensions
// (A, B, qd, pd, qh, ph, qw, pw). They are ordered from output channels to input channels, so that the result
// is channels-last.
Tensor weights_of_blocks(const Tensor &w, const BlockShape &b, bool up) {
  std::vector<int64_t> apart = {w.size(0), w.size(1)};
  int64_t q[3], phases = 1;
  for (size_t a = 0; a < 3; a++) {
    q[a] = w.size(static_cast<int64_t>(a) + 2) / b.factor[a];
    phases *= b.factor[a];
    apart.push_back(q[a]);
    apart.push_back(b.factor[a]);
  }
  const Tensor parts = w.reshape(apart);
  // A transposed convolution has its taps in reverse order.
  const Tensor lasts =
      up ? parts.flip({2, 4, 6}).permute({3, 5, 7, 1, 2, 4, 6, 0}) : parts.permute({0, 2, 4, 6, 3, 5, 7, 1});
  const int64_t out = up ? phases * w.size(1) : w.size(0), in = up ? w.size(0) : phases * w.size(1);
  return lasts.reshape({out, q[0], q[1], q[2], in}).permute({0, 4, 1, 2, 3});
}

Tensor conv_blocks(const Tensor &x, const Tensor &w, const Tensor &bias, const ConvShape &s,
                   const BlockShape &b, bool up) {
  int64_t pad[3];
  for (size_t a = 0; a < 3; a++) pad[a] = b.factor[a] == 2 ? up : up ? s.kernel[a] - 1 - s.pad[a] : s.pad[a];
  const Tensor wb = weights_of_blocks(w, b, up);
  if (!up) return at::conv3d(BlocksFn::apply(x, b, true), wb, bias, 1, at::IntArrayRef(pad));
  const Tensor repeated = bias.defined() ? bias.repeat({b.factor[0] * b.factor[1] * b.factor[2]}) : bias;
  return BlocksFn::apply(at::conv3d(x, wb, repeated, 1, at::IntArrayRef(pad)), b, false);
}

} // namespace

Tensor conv_by_library(const Tensor &x_in, const Tensor &w_in, const Tensor &bias, const ConvShape &s,
                       bool up) {
  const Tensor x = placed(x_in), w = placed(w_in);
  BlockShape b;
  if (s.c <= (up ? FEW_UP : FEW) && plan(s, &b)) return conv_blocks(x, w, bias, s, b, up);
  const at::IntArrayRef stride(s.stride), pad(s.pad);
  if (!up) return at::conv3d(x, w, bias, stride, pad);
  int64_t output_pad[3];
  for (int a = 0; a < 3; a++)
    output_pad[a] = s.in[a] - ((s.out[a] - 1) * s.stride[a] - 2 * s.pad[a] + s.kernel[a]);
  return at::conv_transpose3d(x, w, bias, stride, pad, output_pad);
}

} // namespace voxgan
