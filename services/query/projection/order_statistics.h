// services/query/projection/order_statistics.h: percentiles of unsorted values.
#ifndef CLV_SERVICES_QUERY_PROJECTION_ORDER_STATISTICS_H_
#define CLV_SERVICES_QUERY_PROJECTION_ORDER_STATISTICS_H_

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "common/domain/report_math.h"

namespace clv::query {

// The nearest-rank percentiles, which rise, of values, which it reorders; empty without values.
template <typename Value>
std::vector<Value> PercentilesOf(std::vector<Value>& values, absl::Span<const unsigned> percents) {
  std::vector<Value> found;
  auto begin = values.begin();
  for (const unsigned percent : percents) {
    if (values.empty()) break;
    const auto at = values.begin() +
                    static_cast<std::ptrdiff_t>(domain::NearestRankIndex(values.size(), percent));
    // What lies before the last one found is smaller already.
    if (at >= begin) {
      std::nth_element(begin, at, values.end());
      begin = at + 1;
    }
    found.push_back(*at);
  }
  return found;
}

template <typename Value>
std::optional<Value> PercentileOf(std::vector<Value>& values, unsigned percent) {
  const std::vector<Value> found = PercentilesOf<Value>(values, {percent});
  return found.empty() ? std::nullopt : std::optional<Value>(found.front());
}

// Appends the values of other parts to those of the first.
template <typename Value>
void Append(std::vector<Value>& to, const std::vector<Value>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_ORDER_STATISTICS_H_
