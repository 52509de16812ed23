// adam.cpp: the Adam optimiser, in place over all parameters.
#include "shim.hpp"
#include <cmath>

using namespace voxgan;

vg_status vg_adam_step(vg_tensor *const *params, vg_tensor *const *exp_avg, vg_tensor *const *exp_avg_sq,
                       int n, double lr, double beta1, double beta2, double eps, double weight_decay,
                       int64_t t) {
  if (t < 1) return vg_fail(VG_FAILED, "adam: step %lld, counts from 1", static_cast<long long>(t));
  const double c1 = 1 - std::pow(beta1, static_cast<double>(t)),
               c2 = 1 - std::pow(beta2, static_cast<double>(t));
  const bool ok = guarded("adam", [&] {
    at::NoGradGuard off;
    for (int i = 0; i < n; i++) {
      TORCH_CHECK(params[i] && exp_avg[i] && exp_avg_sq[i], "parameter ", i, " is NULL");
      Tensor &p = params[i]->t;
      Tensor g = p.grad();
      if (!g.defined()) continue;
      if (weight_decay != 0) g = at::add(g, p, weight_decay);
      exp_avg[i]->t.mul_(beta1).add_(g, 1 - beta1);
      exp_avg_sq[i]->t.mul_(beta2).addcmul_(g, g, 1 - beta2);
      const Tensor denom = at::sqrt(exp_avg_sq[i]->t).div_(std::sqrt(c2)).add_(eps);
      p.addcdiv_(exp_avg[i]->t, denom, -lr / c1);
    }
  });
  return ok ? VG_OK : vg_tensor_check();
}
