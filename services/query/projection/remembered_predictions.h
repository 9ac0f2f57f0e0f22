// services/query/projection/remembered_predictions.h: the dear columns of predictions, kept for the
// next question.
#ifndef CLV_SERVICES_QUERY_PROJECTION_REMEMBERED_PREDICTIONS_H_
#define CLV_SERVICES_QUERY_PROJECTION_REMEMBERED_PREDICTIONS_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/domain/customer_prediction.h"
#include "common/domain/report_rows.h"

namespace clv::query {

// Of one scorer. The same customers are asked for again and again, those who are worth most, and
// the interval of one with many orders takes a hundred microseconds. Thread-safe.
class RememberedPredictions {
 public:
  // As domain::FillPrediction, whose other columns must be filled before.
  void Fill(const domain::CustomerScorer& scorer, const domain::CustomerHistory& history,
            int64_t as_of_day, domain::ClvPredictionRow& row) {
    const Key key{history, as_of_day, static_cast<int64_t>(row.total_spend_micros)};
    {
      std::lock_guard lock(mutex_);
      if (const auto kept = kept_.find(key); kept != kept_.end()) {
        Copy(kept->second, row);
        return;
      }
    }
    domain::FillPrediction(scorer, history, as_of_day, row);
    domain::ClvPredictionRow columns;
    Copy(row, columns);
    std::lock_guard lock(mutex_);
    if (kept_.size() == kMostKept) kept_.clear();
    kept_.emplace(key, std::move(columns));
  }

 private:
  static constexpr size_t kMostKept = 4'096;  // about 400 bytes each

  struct Key {
    domain::CustomerHistory history;
    int64_t as_of_day = 0;
    int64_t total_spend_micros = 0;

    bool operator==(const Key&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.history.frequency, key.history.recency_days,
                        key.history.tenure_days, key.history.spend_days, key.history.spend_micros,
                        key.as_of_day, key.total_spend_micros);
    }
  };

  // The columns that FillPrediction fills.
  static void Copy(const domain::ClvPredictionRow& from, domain::ClvPredictionRow& to) {
    to.p_alive = from.p_alive;
    to.expected_purchases = from.expected_purchases;
    to.expected_order_value = from.expected_order_value;
    to.predicted_clv = from.predicted_clv;
    to.predicted_clv_low = from.predicted_clv_low;
    to.predicted_clv_high = from.predicted_clv_high;
    to.total_clv = from.total_clv;
    to.churn_risk = from.churn_risk;
    to.next_purchase_date = from.next_purchase_date;
    to.confidence = from.confidence;
    to.model = from.model;
    to.model_version = from.model_version;
  }

  std::mutex mutex_;
  absl::flat_hash_map<Key, domain::ClvPredictionRow> kept_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_REMEMBERED_PREDICTIONS_H_
