// services/query/projection/report_view.h: what one report looks at: a version, an instant,
// filters.
#ifndef CLV_SERVICES_QUERY_PROJECTION_REPORT_VIEW_H_
#define CLV_SERVICES_QUERY_PROJECTION_REPORT_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/domain/average_model.h"
#include "common/storage/reports.h"
#include "services/query/projection/chunk_scan.h"
#include "services/query/projection/customer_states.h"
#include "services/query/projection/projection_version.h"

namespace clv::query {

// Lives within one call of Reports; the scope outlives it.
class ReportView {
 public:
  // Which instant stands for an absent `as_of`: the data's horizon, or that of predictions (see
  // scoring_as_of_seconds).
  enum class DefaultAsOf { kHorizon, kScoring };

  static absl::StatusOr<ReportView> Open(std::shared_ptr<const ProjectionVersion> version,
                                         const storage::ReportScope& scope,
                                         DefaultAsOf default_as_of);

  const ProjectionVersion& version() const { return *version_; }
  const std::shared_ptr<const ProjectionVersion>& shared_version() const { return version_; }
  const storage::ReportScope& scope() const { return *scope_; }
  int64_t as_of_seconds() const { return as_of_seconds_; }
  // Instant of predictions: the request's as_of, else the end of the day of the last complete
  // scoring, else of the horizon's day, else now.
  int64_t scoring_as_of_seconds() const { return scoring_as_of_seconds_; }
  // Day of the prediction of one customer: that of scoring_as_of_seconds, and where the request has
  // no as_of not before that of the customer's latest activity.
  int64_t ScoringDayOf(const CustomerChunk& chunk, size_t i) const;
  // The summaries at as_of; by default everything that is known counts, even what is later than the
  // last complete scoring.
  const CustomerStates& states() const { return states_; }
  const ScanOptions& scan() const { return scan_; }
  ScanOptions heavy_scan() const { return {scan_.deadline, true}; }

  bool has_filters() const;
  bool has_window() const { return scope_->window.has_value(); }
  WindowBounds window() const;

  // Whether a customer passes the filters.
  bool Passes(const CustomerChunk& chunk, size_t i) const {
    return passes_[chunk.attributes[i]] != 0;
  }
  bool PassesSet(uint32_t attribute_set) const { return passes_[attribute_set] != 0; }
  // Customers of the population who pass the filters, where that needs no scan.
  std::optional<uint64_t> CustomersSelected() const;

  // Calls `visit(chunk, state, i, number, part)` for every customer of the population that passes
  // the filters, as ScanChunks does.
  template <typename Part, typename Visit>
  absl::StatusOr<std::vector<Part>> ScanPopulation(const Part& empty, const Visit& visit) const {
    return ScanChunks(version_->chunks.size(), scan_, empty, [&](size_t c, Part& part) {
      const CustomerChunk& chunk = version_->chunks[c];
      const StateColumns& state = states_[c];
      const size_t size = version_->SizeOf(c);
      if (const CustomerChunk* const next = version_->ChunkAfter(c)) {
        PrefetchColumns(next->attributes, states_[c + 1].purchase_count);
      }
      for (size_t i = 0; i < size; ++i) {
        if (state.purchase_count[i] >= 1 && Passes(chunk, i)) {
          visit(chunk, state, i, static_cast<uint32_t>(c * kChunkCustomers + i), part);
        }
      }
    });
  }

  // What the context says once the report is done; warnings and model version are the report's own.
  absl::StatusOr<storage::ReportContext> Context() const;

 private:
  ReportView(std::shared_ptr<const ProjectionVersion> version, const storage::ReportScope& scope,
             int64_t as_of_seconds, int64_t facts_as_of_seconds, int64_t scoring_as_of_seconds,
             CustomerStates states)
      : version_(std::move(version)),
        scope_(&scope),
        as_of_seconds_(as_of_seconds),
        facts_as_of_seconds_(facts_as_of_seconds),
        scoring_as_of_seconds_(scoring_as_of_seconds),
        scan_{scope.deadline, false},
        states_(std::move(states)) {}
  void ApplyFilters();

  std::shared_ptr<const ProjectionVersion> version_;
  const storage::ReportScope* scope_;
  int64_t as_of_seconds_;
  int64_t facts_as_of_seconds_;  // what is dated later is invisible
  int64_t scoring_as_of_seconds_;
  ScanOptions scan_;
  CustomerStates states_;
  std::vector<uint8_t> passes_;  // by attribute set
};

// Attribute sets by the value of one attribute.
struct AttributeGroups {
  std::vector<std::string> names;  // by group
  std::vector<uint32_t> group_of;  // by attribute set
};
AttributeGroups GroupBy(const ProjectionVersion& version,
                        std::string domain::CustomerAttributes::*attribute);

// The sums over the whole population, before filters, that the average model needs.
struct PopulationFigures {
  domain::PopulationTotals totals;
  int64_t first_day = 0;  // of its first order; 0 without customers
};
absl::StatusOr<PopulationFigures> FiguresOfPopulation(const ReportView& view);

// The model that answers, and what is said about it.
absl::StatusOr<domain::ServedModel> ServedModelOf(const ReportView& view,
                                                  domain::ModelFamily asked);

// Whether row `index` of the ordered rows lies in the range.
bool InRange(const storage::RowRange& range, uint64_t index);

// Keeps the rows of `report` (all of them, in order) that lie in the range, and their number
// before.
template <typename Row>
void CutToRange(const storage::RowRange& range, storage::Report<Row>& report) {
  report.total_rows = report.rows.size();
  const uint64_t begin = std::min<uint64_t>(range.offset, report.rows.size());
  const uint64_t left = report.rows.size() - begin;
  const uint64_t size = range.limit ? std::min<uint64_t>(*range.limit, left) : left;
  report.rows.erase(report.rows.begin() + static_cast<int64_t>(begin + size), report.rows.end());
  report.rows.erase(report.rows.begin(), report.rows.begin() + static_cast<int64_t>(begin));
}

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_REPORT_VIEW_H_
