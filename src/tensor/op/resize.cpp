// resize.cpp: resizing of class fractions, and resizing as part of a convolution.
#include "tensor/shim.hpp"

using namespace voxgan;

// Along an axis output 2i lies between the inputs i - 1 and i, output 2i + 1 between i and i + 1. With the
// taps (a, b, c) over the resized input, output 2i is a x[i - 1] + (b + c) x[i], and output 2i + 1 is (a + b)
// x[i] + c x[i + 1]. vg_upconv3d's output 2i is w[3] x[i - 1] + w[1] x[i], the other one w[2] x[i] + w[0] x[i
// + 1].
static Tensor taps_of(const Tensor &w, int64_t axis, bool doubles) {
  if (!doubles) return w.size(axis) == 1 ? w : at::flip(w, {axis});
  const Tensor a = w.narrow(axis, 0, 1), b = w.narrow(axis, 1, 1), c = w.narrow(axis, 2, 1);
  return at::cat({c, at::add(b, c), at::add(a, b), a}, axis);
}

vg_tensor *vg_resize_weight(vg_tensor *w, const int stride[3]) {
  return op("resize_weight", {w}, [&] {
    TORCH_CHECK(w->t.dim() == 5, "the weight must have 5 dims");
    Tensor t = w->t.permute({1, 0, 2, 3, 4});
    for (int i = 0; i < 3; i++) {
      const bool doubles = stride[i] == 2;
      TORCH_CHECK(t.size(i + 2) == 3 || (!doubles && t.size(i + 2) == 1), "axis ", i, ": stride ", stride[i],
                  ", kernel ", t.size(i + 2));
      t = taps_of(t, i + 2, doubles);
    }
    return placed(t);
  });
}
