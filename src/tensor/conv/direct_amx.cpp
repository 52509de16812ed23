// direct_amx.cpp: the direct convolution forward and its data gradient, in bf16 on AMX; see direct_plan.hpp.
//
// The patch lies with its channels last, [d][h][w][channel]. So the taps along W of all channels are one run
// of memory, and the rows of a tile are such runs of positions, that overlap: nothing is unrolled. Positions
// count on over the ends of rows; those between two rows are computed and left.
#include "tensor/conv/direct_plan.hpp"
#include <iterator>

namespace voxgan {
namespace {

constexpr int64_t L1_WEIGHTS = 24 << 10; // bytes of weights that a pass over a tile should reuse
constexpr int64_t L2_PATCH = 640 << 10;  // bytes of a tile's padded input
constexpr int64_t L2_SUMS = 512 << 10;   // bytes of a tile's sums
constexpr int64_t WIDEST = 80;           // positions of a tile along W
constexpr int64_t GROUP = 8;             // channels, to which a patch is padded

thread_local Buffer thread_sums, thread_turned;

// The sum of a position: rows of taps, each some steps of DEPTH elements of the patch. Where steps do not
// cross taps, those of the same channels follow each other, so that their weights lie close together.
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
                  int64_t n_weights, const float *w, float *packed, int threads) {
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

// A patch with its channels last, its positions counted along W and H as one: at stride 2 the rows of even
// index lie before those of odd index, so that rows of positions follow each other.
struct LastPatch {
  int64_t origin[3], size[3];
  int64_t step_h, channels;
  int64_t row, plane; // in elements
  int64_t row_at(int64_t h) const { return (step_h == 2 ? h % 2 * ceil_div(size[1], 2) + h / 2 : h) * row; }
};

void patch_copy(const LastPatch &p, const std::vector<const uint16_t *> &channels, const int64_t in[3],
                uint16_t *dst) {
  const TileKernels &tiles = *tile_kernels_here();
  int64_t from[3], to[3]; // what of the patch is inside
  for (int a = 0; a < 3; a++) {
    from[a] = std::min(p.size[a], std::max<int64_t>(0, -p.origin[a]));
    to[a] = std::max(from[a], std::min(p.size[a], in[a] - p.origin[a]));
  }
  const auto zero = [&](uint16_t *at, int64_t n) { std::memset(at, 0, static_cast<size_t>(n) * sizeof *at); };
  const int64_t first = from[2] * p.channels, stop = to[2] * p.channels;
  for (int64_t d = 0; d < p.size[0]; d++)
    for (int64_t i = 0; i < p.size[1]; i++) {
      // in the order of memory, for what a row writes too much is zeros
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

// A vector of sums and, where two outputs alternate along W, the one that holds the other.
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

// Rounds a macro-tile's sums, and writes them as rows of output.
void write_sums(const LanePlan &p, const Written &w, const Macro &t, const int64_t count[3], int64_t n,
                const Planes &y, const float *bias, const float *sums, int64_t sums_vector,
                int64_t sums_plane, int64_t across) {
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
      const float *const from = sums + d * sums_plane + h * across * LANES;
      for (int64_t i = first / DEPTH * DEPTH; i < stop; i += DEPTH) {
        const float *const at = from + i / p.out_step[2] * LANES;
        rows.even = at + w.even * sums_vector;
        rows.odd = both ? at + w.odd * sums_vector : rows.even + LANES;
        const int64_t skip = std::max<int64_t>(0, first - i), end = std::min<int64_t>(DEPTH, stop - i);
        tiles.write_lanes(rows, ow + i, ~0u >> (DEPTH - end) & ~0u << skip);
      }
    }
}

// The most even tiles of at most m.
int64_t even_tile(int64_t n, int64_t m) {
  return ceil_div(n, ceil_div(n, m));
}

} // namespace

void convolve_tiles(LanePlan &p, const Planes &x, const float *w, int64_t n_weights, const float *bias,
                    const Planes &y, int threads) {
  const TileKernels &tiles = *tile_kernels_here();
  int64_t V = 2;
  for (const Group &g : p.groups)
    if (ceil_div(static_cast<int64_t>(g.lanes.size()), LANES) % 2) V = 1;
  std::vector<const Lane *> lane_of;
  const std::vector<Batch> batches = make_batches(p, V, lane_of);
  const auto n_batches = static_cast<int64_t>(batches.size());
  std::vector<std::vector<Written>> written;
  for (const Batch &b : batches) written.push_back(written_of(b));
  int64_t shift_max[3] = {}, units_max = 0;
  for (const Batch &b : batches) {
    units_max = std::max(units_max, static_cast<int64_t>(b.units.size()));
    for (const Unit &u : b.units)
      for (int a = 0; a < 3; a++) shift_max[a] = std::max(shift_max[a], u.shift[a]);
  }

  Steps steps;
  steps.channels = ceil_div(p.channels, GROUP) * GROUP;
  steps.a_row = ceil_div(p.taps[2] * steps.channels, DEPTH);
  steps.rows = p.taps[0] * p.taps[1];
  steps.n = steps.rows * steps.a_row;
  Buffer packed;
  const int64_t n_packed = static_cast<int64_t>(lane_of.size()) * steps.n * TILE;
  float *const wp = packed.take(n_packed);
  if (p.taps[2] * p.channels % DEPTH) std::fill_n(wp, n_packed, 0.f);
  pack_weights(p, steps, V, lane_of, n_weights, w, wp, threads);

  // m: positions of a macro-tile; across: those of its row, with what lies between two rows
  Macro macro;
  int64_t(&m)[3] = macro.m;
  m[0] = m[1] = 1;
  m[2] = even_tile(p.grid[2], WIDEST);
  const auto extent = [&](int a) { return (m[a] - 1) * p.step[a] + p.taps[a] + shift_max[a]; };
  const int64_t across = ceil_div(extent(2), p.step[2]);
  const auto blocks_of = [&](int64_t rows) { return ceil_div((rows - 1) * across + m[2], ROWS); };
  for (int a : {1, 0, 1, 0, 1, 0, 1, 0, 1, 0}) {
    const int64_t before = m[a];
    m[a] = std::min(p.grid[a], 2 * m[a]);
    if (units_max * V * m[0] * blocks_of(m[1]) * TILE * 4 > L2_SUMS ||
        extent(0) * extent(1) * across * p.step[2] * steps.channels * 2 > L2_PATCH)
      m[a] = before;
  }
  int64_t n_tiles[3];
  for (int a = 0; a < 3; a++) {
    m[a] = even_tile(p.grid[a], m[a]);
    n_tiles[a] = ceil_div(p.grid[a], m[a]);
  }
  LastPatch patch;
  for (int a = 0; a < 3; a++) patch.size[a] = extent(a);
  patch.step_h = p.step[1];
  patch.channels = steps.channels;
  patch.row = across * p.step[2] * steps.channels;
  patch.plane = patch.size[1] * patch.row;
  const int64_t blocks = blocks_of(m[1]);
  // what the last block's positions see beyond the patch, and what a row's copy writes too much
  const int64_t slack = (ROWS * p.step[2] + p.taps[2] + 8) * steps.channels + DEPTH,
                n_patch = patch.size[0] * patch.plane;
  std::vector<PositionStep> all_steps(static_cast<size_t>(steps.n));
  for (int64_t r = 0; r < steps.rows; r++)
    for (int64_t i = 0; i < steps.a_row; i++) {
      const int64_t plane = r / p.taps[1], at = steps.at(r, i);
      all_steps[static_cast<size_t>(at)] = {plane * patch.plane + patch.row_at(r % p.taps[1]) + i * DEPTH,
                                            at * V * TILE, plane};
    }

  const int64_t items = p.n * volume_of(n_tiles);
  const int64_t splits = items < 3 * threads ? std::min(n_batches, ceil_div(3 * threads, items)) : 1;
  const int64_t slice = std::max<int64_t>(1, L1_WEIGHTS / (V * TILE * 4));
  const int64_t sums_vector = m[0] * blocks * TILE;

  parallel_items(items * splits, threads, [&](int64_t item) {
    const int64_t split = item % splits, tile = item / splits % volume_of(n_tiles),
                  n = item / splits / volume_of(n_tiles);
    Macro here = macro;
    here.at[0] = tile / (n_tiles[1] * n_tiles[2]) * m[0];
    here.at[1] = tile / n_tiles[2] % n_tiles[1] * m[1];
    here.at[2] = tile % n_tiles[2] * m[2];
    int64_t count[3]; // positions that are there
    LastPatch from = patch;
    for (int a = 0; a < 3; a++) {
      from.origin[a] = p.origin[a] + here.at[a] * p.step[a];
      count[a] = std::min(m[a], p.grid[a] - here.at[a]);
    }
    std::vector<const uint16_t *> channels(static_cast<size_t>(steps.channels), nullptr);
    for (int64_t c = 0; c < p.channels; c++)
      channels[static_cast<size_t>(c)] = plane_of<Half>(x, n, c, volume_of(p.in));
    auto *const px = thread_patch.take<uint16_t>(n_patch + slack);
    std::fill_n(px + n_patch, slack, uint16_t{0});
    patch_copy(from, channels, p.in, px);
    float *const sums = thread_sums.take(units_max * V * sums_vector + 2 * TILE); // write_lanes reads on

    std::vector<PositionStep> seen;
    PositionArgs args;
    args.x_step = p.step[2] * steps.channels;
    args.sums_vector = sums_vector;
    args.blocks = ceil_div((count[1] - 1) * across + count[2], ROWS);
    const OpenTiles open(tiles);
    for (int64_t i = split * n_batches / splits; i < (split + 1) * n_batches / splits; i++) {
      const Batch &batch = batches[static_cast<size_t>(i)];
      const auto n_units = static_cast<int64_t>(batch.units.size());
      for (int64_t u = 0; u < n_units; u++) {
        const Unit &unit = batch.units[static_cast<size_t>(u)];
        const uint16_t *const at =
            px + unit.shift[0] * patch.plane + unit.shift[1] * patch.row + unit.shift[2] * patch.channels;
        for (int64_t s = 0; s < steps.n; s += slice) {
          args.first = s == 0;
          args.w = wp + unit.vector * steps.n * TILE;
          for (int64_t d = 0; d < count[0]; d++) {
            const Range planes = taps_inside(p, 0, unit.shift, here.at[0] + d, 1);
            args.steps = all_steps.data() + s;
            args.n_steps = std::min(slice, steps.n - s);
            if (planes.to - planes.from < p.taps[0]) {
              seen.clear();
              std::copy_if(
                  args.steps, args.steps + args.n_steps, std::back_inserter(seen),
                  [&](const PositionStep &k) { return k.plane >= planes.from && k.plane < planes.to; });
              if (seen.empty() && !args.first) continue;
              args.steps = seen.data();
              args.n_steps = static_cast<int64_t>(seen.size());
            }
            args.x = at + d * p.step[0] * patch.plane;
            args.sums = sums + u * V * sums_vector + d * blocks * TILE;
            tiles.positions[V - 1](args);
          }
        }
      }
      for (const Written &turned : written[static_cast<size_t>(i)])
        write_sums(p, turned, here, count, n, y, bias, sums, sums_vector, blocks * TILE, across);
    }
  });
}

} // namespace voxgan
