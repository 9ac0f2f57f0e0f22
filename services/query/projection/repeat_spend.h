// services/query/projection/repeat_spend.h: what a customer spends on repeat order days.
#ifndef CLV_SERVICES_QUERY_PROJECTION_REPEAT_SPEND_H_
#define CLV_SERVICES_QUERY_PROJECTION_REPEAT_SPEND_H_

#include <algorithm>
#include <cstdint>

#include "common/base/instant.h"
#include "common/domain/customer_prediction.h"
#include "services/query/projection/customer_chunk.h"

namespace clv::query {

// Told of one customer's qualifying orders, by date; see domain::CustomerHistory.
class RepeatSpend {
 public:
  // `imported`: the visible record, or null.
  explicit RepeatSpend(const ImportedRecord* imported) : imported_(imported) {
    if (imported == nullptr) return;
    after_day_ = DayOf(imported->updated_at);
    const int64_t micros =
        domain::ImportedSpendMicros(imported->spend_micros, imported->purchase_count);
    if (micros <= 0) return;
    days_ = static_cast<uint64_t>(imported->purchase_count - 1);
    micros_ = micros;
  }

  void Add(uint32_t date, int64_t value_micros) {
    const int64_t day = DayOf(date);
    if (day != day_) {
      EndDay();
      if (imported_ == nullptr && day_ < 0) after_day_ = day;  // the first is no repeat
      day_ = day;
    }
    day_micros_ += value_micros;
  }

  void Store(size_t i, StateColumns* columns) {
    EndDay();
    constexpr uint64_t kMostDays = 1'000'000'000;
    columns->spend_days.Set(i, static_cast<uint32_t>(std::min(days_, kMostDays)));
    columns->repeat_spend_micros.Set(i, micros_);
  }

 private:
  void EndDay() {
    if (day_ > after_day_ && day_micros_ > 0) {
      ++days_;
      micros_ += day_micros_;
    }
    day_micros_ = 0;
  }

  const ImportedRecord* imported_;
  int64_t after_day_ = -1;  // repeats are later
  int64_t day_ = -1;
  int64_t day_micros_ = 0;
  uint64_t days_ = 0;
  int64_t micros_ = 0;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_REPEAT_SPEND_H_
