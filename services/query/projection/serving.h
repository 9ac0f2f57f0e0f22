// services/query/projection/serving.h: the model that predicts by default.
#ifndef CLV_SERVICES_QUERY_PROJECTION_SERVING_H_
#define CLV_SERVICES_QUERY_PROJECTION_SERVING_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "common/base/instant.h"
#include "common/domain/customer_prediction.h"
#include "common/domain/served_model.h"
#include "common/storage/model_store.h"
#include "services/query/projection/customer_chunk.h"
#include "services/query/projection/remembered_predictions.h"

namespace clv::query {

// A fitted model and the day of its last complete scoring. Immutable, thread-safe.
struct Serving {
  explicit Serving(domain::ServingFit stored, int64_t scoring_day);

  domain::ServingFit fit;
  int64_t day = 0;
  // Of the model that the fit chose, under the default terms.
  domain::CustomerScorer scorer;
  mutable RememberedPredictions remembered;  // of the scorer
};

// Of a customer with an order; as of the end of `day`.
inline domain::CustomerHistory HistoryOf(const StateColumns& state, size_t i, int64_t day) {
  constexpr int64_t kMostRepeats = 1'000'000'000;
  const int64_t first_day = DayOf(state.first[i]);
  return {.frequency = static_cast<uint32_t>(std::min(state.repeat_order_days[i], kMostRepeats)),
          .recency_days = static_cast<uint32_t>(DayOf(state.last[i]) - first_day),
          .tenure_days = static_cast<uint32_t>(day - first_day),
          .spend_days = state.spend_days[i],
          .spend_micros = state.repeat_spend_micros[i]};
}

// The day of a default prediction: `day`, or where later that of the customer's latest activity.
inline int64_t DefaultDayOf(const CustomerChunk& chunk, size_t i, int64_t day) {
  const uint32_t activity = chunk.LastActivity(i);
  return activity != kNoInstant ? std::max(day, DayOf(activity)) : day;
}

// The default prediction of customer `i` of the chunk; 0 without an order.
double PredictedClvOf(const Serving& serving, const CustomerChunk& chunk, size_t i);

// The least float that is not below the value. Rises with it: who has less than another's bound
// has less than the other.
inline float BoundOf(double value) {
  const auto nearest = static_cast<float>(value);
  return double{nearest} < value ? std::nextafter(nearest, std::numeric_limits<float>::infinity())
                                 : nearest;
}

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_SERVING_H_
