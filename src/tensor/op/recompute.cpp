// recompute.cpp: gradient checkpointing (Chen et al. 2016): a part of a network keeps only its inputs, and is
// computed a second time for its gradient.
#include "tensor/shim.hpp"
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>

using namespace voxgan;

namespace {

struct GradMode {
  const bool before = at::GradMode::is_enabled();
  explicit GradMode(bool on) { at::GradMode::set_enabled(on); }
  ~GradMode() { at::GradMode::set_enabled(before); }
};

struct Scope {
  vg_scope *const s = vg_scope_push();
  ~Scope() { vg_scope_pop(s, nullptr); }
};

// A generator that continues from the state that g has now.
Optional<vg_rand> as_it_is(const vg_rand *g) {
  if (!g) return {};
  vg_rand copy = *g;
  // A generator with a key keeps its state in `draws`, and copying cannot be recorded.
  if (!g->key.defined() || !own_kernels) copy.gen = copy_of(g->gen);
  return copy;
}

struct Recompute : torch::autograd::Node {
  vg_segment f = nullptr;
  std::vector<char> context;
  const bool own = own_kernels, half = bf16; // of the forward pass
  Optional<vg_rand> rand;                    // as it was before the first time
  std::vector<torch::autograd::SavedVariable> inputs;
  std::vector<size_t> slot; // of each among the segment's inputs

  variable_list apply(variable_list &&grads) override {
    no_second_derivative();
    const GradMode on(true);
    const SameModes same(own, half);
    variable_list leaves;
    for (size_t i = 0; i < inputs.size(); i++) {
      leaves.push_back(inputs[i].unpack().detach());
      leaves[i].requires_grad_(task_should_compute_output(i));
    }
    Tensor out;
    {
      const Scope scope;
      vg_tensor *in[VG_SEGMENT_INPUTS] = {nullptr};
      for (size_t i = 0; i < leaves.size(); i++) in[slot[i]] = give(leaves[i]);
      Optional<vg_rand> again = as_it_is(rand ? &*rand : nullptr);
      const vg_tensor *const y = f(context.data(), in, again ? &*again : nullptr, true);
      if (!y) throw_kept();
      out = y->t;
    }
    torch::autograd::backward({out}, {grads[0]});
    for (Tensor &leaf : leaves) leaf = leaf.grad();
    return leaves;
  }

  void release_variables() override { inputs.clear(); }
  std::string name() const override { return "Recompute"; }
};

} // namespace

vg_tensor *vg_recompute(vg_segment f, const void *context, size_t size,
                        vg_tensor *const in[VG_SEGMENT_INPUTS], vg_rand *rand) {
  if (!in[0] || !at::GradMode::is_enabled()) return f(context, in, rand, false);
  decltype(new_node<Recompute>(NodePointer())) node;
  const bool made = guarded("recompute", [&] {
    node = new_node<Recompute>(NodePointer());
    const char *const bytes = static_cast<const char *>(context);
    node->f = f;
    node->context.assign(bytes, bytes + size);
    node->rand = as_it_is(rand);
    variable_list given;
    for (size_t i = 0; i < VG_SEGMENT_INPUTS; i++)
      if (in[i]) {
        node->slot.push_back(i);
        given.push_back(in[i]->t);
      }
    for (const Tensor &t : given) node->inputs.emplace_back(t, false);
    node->set_next_edges(torch::autograd::collect_next_edges(given));
  });
  if (!made) return nullptr;
  vg_no_grad(true);
  vg_tensor *const y = f(context, in, rand, false);
  vg_no_grad(false);
  const bool joined = guarded("recompute", [&] {
    if (!y) return;
    for (size_t i : node->slot) TORCH_CHECK(!y->t.is_same(in[i]->t), "the segment gives its input");
    torch::autograd::set_history(y->t, node);
  });
  return joined ? y : nullptr;
}
