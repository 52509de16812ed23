// spatial.cpp: operations along the axes of a grid: a low-pass, boxes.
#include "tensor/shim.hpp"

using namespace voxgan;

namespace {

// (n, n): row i holds the weights of all voxels for voxel i. Made on the device, so that a recording holds
// it.
Tensor gaussian(int64_t n, double sigma, const Tensor &like) {
  const Tensor at = at::arange(n, like.options());
  const Tensor d = (at.unsqueeze(0) - at.unsqueeze(1)) / sigma;
  const Tensor g = at::exp(d * d * -0.5);
  return g / g.sum(1, true);
}

} // namespace

// Products with small matrices: many times faster than convolutions with a long kernel of one channel.
vg_tensor *vg_blur3d(vg_tensor *a, double sigma) {
  return op("blur3d", {a}, [&] {
    Tensor y = wide(a->t).contiguous();
    for (int64_t axis = 2; axis < 5; axis++) {
      const int64_t n = y.size(axis);
      if (n == 1) continue;
      const Tensor g = gaussian(n, sigma, y);
      // The axis becomes rows, and all voxels behind it are the columns.
      const auto shape = y.sizes().vec();
      int64_t rows = 1;
      for (int64_t k = 0; k < axis; k++) rows *= shape[static_cast<size_t>(k)];
      y = axis == 4 ? at::matmul(y, g.t()) : at::matmul(g, y.reshape({rows, n, -1})).reshape(shape);
    }
    return y;
  });
}

vg_tensor *vg_crop3d(vg_tensor *a, vg_tensor *corner, const int extent[3]) {
  return op("crop3d", {a, corner}, [&] {
    std::vector<Tensor> boxes;
    for (int64_t n = 0; n < a->t.size(0); n++) {
      Tensor box = a->t[n];
      for (int64_t axis = 0; axis < 3; axis++) {
        const Tensor steps = at::arange(extent[axis], corner->t.options());
        box = box.index_select(axis + 1, (corner->t[n][axis] + steps).to(at::kLong));
      }
      boxes.push_back(box);
    }
    return at::stack(boxes);
  });
}
