// state.cpp: what each thread keeps for the shim: its first error, the kernels and the precision that are
// switched on, and whether ATen knows the number of threads. This file needs no other file of the shim.
#include "tensor/shim.hpp"
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sched.h>
#include <string>

namespace voxgan {
namespace {

struct Kept {
  vg_status status = VG_OK;
  std::string text;
};
thread_local Kept kept;

bool says_memory(const char *text) {
  return std::strstr(text, "out of memory") || std::strstr(text, "can't allocate memory") ||
         std::strstr(text, "not enough memory");
}

std::atomic<int> threads_wanted{0};
std::atomic<int> threads_version{1};

int processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set)) return 1;
  const int n = CPU_COUNT(&set);
  return n > 0 ? n : 1;
}

} // namespace

// ---- errors ----

void keep_error(vg_status st, const char *name, const char *text) noexcept {
  if (kept.status) return;
  try {
    const char *end = std::strchr(text, '\n');
    kept.text = std::string(name) + ": " + (end ? std::string(text, end) : std::string(text));
  } catch (...) {
    kept.text.clear();
  }
  kept.status = st;
}

void keep_exception(const char *name) noexcept {
  try {
    throw;
  } catch (const c10::OutOfMemoryError &e) {
    keep_error(VG_MEMORY, name, e.what_without_backtrace());
  } catch (const c10::Error &e) {
    const char *text = e.what_without_backtrace();
    keep_error(says_memory(text) ? VG_MEMORY : VG_FAILED, name, text);
  } catch (const std::bad_alloc &) {
    keep_error(VG_MEMORY, name, "out of memory");
  } catch (const std::exception &e) {
    keep_error(says_memory(e.what()) ? VG_MEMORY : VG_FAILED, name, e.what());
  } catch (...) {
    keep_error(VG_FAILED, name, "unknown exception");
  }
}

void throw_kept() {
  const Kept taken = std::exchange(kept, Kept());
  if (taken.status == VG_MEMORY) TORCH_CHECK_WITH(OutOfMemoryError, false, taken.text);
  TORCH_CHECK(false, taken.text);
  std::abort(); // not reached
}

// ---- devices and threads ----

thread_local bool own_kernels = true;
thread_local bool bf16 = false;

at::Device device_of(vg_device d) {
  return d.kind ? at::Device(at::kCUDA, static_cast<at::DeviceIndex>(d.index)) : at::Device(at::kCPU);
}

// libtorch counts threads per calling thread, and Debian's build begins with one.
void ready() noexcept {
  thread_local int seen = 0;
  const int version = threads_version.load();
  if (seen == version) return;
  seen = version;
  const int wanted = threads_wanted.load();
  guarded("threads", [&] { at::set_num_threads(wanted > 0 ? wanted : processors()); });
}

void set_threads(int n) noexcept {
  threads_wanted.store(n);
  threads_version.fetch_add(1);
  ready();
}

} // namespace voxgan

using namespace voxgan;

vg_status vg_tensor_check(void) {
  if (!kept.status) return VG_OK;
  const vg_status st = vg_fail(kept.status, "%s", kept.text.c_str());
  kept.status = VG_OK;
  kept.text.clear();
  return st;
}

bool vg_tensor_bf16(bool on) {
  const bool before = bf16;
  bf16 = on;
  return before;
}

bool vg_tensor_own_kernels(bool on) {
  const bool before = own_kernels;
  own_kernels = on;
  return before;
}
