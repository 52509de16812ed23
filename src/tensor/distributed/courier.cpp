// courier.cpp: the courier's thread, and its stream on a GPU.
#include "tensor/distributed/courier.hpp"
#include "voxgan/log.h"
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace voxgan {

Courier::Courier(at::Device device) : device_(device) {
  if (device.is_cuda()) stream_ = c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device);
  thread_ = std::thread([this] { run(); });
}

Courier::~Courier() {
  {
    const std::lock_guard<std::mutex> hold(mutex_);
    stop_ = true;
  }
  came_.notify_all();
  thread_.join();
}

// What this thread has queued on the GPU so far.
std::shared_ptr<c10::Event> Courier::now() const {
  if (!stream_) return nullptr;
  auto e = std::make_shared<c10::Event>(device_.type());
  e->record(c10::impl::VirtualGuardImpl(device_.type()).getStream(device_));
  return e;
}

void Courier::send(Job job) {
  Item item{std::move(job), now()};
  {
    const std::lock_guard<std::mutex> hold(mutex_);
    items_.push_back(std::move(item));
  }
  came_.notify_all();
}

vg_status Courier::wait() {
  std::unique_lock<std::mutex> hold(mutex_);
  done_.wait(hold, [this] { return items_.empty(); });
  if (last_) last_->block(c10::impl::VirtualGuardImpl(device_.type()).getStream(device_));
  return status_ ? vg_fail(status_, "%s", message_.c_str()) : VG_OK;
}

bool Courier::done_within(std::chrono::milliseconds limit) {
  std::unique_lock<std::mutex> hold(mutex_);
  return done_.wait_for(hold, limit, [this] { return items_.empty(); });
}

double Courier::busy() const {
  const std::lock_guard<std::mutex> hold(mutex_);
  return busy_;
}

void Courier::do_one(const Item &item) {
  const double began = vg_now();
  vg_status st = VG_OK;
  if (!guarded("sum over processes", [&] {
        if (stream_) item.ready->block(*stream_);
        st = item.job();
      }))
    st = vg_tensor_check();
  const auto behind = now();
  const std::lock_guard<std::mutex> hold(mutex_);
  busy_ += vg_now() - began;
  last_ = behind;
  if (!st) return;
  status_ = st;
  message_ = vg_error();
}

void Courier::run() {
  const at::NoGradGuard off;
  ready();
  // A stream's guard changes the stream of this thread alone.
  std::unique_ptr<c10::StreamGuard> guard;
  if (stream_) guard = std::make_unique<c10::StreamGuard>(*stream_);
  std::unique_lock<std::mutex> hold(mutex_);
  for (;;) {
    came_.wait(hold, [this] { return stop_ || !items_.empty(); });
    if (items_.empty()) return;
    if (!status_) {
      const Item item = items_.front();
      hold.unlock();
      do_one(item);
      hold.lock();
    }
    items_.pop_front();
    if (items_.empty()) done_.notify_all();
  }
}

} // namespace voxgan
