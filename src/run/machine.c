/* machine.c: the device and the threads that a command computes with. */
#include "run/machine.h"
#include "base/limit/memory_limit.h"
#include "base/pool.h"

vg_status vg_machine_open(const char *device, int threads, vg_device *out) {
  const vg_status st = vg_memory_require_space("", 0, threads > 0 ? threads : vg_threads());
  if (st) return st;
  vg_tensor_threads(threads);
  return vg_device_parse(device ? device : "cpu", out);
}
