// shim.hpp: shared by the files of the ATen shim: the handle, the error guard, and every difference between
// libtorch versions.
#ifndef VG_TENSOR_SHIM_HPP
#define VG_TENSOR_SHIM_HPP
#include "tensor/aten.hpp" // before libtorch's other headers
#include <c10/util/Optional.h>
#include <torch/csrc/api/include/torch/version.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/variable.h>
#include <initializer_list>
#include <utility>
#include <vector>
#include "tensor/profile.hpp"
#include "tensor/tensor.h"

// ---- differences between libtorch versions; the rest compiles with 1.13 and later ----
#define VG_TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

#if VG_TORCH_AT_LEAST(2, 10)
#include <c10/core/CachingDeviceAllocator.h>
#endif

// Whether CUDA's headers were found (Makefile).
#ifndef VG_CUDA
#define VG_CUDA 0
#endif

namespace voxgan {

#if VG_TORCH_AT_LEAST(2, 10)
// Highest bytes that tensors held on a device.
inline size_t device_peak(at::Device d) {
  return static_cast<size_t>(
      at::getDeviceAllocator(d.type())->getDeviceStats(d.index()).allocated_bytes[0].peak);
}
#else
// Older versions report it only to programs with CUDA's headers, which their wheels do not contain.
inline size_t device_peak(at::Device) {
  return 0;
}
#endif

// Whether the optimiser that updates all parameters at once runs on d.
inline bool has_fused_adam(at::Device d) {
  return d.is_cuda() || (VG_TORCH_AT_LEAST(2, 4) && d.is_cpu());
}

// Whether a step can be recorded; it takes an Adam that reads its rate on the device.
#define VG_GRAPHS (VG_CUDA && VG_TORCH_AT_LEAST(2, 1))

// The graph's nodes are counted by std::shared_ptr, and later (2.15) by an intrusive_ptr.
using NodePointer = std::decay_t<decltype(std::declval<const at::Tensor &>().grad_fn())>;
template <class T> std::shared_ptr<T> new_node(const std::shared_ptr<torch::autograd::Node> &) {
  return std::make_shared<T>();
}
template <class T> c10::intrusive_ptr<T> new_node(const c10::intrusive_ptr<torch::autograd::Node> &) {
  return c10::make_intrusive<T>();
}

// ---- end of the differences ----

template <class T> using Optional = c10::optional<T>; // std::optional from 2.4 on

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

} // namespace voxgan

struct vg_tensor {
  at::Tensor t;
  vg_scope *owner = nullptr; // NULL: retained
  vg_tensor *prev = nullptr, *next = nullptr;
};

struct vg_rand {
  at::Generator gen;
  at::Device device;
  uint64_t seed;
  at::Tensor key;    // on a GPU: the seed, where kernels read it
  int64_t draws = 0; // taken from key since it was seeded
};

namespace voxgan {

// A generator that draws from now on the same numbers as g.
at::Generator copy_of(const at::Generator &g);

// Keeps the first error of the thread for vg_tensor_check().
void keep_error(vg_status st, const char *op, const char *text) noexcept;
// The same for the exception in flight; call it inside a catch block.
void keep_exception(const char *op) noexcept;
// Throws the kept error, for code that libtorch calls.
[[noreturn]] void throw_kept();
// Puts t into the innermost scope.
vg_tensor *give(Tensor t);
at::Device device_of(vg_device d);
// Sets up this thread for ATen's kernels, once.
void ready() noexcept;
// The number of threads that ready() gives to ATen; 0: all processors of this process.
void set_threads(int n) noexcept;

template <class F> bool guarded(const char *op, F &&f) noexcept {
  try {
    f();
    return true;
  } catch (...) {
    keep_exception(op);
    return false;
  }
}

// Runs f() -> Tensor unless an operand is NULL.
template <class F>
vg_tensor *op(const char *name, std::initializer_list<const vg_tensor *> operands, F &&f) noexcept {
  for (const vg_tensor *t : operands)
    if (!t) {
      keep_error(VG_FAILED, name, "operand is NULL");
      return nullptr;
    }
  vg_tensor *out = nullptr;
  const Timed timed(name);
  guarded(name, [&] { out = give(f()); });
  return out;
}

// t in the memory format of its device: volumes on a GPU are channels-last.
inline Tensor placed(const Tensor &t) {
  return t.is_cuda() && t.dim() == 5 ? t.contiguous(at::MemoryFormat::ChannelsLast3d) : t;
}

// See vg_tensor_own_kernels and vg_tensor_bf16. Both belong to a thread. On a GPU autograd runs backward
// passes in a thread of its own, where both have their defaults: a node that reads them there keeps the
// values of its forward pass, and sets them by SameModes.
extern thread_local bool own_kernels;
extern thread_local bool bf16;

// Sets both for its lifetime.
class SameModes {
public:
  SameModes(bool own, bool half) : own_(own_kernels), half_(bf16) {
    own_kernels = own;
    bf16 = half;
  }
  ~SameModes() {
    own_kernels = own_;
    bf16 = half_;
  }
  SameModes(const SameModes &) = delete;
  SameModes &operator=(const SameModes &) = delete;

private:
  const bool own_, half_;
};

// For operations that always compute in fp32.
inline Tensor wide(const Tensor &t) {
  return t.defined() && t.scalar_type() == at::kBFloat16 ? t.to(at::kFloat) : t;
}

// Whether the hand-written CPU kernels may take t: floats, or (cpu_number) bf16 too.
inline bool cpu_number(const Tensor &t) {
  return own_kernels && t.defined() && t.device().is_cpu() && t.layout() == at::kStrided &&
         (t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16);
}
inline bool cpu_float(const Tensor &t) {
  return cpu_number(t) && t.scalar_type() == at::kFloat;
}

// The backward passes of the hand-written kernels begin with this: a second derivative would be 0, silently.
inline void no_second_derivative() {
  TORCH_CHECK(!at::GradMode::is_enabled(), "this kernel has no second derivative");
}

inline Tensor tensor_or_none(const vg_tensor *t) {
  return t ? t->t : Tensor();
}

// For autograd functions, which take no undefined tensors.
inline Optional<Tensor> given(const Tensor &t) {
  return t.defined() ? Optional<Tensor>(t) : Optional<Tensor>();
}

} // namespace voxgan
#endif
