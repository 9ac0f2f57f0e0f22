// services/query/projection/group_figures.h: what is told of groups of customers, and where it
// comes from.
#ifndef CLV_SERVICES_QUERY_PROJECTION_GROUP_FIGURES_H_
#define CLV_SERVICES_QUERY_PROJECTION_GROUP_FIGURES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/domain/value_groups.h"
#include "services/query/projection/customer_chunk.h"
#include "services/query/projection/report_view.h"
#include "services/query/projection/value_figures.h"
#include "services/query/projection/value_sums.h"

namespace clv::query {

// The selected customers of one group. What is told of sources alone is left out otherwise.
struct GroupFigures : ValueFigures {
  std::array<int64_t, domain::kSpendPercentiles.size()> percentile_micros = {};
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
