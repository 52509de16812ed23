// floats.hpp: elements of a CPU tensor of floats or bf16 as floats, for loops that know floats only.
#ifndef VG_TENSOR_FLOATS_HPP
#define VG_TENSOR_FLOATS_HPP
#include "tensor/pointwise.h"
#include "tensor/shim.hpp"
#include <vector>

namespace voxgan {

// Scratch of this thread; a copy lives until the next one into the same room.
enum Room { FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH, SEVENTH, ROOMS };

inline std::vector<float> &room(Room r, int64_t n) {
  thread_local std::vector<float> rooms[ROOMS];
  if (rooms[r].size() < static_cast<size_t>(n)) rooms[r].resize(static_cast<size_t>(n));
  return rooms[r];
}

inline uint16_t *half_of(const Tensor &t, int64_t at) {
  return static_cast<uint16_t *>(t.data_ptr()) + at;
}

// n elements of t, in t's memory or copied.
inline const float *in_of(const Tensor &t, int64_t at, int64_t n, Room r) {
  if (t.scalar_type() == at::kFloat) return t.data_ptr<float>() + at;
  float *const copy = room(r, n).data();
  vg_pw_widen(half_of(t, at), static_cast<size_t>(n), copy);
  return copy;
}

// The memory to write n elements of t to; put() then stores them in t.
inline float *out_of(const Tensor &t, int64_t at, int64_t n, Room r) {
  return t.scalar_type() == at::kFloat ? t.data_ptr<float>() + at : room(r, n).data();
}

inline void put(const Tensor &t, int64_t at, int64_t n, const float *y) {
  if (t.scalar_type() != at::kFloat) vg_pw_narrow(y, static_cast<size_t>(n), half_of(t, at));
}

} // namespace voxgan
#endif
