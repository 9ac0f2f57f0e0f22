// services/query/projection/group_figures.h: what is told of groups of customers, and where it
// comes from.
#ifndef CLV_SERVICES_QUERY_PROJECTION_GROUP_FIGURES_H_
#define CLV_SERVICES_QUERY_PROJECTION_GROUP_FIGURES_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/domain/value_groups.h"
#include "services/query/projection/customer_chunk.h"
#include "services/query/projection/report_view.h"
#include "services/query/projection/value_sums.h"

namespace clv::query {

inline constexpr size_t kEarlySpans = domain::kEarlyValueDays.size();

// The selected customers of one group, and those signed up. What is summed for sources alone is
// left out otherwise, that of windows without one.
struct GroupFigures {
  domain::PowerSums sums;  // of total_spend in micros
  __int128 orders = 0;
  uint64_t repeat_customers = 0;
  __int128 lifespan_seconds = 0;
  uint32_t first = kNoInstant;
  uint32_t last = 0;
  __int128 window_micros = 0;
  uint64_t window_orders = 0;
  std::array<int64_t, domain::kSpendPercentiles.size()> percentile_micros = {};

  uint64_t signups = 0;
  uint64_t signups_with_orders = 0;
  std::array<uint64_t, kEarlySpans> early_customers = {};
  std::array<__int128, kEarlySpans> early_micros = {};

  uint64_t customers() const { return sums.count(); }

  // Adds up all but percentiles.
  GroupFigures& operator+=(const GroupFigures& more) {
    sums += more.sums;
    orders += more.orders;
    repeat_customers += more.repeat_customers;
    lifespan_seconds += more.lifespan_seconds;
    first = std::min(first, more.first);
    last = std::max(last, more.last);
    window_micros += more.window_micros;
    window_orders += more.window_orders;
    signups += more.signups;
    signups_with_orders += more.signups_with_orders;
    for (size_t s = 0; s < kEarlySpans; ++s) {
      early_customers[s] += more.early_customers[s];
      early_micros[s] += more.early_micros[s];
    }
    return *this;
  }
};

// By group. `has_sources`: what is told of acquisition sources alone is wanted.
using GroupList = std::vector<GroupFigures>;

// The sums of a view's customers, carried along with its version; null where there are none.
// `has_sources` as above. Errors as of ReportView.
absl::StatusOr<std::shared_ptr<const ValueSums>> KeptSums(const ReportView& view, bool has_sources);
// From such sums.
GroupList KeptGroups(const ReportView& view, const ValueSums& sums, const AttributeGroups& groups,
                     bool has_sources);

// From a scan of all customers, for anything.
absl::StatusOr<GroupList> ScannedGroups(const ReportView& view, const AttributeGroups& groups,
                                        bool has_sources);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_GROUP_FIGURES_H_
