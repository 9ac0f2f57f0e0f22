#include "services/query/projection/standing.h"

#include <algorithm>

#include "common/base/status_macros.h"
#include "services/query/projection/order_statistics.h"

namespace clv::query {
namespace {

struct Measures {
  std::vector<int64_t> last;
  std::vector<int64_t> count;
  std::vector<int64_t> spend;
};

RfmBounds KeptBounds(const PopulationIndex& population) {
  const size_t count = population.last.size();
  return {
      ScoreBounds(count, [&](size_t rank) { return int64_t{population.last.At(rank)}; }),
      ScoreBounds(count, [&](size_t rank) { return population.purchase_count.At(rank); }),
      ScoreBounds(count, [&](size_t rank) { return population.by_spend.At(rank).spend_micros; })};
}

}  // namespace

ScoreBounds::ScoreBounds(std::vector<int64_t>& values) {
  auto begin = values.begin();
  for (size_t k = 0; k < exceeded_.size(); ++k) {
    const size_t worse = WorseFor(k, values.size());
    if (worse == 0) continue;
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(worse - 1);
    if (at >= begin) {
      std::nth_element(begin, at, values.end());
      begin = at + 1;
    }
    exceeded_[k] = *at;
  }
}

absl::StatusOr<RfmBounds> BoundsOfPopulation(const ReportView& view) {
  if (view.states().are_kept()) return KeptBounds(*view.version().population);
  CLV_ASSIGN_OR_RETURN(std::vector<Measures> parts,
                       ScanChunks(view.version().chunks.size(), view.scan(), Measures(),
                                  [&](size_t c, Measures& part) {
                                    const StateColumns& state = view.states()[c];
                                    const size_t size = view.version().SizeOf(c);
                                    for (size_t i = 0; i < size; ++i) {
                                      if (state.purchase_count[i] < 1) continue;
                                      part.last.push_back(state.last[i]);
                                      part.count.push_back(state.purchase_count[i]);
                                      part.spend.push_back(state.spend_micros[i]);
                                    }
                                  }));
  Measures& all = parts[0];
  for (size_t p = 1; p < parts.size(); ++p) {
    Append(all.last, parts[p].last);
    Append(all.count, parts[p].count);
    Append(all.spend, parts[p].spend);
  }
  return RfmBounds{ScoreBounds(all.last), ScoreBounds(all.count), ScoreBounds(all.spend)};
}

}  // namespace clv::query
