// rand.cpp: random generators. On a GPU with our own kernels, dropout draws from a key in the GPU's memory,
// so that a recorded step draws new numbers at each replay.
#include "tensor/cuda/cuda.hpp"
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

using namespace voxgan;

// at::Generator::clone() of libtorch 1.13 never frees its copy, 2.6 KB on the CPU.
at::Generator voxgan::copy_of(const at::Generator &g) {
  if (!g.device().is_cpu()) return g.clone();
  at::Generator copy = at::make_generator<at::CPUGeneratorImpl>(g.current_seed());
  copy.set_state(g.get_state());
  return copy;
}

vg_rand *vg_rand_new(uint64_t seed, vg_device d) {
  vg_rand *g = nullptr;
  guarded("rand", [&] {
    const at::Device device = device_of(d);
    // A copy of the device's default generator has a state of its own, and needs no CUDA headers.
    at::Generator gen = copy_of(at::globalContext().defaultGenerator(device));
    gen.set_current_seed(seed);
    g = new vg_rand{gen, device, seed, {}, 0};
    if (device.is_cuda() && cuda_ready())
      g->key = at::full({1}, static_cast<int64_t>(seed), at::device(device).dtype(at::kLong));
  });
  return g;
}

void vg_rand_seed(vg_rand *g, uint64_t seed) {
  if (!g) return;
  guarded("rand", [&] {
    g->seed = seed;
    g->gen.set_current_seed(seed);
    g->draws = 0;
    if (g->key.defined()) g->key.fill_(static_cast<int64_t>(seed));
  });
}

void vg_rand_restart(vg_rand *g) {
  if (!g) return;
  g->draws = 0;
  if (!g->key.defined() || !own_kernels) guarded("rand", [&] { g->gen.set_current_seed(g->seed); });
}

void vg_rand_free(vg_rand *g) {
  delete g;
}

vg_tensor *vg_randn(const int64_t *shape, int ndim, double mean, double sd, vg_rand *g) {
  return op("randn", {}, [&] {
    TORCH_CHECK(g, "no generator");
    at::NoGradGuard off;
    return placed(
        at::empty(at::IntArrayRef(shape, static_cast<size_t>(ndim)), at::device(g->device).dtype(at::kFloat))
            .normal_(mean, sd, g->gen));
  });
}
