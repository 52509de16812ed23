// adam.cpp: the Adam optimiser, in place over all parameters at once.
#include "tensor/shim.hpp"
#include "tensor/pointwise.h"
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

bool finite(const std::vector<Tensor> &list) {
  for (const Tensor &t : list)
    if (!std::isfinite(at::sum(t).item<double>())) return false;
  return true;
}

// g in the memory order of p, which the fused kernel assumes. It also compares the strides of axes with one
// element, which have no meaning.
Tensor laid_as(const Tensor &g, const Tensor &p) {
  if (g.strides() == p.strides()) return g;
  const at::MemoryFormat format = p.suggest_memory_format();
  const Tensor same = g.contiguous(format);
  return p.is_contiguous(format) ? same.as_strided(p.sizes(), p.strides()) : same;
}

// The parameters with a gradient, as lists of one length.
struct Lists {
  std::vector<Tensor> p, g, m, v;
};

struct Rates {
  double lr, beta1, beta2, eps, decay;
  int64_t t;
  double c1() const { return 1 - std::pow(beta1, static_cast<double>(t)); }
  double c2() const { return 1 - std::pow(beta2, static_cast<double>(t)); }
};

void own_update(const Lists &l, const Rates &r) {
  std::vector<Piece> pieces;
  for (size_t i = 0; i < l.p.size(); i++) {
    float *const p = l.p[i].data_ptr<float>(), *const m = l.m[i].data_ptr<float>(),
                 *const v = l.v[i].data_ptr<float>();
    const float *const g = l.g[i].data_ptr<float>();
    for (int64_t k = 0; k < l.p[i].numel(); k += PIECE)
      pieces.push_back(
          Piece{p + k, g + k, m + k, v + k, static_cast<size_t>(std::min(PIECE, l.p[i].numel() - k))});
    // a graph that still needs the old value must fail, not be wrong
    l.p[i].unsafeGetTensorImpl()->bump_version();
  }
  vg_pw_adam_args args;
  args.beta1 = static_cast<float>(r.beta1);
  args.beta2 = static_cast<float>(r.beta2);
  args.one_minus_beta1 = static_cast<float>(1 - r.beta1);
  args.one_minus_beta2 = static_cast<float>(1 - r.beta2);
  args.eps = static_cast<float>(r.eps);
  args.decay = static_cast<float>(r.decay);
  args.step = static_cast<float>(r.lr / r.c1());
  args.root = static_cast<float>(1 / std::sqrt(r.c2()));
  at::parallel_for(0, static_cast<int64_t>(pieces.size()), 1, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; i++) {
      const Piece &q = pieces[static_cast<size_t>(i)];
      vg_pw_adam(q.p, q.g, q.m, q.v, q.n, &args);
    }
  });
}

// One kernel for all parameters, which reads skip on the device.
void fused_update(const Lists &l, const Rates &r, const Tensor &skip, const Tensor &clock) {
  const Optional<Tensor> found = skip.defined() ? Optional<Tensor>(skip) : Optional<Tensor>();
#if VG_GRAPHS
  if (clock.defined()) {
    const std::vector<Tensor> now(l.p.size(), clock.select(0, 1));
    at::_fused_adam_(l.p, l.g, l.m, l.v, {}, now, clock.select(0, 0), r.beta1, r.beta2, r.decay, r.eps, false,
                     false, {}, found);
    return;
  }
#else
  TORCH_CHECK(!clock.defined(), "this libtorch's Adam reads no rate on the device");
#endif
  // Step numbers are only read, so all parameters share one tensor.
  const std::vector<Tensor> steps(l.p.size(), at::full({}, static_cast<double>(r.t), l.p[0].options()));
  at::_fused_adam_(l.p, l.g, l.m, l.v, {}, steps, r.lr, r.beta1, r.beta2, r.decay, r.eps, false, false, {},
                   found);
}

void plain_update(const Lists &l, const Rates &r) {
  for (size_t i = 0; i < l.p.size(); i++) {
    const Tensor &p = l.p[i], &m = l.m[i], &v = l.v[i];
    const Tensor g = r.decay != 0 ? at::add(l.g[i], p, r.decay) : l.g[i];
    m.mul_(r.beta1).add_(g, 1 - r.beta1);
    v.mul_(r.beta2).addcmul_(g, g, 1 - r.beta2);
    p.addcdiv_(m, at::sqrt(v).div_(std::sqrt(r.c2())).add_(r.eps), -r.lr / r.c1());
  }
}

void update(Lists &l, const Rates &r, Tensor skip, const Tensor &clock) {
  const at::Device device = l.p[0].device();
  bool ours = true, single = true;
  for (size_t i = 0; i < l.p.size(); i++) {
    l.g[i] = laid_as(l.g[i], l.p[i]);
    ours = ours && plain(l.p[i]) && plain(l.m[i]) && plain(l.v[i]) && plain(l.g[i]);
    single = single && l.p[i].scalar_type() == at::kFloat && l.p[i].device() == device &&
             l.m[i].strides() == l.p[i].strides() && l.v[i].strides() == l.p[i].strides();
  }
  const bool fused = !ours && single && has_fused_adam(device);
  if (fused && skip.defined()) {
    at::_amp_foreach_non_finite_check_and_unscale_(l.g, skip, at::ones({1}, skip.options()));
  } else if (skip.defined()) {
    if (!finite(l.g)) skip.fill_(1);
    if (skip.item<double>() != 0) return;
  }
  if (ours)
    own_update(l, r);
  else if (fused)
    fused_update(l, r, skip, clock);
  else
    plain_update(l, r);
}

} // namespace

vg_status vg_adam_step(vg_tensor *const *params, vg_tensor *const *exp_avg, vg_tensor *const *exp_avg_sq,
                       int n, double lr, double beta1, double beta2, double eps, double weight_decay,
                       int64_t t, vg_tensor *skip, vg_tensor *clock) {
  if (t < 1) return vg_fail(VG_FAILED, "adam: step %lld, counts from 1", static_cast<long long>(t));
  const Timed timed("adam");
  const bool ok = guarded("adam", [&] {
    at::NoGradGuard off;
    Lists l;
    for (int i = 0; i < n; i++) {
      TORCH_CHECK(params[i] && exp_avg[i] && exp_avg_sq[i], "parameter ", i, " is NULL");
      const Tensor &p = params[i]->t, &m = exp_avg[i]->t, &v = exp_avg_sq[i]->t;
      if (!p.grad().defined()) continue;
      TORCH_CHECK(m.sizes() == p.sizes() && v.sizes() == p.sizes(), "parameter ", i, " is ", p.sizes(),
                  ", its averages ", m.sizes(), " and ", v.sizes());
      l.p.push_back(p);
      l.g.push_back(p.grad());
      l.m.push_back(m);
      l.v.push_back(v);
    }
    if (!l.p.empty())
      update(l, Rates{lr, beta1, beta2, eps, weight_decay, t}, tensor_or_none(skip), tensor_or_none(clock));
  });
  return ok ? VG_OK : vg_tensor_check();
}
