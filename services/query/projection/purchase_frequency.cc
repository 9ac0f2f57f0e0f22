// purchase_frequency_analysis by orders and by recency.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "common/base/instant.h"
#include "common/base/status_macros.h"
#include "common/domain/frequency_buckets.h"
#include "services/query/projection/binned_ranks.h"
#include "services/query/projection/order_statistics.h"
#include "services/query/projection/report_answers.h"

namespace clv::query {
namespace {

using domain::CustomerBucket;

// Finds buckets, those of small values from a table.
class BucketFinder {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  explicit BucketFinder(const std::vector<uint32_t>& bounds) : bounds_(bounds) {
    for (size_t value = 0; value < small_.size(); ++value) {
      small_[value] = Search(static_cast<int64_t>(value));
    }
  }

  uint32_t operator()(int64_t value) const {
    return value >= 0 && value < static_cast<int64_t>(small_.size())
               ? small_[static_cast<size_t>(value)]
               : Search(value);
  }

 private:
  uint32_t Search(int64_t value) const {
    const auto bucket = domain::BucketOf(bounds_, value);
    return bucket ? static_cast<uint32_t>(*bucket) : kNone;
  }

  const std::vector<uint32_t>& bounds_;
  std::array<uint32_t, 2048> small_ = {};
};

// What is told of a customer in its bucket.
struct CustomerFigures {
  int64_t spend_micros = 0;
  int64_t recency_seconds = 0;
  int64_t orders = 0;
  int64_t lifespan_seconds = 0;

  CustomerFigures(const StateColumns& state, size_t i, int64_t as_of_seconds)
      : spend_micros(state.spend_micros[i]),
        recency_seconds(as_of_seconds - int64_t{state.last[i]}),
        orders(state.purchase_count[i]),
        lifespan_seconds(state.LifespanSeconds(i)) {}

  bool has_gap() const { return orders >= 2; }
  double mean_gap_seconds() const {
    return static_cast<double>(lifespan_seconds) / static_cast<double>(orders - 1);
  }
};

// The first look at the customers of one bucket, in one part of a scan.
struct CountedBucket {
  uint64_t customers = 0;
  __int128 revenue_micros = 0;
  __int128 recency_seconds = 0;
  __int128 orders = 0;
  __int128 lifespan_seconds = 0;
  BinCounts spends;
  BinCounts recencies;
  BinCounts mean_gaps;

  explicit CountedBucket(size_t bins) : spends(bins), recencies(bins), mean_gaps(bins) {}

  void Add(const CustomerFigures& customer, const BinScale& scale) {
    ++customers;
    revenue_micros += customer.spend_micros;
    recency_seconds += customer.recency_seconds;
    orders += customer.orders;
    lifespan_seconds += customer.lifespan_seconds;
    ++spends[scale.BinOf(customer.spend_micros)];
    ++recencies[scale.BinOf(customer.recency_seconds)];
    if (customer.has_gap()) ++mean_gaps[scale.BinOf(customer.mean_gap_seconds())];
  }
  CountedBucket& operator+=(const CountedBucket& more) {
    customers += more.customers;
    revenue_micros += more.revenue_micros;
    recency_seconds += more.recency_seconds;
    orders += more.orders;
    lifespan_seconds += more.lifespan_seconds;
    AddCounts(spends, more.spends);
    AddCounts(recencies, more.recencies);
    AddCounts(mean_gaps, more.mean_gaps);
    return *this;
  }
};

// What the second look gathers of one bucket.
struct BucketRanks {
  BinnedRank spend;
  BinnedRank recency;
  BinnedRank median_gap;
  BinnedRank p90_gap;  // in its bin recencies may be on either side of it
  uint64_t recencies_beyond_p90_bin = 0;

  explicit BucketRanks(const CountedBucket& counted)
      : spend(BinnedRank::OfPercent(counted.spends, 50)),
        recency(BinnedRank::OfPercent(counted.recencies, 50)),
        median_gap(BinnedRank::OfPercent(counted.mean_gaps, 50)),
        p90_gap(BinnedRank::OfPercent(counted.mean_gaps, 90)) {
    for (size_t bin = p90_gap.bin; bin < counted.recencies.size(); ++bin) {
      if (bin != p90_gap.bin) recencies_beyond_p90_bin += counted.recencies[bin];
    }
  }
};

// The second look at the customers of one bucket, in one part of a scan.
struct GatheredBucket {
  std::vector<int64_t> spends;
  std::vector<int64_t> recencies;
  std::vector<int64_t> recencies_near_p90;
  std::vector<double> gaps_near_median;
  std::vector<double> gaps_near_p90;

