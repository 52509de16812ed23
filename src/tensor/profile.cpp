// profile.cpp: where a step's time goes; see vg_profile_start in tensor.h.
#include "tensor/profile.hpp"
#include "tensor/shim.hpp"
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

namespace voxgan {

bool profiling = false;

namespace {

Timed *running = nullptr;
std::vector<std::string> layers;
int64_t current = 0;
std::vector<vg_profile_row> table;

double now() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

vg_profile_row &row_of(const char *layer, const char *op) {
  for (vg_profile_row &r : table)
    if (!std::strcmp(r.layer, layer) && !std::strcmp(r.op, op)) return r;
  table.emplace_back();
  vg_profile_row &r = table.back();
  std::snprintf(r.layer, sizeof r.layer, "%s", layer);
  std::snprintf(r.op, sizeof r.op, "%s", op);
  r.seconds = r.flops = 0;
  r.calls = 0;
  return r;
}

} // namespace

void Timed::begin(const char *op, double flops, int64_t layer) {
  op_ = op;
  flops_ = flops;
  layer_ = layer < 0 || layer >= static_cast<int64_t>(layers.size()) ? current : layer;
  outer_ = running;
  running = this;
  start_ = now();
}

void Timed::end() {
  const double took = now() - start_;
  running = outer_;
  if (outer_) outer_->within_ += took;
  vg_profile_row &r = row_of(layers[static_cast<size_t>(layer_)].c_str(), op_);
  r.seconds += took - within_;
  r.flops += flops_;
  r.calls++;
}

int64_t profile_layer() {
  return profiling ? current : -1;
}

} // namespace voxgan

using namespace voxgan;

void vg_profile_start(void) {
  table.clear();
  layers.assign(1, "");
  current = 0;
  profiling = true;
}

const vg_profile_row *vg_profile_stop(int *n) {
  profiling = false;
  *n = static_cast<int>(table.size());
  return table.data();
}

void vg_profile_layer(const char *name) {
  if (!profiling) return;
  for (current = 0; current < static_cast<int64_t>(layers.size()); current++)
    if (layers[static_cast<size_t>(current)] == name) return;
  layers.emplace_back(name);
}

double vg_profile_gemm(vg_type type) {
  constexpr int64_t n = 1536;
  double best = 0;
  guarded("gemm", [&] {
    at::NoGradGuard off;
    ready();
    const auto options = at::device(at::kCPU).dtype(type == VG_BF16 ? at::kBFloat16 : at::kFloat);
    const Tensor a = at::ones({n, n}, options), b = at::ones({n, n}, options);
    for (int i = 0; i < 4; i++) {
      const double start = now();
      at::mm(a, b);
      best = std::max(best, 2.0 * n * n * n / (now() - start));
    }
  });
  return best;
}
