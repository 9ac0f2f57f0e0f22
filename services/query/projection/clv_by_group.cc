// clv_by_segment and clv_by_acquisition_source.
#include <utility>

#include "common/base/status_macros.h"
#include "common/domain/value_groups.h"
#include "services/query/projection/group_figures.h"
#include "services/query/projection/report_answers.h"

namespace clv::query {
namespace {

using domain::SourceGroup;
using domain::ValueGroup;

absl::StatusOr<GroupList> GroupsOf(const ReportView& view, const AttributeGroups& names,
                                   bool has_sources) {
  CLV_ASSIGN_OR_RETURN(const auto sums, KeptSums(view, has_sources));
  if (sums != nullptr) return KeptGroups(view, *sums, names, has_sources);
  return ScannedGroups(view, names, has_sources);
}

ValueGroup ToGroup(const std::string& name, const GroupFigures& part, bool has_window) {
  ValueGroup group;
  group.name = name;
  group.spend.sums = part.spend;
  group.spend.percentile_micros = part.percentile_micros;
  group.orders = part.orders;
  group.repeat_customers = part.repeat_customers;
  group.lifespan_seconds = part.lifespan_seconds;
  if (part.customers() > 0) {
    group.first_purchase_date = part.first;
    group.last_purchase_date = part.last;
  }
  group.window_revenue_micros = has_window ? absl::int128(part.window_micros) : part.spend.sum();
  group.window_orders = has_window ? absl::int128(part.window_orders) : absl::int128(part.orders);
  return group;
}

}  // namespace

absl::StatusOr<storage::Report<domain::ClvBySegmentRow>> ClvBySegment(
    const ReportView& view, const storage::SegmentQuery& query) {
  const AttributeGroups names =
      GroupBy(view.version(), &domain::CustomerAttributes::customer_segment);
  CLV_ASSIGN_OR_RETURN(const GroupList parts, GroupsOf(view, names, false));
  std::vector<ValueGroup> groups;
  for (size_t g = 0; g < parts.size(); ++g) {
    if (parts[g].customers() == 0) continue;
    groups.push_back(ToGroup(names.names[g], parts[g], view.has_window()));
  }
  storage::Report<domain::ClvBySegmentRow> report;
  report.rows = domain::MakeSegmentRows(groups);
  CutToRange(query.scope.range, report);
  return report;
}

absl::StatusOr<storage::Report<domain::ClvByAcquisitionSourceRow>> ClvByAcquisitionSource(
    const ReportView& view, const storage::SegmentQuery& query) {
  const AttributeGroups names =
      GroupBy(view.version(), &domain::CustomerAttributes::acquisition_source);
  CLV_ASSIGN_OR_RETURN(const GroupList parts, GroupsOf(view, names, true));
  std::vector<SourceGroup> groups;
  for (size_t g = 0; g < parts.size(); ++g) {
    const GroupFigures& part = parts[g];
    if (part.customers() == 0 && part.signups == 0) continue;
    SourceGroup group;
    group.value = ToGroup(names.names[g], part, view.has_window());
    group.signups = part.signups;
    group.signups_with_orders = part.signups_with_orders;
    group.early_customers = part.early_customers;
    for (size_t s = 0; s < kEarlySpans; ++s) group.early_revenue_micros[s] = part.early_micros[s];
    groups.push_back(std::move(group));
  }
  storage::Report<domain::ClvByAcquisitionSourceRow> report;
  report.rows = domain::MakeSourceRows(groups);
  CutToRange(query.scope.range, report);
  return report;
}

}  // namespace clv::query