  void Add(const CustomerFigures& customer, const BucketRanks& ranks, const BinScale& scale) {
    if (scale.BinOf(customer.spend_micros) == ranks.spend.bin) {
      spends.push_back(customer.spend_micros);
    }
    const size_t recency_bin = scale.BinOf(customer.recency_seconds);
    if (recency_bin == ranks.recency.bin) recencies.push_back(customer.recency_seconds);
    if (recency_bin == ranks.p90_gap.bin) recencies_near_p90.push_back(customer.recency_seconds);
    if (!customer.has_gap()) return;
    const double gap = customer.mean_gap_seconds();
    const size_t gap_bin = scale.BinOf(gap);
    if (gap_bin == ranks.median_gap.bin) gaps_near_median.push_back(gap);
    if (gap_bin == ranks.p90_gap.bin) gaps_near_p90.push_back(gap);
  }
  GatheredBucket& operator+=(const GatheredBucket& more) {
    Append(spends, more.spends);
    Append(recencies, more.recencies);
    Append(recencies_near_p90, more.recencies_near_p90);
    Append(gaps_near_median, more.gaps_near_median);
    Append(gaps_near_p90, more.gaps_near_p90);
    return *this;
  }
};

CustomerBucket ToBucket(size_t index, const CountedBucket& counted, const BucketRanks& ranks,
                        GatheredBucket& gathered) {
  CustomerBucket bucket{
      .bucket = index,
      .customers = counted.customers,
      .revenue_micros = counted.revenue_micros,
      .median_spend_micros = ranks.spend.Find(gathered.spends).value_or(0),
      .recency_seconds = counted.recency_seconds,
      .median_recency_seconds = ranks.recency.Find(gathered.recencies).value_or(0),
      .orders = counted.orders,
      .lifespan_seconds = counted.lifespan_seconds};
  bucket.median_gap_seconds = ranks.median_gap.Find(gathered.gaps_near_median);
  bucket.p90_gap_seconds = ranks.p90_gap.Find(gathered.gaps_near_p90);
  if (bucket.p90_gap_seconds) {
    const std::vector<int64_t>& near = gathered.recencies_near_p90;
    bucket.overdue_customers =
        ranks.recencies_beyond_p90_bin +
        static_cast<uint64_t>(std::count_if(near.begin(), near.end(), [&](int64_t recency) {
          return domain::IsOverdue(recency, *bucket.p90_gap_seconds);
        }));
  }
  return bucket;
}

// Adds up the parts of a scan, bucket by bucket, in the first one.
template <typename Bucket>
std::vector<Bucket>& AddUp(std::vector<std::vector<Bucket>>& parts) {
  for (size_t p = 1; p < parts.size(); ++p) {
    for (size_t b = 0; b < parts[p].size(); ++b) parts[0][b] += parts[p][b];
  }
  return parts[0];
}

// Looks at every customer twice; `measure(state, i)` chooses the bucket.
template <typename Measure>
class BucketScan {
 public:
  BucketScan(const ReportView& view, const std::vector<uint32_t>& bounds, const Measure& measure)
      : view_(view), measure_(measure), finder_(bounds), scale_(3 * bounds.size()) {}

  // The buckets that somebody is in.
  absl::StatusOr<std::vector<CustomerBucket>> Run(size_t buckets) const {
    CLV_ASSIGN_OR_RETURN(auto counted_parts, Look(CountedBucket(scale_.bins()), buckets,
                                                  [&](const CustomerFigures& customer, uint32_t b,
                                                      std::vector<CountedBucket>& part) {
                                                    part[b].Add(customer, scale_);
                                                  }));
    const std::vector<CountedBucket>& counted = AddUp(counted_parts);
    const std::vector<BucketRanks> ranks(counted.begin(), counted.end());
    CLV_ASSIGN_OR_RETURN(auto gathered_parts, Look(GatheredBucket(), buckets,
                                                   [&](const CustomerFigures& customer, uint32_t b,
                                                       std::vector<GatheredBucket>& part) {
                                                     part[b].Add(customer, ranks[b], scale_);
                                                   }));
    std::vector<GatheredBucket>& gathered = AddUp(gathered_parts);
    std::vector<CustomerBucket> filled;
    for (size_t b = 0; b < buckets; ++b) {
      if (counted[b].customers == 0) continue;
      filled.push_back(ToBucket(b, counted[b], ranks[b], gathered[b]));
    }
    return filled;
  }

 private:
  template <typename Bucket, typename Visit>
  absl::StatusOr<std::vector<std::vector<Bucket>>> Look(const Bucket& empty, size_t buckets,
                                                        const Visit& visit) const {
    using Buckets = std::vector<Bucket>;
    return view_.ScanPopulation(
        Buckets(buckets, empty), [&](const CustomerChunk& /*chunk*/, const StateColumns& state,
                                     size_t i, uint32_t /*number*/, Buckets& part) {
          const uint32_t bucket = finder_(measure_(state, i));
          if (bucket == BucketFinder::kNone) return;
          visit(CustomerFigures(state, i, view_.as_of_seconds()), bucket, part);
        });
  }

  const ReportView& view_;
  const Measure& measure_;
  const BucketFinder finder_;
  const BinScale scale_;
};

template <typename Measure>
absl::StatusOr<storage::Report<domain::FrequencyBucketRow>> CustomersByBucket(
    const ReportView& view, const storage::FrequencyQuery& query, const Measure& measure) {
  CLV_ASSIGN_OR_RETURN(const std::vector<CustomerBucket> filled,
                       BucketScan(view, query.buckets, measure).Run(query.buckets.size()));
  storage::Report<domain::FrequencyBucketRow> report;
  report.rows = domain::MakeFrequencyRows(query.buckets, filled);
  CutToRange(query.scope.range, report);
  return report;
}

}  // namespace

absl::StatusOr<storage::Report<domain::FrequencyBucketRow>> FrequencyByOrders(
    const ReportView& view, const storage::FrequencyQuery& query) {
  return CustomersByBucket(
      view, query, [](const StateColumns& state, size_t i) { return state.purchase_count[i]; });
}

absl::StatusOr<storage::Report<domain::FrequencyBucketRow>> FrequencyByRecency(
    const ReportView& view, const storage::FrequencyQuery& query) {
  const int64_t as_of = view.as_of_seconds();
  return CustomersByBucket(view, query, [as_of](const StateColumns& state, size_t i) {
    return (as_of - int64_t{state.last[i]}) / kSecondsPerDay;
  });
}

}  // namespace clv::query
