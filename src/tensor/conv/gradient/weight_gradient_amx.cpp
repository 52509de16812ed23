// weight_gradient_amx.cpp: the direct convolution's gradient of the weight, in bf16 on AMX.
//
// The rows of a tile are voxels of the input, its columns are output channels, and the sum runs over
// positions. A product takes 32 positions that lie side by side in a patch; at stride 2 the patch is first
// split into voxels of even and of odd index. With 16 channels or more the rows are channels, and positions
// are numbered across the ends of rows, where gradients are zero. Fewer channels share a tile with the taps
// along H: their rows alternate in the patch, and positions end with a row.
//
// The work is divided into patches, vectors and groups of channels (divide). An item sums its patches
// (sum_item); the parts of a sum are then added in a fixed order (add_parts) and written (write_weights).
#include "tensor/conv/patch.hpp"
#include "tensor/conv/gradient/weight_gradient.hpp"
#include <vector>

namespace voxgan {
namespace {

constexpr int64_t L2_PATCH = 640 << 10; // bytes
constexpr int64_t L2_SUMS = 512 << 10;
constexpr int64_t PARTIAL_SUMS = 8ll << 20; // bytes of all parts
constexpr int64_t ITEMS = 8;                // least number of items; it follows from the shape alone

thread_local Buffer thread_sums;

int64_t round_up(int64_t n, int64_t to) {
  return ceil_div(n, to) * to;
}

// The memory layout of the patch and of the output's gradient.
struct WeightPlan {
  bool taps_share; // the rows of a tile are channels and taps along H; else channels
  int64_t groups;  // of channels, a patch each
  int64_t patch_channels;
  int64_t a_plane, planes; // tiles of a plane of taps, planes of taps
  int64_t m[2], size[3];   // positions along D and H, voxels
  // pitches of the patch, in elements; row_pitch: between the rows of a tile
  int64_t odd_w, odd_h, row, channel, plane, total;
  int64_t row_pitch;
  int64_t g_row, g_plane; // pitches of the gradient, in floats (pairs of positions)
};

WeightPlan plan_of(const ConvShape &s) {
  WeightPlan p;
  const int64_t kh = s.kernel[1], sw = s.stride[2], sh = s.stride[1], reach = (s.kernel[2] - 1) / sw;
  const int64_t wide = round_up(s.out[2], DEPTH), across = round_up(s.out[2] + reach, 2);
  p.taps_share = ceil_div(kh * s.c, ROWS) * wide < kh * ceil_div(s.c, ROWS) * across;
  p.groups = p.taps_share ? 1 : ceil_div(s.c, ROWS);
  p.patch_channels = p.taps_share ? s.c : ROWS;
  p.planes = s.kernel[0];
  p.a_plane = (p.taps_share ? ceil_div(kh * s.c, ROWS) : kh) * s.kernel[2];
  p.row = p.taps_share ? wide + DEPTH : across;
  p.g_row = (p.taps_share ? wide : across) / 2 * LANES;
  p.g_plane = p.taps_share ? s.out[1] * p.g_row : (round_up(s.out[1] * across, DEPTH) / DEPTH + 1) * TILE;
  const auto lay = [&] {
    for (int a = 0; a < 3; a++) p.size[a] = ((a < 2 ? p.m[a] : s.out[2]) - 1) * s.stride[a] + s.kernel[a];
    if (p.taps_share) {
      p.channel = p.row_pitch = p.row;
      p.odd_h = 0;
      p.odd_w = p.size[1] * s.c * p.row;
      p.plane = sw * p.odd_w;
      p.total = p.size[0] * p.plane + ROWS * p.row;
    } else {
      p.odd_w = ceil_div(p.size[1], sh) * p.row;
      p.odd_h = sw * p.odd_w;
      p.plane = sh * p.odd_h;
      p.channel = p.row_pitch = p.size[0] * p.plane;
      p.total = ROWS * p.channel + 2 * DEPTH; // the last step of the last row reads on
    }
    return p.total * 2 <= L2_PATCH;
  };
  // Without a row's end between them, positions of a patch must be whole steps of DEPTH, or all of the plane.
  const int64_t least = p.taps_share ? 1 : std::min<int64_t>(s.out[1], DEPTH / 2);
  p.m[0] = 1;
  p.m[1] = least;
  for (int a : {1, 0, 1, 0, 1, 0, 1, 0, 1, 0}) {
    const int64_t before = p.m[a];
    p.m[a] = std::min(s.out[a], 2 * p.m[a]);
    if (!lay()) p.m[a] = before;
  }
  lay();
  return p;
}

// dy as [n][vector][d][h][pair of positions][lane], with zeros after the rows and planes.
void turn_gradient(const ConvShape &s, const WeightPlan &p, const Planes &dy, int64_t n_vectors, float *g,
                   int threads) {
  const TurnKernel turn = kernels_here().turn;
  const auto copy = Half::copy();
  const int64_t n = s.n * n_vectors * s.out[0], row = p.g_row / LANES,
                written = round_up(s.out[2], DEPTH) / 2;
  parallel_items(n, n * p.g_plane < SMALL ? 1 : threads, [&](int64_t i) {
    const int64_t d = i % s.out[0], v = i / s.out[0] % n_vectors, at = i / s.out[0] / n_vectors;
    alignas(64) uint16_t ends[LANES][DEPTH] = {};
    float *const dst = g + i * p.g_plane;
    for (int64_t h = 0; h < s.out[1]; h++) {
      float *const to = dst + h * p.g_row;
      for (int64_t w = 0; w < s.out[2]; w += DEPTH) {
        const int64_t here = std::min<int64_t>(DEPTH, s.out[2] - w);
        const bool direct = here == DEPTH && s.out[2] % 2 == 0; // pairs lie as floats do
        const float *rows[LANES];
        for (int64_t l = 0; l < LANES; l++) {
          rows[l] = reinterpret_cast<const float *>(ends[l]);
          if (v * LANES + l >= s.k) continue;
          const uint16_t *const src =
              plane_of<Half>(dy, at, v * LANES + l, volume_of(s.out)) + (d * s.out[1] + h) * s.out[2] + w;
          if (direct)
            rows[l] = reinterpret_cast<const float *>(src);
          else
            copy(src, 0, ends[l], 0, here, 1);
        }
        turn(rows, to + w / 2 * LANES, LANES);
        if (!direct) std::memset(ends, 0, sizeof ends);
      }
      if (row > written) std::fill(to + written * LANES, to + row * LANES, 0.f);
    }
    std::fill(dst + s.out[1] * p.g_row, dst + p.g_plane, 0.f);
  });
}

// Copies the voxels of a group of channels that the positions from at on see. The elements beyond the rows
// are zero already.
void patch_copy(const ConvShape &s, const WeightPlan &p, const Planes &x, int64_t n, int64_t group,
                const int64_t at[2], uint16_t *px) {
  const TileKernels &tiles = *tile_kernels_here();
  const auto copy = Half::copy();
  const int64_t origin[3] = {at[0] * s.stride[0] - s.pad[0], at[1] * s.stride[1] - s.pad[1], -s.pad[2]};
  const int64_t from = s.pad[2], n_row = std::min(s.in[2], p.size[2] - from), pairs = ceil_div(p.size[2], 2);
  for (int64_t c = 0; c < p.patch_channels; c++) {
    const int64_t channel = group * p.patch_channels + c;
    const uint16_t *const src = channel < s.c ? plane_of<Half>(x, n, channel, volume_of(s.in)) : nullptr;
    for (int64_t d = 0; d < p.size[0]; d++)
      for (int64_t h = 0; h < p.size[1]; h++) {
        uint16_t *const to =
            px + d * p.plane + c * p.channel +
            (p.taps_share ? h * s.c * p.row : h % s.stride[1] * p.odd_h + h / s.stride[1] * p.row);
        const int64_t sd = d + origin[0], sh = h + origin[1];
        const bool inside = src && sd >= 0 && sd < s.in[0] && sh >= 0 && sh < s.in[1];
        const uint16_t *const row = inside ? src + (sd * s.in[1] + sh) * s.in[2] : nullptr;
        if (s.stride[2] == 1) {
          if (inside)
            copy(row, 0, to + from, 0, n_row, 1);
          else
            std::fill_n(to, p.size[2], uint16_t{0});
        } else if (inside) {
          tiles.part_row(row, s.in[2], from, pairs, to, to + p.odd_w);
        } else {
          std::fill_n(to, pairs, uint16_t{0});
          std::fill_n(to + p.odd_w, pairs, uint16_t{0});
        }
      }
  }
}

// starts [along H][along W]: where the tiles of a plane of taps begin in the patch.
std::vector<int64_t> tile_starts(const ConvShape &s, const WeightPlan &p) {
  std::vector<int64_t> starts;
  for (int64_t i = 0; i < p.a_plane / s.kernel[2]; i++)
    for (int64_t w = 0; w < s.kernel[2]; w++)
      starts.push_back(
          (p.taps_share ? i * ROWS * p.row : i % s.stride[1] * p.odd_h + i / s.stride[1] * p.row) +
          w % s.stride[2] * p.odd_w + w / s.stride[2]);
  return starts;
}

// How the work is divided. Sums are [part][group][vector][plane of taps][tile][row][lane]. The parts, and the
// order in which they are added, follow from the shape alone.
struct Division {
  int64_t n_vectors, V, units;       // vectors of output channels; of a unit; units
  int64_t across[2], patches;        // patches along D and H; of the batch
  int64_t parts, splits;             // of the patches; of the units
  int64_t a_vector, a_group, a_part; // pitches of the sums, in floats
};

Division divide(const ConvShape &s, const WeightPlan &p) {
  Division d;
  d.n_vectors = ceil_div(s.k, LANES);
  d.V = d.n_vectors % 2 ? 1 : 2;
  d.units = d.n_vectors / d.V;
  for (int a = 0; a < 2; a++) d.across[a] = ceil_div(s.out[a], p.m[a]);
  d.patches = s.n * d.across[0] * d.across[1];
  d.a_vector = p.planes * p.a_plane * TILE;
  d.a_group = d.n_vectors * d.a_vector;
  d.a_part = p.groups * d.a_group;
  d.parts =
      std::max<int64_t>(1, std::min({d.patches, ceil_div(ITEMS, p.groups), PARTIAL_SUMS / (d.a_part * 4)}));
  d.splits = std::min(d.units, std::max(ceil_div(ITEMS, p.groups * d.parts),
                                        ceil_div(d.a_group * 4, d.parts == 1 ? L2_SUMS : d.a_group * 4)));
  return d;
}

// Turns total [plane of taps][tile][row][lane], the sums of one vector and one group of channels, into dw
// (k, c, kd, kh, kw).
void write_weights(const ConvShape &s, const WeightPlan &p, const float *total, int64_t v, int64_t group,
                   float *dw) {
  const TurnKernel turn = kernels_here().turn;
  const int64_t lanes = std::min<int64_t>(LANES, s.k - v * LANES), channel0 = group * p.patch_channels,
                n_taps = volume_of(s.kernel);
  for (int64_t c = 0; c < std::min(p.patch_channels, s.c - channel0); c++) {
    const float *row_of_tap[64];
    for (int64_t k = 0; k < n_taps; k++) {
      const int64_t w = k % s.kernel[2], h = k / s.kernel[2] % s.kernel[1], d = k / s.kernel[2] / s.kernel[1];
      const int64_t row = p.taps_share ? h * s.c + c : h * ROWS + c;
      row_of_tap[k] = total + ((d * p.a_plane + row / ROWS * s.kernel[2] + w) * ROWS + row % ROWS) * LANES;
    }
    float *const dst = dw + (v * LANES * s.c + channel0 + c) * n_taps;
    int64_t k = 0;
    for (; lanes == LANES && k + LANES <= n_taps; k += LANES) turn(row_of_tap + k, dst + k, s.c * n_taps);
    for (; k < n_taps; k++)
      for (int64_t l = 0; l < lanes; l++) dst[l * s.c * n_taps + k] = row_of_tap[k][l];
  }
}

// Where the runs of positions of a patch begin: x in the patch, g in the gradient [d][h][pair][lane]. A run
// is a row of positions where taps share a tile, else a plane.
struct Runs {
  int64_t a_plane;
  std::vector<int64_t> x, g;
  void find(const ConvShape &s, const WeightPlan &p, const int64_t at[2], const int64_t count[2]) {
    x.clear();
    g.clear();
    a_plane = p.taps_share ? count[1] : 1;
    for (int64_t d = 0; d < count[0]; d++)
      for (int64_t h = 0; h < a_plane; h++) {
        x.push_back(d * s.stride[0] * p.plane + h * s.stride[1] * s.c * p.row);
        g.push_back((at[0] + d) * p.g_plane + (at[1] + h) * p.g_row);
      }
  }
};

// Sums the patches of one part over the units of vectors v0 to v1, for one group of channels, into sums
// [vector][plane of taps][tile][row][lane]. g is the gradient [n][vector][d][h][pair][lane].
void sum_item(const ConvShape &s, const WeightPlan &p, const Division &d, const Planes &x, const float *g,
              const std::vector<int64_t> &starts, int64_t part, int64_t group, int64_t v0, int64_t v1,
              float *sums) {
  const TileKernels &tiles = *tile_kernels_here();
  auto *const px = thread_patch.take<uint16_t>(p.total);
  std::fill_n(px, p.total, uint16_t{0});
  Runs runs;
  VoxelArgs args;
  args.x_row = p.row_pitch;
  args.tiles = starts.data();
  args.n_tiles = p.a_plane;
  args.g_vector = s.out[0] * p.g_plane;
  args.sums_vector = d.a_vector;
  const OpenTiles open(tiles);
  const int64_t patch0 = part * d.patches / d.parts, patch1 = (part + 1) * d.patches / d.parts;
  for (int64_t i = patch0; i < patch1; i++) {
    const int64_t n = i / (d.across[0] * d.across[1]),
                  at[2] = {i / d.across[1] % d.across[0] * p.m[0], i % d.across[1] * p.m[1]},
                  count[2] = {std::min(p.m[0], s.out[0] - at[0]), std::min(p.m[1], s.out[1] - at[1])};
    patch_copy(s, p, x, n, group, at, px);
    runs.find(s, p, at, count);
    args.depth = ceil_div((p.taps_share ? 1 : count[1]) * 2 * p.g_row / LANES, DEPTH);
    args.first = i == patch0;
    for (int64_t v = v0; v < v1; v += d.V)
      for (int64_t td = 0; td < p.planes; td++) {
        const Range planes = positions_inside(s, 0, td, at[0], count[0]);
        args.x_runs = runs.x.data() + planes.from * runs.a_plane;
        args.g_runs = runs.g.data() + planes.from * runs.a_plane;
        args.n_runs = (planes.to - planes.from) * runs.a_plane;
        args.x = px + td * p.plane;
        args.g = g + (n * d.n_vectors + v) * s.out[0] * p.g_plane;
        args.sums = sums + (v - v0) * d.a_vector + td * p.a_plane * TILE;
        tiles.voxels[d.V - 1](args);
      }
  }
}

// Adds the parts of sums [part][group][vector][...], the first part first, and writes dw.
void add_parts(const ConvShape &s, const WeightPlan &p, const Division &d, float *sums, float *dw,
               int threads) {
  parallel_items(d.n_vectors * p.groups, d.a_part < SMALL ? 1 : threads, [&](int64_t item) {
    float *const total = sums + item * d.a_vector;
    for (int64_t part = 1; part < d.parts; part++)
      for (int64_t i = 0; i < d.a_vector; i++) total[i] += total[part * d.a_part + i];
    write_weights(s, p, total, item % d.n_vectors, item / d.n_vectors, dw);
  });
}

} // namespace

void weight_gradient_amx(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads) {
  const WeightPlan p = plan_of(s);
  const Division d = divide(s, p);
  Buffer turned, all_sums;
  float *const g = turned.take(s.n * d.n_vectors * s.out[0] * p.g_plane);
  turn_gradient(s, p, dy, d.n_vectors, g, threads);
  const std::vector<int64_t> starts = tile_starts(s, p);
  float *const sums = d.parts > 1 ? all_sums.take(d.parts * d.a_part) : nullptr;

  parallel_items(p.groups * d.parts * d.splits, threads, [&](int64_t item) {
    const int64_t split = item % d.splits, part = item / d.splits % d.parts,
                  group = item / d.splits / d.parts;
    const int64_t v0 = split * d.units / d.splits * d.V, v1 = (split + 1) * d.units / d.splits * d.V;
    // A single part is complete with its item, and stays in the thread's cache.
    float *const here = d.parts > 1 ? sums + part * d.a_part + group * d.a_group + v0 * d.a_vector
                                    : thread_sums.take((v1 - v0) * d.a_vector);
    sum_item(s, p, d, x, g, starts, part, group, v0, v1, here);
    for (int64_t v = v0; d.parts == 1 && v < v1; v++)
      write_weights(s, p, here + (v - v0) * d.a_vector, v, group, dw);
  });
  if (d.parts > 1) add_parts(s, p, d, sums, dw, threads);
}

} // namespace voxgan
