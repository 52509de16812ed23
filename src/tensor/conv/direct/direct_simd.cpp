// direct_simd.cpp: computes the plan of a direct convolution on vectors; see direct_plan.hpp.
//
// A thread takes a macro-tile: it copies the voxels that the tile sees into a patch (load_patch), computes a
// batch of units at all positions (sum_unit), and writes the rows of output that the batch makes
// (write_batch). Weights are packed once, before the first tile (pack_weights).
#include "tensor/conv/direct/direct_plan.hpp"
#include "tensor/conv/patch.hpp"
#include <limits>

namespace voxgan {
namespace {

constexpr int64_t L1_WEIGHTS = 20 << 10; // bytes of weights that a pass over a tile reuses
// Bytes of a tile's padded input. It is read once for each vector, so it need not stay in the first-level
// cache: larger tiles mean that fewer tiles read all the weights.
constexpr int64_t PATCH = 1 << 20;
constexpr int64_t TILE_SUMS = 1024; // vectors of sums a tile

// A thread's sums and turned rows, which it keeps as it keeps its patch.
thread_local Buffer thread_sums, thread_turned;

// The micro-tile with the least wasted work; ties go to the wider one.
int choose_tile(const LanePlan &p) {
  int best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < N_TILES; i++) {
    const TileShape &t = tile_shapes[i];
    double cost = 0;
    for (const Group &g : p.groups) {
      const int64_t vectors = ceil_div(static_cast<int64_t>(g.lanes.size()), LANES);
      auto products = static_cast<double>(ceil_div(vectors, t.vectors) * t.vectors);
      for (int a = 0; a < 2; a++) {
        int64_t taps = 0;
        for (int64_t at = 0; at < p.grid[a]; at += t.q[a]) {
          const Range inside = taps_inside(p, a, g.shift, at, t.q[a]);
          taps += inside.to - inside.from;
        }
        products *= static_cast<double>(taps * t.q[a]);
      }
      cost += products;
    }
    cost *= static_cast<double>(ceil_div(p.grid[2], t.q[2]) * t.q[2]) * t.cost;
    if (cost < least * 0.999) {
      least = cost;
      best = i;
    }
  }
  return best;
}

// The products along W that this many taps take.
template <class E> int64_t products(int64_t taps) {
  return ceil_div(taps, E::PAIR);
}

// Weights as [vector][channel][product][lane].
template <class E>
void pack_weights(const LanePlan &p, const std::vector<const Lane *> &lane_of, const float *w, float *packed,
                  int threads) {
  const int64_t wide = products<E>(p.taps[2]), n_products = p.taps[0] * p.taps[1] * wide,
                w_vector = p.channels * n_products * LANES, n_weights = p.n_weights;
  const std::vector<SameLanes> sets = same_lanes(lane_of, n_weights);
  const int hands = static_cast<int64_t>(lane_of.size()) * w_vector < SMALL ? 1 : threads;
  parallel_items(ceil_div(p.channels, 4), hands, [&](int64_t item) {
    float *const turned = thread_turned.take(n_weights * LANES);
    static const float zeros[LANES] = {};
    constexpr int64_t MOST = 64 * E::PAIR; // taps of a kernel, at worst one in each pair
    const float *rows[MOST];
    float gathered[MOST][LANES];
    for (const SameLanes &set : sets) // channels of a lane follow each other in memory
      for (int64_t c = 4 * item; c < std::min(p.channels, 4 * item + 4); c++) {
        const float *const from = w + c * p.weight_step;
        if (set.full) turn_weights(set.full, from, n_weights, turned);
        for (const SameLanes::Member &m : set.vectors) {
          const Lane *const lanes = lane_of[static_cast<size_t>(m.vector)];
          int64_t n = 0;
          for (int64_t k = 0; k < volume_of(p.taps); k += p.taps[2])
            for (int64_t t = 0; t < E::PAIR * wide; t++, n++)
              rows[n] = t < p.taps[2] ? weights_at(lanes, m.alike, k + t, from, turned, gathered[n]) : zeros;
          E::weights(rows, n_products, packed + m.vector * w_vector + c * n_products * LANES);
        }
      }
  });
}

// Writes one row of positions, staged [lane of the batch][pitch], to the rows of output that it makes.
template <class E>
void write_rows(const LanePlan &p, const Batch &batch, const Macro &t, int64_t d, int64_t h,
                const float *staged, int64_t pitch, const float *bias, const Planes &y, int64_t n) {
  for (const Row &r : batch.rows) {
    const int64_t od = (t.at[0] + d) * p.out_step[0] + r.offset[0],
                  oh = (t.at[1] + h) * p.out_step[1] + r.offset[1];
    if (od < 0 || od >= p.out[0] || oh < 0 || oh >= p.out[1]) continue;
    auto *const out = plane_of<E>(y, n, r.channel, volume_of(p.out)) + (od * p.out[1] + oh) * p.out[2];
    const float *const a = staged + r.lane * pitch;
    const float b = bias ? bias[r.channel] : 0;
    const int64_t ow = t.at[2] * p.out_step[2] + r.offset[2];
    if (p.out_step[2] == 1) {
      const int64_t first = std::max<int64_t>(0, -ow), stop = std::min(t.m[2], p.out[2] - ow);
      E::row(a + first, b, out + ow + first, stop - first);
      continue;
    }
    const float *const o = staged + r.other * pitch;
    int64_t from = ow < 0 ? 1 : 0, to = t.m[2]; // ow is -1 at least
    if (from && p.out[2] > 0) E::row(o, b, out + ow + 1, 1);
    while (to > from && ow + 2 * to - 1 >= p.out[2]) to--;
    E::pairs(a + from, o + from, b, out + ow + 2 * from, to - from);
    if (to >= from && to < t.m[2] && ow + 2 * to < p.out[2]) E::row(a + to, b, out + ow + 2 * to, 1);
  }
}

// What the tiles of a call have in common.
struct Work {
  const TileShape *tile; // the micro-tile
  LaneKernel kernel;
  int64_t taps[3]; // D, H, and products along W
  LaneVectors vectors;
  Buffer packed;
  const float *weights;         // [vector][channel][tap][lane], packed
  int64_t w_vector;             // between vectors of it
  int64_t chunk;                // channels whose weights a pass over a tile reuses
  Macro macro;                  // without its first position
  int64_t tiles[3];             // macro-tiles along D, H, W
  int64_t patch_size[3];        // voxels
  int64_t sums_tile, sums_unit; // floats of sums: [position][vector][lane] of a micro-tile; of a unit's tiles
  int64_t pitch;                // of a row of positions that is staged for writing
};

// Doubles the macro-tile along one axis after the other while its sums and its patch stay small.
template <class E> void choose_macro(const LanePlan &p, Work &w) {
  constexpr int64_t element = sizeof(typename E::element);
  const TileShape &t = *w.tile;
  int64_t(&m)[3] = w.macro.m;
  std::copy(t.q, t.q + 3, m);
  const auto extent = [&](int a) {
    return (m[a] - 1) * p.step[a] + (a == 2 ? E::PAIR : 1) * w.taps[a] + w.vectors.shift_max[a];
  };
  for (int a : {2, 2, 1, 0, 1, 0, 2, 1, 0}) {
    const int64_t before = m[a];
    m[a] = std::min(ceil_div(p.grid[a], t.q[a]) * t.q[a],
                    a == 2 ? std::max(2 * m[a], ceil_div(16, t.q[a]) * t.q[a]) : 2 * m[a]);
    if (m[0] * m[1] * m[2] * w.vectors.units_max * t.vectors > TILE_SUMS ||
        extent(0) * extent(1) * extent(2) * p.channels * element > PATCH)
      m[a] = before;
  }
  for (int a = 0; a < 3; a++) {
    w.tiles[a] = ceil_div(p.grid[a], m[a]);
    w.macro.micro[a] = m[a] / t.q[a];
    w.patch_size[a] = extent(a);
  }
}

template <class E> Work prepare(LanePlan &p, const float *w, int threads) {
  Work k = {};
  const int shape = choose_tile(p);
  k.tile = &tile_shapes[shape];
  k.kernel = E::lanes(p.step[2], shape);
  k.taps[0] = p.taps[0];
  k.taps[1] = p.taps[1];
  k.taps[2] = products<E>(p.taps[2]);
  const int64_t V = k.tile->vectors, lanes_a_unit = V * LANES, n_taps = volume_of(k.taps);
  k.vectors = make_vectors(p, V);
  k.w_vector = p.channels * n_taps * LANES;
  float *const packed = k.packed.take(static_cast<int64_t>(k.vectors.lane_of.size()) * k.w_vector);
  pack_weights<E>(p, k.vectors.lane_of, w, packed, threads);
  k.weights = packed;
  k.chunk = std::max<int64_t>(1, L1_WEIGHTS / (n_taps * lanes_a_unit * 4));
  choose_macro<E>(p, k);
  k.sums_tile = static_cast<int64_t>(k.tile->q[0]) * k.tile->q[1] * k.tile->q[2] * lanes_a_unit;
  k.sums_unit = volume_of(k.macro.micro) * k.sums_tile;
  k.pitch = ceil_div(k.macro.m[2], LANES) * LANES;
  return k;
}

// Copies what the macro-tile sees of sample n: px [channel][d][h][w], of this size.
template <class E>
Patch load_patch(const LanePlan &p, const Work &k, const Planes &x, int64_t n, const Macro &here,
                 typename E::element **px) {
  Patch patch;
  for (int a = 0; a < 3; a++) {
    patch.origin[a] = p.origin[a] + here.at[a] * p.step[a];
    patch.size[a] = k.patch_size[a];
  }
  *px = thread_patch.take<typename E::element>(p.channels * patch.channel());
  for (int64_t c = 0; c < p.channels; c++)
    patch_copy<E>(patch, plane_of<E>(x, n, c, volume_of(p.in)), p.in, *px + c * patch.channel());
  return patch;
}

// One unit over args.channels channels at all positions of a macro-tile, micro-tile by micro-tile along D, H
// and W. from: the first channel's voxel at the unit's shift. weights [vector][channel][tap][lane]: from the
// same channel on. args.sums [micro-tile][position][vector][lane] is advanced. Planes and rows of taps that
// no position of a micro-tile sees inside the volume are skipped.
template <class E>
void sum_channels(const LanePlan &p, const Work &k, const Macro &here, const int64_t *shift,
                  const typename E::element *from, const float *weights, LaneArgs &args) {
  const TileShape &t = *k.tile;
  const int64_t(&m)[3] = here.m, (&at)[3] = here.at;
  const int64_t w_row = k.taps[2] * LANES;
  for (int64_t d = 0; d < m[0]; d += t.q[0]) {
    const Range planes = taps_inside(p, 0, shift, at[0] + d, t.q[0]);
    args.taps[0] = planes.to - planes.from;
    args.w_channel = (k.taps[0] - args.taps[0]) * k.taps[1] * w_row;
    for (int64_t h = 0; h < m[1]; h += t.q[1]) {
      const Range rows = taps_inside(p, 1, shift, at[1] + h, t.q[1]);
      args.taps[1] = rows.to - rows.from;
      args.w_plane = (k.taps[1] - args.taps[1]) * w_row;
      args.w = weights + (planes.from * k.taps[1] + rows.from) * w_row;
      const auto *const row =
          from + d * args.q_plane + h * args.q_row + planes.from * args.x_plane + rows.from * args.x_row;
      for (int64_t v = 0; v < m[2]; v += t.q[2], args.sums += k.sums_tile) {
        if (at[0] + d >= p.grid[0] || at[1] + h >= p.grid[1] || at[2] + v >= p.grid[2]) continue;
        args.x = row + v * p.step[2];
        k.kernel(args);
      }
    }
  }
}

// One unit over all channels of the patch px, a chunk of channels at a time, into sums
// [micro-tile][position][vector][lane].
template <class E>
void sum_unit(const LanePlan &p, const Work &k, const Macro &here, const Patch &patch,
              const typename E::element *px, const Unit &unit, float *sums) {
  LaneArgs args;
  args.x_channel = patch.channel();
  args.x_plane = patch.plane();
  args.x_row = patch.row();
  args.q_plane = patch.plane() * p.step[0];
  args.q_row = patch.row() * p.step[1];
  args.w_vector = k.w_vector;
  args.taps[2] = k.taps[2];
  const auto *const at = px + unit.shift[0] * patch.plane() + unit.shift[1] * patch.row() + unit.shift[2];
  const float *const weights = k.weights + unit.vector * k.w_vector;
  for (int64_t c = 0; c < p.channels; c += k.chunk) {
    args.first = c == 0;
    args.channels = std::min(k.chunk, p.channels - c);
    args.sums = sums;
    sum_channels<E>(p, k, here, unit.shift, at + c * patch.channel(), weights + c * volume_of(k.taps) * LANES,
                    args);
  }
}

// Turns the sums of one row of positions (d, h), [unit][micro-tile][position][vector][lane], into staged
// [unit][vector][lane][position].
void stage_row(const LanePlan &p, const Work &k, const Macro &here, int64_t n_units, int64_t d, int64_t h,
               const float *sums, float *staged) {
  const TurnKernel turn = kernels_here().turn;
  const TileShape &t = *k.tile;
  const int64_t V = t.vectors, tile0 = (d / t.q[0] * here.micro[1] + h / t.q[1]) * here.micro[2];
  const int64_t within = (d % t.q[0] * t.q[1] + h % t.q[1]) * t.q[2];
  const int64_t width = std::min(here.m[2], p.grid[2] - here.at[2]);
  for (int64_t first = 0; first < width; first += LANES) {
    int64_t at[LANES]; // of each position in the sums of a unit: two divisions, the same for all units
    for (int64_t l = 0; l < LANES; l++) {
      const int64_t q = std::min(first + l, width - 1);
      at[l] = (tile0 + q / t.q[2]) * k.sums_tile + (within + q % t.q[2]) * V * LANES;
    }
    for (int64_t u = 0; u < n_units; u++)
      for (int64_t v = 0; v < V; v++) {
        const float *rows[LANES];
        for (int64_t l = 0; l < LANES; l++) rows[l] = sums + u * k.sums_unit + v * LANES + at[l];
        turn(rows, staged + (u * V + v) * LANES * k.pitch + first, k.pitch);
      }
  }
}

// The rows of output of a batch, in macro-tile `here` of sample n.
template <class E>
void write_batch(const LanePlan &p, const Work &k, const Batch &batch, const Macro &here, const float *sums,
                 float *staged, const float *bias, const Planes &y, int64_t n) {
  const auto n_units = static_cast<int64_t>(batch.units.size());
  for (int64_t d = 0; d < here.m[0] && here.at[0] + d < p.grid[0]; d++)
    for (int64_t h = 0; h < here.m[1] && here.at[1] + h < p.grid[1]; h++) {
      stage_row(p, k, here, n_units, d, h, sums, staged);
      write_rows<E>(p, batch, here, d, h, staged, k.pitch, bias, y, n);
    }
}

template <class E>
void run(LanePlan &p, const Planes &x, const float *w, const float *bias, const Planes &y, int threads) {
  const Work k = prepare<E>(p, w, threads);
  const int64_t n_tiles = volume_of(k.tiles), n_batches = k.vectors.n_batches,
                splits = splits_of(p.n * n_tiles, n_batches, threads);
  parallel_items(p.n * n_tiles * splits, threads, [&](int64_t item) {
    const int64_t split = item % splits, tile = item / splits % n_tiles, n = item / splits / n_tiles;
    const Macro here = macro_at(k.macro, k.tiles, tile);
    typename E::element *px;
    const Patch patch = load_patch<E>(p, k, x, n, here, &px);
    float *const sums = thread_sums.take(k.vectors.units_max * k.sums_unit);
    float *const staged = thread_turned.take(k.vectors.units_max * k.tile->vectors * LANES * k.pitch);
    for (int64_t i = split * n_batches / splits; i < (split + 1) * n_batches / splits; i++) {
      const Batch &batch = k.vectors.batches[static_cast<size_t>(i)];
      float *to = sums;
      for (const Unit &unit : batch.units) {
        sum_unit<E>(p, k, here, patch, px, unit, to);
        to += k.sums_unit;
      }
      write_batch<E>(p, k, batch, here, sums, staged, bias, y, n);
    }
  });
}

} // namespace

void direct_simd(LanePlan &p, const Planes &x, const float *w, const float *bias, const Planes &y,
                 int threads) {
  (x.half ? run<Half> : run<Full>)(p, x, w, bias, y, threads);
}

} // namespace voxgan
