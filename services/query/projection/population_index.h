// services/query/projection/population_index.h: orders and sums over the population, kept with each
// version.
#ifndef CLV_SERVICES_QUERY_PROJECTION_POPULATION_INDEX_H_
#define CLV_SERVICES_QUERY_PROJECTION_POPULATION_INDEX_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "services/query/projection/customer_chunk.h"
#include "services/query/projection/retention_cube.h"
#include "services/query/projection/sorted_buckets.h"

namespace clv::query {

struct ProjectionVersion;

// A customer's place in the order of total spend.
struct SpendPlace {
  int64_t spend_micros = 0;
  uint32_t number = 0;
  uint32_t attribute_set = 0;  // no part of the order

  bool operator<(const SpendPlace& other) const {
    return spend_micros != other.spend_micros ? spend_micros < other.spend_micros
                                              : number < other.number;
  }
};

// A row in a currency that is not reported.
struct UnconvertedRow {
  uint32_t date = 0;
  uint32_t attribute_set = 0;

  bool operator<(const UnconvertedRow& other) const {
    return date != other.date ? date < other.date : attribute_set < other.attribute_set;
  }
};

// Over the customers with purchase_count >= 1 at the end of time. Immutable.
struct PopulationIndex {
  SortedBuckets<SpendPlace> by_spend;
  SortedBuckets<uint32_t> first;  // purchase dates
  SortedBuckets<uint32_t> last;
  SortedBuckets<int64_t> purchase_count;
  uint64_t repeat_customers = 0;  // with repeat order days
  __int128 repeat_order_days = 0;
  __int128 first_days = 0;  // sum of the days of first purchases
  __int128 spend_micros = 0;
  __int128 orders = 0;
  RetentionCube cube;

  SortedBuckets<UnconvertedRow> unconverted;  // of all customers

  // The index of `after`, which differs from `before` (null: nothing) in the customers `changed`
  // only (each number once).
  static std::shared_ptr<const PopulationIndex> Of(const ProjectionVersion* before,
                                                   const ProjectionVersion& after,
                                                   absl::Span<const uint32_t> changed);
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_POPULATION_INDEX_H_
