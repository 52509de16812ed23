// cuda.hpp: our own kernels on a GPU, for the operations between convolutions (kernels.cu).
//
// Volumes on a GPU are channels-last (at::MemoryFormat::ChannelsLast3d), as cuDNN's convolutions need them,
// and every function here returns them so.
//
// If libtorch came without CUDA's headers (VG_CUDA 0), or this machine has no NVRTC to compile kernels with,
// cuda_takes() is false and ATen computes everything.
#ifndef VG_TENSOR_CUDA_HPP
#define VG_TENSOR_CUDA_HPP
#include "tensor/shim.hpp"
#include <array>

namespace voxgan {

// Whether our own kernels can be compiled.
bool cuda_ready();
// Whether our own kernels take t: floats or bf16, on a GPU, with own_kernels on.
bool cuda_takes(const Tensor &t);

// leaky_relu(instance_norm(x), slope); has one derivative.
Tensor cuda_norm_act(const Tensor &x, double eps, double slope);
// Has one derivative.
Tensor cuda_dropout(const Tensor &x, double p, vg_rand *g);
// Overwrites `to`, which is channels-last, by floats (N, C, D, H, W) in plain order.
void cuda_load(const Tensor &to, const Tensor &from);

// A volume (N, C, D, H, W) and its blocks (N, fd fh fw C, Bd, Bh, Bw): voxel p of block b is voxel
// f b + p - offset of the volume, along each axis; outside it is 0.
struct BlockShape {
  std::array<int64_t, 3> dim, blocks, factor, offset; // D, H, W
};
// The two are each other's adjoint; conv_library.cpp differentiates them.
Tensor cuda_blocks_gather(const Tensor &volume, const BlockShape &s);
Tensor cuda_blocks_scatter(const Tensor &blocks, const BlockShape &s);

} // namespace voxgan
#endif
