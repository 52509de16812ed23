// patch.hpp: what both files of the direct convolution use: buffers, threads, padded patches.
#ifndef VG_TENSOR_PATCH_HPP
#define VG_TENSOR_PATCH_HPP
#include "tensor/conv/conv.hpp"
#include "tensor/conv/kernel/conv_kernels.hpp"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <vector>

namespace voxgan {

// conv_cpu_backward_weight in bf16 as tiles, where tile_kernels_here().
void weight_gradient_tiles(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads);

struct Range {
  int64_t from, to;
};

namespace {

constexpr int64_t SMALL = 1 << 15; // floats that are not worth waking the other threads for

struct FreeBlock {
  void operator()(float *p) const { std::free(p); }
};

class Buffer {
public:
  // n elements of a type no wider than float
  template <class T> T *take(int64_t n) {
    return reinterpret_cast<T *>(take_floats((n * static_cast<int64_t>(sizeof(T)) + 3) / 4));
  }
  float *take(int64_t floats) { return take_floats(floats); }

private:
  float *take_floats(int64_t floats) {
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

inline int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
inline int64_t volume_of(const int64_t d[3]) {
  return d[0] * d[1] * d[2];
}

// Which of the m positions from `at` on, counted from there, see a voxel inside the source at a tap of axis
// a; the others see zeros.
inline Range positions_inside(const ConvShape &s, int a, int64_t tap, int64_t at, int64_t m) {
  const int64_t source = at * s.stride[a] - s.pad[a] + tap; // of the first
  const int64_t to = std::min({m, s.out[a] - at, ceil_div(s.in[a] - source, s.stride[a])}),
                from = std::max<int64_t>(0, ceil_div(-source, s.stride[a]));
  return {from, std::max(from, to)};
}

// What differs between the types of elements: PAIR of them side by side along W are one product's.
struct Full {
  typedef float element;
  static constexpr int64_t PAIR = 1;
  static LaneKernel lanes(int64_t step, int shape) { return kernels_here().lanes[step - 1][shape]; }
  static TapKernel taps(int64_t step, int h, int w) { return kernels_here().taps[step - 1][h][w]; }
  static CopyKernel copy() { return kernels_here().copy; }
  static float wide(float v) { return v; }
  static void row(const float *a, float bias, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] = a[i] + bias;
  }
  static void pairs(const float *a, const float *b, float bias, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
      out[2 * i] = a[i] + bias;
      out[2 * i + 1] = b[i] + bias;
    }
  }
  static void weights(const float *const *rows, int64_t n, float *out) {
    for (int64_t i = 0; i < n; i++) std::copy_n(rows[i], LANES, out + i * LANES);
  }
  static void part(const float *, float *, int64_t) {}
};

struct Half {
  typedef uint16_t element;
  static constexpr int64_t PAIR = 2;
  static const HalfKernels &kernels() { return *half_kernels_here(); }
  static LaneKernel lanes(int64_t step, int shape) { return kernels().lanes[step - 1][shape]; }
  static TapKernel taps(int64_t step, int h, int w) { return kernels().taps[step - 1][h][w]; }
  static HalfCopyKernel copy() { return kernels().copy; }
  static float wide(uint16_t v) {
    const uint32_t bits = static_cast<uint32_t>(v) << 16;
    float f;
    std::memcpy(&f, &bits, sizeof f);
    return f;
  }
  static void row(const float *a, float bias, uint16_t *out, int64_t n) { kernels().round(a, bias, out, n); }
  static void pairs(const float *a, const float *b, float bias, uint16_t *out, int64_t n) {
    kernels().round_pairs(a, b, bias, out, n);
  }
  static void weights(const float *const *rows, int64_t n, float *out) { kernels().weights(rows, n, out); }
  // The n elements of even index, then those of odd index.
  static void part(const uint16_t *src, uint16_t *dst, int64_t n) { kernels().part(src, dst, dst + n, n); }
};

template <class E> typename E::element *plane_of(const Planes &p, int64_t n, int64_t c, int64_t volume) {
  const int i = c < p.channels[0] ? 0 : 1;
  if (!p.part[i]) return nullptr;
  return static_cast<typename E::element *>(p.part[i]) + n * p.batch_stride[i] +
         (i ? c - p.channels[0] : c) * volume;
}

// ---- the part of a volume that a tile sees, zero outside ----

struct Patch {
  int64_t origin[3]; // source index of its first voxel
  int64_t size[3];
  int64_t row() const { return size[2]; }
  int64_t plane() const { return size[1] * size[2]; }
  int64_t channel() const { return size[0] * size[1] * size[2]; }
};

template <class E>
void patch_copy(const Patch &p, const typename E::element *src, const int64_t in[3],
                typename E::element *dst) {
  const auto copy = E::copy();
  int64_t from[3], to[3]; // what of the patch is inside
  bool inside = true;
  for (int a = 0; a < 3; a++) {
    from[a] = std::min(p.size[a], std::max<int64_t>(0, -p.origin[a]));
    to[a] = std::max(from[a], std::min(p.size[a], in[a] - p.origin[a]));
    inside = inside && from[a] == 0 && to[a] == p.size[a];
  }
  if (!inside) std::fill(dst, dst + p.channel(), typename E::element{0});
  for (int64_t d = from[0]; d < to[0]; d++) {
    const int64_t row = (d + p.origin[0]) * in[1] + from[1] + p.origin[1];
    copy(src + row * in[2] + from[2] + p.origin[2], in[2], dst + d * p.plane() + from[1] * p.row() + from[2],
         p.row(), to[2] - from[2], to[1] - from[1]);
  }
}

} // namespace
} // namespace voxgan
#endif
