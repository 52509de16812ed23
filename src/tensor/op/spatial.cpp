// spatial.cpp: operations along the axes of a grid: a low-pass, boxes.
#include "tensor/pointwise.h"
#include "tensor/shim.hpp"

using namespace voxgan;

namespace {

constexpr int64_t SMOOTH_GRAIN = 16384; // voxels for a thread

// (n, n): row i holds the weights of all voxels for voxel i. Made on the device, so that a recording holds
// it.
Tensor gaussian(int64_t n, double sigma, const Tensor &like) {
  const Tensor at = at::arange(n, like.options());
  const Tensor d = (at.unsqueeze(0) - at.unsqueeze(1)) / sigma;
  const Tensor g = at::exp(d * d * -0.5);
  return g / g.sum(1, true);
}

// 1/4 1/2 1/4 along each of the axes. The matrix is symmetric, so the gradient is the same.
struct SmoothFn : torch::autograd::Function<SmoothFn> {
  static Tensor along(const Tensor &x, int64_t axis) {
    const int64_t n = x.size(axis), behind = x.stride(axis), slab = n * behind;
    Tensor y = at::empty_like(x);
    const float *const from = x.data_ptr<float>();
    float *const to = y.data_ptr<float>();
    at::parallel_for(
        0, x.numel() / slab, std::max<int64_t>(1, SMOOTH_GRAIN / slab), [&](int64_t k, int64_t end) {
          for (; k < end; k++)
            vg_pw_smooth(from + k * slab, static_cast<size_t>(n), static_cast<size_t>(behind), to + k * slab);
        });
    return y;
  }
  static Tensor smooth(const Tensor &a, int64_t axes) {
    Tensor x = a.is_cuda() ? a : wide(a).contiguous();
    if (cpu_number(x)) {
      for (int64_t axis = 2; axis < 5; axis++)
        if (axes >> axis & 1 && x.size(axis) > 1) x = along(x, axis);
      return x.to(a.scalar_type());
    }
    // The mean of two neighbours, twice; the first time with one beyond each end, which does not count.
    int64_t two[3], one[3];
    for (int i = 0; i < 3; i++) one[i] = axes >> (i + 2) & 1, two[i] = one[i] + 1;
    return at::avg_pool3d(at::avg_pool3d(x, two, 1, one, false, false), two, 1).to(a.scalar_type());
  }
  static Tensor forward(AutogradContext *ctx, const Tensor &a, int64_t axes) {
    ctx->saved_data["layer"] = profile_layer();
    ctx->saved_data["axes"] = axes;
    return smooth(a, axes);
  }
  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    const Timed timed("smooth3d backward", 0, ctx->saved_data["layer"].toInt());
    return {smooth(grads[0], ctx->saved_data["axes"].toInt()), Tensor()};
  }
};

} // namespace

vg_tensor *vg_smooth3d(vg_tensor *a, const int stride[3]) {
  return op("smooth3d", {a}, [&] {
    int64_t axes = 0;
    for (int i = 0; i < 3; i++)
      if (stride[i] == 2) axes |= int64_t{4} << i;
    return axes ? SmoothFn::apply(a->t, axes) : a->t;
  });
}

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
