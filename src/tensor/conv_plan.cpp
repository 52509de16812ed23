// conv_plan.cpp: see conv_plan.hpp.
#include "conv_plan.hpp"

namespace voxgan {

std::vector<Batch> make_batches(LanePlan &p, int64_t V, std::vector<const Lane *> &lane_of) {
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
  std::vector<Batch> batches;
  if (p.alternating == 1 && p.out_step[2] > 1) { // a group has both phases along W
    for (const std::vector<Unit> &u : units) {
      batches.emplace_back();
      batches.back().units = u;
    }
  } else {
    for (size_t g = 0; g < units.size(); g += static_cast<size_t>(p.alternating))
      for (size_t u = 0; u < units[g].size(); u++) {
        batches.emplace_back();
        for (size_t k = 0; k < static_cast<size_t>(p.alternating); k++)
          batches.back().units.push_back(units[g + k][u]);
      }
  }
  for (Batch &b : batches) {
    std::vector<const Lane *> lanes;
    for (const Unit &u : b.units)
      for (int64_t v = 0; v < V; v++)
        for (int64_t l = 0; l < LANES; l++) lanes.push_back(lane_of[static_cast<size_t>(u.vector + v)] + l);
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
      if (first) b.rows.push_back(row);
    }
  }
  return batches;
}

} // namespace voxgan
