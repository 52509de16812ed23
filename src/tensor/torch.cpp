// torch.cpp: handles, scopes, data in and out, and autograd.
#include "tensor/shim.hpp"
#include "base/mem.h"
#include <ATen/core/grad_mode.h>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <new>
#include <torch/csrc/autograd/autograd.h>

// The handles of a scope are a linked list, so that one can leave it early at no cost.
struct vg_scope {
  vg_scope *outer = nullptr;
  vg_tensor *first = nullptr;
};

namespace voxgan {
namespace {

std::atomic<size_t> live{0};
thread_local vg_scope *innermost = nullptr;

void attach(vg_scope *s, vg_tensor *h) {
  h->owner = s;
  h->prev = nullptr;
  h->next = s->first;
  if (s->first) s->first->prev = h;
  s->first = h;
}

void detach_handle(vg_tensor *h) {
  if (!h->owner) return;
  if (h->prev)
    h->prev->next = h->next;
  else
    h->owner->first = h->next;
  if (h->next) h->next->prev = h->prev;
  h->owner = nullptr;
  h->prev = h->next = nullptr;
}

void destroy(vg_tensor *h) {
  delete h;
  live.fetch_sub(1, std::memory_order_relaxed);
}

at::ScalarType scalar_type(vg_type type) {
  switch (type) {
  case VG_F32:
    return at::kFloat;
  case VG_BF16:
    return at::kBFloat16;
  case VG_F16:
    return at::kHalf;
  case VG_I64:
    return at::kLong;
  }
  TORCH_CHECK(false, "unknown element type ", (int)type);
}

} // namespace

vg_tensor *give(Tensor t) {
  if (!innermost) VG_BUG("a tensor made outside every scope");
  vg_tensor *h = new vg_tensor;
  h->t = std::move(t);
  live.fetch_add(1, std::memory_order_relaxed);
  attach(innermost, h);
  return h;
}

} // namespace voxgan

using namespace voxgan;

// ---- lifetime and errors ----

vg_scope *vg_scope_push(void) {
  ready();
  vg_scope *s = new (std::nothrow) vg_scope;
  if (!s) VG_BUG("no memory for a scope");
  s->outer = innermost;
  innermost = s;
  return s;
}

vg_tensor *vg_scope_pop(vg_scope *s, vg_tensor *keep) {
  if (!s || s != innermost) VG_BUG("scopes are popped innermost first");
  if (keep && keep->owner == s) {
    if (!s->outer) VG_BUG("no outer scope to keep a tensor in");
    detach_handle(keep);
    attach(s->outer, keep);
  }
  for (vg_tensor *h = s->first; h;) {
    vg_tensor *next = h->next;
    destroy(h);
    h = next;
  }
  innermost = s->outer;
  delete s;
  return keep;
}

vg_tensor *vg_retain(vg_tensor *t) {
  if (t) detach_handle(t);
  return t;
}

void vg_release(vg_tensor *t) {
  if (!t) return;
  detach_handle(t);
  destroy(t);
}

size_t vg_tensor_live(void) {
  return live.load(std::memory_order_relaxed);
}

// ---- making and looking ----

static at::IntArrayRef dims(const int64_t *shape, int ndim) {
  return at::IntArrayRef(shape, static_cast<size_t>(ndim));
}

vg_tensor *vg_tensor_from(const float *data, const int64_t *shape, int ndim, vg_device d) {
  return op("tensor_from", {}, [&] {
    // from_blob only reads here; its signature has no const form in 1.13.
    const Tensor view = at::from_blob(const_cast<float *>(data), dims(shape, ndim), at::kFloat);
    if (!d.kind) return view.clone();
    return placed(view.pin_memory().to(at::device(device_of(d)), true)); // libtorch keeps the pinned pages
  });
}

vg_tensor *vg_zeros(const int64_t *shape, int ndim, vg_device d) {
  return op("zeros", {},
            [&] { return placed(at::zeros(dims(shape, ndim), at::device(device_of(d)).dtype(at::kFloat))); });
}

vg_tensor *vg_full(const int64_t *shape, int ndim, double value, vg_device d) {
  return op("full", {}, [&] {
    return placed(at::full(dims(shape, ndim), value, at::device(device_of(d)).dtype(at::kFloat)));
  });
}

int vg_ndim(const vg_tensor *t) {
  return t ? static_cast<int>(t->t.dim()) : 0;
}

