// services/query/projection/retention_cube.h: what every month's first buyers did in each month,
// kept for every set of attributes.
#ifndef CLV_SERVICES_QUERY_PROJECTION_RETENTION_CUBE_H_
#define CLV_SERVICES_QUERY_PROJECTION_RETENTION_CUBE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "services/query/projection/cohort_activity.h"
#include "services/query/projection/customer_chunk.h"
#include "services/query/projection/version_keeper.h"

namespace clv::query {

// One month's first buyers.
struct CubeCohort {
  uint32_t number = 0;  // relative number of the month
  uint64_t size = 0;
  std::vector<CohortCell> cells;  // by period, as long as something happened
};

// What a cohort gains or loses: unsigned numbers wrap around and back.
class CubeDelta {
 public:
  uint64_t& size() { return size_; }
  CohortCell& CellOf(uint32_t period);
  void Clear();
  // Adds `sign` (1 or -1) times the other.
  void Add(const CubeDelta& other, int sign);
  void AddTo(CubeCohort* cohort) const;

 private:
  uint64_t size_ = 0;
  uint32_t first_period_ = 0;
  std::vector<CohortCell> cells_;  // from first_period_ on
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
    CubeDelta& DeltaOf(uint32_t attribute_set, uint32_t number) {
      return deltas_[std::min<uint64_t>(attribute_set, kMostAttributeSets) << 32 | number];
    }
    // By attribute set (from kMostAttributeSets on all in one), then by the month's number.
    absl::flat_hash_map<uint64_t, CubeDelta> deltas_;
    CubeDelta taken_;  // of one customer, kept for its memory
  };

  // Cohorts, which differ in their numbers and are sorted by them.
  using CohortList = std::vector<const CubeCohort*>;

  // What is kept of a cube: cohorts of all sets together, and of each.
  struct Parts {
    std::vector<CubeCohort> all;
    bool has_sets = true;
    std::vector<std::vector<CubeCohort>> sets;  // by attribute set
  };

  RetentionCube() = default;
  explicit RetentionCube(Parts parts);

  // The cube with a change in the sums. The second such cube of a cube and its copies copies all.
  RetentionCube With(const Change& change) const;

  // The cubes made from this one are gone, and another one may share with it.
  void Withdraw() const;

  // Cohorts over all customers.
  const CohortList& all() const { return state_->all; }

  // Whether `Of` tells of every attribute set.
  bool has_sets() const { return state_->has_sets; }
  // Cohorts of one attribute set, likewise.
  const CohortList& Of(uint32_t attribute_set) const;

 private:
  struct State {
    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();

    CohortList Cohorts() const;  // of all lists

    CohortList all;
    bool has_sets = true;
    std::vector<const CohortList*> sets;  // by attribute set
    const std::shared_ptr<VersionKeeper<CubeCohort>> of_cohorts =
        std::make_shared<VersionKeeper<CubeCohort>>();
    const std::shared_ptr<VersionKeeper<CohortList>> of_lists =
        std::make_shared<VersionKeeper<CohortList>>();
  };
  class Successor;

  static const std::shared_ptr<const State>& Empty();
  RetentionCube Copy() const;

  std::shared_ptr<const State> state_ = Empty();
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_RETENTION_CUBE_H_
