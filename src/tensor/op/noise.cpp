// noise.cpp: fields of normal numbers by position. Four neighbours along W share a Philox block; Box and
// Muller make two normal numbers of two words.
#include "tensor/shim.hpp"
#include "voxgan/rng.h"
#include <array>
#include <cmath>

using namespace voxgan;

namespace {

constexpr int64_t BIAS = int64_t{1} << 19; // makes positions positive: 20 bits an axis, and 4 for the level
constexpr int FIELDS = 5;                  // of an id: seed, key, origin
constexpr double TURN = 6.283185307179586476925;
constexpr float SCALE = 1.0f / 16777216; // 24 bits of a word are a float

int64_t floor_of(int64_t a, int64_t b) {
  return a / b - (a % b < 0);
}

// Normal numbers of two words in (0, 2^32).
void normals(uint32_t a, uint32_t b, float out[2]) {
  const float radius = std::sqrt(-2 * std::log((static_cast<float>(a >> 8) + 0.5f) * SCALE));
  const float angle = static_cast<float>(TURN) * (static_cast<float>(b >> 8) * SCALE);
  out[0] = radius * std::cos(angle);
  out[1] = radius * std::sin(angle);
}

void rows_of(const int64_t *id, int level, const int scale[3], const int dim[3], int64_t from, int64_t to,
             float *out) {
  int64_t lo[3];
  for (int a = 0; a < 3; a++) lo[a] = floor_of(id[2 + a], scale[a]) + BIAS;
  for (int64_t row = from; row < to; row++) {
    const uint64_t z = static_cast<uint64_t>(lo[0] + row / dim[1]),
                   y = static_cast<uint64_t>(lo[1] + row % dim[1]);
    const uint64_t high = static_cast<uint64_t>(level) << 60 | z << 40 | y << 20;
    int64_t have = -1;
    float four[4] = {};
    for (int64_t i = 0; i < dim[2]; i++) {
      const int64_t x = lo[2] + i;
      if (x >> 2 != have) {
        uint32_t words[4];
        have = x >> 2;
        vg_philox(static_cast<uint64_t>(id[0]), static_cast<uint64_t>(id[1]),
                  high | static_cast<uint64_t>(have), words);
        normals(words[0], words[1], four);
        normals(words[2], words[3], four + 2);
      }
      out[(row - from) * dim[2] + i] = four[x & 3];
    }
  }
}

Tensor by_loops(const Tensor &ids, int level, const int scale[3], const int dim[3]) {
  const int64_t n = ids.size(0), rows = int64_t{dim[0]} * dim[1];
  Tensor y = at::empty({n, 1, dim[0], dim[1], dim[2]}, at::kFloat);
  at::parallel_for(0, n * rows, std::max<int64_t>(1, 4096 / dim[2]), [&](int64_t from, int64_t to) {
    while (from < to) {
      const int64_t sample = from / rows, end = std::min(to, (sample + 1) * rows);
      rows_of(ids.data_ptr<int64_t>() + sample * FIELDS, level, scale, dim, from - sample * rows,
              end - sample * rows, y.data_ptr<float>() + from * dim[2]);
      from = end;
    }
  });
  return y;
}

// The same by integer operations of ATen, for a GPU: nothing waits for it, so a step can be recorded.
constexpr int64_t WORD = 0xffffffff;

Tensor low(const Tensor &t) {
  return at::bitwise_and(t, WORD);
}

Tensor high(const Tensor &t) {
  return low(at::bitwise_right_shift(t, 32));
}

// Philox4x32-10, see base/rng.c; one element a block.
std::array<Tensor, 4> philox(const Tensor &seed, const Tensor &key, const Tensor &counter) {
  Tensor k0 = low(seed), k1 = high(seed), c0 = low(counter), c1 = high(counter), c2 = low(key),
         c3 = high(key);
  for (int round = 0; round < 10; round++) {
    const Tensor p0 = at::mul(c0, int64_t{0xD2511F53}), p1 = at::mul(c2, int64_t{0xCD9E8D57});
    c0 = at::bitwise_xor(at::bitwise_xor(high(p1), c1), k0);
    c2 = at::bitwise_xor(at::bitwise_xor(high(p0), c3), k1);
    c1 = low(p1);
    c3 = low(p0);
    k0 = low(at::add(k0, int64_t{0x9E3779B9}));
    k1 = low(at::add(k1, int64_t{0xBB67AE85}));
  }
  return {c0, c1, c2, c3};
}

Tensor by_library(const Tensor &ids, int level, const int scale[3], const int dim[3]) {
  const int64_t n = ids.size(0);
  const auto field = [&](int i) { return ids.narrow(1, i, 1).reshape({n, 1, 1, 1}); };
  Tensor at_axis[3];
  for (int a = 0; a < 3; a++) {
    std::vector<int64_t> shape = {1, 1, 1, 1};
    shape[static_cast<size_t>(a) + 1] = dim[a];
    const Tensor lo = at::add(at::div(field(2 + a), int64_t{scale[a]}, "floor"), BIAS);
    at_axis[a] = at::add(lo, at::arange(int64_t{dim[a]}, ids.options()).reshape(shape));
  }
  const Tensor block = at::bitwise_right_shift(at_axis[2], 2);
  Tensor counter =
      at::add(at::add(at::bitwise_left_shift(at_axis[0], 40), at::bitwise_left_shift(at_axis[1], 20)), block);
  counter = at::bitwise_or(counter, static_cast<int64_t>(static_cast<uint64_t>(level) << 60));
  const std::array<Tensor, 4> words = philox(field(0), field(1), counter);
  Tensor number[4];
  for (size_t pair = 0; pair < 4; pair += 2) {
    const Tensor u = at::mul(at::add(at::bitwise_right_shift(words[pair], 8).to(at::kFloat), 0.5), SCALE);
    const Tensor radius = at::sqrt(at::mul(at::log(u), -2));
    const Tensor angle = at::mul(at::bitwise_right_shift(words[pair + 1], 8).to(at::kFloat), TURN * SCALE);
    number[pair] = at::mul(radius, at::cos(angle));
    number[pair + 1] = at::mul(radius, at::sin(angle));
  }
  const Tensor which = at::bitwise_and(at_axis[2], 3);
  Tensor y = number[0];
  for (int64_t i = 1; i < 4; i++) y = at::where(at::eq(which, i), number[i], y);
  return placed(y.reshape({n, 1, dim[0], dim[1], dim[2]}));
}

} // namespace

