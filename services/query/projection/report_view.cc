#include "services/query/projection/report_view.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "common/base/instant.h"
#include "common/base/status_macros.h"

namespace clv::query {
namespace {

int64_t EndOfDay(int64_t seconds) { return (DayOf(seconds) + 1) * kSecondsPerDay - 1; }

bool Matches(const std::vector<std::string>& wanted, const std::string& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

}  // namespace

absl::StatusOr<ReportView> ReportView::Open(std::shared_ptr<const ProjectionVersion> version,
                                            const storage::ReportScope& scope,
                                            DefaultAsOf default_as_of) {
  const std::optional<int64_t> horizon = version->horizon_seconds;
  const int64_t scoring =
      scope.as_of_seconds.value_or(horizon ? EndOfDay(*horizon) : scope.now_seconds);
  const int64_t as_of = default_as_of == DefaultAsOf::kEndOfHorizonDay
                            ? scoring
                            : scope.as_of_seconds.value_or(horizon.value_or(scope.now_seconds));
  CLV_ASSIGN_OR_RETURN(CustomerStates states,
                       CustomerStates::At(*version, as_of, {scope.deadline, true}));
  ReportView view(std::move(version), scope, as_of, scoring, std::move(states));
  view.ApplyFilters();
  return view;
}

void ReportView::ApplyFilters() {
  const storage::AttributeFilters& filters = scope_->filters;
  passes_.resize(version_->attribute_sets, 1);
  if (filters.country.empty() && filters.customer_segment.empty() &&
      filters.acquisition_source.empty()) {
    return;
  }
  for (uint32_t set = 0; set < version_->attribute_sets; ++set) {
    const domain::CustomerAttributes& attributes = version_->texts->attribute_sets[set];
    passes_[set] = Matches(filters.country, attributes.country) &&
                   Matches(filters.customer_segment, attributes.customer_segment) &&
                   Matches(filters.acquisition_source, attributes.acquisition_source);
  }
}

WindowBounds ReportView::window() const {
  const storage::TimeWindow window = scope_->window.value_or(storage::TimeWindow{});
  return {as_of_seconds_, window.start.value_or(INT64_MIN), window.end.value_or(INT64_MAX)};
}

absl::StatusOr<storage::ReportContext> ReportView::Context() const {
  storage::ReportContext context;
  context.as_of_seconds = as_of_seconds_;
  context.reporting_currency = version_->reporting_currency;
  context.folded_position = version_->folded_position;
  context.rows_read = version_->customers;
  context.bytes_read = version_->chunks.size() * sizeof(StateColumns);
  for (size_t c = 0; c < version_->chunks.size(); ++c) {
    const CustomerChunk& chunk = *version_->chunks[c];
    if (chunk.unconverted_rows == 0) continue;
    for (const auto& [i, rare] : chunk.rare) {
      if (!Passes(chunk, i)) continue;
      const auto& dates = rare->unconverted_dates;
      context.unconverted_purchases += static_cast<uint64_t>(
          std::upper_bound(dates.begin(), dates.end(), as_of_seconds_,
                           [](int64_t as_of, uint32_t date) { return as_of < int64_t{date}; }) -
          dates.begin());
    }
  }
  return context;
}

AttributeGroups GroupBy(const ProjectionVersion& version,
                        std::string domain::CustomerAttributes::*attribute) {
  AttributeGroups groups;
  absl::flat_hash_map<std::string, uint32_t> known;
  groups.group_of.reserve(version.attribute_sets);
  for (uint32_t set = 0; set < version.attribute_sets; ++set) {
    const std::string& name = version.texts->attribute_sets[set].*attribute;
    const auto [entry, is_new] =
        known.try_emplace(name, static_cast<uint32_t>(groups.names.size()));
    if (is_new) groups.names.push_back(name);
    groups.group_of.push_back(entry->second);
  }
  return groups;
}

absl::StatusOr<PopulationFigures> FiguresOfPopulation(const ReportView& view) {
  const int64_t scoring_day = DayOf(view.scoring_as_of_seconds());
  PopulationFigures empty;
  empty.first_day = INT64_MAX;
  CLV_ASSIGN_OR_RETURN(const std::vector<PopulationFigures> parts,
                       ScanChunks(view.version().chunks.size(), view.scan(), empty,
                                  [&](size_t c, PopulationFigures& part) {
                                    const StateColumns& state = view.states()[c];
                                    const size_t size = view.version().SizeOf(c);
                                    for (size_t i = 0; i < size; ++i) {
                                      if (state.purchase_count[i] < 1) continue;
                                      const int64_t first_day = DayOf(state.first[i]);
                                      ++part.totals.customers;
                                      part.totals.repeat_customers +=
                                          state.repeat_order_days[i] >= 1;
                                      part.totals.repeat_order_days += state.repeat_order_days[i];
                                      part.totals.tenure_days += scoring_day - first_day;
                                      part.totals.total_spend_micros += state.spend_micros[i];
                                      part.totals.purchase_count += state.purchase_count[i];
                                      part.first_day = std::min(part.first_day, first_day);
                                    }
                                  }));
  PopulationFigures figures = empty;
  for (const PopulationFigures& part : parts) {
    figures.totals.customers += part.totals.customers;
    figures.totals.repeat_customers += part.totals.repeat_customers;
    figures.totals.repeat_order_days += part.totals.repeat_order_days;
    figures.totals.tenure_days += part.totals.tenure_days;
    figures.totals.total_spend_micros += part.totals.total_spend_micros;
    figures.totals.purchase_count += part.totals.purchase_count;
    figures.first_day = std::min(figures.first_day, part.first_day);
  }
  if (figures.totals.customers == 0) figures.first_day = 0;
  return figures;
}

bool InRange(const storage::RowRange& range, uint64_t index) {
  return index >= range.offset && (!range.limit || index - range.offset < *range.limit);
}

}  // namespace clv::query
