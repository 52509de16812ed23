// courier.hpp: a thread that talks to the other processes while this one computes.
#ifndef VG_TENSOR_COURIER_HPP
#define VG_TENSOR_COURIER_HPP
#include "tensor/shim.hpp"
#include "voxgan/status.h"
#include <c10/core/Event.h>
#include <c10/core/Stream.h>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace voxgan {

class Courier {
public:
  using Job = std::function<vg_status()>;
  explicit Courier(at::Device device);
  ~Courier(); // after the last job
  // Jobs are done one after another, in the order in which they came. On a GPU a job sees what its sender has
  // queued there so far.
  void send(Job job);
  // Until all jobs are done; on a GPU, what is queued there from here on comes after them. Returns the first
  // failure, with its message; later jobs are skipped.
  vg_status wait();
  bool done_within(std::chrono::milliseconds limit);
  double busy() const; // seconds that jobs took

private:
  struct Item {
    Job job;
    std::shared_ptr<c10::Event> ready; // of a GPU
  };
  std::shared_ptr<c10::Event> now() const;
  void run();
  void do_one(const Item &item);

  const at::Device device_;
  Optional<c10::Stream> stream_; // of a GPU: the jobs' own
  mutable std::mutex mutex_;
  std::condition_variable came_, done_;
  std::deque<Item> items_; // the first is being done
  bool stop_ = false;
  vg_status status_ = VG_OK;
  std::string message_;
  double busy_ = 0;
  std::shared_ptr<c10::Event> last_; // of a GPU: behind the last job
  std::thread thread_;
};

} // namespace voxgan

#endif
