// software_kernels.hpp: the kernels of bf16 and of AMX's tiles in plain C++, see software_kernels.cpp.
#ifndef VG_TEST_SOFTWARE_KERNELS_HPP
#define VG_TEST_SOFTWARE_KERNELS_HPP
#include "tensor/conv/kernel/conv_kernels.hpp"
#include <atomic>

namespace voxgan {

// Which of them half_kernels_here() and tile_kernels_here() find.
enum class SoftwareKernels { NONE, PAIRS, TILES };
extern SoftwareKernels software_kernels;

// How often a thread's tiles were opened and closed, and on which call of a product to throw (0: none).
extern std::atomic<int> tiles_opened, tiles_closed, throw_at;

uint16_t to_bf16(float v);
float from_bf16(uint16_t v);

} // namespace voxgan
#endif