int64_t vg_size(const vg_tensor *t, int dim) {
  if (!t) return 0;
  const int n = static_cast<int>(t->t.dim());
  const int i = dim < 0 ? dim + n : dim;
  if (i < 0 || i >= n) VG_BUG("size of dim %d of a tensor with %d", dim, n);
  return t->t.size(i);
}

int64_t vg_numel(const vg_tensor *t) {
  return t ? t->t.numel() : 0;
}

vg_status vg_tensor_copy_out(const vg_tensor *t, float *out, size_t n) {
  if (!t) {
    keep_error(VG_FAILED, "copy_out", "operand is NULL");
    return vg_tensor_check();
  }
  const size_t have = static_cast<size_t>(t->t.numel());
  if (n != have) return vg_fail(VG_FAILED, "copy_out: %zu elements wanted of a tensor with %zu", n, have);
  const bool ok = guarded("copy_out", [&] {
    at::NoGradGuard off;
    at::from_blob(out, t->t.sizes(), at::kFloat).copy_(t->t.detach());
  });
  return ok ? VG_OK : vg_tensor_check();
}

vg_status vg_tensor_copy_in(vg_tensor *t, const float *data, size_t n) {
  if (!t) {
    keep_error(VG_FAILED, "copy_in", "operand is NULL");
    return vg_tensor_check();
  }
  const size_t have = static_cast<size_t>(t->t.numel());
  if (n != have) return vg_fail(VG_FAILED, "copy_in: %zu elements given to a tensor with %zu", n, have);
  const bool ok = guarded("copy_in", [&] {
    at::NoGradGuard off;
    t->t.copy_(at::from_blob(const_cast<float *>(data), t->t.sizes(), at::kFloat));
  });
  return ok ? VG_OK : vg_tensor_check();
}

void vg_fill(vg_tensor *t, double value) {
  guarded("fill", [&] {
    TORCH_CHECK(t, "operand is NULL");
    at::NoGradGuard off;
    t->t.fill_(value);
  });
}

void vg_tensor_lerp(vg_tensor *t, const vg_tensor *to, double share) {
  const Timed timed("lerp");
  guarded("lerp", [&] {
    at::NoGradGuard off;
    TORCH_CHECK(t && to, "operand is NULL");
    TORCH_CHECK(t->t.sizes() == to->t.sizes(), "shapes ", t->t.sizes(), " and ", to->t.sizes());
    t->t.lerp_(to->t, share);
  });
}

double vg_item(const vg_tensor *t) {
  double value = std::numeric_limits<double>::quiet_NaN();
  const Timed timed("item");
  if (!t)
    keep_error(VG_FAILED, "item", "operand is NULL");
  else
    guarded("item", [&] { value = t->t.item().toDouble(); });
  return value;
}

vg_tensor *vg_to(vg_tensor *t, vg_device d) {
  return op("to", {t}, [&] { return t->t.to(device_of(d)); });
}

vg_tensor *vg_cast(vg_tensor *t, vg_type type) {
  return op("cast", {t}, [&] { return t->t.to(scalar_type(type)); });
}

// ---- autograd ----

vg_tensor *vg_requires_grad(vg_tensor *t, bool on) {
  if (!t) {
    keep_error(VG_FAILED, "requires_grad", "operand is NULL");
    return nullptr;
  }
  return guarded("requires_grad", [&] { t->t.requires_grad_(on); }) ? t : nullptr;
}

vg_tensor *vg_detach(vg_tensor *t) {
  return op("detach", {t}, [&] { return t->t.detach(); });
}

void vg_backward(vg_tensor *loss) {
  if (!loss) {
    keep_error(VG_FAILED, "backward", "operand is NULL");
    return;
  }
  const Timed timed("backward: others");
  guarded("backward", [&] { loss->t.backward(); });
}

vg_tensor *vg_grad(vg_tensor *t) {
  if (!t || !t->t.is_leaf() || !t->t.grad().defined()) return nullptr;
  return op("grad", {t}, [&] { return t->t.grad(); });
}

void vg_zero_grad(vg_tensor *t) {
  if (t) guarded("zero_grad", [&] { t->t.mutable_grad() = Tensor(); });
}

vg_tensor *vg_gradient(vg_tensor *of, vg_tensor *in) {
  return op("gradient", {of, in}, [&] {
    return torch::autograd::grad({of->t.sum()}, {in->t}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0];
  });
}

bool vg_no_grad(bool on) {
  const bool before = !at::GradMode::is_enabled();
  at::GradMode::set_enabled(!on);
  return before;
}
