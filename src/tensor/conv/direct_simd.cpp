// direct_simd.cpp: the direct convolution forward, and its data gradient; see conv.hpp.
#include "tensor/conv/im2col.hpp"
#include "tensor/conv/one_channel.hpp"
#include "tensor/conv/direct_plan.hpp"
#include <limits>

namespace voxgan {
namespace {

constexpr int64_t L1_WEIGHTS = 20 << 10; // bytes of weights that a pass over a tile should reuse
// Bytes of a tile's padded input. It is read through once a vector, so it need not stay close: what counts is
// that not too many tiles read all the weights.
constexpr int64_t PATCH = 1 << 20;
constexpr int64_t TILE_SUMS = 1024; // vectors of sums a tile

// A thread's sums and turned rows, as its patch.
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

// Products along W of as many taps.
template <class E> int64_t products(int64_t taps) {
  return ceil_div(taps, E::PAIR);
}

// Weights as [vector][channel][product][lane].
template <class E>
void pack_weights(const LanePlan &p, const std::vector<const Lane *> &lane_of, int64_t n_weights,
                  const float *w, float *packed, int threads) {
  const int64_t wide = products<E>(p.taps[2]), n_products = p.taps[0] * p.taps[1] * wide,
                w_vector = p.channels * n_products * LANES;
  const std::vector<SameLanes> sets = same_lanes(lane_of, n_weights);
  const int hands = static_cast<int64_t>(lane_of.size()) * w_vector < SMALL ? 1 : threads;
  parallel_items(ceil_div(p.channels, 4), hands, [&](int64_t item) {
    float *const turned = thread_turned.take(n_weights * LANES);
    static const float zeros[LANES] = {};
    constexpr int64_t MOST = 64 * E::PAIR; // taps of a kernel, each paired at worst with none
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

// staged [lane of the batch][pitch]: one row of positions; writes the rows of output they are.
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

template <class E>
void run_lanes(LanePlan &p, const Planes &x, const float *w, int64_t n_weights, const float *bias,
               const Planes &y, int threads) {
  const TurnKernel turn = kernels_here().turn;
  const int shape = choose_tile(p);
  const TileShape &t = tile_shapes[shape];
  const LaneKernel kernel = E::lanes(p.step[2], shape);
  const int64_t V = t.vectors, lanes_a_unit = V * LANES;
  const int64_t taps[3] = {p.taps[0], p.taps[1], products<E>(p.taps[2])}, n_taps = volume_of(taps);
  std::vector<const Lane *> lane_of;
  const std::vector<Batch> batches = make_batches(p, V, lane_of);
  const auto n_batches = static_cast<int64_t>(batches.size()),
             n_vectors = static_cast<int64_t>(lane_of.size());
  int64_t shift_max[3] = {}, units_max = 0;
  for (const Batch &b : batches) {
    units_max = std::max(units_max, static_cast<int64_t>(b.units.size()));
    for (const Unit &u : b.units)
      for (int a = 0; a < 3; a++) shift_max[a] = std::max(shift_max[a], u.shift[a]);
  }
  const int64_t w_vector = p.channels * n_taps * LANES;
  Buffer packed;
  float *const wp = packed.take(n_vectors * w_vector);
  pack_weights<E>(p, lane_of, n_weights, w, wp, threads);

  constexpr int64_t element = sizeof(typename E::element);
  Macro macro;
  int64_t(&m)[3] = macro.m;
  std::copy(t.q, t.q + 3, m);
  const auto extent = [&](int a) {
    return (m[a] - 1) * p.step[a] + (a == 2 ? E::PAIR : 1) * taps[a] + shift_max[a];
  };
  for (int a : {2, 2, 1, 0, 1, 0, 2, 1, 0}) {
    const int64_t before = m[a];
    m[a] = std::min(ceil_div(p.grid[a], t.q[a]) * t.q[a],
                    a == 2 ? std::max(2 * m[a], ceil_div(16, t.q[a]) * t.q[a]) : 2 * m[a]);
    if (m[0] * m[1] * m[2] * units_max * V > TILE_SUMS ||
        extent(0) * extent(1) * extent(2) * p.channels * element > PATCH)
      m[a] = before;
  }
  int64_t tiles[3];
  for (int a = 0; a < 3; a++) {
    tiles[a] = ceil_div(p.grid[a], m[a]);
    macro.micro[a] = m[a] / t.q[a];
  }
  const int64_t(&micro)[3] = macro.micro;
  const int64_t n_tiles = volume_of(tiles);
  const int64_t splits =
      p.n * n_tiles < 3 * threads ? std::min(n_batches, ceil_div(3 * threads, p.n * n_tiles)) : 1;
  const int64_t chunk = std::max<int64_t>(1, L1_WEIGHTS / (n_taps * lanes_a_unit * 4));
  const int64_t sums_a_tile = static_cast<int64_t>(t.q[0]) * t.q[1] * t.q[2] * lanes_a_unit;
  const int64_t sums_a_unit = volume_of(micro) * sums_a_tile, pitch = ceil_div(m[2], LANES) * LANES;

  parallel_items(p.n * n_tiles * splits, threads, [&](int64_t item) {
    const int64_t split = item % splits, tile = item / splits % n_tiles, n = item / splits / n_tiles;
    Macro here = macro;
    here.at[0] = tile / (tiles[1] * tiles[2]) * m[0];
    here.at[1] = tile / tiles[2] % tiles[1] * m[1];
    here.at[2] = tile % tiles[2] * m[2];
    const int64_t(&at)[3] = here.at;
    Patch patch;
    for (int a = 0; a < 3; a++) {
      patch.origin[a] = p.origin[a] + at[a] * p.step[a];
      patch.size[a] = extent(a);
    }
    auto *const px = thread_patch.take<typename E::element>(p.channels * patch.channel());
    for (int64_t c = 0; c < p.channels; c++)
      patch_copy<E>(patch, plane_of<E>(x, n, c, volume_of(p.in)), p.in, px + c * patch.channel());
    float *const sums = thread_sums.take(units_max * sums_a_unit);
    float *const staged = thread_turned.take(units_max * lanes_a_unit * pitch);

    LaneArgs args;
    args.x_channel = patch.channel();
    args.x_plane = patch.plane();
    args.x_row = patch.row();
    args.q_plane = patch.plane() * p.step[0];
    args.q_row = patch.row() * p.step[1];
    args.w_vector = w_vector;
    args.taps[2] = taps[2];
    for (int64_t i = split * n_batches / splits; i < (split + 1) * n_batches / splits; i++) {
      const Batch &batch = batches[static_cast<size_t>(i)];
      const auto n_units = static_cast<int64_t>(batch.units.size());
      for (int64_t u = 0; u < n_units; u++) {
        const Unit &unit = batch.units[static_cast<size_t>(u)];
        for (int64_t c = 0; c < p.channels; c += chunk) {
          args.first = c == 0;
          args.channels = std::min(chunk, p.channels - c);
          const float *const weights = wp + unit.vector * w_vector + c * n_taps * LANES;
          args.sums = sums + u * sums_a_unit;
          const auto *const from = px + c * patch.channel() + unit.shift[0] * patch.plane() +
                                   unit.shift[1] * patch.row() + unit.shift[2];
          const int64_t w_row = taps[2] * LANES;
          for (int64_t d = 0; d < m[0]; d += t.q[0]) {
            const Range planes = taps_inside(p, 0, unit.shift, at[0] + d, t.q[0]);
            args.taps[0] = planes.to - planes.from;
            args.w_channel = (taps[0] - args.taps[0]) * taps[1] * w_row;
            for (int64_t h = 0; h < m[1]; h += t.q[1]) {
              const Range rows = taps_inside(p, 1, unit.shift, at[1] + h, t.q[1]);
              args.taps[1] = rows.to - rows.from;
              args.w_plane = (taps[1] - args.taps[1]) * w_row;
              args.w = weights + (planes.from * taps[1] + rows.from) * w_row;
              const auto *const row = from + d * args.q_plane + h * args.q_row + planes.from * args.x_plane +
                                      rows.from * args.x_row;
              for (int64_t v = 0; v < m[2]; v += t.q[2], args.sums += sums_a_tile) {
                if (at[0] + d >= p.grid[0] || at[1] + h >= p.grid[1] || at[2] + v >= p.grid[2]) continue;
                args.x = row + v * p.step[2];
                kernel(args);
              }
            }
          }
        }
      }
      for (int64_t d = 0; d < m[0] && at[0] + d < p.grid[0]; d++)
        for (int64_t h = 0; h < m[1] && at[1] + h < p.grid[1]; h++) {
          const int64_t tile0 = (d / t.q[0] * micro[1] + h / t.q[1]) * micro[2];
          const int64_t within = (d % t.q[0] * t.q[1] + h % t.q[1]) * t.q[2];
          const int64_t width = std::min(m[2], p.grid[2] - at[2]);
          for (int64_t u = 0; u < n_units; u++)
            for (int64_t v = 0; v < V; v++)
              for (int64_t first = 0; first < width; first += LANES) {
                const float *rows[LANES];
                for (int64_t l = 0; l < LANES; l++) {
                  const int64_t q = std::min(first + l, width - 1);
                  rows[l] = sums + u * sums_a_unit + (tile0 + q / t.q[2]) * sums_a_tile +
                            ((within + q % t.q[2]) * V + v) * LANES;
                }
                turn(rows, staged + (u * V + v) * LANES * pitch + first, pitch);
              }
          write_rows<E>(p, batch, here, d, h, staged, pitch, bias, y, n);
        }
    }
  });
}

auto lanes_of_half() {
  return tile_kernels_here() ? convolve_tiles : run_lanes<Half>;
}

// Whether the channel's plane is there.
bool has_plane(const Planes &p, int64_t c) {
  return p.part[c < p.channels[0] ? 0 : 1] != nullptr;
}

} // namespace

bool conv_cpu_takes(const ConvShape &s) {
  for (int a = 0; a < 3; a++) {
    if (s.stride[a] < 1 || s.stride[a] > 2 || s.kernel[a] > 4 || s.in[a] < 1 || s.out[a] < 1) return false;
    if (a && s.kernel[a] == 2) return false;
  }
  return true;
}

bool conv_cpu_takes_half() {
  return half_kernels_here() != nullptr;
}

void conv_cpu_forward(const ConvShape &s, const Planes &x, const float *w, const float *b, const Planes &y,
                      int threads) {
  if (few_takes(s, x.half)) return few_forward(s, x, w, b, y, threads);
  const bool tiles = x.half && tile_kernels_here(); // for which rows of positions are enough
  if (!tiles && single_takes(s, x)) return single_forward(s, x, w, b, y, threads);
  LanePlan p;
  p.n = s.n;
  p.channels = s.c;
  const int64_t n_taps = volume_of(s.kernel);
  for (int a = 0; a < 3; a++) {
    p.in[a] = s.in[a];
    p.out[a] = p.grid[a] = s.out[a];
    p.step[a] = s.stride[a];
    p.origin[a] = -s.pad[a];
    p.taps[a] = s.kernel[a];
    p.out_step[a] = 1;
  }
  p.weight_step = n_taps;
  std::vector<int64_t> taps(static_cast<size_t>(n_taps));
  for (int64_t k = 0; k < n_taps; k++) taps[static_cast<size_t>(k)] = k;
  p.groups.resize(1);
  for (int64_t k = 0; k < s.k; k++) {
    if (!has_plane(y, k)) continue;
    Lane lane;
    lane.channel = k;
    lane.weight = k * s.c * n_taps;
    lane.taps = taps.data();
    p.groups[0].lanes.push_back(lane);
  }
  (y.half ? lanes_of_half() : run_lanes<Full>)(p, x, w, n_taps, b, y, threads);
}

// Input voxel i gets dy[o] w[t] wherever i + pad = stride o + t. With i + pad = stride m + r (r is the
// phase) and t = r + stride u this is o = m - u: for each phase a convolution over ceil(kernel / stride)
// taps. Taps are counted backwards, so that o grows with them.
void conv_cpu_backward_data(const ConvShape &s, const Planes &dy, const float *w, const float *b,
                            const Planes &dx, int threads) {
  if (few_takes(s, dy.half)) return few_backward_data(s, dy, w, b, dx, threads);
  std::vector<int64_t> channels;
  for (int64_t c = 0; c < s.c; c++)
    if (has_plane(dx, c)) channels.push_back(c);
  const int64_t n_weights = volume_of(s.kernel);

  struct Axis {
    int64_t first[2];             // of a phase: its smallest m with i >= 0
    int64_t count[2];             // its positions
    int64_t lowest, count_shared; // where the phases have one grid
  } axis[3];
  for (int a = 0; a < 3; a++) {
    Axis &x = axis[a];
    int64_t end = 0;
    x.lowest = std::numeric_limits<int64_t>::max();
    for (int64_t r = 0; r < s.stride[a]; r++) {
      x.first[r] = std::max<int64_t>(0, ceil_div(s.pad[a] - r, s.stride[a]));
      x.count[r] = std::max<int64_t>(0, ceil_div(s.in[a] + s.pad[a] - r, s.stride[a]) - x.first[r]);
      x.lowest = std::min(x.lowest, x.first[r]);
      end = std::max(end, x.first[r] + x.count[r]);
    }
    x.count_shared = end - x.lowest;
  }
  // Few channels leave lanes empty: then the phases of some axes share vectors, at the price of a position
  // more along those axes.
  int share = 0;
  double least = std::numeric_limits<double>::infinity();
  for (int set = 0; set < 8; set++) {
    double cost = 1 + 1e-3 * set;
    int64_t lanes = static_cast<int64_t>(channels.size());
    for (int a = 0; a < 3; a++) {
      const bool shares = set >> a & 1;
      lanes *= shares ? s.stride[a] : 1;
      cost *= shares ? static_cast<double>(axis[a].count_shared)
                     : static_cast<double>(axis[a].count[0] + (s.stride[a] > 1 ? axis[a].count[1] : 0));
    }
    cost *= static_cast<double>(ceil_div(lanes, LANES));
    if (cost < least) {
      least = cost;
      share = set;
    }
  }

  LanePlan p;
  p.n = s.n;
  p.channels = s.k;
  p.weight_step = s.c * n_weights;
  int64_t apart[3], together[3];
  for (int a = 0; a < 3; a++) {
    const bool shares = share >> a & 1;
    p.in[a] = s.out[a];
    p.out[a] = s.in[a];
    p.step[a] = 1;
    p.taps[a] = ceil_div(s.kernel[a], s.stride[a]);
    p.origin[a] = 1 - p.taps[a];
    p.out_step[a] = s.stride[a];
    apart[a] = shares ? 1 : s.stride[a];
    together[a] = shares ? s.stride[a] : 1;
    p.grid[a] = shares ? axis[a].count_shared : *std::max_element(axis[a].count, axis[a].count + s.stride[a]);
    if (shares) axis[a].first[0] = axis[a].first[1] = axis[a].lowest;
  }
  p.alternating = apart[2];

  const int64_t n_taps = volume_of(p.taps);
  std::vector<int64_t> taps(static_cast<size_t>(volume_of(s.stride) * n_taps));
  int64_t *list = taps.data();
  for (int64_t i = 0; i < volume_of(apart); i++) {
    p.groups.emplace_back();
    Group &g = p.groups.back();
    for (int64_t j = 0; j < volume_of(together); j++, list += n_taps) {
      // one of the two numbers is 0 along each axis
      const int64_t r[3] = {i / (apart[1] * apart[2]) + j / (together[1] * together[2]),
                            i / apart[2] % apart[1] + j / together[2] % together[1],
                            i % apart[2] + j % together[2]};
      for (int64_t k = 0; k < n_taps; k++) {
        const int64_t at[3] = {k / (p.taps[1] * p.taps[2]), k / p.taps[2] % p.taps[1], k % p.taps[2]};
        int64_t offset = 0;
        bool inside = true;
        for (int a = 0; a < 3; a++) {
          const int64_t tap = r[a] + s.stride[a] * (p.taps[a] - 1 - at[a]);
          inside = inside && tap < s.kernel[a];
          offset = offset * s.kernel[a] + tap;
        }
        list[k] = inside ? offset : -1;
      }
      Lane lane;
      for (int a = 0; a < 3; a++) {
        g.shift[a] = axis[a].first[r[a]];
        lane.offset[a] = s.stride[a] * g.shift[a] + r[a] - s.pad[a];
      }
      lane.taps = list;
      for (int64_t c : channels) {
        lane.channel = c;
        lane.weight = c * n_weights;
        g.lanes.push_back(lane);
      }
    }
  }
  (dy.half ? lanes_of_half() : run_lanes<Full>)(p, dy, w, n_weights, b, dx, threads);
}

} // namespace voxgan
