// direct_plan.hpp: the direct convolution forward and its data gradient as one: positions of stride 1 or 2
// onto lanes. direct_simd.cpp makes the plans and runs them on vectors, direct_amx.cpp on AMX.
#ifndef VG_TENSOR_DIRECT_PLAN_HPP
#define VG_TENSOR_DIRECT_PLAN_HPP
#include "tensor/conv/patch.hpp"
#include <vector>

namespace voxgan {

struct Lane {
  int64_t channel = -1;          // of the output; -1 pads the vector
  int64_t weight = 0;            // offset of the lane's first weight
  int64_t offset[3] = {};        // output index = position * out_step + offset
  const int64_t *taps = nullptr; // offsets of the tap's weights; -1 is zero
};

// Lanes whose first tap lies at the same place of the patch; they are padded to whole vectors.
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
  int64_t weight_step;     // between summed channels
  int64_t alternating = 1; // consecutive groups whose outputs alternate along W
  std::vector<Group> groups;
};

// Vectors that are computed together, all at one shift.
struct Unit {
  const int64_t *shift;
  int64_t vector;
};

// Where lanes go: one row of output a position row, or two that alternate along W.
struct Row {
  int64_t channel;
  int64_t offset[3];   // along W that of the first
  int64_t lane, other; // of the batch; other -1: there is none
};

// Units whose sums are kept until all are there, so that a row of output is written once and whole.
struct Batch {
  std::vector<Unit> units;
  std::vector<Row> rows;
};

// A macro-tile: what one patch serves.
struct Macro {
  int64_t m[3];     // positions
  int64_t micro[3]; // micro-tiles
  int64_t at[3];    // its first position
};

// Of an axis' taps those that any of q positions from `at` on sees inside the source; the rest see zeros.
Range taps_inside(const LanePlan &p, int a, const int64_t *shift, int64_t at, int64_t q);

// Pads the groups to whole units of V vectors and says where each lane goes. lane_of: of each vector, its
// first lane.
std::vector<Batch> make_batches(LanePlan &p, int64_t V, std::vector<const Lane *> &lane_of);

// Vectors of the same lanes' weights at different taps.
struct SameLanes {
  const Lane *full = nullptr; // of the first vector that is alike
  struct Member {
    int64_t vector;
    bool alike; // its lanes are full, and have the same taps
  };
  std::vector<Member> vectors;
};
std::vector<SameLanes> same_lanes(const std::vector<const Lane *> &lane_of, int64_t n_weights);
// The weights of one summed channel, whose first is at w: turned [weight][lane] of full lanes.
void turn_weights(const Lane *full, const float *w, int64_t n_weights, float *turned);
// Those of all lanes at tap k: in turned where they are alike, else gathered in own.
const float *weights_at(const Lane *lanes, bool alike, int64_t k, const float *w, const float *turned,
                        float *own);

// The same in bf16 as tiles, where tile_kernels_here().
void convolve_tiles(LanePlan &p, const Planes &x, const float *w, int64_t n_weights, const float *bias,
                    const Planes &y, int threads);

} // namespace voxgan
#endif
