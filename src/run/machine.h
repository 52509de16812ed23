/* machine.h: the device and the threads that a command computes with. */
#ifndef VG_RUN_MACHINE_H
#define VG_RUN_MACHINE_H
#include "tensor/tensor.h"
#include "voxgan/status.h"

/* Checks that libtorch's threads fit into the address space, starts them, and finds the device (NULL: "cpu").
 * threads <= 0: those of the pool. Its order matters: threads that do not fit wait for ever. */
vg_status vg_machine_open(const char *device, int threads, vg_device *out);

#endif
