// conv_cpu.cpp: see conv_cpu.hpp. The innermost loops are in conv_kernels.hpp.
#include "conv_cpu.hpp"
#include "conv_kernels.hpp"
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <new>
#include <vector>

namespace voxgan {
namespace {

constexpr int64_t L1_WEIGHTS = 20 << 10; // bytes of weights that a pass over a tile should reuse
constexpr int64_t L2_PATCH = 320 << 10;  // bytes of a tile's padded input
constexpr int64_t TILE_POSITIONS = 256;

struct FreeBlock {
  void operator()(float *p) const { std::free(p); }
};

class Buffer {
public:
  float *take(int64_t floats) {
    if (floats > size_) {
      data_.reset();
      size_ = 0;
      void *p = nullptr;
      if (posix_memalign(&p, 64, static_cast<size_t>(floats) * sizeof(float))) throw std::bad_alloc();
      data_.reset(static_cast<float *>(p));
      size_ = floats;
    }
    return data_.get();
  }

private:
  std::unique_ptr<float, FreeBlock> data_;
  int64_t size_ = 0;
};

// A thread's patch and sums: their size follows from the caches, so they may stay.
thread_local Buffer thread_patch, thread_sums;

// Pieces are handed out as threads come free, since this machine may be doing other work.
template <class F> void parallel_items(int64_t n, int threads, const F &f) {
  std::exception_ptr failure;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads) if (threads > 1 && n > 1)
  for (int64_t i = 0; i < n; i++) {
    try {
      f(i);
    } catch (...) {
#pragma omp critical(voxgan_conv_failure)
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
int64_t volume_of(const int64_t d[3]) {
  return d[0] * d[1] * d[2];
}

float *plane_of(const Planes &p, int64_t n, int64_t c, int64_t volume) {
  const int i = c < p.channels[0] ? 0 : 1;
  if (!p.part[i]) return nullptr;
  return p.part[i] + n * p.batch_stride[i] + (i ? c - p.channels[0] : c) * volume;
}

// ---- the part of a volume that a tile sees, zero outside ----

struct Patch {
  int64_t origin[3]; // source index of its first voxel
  int64_t size[3];
  int64_t row() const { return size[2]; }
  int64_t plane() const { return size[1] * size[2]; }
  int64_t channel() const { return size[0] * size[1] * size[2]; }
};

void patch_copy(const Patch &p, const float *src, const int64_t in[3], float *dst) {
  const int64_t left = std::min(p.size[2], std::max<int64_t>(0, -p.origin[2]));
  const int64_t right = std::max(left, std::min(p.size[2], in[2] - p.origin[2]));
  for (int64_t d = 0; d < p.size[0]; d++) {
    const int64_t sd = d + p.origin[0];
    for (int64_t h = 0; h < p.size[1]; h++, dst += p.size[2]) {
      const int64_t sh = h + p.origin[1];
      if (sd < 0 || sd >= in[0] || sh < 0 || sh >= in[1]) {
        std::fill(dst, dst + p.size[2], 0.f);
        continue;
      }
      const float *s = src + (sd * in[1] + sh) * in[2] + p.origin[2];
      std::fill(dst, dst + left, 0.f);
      std::copy(s + left, s + right, dst + left);
      std::fill(dst + right, dst + p.size[2], 0.f);
    }
  }
}

// ---- forward and data gradient: one convolution of stride-1 or stride-2 positions onto lanes ----

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
  int64_t weight_step; // between summed channels
  std::vector<Group> groups;
};

struct Unit { // vectors that are computed together
  const int64_t *shift;
  int64_t vector;
};

// The micro-tile with the least wasted work; ties go to the wider one.
int choose_tile(const LanePlan &p) {
  int best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < N_TILES; i++) {
    const TileShape &t = tile_shapes[i];
    double cost = 0;
    for (const Group &g : p.groups) {
      const int64_t vectors = ceil_div(static_cast<int64_t>(g.lanes.size()), LANES);
      cost += static_cast<double>(ceil_div(vectors, t.vectors) * t.vectors);
    }
    for (int a = 0; a < 3; a++) cost *= static_cast<double>(ceil_div(p.grid[a], t.q[a]) * t.q[a]);
    cost *= t.cost;
    if (cost < least * 0.999) {
      least = cost;
      best = i;
    }
  }
  return best;
}

void store_tile(const LanePlan &p, const Lane *lanes, int n_lanes, const TileShape &t, const int64_t at[3],
                const float *sums, const float *bias, const Planes &y, int64_t n) {
  const int64_t volume = volume_of(p.out);
  const int64_t pitch = static_cast<int64_t>(t.vectors) * LANES;
  for (int l = 0; l < n_lanes; l++) {
    const Lane &lane = lanes[l];
    if (lane.channel < 0) continue;
    float *const base = plane_of(y, n, lane.channel, volume);
    const float b = bias ? bias[lane.channel] : 0;
    const int64_t w0 = at[2] * p.out_step[2] + lane.offset[2];
    int64_t first = 0, last = t.q[2];
    while (first < last && w0 + first * p.out_step[2] < 0) first++;
    while (first < last && (w0 + (last - 1) * p.out_step[2] >= p.out[2] || at[2] + last > p.grid[2])) last--;
    const float *s = sums + l;
    for (int64_t d = 0; d < t.q[0]; d++) {
      const int64_t od = (at[0] + d) * p.out_step[0] + lane.offset[0];
      for (int64_t h = 0; h < t.q[1]; h++, s += pitch * t.q[2]) {
        const int64_t oh = (at[1] + h) * p.out_step[1] + lane.offset[1];
        if (od < 0 || od >= p.out[0] || oh < 0 || oh >= p.out[1]) continue;
        float *row = base + (od * p.out[1] + oh) * p.out[2] + w0;
        if (p.out_step[2] == 1)
          for (int64_t w = first; w < last; w++) row[w] = s[w * pitch] + b;
        else
          for (int64_t w = first; w < last; w++) row[w * p.out_step[2]] = s[w * pitch] + b;
      }
    }
  }
}

void run_lanes(LanePlan &p, const Planes &x, const float *w, const float *bias, const Planes &y,
               int threads) {
  const Kernels &kernels = kernels_here();
  const int shape = choose_tile(p);
  const TileShape &t = tile_shapes[shape];
  const LaneKernel kernel = kernels.lanes[p.step[2] - 1][shape];
  const int64_t V = t.vectors, lanes_a_unit = V * LANES, n_taps = volume_of(p.taps);

  std::vector<Unit> units;
  int64_t shift_max[3] = {};
  std::vector<const Lane *> lane_of;
  for (Group &g : p.groups) {
    g.lanes.resize(
        static_cast<size_t>(ceil_div(static_cast<int64_t>(g.lanes.size()), lanes_a_unit) * lanes_a_unit));
    for (size_t i = 0; i < g.lanes.size(); i += static_cast<size_t>(lanes_a_unit)) {
      units.push_back(Unit{g.shift, static_cast<int64_t>(lane_of.size())});
      for (int64_t v = 0; v < V; v++) lane_of.push_back(&g.lanes[i + static_cast<size_t>(v * LANES)]);
    }
    for (int a = 0; a < 3; a++) shift_max[a] = std::max(shift_max[a], g.shift[a]);
  }

  // Weights as [vector][channel][tap][lane].
  const int64_t w_vector = p.channels * n_taps * LANES, n_vectors = static_cast<int64_t>(lane_of.size());
  Buffer packed;
  float *const wp = packed.take(n_vectors * w_vector);
  parallel_items(ceil_div(p.channels, 4), threads, [&](int64_t i) {
    for (int64_t c = 4 * i; c < std::min(p.channels, 4 * i + 4); c++)
      for (int64_t v = 0; v < n_vectors; v++) {
        float *dst = wp + v * w_vector + c * n_taps * LANES;
        for (int64_t l = 0; l < LANES; l++) {
          const Lane &lane = lane_of[static_cast<size_t>(v)][l];
          const float *src = w + lane.weight + c * p.weight_step;
          if (lane.channel < 0)
            for (int64_t k = 0; k < n_taps; k++) dst[k * LANES + l] = 0;
          else
            for (int64_t k = 0; k < n_taps; k++)
              dst[k * LANES + l] = lane.taps[k] < 0 ? 0 : src[lane.taps[k]];
        }
      }
  });

  // A macro-tile is what one patch serves.
  int64_t m[3] = {t.q[0], t.q[1], t.q[2]};
  const auto extent = [&](int a) { return (m[a] - 1) * p.step[a] + p.taps[a] + shift_max[a]; };
  for (int a : {2, 1, 0, 1, 0, 1, 0, 2}) {
    const int64_t limit = ceil_div(p.grid[a], t.q[a]) * t.q[a];
    const int64_t before = m[a];
    m[a] = std::min(limit, a == 2 && m[a] == t.q[a] ? std::max<int64_t>(m[a], 32) : 2 * m[a]);
    if (m[0] * m[1] * m[2] > TILE_POSITIONS || extent(0) * extent(1) * extent(2) * p.channels * 4 > L2_PATCH)
      m[a] = before;
  }
  int64_t tiles[3];
  for (int a = 0; a < 3; a++) tiles[a] = ceil_div(p.grid[a], m[a]);
  const int64_t n_tiles = volume_of(tiles), n_units = static_cast<int64_t>(units.size());
  int64_t splits = 1;
  if (p.n * n_tiles < 3 * threads) splits = std::min(n_units, ceil_div(3 * threads, p.n * n_tiles));
  const int64_t chunk = std::max<int64_t>(1, L1_WEIGHTS / (n_taps * lanes_a_unit * 4));
  const int64_t micro[3] = {m[0] / t.q[0], m[1] / t.q[1], m[2] / t.q[2]};
  const int64_t sums_a_tile = static_cast<int64_t>(t.q[0]) * t.q[1] * t.q[2] * lanes_a_unit;

  parallel_items(p.n * n_tiles * splits, threads, [&](int64_t item) {
    const int64_t split = item % splits, tile = item / splits % n_tiles, n = item / splits / n_tiles;
    const int64_t at[3] = {tile / (tiles[1] * tiles[2]) * m[0], tile / tiles[2] % tiles[1] * m[1],
                           tile % tiles[2] * m[2]};
    Patch patch;
    for (int a = 0; a < 3; a++) {
      patch.origin[a] = p.origin[a] + at[a] * p.step[a];
      patch.size[a] = extent(a);
    }
    float *const px = thread_patch.take(p.channels * patch.channel());
    for (int64_t c = 0; c < p.channels; c++)
      patch_copy(patch, plane_of(x, n, c, volume_of(p.in)), p.in, px + c * patch.channel());
    float *const sums = thread_sums.take(volume_of(micro) * sums_a_tile);

    LaneArgs args;
    args.x_channel = patch.channel();
    args.x_plane = patch.plane();
    args.x_row = patch.row();
    args.q_plane = patch.plane() * p.step[0];
    args.q_row = patch.row() * p.step[1];
    args.w_vector = w_vector;
    std::copy(p.taps, p.taps + 3, args.taps);
    for (int64_t u = split * n_units / splits; u < (split + 1) * n_units / splits; u++) {
      const Unit &unit = units[static_cast<size_t>(u)];
      for (int64_t c = 0; c < p.channels; c += chunk) {
        args.first = c == 0;
        args.channels = std::min(chunk, p.channels - c);
        args.w = wp + unit.vector * w_vector + c * n_taps * LANES;
        args.sums = sums;
        for (int64_t d = 0; d < micro[0]; d++)
          for (int64_t h = 0; h < micro[1]; h++)
            for (int64_t v = 0; v < micro[2]; v++, args.sums += sums_a_tile) {
              if (at[0] + d * t.q[0] >= p.grid[0] || at[1] + h * t.q[1] >= p.grid[1] ||
                  at[2] + v * t.q[2] >= p.grid[2])
                continue;
              args.x = px + c * patch.channel() + (d * t.q[0] * p.step[0] + unit.shift[0]) * patch.plane() +
                       (h * t.q[1] * p.step[1] + unit.shift[1]) * patch.row() + v * t.q[2] * p.step[2] +
                       unit.shift[2];
              kernel(args);
            }
      }
      const float *done = sums;
      for (int64_t d = 0; d < micro[0]; d++)
        for (int64_t h = 0; h < micro[1]; h++)
          for (int64_t v = 0; v < micro[2]; v++, done += sums_a_tile) {
            const int64_t here[3] = {at[0] + d * t.q[0], at[1] + h * t.q[1], at[2] + v * t.q[2]};
            if (here[0] >= p.grid[0] || here[1] >= p.grid[1] || here[2] >= p.grid[2]) continue;
            store_tile(p, lane_of[static_cast<size_t>(unit.vector)], static_cast<int>(lanes_a_unit), t, here,
                       done, bias, y, n);
          }
    }
  });
}

} // namespace

bool conv_cpu_takes(const ConvShape &s) {
  for (int a = 0; a < 3; a++) {
    if (s.stride[a] < 1 || s.stride[a] > 2 || s.kernel[a] > 4 || s.in[a] < 1 || s.out[a] < 1) return false;
    if (a && s.kernel[a] == 2) return false;
  }
  return true;
}

void conv_cpu_forward(const ConvShape &s, const Planes &x, const float *w, const float *b, const Planes &y,
                      int threads) {
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
    if (!plane_of(y, 0, k, 0)) continue;
    Lane lane;
    lane.channel = k;
    lane.weight = k * s.c * n_taps;
    lane.taps = taps.data();
    p.groups[0].lanes.push_back(lane);
  }
  run_lanes(p, x, w, b, y, threads);
}

