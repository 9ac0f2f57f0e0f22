#include "services/query/projection/report_view.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "common/base/instant.h"
#include "common/base/status_macros.h"

namespace clv::query {
namespace {

int64_t EndOfDay(int64_t day) { return (day + 1) * kSecondsPerDay - 1; }

PopulationFigures KeptFigures(const PopulationIndex& population, int64_t scoring_day) {
  PopulationFigures figures;
  domain::PopulationTotals& totals = figures.totals;
  totals.customers = population.first.size();
  totals.repeat_customers = population.repeat_customers;
  totals.repeat_order_days = population.repeat_order_days;
  totals.tenure_days = absl::int128(totals.customers) * scoring_day - population.first_days;
  totals.total_spend_micros = population.spend_micros;
  totals.purchase_count = population.orders;
  if (totals.customers > 0) figures.first_day = DayOf(population.first.At(0).date);
  return figures;
}

bool Matches(const std::vector<std::string>& wanted, const std::string& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

}  // namespace

absl::StatusOr<ReportView> ReportView::Open(std::shared_ptr<const ProjectionVersion> version,
                                            const storage::ReportScope& scope,
                                            DefaultAsOf default_as_of) {
  const std::optional<int64_t> horizon = version->horizon_seconds;
  std::optional<int64_t> scoring_day;
  if (version->serving != nullptr) {
    scoring_day = version->serving->day;
  } else if (horizon) {
    scoring_day = DayOf(*horizon);
  }
  const int64_t scoring =
      scope.as_of_seconds.value_or(scoring_day ? EndOfDay(*scoring_day) : scope.now_seconds);
  const int64_t as_of = default_as_of == DefaultAsOf::kScoring
                            ? scoring
                            : scope.as_of_seconds.value_or(horizon.value_or(scope.now_seconds));
  int64_t facts_as_of = as_of;
  if (!scope.as_of_seconds && horizon) facts_as_of = std::max(as_of, *horizon);
  CLV_ASSIGN_OR_RETURN(CustomerStates states,
                       CustomerStates::At(*version, facts_as_of, {scope.deadline, true}));
  ReportView view(std::move(version), scope, as_of, facts_as_of, scoring, std::move(states));
  view.ApplyFilters();
  return view;
}

bool ReportView::has_filters() const {
  const storage::AttributeFilters& filters = scope_->filters;
  return !filters.country.empty() || !filters.customer_segment.empty() ||
         !filters.acquisition_source.empty();
}

void ReportView::ApplyFilters() {
  passes_.resize(version_->attribute_sets, 1);
  if (!has_filters()) return;
  const storage::AttributeFilters& filters = scope_->filters;
  for (uint32_t set = 0; set < version_->attribute_sets; ++set) {
    const domain::CustomerAttributes& attributes = version_->texts->attribute_sets[set];
    passes_[set] = Matches(filters.country, attributes.country) &&
                   Matches(filters.customer_segment, attributes.customer_segment) &&
                   Matches(filters.acquisition_source, attributes.acquisition_source);
  }
}

std::optional<uint64_t> ReportView::CustomersSelected() const {
  const PopulationIndex& population = *version_->population;
  if (!states_.are_kept()) return std::nullopt;
  if (!has_filters()) return population.by_spend.size();
  if (!population.values.are_kept()) return std::nullopt;
  return population.values.CustomersOf([&](uint32_t set) { return PassesSet(set); });
}

int64_t ReportView::ScoringDayOf(const CustomerChunk& chunk, size_t i) const {
  const int64_t day = DayOf(scoring_as_of_seconds_);
  return scope_->as_of_seconds ? day : DefaultDayOf(chunk, i, day);
}

WindowBounds ReportView::window() const {
  const storage::TimeWindow window = scope_->window.value_or(storage::TimeWindow{});
  return {facts_as_of_seconds_, window.start.value_or(INT64_MIN), window.end.value_or(INT64_MAX)};
}

absl::StatusOr<storage::ReportContext> ReportView::Context() const {
  storage::ReportContext context;
  context.as_of_seconds = as_of_seconds_;
  context.reporting_currency = version_->reporting_currency;
  context.folded_position = version_->folded_position;
  context.rows_read = version_->customers;
  context.bytes_read = version_->chunks.size() * sizeof(StateColumns);
  const auto is_visible = [&](const UnconvertedRow& row) {
    return int64_t{row.date} <= facts_as_of_seconds_;
  };
  const SortedBuckets<UnconvertedRow>& unconverted = version_->population->unconverted;
  if (!has_filters()) {
    context.unconverted_purchases = unconverted.CountWhile(is_visible);
  } else {
    unconverted.ForEach([&](const UnconvertedRow& row) {
      if (is_visible(row) && PassesSet(row.attribute_set)) ++context.unconverted_purchases;
    });
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
  if (view.states().are_kept()) return KeptFigures(*view.version().population, scoring_day);
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

absl::StatusOr<domain::ServedModel> ServedModelOf(const ReportView& view,
                                                  domain::ModelFamily asked) {
  CLV_ASSIGN_OR_RETURN(const PopulationFigures population, FiguresOfPopulation(view));
  const ProjectionVersion& version = view.version();
  const int64_t as_of = view.scoring_as_of_seconds();
  return domain::ServeModel(version.serving != nullptr ? &version.serving->fit : nullptr, asked,
                            population.totals, population.first_day, DayOf(as_of),
                            version.horizon_seconds.value_or(as_of));
}

bool InRange(const storage::RowRange& range, uint64_t index) {
  return index >= range.offset && (!range.limit || index - range.offset < *range.limit);
}

}  // namespace clv::query