vg_tensor *vg_noise_ids(int n, vg_device d) {
  return op("noise ids", {}, [&] {
    return at::zeros({n, FIELDS}, at::device(device_of(d)).dtype(at::kLong));
  });
}

void vg_noise_ids_set(vg_tensor *ids, const vg_noise_id *list) {
  guarded("noise ids", [&] {
    TORCH_CHECK(ids && list, "operand is NULL");
    at::NoGradGuard off;
    Tensor host = at::empty(ids->t.sizes(), at::kLong);
    for (int64_t i = 0; i < host.size(0); i++) {
      int64_t *const p = host.data_ptr<int64_t>() + i * FIELDS;
      p[0] = static_cast<int64_t>(list[i].seed);
      p[1] = static_cast<int64_t>(list[i].key);
      for (int a = 0; a < 3; a++) p[2 + a] = list[i].origin[a];
    }
    ids->t.copy_(ids->t.is_cuda() ? host.pin_memory() : host, /*non_blocking=*/true);
  });
}

vg_tensor *vg_noise_field(vg_tensor *ids, int level, const int scale[3], const int dim[3]) {
  return op("noise", {ids}, [&] {
    at::NoGradGuard off;
    TORCH_CHECK(level >= 0 && level < 16, "level ", level);
    for (int a = 0; a < 3; a++)
      TORCH_CHECK(scale[a] > 0 && dim[a] > 0, "axis ", a, ": ", dim[a], " by ", scale[a]);
    return own_kernels && !ids->t.is_cuda() ? by_loops(ids->t, level, scale, dim)
                                            : by_library(ids->t, level, scale, dim);
  });
}
