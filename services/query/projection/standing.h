// services/query/projection/standing.h: how customers stand among all.
#ifndef CLV_SERVICES_QUERY_PROJECTION_STANDING_H_
#define CLV_SERVICES_QUERY_PROJECTION_STANDING_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "common/domain/rfm.h"
#include "services/query/projection/customer_states.h"
#include "services/query/projection/report_view.h"

namespace clv::query {

// The scores of one measure: score(v) = min(5, 1 + floor(5 * c / N)), where c of N customers have a
// strictly smaller value. So a score of k or more has who exceeds the value at rank
// ceil((k - 1) * N / 5).
class ScoreBounds {
 public:
  ScoreBounds() = default;
  // Of values in any order, which it reorders.
  explicit ScoreBounds(std::vector<int64_t>& values);

  int ScoreOf(int64_t value) const {
    int score = 1;
    for (const int64_t bound : exceeded_) score += value > bound ? 1 : 0;
    return score;
  }

 private:
  std::array<int64_t, domain::kBestRfmScore - 1> exceeded_ = {INT64_MAX, INT64_MAX, INT64_MAX,
                                                              INT64_MAX};
};

// The scores of the whole population, before filters.
struct RfmBounds {
  ScoreBounds recency;    // of last purchase, UTC seconds
  ScoreBounds frequency;  // of purchase_count
  ScoreBounds monetary;   // of total_spend in micros
};

struct RfmScores {
  int recency = 1;
  int frequency = 1;
  int monetary = 1;
};

absl::StatusOr<RfmBounds> BoundsOfPopulation(const ReportView& view);

inline RfmScores ScoresOf(const RfmBounds& bounds, const StateColumns& state, size_t i) {
  return {bounds.recency.ScoreOf(state.last[i]), bounds.frequency.ScoreOf(state.purchase_count[i]),
          bounds.monetary.ScoreOf(state.spend_micros[i])};
}

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_STANDING_H_
