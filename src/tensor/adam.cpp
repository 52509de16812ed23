// adam.cpp: the Adam optimiser, in place over all parameters at once.
#include "shim.hpp"
#include "pointwise.h"
#include <cmath>

using namespace voxgan;

namespace {

constexpr int64_t PIECE = 1 << 15;

struct Piece {
  float *p;
  const float *g;
  float *m, *v;
  size_t n;
};

bool plain(const Tensor &t) {
  return cpu_float(t) && t.is_contiguous();
}

} // namespace

vg_status vg_adam_step(vg_tensor *const *params, vg_tensor *const *exp_avg, vg_tensor *const *exp_avg_sq,
                       int n, double lr, double beta1, double beta2, double eps, double weight_decay,
                       int64_t t) {
  if (t < 1) return vg_fail(VG_FAILED, "adam: step %lld, counts from 1", static_cast<long long>(t));
  const double c1 = 1 - std::pow(beta1, static_cast<double>(t)),
               c2 = 1 - std::pow(beta2, static_cast<double>(t));
  const bool ok = guarded("adam", [&] {
    at::NoGradGuard off;
    std::vector<Piece> pieces;
    std::vector<Tensor> held; // gradients that had to be copied
    for (int i = 0; i < n; i++) {
      TORCH_CHECK(params[i] && exp_avg[i] && exp_avg_sq[i], "parameter ", i, " is NULL");
      Tensor &p = params[i]->t, &m = exp_avg[i]->t, &v = exp_avg_sq[i]->t;
      Tensor g = p.grad();
      if (!g.defined()) continue;
      TORCH_CHECK(m.sizes() == p.sizes() && v.sizes() == p.sizes(), "parameter ", i, " is ", p.sizes(),
                  ", its averages ", m.sizes(), " and ", v.sizes());
      if (plain(p) && plain(m) && plain(v) && cpu_float(g)) {
        g = g.contiguous();
        held.push_back(g);
        float *const at[3] = {p.data_ptr<float>(), m.data_ptr<float>(), v.data_ptr<float>()};
        for (int64_t k = 0; k < p.numel(); k += PIECE)
          pieces.push_back(Piece{at[0] + k, g.data_ptr<float>() + k, at[1] + k, at[2] + k,
                                 static_cast<size_t>(std::min(PIECE, p.numel() - k))});
        p.unsafeGetTensorImpl()
            ->bump_version(); // a graph that still needs the old value must fail, not be wrong
        continue;
      }
      if (weight_decay != 0) g = at::add(g, p, weight_decay);
      m.mul_(beta1).add_(g, 1 - beta1);
      v.mul_(beta2).addcmul_(g, g, 1 - beta2);
      p.addcdiv_(m, at::sqrt(v).div_(std::sqrt(c2)).add_(eps), -lr / c1);
    }
    vg_pw_adam_args args;
    args.beta1 = static_cast<float>(beta1);
    args.beta2 = static_cast<float>(beta2);
    args.one_minus_beta1 = static_cast<float>(1 - beta1);
    args.one_minus_beta2 = static_cast<float>(1 - beta2);
    args.eps = static_cast<float>(eps);
    args.decay = static_cast<float>(weight_decay);
    args.step = static_cast<float>(lr / c1);
    args.root = static_cast<float>(1 / std::sqrt(c2));
    at::parallel_for(0, static_cast<int64_t>(pieces.size()), 1, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; i++) {
        const Piece &q = pieces[static_cast<size_t>(i)];
        vg_pw_adam(q.p, q.g, q.m, q.v, q.n, &args);
      }
    });
  });
  return ok ? VG_OK : vg_tensor_check();
}
