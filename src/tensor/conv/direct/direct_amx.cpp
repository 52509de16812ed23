// direct_amx.cpp: computes the plan of a direct convolution in bf16 on AMX; see direct_plan.hpp.
//
// The patch has its channels last, [d][h][w][channel]. The taps along W of all channels are then one run of
// memory. Each row of an AMX tile is such a run, one a position, and runs of neighbours overlap: nothing is
// unrolled. Positions are numbered across the ends of rows. The positions between two rows are computed and
// not written.
//
// A thread takes a macro-tile: it copies a patch (load_patch), computes a batch of units at all positions
// (sum_unit), and writes the rows of output that the batch makes (write_sums). Weights are packed once,
// before the first tile (pack_weights).
#include "tensor/conv/direct/direct_plan.hpp"
#include "tensor/conv/patch.hpp"
#include <iterator>

namespace voxgan {
namespace {

constexpr int64_t L1_WEIGHTS = 24 << 10; // bytes of weights that a pass over a tile reuses
constexpr int64_t L2_PATCH = 640 << 10;  // bytes of a tile's padded input
constexpr int64_t L2_SUMS = 512 << 10;   // bytes of a tile's sums
constexpr int64_t WIDEST = 80;           // positions of a tile along W
constexpr int64_t GROUP = 8;             // channels, to which a patch is padded

thread_local Buffer thread_sums, thread_turned;

// The sum of a position: rows of taps, each of a_row steps of DEPTH elements of the patch. If steps do not
// cross taps, the steps of the same channels follow each other, so that their weights lie close together.
struct Steps {
  int64_t channels; // padded
  int64_t rows, a_row, n;
  int64_t at(int64_t row, int64_t i) const {
    const int64_t blocks = channels % DEPTH ? 1 : channels / DEPTH, a_block = a_row / blocks;
    return i % blocks * rows * a_block + row * a_block + i / blocks;
  }
};

// Weights as [vectors / V][step][V][pair][lane].
void pack_weights(const LanePlan &p, const Steps &steps, int64_t V, const std::vector<const Lane *> &lane_of,
                  const float *w, float *packed, int threads) {
  const int64_t n_weights = p.n_weights;
  const TileKernels &tiles = *tile_kernels_here();
  const std::vector<SameLanes> sets = same_lanes(lane_of, n_weights);
  const int64_t n_taps = volume_of(p.taps);
  const int hands = static_cast<int64_t>(lane_of.size()) * steps.n * TILE < SMALL ? 1 : threads;
  const int64_t an_item = p.channels < 4 * DEPTH ? GROUP : DEPTH;
  parallel_items(ceil_div(p.channels, an_item), hands, [&](int64_t item) {
    float *const turned = thread_turned.take(2 * n_weights * LANES);
    float gathered[2][64][LANES];
    const float *rows[2][64];
    float *dst[64];
    for (const SameLanes &set : sets) // channels of a lane follow each other in memory
      for (int64_t c = an_item * item; c < std::min(p.channels, an_item * (item + 1)); c += 2) {
        const float *const from[2] = {w + c * p.weight_step, w + (c + 1) * p.weight_step};
        const int64_t n_here = std::min<int64_t>(2, p.channels - c);
        for (int64_t e = 0; set.full && e < n_here; e++)
          turn_weights(set.full, from[e], n_weights, turned + e * n_weights * LANES);
        for (const SameLanes::Member &m : set.vectors) {
          for (int64_t k = 0; k < n_taps; k++) {
            for (int64_t e = 0; e < n_here; e++)
              rows[e][k] = weights_at(lane_of[static_cast<size_t>(m.vector)], m.alike, k, from[e],
                                      turned + e * n_weights * LANES, gathered[e][k]);
            if (n_here < 2)
              rows[1][k] = static_cast<const float *>(std::memset(gathered[1][k], 0, sizeof gathered[1][k]));
            const int64_t at = k % p.taps[2] * steps.channels + c, step = steps.at(k / p.taps[2], at / DEPTH);
            dst[k] =
                packed + ((m.vector / V * steps.n + step) * V + m.vector % V) * TILE + at % DEPTH / 2 * LANES;
          }
          tiles.pair_weights(rows[0], rows[1], dst, n_taps);
        }
      }
  });
}

// A patch with its channels last, whose positions are numbered along W and H as one. At stride 2 the rows of
// even index lie before those of odd index, so that rows of positions follow each other.
struct LastPatch {
  int64_t origin[3], size[3];
  int64_t step_h, channels;
  int64_t row, plane; // in elements
  int64_t row_at(int64_t h) const { return (step_h == 2 ? h % 2 * ceil_div(size[1], 2) + h / 2 : h) * row; }
};

void patch_copy(const LastPatch &p, const std::vector<const uint16_t *> &channels, const int64_t in[3],
                uint16_t *dst) {
  const TileKernels &tiles = *tile_kernels_here();
  int64_t from[3], to[3]; // the part of the patch inside the volume
  for (int a = 0; a < 3; a++) {
    from[a] = std::min(p.size[a], std::max<int64_t>(0, -p.origin[a]));
    to[a] = std::max(from[a], std::min(p.size[a], in[a] - p.origin[a]));
  }
  const auto zero = [&](uint16_t *at, int64_t n) { std::memset(at, 0, static_cast<size_t>(n) * sizeof *at); };
  const int64_t first = from[2] * p.channels, stop = to[2] * p.channels;
  for (int64_t d = 0; d < p.size[0]; d++)
    for (int64_t i = 0; i < p.size[1]; i++) {
      // in the order of memory, for a row's copy ends with zeros that the next row overwrites
      const int64_t half = ceil_div(p.size[1], 2), h = p.step_h == 1 ? i
                                                       : i < half    ? 2 * i
                                                                     : 2 * (i - half) + 1;
      uint16_t *const to_row = dst + d * p.plane + p.row_at(h);
      if (d < from[0] || d >= to[0] || h < from[1] || h >= to[1] || first == stop) {
        zero(to_row, p.row);
        continue;
      }
      const int64_t at = ((d + p.origin[0]) * in[1] + h + p.origin[1]) * in[2] + from[2] + p.origin[2];
      zero(to_row, first);
      zero(to_row + stop, p.row - stop);
      tiles.channels_last(channels.data(), p.channels / GROUP, at, to[2] - from[2], to_row + first,
                          p.channels);
    }
}

// The vector of sums of some rows of output and, if two outputs alternate along W, the vector of the other.
struct Written {
  int64_t even, odd;
  std::vector<Row> rows;
};

std::vector<Written> written_of(const Batch &b) {
  std::vector<Written> all;
  for (const Row &r : b.rows) {
    const int64_t even = r.lane / LANES, odd = r.other < 0 ? even : r.other / LANES;
    const auto same = [&](const Written &w) {
      return w.even == even && w.odd == odd && w.rows[0].offset[2] == r.offset[2];
    };
    auto w = std::find_if(all.begin(), all.end(), same);
    if (w == all.end()) w = all.insert(w, Written{even, odd, {}});
    w->rows.push_back(r);
  }
  return all;
}

// Where a macro-tile's sums [unit][vector][d][position][lane] lie; a position's number is h * across + w.
struct SumsLayout {
  int64_t vector, plane; // floats between vectors, and between planes d
  int64_t across;        // positions of a row, with those between two rows
};

// Rounds the sums of a macro-tile with count positions, and writes them as rows of output.
void write_sums(const LanePlan &p, const Written &w, const Macro &t, const int64_t count[3], int64_t n,
                const Planes &y, const float *bias, const float *sums, const SumsLayout &layout) {
  const TileKernels &tiles = *tile_kernels_here();
  const bool both = p.out_step[2] == 2;
  const int64_t ow = t.at[2] * p.out_step[2] + w.rows[0].offset[2], first = std::max<int64_t>(0, -ow),
                stop = std::min(count[2] * p.out_step[2], p.out[2] - ow);
  LaneRows rows = {};
  rows.step = both ? LANES : 2 * LANES;
  for (int l = 0; l < LANES; l++) rows.partner[l] = l;
  uint16_t *plane[LANES] = {};
  for (const Row &r : w.rows) {
    const int64_t l = r.lane % LANES;
    if (both) rows.partner[l] = static_cast<int32_t>(r.other % LANES);
    if (bias) rows.bias[l] = bias[r.channel];
    plane[l] = plane_of<Half>(y, n, r.channel, volume_of(p.out));
  }
  for (int64_t d = 0; d < count[0]; d++)
    for (int64_t h = 0; h < count[1]; h++) {
      for (const Row &r : w.rows) {
        const int64_t od = (t.at[0] + d) * p.out_step[0] + r.offset[0],
                      oh = (t.at[1] + h) * p.out_step[1] + r.offset[1];
        const bool inside = od >= 0 && od < p.out[0] && oh >= 0 && oh < p.out[1];
        rows.to[r.lane % LANES] = inside ? plane[r.lane % LANES] + (od * p.out[1] + oh) * p.out[2] : nullptr;
      }
      const float *const from = sums + d * layout.plane + h * layout.across * LANES;
      for (int64_t i = first / DEPTH * DEPTH; i < stop; i += DEPTH) {
        const float *const at = from + i / p.out_step[2] * LANES;
        rows.even = at + w.even * layout.vector;
        rows.odd = both ? at + w.odd * layout.vector : rows.even + LANES;
        const int64_t skip = std::max<int64_t>(0, first - i), end = std::min<int64_t>(DEPTH, stop - i);
        tiles.write_lanes(rows, ow + i, ~0u >> (DEPTH - end) & ~0u << skip);
      }
    }
}

// The size, at most m, of tiles of about the same size that cover n.
int64_t even_tile(int64_t n, int64_t m) {
  return ceil_div(n, ceil_div(n, m));
}

// What the tiles of a call have in common.
struct Work {
  int64_t V; // vectors of a unit
  LaneVectors vectors;
  std::vector<std::vector<Written>> written; // [batch]
  Steps steps;
  Buffer packed;
  const float *weights; // [unit][step][vector][pair][lane], packed
  Macro macro;          // without its first position
  int64_t tiles[3];     // macro-tiles along D, H, W
  LastPatch patch;      // without its origin
  int64_t slack;        // elements behind the patch that are read or written, and have no meaning
  std::vector<PositionStep> all_steps; // of one sum
  int64_t slice;                       // steps whose weights a pass over a tile reuses
  SumsLayout sums;
};

// Doubles the macro-tile along H and D while its sums and its patch stay small, and lays out both.
void choose_macro(const LanePlan &p, Work &k) {
  int64_t(&m)[3] = k.macro.m;
  m[0] = m[1] = 1;
  m[2] = even_tile(p.grid[2], WIDEST);
  const auto extent = [&](int a) { return (m[a] - 1) * p.step[a] + p.taps[a] + k.vectors.shift_max[a]; };
  const int64_t across = ceil_div(extent(2), p.step[2]);
  const auto blocks_of = [&](int64_t rows) { return ceil_div((rows - 1) * across + m[2], ROWS); };
  for (int a : {1, 0, 1, 0, 1, 0, 1, 0, 1, 0}) {
    const int64_t before = m[a];
    m[a] = std::min(p.grid[a], 2 * m[a]);
    if (k.vectors.units_max * k.V * m[0] * blocks_of(m[1]) * TILE * 4 > L2_SUMS ||
        extent(0) * extent(1) * across * p.step[2] * k.steps.channels * 2 > L2_PATCH)
      m[a] = before;
  }
  for (int a = 0; a < 3; a++) {
    m[a] = even_tile(p.grid[a], m[a]);
    k.tiles[a] = ceil_div(p.grid[a], m[a]);
    k.patch.size[a] = extent(a);
  }
  k.patch.step_h = p.step[1];
  k.patch.channels = k.steps.channels;
  k.patch.row = across * p.step[2] * k.steps.channels;
  k.patch.plane = k.patch.size[1] * k.patch.row;
  // The last block's positions see voxels beyond the patch, and a row's copy ends with zeros.
  k.slack = (ROWS * p.step[2] + p.taps[2] + 8) * k.steps.channels + DEPTH;
  k.sums.plane = blocks_of(m[1]) * TILE;
  k.sums.vector = m[0] * k.sums.plane;
  k.sums.across = across;
}

// The steps of a sum, in the order of the packed weights: where each begins in the patch and in the weights.
std::vector<PositionStep> steps_of(const LanePlan &p, const Work &k) {
  std::vector<PositionStep> all(static_cast<size_t>(k.steps.n));
  for (int64_t r = 0; r < k.steps.rows; r++)
    for (int64_t i = 0; i < k.steps.a_row; i++) {
      const int64_t plane = r / p.taps[1], at = k.steps.at(r, i);
      all[static_cast<size_t>(at)] = {plane * k.patch.plane + k.patch.row_at(r % p.taps[1]) + i * DEPTH,
                                      at * k.V * TILE, plane};
    }
  return all;
}

Work prepare(LanePlan &p, const float *w, int threads) {
  Work k = {};
  k.V = 2;
  for (const Group &g : p.groups)
    if (ceil_div(static_cast<int64_t>(g.lanes.size()), LANES) % 2) k.V = 1;
  k.vectors = make_vectors(p, k.V);
  for (const Batch &b : k.vectors.batches) k.written.push_back(written_of(b));
  k.steps.channels = ceil_div(p.channels, GROUP) * GROUP;
  k.steps.a_row = ceil_div(p.taps[2] * k.steps.channels, DEPTH);
  k.steps.rows = p.taps[0] * p.taps[1];
  k.steps.n = k.steps.rows * k.steps.a_row;
  const int64_t n_packed = static_cast<int64_t>(k.vectors.lane_of.size()) * k.steps.n * TILE;
  float *const packed = k.packed.take(n_packed);
  if (p.taps[2] * p.channels % DEPTH) std::fill_n(packed, n_packed, 0.f);
  pack_weights(p, k.steps, k.V, k.vectors.lane_of, w, packed, threads);
  k.weights = packed;
  choose_macro(p, k);
  k.all_steps = steps_of(p, k);
  k.slice = std::max<int64_t>(1, L1_WEIGHTS / (k.V * TILE * 4));
  return k;
}

// Copies what the macro-tile sees of sample n into this thread's patch [d][h][w][channel].
const uint16_t *load_patch(const LanePlan &p, const Work &k, const Planes &x, int64_t n, const Macro &here) {
  LastPatch from = k.patch;
  for (int a = 0; a < 3; a++) from.origin[a] = p.origin[a] + here.at[a] * p.step[a];
  std::vector<const uint16_t *> channels(static_cast<size_t>(k.steps.channels), nullptr);
  for (int64_t c = 0; c < p.channels; c++)
    channels[static_cast<size_t>(c)] = plane_of<Half>(x, n, c, volume_of(p.in));
  const int64_t n_patch = k.patch.size[0] * k.patch.plane;
  auto *const px = thread_patch.take<uint16_t>(n_patch + k.slack);
  std::fill_n(px + n_patch, k.slack, uint16_t{0});
  patch_copy(from, channels, p.in, px);
  return px;
}

// One unit at count positions of a macro-tile, a slice of steps at a time and plane by plane, into sums
// [vector][d][position][lane]. Steps whose plane of taps lies outside of the volume are skipped; seen is room
// for those that remain. The thread's tiles are open.
void sum_unit(const LanePlan &p, const Work &k, const Macro &here, const int64_t count[3], const uint16_t *px,
              const Unit &unit, float *sums, std::vector<PositionStep> &seen) {
  const TileKernels &tiles = *tile_kernels_here();
  PositionArgs args;
  args.x_step = p.step[2] * k.steps.channels;
  args.sums_vector = k.sums.vector;
  args.blocks = ceil_div((count[1] - 1) * k.sums.across + count[2], ROWS);
  args.w = k.weights + unit.vector * k.steps.n * TILE;
  const uint16_t *const at =
      px + unit.shift[0] * k.patch.plane + unit.shift[1] * k.patch.row + unit.shift[2] * k.patch.channels;
  for (int64_t s = 0; s < k.steps.n; s += k.slice) {
    args.first = s == 0;
    for (int64_t d = 0; d < count[0]; d++) {
      const Range planes = taps_inside(p, 0, unit.shift, here.at[0] + d, 1);
      args.steps = k.all_steps.data() + s;
      args.n_steps = std::min(k.slice, k.steps.n - s);
      if (planes.to - planes.from < p.taps[0]) {
        seen.clear();
        std::copy_if(args.steps, args.steps + args.n_steps, std::back_inserter(seen),
                     [&](const PositionStep &i) { return i.plane >= planes.from && i.plane < planes.to; });
        if (seen.empty() && !args.first) continue;
        args.steps = seen.data();
        args.n_steps = static_cast<int64_t>(seen.size());
      }
      args.x = at + d * p.step[0] * k.patch.plane;
      args.sums = sums + d * k.sums.plane;
      tiles.positions[k.V - 1](args);
    }
  }
}

} // namespace

void direct_amx(LanePlan &p, const Planes &x, const float *w, const float *bias, const Planes &y,
                int threads) {
  const Work k = prepare(p, w, threads);
  const int64_t n_tiles = volume_of(k.tiles), n_batches = k.vectors.n_batches,
                splits = splits_of(p.n * n_tiles, n_batches, threads);
  parallel_items(p.n * n_tiles * splits, threads, [&](int64_t item) {
    const int64_t split = item % splits, tile = item / splits % n_tiles, n = item / splits / n_tiles;
    const Macro here = macro_at(k.macro, k.tiles, tile);
    int64_t count[3]; // positions inside the grid
    for (int a = 0; a < 3; a++) count[a] = std::min(here.m[a], p.grid[a] - here.at[a]);
    const uint16_t *const px = load_patch(p, k, x, n, here);
    const int64_t a_unit = k.V * k.sums.vector;
    float *const sums = thread_sums.take(k.vectors.units_max * a_unit + 2 * TILE); // write_lanes reads on
    std::vector<PositionStep> seen;
    const OpenTiles open(*tile_kernels_here());
    for (int64_t i = split * n_batches / splits; i < (split + 1) * n_batches / splits; i++) {
      float *to = sums;
      for (const Unit &unit : k.vectors.batches[static_cast<size_t>(i)].units) {
        sum_unit(p, k, here, count, px, unit, to, seen);
        to += a_unit;
      }
      for (const Written &rows : k.written[static_cast<size_t>(i)])
        write_sums(p, rows, here, count, n, y, bias, sums, k.sums);
    }
  });
}

} // namespace voxgan
