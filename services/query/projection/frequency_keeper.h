// services/query/projection/frequency_keeper.h: keeps the last answer of purchase frequency in a
// form that later versions need not make anew.
#ifndef CLV_SERVICES_QUERY_PROJECTION_FREQUENCY_KEEPER_H_
#define CLV_SERVICES_QUERY_PROJECTION_FREQUENCY_KEEPER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "services/query/projection/ranked_buckets.h"

namespace clv::query {

// Shared by versions that follow each other. While somebody asks, it records which customers each
// version changed, and brings the buckets of an earlier one up to date when they are asked for.
// About the whole population by orders. Thread-safe; its lock is held to copy pointers only.
class FrequencyKeeper {
 public:
  // More changes than this are forgotten, the oldest first.
  static constexpr size_t kMostChanges = 20'000;
  // Buckets that hold more values than this are not kept.
  static constexpr size_t kMostHeld = 500'000;

  // Whether changes are to be recorded.
  bool is_asked() const;
  // By the applier: version `serial` differs from `before` in these. Each version once, in order.
  void Record(uint64_t before, uint64_t serial, std::vector<FrequencyChange> changes);
  // By the applier: version `serial` differs in too many.
  void Forget(uint64_t serial);

  // The buckets of a version, by these bounds; null: they must be made, which will be worth while
  // from now on.
  std::shared_ptr<const RankedBuckets> Find(uint64_t serial, const std::vector<uint32_t>& bounds);
  // Keeps buckets of a version.
  void Keep(uint64_t serial, std::shared_ptr<const RankedBuckets> buckets);

 private:
  struct Step {
    uint64_t serial = 0;
    std::shared_ptr<const std::vector<FrequencyChange>> changes;
  };

  mutable std::mutex mutex_;
  bool is_asked_ = false;
  uint64_t steps_from_ = 0;  // all versions after this one are in steps_; 0: none is
  std::deque<Step> steps_;
  size_t changes_ = 0;  // in all steps
  uint64_t serial_ = 0;
  std::shared_ptr<const RankedBuckets> buckets_;  // of version serial_; null: none
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_FREQUENCY_KEEPER_H_
