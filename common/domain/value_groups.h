// common/domain/value_groups.h: rows of customer value by segment and by acquisition source.
//
// Pure functions.
#ifndef CLV_COMMON_DOMAIN_VALUE_GROUPS_H_
#define CLV_COMMON_DOMAIN_VALUE_GROUPS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "common/domain/report_math.h"
#include "common/domain/report_rows.h"

namespace clv::domain {

// Percentiles that are told of spend: the least, the quartiles, ..., the greatest.
inline constexpr std::array<unsigned, 7> kSpendPercentiles = {0, 25, 50, 75, 90, 99, 100};

// What is told of the spend of some customers.
struct SpendFigures {
  PowerSums sums;  // of each customer's total_spend in micros
  // By index of kSpendPercentiles, nearest rank; all 0 without customers.
  std::array<int64_t, kSpendPercentiles.size()> percentile_micros = {};
};

// Of each customer's total_spend, ascending.
SpendFigures SpendFiguresOf(const std::vector<int64_t>& ascending_micros);

// The selected customers of one group, over their whole life up to `as_of`.
struct ValueGroup {
  std::string name;
  SpendFigures spend;
  absl::int128 orders = 0;
  uint64_t repeat_customers = 0;      // with two orders or more
  absl::int128 lifespan_seconds = 0;  // sum of last - first; customers with one order count 0
  std::optional<int64_t> first_purchase_date;
  std::optional<int64_t> last_purchase_date;
  absl::int128 window_revenue_micros = 0;  // equal to the totals without a window
  absl::int128 window_orders = 0;
};

// Days after the first order for which early value is reported.
inline constexpr std::array<int64_t, 4> kEarlyValueDays = {30, 90, 180, 365};

// What is known of an acquisition source besides.
struct SourceGroup {
  ValueGroup value;
  uint64_t signups = 0;
  uint64_t signups_with_orders = 0;
  // By index of kEarlyValueDays: the customers observed that long, and the value of their orders
  // until then.
  std::array<uint64_t, kEarlyValueDays.size()> early_customers = {};
  std::array<absl::int128, kEarlyValueDays.size()> early_revenue_micros = {};
};

// Rows by total_revenue descending, then group name. Shares are over all groups given.
std::vector<ClvBySegmentRow> MakeSegmentRows(const std::vector<ValueGroup>& groups);
std::vector<ClvByAcquisitionSourceRow> MakeSourceRows(const std::vector<SourceGroup>& groups);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_VALUE_GROUPS_H_
