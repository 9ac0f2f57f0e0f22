#include "common/domain/frequency_buckets.h"

#include <algorithm>
#include <string>

#include "common/domain/report_math.h"

namespace clv::domain {
namespace {

// Label and bounds of bucket `index`.
template <typename Row>
Row EmptyRow(std::span<const uint32_t> bounds, size_t index) {
  Row row;
  row.bucket_min = bounds[index];
  row.bucket = std::to_string(bounds[index]);
  if (index + 1 == bounds.size()) {
    row.bucket += "+";
    return row;
  }
  const uint32_t last = bounds[index + 1] - 1;
  row.bucket_max = last;
  if (last > bounds[index]) row.bucket.append("-").append(std::to_string(last));
  return row;
}

template <typename Bucket>
std::vector<Bucket> EveryBucket(size_t count, const std::vector<Bucket>& filled) {
  std::vector<Bucket> all(count);
  for (const Bucket& bucket : filled) all[bucket.bucket] = bucket;
  return all;
}

void FillGaps(FrequencyBucketRow& row, const CustomerBucket& bucket) {
  const auto days = [](std::optional<double> seconds) {
    return seconds ? std::optional<double>(*seconds / 86'400.0) : std::nullopt;
  };
  const absl::int128 gaps = bucket.orders - absl::int128(bucket.customers);
  row.avg_days_between_orders = MeanDays(bucket.lifespan_seconds, gaps);
  row.median_days_between_orders = days(bucket.median_gap_seconds);
  row.p90_days_between_orders = days(bucket.p90_gap_seconds);
  if (bucket.p90_gap_seconds) row.overdue_customers = bucket.overdue_customers;
}

}  // namespace

std::optional<size_t> BucketOf(std::span<const uint32_t> bounds, int64_t value) {
  const auto above = std::upper_bound(bounds.begin(), bounds.end(), value,
                                      [](int64_t v, uint32_t bound) { return v < bound; });
  if (above == bounds.begin()) return std::nullopt;
  return static_cast<size_t>(above - bounds.begin()) - 1;
}

CustomerBucket CustomerBucketOf(size_t bucket, const std::vector<int64_t>& total_spend_micros,
                                const std::vector<int64_t>& recency_seconds,
                                const std::vector<double>& mean_gap_seconds) {
  CustomerBucket figures{.bucket = bucket,
                         .customers = total_spend_micros.size(),
                         .revenue_micros = SumOf(total_spend_micros),
                         .median_spend_micros = Percentile(total_spend_micros, 50).value_or(0),
                         .recency_seconds = SumOf(recency_seconds),
                         .median_recency_seconds = Percentile(recency_seconds, 50).value_or(0),
                         .median_gap_seconds = Percentile(mean_gap_seconds, 50),
                         .p90_gap_seconds = Percentile(mean_gap_seconds, 90)};
  if (figures.p90_gap_seconds) {
    figures.overdue_customers = static_cast<uint64_t>(std::count_if(
        recency_seconds.begin(), recency_seconds.end(),
        [&](int64_t recency) { return IsOverdue(recency, *figures.p90_gap_seconds); }));
  }
  return figures;
}

std::vector<FrequencyBucketRow> MakeFrequencyRows(std::span<const uint32_t> bounds,
                                                  const std::vector<CustomerBucket>& filled) {
  uint64_t all_customers = 0;
  absl::int128 all_orders = 0;
  absl::int128 all_revenue = 0;
  for (const CustomerBucket& bucket : filled) {
    all_customers += bucket.customers;
    all_orders += bucket.orders;
    all_revenue += bucket.revenue_micros;
  }
  const std::vector<CustomerBucket> buckets = EveryBucket(bounds.size(), filled);
  std::vector<FrequencyBucketRow> rows;
  for (size_t index = 0; index < bounds.size(); ++index) {
    const CustomerBucket& bucket = buckets[index];
    auto row = EmptyRow<FrequencyBucketRow>(bounds, index);
    row.customers = bucket.customers;
    row.share_of_customers = Quotient(row.customers, all_customers);
    row.orders = static_cast<uint64_t>(bucket.orders);
    row.share_of_orders = Quotient(bucket.orders, all_orders);
    row.revenue_micros = bucket.revenue_micros;
    row.share_of_revenue = Quotient(row.revenue_micros, all_revenue);
    row.avg_clv = MeanUnits(row.revenue_micros, row.customers);
    row.avg_order_value = MeanUnits(row.revenue_micros, bucket.orders);
    row.avg_recency_days = MeanDays(bucket.recency_seconds, row.customers);
    if (bucket.customers > 0) {
      row.median_clv_micros = bucket.median_spend_micros;
      row.median_recency_days = DaysOf(bucket.median_recency_seconds);
    }
    FillGaps(row, bucket);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<IntervalBucketRow> MakeIntervalRows(std::span<const uint32_t> bounds,
                                                const std::vector<GapBucket>& filled) {
  uint64_t all_gaps = 0;
  absl::int128 all_revenue = 0;
  for (const GapBucket& bucket : filled) {
    all_gaps += bucket.gaps;
    all_revenue += bucket.revenue_micros;
  }
  const std::vector<GapBucket> buckets = EveryBucket(bounds.size(), filled);
  std::vector<IntervalBucketRow> rows;
  for (size_t index = 0; index < bounds.size(); ++index) {
    const GapBucket& bucket = buckets[index];
    auto row = EmptyRow<IntervalBucketRow>(bounds, index);
    row.customers = bucket.customers;
    row.orders = bucket.gaps;
    row.share_of_orders = Quotient(row.orders, all_gaps);
    row.revenue_micros = bucket.revenue_micros;
    row.share_of_revenue = Quotient(row.revenue_micros, all_revenue);
    row.avg_order_value = MeanUnits(row.revenue_micros, row.orders);
    row.avg_gap_days = MeanDays(bucket.gap_seconds, row.orders);
    if (bucket.gaps > 0) row.median_gap_days = DaysOf(bucket.median_gap_seconds);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace clv::domain
