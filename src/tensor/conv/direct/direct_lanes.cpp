// direct_lanes.cpp: the lanes of a plan as vectors, and their weights; see direct_plan.hpp.
#include "tensor/conv/direct/direct_plan.hpp"

namespace voxgan {

Range taps_inside(const LanePlan &p, int a, const int64_t *shift, int64_t at, int64_t q) {
  const int64_t last = std::min(at + q, p.grid[a]) - 1, origin = p.origin[a] + shift[a];
  const int64_t from = std::max<int64_t>(0, -(origin + last * p.step[a]));
  return {from, std::max(from, std::min(p.taps[a], p.in[a] - (origin + at * p.step[a])))};
}

namespace {

// units [group]: units of V vectors, whose vectors are added to lane_of.
std::vector<std::vector<Unit>> make_units(LanePlan &p, int64_t V, std::vector<const Lane *> &lane_of) {
  const size_t lanes_a_unit = static_cast<size_t>(V * LANES);
  std::vector<std::vector<Unit>> units;
  for (Group &g : p.groups) {
    g.lanes.resize((g.lanes.size() + lanes_a_unit - 1) / lanes_a_unit * lanes_a_unit);
    units.emplace_back();
    for (size_t i = 0; i < g.lanes.size(); i += lanes_a_unit) {
      units.back().push_back(Unit{g.shift, static_cast<int64_t>(lane_of.size())});
      for (int64_t v = 0; v < V; v++) lane_of.push_back(&g.lanes[i + static_cast<size_t>(v * LANES)]);
    }
  }
  return units;
}

// A batch holds one unit of each of the groups that alternate along W, or a whole group that has both phases
// along W. Without phases along W every unit is a batch.
std::vector<Batch> make_batches(const LanePlan &p, const std::vector<std::vector<Unit>> &units) {
  std::vector<Batch> batches;
  if (p.alternating == 1 && p.out_step[2] > 1) {
    for (const std::vector<Unit> &u : units) {
      batches.emplace_back();
      batches.back().units = u;
    }
    return batches;
  }
  for (size_t g = 0; g < units.size(); g += static_cast<size_t>(p.alternating))
    for (size_t u = 0; u < units[g].size(); u++) {
      batches.emplace_back();
      for (size_t k = 0; k < static_cast<size_t>(p.alternating); k++)
        batches.back().units.push_back(units[g + k][u]);
    }
  return batches;
}

// The rows of output that a batch's lanes make. Lanes that differ only in their phase along W are one row.
std::vector<Row> make_rows(const LanePlan &p, const std::vector<const Lane *> &lanes) {
  std::vector<Row> rows;
  for (size_t i = 0; i < lanes.size(); i++) {
    const Lane &a = *lanes[i];
    if (a.channel < 0) continue;
    Row row = {a.channel, {a.offset[0], a.offset[1], a.offset[2]}, static_cast<int64_t>(i), -1};
    bool first = true;
    for (size_t j = 0; p.out_step[2] > 1 && j < lanes.size(); j++) {
      const Lane &o = *lanes[j];
      if (j == i || o.channel != a.channel || o.offset[0] != a.offset[0] || o.offset[1] != a.offset[1])
        continue;
      row.other = static_cast<int64_t>(j);
      first = o.offset[2] > a.offset[2];
    }
    if (first) rows.push_back(row);
  }
  return rows;
}

} // namespace

LaneVectors make_vectors(LanePlan &p, int64_t V) {
  LaneVectors all = {};
  all.batches = make_batches(p, make_units(p, V, all.lane_of));
  all.n_batches = static_cast<int64_t>(all.batches.size());
  for (Batch &b : all.batches) {
    std::vector<const Lane *> lanes;
    for (const Unit &u : b.units)
      for (int64_t v = 0; v < V; v++)
        for (int64_t l = 0; l < LANES; l++)
          lanes.push_back(all.lane_of[static_cast<size_t>(u.vector + v)] + l);
    b.rows = make_rows(p, lanes);
    all.units_max = std::max(all.units_max, static_cast<int64_t>(b.units.size()));
    for (const Unit &u : b.units)
      for (int a = 0; a < 3; a++) all.shift_max[a] = std::max(all.shift_max[a], u.shift[a]);
  }
  return all;
}

Macro macro_at(const Macro &macro, const int64_t tiles[3], int64_t tile) {
  Macro here = macro;
  here.at[0] = tile / (tiles[1] * tiles[2]) * macro.m[0];
  here.at[1] = tile / tiles[2] % tiles[1] * macro.m[1];
  here.at[2] = tile % tiles[2] * macro.m[2];
  return here;
}

int64_t splits_of(int64_t n_tiles, int64_t n_batches, int threads) {
  return n_tiles < 3 * threads ? std::min(n_batches, ceil_div(3 * threads, n_tiles)) : 1;
}

std::vector<SameLanes> same_lanes(const std::vector<const Lane *> &lane_of, int64_t n_weights) {
  std::vector<size_t> order(lane_of.size());
  for (size_t v = 0; v < order.size(); v++) order[v] = v;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lane_of[a]->weight < lane_of[b]->weight; });
  std::vector<SameLanes> sets;
  for (size_t i = 0; i < order.size(); i++) {
    const Lane *const lanes = lane_of[order[i]];
    if (!i || lanes->weight != lane_of[order[i - 1]]->weight) sets.emplace_back();
    bool alike = n_weights % LANES == 0;
    for (int l = 0; l < LANES; l++) alike = alike && lanes[l].channel >= 0 && lanes[l].taps == lanes[0].taps;
    if (alike && !sets.back().full) sets.back().full = lanes;
    sets.back().vectors.push_back({static_cast<int64_t>(order[i]), alike});
  }
  return sets;
}

void turn_weights(const Lane *full, const float *w, int64_t n_weights, float *turned) {
  const TurnKernel turn = kernels_here().turn;
  for (int64_t k = 0; k < n_weights; k += LANES) {
    const float *block[LANES];
    for (int l = 0; l < LANES; l++) block[l] = w + full[l].weight + k;
    turn(block, turned + k * LANES, LANES);
  }
}

const float *weights_at(const Lane *lanes, bool alike, int64_t k, const float *w, const float *turned,
                        float *own) {
  alignas(64) static const float zeros[LANES] = {};
  if (alike) return lanes[0].taps[k] < 0 ? zeros : turned + lanes[0].taps[k] * LANES;
  for (int l = 0; l < LANES; l++)
    own[l] = lanes[l].channel < 0 || lanes[l].taps[k] < 0 ? 0 : w[lanes[l].weight + lanes[l].taps[k]];
  return own;
}

} // namespace voxgan
