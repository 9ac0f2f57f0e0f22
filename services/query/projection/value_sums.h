// services/query/projection/value_sums.h: what is told of the value of customers, of all or of
// those with orders in a window, summed for every set of attributes and carried from version to
// version.
#ifndef CLV_SERVICES_QUERY_PROJECTION_VALUE_SUMS_H_
#define CLV_SERVICES_QUERY_PROJECTION_VALUE_SUMS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/instant.h"
#include "common/domain/value_groups.h"
#include "services/query/projection/chained_list.h"
#include "services/query/projection/chunk_scan.h"
#include "services/query/projection/customer_chunk.h"
#include "services/query/projection/customer_set.h"
#include "services/query/projection/population_places.h"
#include "services/query/projection/sorted_buckets.h"
#include "services/query/projection/value_figures.h"

namespace clv::query {

struct PopulationIndex;
struct ProjectionVersion;

// The last first purchase of which the value of an early span, by index of domain::kEarlyValueDays,
// is known at an instant.
inline int64_t LastObserved(int64_t as_of_seconds, size_t span) {
  return as_of_seconds - domain::kEarlyValueDays[span] * kSecondsPerDay;
}

// Steps of the order of spends: enough that one step is walked through quickly.
inline constexpr size_t kSpendSteps = 512;

// Of purchases, both included.
struct DateRange {
  uint32_t first = 0;
  uint32_t last = UINT32_MAX;

  bool operator==(const DateRange&) const = default;
  bool Holds(uint32_t date) const { return date >= first && date <= last; }
};

// The figures of one attribute set up to the horizon. Its members are its customers of the
// population, or those of them with a qualifying order in a window.
struct SetSums : ValueFigures {
  std::array<uint32_t, kSpendSteps> by_step = {};  // members by step of spend

  bool operator==(const SetSums&) const = default;
};

// The sums of all attribute sets, at the end of time and the version's horizon. Immutable: the next
// version shares the sets that did not change. A few bytes a customer at most; nothing beyond
// kMostAttributeSets sets.
class ValueSums {
 public:
  static constexpr size_t kMostAttributeSets = 4'096;

  // Of a version whose index has its orders already, by a scan on two threads.
  static ValueSums Of(const ProjectionVersion& version, const PopulationIndex& index);
  // Likewise in a window. DEADLINE_EXCEEDED past the deadline.
  static absl::StatusOr<ValueSums> InWindow(const ProjectionVersion& version,
                                            const PopulationIndex& index, const DateRange& window,
                                            const ScanOptions& scan);

  // Of a version that differs from `before` in the customers `changed` only (each number once), and
  // whose index has its orders already; these are the sums of `before`. Wants CanFollow.
  ValueSums With(const ProjectionVersion& before, const ProjectionVersion& after,
                 const PopulationIndex& index, absl::Span<const uint32_t> changed) const;
  // Whether With takes less than a scan.
  bool CanFollow(const ProjectionVersion& after, const PopulationIndex& index,
                 size_t changed) const;

  // The sums made from these are gone, and others may share with them.
  void Withdraw() const;

  // Whether there are sums; else everything must be scanned.
  bool are_kept() const { return are_kept_; }
  // By attribute set; those after the last are of nobody.
  const ChainedList<SetSums>& sets() const { return *sets_; }
  // Whether a customer of the population is a member.
  bool IsMember(uint32_t number) const { return members_ == nullptr || members_->Has(number); }
  // The horizon that signups and early values are summed up to.
  int64_t horizon_seconds() const { return horizon_seconds_; }
  // Described customers whose later signups count, by these.
  const SortedBuckets<DatedCustomer>& late_signups() const { return late_signups_; }
  // The first place of each step but the first one.
  const std::vector<SpendPlace>& step_bounds() const { return *step_bounds_; }

  // Members with one of the sets for which `passes` holds.
  template <typename Passes>
  uint64_t CustomersOf(const Passes& passes) const {
    uint64_t customers = 0;
    for (uint32_t set = 0; set < sets_->size(); ++set) {
      if (passes(set)) customers += (*sets_)[set].spend.count();
    }
    return customers;
  }

  // In memory; versions share most of it.
  size_t bytes() const;

 private:
  class Change;

  static absl::StatusOr<ValueSums> Scan(const ProjectionVersion& version,
                                        const PopulationIndex& index,
                                        const std::optional<DateRange>& window,
                                        const ScanOptions& scan);
  static std::vector<SpendPlace> ChooseBounds(const PopulationIndex& index);
  void CountSteps(const PopulationIndex& index, ChainedList<SetSums>* sets) const;

  bool are_kept_ = false;
  std::optional<DateRange> window_;
  int64_t horizon_seconds_ = 0;
  std::shared_ptr<const ChainedList<SetSums>> sets_ = std::make_shared<ChainedList<SetSums>>();
  std::shared_ptr<const CustomerSet> members_;  // null: everybody is one
  SortedBuckets<DatedCustomer> late_signups_;
  std::shared_ptr<const std::vector<SpendPlace>> step_bounds_;
  size_t bounds_for_ = 0;  // the population for which they were chosen
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_VALUE_SUMS_H_
