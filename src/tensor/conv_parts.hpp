// conv_parts.hpp: what both files of the direct convolution use: buffers, threads, padded patches.
#ifndef VG_TENSOR_CONV_PARTS_HPP
#define VG_TENSOR_CONV_PARTS_HPP
#include "conv_cpu.hpp"
#include "conv_kernels.hpp"
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>

namespace voxgan {
namespace {

constexpr int64_t SMALL = 1 << 15; // floats that are not worth waking the other threads for

struct FreeBlock {
  void operator()(float *p) const { std::free(p); }
};

class Buffer {
public:
  float *take(int64_t floats) {
    if (floats > size_) {
      data_.reset();
      size_ = 0;
      void *p = nullptr;
      if (posix_memalign(&p, 64, static_cast<size_t>(floats) * sizeof(float))) throw std::bad_alloc();
      data_.reset(static_cast<float *>(p));
      size_ = floats;
    }
    return data_.get();
  }

private:
  std::unique_ptr<float, FreeBlock> data_;
  int64_t size_ = 0;
};

// A thread's patch: its size follows from the caches, so it may stay.
thread_local Buffer thread_patch;

// Pieces are handed out as threads come free, since this machine may be doing other work.
template <class F> void parallel_items(int64_t n, int threads, const F &f) {
  std::exception_ptr failure;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads) if (threads > 1 && n > 1)
  for (int64_t i = 0; i < n; i++) {
    try {
      f(i);
    } catch (...) {
#pragma omp critical(voxgan_conv_failure)
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
int64_t volume_of(const int64_t d[3]) {
  return d[0] * d[1] * d[2];
}

float *plane_of(const Planes &p, int64_t n, int64_t c, int64_t volume) {
  const int i = c < p.channels[0] ? 0 : 1;
  if (!p.part[i]) return nullptr;
  return p.part[i] + n * p.batch_stride[i] + (i ? c - p.channels[0] : c) * volume;
}

// ---- the part of a volume that a tile sees, zero outside ----

struct Patch {
  int64_t origin[3]; // source index of its first voxel
  int64_t size[3];
  int64_t row() const { return size[2]; }
  int64_t plane() const { return size[1] * size[2]; }
  int64_t channel() const { return size[0] * size[1] * size[2]; }
};

void patch_copy(const Patch &p, const float *src, const int64_t in[3], float *dst, CopyKernel copy) {
  int64_t from[3], to[3]; // what of the patch is inside
  bool inside = true;
  for (int a = 0; a < 3; a++) {
    from[a] = std::min(p.size[a], std::max<int64_t>(0, -p.origin[a]));
    to[a] = std::max(from[a], std::min(p.size[a], in[a] - p.origin[a]));
    inside = inside && from[a] == 0 && to[a] == p.size[a];
  }
  if (!inside) std::fill(dst, dst + p.channel(), 0.f);
  for (int64_t d = from[0]; d < to[0]; d++) {
    const int64_t row = (d + p.origin[0]) * in[1] + from[1] + p.origin[1];
    copy(src + row * in[2] + from[2] + p.origin[2], in[2], dst + d * p.plane() + from[1] * p.row() + from[2],
         p.row(), to[2] - from[2], to[1] - from[1]);
  }
}

} // namespace
} // namespace voxgan
#endif
