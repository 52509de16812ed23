// layers.cpp: convolutions, normalisation, dropout and losses.
#include "shim.hpp"
#include <array>

using namespace voxgan;

namespace {

using Triple = std::array<int64_t, 3>;

Triple triple(const int v[3]) {
  return {v[0], v[1], v[2]};
}

// The transposed convolution that vg_upconv3d stands for.
struct UpGeo {
  Triple stride, pad, output_pad;
};

UpGeo up_geo(const Tensor &x, const Tensor &w, const int stride[3], const int out[3]) {
  UpGeo g;
  TORCH_CHECK(x.dim() == 5 && w.dim() == 5, "x and w must have 5 dims, have ", x.dim(), " and ", w.dim());
  TORCH_CHECK(x.size(1) == w.size(0), "x has ", x.size(1), " channels, w takes ", w.size(0));
  for (size_t a = 0; a < 3; a++) {
    const int64_t n = x.size(static_cast<int64_t>(a) + 2), k = w.size(static_cast<int64_t>(a) + 2);
    if (stride[a] == 2) {
      g.output_pad[a] = out[a] - 2 * n;
      TORCH_CHECK(k == 4 && (g.output_pad[a] == 0 || g.output_pad[a] == 1), "axis ", a,
                  ": stride 2 takes kernel 4 and ", 2 * n, " or ", 2 * n + 1, " out, got kernel ", k, " and ",
                  out[a]);
    } else {
      g.output_pad[a] = 0;
      TORCH_CHECK(stride[a] == 1 && (k == 1 || k == 3) && out[a] == n, "axis ", a,
                  ": stride 1 takes kernel 1 or 3 and keeps ", n, ", got stride ", stride[a], ", kernel ", k,
                  ", out ", out[a]);
    }
    g.stride[a] = stride[a];
    g.pad[a] = (k - 1) / 2;
  }
  return g;
}

} // namespace

vg_tensor *vg_conv3d(vg_tensor *x, vg_tensor *w, vg_tensor *b, const vg_conv_geo *geo) {
  return op("conv3d", {x, w}, [&] {
    const Triple stride = triple(geo->stride), pad = triple(geo->pad);
    return at::conv3d(x->t, w->t, maybe(b), at::IntArrayRef(stride), at::IntArrayRef(pad));
  });
}

vg_tensor *vg_conv_transpose3d(vg_tensor *x, vg_tensor *w, vg_tensor *b, const vg_conv_geo *geo,
                               const int output_pad[3]) {
  return op("conv_transpose3d", {x, w}, [&] {
    const Triple stride = triple(geo->stride), pad = triple(geo->pad), extra = triple(output_pad);
    return at::conv_transpose3d(x->t, w->t, maybe(b), stride, pad, extra);
  });
}

vg_tensor *vg_upconv3d(vg_tensor *x, vg_tensor *w, vg_tensor *b, const int stride[3], const int out[3]) {
  return op("upconv3d", {x, w}, [&] {
    const UpGeo g = up_geo(x->t, w->t, stride, out);
    return at::conv_transpose3d(x->t, w->t, maybe(b), g.stride, g.pad, g.output_pad);
  });
}

vg_tensor *vg_instance_norm(vg_tensor *x, double eps) {
  return op("instance_norm", {x},
            [&] { return at::instance_norm(x->t, {}, {}, {}, {}, true, 0.1, eps, false); });
}

vg_tensor *vg_instance_norm_act(vg_tensor *x, double eps, double slope) {
  return op("instance_norm_act", {x}, [&] {
    const Tensor y = at::instance_norm(x->t, {}, {}, {}, {}, true, 0.1, eps, false);
    return slope == 1 ? y : at::leaky_relu(y, slope);
  });
}

vg_tensor *vg_batch_norm(vg_tensor *x, vg_tensor *weight, vg_tensor *bias, vg_tensor *running_mean,
                         vg_tensor *running_var, bool training, double momentum, double eps) {
  return op("batch_norm", {x, weight, bias, running_mean, running_var}, [&] {
    return at::batch_norm(x->t, weight->t, bias->t, running_mean->t, running_var->t, training, momentum, eps,
                          false);
  });
}

vg_tensor *vg_dropout(vg_tensor *x, double p, vg_rand *g) {
  return op("dropout", {x}, [&] {
    TORCH_CHECK(g, "no generator");
    TORCH_CHECK(p >= 0 && p < 1, "probability ", p, " is outside [0, 1)");
    Tensor mask;
    {
      at::NoGradGuard off;
      mask = at::empty_like(x->t).bernoulli_(1 - p, g->gen).div_(1 - p);
    }
    return at::mul(x->t, mask);
  });
}

vg_tensor *vg_bce_with_logits(vg_tensor *logits, double target) {
  return op("bce_with_logits", {logits}, [&] {
    // max(x, 0) - x t + log(1 + exp(-|x|)), as softplus(x) - x t
    const Tensor &x = logits->t;
    return at::mean(at::sub(at::softplus(x), at::mul(x, target)));
  });
}

vg_tensor *vg_l1(vg_tensor *a, vg_tensor *b, vg_tensor *weight) {
  return op("l1", {a, b}, [&] {
    const Tensor d = at::abs(at::sub(a->t, b->t));
    return at::mean(weight ? at::mul(d, weight->t) : d);
  });
}
