// parallel.hpp: what the convolutions on the CPU share: buffers, work that threads take in pieces, and the
// arithmetic of tiles.
#ifndef VG_TENSOR_PARALLEL_HPP
#define VG_TENSOR_PARALLEL_HPP
#include "tensor/conv/conv.hpp"
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>

namespace voxgan {

struct Range {
  int64_t from, to;
};

namespace {

constexpr int64_t SMALL = 1 << 15; // fewer floats are not worth waking the other threads

struct FreeBlock {
  void operator()(float *p) const { std::free(p); }
};

class Buffer {
public:
  // n elements of a type no larger than float
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

// Threads take the next piece when they are free, since the machine may have other work too.
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

// The positions, of the m from `at` on and counted from there, whose voxel at this tap of axis a lies inside
// the source; the others see zeros.
inline Range positions_inside(const ConvShape &s, int a, int64_t tap, int64_t at, int64_t m) {
  const int64_t source = at * s.stride[a] - s.pad[a] + tap; // of the first
  const int64_t to = std::min({m, s.out[a] - at, ceil_div(s.in[a] - source, s.stride[a])}),
                from = std::max<int64_t>(0, ceil_div(-source, s.stride[a]));
  return {from, std::max(from, to)};
}

} // namespace
} // namespace voxgan
#endif
