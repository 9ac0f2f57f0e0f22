// common/domain/frequency_buckets.h: buckets of the purchase frequency report and their rows.
//
// Pure functions. Bounds are rising lower bounds; the last bucket is open.
#ifndef CLV_COMMON_DOMAIN_FREQUENCY_BUCKETS_H_
#define CLV_COMMON_DOMAIN_FREQUENCY_BUCKETS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/numeric/int128.h"
#include "common/domain/report_rows.h"

namespace clv::domain {

// Index of the bucket that holds `value`; absent below the first bound.
std::optional<size_t> BucketOf(std::span<const uint32_t> bounds, int64_t value);

// The customers of one bucket of the views orders and recency. Percentiles are nearest-rank; 0
// without customers.
struct CustomerBucket {
  size_t bucket = 0;  // index into the bounds
  uint64_t customers = 0;
  absl::int128 revenue_micros = 0;
  int64_t median_spend_micros = 0;
  absl::int128 recency_seconds = 0;  // sum
  int64_t median_recency_seconds = 0;
  absl::int128 orders = 0;
  absl::int128 lifespan_seconds = 0;
  // Of the mean gaps of customers with two orders or more; absent without such.
  std::optional<double> median_gap_seconds;
  std::optional<double> p90_gap_seconds;
  uint64_t overdue_customers = 0;  // with a recency above p90_gap_seconds, where there is one
};

// What is told of customers, from their values: total_spend in micros and recency in seconds of
// each, mean gap in seconds of each that has two orders or more; all ascending.
CustomerBucket CustomerBucketOf(size_t bucket, const std::vector<int64_t>& total_spend_micros,
                                const std::vector<int64_t>& recency_seconds,
                                const std::vector<double>& mean_gap_seconds);

// Whether a recency is above a p90 of mean gaps. Compared in seconds: there a whole number never
// collides with the rounding of a different quotient.
inline bool IsOverdue(int64_t recency_seconds, double p90_gap_seconds) {
  return static_cast<double>(recency_seconds) > p90_gap_seconds;
}

// One row for each bucket, empty ones with zeros and nulls. `filled` holds each bucket at most
// once.
std::vector<FrequencyBucketRow> MakeFrequencyRows(std::span<const uint32_t> bounds,
                                                  const std::vector<CustomerBucket>& filled);

// The gaps of one bucket of the view interval.
struct GapBucket {
  size_t bucket = 0;
  uint64_t customers = 0;
  absl::int128 revenue_micros = 0;  // of the orders that end the gaps
  uint64_t gaps = 0;
  absl::int128 gap_seconds = 0;  // sum
  int64_t median_gap_seconds = 0;
};

// Likewise.
std::vector<IntervalBucketRow> MakeIntervalRows(std::span<const uint32_t> bounds,
                                                const std::vector<GapBucket>& filled);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_FREQUENCY_BUCKETS_H_
