// backend.cpp: Gloo and NCCL, as far as their headers were there when this was built (Makefile).
#include "tensor/distributed/backend.hpp"
#include <sched.h>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#ifndef VG_GLOO
#define VG_GLOO 0
#endif
#ifndef VG_NCCL
#define VG_NCCL 0
#endif
#if VG_GLOO
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif
#if VG_NCCL
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

namespace voxgan {
namespace {

// Signs of life end a call that hangs (members.hpp), so the libraries' own limit only must not come first.
[[maybe_unused]] constexpr std::chrono::hours NEVER(24 * 30);

template <class Group> struct Of final : Backend {
  c10::intrusive_ptr<Group> group;
  Of(c10::intrusive_ptr<Group> g, bool host_waits) : group(std::move(g)) { waits = host_waits; }
  WorkPointer sum(Tensor t) override {
    std::vector<Tensor> list{std::move(t)};
    return group->allreduce(list);
  }
  WorkPointer share(Tensor t) override {
    std::vector<Tensor> list{std::move(t)};
    return group->broadcast(list);
  }
  WorkPointer exchange(Tensor out, Tensor in) override {
    std::vector<int64_t> none;
    return group->alltoall_base(out, in, none, none);
  }
  WorkPointer gather(std::vector<Tensor> out, Tensor in, Tensor) override {
    std::vector<std::vector<Tensor>> outs{std::move(out)};
    std::vector<Tensor> ins{std::move(in)};
    return group->allgather(outs, ins);
  }
};

#if VG_GLOO
// Gloo's thread of a network spins while another thread of ours holds the lock of a connection, to send.
// Where the processor is theirs alone, as that of a process with one thread, it would interrupt the sender as
// soon as bytes arrive, and spin until its time is up. A thread of SCHED_BATCH interrupts nobody. Threads
// inherit it.
class Patient {
  const bool was_other_ = sched_getscheduler(0) == SCHED_OTHER;

  void set(int policy) const {
    const sched_param none = {};
    if (was_other_) sched_setscheduler(0, policy, &none);
  }

public:
  Patient() { set(SCHED_BATCH); }
  ~Patient() { set(SCHED_OTHER); }
};

// GLOO_SOCKET_IFNAME names the network, as it does for PyTorch. Processes of one machine need none.
std::shared_ptr<::gloo::transport::Device> network(const std::string &host) {
  const Patient patient;
  const char *const name = std::getenv("GLOO_SOCKET_IFNAME");
  if (name && *name) return c10d::ProcessGroupGloo::createDeviceForInterface(name);
  if (host == "localhost" || host == "::1" || host.compare(0, 4, "127.") == 0)
    return c10d::ProcessGroupGloo::createDeviceForHostname(host);
  return c10d::ProcessGroupGloo::createDefaultDevice();
}
#endif

} // namespace

std::unique_ptr<Backend> backend_of(at::Device d,
                                    [[maybe_unused]] const c10::intrusive_ptr<c10d::Store> &store,
                                    [[maybe_unused]] int rank, [[maybe_unused]] int size,
                                    [[maybe_unused]] const std::string &host) {
  if (d.is_cuda()) {
#if VG_NCCL
    auto o = c10d::ProcessGroupNCCL::Options::create();
    return std::make_unique<Of<c10d::ProcessGroupNCCL>>(
        c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, o), false);
#else
    throw std::runtime_error(
        "processes on GPUs need NCCL, whose header nccl.h was not there when voxgan was built "
        "(it comes with the package nvidia-nccl beside a wheel of PyTorch)");
#endif
  }
#if VG_GLOO
  auto o = c10d::ProcessGroupGloo::Options::create(NEVER);
  o->devices.push_back(network(host));
  return std::make_unique<Of<c10d::ProcessGroupGloo>>(
      c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, o), true);
#else
  throw std::runtime_error(
      "processes on CPUs need Gloo, whose headers were not there when voxgan was built: build with "
      "Debian's libtorch-dev and libgloo-dev, or train on GPUs");
#endif
}

} // namespace voxgan
