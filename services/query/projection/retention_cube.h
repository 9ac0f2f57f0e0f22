// services/query/projection/retention_cube.h: what every month's first buyers did in each month,
// kept for every set of attributes.
#ifndef CLV_SERVICES_QUERY_PROJECTION_RETENTION_CUBE_H_
#define CLV_SERVICES_QUERY_PROJECTION_RETENTION_CUBE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "services/query/projection/cohort_activity.h"
#include "services/query/projection/customer_chunk.h"

namespace clv::query {

// One month's first buyers.
struct CubeCohort {
  uint32_t number = 0;  // relative number of the month
  uint64_t size = 0;
  std::vector<CohortCell> cells;  // by period, as long as something happened

  // Adds `sign` (1 or -1) times the other's sums.
  void Add(const CubeCohort& other, int sign);
};

// Months by the first purchase, over everything known (no as_of). Immutable; the next version
// shares the cohorts that did not change. Thread-safe.
class RetentionCube {
 public:
  // Beyond this many attribute sets only the sums over all of them are kept.
  static constexpr size_t kMostAttributeSets = 4'096;

  // Sums of what customers contribute, added or taken away.
  class Change {
   public:
    // A customer of `before` (null: of nobody) is that of `after` now.
    void Add(const CustomerChunk* before, const CustomerChunk& after, size_t i);

   private:
    friend class RetentionCube;
    // `sign`: 1 or -1. Wants purchase_count >= 1.
    void AddAll(const CustomerChunk& chunk, size_t i, int sign);
    // Where nothing but orders has changed: the months of those that differ.
    void AddDifference(const CustomerChunk& before, const CustomerChunk& after, size_t i);
    struct Sums {
      CubeCohort added, removed;  // whose numbers are not set
    };
    Sums& SumsOf(uint32_t attribute_set, uint32_t number) {
      return sums_[std::min<uint64_t>(attribute_set, kMostAttributeSets) << 32 | number];
    }
    // By attribute set (from kMostAttributeSets on all in one), then by the month's number.
    absl::flat_hash_map<uint64_t, Sums> sums_;
  };

  // Cohorts, which differ in their numbers and are sorted by them.
  using CohortList = std::vector<std::shared_ptr<const CubeCohort>>;

  RetentionCube() = default;
  // From lists that were kept: of all sets together, and of each (null: nothing).
  RetentionCube(CohortList all, std::vector<std::shared_ptr<const CohortList>> sets, bool has_sets)
      : all_(std::move(all)), sets_(std::move(sets)), has_sets_(has_sets) {}

  // The cube with a change in the sums.
  RetentionCube With(const Change& change) const;

  // Cohorts over all customers.
  const CohortList& all() const { return all_; }

  // Whether `Of` tells of every attribute set.
  bool has_sets() const { return has_sets_; }
  // Cohorts of one attribute set, likewise.
  const CohortList& Of(uint32_t attribute_set) const;

 private:
  static void Apply(uint32_t number, const Change::Sums& sums, CohortList* cohorts);

  CohortList all_;
  std::vector<std::shared_ptr<const CohortList>> sets_;  // by attribute set; null: nothing
  bool has_sets_ = true;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_RETENTION_CUBE_H_