// Input voxel i gets dy[o] w[t] wherever i + pad = stride o + t. With i + pad = stride m + r (r is the
// phase) and t = r + stride u this is o = m - u: for each phase a convolution over ceil(kernel / stride)
// taps. Taps are counted backwards, so that o grows with them.
void conv_cpu_backward_data(const ConvShape &s, const Planes &dy, const float *w, const float *b,
                            const Planes &dx, int threads) {
  std::vector<int64_t> channels;
  for (int64_t c = 0; c < s.c; c++)
    if (plane_of(dx, 0, c, 0)) channels.push_back(c);
  const int64_t n_phases = volume_of(s.stride), n_weights = volume_of(s.kernel);
  // Few channels leave lanes empty: then all phases share vectors, at the price of one more position an axis.
  const bool shared = channels.size() % LANES != 0 && channels.size() < 2 * LANES && n_phases > 1;

  LanePlan p;
  p.n = s.n;
  p.channels = s.k;
  p.weight_step = s.c * n_weights;
  int64_t first[3][2] = {}; // of a phase: its smallest m with i >= 0
  for (int a = 0; a < 3; a++) {
    p.in[a] = s.out[a];
    p.out[a] = s.in[a];
    p.step[a] = 1;
    p.taps[a] = ceil_div(s.kernel[a], s.stride[a]);
    p.origin[a] = 1 - p.taps[a];
    p.out_step[a] = s.stride[a];
    p.grid[a] = 0;
    int64_t lowest = std::numeric_limits<int64_t>::max(), end = 0;
    for (int64_t r = 0; r < s.stride[a]; r++) {
      first[a][r] = std::max<int64_t>(0, ceil_div(s.pad[a] - r, s.stride[a]));
      const int64_t count = ceil_div(s.in[a] + s.pad[a] - r, s.stride[a]) - first[a][r];
      p.grid[a] = std::max(p.grid[a], count);
      lowest = std::min(lowest, first[a][r]);
      end = std::max(end, first[a][r] + count);
    }
    if (shared) {
      p.grid[a] = end - lowest;
      for (int64_t r = 0; r < s.stride[a]; r++) first[a][r] = lowest;
    }
  }

  const int64_t n_taps = volume_of(p.taps);
  std::vector<int64_t> taps(static_cast<size_t>(n_phases * n_taps));
  for (int64_t phase = 0; phase < n_phases; phase++) {
    const int64_t r[3] = {phase / (s.stride[1] * s.stride[2]), phase / s.stride[2] % s.stride[1],
                          phase % s.stride[2]};
    int64_t *list = taps.data() + phase * n_taps;
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
    if (phase == 0 || !shared) p.groups.emplace_back();
    Group &g = p.groups.back();
    Lane lane;
    for (int a = 0; a < 3; a++) {
      g.shift[a] = first[a][r[a]];
      lane.offset[a] = s.stride[a] * first[a][r[a]] + r[a] - s.pad[a];
    }
    lane.taps = list;
    for (int64_t c : channels) {
      lane.channel = c;
      lane.weight = c * n_weights;
      g.lanes.push_back(lane);
    }
  }
  run_lanes(p, dy, w, b, dx, threads);
}

