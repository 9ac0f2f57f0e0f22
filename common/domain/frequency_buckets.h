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

// The customers of one bucket of the views orders and recency.
struct CustomerBucket {
  size_t bucket = 0;                        // index into the bounds
  std::vector<int64_t> total_spend_micros;  // of each customer, ascending
  std::vector<int64_t> recency_seconds;     // of each customer, ascending
  std::vector<double> mean_gap_seconds;     // of each customer with two orders or more, ascending
  absl::int128 orders = 0;
  absl::int128 lifespan_seconds = 0;
};

// One row for each bucket, empty ones with zeros and nulls. `filled` holds each bucket at most
// once.
std::vector<FrequencyBucketRow> MakeFrequencyRows(std::span<const uint32_t> bounds,
                                                  const std::vector<CustomerBucket>& filled);

// The gaps of one bucket of the view interval.
struct GapBucket {
  size_t bucket = 0;
  uint64_t customers = 0;
  absl::int128 revenue_micros = 0;   // of the orders that end the gaps
  std::vector<int64_t> gap_seconds;  // ascending
};

// Likewise.
std::vector<IntervalBucketRow> MakeIntervalRows(std::span<const uint32_t> bounds,
                                                const std::vector<GapBucket>& filled);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_FREQUENCY_BUCKETS_H_
