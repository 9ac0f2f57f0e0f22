#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

#include "common/base/status_macros.h"
#include "common/domain/report_math.h"
#include "common/domain/rfm.h"
#include "services/query/projection/best_customers.h"
#include "services/query/projection/report_answers.h"
#include "services/query/projection/standing.h"

namespace clv::query {
namespace {

using domain::RfmCellTotals;
using domain::RfmCustomerRow;

constexpr size_t kScores = domain::kBestRfmScore;

// Which cells (r, fm) are asked for.
class CellChoice {
 public:
  explicit CellChoice(const std::vector<std::string>& segments) {
    for (size_t r = 1; r <= kScores; ++r) {
      for (size_t fm = 1; fm <= kScores; ++fm) {
        const std::string_view name = domain::RfmSegment(static_cast<int>(r), static_cast<int>(fm));
        chosen_[r - 1][fm - 1] =
            segments.empty() || std::find(segments.begin(), segments.end(), name) != segments.end();
      }
    }
  }

  bool Has(const RfmScores& scores) const {
    const int fm = domain::FmScore(scores.frequency, scores.monetary);
    return chosen_[static_cast<size_t>(scores.recency) - 1][static_cast<size_t>(fm) - 1];
  }

 private:
  std::array<std::array<bool, kScores>, kScores> chosen_ = {};
};

struct CellPart {
  uint64_t customers = 0;
  __int128 revenue_micros = 0;
  __int128 recency_seconds = 0;
  __int128 orders = 0;
};
using Cells = std::array<CellPart, kScores * kScores>;  // (r - 1) * 5 + fm - 1

absl::StatusOr<std::vector<RfmCellTotals>> CellsOf(const ReportView& view,
                                                   const storage::SegmentationQuery& query) {
  CLV_ASSIGN_OR_RETURN(const RfmBounds bounds, BoundsOfPopulation(view));
  const CellChoice choice(query.rfm_segments);
  CLV_ASSIGN_OR_RETURN(
      const std::vector<Cells> parts,
      view.ScanPopulation(Cells(), [&](const CustomerChunk& /*chunk*/, const StateColumns& state,
                                       size_t i, uint32_t /*number*/, Cells& part) {
        const RfmScores scores = ScoresOf(bounds, state, i);
        if (!choice.Has(scores)) return;
        const int fm = domain::FmScore(scores.frequency, scores.monetary);
        CellPart& cell =
            part[static_cast<size_t>(scores.recency - 1) * kScores + static_cast<size_t>(fm - 1)];
        ++cell.customers;
        cell.revenue_micros += state.spend_micros[i];
        cell.recency_seconds += view.as_of_seconds() - int64_t{state.last[i]};
        cell.orders += state.purchase_count[i];
      }));
  std::vector<RfmCellTotals> totals;
  for (size_t c = 0; c < kScores * kScores; ++c) {
    RfmCellTotals cell{.r_score = static_cast<int>(c / kScores) + 1,
                       .fm_score = static_cast<int>(c % kScores) + 1};
    for (const Cells& part : parts) {
      cell.customers += part[c].customers;
      cell.revenue_micros += part[c].revenue_micros;
      cell.recency_seconds += part[c].recency_seconds;
      cell.orders += part[c].orders;
    }
    if (cell.customers > 0) totals.push_back(cell);
  }
  return totals;
}

using BestSegmented = BestCustomers<std::pair<int, int64_t>>;  // sum of scores, monetary

RfmCustomerRow RowOf(const ReportView& view, const RfmBounds& bounds, uint32_t number) {
  const StateColumns& state = view.states()[number / kChunkCustomers];
  const size_t i = number % kChunkCustomers;
  const domain::CustomerAttributes& attributes = view.version().AttributesOf(number);
  const RfmScores scores = ScoresOf(bounds, state, i);
  RfmCustomerRow row;
  row.customer_id = std::string(view.version().IdOf(number));
  row.country = attributes.country;
  row.customer_segment = attributes.customer_segment;
  row.acquisition_source = attributes.acquisition_source;
  row.last_purchase_date = state.last[i];
  row.recency_days = domain::DaysOf(view.as_of_seconds() - row.last_purchase_date);
  row.frequency = static_cast<uint64_t>(state.purchase_count[i]);
  row.monetary_micros = state.spend_micros[i];
  row.avg_order_value = domain::MeanUnits(row.monetary_micros, row.frequency);
  row.r_score = static_cast<uint64_t>(scores.recency);
  row.f_score = static_cast<uint64_t>(scores.frequency);
  row.m_score = static_cast<uint64_t>(scores.monetary);
  row.rfm_score = domain::RfmDigits(scores.recency, scores.frequency, scores.monetary);
  row.rfm_segment =
      domain::RfmSegment(scores.recency, domain::FmScore(scores.frequency, scores.monetary));
  return row;
}

// Walks the kept order of spends from the greatest on: who spent less has no better monetary score,
// so the walk ends as soon as the range is full of customers whom nobody behind can reach.
// `selected`: how many pass the filters.
BestSegmented ChooseFromOrder(const ReportView& view, const storage::SegmentationQuery& query,
                              const RfmBounds& bounds, uint64_t selected) {
  constexpr int kBestTwoScores = 2 * domain::kBestRfmScore;
  const ProjectionVersion& version = view.version();
  BestSegmented best(version, query.scope.range);
  std::array<size_t, 3 * domain::kBestRfmScore + 1> with_sum = {};
  int64_t spend = INT64_MAX;  // of the customer before
  version.population->by_spend.ForEachFalling([&](const SpendPlace& place) {
    if (!view.PassesSet(place.attribute_set)) return true;
    if (place.spend_micros < spend) {
      const auto reachable =
          static_cast<size_t>(kBestTwoScores + bounds.monetary.ScoreOf(place.spend_micros));
      size_t ahead = 0;
      for (size_t sum = reachable; sum < with_sum.size(); ++sum) ahead += with_sum[sum];
      if (ahead >= best.wanted()) return false;
      spend = place.spend_micros;
    }
    const StateColumns& state = version.ChunkOf(place.number).state;
    const RfmScores scores = ScoresOf(bounds, state, place.number % kChunkCustomers);
    const int sum = scores.recency + scores.frequency + scores.monetary;
    ++with_sum[static_cast<size_t>(sum)];
    best.Add({sum, place.spend_micros}, place.number);
    return true;
  });
  best.SetCount(selected);
  return best;
}

absl::StatusOr<BestSegmented> ChooseSegmented(const ReportView& view,
                                              const storage::SegmentationQuery& query,
                                              const RfmBounds& bounds) {
  const std::optional<uint64_t> selected = view.CustomersSelected();
  if (selected && query.rfm_segments.empty()) {
    return ChooseFromOrder(view, query, bounds, *selected);
  }
  const CellChoice choice(query.rfm_segments);
  CLV_ASSIGN_OR_RETURN(
      std::vector<BestSegmented> parts,
      view.ScanPopulation(BestSegmented(view.version(), query.scope.range),
                          [&](const CustomerChunk& /*chunk*/, const StateColumns& state, size_t i,
                              uint32_t number, BestSegmented& part) {
                            const RfmScores scores = ScoresOf(bounds, state, i);
                            if (!choice.Has(scores)) return;
                            part.Add({scores.recency + scores.frequency + scores.monetary,
                                      state.spend_micros[i]},
                                     number);
                          }));
  for (size_t p = 1; p < parts.size(); ++p) parts[0] += parts[p];
  return std::move(parts[0]);
}

}  // namespace

absl::StatusOr<CustomerReport<RfmCustomerRow>> RfmCustomers(
    const ReportView& view, const storage::SegmentationQuery& query) {
  CLV_ASSIGN_OR_RETURN(const RfmBounds bounds, BoundsOfPopulation(view));
  CLV_ASSIGN_OR_RETURN(BestSegmented best, ChooseSegmented(view, query, bounds));
  CustomerReport<RfmCustomerRow> answer;
  answer.numbers = best.Take();
  answer.report.total_rows = best.count();
  for (const uint32_t number : answer.numbers) {
    answer.report.rows.push_back(RowOf(view, bounds, number));
  }
  return answer;
}

absl::StatusOr<storage::Report<domain::RfmSegmentRow>> RfmSegments(
    const ReportView& view, const storage::SegmentationQuery& query) {
  CLV_ASSIGN_OR_RETURN(const auto cells, CellsOf(view, query));
  storage::Report<domain::RfmSegmentRow> report;
  report.rows = domain::MakeRfmSummary(cells);
  CutToRange(query.scope.range, report);
  return report;
}

absl::StatusOr<storage::Report<domain::RfmCellRow>> RfmMatrix(
    const ReportView& view, const storage::SegmentationQuery& query) {
  CLV_ASSIGN_OR_RETURN(const auto cells, CellsOf(view, query));
  storage::Report<domain::RfmCellRow> report;
  report.rows = domain::MakeRfmMatrix(cells);
  CutToRange(query.scope.range, report);
  return report;
}

}  // namespace clv::query
