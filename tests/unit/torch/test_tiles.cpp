// test_tiles.cpp: the CPU's convolutions against sums by hand, in fp32, on pairs of bf16 and on AMX's tiles.
// The kernels of bf16 and of tiles are software, so this test runs on any processor. And a thread's tiles are
// closed after an exception.
#include "software_kernels.hpp"
#include "tensor/conv/conv.hpp"
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <vector>
extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
}

using namespace voxgan;

namespace {

int64_t volume(const int64_t d[3]) {
  return d[0] * d[1] * d[2];
}

// n elements of a type, and the same as doubles.
struct Data {
  bool half;
  std::vector<float> full;
  std::vector<uint16_t> halves;

  Data(int64_t n, bool is_half, uint64_t seed) : half(is_half) {
    for (int64_t i = 0; i < n; i++) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      const float v = static_cast<float>(static_cast<int64_t>(seed >> 40)) / (1 << 23) - 1;
      if (half)
        halves.push_back(to_bf16(v));
      else
        full.push_back(v);
    }
  }
  void *data() { return half ? static_cast<void *>(halves.data()) : full.data(); }
  double at(int64_t i) const {
    return half ? from_bf16(halves[static_cast<size_t>(i)]) : full[static_cast<size_t>(i)];
  }
};

Planes planes(Data &d, int64_t channels, int64_t n_voxels) {
  Planes p;
  p.part[0] = d.data();
  p.channels[0] = channels;
  p.batch_stride[0] = channels * n_voxels;
  p.half = d.half;
  return p;
}

// f(voxel of the input, position of the output, tap) for all that meet.
template <class F> void each_product(const ConvShape &s, const F &f) {
  for (int64_t o = 0; o < volume(s.out); o++)
    for (int64_t t = 0; t < volume(s.kernel); t++) {
      const int64_t tap[3] = {t / (s.kernel[1] * s.kernel[2]), t / s.kernel[2] % s.kernel[1],
                              t % s.kernel[2]},
                    at[3] = {o / (s.out[1] * s.out[2]), o / s.out[2] % s.out[1], o % s.out[2]};
      int64_t voxel = 0;
      for (int a = 0; a < 3; a++) {
        const int64_t i = at[a] * s.stride[a] - s.pad[a] + tap[a];
        voxel = voxel < 0 || i < 0 || i >= s.in[a] ? -1 : voxel * s.in[a] + i;
      }
      if (voxel >= 0) f(voxel, o, t);
    }
}

struct ByHand {
  std::vector<double> y, dx, dw, y_size, dx_size, dw_size; // sizes: sums of absolute products
};

ByHand by_hand(const ConvShape &s, const Data &x, const Data &w, const Data &dy) {
  const int64_t in = volume(s.in), out = volume(s.out), taps = volume(s.kernel);
  ByHand r;
  for (auto *v : {&r.y, &r.y_size}) v->resize(static_cast<size_t>(s.n * s.k * out));
  for (auto *v : {&r.dx, &r.dx_size}) v->resize(static_cast<size_t>(s.n * s.c * in));
  for (auto *v : {&r.dw, &r.dw_size}) v->resize(static_cast<size_t>(s.k * s.c * taps));
  const auto add = [](std::vector<double> &to, std::vector<double> &size, int64_t i, double v) {
    to[static_cast<size_t>(i)] += v;
    size[static_cast<size_t>(i)] += std::fabs(v);
  };
  each_product(s, [&](int64_t voxel, int64_t o, int64_t t) {
    for (int64_t n = 0; n < s.n; n++)
      for (int64_t k = 0; k < s.k; k++)
        for (int64_t c = 0; c < s.c; c++) {
          const int64_t xi = (n * s.c + c) * in + voxel, yi = (n * s.k + k) * out + o,
                        wi = (k * s.c + c) * taps + t;
          add(r.y, r.y_size, yi, x.at(xi) * w.at(wi));
          add(r.dx, r.dx_size, xi, dy.at(yi) * w.at(wi));
          add(r.dw, r.dw_size, wi, x.at(xi) * dy.at(yi));
        }
  });
  return r;
}

// A sum of products in fp32 is exact to 2e-6 of their sizes; a result in bf16 is rounded to 8 bits.
void compare(const char *what, const Data &ours, const std::vector<double> &hand,
             const std::vector<double> &size) {
  for (size_t i = 0; i < hand.size(); i++) {
    const double v = ours.at(static_cast<int64_t>(i)),
                 allowed = 2e-6 * size[i] + (ours.half ? std::fabs(hand[i]) / 256 : 0) + 1e-30;
    if (!(std::fabs(v - hand[i]) <= allowed))
      fail_msg("%s, element %d: %g, by hand %g", what, static_cast<int>(i), v, hand[i]);
  }
}

struct Results {
  Data y, dx, dw;
};

Results computed(const ConvShape &s, Data &x, const Data &w, Data &dy, int threads) {
  const int64_t in = volume(s.in), out = volume(s.out);
  Results r = {Data(s.n * s.k * out, x.half, 7), Data(s.n * s.c * in, x.half, 8),
               Data(s.k * s.c * volume(s.kernel), false, 9)};
  conv_cpu_forward(s, planes(x, s.c, in), w.full.data(), nullptr, planes(r.y, s.k, out), threads);
  conv_cpu_backward_data(s, planes(dy, s.k, out), w.full.data(), nullptr, planes(r.dx, s.c, in), threads);
  conv_cpu_backward_weight(s, planes(x, s.c, in), planes(dy, s.k, out), r.dw.full.data(), threads);
  return r;
}

