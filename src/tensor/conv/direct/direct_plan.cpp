// direct_plan.cpp: the plan of a direct convolution from its shape; see direct_plan.hpp.
#include "tensor/conv/direct/direct_plan.hpp"
#include <limits>

namespace voxgan {
namespace {

bool is_wanted(const Planes &p, int64_t c) {
  return p.part[c < p.channels[0] ? 0 : 1] != nullptr;
}

// One axis of the data gradient. Input voxel i gets dy[o] w[t] wherever i + pad = stride o + t. With
// i + pad = stride m + r (r is the phase) and t = r + stride u this is o = m - u: for each phase a
// convolution over ceil(kernel / stride) taps. Taps are counted backwards, so that o grows with them.
struct Axis {
  int64_t first[2];             // [phase]: its smallest m with i >= 0
  int64_t count[2];             // [phase]: its positions
  int64_t lowest, count_shared; // the one grid of the phases that share vectors
};

Axis axis_of(const ConvShape &s, int a) {
  Axis x;
  int64_t end = 0;
  x.lowest = std::numeric_limits<int64_t>::max();
  for (int64_t r = 0; r < s.stride[a]; r++) {
    x.first[r] = std::max<int64_t>(0, ceil_div(s.pad[a] - r, s.stride[a]));
    x.count[r] = std::max<int64_t>(0, ceil_div(s.in[a] + s.pad[a] - r, s.stride[a]) - x.first[r]);
    x.lowest = std::min(x.lowest, x.first[r]);
    end = std::max(end, x.first[r] + x.count[r]);
  }
  x.count_shared = end - x.lowest;
  return x;
}

// The axes (bits) whose phases share vectors. Few channels leave lanes empty; phases in the same vector fill
// them, at the price of one more position along the axis.
int shared_axes(const ConvShape &s, const Axis axis[3], int64_t n_channels) {
  int share = 0;
  double least = std::numeric_limits<double>::infinity();
  for (int set = 0; set < 8; set++) {
    double cost = 1 + 1e-3 * set;
    int64_t lanes = n_channels;
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
  return share;
}

// list [tap of the plan]: the weight of that tap at phase r, or -1 beyond the kernel.
void list_taps(const ConvShape &s, const LanePlan &p, const int64_t r[3], int64_t *list) {
  for (int64_t k = 0; k < volume_of(p.taps); k++) {
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
}

// Adds to g the lanes of phase r: one a channel.
void add_phase(const ConvShape &s, const Axis axis[3], const int64_t r[3], const int64_t *taps,
               const std::vector<int64_t> &channels, Group &g) {
  Lane lane;
  for (int a = 0; a < 3; a++) {
    g.shift[a] = axis[a].first[r[a]];
    lane.offset[a] = s.stride[a] * g.shift[a] + r[a] - s.pad[a];
  }
  lane.taps = taps;
  for (int64_t c : channels) {
    lane.channel = c;
    lane.weight = c * volume_of(s.kernel);
    g.lanes.push_back(lane);
  }
}

} // namespace

LanePlan plan_forward(const ConvShape &s, const Planes &y) {
  LanePlan p;
  p.n = s.n;
  p.channels = s.c;
  p.n_weights = p.weight_step = volume_of(s.kernel);
  for (int a = 0; a < 3; a++) {
    p.in[a] = s.in[a];
    p.out[a] = p.grid[a] = s.out[a];
    p.step[a] = s.stride[a];
    p.origin[a] = -s.pad[a];
    p.taps[a] = s.kernel[a];
    p.out_step[a] = 1;
  }
  for (int64_t k = 0; k < p.n_weights; k++) p.tap_list.push_back(k);
  p.groups.resize(1);
  for (int64_t k = 0; k < s.k; k++) {
    if (!is_wanted(y, k)) continue;
    Lane lane;
    lane.channel = k;
    lane.weight = k * s.c * p.n_weights;
    lane.taps = p.tap_list.data();
    p.groups[0].lanes.push_back(lane);
  }
  return p;
}

LanePlan plan_backward_data(const ConvShape &s, const Planes &dx) {
  std::vector<int64_t> channels;
  for (int64_t c = 0; c < s.c; c++)
    if (is_wanted(dx, c)) channels.push_back(c);
  Axis axis[3] = {axis_of(s, 0), axis_of(s, 1), axis_of(s, 2)};
  const int share = shared_axes(s, axis, static_cast<int64_t>(channels.size()));
  LanePlan p;
  p.n = s.n;
  p.channels = s.k;
  p.n_weights = volume_of(s.kernel);
  p.weight_step = s.c * p.n_weights;
  int64_t apart[3], together[3]; // phases in groups of their own, and in one group
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
  p.tap_list.resize(static_cast<size_t>(volume_of(s.stride) * n_taps));
  int64_t *list = p.tap_list.data();
  for (int64_t i = 0; i < volume_of(apart); i++) {
    p.groups.emplace_back();
    for (int64_t j = 0; j < volume_of(together); j++, list += n_taps) {
      // one of the two numbers is 0 along each axis
      const int64_t r[3] = {i / (apart[1] * apart[2]) + j / (together[1] * together[2]),
                            i / apart[2] % apart[1] + j / together[2] % together[1],
                            i % apart[2] + j % together[2]};
      list_taps(s, p, r, list);
      add_phase(s, axis, r, list, channels, p.groups.back());
    }
  }
  return p;
}

} // namespace voxgan
