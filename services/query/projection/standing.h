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
  // `at(rank)` is the value at a rank from 0 of `count` sorted ones.
  template <typename At>
  ScoreBounds(size_t count, const At& at) {
    for (size_t k = 0; k < exceeded_.size(); ++k) {
      if (const size_t worse = WorseFor(k, count); worse > 0) exceeded_[k] = at(worse - 1);
    }
  }

  int ScoreOf(int64_t value) const {
    int score = 1;
    for (const int64_t bound : exceeded_) score += value > bound ? 1 : 0;
    return score;
  }

 private:
  // How many of `count` customers must be strictly worse for a score of k + 2; 0 without customers.
  static size_t WorseFor(size_t k, size_t count) {
    return ((k + 1) * count + domain::kBestRfmScore - 1) /
           static_cast<size_t>(domain::kBestRfmScore);
  }

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
