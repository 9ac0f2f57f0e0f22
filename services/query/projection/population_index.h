// services/query/projection/population_index.h: orders and sums over the population, kept with each
// version.
#ifndef CLV_SERVICES_QUERY_PROJECTION_POPULATION_INDEX_H_
#define CLV_SERVICES_QUERY_PROJECTION_POPULATION_INDEX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "services/query/projection/counted_values.h"
#include "services/query/projection/customer_chunk.h"
#include "services/query/projection/frequency_keeper.h"
#include "services/query/projection/population_places.h"
#include "services/query/projection/retention_cube.h"
#include "services/query/projection/sorted_buckets.h"
#include "services/query/projection/value_sums.h"

namespace clv::query {

struct ProjectionVersion;

// A row in a currency that is not reported.
struct UnconvertedRow {
  uint32_t date = 0;
  uint32_t attribute_set = 0;

  static constexpr size_t kFields = 2;
  std::array<uint64_t, kFields> Fields() const { return {date, attribute_set}; }
  static UnconvertedRow OfFields(const std::array<uint64_t, kFields>& fields) {
    return {static_cast<uint32_t>(fields[0]), static_cast<uint32_t>(fields[1])};
  }

  bool operator==(const UnconvertedRow&) const = default;
  bool operator<(const UnconvertedRow& other) const {
    return date != other.date ? date < other.date : attribute_set < other.attribute_set;
  }
};

// Over the customers with purchase_count >= 1 at the end of time. Immutable.
struct PopulationIndex {
  SortedBuckets<SpendPlace> by_spend;
  SortedBuckets<DatedCustomer> first;  // by first purchase
  SortedBuckets<uint32_t> last;        // purchase dates
  CountedValues purchase_count;
  uint64_t repeat_customers = 0;  // with repeat order days
  __int128 repeat_order_days = 0;
  __int128 first_days = 0;  // sum of the days of first purchases
  __int128 spend_micros = 0;
  __int128 orders = 0;
  RetentionCube cube;

  SortedBuckets<UnconvertedRow> unconverted;  // of all customers

  // Derived from the version and what is above; see Derive.
  ValueSums values;
  // The greatest predicted_bound of each chunk; empty without a fitted model.
  std::vector<float> best_predicted;

  // Of this version and those before and after it; never null once the index is of a version.
  std::shared_ptr<FrequencyKeeper> frequency;

  // Customers whose first purchase is at the instant or before.
  size_t CountFirstUpTo(int64_t seconds) const {
    return first.CountWhile(
        [&](const DatedCustomer& customer) { return int64_t{customer.date} <= seconds; });
  }
  // Calls `visit(number)` for the customers whose first purchase is later than `after_seconds` and
  // not later than `last_seconds`.
  template <typename Visit>
  void ForEachFirstBetween(int64_t after_seconds, int64_t last_seconds, const Visit& visit) const {
    first.ForEachFrom(
        [&](const DatedCustomer& customer) { return int64_t{customer.date} <= after_seconds; },
        [&](const DatedCustomer& customer) {
          if (int64_t{customer.date} > last_seconds) return false;
          visit(customer.number);
          return true;
        });
  }

  // The indexes made from this one are gone, and another one may share with it.
  void Withdraw() const;

  // Fills in what is derived, of the version that this is the index of: by scans, on two threads.
  void Derive(const ProjectionVersion& version);

  // `best_predicted` of `after`, whose predictions differ from those of `before` (null: nothing) in
  // the customers `changed`, or in all where they have another model.
  void UpdatePredicted(const ProjectionVersion* before, const ProjectionVersion& after,
                       absl::Span<const uint32_t> changed);
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_POPULATION_INDEX_H_
