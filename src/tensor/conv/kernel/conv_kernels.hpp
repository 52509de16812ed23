// conv_kernels.hpp: the innermost loops of the convolutions, once for each instruction set.
#ifndef VG_TENSOR_CONV_KERNELS_HPP
#define VG_TENSOR_CONV_KERNELS_HPP
#include <cstdint>

namespace voxgan {

// The highest level that this processor has and ATEN_CPU_CAPABILITY allows: 0 none, 1 AVX2, 2 AVX-512, 3 AMX.
int simd_level();

constexpr int LANES = 16;

// A micro-tile: positions (D, H, W) times vectors whose sums fit into registers. cost: relative time a
// product.
struct TileShape {
  int q[3];
  int vectors;
  double cost;
};
constexpr int N_TILES = 10;
extern const TileShape tile_shapes[N_TILES];

struct LaneArgs {
  const void *x;  // patch at the first position's first tap: floats, or bf16
  const float *w; // [vector][channel][tap][lane]; bf16: two taps along W in each
  float *sums;    // [position][vector][lane]
  int64_t channels;
  int64_t x_channel, x_plane, x_row; // pitches of the patch
  int64_t q_plane, q_row;            // between positions along D and H
  int64_t w_vector;
  int64_t taps[3];            // a box of taps that begins at x and w; in bf16 pairs along W
  int64_t w_plane, w_channel; // weights to skip after a plane, and after a channel
  bool first;                 // sums begin at zero
};
using LaneKernel = void (*)(const LaneArgs &);

struct TapArgs {
  const void *x;  // patch at the first position's first tap of this plane of taps: floats, or bf16
  const float *g; // [position][lane]; bf16: two positions along W in each
  float *sums;    // [tap of the plane][lane], added to
  int64_t q[3];   // positions; in bf16 pairs along W
  int64_t x_odd;  // bf16 at stride 2: from the voxels of even index along W to those of odd index
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

// sums (rows, LANES) = left (rows, steps) . right (steps, LANES), or is added to sums.
struct MatrixArgs {
  const float *left, *right;
  float *sums;
  int64_t left_row, right_step, sums_row; // pitches
  int64_t rows, steps;
  bool first; // sums begin at zero
};
using MatrixKernel = void (*)(const MatrixArgs &);

struct Kernels {
  LaneKernel lanes[2][N_TILES]; // [stride along W - 1][tile]
  TapKernel taps[2][3][3];      // [stride along W - 1][kernel along H][along W], of 1, 3, 4
  TurnKernel turn;
  CopyKernel copy;
  MatrixKernel product;
};

using HalfCopyKernel = void (*)(const uint16_t *src, int64_t src_pitch, uint16_t *dst, int64_t dst_pitch,
                                int64_t n, int64_t rows);

// bf16 is stored as the upper halves of floats. A product takes pairs, and sums are fp32.
struct HalfKernels {
  LaneKernel lanes[2][N_TILES];
  TapKernel taps[2][3][3];
  HalfCopyKernel copy;
  // dst[i] = a[i] + bias
  void (*round)(const float *a, float bias, uint16_t *dst, int64_t n);
  // dst[2 i] = a[i] + bias, dst[2 i + 1] = b[i] + bias
  void (*round_pairs)(const float *a, const float *b, float bias, uint16_t *dst, int64_t n);
  // For n pairs of rows of LANES weights: dst[i][2 l] = rows[2 i][l], dst[i][2 l + 1] = rows[2 i + 1][l].
  void (*weights)(const float *const *rows, int64_t n, float *dst);
  // even[i] = src[2 i], odd[i] = src[2 i + 1], for i < n
  void (*part)(const uint16_t *src, uint16_t *even, uint16_t *odd, int64_t n);
};
// NULL if the processor has no instruction for it.
const HalfKernels *half_kernels_here();

// AMX multiplies tiles of bf16: 16 rows of 32 elements with 32 x LANES, in pairs of rows, onto 16 x LANES
// floats.
constexpr int ROWS = 16, DEPTH = 32;
constexpr int TILE = ROWS * LANES; // floats, of sums or of pairs

// A step of a sum: DEPTH elements of the patch from x on, and their weights [vector][pair][lane] from w on.
struct PositionStep {
  int64_t x, w;
  int64_t plane; // of taps that the elements belong to
};

// The rows of a tile are positions, and the sum follows the order of the patch: [d][h][w][channel].
struct PositionArgs {
  const uint16_t *x; // patch at the first position
  int64_t x_step;    // between positions
  const PositionStep *steps;
  int64_t n_steps;
  const float *w;
  float *sums; // [vector][position][lane]
  int64_t sums_vector;
  int64_t blocks; // of ROWS positions
  bool first;     // sums begin at zero
};
using PositionKernel = void (*)(const PositionArgs &);

// The rows of a tile are voxels of one channel (or of one channel and tap along H), and the sum runs over
// positions.
struct VoxelArgs {
  const uint16_t *x;
  int64_t x_row;        // between the rows of a tile
  const int64_t *tiles; // offsets of a plane of taps' tiles
  int64_t n_tiles;
  const int64_t *x_runs, *g_runs; // offsets of runs of positions
  int64_t n_runs, depth;          // of each, in DEPTH positions
  const float *g;                 // [vector][pair of positions][lane]
  int64_t g_vector;
  float *sums; // [vector][tile][row][lane]
  int64_t sums_vector;
  bool first;
};
using VoxelKernel = void (*)(const VoxelArgs &);

// LANES rows of output. Of 32 elements the even ones come from `even`, the odd ones from `odd`.
struct LaneRows {
  const float *even, *odd; // [element / 2][lane]
  int64_t step;            // between their elements
  int32_t partner[LANES];  // the lane of odd
  float bias[LANES];
  uint16_t *to[LANES]; // NULL: none
};

// Products of matrices that are stored as tiles, one after another along the sum: one block by up to four.
struct ProductArgs {
  const uint16_t *one, *many;
  int64_t many_block; // in elements
  int64_t n_many, n_steps;
  float *sums;
  int64_t sums_row, sums_block; // in floats: between rows of a tile, between blocks
  bool first;                   // sums begin at zero
};
using ProductKernel = void (*)(const ProductArgs &);

struct TileKernels {
  PositionKernel positions[2]; // for 1 and 2 vectors
  VoxelKernel voxels[2];
  ProductKernel by_right, by_left; // `many` is on the right of the product, or on its left
  // dst[step][row][DEPTH] of 16 rows, `pitch` apart; dst[block][step][pair of rows][16][2] of DEPTH rows a
  // step
  void (*round_left)(const float *src, int64_t pitch, int64_t steps, uint16_t *dst);
  void (*round_right)(const float *src, int64_t pitch, int64_t blocks, int64_t steps, uint16_t *dst);
  // Configures and releases a thread's tiles, for the kernels above; called by OpenTiles alone.
  void (*open)();
  void (*close)();
  // dst[i][c] = channels[c][from + i] for i < n and c < 8 groups; 0 for NULL. Rounds n up to 8, with zeros.
  void (*channels_last)(const uint16_t *const *channels, int64_t groups, int64_t from, int64_t n,
                        uint16_t *dst, int64_t pitch);
  // dst[i][2 l] = even[i][l], dst[i][2 l + 1] = odd[i][l], rounded
  void (*pair_weights)(const float *const *even, const float *const *odd, float *const *dst, int64_t n);
  // Writes to[l][from + i] for the elements i whose bit of wanted is set.
  void (*write_lanes)(const LaneRows &rows, int64_t from, uint32_t wanted);
  // even[i] = x[2 i - before], odd[i] = x[2 i + 1 - before], for i < pairs; x is 0 outside of the n of src
  void (*part_row)(const uint16_t *src, int64_t n, int64_t before, int64_t pairs, uint16_t *even,
                   uint16_t *odd);
};
// A thread's tiles, open for its lifetime: an exception closes them too.
class OpenTiles {
public:
  explicit OpenTiles(const TileKernels &tiles) : close_(tiles.close) { tiles.open(); }
  ~OpenTiles() { close_(); }
  OpenTiles(const OpenTiles &) = delete;
  OpenTiles &operator=(const OpenTiles &) = delete;

private:
  void (*const close_)();
};
// NULL if the processor has no tiles, or the system does not let this process use them.
const TileKernels *tile_kernels_here();

// The best that this processor runs.
const Kernels &kernels_here();

} // namespace voxgan
#endif