// ---- weight gradient: lanes are output channels, one sum a tap ----

void conv_cpu_backward_weight(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads) {
  const Kernels &kernels = kernels_here();
  const auto class_of = [](int64_t kernel) { return kernel == 1 ? 0 : kernel == 3 ? 1 : 2; };
  const TapKernel kernel = kernels.taps[s.stride[2] - 1][class_of(s.kernel[1])][class_of(s.kernel[2])];
  const int64_t n_out = volume_of(s.out), n_taps = volume_of(s.kernel),
                plane_taps = s.kernel[1] * s.kernel[2];
  const int64_t n_vectors = ceil_div(s.k, LANES);

  // dy as [n][vector][position][lane].
  Buffer turned, sums;
  float *const g = turned.take(s.n * n_vectors * n_out * LANES);
  constexpr int64_t TURN = 1024;
  const int64_t pieces = ceil_div(n_out, TURN);
  parallel_items(s.n * n_vectors * pieces, threads, [&](int64_t i) {
    const int64_t piece = i % pieces, v = i / pieces % n_vectors, n = i / pieces / n_vectors;
    float *const dst = g + (n * n_vectors + v) * n_out * LANES;
    const float *src[LANES];
    for (int64_t l = 0; l < LANES; l++) {
      const int64_t k = v * LANES + l;
      src[l] = k < s.k ? plane_of(dy, n, k, n_out) : nullptr;
    }
    const int64_t end = std::min(n_out, (piece + 1) * TURN);
    for (int64_t q = piece * TURN; q < end; q += LANES) {
      const int64_t stop = std::min(end, q + LANES);
      for (int64_t l = 0; l < LANES; l++)
        for (int64_t j = q; j < stop; j++) dst[j * LANES + l] = src[l] ? src[l][j] : 0;
    }
  });

  // Sums as [vector][channel][tap][lane].
  float *const dwp = sums.take(n_vectors * s.c * n_taps * LANES);
  int64_t m[3] = {1, 1, s.out[2]};
  for (int a : {1, 0, 1, 0, 1, 0, 1, 0}) {
    const int64_t before = m[a];
    m[a] = std::min(s.out[a], 2 * m[a]);
    if (m[0] * m[1] * m[2] > 2 * TILE_POSITIONS) m[a] = before;
  }
  int64_t tiles[3];
  Patch patch;
  for (int a = 0; a < 3; a++) {
    tiles[a] = ceil_div(s.out[a], m[a]);
    patch.size[a] = (m[a] - 1) * s.stride[a] + s.kernel[a];
  }
  const int64_t splits = s.c < 4 * threads ? std::min(n_vectors, ceil_div(4 * threads, s.c)) : 1;
  parallel_items(s.c * splits, threads, [&](int64_t item) {
    const int64_t c = item / splits, split = item % splits;
    const int64_t v0 = split * n_vectors / splits, v1 = (split + 1) * n_vectors / splits;
    float *const px = thread_patch.take(patch.channel());
    for (int64_t v = v0; v < v1; v++) std::fill_n(dwp + (v * s.c + c) * n_taps * LANES, n_taps * LANES, 0.f);
    for (int64_t n = 0; n < s.n; n++)
      for (int64_t tile = 0; tile < volume_of(tiles); tile++) {
        const int64_t at[3] = {tile / (tiles[1] * tiles[2]) * m[0], tile / tiles[2] % tiles[1] * m[1],
                               tile % tiles[2] * m[2]};
        Patch here = patch;
        TapArgs args;
        for (int a = 0; a < 3; a++) {
          here.origin[a] = at[a] * s.stride[a] - s.pad[a];
          args.q[a] = std::min(m[a], s.out[a] - at[a]);
        }
        patch_copy(here, plane_of(x, n, c, volume_of(s.in)), s.in, px);
        args.x_row = here.row();
        args.q_plane = here.plane() * s.stride[0];
        args.q_row = here.row() * s.stride[1];
        args.g_row = s.out[2] * LANES;
        args.g_plane = s.out[1] * args.g_row;
        for (int64_t v = v0; v < v1; v++) {
          args.g = g + ((n * n_vectors + v) * n_out + (at[0] * s.out[1] + at[1]) * s.out[2] + at[2]) * LANES;
          for (int64_t td = 0; td < s.kernel[0]; td++) {
            args.x = px + td * here.plane();
            args.sums = dwp + ((v * s.c + c) * n_taps + td * plane_taps) * LANES;
            kernel(args);
          }
        }
      }
    for (int64_t k = v0 * LANES; k < std::min(s.k, v1 * LANES); k++) {
      const float *src = dwp + (k / LANES * s.c + c) * n_taps * LANES + k % LANES;
      for (int64_t i = 0; i < n_taps; i++) dw[(k * s.c + c) * n_taps + i] = src[i * LANES];
    }
  });
}

void conv_cpu_channel_sums(const Planes &y, int64_t n, int64_t volume, float *sums, int threads) {
  parallel_items(y.channels[0], threads, [&](int64_t c) {
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
      const float *p = y.part[0] + i * y.batch_stride[0] + c * volume;
      for (int64_t at = 0; at < volume; at += 4096) {
        float lane[LANES] = {};
        const int64_t stop = std::min(volume, at + 4096);
        int64_t j = at;
        for (; j + LANES <= stop; j += LANES)
          for (int l = 0; l < LANES; l++) lane[l] += p[j + l];
        for (; j < stop; j++) lane[0] += p[j];
        for (float v : lane) total += v;
      }
    }
    sums[c] = static_cast<float>(total);
  });
}

} // namespace voxgan
