// patch.hpp: the part of a volume that a tile of a convolution sees, copied with zeros around it.
#ifndef VG_TENSOR_PATCH_HPP
#define VG_TENSOR_PATCH_HPP
#include "tensor/conv/elements.hpp"
#include "tensor/conv/parallel.hpp"

namespace voxgan {
namespace {

// A thread's patch: its size follows from the caches, so it may stay.
thread_local Buffer thread_patch;

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
  int64_t from[3], to[3]; // the part of the patch inside the volume
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
