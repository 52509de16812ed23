// direct_plan.hpp: a direct convolution, forward or its data gradient, as one kind of work: sums at positions
// of stride 1 or 2, with output channels in the lanes of vectors. direct_plan.cpp makes the plan from a
// shape, direct_lanes.cpp arranges its lanes and weights, and direct_simd.cpp or direct_amx.cpp computes it.
//
// lane: one float of a vector; it sums one channel of the output, at one phase of it.
// phase: the outputs of one parity along an axis of stride 2; each is a convolution over half of the taps.
// group: the lanes whose first tap lies at the same voxel of the patch.
// unit: the vectors that one call of a kernel computes, all of one group.
// batch: the units whose sums are kept until all are computed, so that a row of output is written once.
// macro-tile: the positions that one patch serves. micro-tile: those whose sums fit into registers.
#ifndef VG_TENSOR_DIRECT_PLAN_HPP
#define VG_TENSOR_DIRECT_PLAN_HPP
#include "tensor/conv/elements.hpp"
#include "tensor/conv/parallel.hpp"
#include <vector>

namespace voxgan {

struct Lane {
  int64_t channel = -1;          // of the output; -1 pads the vector
  int64_t weight = 0;            // offset of the lane's first weight
  int64_t offset[3] = {};        // output index = position * out_step + offset
  const int64_t *taps = nullptr; // offsets of the tap's weights, in the plan's tap_list; -1 is zero
};

// A group is padded to whole units.
struct Group {
  int64_t shift[3] = {};
  std::vector<Lane> lanes;
};

struct LanePlan {
  int64_t n, channels; // batch, channels summed over
  int64_t in[3], out[3];
  int64_t grid[3];   // positions
  int64_t step[3];   // source voxels between positions
  int64_t origin[3]; // source index of position 0's first tap, at shift 0
  int64_t taps[3];
  int64_t out_step[3];
  int64_t n_weights;       // taps of the kernel, those of all phases
  int64_t weight_step;     // between summed channels
  int64_t alternating = 1; // consecutive groups whose outputs alternate along W
  std::vector<int64_t> tap_list;
  std::vector<Group> groups;

  LanePlan() = default;
  LanePlan(LanePlan &&) = default; // not copied: lanes point into tap_list
};

// Lanes are the channels of y that are wanted.
LanePlan plan_forward(const ConvShape &s, const Planes &y);
// Lanes are the channels of dx that are wanted, at each phase.
LanePlan plan_backward_data(const ConvShape &s, const Planes &dx);

struct Unit {
  const int64_t *shift;
  int64_t vector;
};

// Where lanes go: one row of output a position row, or two that alternate along W.
struct Row {
  int64_t channel;
  int64_t offset[3];   // along W the offset of the first lane
  int64_t lane, other; // of the batch; other is -1 where one lane makes the row
};

struct Batch {
  std::vector<Unit> units;
  std::vector<Row> rows;
};

struct Macro {
  int64_t m[3];     // positions
  int64_t micro[3]; // micro-tiles
  int64_t at[3];    // its first position
};

// A plan's lanes as vectors.
struct LaneVectors {
  std::vector<const Lane *> lane_of; // [vector]: its first lane
  std::vector<Batch> batches;
  int64_t n_batches, units_max; // units_max: units of the largest batch
  int64_t shift_max[3];
};

// Pads the groups to whole units of V vectors, and decides where each lane's sums are written.
LaneVectors make_vectors(LanePlan &p, int64_t V);

// The taps along axis a that one of the q positions from `at` on sees inside the source; at the others all of
// them see zeros.
Range taps_inside(const LanePlan &p, int a, const int64_t *shift, int64_t at, int64_t q);

// The macro-tile number `tile` of tiles[0] x tiles[1] x tiles[2].
Macro macro_at(const Macro &macro, const int64_t tiles[3], int64_t tile);

// How many items one tile's batches are divided into, so that all threads have work.
int64_t splits_of(int64_t n_tiles, int64_t n_batches, int threads);

// Vectors of the same lanes' weights at different taps.
struct SameLanes {
  const Lane *full = nullptr; // the lanes of the first vector that is alike
  struct Member {
    int64_t vector;
    bool alike; // its lanes are full, and have the same taps
  };
  std::vector<Member> vectors;
};
std::vector<SameLanes> same_lanes(const std::vector<const Lane *> &lane_of, int64_t n_weights);
// The weights of one summed channel, which begin at w: turned [weight][lane] of full lanes.
void turn_weights(const Lane *full, const float *w, int64_t n_weights, float *turned);
// The weights of all lanes at tap k: in turned if the lanes are alike, else gathered in own.
const float *weights_at(const Lane *lanes, bool alike, int64_t k, const float *w, const float *turned,
                        float *own);

// y = the plan's sums over x, plus bias. x is (n, channels, in), y (n, output channels, out), w holds
// n_weights floats a pair of channels. direct_simd computes on vectors, in the type of y; direct_amx on AMX
// in bf16, where tile_kernels_here().
void direct_simd(LanePlan &p, const Planes &x, const float *w, const float *bias, const Planes &y,
                 int threads);
void direct_amx(LanePlan &p, const Planes &x, const float *w, const float *bias, const Planes &y,
                int threads);

} // namespace voxgan
#endif
