// group_norm.cpp: batch norm with the statistics of all processes, from operations that ATen differentiates,
// twice too.
#include "tensor/distributed/group_norm.hpp"
#include "tensor/distributed/group.h"
#include "voxgan/status.h"
#include <stdexcept>

namespace voxgan {
namespace {

// These belong to the process: a GPU's backward pass runs in a thread of its own.
vg_group *norm_group;
double norm_weight = 1;

Tensor sum_over(const Tensor &t, vg_group *g) {
  Tensor host = t.detach().to(at::kCPU).clone();
  if (vg_group_sum(g, host.data_ptr<double>(), static_cast<size_t>(host.numel())))
    throw std::runtime_error(vg_error());
  return host.to(t.device());
}

// The sum over the processes of a vector of doubles; each one's gradient is that sum's.
class GroupSum : public torch::autograd::Function<GroupSum> {
public:
  static Tensor forward(AutogradContext *ctx, const Tensor &t, vg_group *g) {
    ctx->saved_data["group"] = reinterpret_cast<int64_t>(g);
    return sum_over(t, g);
  }
  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    return {apply(grads[0], reinterpret_cast<vg_group *>(ctx->saved_data["group"].toInt())), Tensor()};
  }
};

} // namespace

bool norms_are_shared() {
  return norm_group != nullptr;
}

Tensor shared_batch_norm(const Tensor &x, const Tensor &gain, const Tensor &bias, const Tensor &running_mean,
                         const Tensor &running_var, double momentum, double eps) {
  const int64_t channels = x.size(1);
  const double n = static_cast<double>(x.numel() / channels);
  std::vector<int64_t> axes{0}, shape{1, channels};
  for (int64_t a = 2; a < x.dim(); a++) {
    axes.push_back(a);
    shape.push_back(1);
  }
  const auto sum = [&](const Tensor &t) { return at::sum(t, axes, false, at::kDouble); };
  const Tensor own = at::cat({sum(x), sum(at::square(x)), at::full({1}, n, x.options().dtype(at::kDouble))});
  const Tensor all = GroupSum::apply(at::mul(own, norm_weight), norm_group);
  const Tensor count = all.narrow(0, 2 * channels, 1), mean = all.narrow(0, 0, channels) / count,
               var = (all.narrow(0, channels, channels) / count - at::square(mean)).clamp_min(0);
  if (momentum > 0) {
    const at::NoGradGuard off;
    const Tensor unbiased = var * (count / (count - 1).clamp_min(1));
    running_mean.lerp_(mean.to(at::kFloat), momentum);
    running_var.lerp_(unbiased.to(at::kFloat), momentum);
  }
  const auto wide = [&](const Tensor &t) { return t.to(at::kFloat).view(shape); };
  Tensor y = (x - wide(mean)) * wide(at::rsqrt(var + eps));
  if (gain.defined()) y = y * gain.view(shape);
  return bias.defined() ? y + bias.view(shape) : y;
}

} // namespace voxgan

void vg_group_norms(vg_group *g, double weight) {
  voxgan::norm_group = g;
  voxgan::norm_weight = weight;
}
