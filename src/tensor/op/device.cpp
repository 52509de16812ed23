// device.cpp: devices, memory, and copies from the host while a GPU computes.
#include "tensor/conv/conv.hpp"
#include "tensor/cuda/cuda.hpp"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/text/plural.h"
#include <c10/core/CPUAllocator.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <mutex>
#include <string>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace voxgan {
namespace {

// Calls f(driver, handle) for a device. Every machine with a CUDA device has the driver's library; few have
// its headers.
template <class F> void ask_driver(int index, const F &f) {
  void *const driver = dlopen("libcuda.so.1", RTLD_LAZY);
  if (!driver) return;
  const auto get = reinterpret_cast<int (*)(int *, int)>(dlsym(driver, "cuDeviceGet"));
  int device;
  if (get && !get(&device, index)) f(driver, device);
  dlclose(driver);
}

std::string cuda_name(int index) {
  char name[96] = "";
  ask_driver(index, [&](void *driver, int device) {
    const auto get = reinterpret_cast<int (*)(char *, int, int)>(dlsym(driver, "cuDeviceGetName"));
    if (!get || get(name, sizeof name, device)) name[0] = '\0';
  });
  return name;
}

// The major number of its compute capability; 0: not known.
int cuda_capability(int index) {
  int major = 0;
  ask_driver(index, [&](void *driver, int device) {
    constexpr int COMPUTE_CAPABILITY_MAJOR = 75;
    const auto get = reinterpret_cast<int (*)(int *, int, int)>(dlsym(driver, "cuDeviceGetAttribute"));
    if (!get || get(&major, COMPUTE_CAPABILITY_MAJOR, device)) major = 0;
  });
  return major;
}

size_t cuda_bytes(int index) {
  size_t bytes = 0;
  ask_driver(index, [&](void *driver, int device) {
    const auto get = reinterpret_cast<int (*)(size_t *, int)>(dlsym(driver, "cuDeviceTotalMem_v2"));
    if (!get || get(&bytes, device)) bytes = 0;
  });
  return bytes;
}

// Convolutions in TF32; and a first tensor, so that a device that does not work fails
// here.
void start_cuda(at::Device device) {
  at::Context &context = at::globalContext();
  context.setAllowTF32CuDNN(true);
  context.setAllowTF32CuBLAS(true);
  at::zeros({1}, at::device(device)).item();
}

} // namespace

} // namespace voxgan

using namespace voxgan;

// ---- devices and threads ----

vg_status vg_device_wish_parse(const char *name, vg_device_wish *out, int *index) {
  const std::string text = name;
  *index = 0;
  if (text == "cpu" || text == "cuda" || text == "auto") {
    *out = text == "cpu" ? VG_WISH_CPU : text == "cuda" ? VG_WISH_ANY_GPU : VG_WISH_AUTO;
    return VG_OK;
  }
  char *end = nullptr;
  const bool numbered = !std::strncmp(name, "cuda:", 5) && name[5] >= '0' && name[5] <= '9';
  const long number = numbered ? std::strtol(name + 5, &end, 10) : 0;
  if (!numbered || *end || number > 127)
    return vg_fail(VG_USAGE, "device %s: expected cpu, cuda, cuda:N or auto", name);
  *out = VG_WISH_ONE_GPU;
  *index = static_cast<int>(number);
  return VG_OK;
}

vg_status vg_device_parse(const char *name, vg_device *out) {
  vg_device_wish wish;
  int index;
  *out = vg_device{0, 0};
  const vg_status st = vg_device_wish_parse(name, &wish, &index);
  if (st || wish == VG_WISH_CPU) return st;
  size_t count = 0;
  bool built = false;
  if (!guarded("device", [&] {
        built = at::globalContext().hasCUDART();
        count = built ? at::getNumGPUs() : 0;
      }))
    vg_tensor_check(); // the driver cannot count its devices: it has none
  if (count == 0) {
    const char *why = built ? "no CUDA device found" : "this libtorch is built without CUDA";
    if (wish != VG_WISH_AUTO) return vg_fail(VG_DEVICE, "device %s: %s", name, why);
    vg_info("device auto: %s; using the CPU", why);
    return VG_OK;
  }
  if (static_cast<size_t>(index) >= count)
    return vg_fail(VG_DEVICE, "device %s: there are only %zu", name, count);
  const vg_device found = {1, index};
  if (!guarded("device", [&] { start_cuda(device_of(found)); })) {
    vg_tensor_check();
    return vg_fail_in(VG_DEVICE, "device %s", name);
  }
  *out = found;
  return VG_OK;
}

const char *vg_device_describe(vg_device d, char *buf, size_t size) {
  if (d.kind == 0) {
    ready();
    const int n = at::get_num_threads();
    std::snprintf(buf, size, "cpu (%d %s)", n, vg_plural(n, "thread", "threads"));
    return buf;
  }
  std::snprintf(buf, size, "cuda:%d", d.index);
  guarded("device", [&] {
    const std::string known = cuda_name(d.index);
    if (!known.empty()) std::snprintf(buf, size, "cuda:%d %s", d.index, known.c_str());
  });
  return buf;
}

