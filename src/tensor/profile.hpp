// profile.hpp: times one piece of work while a profile is taken; see vg_profile_start.
#ifndef VG_TENSOR_PROFILE_HPP
#define VG_TENSOR_PROFILE_HPP
#include <cstdint>

namespace voxgan {

extern bool profiling;

// Times its own lifetime. The time counts for (layer, op), without the time of pieces inside it.
class Timed {
public:
  explicit Timed(const char *op, double flops = 0, int64_t layer = -1) {
    if (profiling) begin(op, flops, layer);
  }
  ~Timed() {
    if (op_) end();
  }
  Timed(const Timed &) = delete;
  Timed &operator=(const Timed &) = delete;

private:
  void begin(const char *op, double flops, int64_t layer);
  void end();
  const char *op_ = nullptr;
  double flops_ = 0, start_ = 0, within_ = 0;
  int64_t layer_ = -1;
  Timed *outer_ = nullptr;
};

// The layer that runs now, which a forward pass keeps for its backward pass. -1 is the current layer.
int64_t profile_layer();

} // namespace voxgan
#endif
