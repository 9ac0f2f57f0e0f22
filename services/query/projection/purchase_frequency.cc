// purchase_frequency_analysis by orders and by recency.
#include <memory>
#include <utility>

#include "common/base/instant.h"
#include "common/base/status_macros.h"
#include "common/domain/frequency_buckets.h"
#include "services/query/projection/binned_ranks.h"
#include "services/query/projection/frequency_keeper.h"
#include "services/query/projection/order_statistics.h"
#include "services/query/projection/ranked_buckets.h"
#include "services/query/projection/report_answers.h"

namespace clv::query {
namespace {

using domain::CustomerBucket;

// The first look at the customers of one bucket, in one part of a scan.
struct CountedBucket {
  BucketSums sums;
  BinCounts spends;
  BinCounts recencies;
  BinCounts mean_gaps;

  explicit CountedBucket(size_t bins) : spends(bins), recencies(bins), mean_gaps(bins) {}

  void Add(const FrequencyFacts& facts, int64_t recency_seconds, const BinScale& scale) {
    sums.Add(facts, recency_seconds, 1);
    ++spends[scale.BinOf(facts.spend_micros)];
    ++recencies[scale.BinOf(recency_seconds)];
    if (facts.has_gap()) ++mean_gaps[scale.BinOf(facts.mean_gap_seconds())];
  }
  CountedBucket& operator+=(const CountedBucket& more) {
    sums += more.sums;
    AddCounts(spends, more.spends);
    AddCounts(recencies, more.recencies);
    AddCounts(mean_gaps, more.mean_gaps);
    return *this;
  }

  // Without the values, which the second look gathers.
  RankedBucket Rank(size_t radius) const {
    const size_t p90_bin = BinnedRank::OfPercent(mean_gaps, 90).bin;
    const bool has_gaps = p90_bin != SIZE_MAX;
    return {.sums = sums,
            .spend = {spends, BinnedRank::OfPercent(spends, 50).bin, radius},
            .recency = {recencies, BinnedRank::OfPercent(recencies, 50).bin, radius},
            .recency_near_p90 = {recencies, has_gaps ? p90_bin : 0, radius},
            .median_gap = {mean_gaps, BinnedRank::OfPercent(mean_gaps, 50).bin, radius},
            .p90_gap = {mean_gaps, p90_bin, radius}};
  }
};

// The second look at the customers of one bucket, in one part of a scan.
struct GatheredBucket {
  std::vector<int64_t> spends;
  std::vector<int64_t> recencies;
  std::vector<int64_t> recencies_near_p90;
  std::vector<double> gaps_near_median;
  std::vector<double> gaps_near_p90;

  void Add(const FrequencyFacts& facts, int64_t recency_seconds, const RankedBucket& ranked,
           const BinScale& scale) {
    if (ranked.spend.Holds(scale.BinOf(facts.spend_micros))) spends.push_back(facts.spend_micros);
    const size_t recency_bin = scale.BinOf(recency_seconds);
    if (ranked.recency.Holds(recency_bin)) recencies.push_back(recency_seconds);
    if (ranked.recency_near_p90.Holds(recency_bin)) recencies_near_p90.push_back(recency_seconds);
    if (!facts.has_gap()) return;
    const double gap = facts.mean_gap_seconds();
    const size_t gap_bin = scale.BinOf(gap);
    if (ranked.median_gap.Holds(gap_bin)) gaps_near_median.push_back(gap);
    if (ranked.p90_gap.Holds(gap_bin)) gaps_near_p90.push_back(gap);
  }
  GatheredBucket& operator+=(const GatheredBucket& more) {
    Append(spends, more.spends);
    Append(recencies, more.recencies);
    Append(recencies_near_p90, more.recencies_near_p90);
    Append(gaps_near_median, more.gaps_near_median);
    Append(gaps_near_p90, more.gaps_near_p90);
    return *this;
  }
  void MoveTo(RankedBucket* ranked) {
    ranked->spend.SetValues(std::move(spends));
    ranked->recency.SetValues(std::move(recencies));
    ranked->recency_near_p90.SetValues(std::move(recencies_near_p90));
    ranked->median_gap.SetValues(std::move(gaps_near_median));
    ranked->p90_gap.SetValues(std::move(gaps_near_p90));
  }
};

// Adds up the parts of a scan, bucket by bucket, in the first one.
template <typename Bucket>
std::vector<Bucket>& AddUp(std::vector<std::vector<Bucket>>& parts) {
  for (size_t p = 1; p < parts.size(); ++p) {
    for (size_t b = 0; b < parts[p].size(); ++b) parts[0][b] += parts[p][b];
  }
  return parts[0];
}

// Looks at every customer twice; `measure(state, i)` chooses the bucket. The windows reach so many
// bins around the ranks, or fewer where they would hold too much: 0 where they only answer now.
template <typename Measure>
class BucketScan {
 public:
  BucketScan(const ReportView& view, const std::vector<uint32_t>& bounds, const Measure& measure,
             size_t radius)
      : view_(view),
        measure_(measure),
        radius_(radius),
        ranked_{BucketFinder(bounds), BinScale(3 * bounds.size()), view.as_of_seconds(), {}} {}

