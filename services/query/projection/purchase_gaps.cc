// purchase_frequency_analysis by interval and by order number.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "common/base/instant.h"
#include "common/base/status_macros.h"
#include "common/domain/frequency_buckets.h"
#include "common/domain/report_math.h"
#include "services/query/projection/binned_ranks.h"
#include "services/query/projection/order_statistics.h"
#include "services/query/projection/report_answers.h"
#include "services/query/projection/visible_orders.h"

namespace clv::query {
namespace {

using domain::GapBucket;
using domain::OrderNumberRow;

// Rows of the view order_number when no limit is asked: an imported record may claim any number of
// orders.
constexpr uint64_t kMostOrderNumbers = 100'000;

// Calls `visit(number, gap_seconds, value_micros)` for the gaps before the 2nd, 3rd, ... qualifying
// order of a customer.
template <typename Visit>
void ForEachGap(const CustomerChunk& chunk, size_t i, int64_t as_of_seconds, Visit&& visit) {
  std::optional<uint32_t> previous;
  uint64_t number = 0;
  ForEachVisibleOrder(
      chunk, i, as_of_seconds,
      [&](const VisibleOrder& order, const OrderRow* /*row*/, const OrderRow* /*end*/) {
        if (!order.qualifies) return;
        ++number;
        if (previous) visit(number, int64_t{order.date} - int64_t{*previous}, order.value_micros);
        previous = order.date;
      });
}

// Calls `visit(chunk, state, i, part)` for customers of the population whose gaps are known:
// imported records have none.
template <typename Part, typename Visit>
absl::StatusOr<std::vector<Part>> ScanGaps(const ReportView& view, const Part& empty,
                                           const Visit& visit) {
  return ScanChunks(
      view.version().chunks.size(), view.heavy_scan(), empty, [&](size_t c, Part& part) {
        const CustomerChunk& chunk = view.version().chunks[c];
        const StateColumns& state = view.states()[c];
        const size_t size = view.version().SizeOf(c);
        for (size_t i = 0; i < size; ++i) {
          if (state.purchase_count[i] >= 2 && !state.imported[i] && view.Passes(chunk, i)) {
            visit(chunk, i, part);
          }
        }
      });
}

// The gaps of one bucket, in one part of a scan that counts them.
struct CountedGaps {
  uint64_t customers = 0;
  bool has_customer = false;  // the one whose gaps are being counted
  __int128 revenue_micros = 0;
  __int128 gap_seconds = 0;
  uint64_t gaps = 0;
  BinCounts bins;

  explicit CountedGaps(size_t bin_count) : bins(bin_count) {}

  CountedGaps& operator+=(const CountedGaps& more) {
    customers += more.customers;
    revenue_micros += more.revenue_micros;
    gap_seconds += more.gap_seconds;
    gaps += more.gaps;
    AddCounts(bins, more.bins);
    return *this;
  }
};

// Looks at the gaps of all customers: counts them, then gathers those near the medians.
class GapScan {
 public:
  GapScan(const ReportView& view, const std::vector<uint32_t>& bounds)
      : view_(view), bounds_(bounds), scale_(bounds.size()) {}

  absl::StatusOr<std::vector<GapBucket>> Run() const {
    CLV_ASSIGN_OR_RETURN(const std::vector<CountedGaps> counted, Count());
    std::vector<BinnedRank> medians;
    for (const CountedGaps& gaps : counted) {
      medians.push_back(BinnedRank::OfPercent(gaps.bins, 50));
    }
    CLV_ASSIGN_OR_RETURN(std::vector<std::vector<int64_t>> gathered, Gather(medians));
    std::vector<GapBucket> filled;
    for (size_t b = 0; b < bounds_.size(); ++b) {
      filled.push_back({.bucket = b,
                        .customers = counted[b].customers,
                        .revenue_micros = counted[b].revenue_micros,
                        .gaps = counted[b].gaps,
                        .gap_seconds = counted[b].gap_seconds,
                        .median_gap_seconds = medians[b].Find(gathered[b]).value_or(0)});
    }
    return filled;
  }

 private:
  absl::StatusOr<std::vector<CountedGaps>> Count() const {
    using Buckets = std::vector<CountedGaps>;
    const auto count = [&](const CustomerChunk& chunk, size_t i, Buckets& part) {
      for (CountedGaps& bucket : part) bucket.has_customer = false;
      ForEachGap(chunk, i, view_.as_of_seconds(),
                 [&](uint64_t /*number*/, int64_t gap_seconds, int64_t value_micros) {
                   const auto b = domain::BucketOf(bounds_, gap_seconds / kSecondsPerDay);
                   if (!b) return;
                   CountedGaps& bucket = part[*b];
                   bucket.customers += bucket.has_customer ? 0 : 1;
                   bucket.has_customer = true;
                   bucket.revenue_micros += value_micros;
                   bucket.gap_seconds += gap_seconds;
                   ++bucket.gaps;
                   ++bucket.bins[scale_.BinOf(gap_seconds)];
                 });
    };
    CLV_ASSIGN_OR_RETURN(
        std::vector<Buckets> parts,
        ScanGaps(view_, Buckets(bounds_.size(), CountedGaps(scale_.bins())), count));
    for (size_t p = 1; p < parts.size(); ++p) {
      for (size_t b = 0; b < bounds_.size(); ++b) parts[0][b] += parts[p][b];
    }
    return std::move(parts[0]);
  }