namespace {

// libtorch's allocator, with huge pages for large blocks: convolutions read many channels at once, each far
// from the next.
class HugePages final : public at::Allocator {
public:
  explicit HugePages(at::Allocator *base) : base_(base) {}
  // In some versions the first is the virtual one, in later ones the second.
  at::DataPtr allocate(size_t n) const {
    at::DataPtr p = base_->allocate(n);
    vg_mem_prefer_huge_pages(p.get(), n);
    return p;
  }
  at::DataPtr allocate(size_t n) { return static_cast<const HugePages *>(this)->allocate(n); }
  at::DeleterFnPtr raw_deleter() const override { return base_->raw_deleter(); }
  void copy_data(void *dst, const void *src, size_t n) const { std::memcpy(dst, src, n); } // virtual later

private:
  at::Allocator *base_;
};

// Every step frees and takes again the same few hundred MiB. glibc's defaults give them back to the kernel
// in between, which then clears each page again: 5 to 10 % of a small network's step.
void settle_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20); // the highest it takes
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
  static auto *const pages = new HugePages(c10::GetCPUAllocator()); // tensors may outlive what is static
  c10::SetCPUAllocator(pages);
}

} // namespace

void vg_tensor_threads(int n) {
  settle_memory();
  set_threads(n);
}

const char *vg_torch_version(void) {
  return TORCH_VERSION;
}

size_t vg_tensor_peak_bytes(vg_device d) {
  if (!d.kind) return vg_mem_peak_rss();
  size_t peak = 0;
  guarded("memory", [&] { peak = device_peak(device_of(d)); });
  return peak;
}

size_t vg_tensor_total_bytes(vg_device d) {
  return d.kind ? cuda_bytes(d.index) : 0;
}

bool vg_device_has_bf16(vg_device d) {
  if (!d.kind) return conv_cpu_takes_half();
  return cuda_capability(d.index) >= 8;
}

bool vg_tensor_autotune(bool on) {
  at::Context &context = at::globalContext();
  const bool before = context.benchmarkCuDNN();
  context.setBenchmarkCuDNN(on);
  return before;
}

// ---- uploads while the device computes ----

// The stream of a device for copies from the host.
static c10::Stream copy_stream(at::Device device) {
  static std::mutex mutex;
  static std::map<int, c10::Stream> streams;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = streams.find(device.index());
  if (found != streams.end()) return found->second;
  const c10::impl::VirtualGuardImpl guard(device.type());
  return streams.emplace(device.index(), guard.getStreamFromGlobalPool(device)).first->second;
}

// The device reads pinned memory while the host goes on. Other memory is first copied to pinned memory.
static Tensor upload(const Tensor &host, at::Device device) {
  const Tensor pinned = host.is_pinned() ? host : host.pin_memory();
  const c10::impl::VirtualGuardImpl guard(device.type());
  const c10::Stream computes = guard.getStream(device), copies = copy_stream(device);
  Tensor t;
  c10::Event arrived(device.type());
  {
    const c10::StreamGuard on(copies);
    t = pinned.to(device, /*non_blocking=*/true);
    arrived.record(copies);
  }
  computes.wait(arrived);
  t.record_stream(computes);
  return t;
}

void vg_tensor_load(vg_tensor *t, const float *data) {
  const Timed timed("load");
  guarded("load", [&] {
    TORCH_CHECK(t && data, "operand is NULL");
    at::NoGradGuard off;
    const Tensor host = at::from_blob(const_cast<float *>(data), t->t.sizes(), at::kFloat);
    if (!t->t.is_cuda() && t->t.scalar_type() == at::kFloat)
      t->t = host;
    else if (!t->t.is_cuda())
      t->t.copy_(host);
    else if (cuda_takes(t->t) && t->t.dim() == 5)
      cuda_load(t->t, upload(host, t->t.device()));
    else
      t->t.copy_(upload(host, t->t.device()));
  });
}

void vg_tensor_loads_wait(vg_device d) {
  if (d.kind) guarded("load", [&] { copy_stream(device_of(d)).synchronize(); });
}

void vg_host_pin(void *data, size_t bytes, vg_device d) {
  constexpr unsigned PORTABLE = 1;
  if (d.kind)
    ask_driver(d.index, [&](void *driver, int) {
      const auto pin =
          reinterpret_cast<int (*)(void *, size_t, unsigned)>(dlsym(driver, "cuMemHostRegister_v2"));
      if (pin) pin(data, bytes, PORTABLE);
    });
}

void vg_host_unpin(void *data, vg_device d) {
  if (d.kind)
    ask_driver(d.index, [&](void *driver, int) {
      const auto unpin = reinterpret_cast<int (*)(void *)>(dlsym(driver, "cuMemHostUnregister"));
      if (unpin) unpin(data);
    });
}
