// buckets.hpp: the gradients of a network side by side in memory, in buckets that leave for the other
// processes one by one, while the backward pass still makes the gradients of the layers before.
#ifndef VG_TENSOR_BUCKETS_HPP
#define VG_TENSOR_BUCKETS_HPP
#include "tensor/shim.hpp"
#include <torch/csrc/autograd/function.h>
#include <functional>
#include <vector>

namespace voxgan {

class Buckets {
public:
  using Send = std::function<void(const Tensor &)>; // takes the values of a bucket
  using Make = std::function<Tensor(int64_t)>;      // makes so many floats of 0
  Buckets(vg_tensor *const *params, int n, const Make &make);
  ~Buckets();
  Buckets(const Buckets &) = delete;
  Buckets &operator=(const Buckets &) = delete;
  bool are_of(vg_tensor *const *params, int n) const;
  // From here on a gradient that a backward pass has made moves into its bucket, and a bucket that is
  // complete leaves as soon as all before it have. Each gradient is made once at most.
  void open(Send send);
  bool is_open() const { return open_; }
  // The others leave. has[i]: whether parameter i had a gradient. Returns the bytes that had left before.
  size_t close(std::vector<float> &has);
  // Afterwards parameter i has the gradient that lies in its bucket, or none.
  void give(size_t i, bool gradient);

private:
  struct Part {
    Tensor param, view; // view: of the bucket, shaped as the parameter
    size_t bucket;
    bool moved, has;
    decltype(torch::autograd::impl::grad_accumulator(Tensor())) node; // adds to its gradient
    uintptr_t hook;
  };
  struct Bucket {
    Tensor values;
    size_t parts, missing;
  };
  void made(size_t i);
  void move(Part &p);
  void start();

  std::vector<Part> parts_;
  std::vector<Bucket> buckets_;
  size_t next_ = 0; // bucket to leave
  bool open_ = false;
  Send send_;
};

} // namespace voxgan

#endif