  absl::StatusOr<std::vector<std::vector<int64_t>>> Gather(
      const std::vector<BinnedRank>& medians) const {
    using Gaps = std::vector<std::vector<int64_t>>;
    const auto gather = [&](const CustomerChunk& chunk, size_t i, Gaps& part) {
      ForEachGap(chunk, i, view_.as_of_seconds(),
                 [&](uint64_t /*number*/, int64_t gap_seconds, int64_t /*value_micros*/) {
                   const auto b = domain::BucketOf(bounds_, gap_seconds / kSecondsPerDay);
                   if (b && scale_.BinOf(gap_seconds) == medians[*b].bin) {
                     part[*b].push_back(gap_seconds);
                   }
                 });
    };
    CLV_ASSIGN_OR_RETURN(std::vector<Gaps> parts, ScanGaps(view_, Gaps(bounds_.size()), gather));
    for (size_t p = 1; p < parts.size(); ++p) {
      for (size_t b = 0; b < bounds_.size(); ++b) Append(parts[0][b], parts[p][b]);
    }
    return std::move(parts[0]);
  }

  const ReportView& view_;
  const std::vector<uint32_t>& bounds_;
  const BinScale scale_;
};

// Order numbers that are shown: first .. last.
struct NumberRange {
  uint64_t first = 1;
  uint64_t last = 0;
};

NumberRange ShownNumbers(const storage::RowRange& range, uint64_t greatest) {
  if (range.offset >= greatest) return {};
  const uint64_t rows = std::min(range.limit.value_or(kMostOrderNumbers), greatest - range.offset);
  return {.first = range.offset + 1, .last = range.offset + rows};
}

// Customers with exactly n orders, by n.
absl::StatusOr<std::map<int64_t, uint64_t>> CustomersByCount(const ReportView& view) {
  using Counts = std::map<int64_t, uint64_t>;
  CLV_ASSIGN_OR_RETURN(
      std::vector<Counts> parts,
      view.ScanPopulation(
          Counts(), [](const CustomerChunk& /*chunk*/, const StateColumns& state, size_t i,
                       uint32_t /*number*/, Counts& part) { ++part[state.purchase_count[i]]; }));
  for (size_t p = 1; p < parts.size(); ++p) {
    for (const auto& [count, customers] : parts[p]) parts[0][count] += customers;
  }
  return std::move(parts[0]);
}

// Median gap in seconds after the n-th order, by n - first.
absl::StatusOr<std::vector<std::optional<int64_t>>> MedianGaps(const ReportView& view,
                                                               NumberRange shown) {
  using Gaps = std::map<uint64_t, std::vector<int64_t>>;
  CLV_ASSIGN_OR_RETURN(
      std::vector<Gaps> parts,
      ScanGaps(view, Gaps(), [&](const CustomerChunk& chunk, size_t i, Gaps& part) {
        ForEachGap(chunk, i, view.as_of_seconds(),
                   [&](uint64_t number, int64_t gap_seconds, int64_t /*value_micros*/) {
                     if (number - 1 >= shown.first && number - 1 <= shown.last) {
                       part[number - 1].push_back(gap_seconds);
                     }
                   });
      }));
  std::vector<std::optional<int64_t>> medians(shown.last - shown.first + 1);
  for (size_t p = 1; p < parts.size(); ++p) {
    for (auto& [number, gaps] : parts[p]) Append(parts[0][number], gaps);
  }
  for (auto& [number, gaps] : parts[0]) medians[number - shown.first] = PercentileOf(gaps, 50);
  return medians;
}

}  // namespace

absl::StatusOr<storage::Report<domain::IntervalBucketRow>> FrequencyByInterval(
    const ReportView& view, const storage::FrequencyQuery& query) {
  CLV_ASSIGN_OR_RETURN(const std::vector<GapBucket> filled, GapScan(view, query.buckets).Run());
  storage::Report<domain::IntervalBucketRow> report;
  report.rows = domain::MakeIntervalRows(query.buckets, filled);
  CutToRange(query.scope.range, report);
  return report;
}

absl::StatusOr<storage::Report<OrderNumberRow>> FrequencyByOrderNumber(
    const ReportView& view, const storage::ReportScope& scope) {
  CLV_ASSIGN_OR_RETURN(const auto customers, CustomersByCount(view));
  storage::Report<OrderNumberRow> report;
  if (customers.empty()) return report;
  report.total_rows = static_cast<uint64_t>(customers.rbegin()->first);
  const NumberRange shown = ShownNumbers(scope.range, report.total_rows);
  if (shown.first > shown.last) return report;
  CLV_ASSIGN_OR_RETURN(const auto medians, MedianGaps(view, shown));
  // Walks the distinct counts along with n; `reached` are the customers with at least n orders.
  auto next_count = customers.lower_bound(static_cast<int64_t>(shown.first));
  uint64_t reached = 0;
  for (auto it = next_count; it != customers.end(); ++it) reached += it->second;
  for (uint64_t n = shown.first; n <= shown.last; ++n) {
    const bool stops_here =
        next_count != customers.end() && next_count->first == static_cast<int64_t>(n);
    const uint64_t stopped = stops_here ? next_count++->second : 0;
    OrderNumberRow row;
    row.order_number = n;
    row.customers_reached = reached;
    row.next_order_rate = domain::Quotient(reached - stopped, reached);
    if (const auto& median = medians[n - shown.first]) {
      row.median_days_to_next = domain::DaysOf(*median);
    }
    report.rows.push_back(row);
    reached -= stopped;
  }
  return report;
}

}  // namespace clv::query
