// buckets.cpp: which gradients share a bucket, and when a bucket leaves.
//
// Backward passes begin at the last layers, so the last parameters are in the first bucket. Which bucket
// holds what depends on the shapes alone: the order in which a ring adds does too, and so do the last digits
// of a sum.
#include "tensor/distributed/buckets.hpp"
#include <torch/csrc/autograd/variable.h>

namespace voxgan {
namespace {

// A bucket is closed when it has this many values (4 MiB): enough for a network's full rate, and few enough
// that the last bucket, which nothing hides, is small.
constexpr int64_t ENOUGH = 1 << 20;

struct Made final : torch::autograd::FunctionPostHook {
  std::function<void()> call;
  explicit Made(std::function<void()> f) : call(std::move(f)) {}
  variable_list operator()(const variable_list &outputs, const variable_list &) override {
    call();
    return outputs;
  }
};

} // namespace

Buckets::Buckets(vg_tensor *const *params, int n, const Make &make) {
  std::vector<int64_t> sizes;
  parts_.resize(static_cast<size_t>(n));
  for (size_t i = parts_.size(); i-- > 0;) {
    Part &p = parts_[i];
    p.param = params[i]->t;
    TORCH_CHECK(p.param.is_non_overlapping_and_dense(), "parameter ", i, " has holes");
    if (sizes.empty() || sizes.back() >= ENOUGH) sizes.push_back(0);
    if (buckets_.size() < sizes.size()) buckets_.push_back({});
    p.bucket = sizes.size() - 1;
    sizes.back() += p.param.numel();
    buckets_.back().parts++;
  }
  std::vector<int64_t> at(sizes.size(), 0);
  for (size_t b = 0; b < sizes.size(); b++) buckets_[b].values = make(sizes[b]);
  for (size_t i = parts_.size(); i-- > 0;) {
    Part &p = parts_[i];
    p.view = buckets_[p.bucket].values.as_strided(p.param.sizes(), p.param.strides(), at[p.bucket]);
    at[p.bucket] += p.param.numel();
    p.node = torch::autograd::impl::grad_accumulator(p.param);
    if (p.node) p.hook = p.node->add_post_hook(std::make_unique<Made>([this, i] { made(i); }));
  }
}

Buckets::~Buckets() {
  for (Part &p : parts_)
    if (p.node) p.node->del_post_hook(p.hook);
}

bool Buckets::are_of(vg_tensor *const *params, int n) const {
  bool same = parts_.size() == static_cast<size_t>(n);
  for (size_t i = 0; same && i < parts_.size(); i++) same = parts_[i].param.is_same(params[i]->t);
  return same;
}

void Buckets::open(Send send) {
  send_ = std::move(send);
  next_ = 0;
  for (Part &p : parts_) p.moved = p.has = false;
  for (Bucket &b : buckets_) b.missing = b.parts;
  open_ = true;
}

void Buckets::move(Part &p) {
  const Tensor &gradient = p.param.grad();
  p.has = gradient.defined();
  if (!p.has)
    p.view.zero_();
  else if (!gradient.is_same(p.view)) // else it was added to where it lies
    p.view.copy_(gradient);
  if (p.has) p.param.mutable_grad() = p.view;
  p.moved = true;
  buckets_[p.bucket].missing--;
}

void Buckets::made(size_t i) {
  Part &p = parts_[i];
  if (!open_) return;
  TORCH_CHECK(p.bucket >= next_, "the gradient of parameter ", i, " was made twice");
  if (p.moved || !p.param.grad().defined()) return;
  const at::NoGradGuard off;
  move(p);
  start();
}

void Buckets::start() {
  for (; next_ < buckets_.size() && !buckets_[next_].missing; next_++) send_(buckets_[next_].values);
}

size_t Buckets::close(std::vector<float> &has) {
  size_t ahead = 0;
  for (size_t b = 0; b < next_; b++) ahead += buckets_[b].values.nbytes();
  has.clear();
  for (Part &p : parts_) {
    if (!p.moved) move(p);
    has.push_back(p.has);
  }
  start();
  open_ = false;
  return ahead;
}

void Buckets::give(size_t i, bool gradient) {
  Part &p = parts_[i];
  p.param.mutable_grad() = gradient ? p.view : Tensor();
}

} // namespace voxgan