bool same_bytes(const Data &a, const Data &b) {
  return a.full.size() == b.full.size() && a.halves == b.halves &&
         (a.full.empty() || !std::memcmp(a.full.data(), b.full.data(), a.full.size() * sizeof(float)));
}

ConvShape shape(int64_t n, int64_t c, int64_t k, const int64_t (&in)[3], const int64_t (&kernel)[3],
                const int64_t (&stride)[3], const int64_t (&pad)[3]) {
  ConvShape s;
  s.n = n, s.c = c, s.k = k;
  for (int a = 0; a < 3; a++) {
    s.in[a] = in[a], s.kernel[a] = kernel[a], s.stride[a] = stride[a], s.pad[a] = pad[a];
    s.out[a] = (in[a] + 2 * pad[a] - kernel[a]) / stride[a] + 1;
  }
  return s;
}

std::vector<ConvShape> shapes() {
  return {
      shape(1, 3, 5, {9, 7, 33}, {4, 4, 4}, {2, 2, 2}, {1, 1, 1}),   // few channels: taps share a tile
      shape(2, 17, 33, {5, 6, 12}, {4, 4, 4}, {2, 2, 2}, {1, 1, 1}), // odd numbers of vectors
      shape(1, 20, 16, {4, 5, 34}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}), // a row longer than a tile's 32
      shape(1, 8, 40, {1, 12, 85}, {1, 4, 4}, {1, 2, 2}, {0, 1, 1}), // two dimensions, two tiles along W
      shape(1, 4, 2, {6, 5, 7}, {3, 1, 3}, {1, 2, 1}, {2, 0, 1}),    // a kernel of 1, padding beyond it
      shape(1, 64, 64, {4, 4, 4}, {4, 4, 4}, {2, 2, 2}, {1, 1, 1}),  // im2col
      shape(2, 18, 1, {6, 5, 9}, {4, 4, 4}, {1, 1, 1}, {1, 1, 1}),   // one output channel
      shape(1, 5, 48, {3, 8, 8}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}),   // unpaired taps along W
  };
}

void convolutions(SoftwareKernels kernels) {
  software_kernels = kernels;
  const bool half = kernels != SoftwareKernels::NONE;
  uint64_t seed = 1;
  for (const ConvShape &s : shapes()) {
    Data x(s.n * s.c * volume(s.in), half, ++seed), dy(s.n * s.k * volume(s.out), half, ++seed),
        w(s.k * s.c * volume(s.kernel), false, ++seed);
    for (float &v : w.full)
      if (half) v = from_bf16(to_bf16(v));
    const ByHand hand = by_hand(s, x, w, dy);
    const Results one = computed(s, x, w, dy, 1), three = computed(s, x, w, dy, 3);
    compare("forward", one.y, hand.y, hand.y_size);
    compare("data gradient", one.dx, hand.dx, hand.dx_size);
    compare("weight gradient", one.dw, hand.dw, hand.dw_size);
    assert_true(same_bytes(one.y, three.y) && same_bytes(one.dx, three.dx) && same_bytes(one.dw, three.dw));
  }
}

void in_fp32(void **) {
  convolutions(SoftwareKernels::NONE);
}

void on_pairs(void **) {
  convolutions(SoftwareKernels::PAIRS);
}

void on_tiles(void **) {
  tiles_opened = 0;
  convolutions(SoftwareKernels::TILES);
  assert_true(tiles_opened > 0);
}

// ---- tiles are closed ----

int opened, closed;

void guard_closes(void **) {
  TileKernels fake = {};
  fake.open = [] { opened++; };
  fake.close = [] { closed++; };
  {
    const OpenTiles open(fake);
    assert_int_equal(opened, 1);
    assert_int_equal(closed, 0);
  }
  assert_int_equal(closed, 1);
  bool caught = false;
  try {
    const OpenTiles open(fake);
    throw std::runtime_error("between open and close");
  } catch (const std::runtime_error &) {
    caught = true;
  }
  assert_true(caught);
  assert_int_equal(opened, 2);
  assert_int_equal(closed, 2);
}

// Each algorithm and direction, with a product that fails while a thread's tiles are open.
void exception_closes(void **) {
  software_kernels = SoftwareKernels::TILES;
  for (const ConvShape &s : shapes())
    for (int direction = 0; direction < 3; direction++) {
      Data x(s.n * s.c * volume(s.in), true, 1), dy(s.n * s.k * volume(s.out), true, 2),
          w(s.k * s.c * volume(s.kernel), false, 3);
      const Planes px = planes(x, s.c, volume(s.in)), py = planes(dy, s.k, volume(s.out));
      tiles_opened = tiles_closed = 0;
      throw_at = 1;
      bool caught = false;
      try {
        if (direction == 0) conv_cpu_forward(s, px, w.full.data(), nullptr, py, 2);
        if (direction == 1) conv_cpu_backward_data(s, py, w.full.data(), nullptr, px, 2);
        if (direction == 2) conv_cpu_backward_weight(s, px, py, w.full.data(), 2);
      } catch (const std::bad_alloc &) {
        caught = true;
      }
      throw_at = 0;
      // The weight gradient of one channel uses no tiles.
      assert_int_equal(caught, !(s.k == 1 && direction == 2));
      assert_int_equal(tiles_opened > 0, caught);
      assert_int_equal(tiles_opened, tiles_closed);
    }
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(in_fp32),      cmocka_unit_test(on_pairs),         cmocka_unit_test(on_tiles),
      cmocka_unit_test(guard_closes), cmocka_unit_test(exception_closes),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
