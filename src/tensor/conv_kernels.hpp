// conv_kernels.hpp: the innermost loops of conv_cpu.cpp, once per instruction set.
#ifndef VG_TENSOR_CONV_KERNELS_HPP
#define VG_TENSOR_CONV_KERNELS_HPP
#include <cstdint>

namespace voxgan {

constexpr int LANES = 16;

// Positions (D, H, W) times vectors that are summed in registers. cost: relative time a product.
struct TileShape {
  int q[3];
  int vectors;
  double cost;
};
constexpr int N_TILES = 9;
extern const TileShape tile_shapes[N_TILES];

struct LaneArgs {
  const float *x; // patch at the first position's first tap
  const float *w; // [vector][channel][tap][lane]
  float *sums;    // [position][vector][lane]
  int64_t channels;
  int64_t x_channel, x_plane, x_row; // pitches of the patch
  int64_t q_plane, q_row;            // between positions along D and H
  int64_t w_vector;
  int64_t taps[3];
  bool first; // sums begin at zero
};
using LaneKernel = void (*)(const LaneArgs &);

struct TapArgs {
  const float *x; // patch at the first position's first tap of this plane of taps
  const float *g; // [position][lane]
  float *sums;    // [tap of the plane][lane], added to
  int64_t q[3];   // positions
  int64_t x_row;
  int64_t q_plane, q_row;
  int64_t g_plane, g_row;
};
using TapKernel = void (*)(const TapArgs &);

// Turns a 16 x 16 block: dst[j * pitch + i] = rows[i][j].
using TurnKernel = void (*)(const float *const rows[LANES], float *dst, int64_t pitch);

// Copies rows of n floats.
using CopyKernel = void (*)(const float *src, int64_t src_pitch, float *dst, int64_t dst_pitch, int64_t n,
                            int64_t rows);

struct Kernels {
  LaneKernel lanes[2][N_TILES]; // [stride along W - 1][tile]
  TapKernel taps[2][3][3];      // [stride along W - 1][kernel along H][along W], of 1, 3, 4
  TurnKernel turn;
  CopyKernel copy;
};

// The best that this processor runs.
const Kernels &kernels_here();

} // namespace voxgan
#endif
