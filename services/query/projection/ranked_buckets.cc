#include "services/query/projection/ranked_buckets.h"

#include <cmath>
#include <utility>

namespace clv::query {
namespace {

using domain::CustomerBucket;

// Customers with a recency above the p90 of gaps; absent where that cannot be told. `delta_seconds`
// is what recencies have grown by since the reference.
std::optional<uint64_t> OverdueOf(const RankedBucket& bucket, const BinScale& scale,
                                  double p90_gap_seconds, int64_t delta_seconds) {
  const RankWindow<int64_t>& recencies = bucket.recency_near_p90;
  // Recencies are whole: beyond the bound is beyond its whole part.
  const double whole = std::floor(p90_gap_seconds) - static_cast<double>(delta_seconds);
  const bool is_within = recencies.Holds(scale.BinOf(whole)) ||
                         (delta_seconds == 0 && recencies.Holds(scale.BinOf(p90_gap_seconds)));
  if (!is_within) return std::nullopt;
  return recencies.count() - recencies.CountWhile([&](int64_t recency) {
    return !domain::IsOverdue(recency + delta_seconds, p90_gap_seconds);
  });
}

// What comes and goes in one bucket.
struct BucketChange {
  RankWindow<int64_t>::Change spend;
  RankWindow<int64_t>::Change recency;
  RankWindow<double>::Change gap;

  void Add(const FrequencyFacts& facts, const RankedBuckets& all, int sign, RankedBucket* bucket) {
    const int64_t seconds = all.reference_seconds - int64_t{facts.last};
    bucket->sums.Add(facts, seconds, sign);
    spend.Add(all.scale.BinOf(facts.spend_micros), facts.spend_micros, sign);
    recency.Add(all.scale.BinOf(seconds), seconds, sign);
    if (facts.has_gap()) {
      gap.Add(all.scale.BinOf(facts.mean_gap_seconds()), facts.mean_gap_seconds(), sign);
    }
  }
  void Apply(RankedBucket* bucket) {
    spend.Apply(&bucket->spend);
    recency.Apply(&bucket->recency);
    recency.Apply(&bucket->recency_near_p90);
    gap.Apply(&bucket->median_gap);
    gap.Apply(&bucket->p90_gap);
  }
};

}  // namespace

BucketFinder::BucketFinder(std::vector<uint32_t> bounds) : bounds_(std::move(bounds)) {
  constexpr size_t kSmall = 2'048;
  small_.reserve(kSmall);
  for (size_t value = 0; value < kSmall; ++value) {
    small_.push_back(Search(static_cast<int64_t>(value)));
  }
}

std::optional<std::vector<CustomerBucket>> RankedBuckets::Answer(int64_t as_of_seconds) const {
  const int64_t delta = as_of_seconds - reference_seconds;
  std::vector<CustomerBucket> filled;
  for (size_t b = 0; b < buckets.size(); ++b) {
    const RankedBucket& ranked = buckets[b];
    if (ranked.sums.customers == 0) continue;
    if (!ranked.spend.Knows(50) || !ranked.recency.Knows(50) || !ranked.median_gap.Knows(50) ||
        !ranked.p90_gap.Knows(90)) {
      return std::nullopt;
    }
    const BucketSums& sums = ranked.sums;
    CustomerBucket bucket{
        .bucket = b,
        .customers = sums.customers,
        .revenue_micros = sums.revenue_micros,
        .median_spend_micros = ranked.spend.Percentile(50).value_or(0),
        .recency_seconds = sums.recency_seconds + __int128{delta} * sums.customers,
        .median_recency_seconds = ranked.recency.Percentile(50).value_or(0) + delta,
        .orders = sums.orders,
        .lifespan_seconds = sums.lifespan_seconds};
    bucket.median_gap_seconds = ranked.median_gap.Percentile(50);
    bucket.p90_gap_seconds = ranked.p90_gap.Percentile(90);
    if (bucket.p90_gap_seconds) {
      const auto overdue = OverdueOf(ranked, scale, *bucket.p90_gap_seconds, delta);
      if (!overdue) return std::nullopt;
      bucket.overdue_customers = *overdue;
    }
    filled.push_back(bucket);
  }
  return filled;
}

RankedBuckets RankedBuckets::With(absl::Span<const FrequencyChange> changes) const {
  RankedBuckets next = *this;
  std::vector<BucketChange> of_buckets(buckets.size());
  const auto add = [&](const FrequencyFacts& facts, int sign) {
    const uint32_t b = facts.orders >= 1 ? finder(facts.orders) : BucketFinder::kNone;
    if (b != BucketFinder::kNone) of_buckets[b].Add(facts, *this, sign, &next.buckets[b]);
  };
  for (const FrequencyChange& change : changes) {
    add(change.before, -1);
    add(change.after, 1);
  }
  for (size_t b = 0; b < buckets.size(); ++b) of_buckets[b].Apply(&next.buckets[b]);
  return next;
}

size_t RankedBuckets::held() const {
  size_t held = 0;
  for (const RankedBucket& bucket : buckets) {
    held += bucket.spend.held() + bucket.recency.held() + bucket.recency_near_p90.held() +
            bucket.median_gap.held() + bucket.p90_gap.held();
  }
  return held;
}

}  // namespace clv::query
