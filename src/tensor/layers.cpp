// layers.cpp: normalisation, dropout and losses.
#include "shim.hpp"

using namespace voxgan;

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