  absl::StatusOr<RankedBuckets> Run() {
    const BinScale& scale = ranked_.scale;
    CLV_ASSIGN_OR_RETURN(auto counted, Look(CountedBucket(scale.bins()),
                                            [&](const FrequencyFacts& facts, int64_t recency,
                                                uint32_t b, std::vector<CountedBucket>& part) {
                                              part[b].Add(facts, recency, scale);
                                            }));
    RankAll(AddUp(counted));
    CLV_ASSIGN_OR_RETURN(auto gathered,
                         Look(GatheredBucket(), [&](const FrequencyFacts& facts, int64_t recency,
                                                    uint32_t b, std::vector<GatheredBucket>& part) {
                           part[b].Add(facts, recency, ranked_.buckets[b], scale);
                         }));
    std::vector<GatheredBucket>& all = AddUp(gathered);
    for (size_t b = 0; b < all.size(); ++b) all[b].MoveTo(&ranked_.buckets[b]);
    return std::move(ranked_);
  }

 private:
  // With windows as wide as wanted, or as may be kept.
  void RankAll(const std::vector<CountedBucket>& counted) {
    for (size_t radius = radius_;; radius /= 2) {
      ranked_.buckets.clear();
      uint64_t to_hold = 0;
      for (const CountedBucket& bucket : counted) {
        to_hold += ranked_.buckets.emplace_back(bucket.Rank(radius)).to_hold();
      }
      if (radius <= 1 || to_hold <= FrequencyKeeper::kMostHeld) return;
    }
  }

  template <typename Bucket, typename Visit>
  absl::StatusOr<std::vector<std::vector<Bucket>>> Look(const Bucket& empty,
                                                        const Visit& visit) const {
    using Buckets = std::vector<Bucket>;
    return view_.ScanPopulation(Buckets(ranked_.finder.bounds().size(), empty),
                                [&](const CustomerChunk& /*chunk*/, const StateColumns& state,
                                    size_t i, uint32_t /*number*/, Buckets& part) {
                                  const uint32_t bucket = ranked_.finder(measure_(state, i));
                                  if (bucket == BucketFinder::kNone) return;
                                  visit(FrequencyFacts::Of(state, i),
                                        view_.as_of_seconds() - int64_t{state.last[i]}, bucket,
                                        part);
                                });
  }

  const ReportView& view_;
  const Measure& measure_;
  const size_t radius_;
  RankedBuckets ranked_;
};

int64_t OrdersOf(const StateColumns& state, size_t i) { return state.purchase_count[i]; }

// A tenth up and down: what is kept lasts for hundreds of small changes before a rank has left its
// window, and everybody must be looked at again.
constexpr size_t kBinsAround = 8;

// From what was kept of an earlier question, or made now and kept.
absl::StatusOr<std::vector<CustomerBucket>> KeptByOrders(const ReportView& view,
                                                         const std::vector<uint32_t>& bounds) {
  FrequencyKeeper& keeper = *view.version().population->frequency;
  const uint64_t serial = view.version().serial;
  if (const auto kept = keeper.Find(serial, bounds); kept != nullptr) {
    if (auto answer = kept->Answer(view.as_of_seconds())) return *std::move(answer);
  }
  CLV_ASSIGN_OR_RETURN(RankedBuckets ranked,
                       BucketScan(view, bounds, &OrdersOf, kBinsAround).Run());
  std::vector<CustomerBucket> answer = *ranked.Answer(view.as_of_seconds());
  keeper.Keep(serial, std::make_shared<const RankedBuckets>(std::move(ranked)));
  return answer;
}

storage::Report<domain::FrequencyBucketRow> ReportOf(const storage::FrequencyQuery& query,
                                                     const std::vector<CustomerBucket>& filled) {
  storage::Report<domain::FrequencyBucketRow> report;
  report.rows = domain::MakeFrequencyRows(query.buckets, filled);
  CutToRange(query.scope.range, report);
  return report;
}

template <typename Measure>
absl::StatusOr<storage::Report<domain::FrequencyBucketRow>> CustomersByBucket(
    const ReportView& view, const storage::FrequencyQuery& query, const Measure& measure) {
  CLV_ASSIGN_OR_RETURN(const RankedBuckets ranked,
                       BucketScan(view, query.buckets, measure, 0).Run());
  return ReportOf(query, *ranked.Answer(view.as_of_seconds()));
}

}  // namespace

absl::StatusOr<storage::Report<domain::FrequencyBucketRow>> FrequencyByOrders(
    const ReportView& view, const storage::FrequencyQuery& query) {
  if (!view.states().are_kept() || view.has_filters()) {
    return CustomersByBucket(view, query, &OrdersOf);
  }
  CLV_ASSIGN_OR_RETURN(const std::vector<CustomerBucket> filled, KeptByOrders(view, query.buckets));
  return ReportOf(query, filled);
}

absl::StatusOr<storage::Report<domain::FrequencyBucketRow>> FrequencyByRecency(
    const ReportView& view, const storage::FrequencyQuery& query) {
  const int64_t as_of = view.as_of_seconds();
  return CustomersByBucket(view, query, [as_of](const StateColumns& state, size_t i) {
    return (as_of - int64_t{state.last[i]}) / kSecondsPerDay;
  });
}

}  // namespace clv::query
