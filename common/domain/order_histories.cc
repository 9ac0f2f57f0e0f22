#include "common/domain/order_histories.h"

#include <algorithm>

#include "common/base/instant.h"
#include "common/base/money.h"

namespace clv::domain {

CustomerHistory HistoryOf(absl::Span<const OrderDay> days, const ImportedClv* imported,
                          int64_t day) {
  constexpr int64_t kMostRepeats = 1'000'000'000;
  CustomerHistory history;
  int64_t first = days.empty() ? INT64_MAX : days.front().day;
  int64_t last = days.empty() ? INT64_MIN : days.back().day;
  int64_t repeats = 0;
  int64_t spend_days = 0;
  int64_t repeats_after = first;  // days later than this are repeats
  if (imported != nullptr) {
    first = std::min(first, DayOf(imported->first_purchase_date));
    last = std::max(last, DayOf(imported->last_purchase_date));
    repeats = imported->purchase_count - 1;
    history.spend_micros =
        ImportedSpendMicros(imported->total_spend_micros, imported->purchase_count);
    spend_days = history.spend_micros > 0 ? repeats : 0;
    repeats_after = DayOf(imported->updated_at);
  }
  for (const OrderDay& one : days) {
    if (one.day <= repeats_after) continue;
    ++repeats;
    if (one.value_micros <= 0) continue;
    ++spend_days;
    history.spend_micros += one.value_micros;
  }
  history.frequency = static_cast<uint32_t>(std::min(repeats, kMostRepeats));
  history.spend_days = static_cast<uint32_t>(std::min(spend_days, kMostRepeats));
  history.recency_days = static_cast<uint32_t>(last - first);
  history.tenure_days = static_cast<uint32_t>(std::max(day, last) - first);
  return history;
}

void OrderHistories::Add(absl::Span<const OrderDay> days) {
  for (const OrderDay& one : days) {
    days_.push_back(one.day);
    values_.push_back(one.value_micros);
  }
  if (customers() == 0) first_day_ = last_day_ = days.front().day;
  offsets_.push_back(static_cast<uint32_t>(days_.size()));
  first_day_ = std::min(first_day_, days.front().day);
  last_day_ = std::max(last_day_, days.back().day);
}

void OrderHistories::AddImported(int32_t first_day, const CustomerHistory& history) {
  imported_.push_back({first_day, history});
}

HistoryGroups OrderHistories::HistoriesAt(int32_t day, double days_per_unit) const {
  std::vector<HistoryGroup> histories;
  histories.reserve(customers());
  for (size_t customer = 0; customer < customers(); ++customer) {
    const absl::Span<const int32_t> days = DaysOf(customer);
    if (days.front() > day) continue;
    const auto end = std::upper_bound(days.begin(), days.end(), day);
    histories.push_back({.frequency = static_cast<uint32_t>(end - days.begin()) - 1,
                         .recency_days = static_cast<uint32_t>(*(end - 1) - days.front()),
                         .tenure_days = static_cast<uint32_t>(day - days.front()),
                         .customers = 1});
  }
  if (day >= last_day_) {
    for (const Imported& one : imported_) {
      const auto tenure = static_cast<uint32_t>(std::max(0, day - one.first_day));
      histories.push_back({.frequency = one.history.frequency,
                           .recency_days = std::min(one.history.recency_days, tenure),
                           .tenure_days = tenure,
                           .customers = 1});
    }
  }
  return GroupHistories(std::move(histories), days_per_unit);
}

SpendHistories OrderHistories::SpendAt(int32_t day) const {
  std::vector<SpendHistory> spending;
  const auto add = [&](uint32_t days, int64_t micros) {
    if (days == 0 || micros <= 0) return;
    spending.push_back({days, static_cast<double>(micros) / kMicrosPerUnit / days});
  };
  for (size_t customer = 0; customer < customers(); ++customer) {
    uint32_t days = 0;
    int64_t micros = 0;
    for (size_t i = offsets_[customer] + 1; i < offsets_[customer + 1] && days_[i] <= day; ++i) {
      if (values_[i] <= 0) continue;
      ++days;
      micros += values_[i];
    }
    add(days, micros);
  }
  if (day >= last_day_) {
    for (const Imported& one : imported_) add(one.history.spend_days, one.history.spend_micros);
  }
  return SpendHistories(std::move(spending));
}

double OrderHistories::MeanOrderValueAt(int32_t day) const {
  double units = 0;
  double count = 0;
  for (size_t i = 0; i < days_.size(); ++i) {
    if (days_[i] > day || values_[i] <= 0) continue;
    units += static_cast<double>(values_[i]) / kMicrosPerUnit;
    ++count;
  }
  for (const Imported& one : imported_) {
    if (day < last_day_) break;
    units += static_cast<double>(one.history.spend_micros) / kMicrosPerUnit;
    count += one.history.spend_days;
  }
  return count > 0 ? units / count : 0;
}

OrderHistories OrderHistories::Sample(size_t most) const {
  const size_t stride = std::max<size_t>(1, (customers() + most - 1) / most);
  OrderHistories sample;
  std::vector<OrderDay> days;
  for (size_t customer = stride / 2; customer < customers(); customer += stride) {
    days.clear();
    for (size_t i = offsets_[customer]; i < offsets_[customer + 1]; ++i) {
      days.push_back({days_[i], values_[i]});
    }
    sample.Add(days);
  }
  return sample;
}

}  // namespace clv::domain
