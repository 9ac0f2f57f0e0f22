// common/storage/coming_changes.h: what a fold that is under way changes, told before it commits to
// who keeps a copy in the same process.
#ifndef CLV_COMMON_STORAGE_COMING_CHANGES_H_
#define CLV_COMMON_STORAGE_COMING_CHANGES_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/storage.h"

namespace clv::storage {

// Between one thread that folds, which never waits for the other, and one that follows. Without it
// the follower begins when the fold has ended; with it both end at about the same time. Only a fold
// is told that somebody wanted, and no more of it than fits in a few hundred kilobytes.
// Thread-safe.
class ComingChanges {
 public:
  // What a fold goes on from.
  struct Base {
    uint64_t change = 0;  // the last one, as ProjectionReading::last_change says
    std::string reporting_currency;
  };
  // What the store will say once the fold is committed.
  struct Outcome {
    LogPosition folded_position = 0;
    uint64_t last_change = 0;
    std::optional<int64_t> horizon_seconds;
  };

  // By the fold, in this order. A fold whose end was not told ends with the next Begin.
  //
  // Returns whether the fold is wanted; else nothing is to be told of it.
  bool Begin(Base base);
  // Some customers as projected_customer_codec.h packs them; of a fold each comes once.
  void Tell(std::vector<std::string> packed_facts);
  // All customers were told, and the commit is next.
  void Complete(Outcome outcome);
  // It is committed, or it never will be, or cannot be told any further.
  void End(bool is_committed);

  // By the follower, or who asks it: the next fold is wanted.
  void Want() {
    if (!is_wanted_.load(std::memory_order_relaxed)) is_wanted_ = true;
  }

  // By the follower.
  struct Fold {
    uint64_t number = 0;
    Base base;
  };
  // Waits for a fold after the one of this number (0: any): it is under way, or was the last one
  // and has committed. Absent once StopFollowing was called.
  std::optional<Fold> WaitForFold(uint64_t after);
  // Waits for the next customers of a fold; none: that was all. ABORTED when it has ended without a
  // commit, or another one has begun.
  absl::StatusOr<std::vector<std::string>> Next(uint64_t fold);
  // Of one of which all is told; the same error.
  absl::StatusOr<Outcome> OutcomeOf(uint64_t fold);
  // Waits for the end of a complete one, which WaitForFold gave last; whether it is committed.
  bool IsCommitted(uint64_t fold);
  // The one follower comes, and goes: from then on it waits for nothing.
  void StartFollowing();
  void StopFollowing();

 private:
  enum class State { kNone, kTelling, kComplete, kCommitted };

  // With mutex_ held: whether the fold is the last one and has come as far as this.
  bool Is(uint64_t fold, State state) const { return number_ == fold && state_ == state; }

  std::atomic<bool> is_wanted_ = false;
  std::mutex mutex_;
  std::condition_variable moved_;
  bool is_followed_ = false;  // guarded by mutex_, as all below
  uint64_t number_ = 0;       // of the last fold that was told
  State state_ = State::kNone;
  Base base_;
  std::vector<std::string> told_;  // and not taken yet
  Outcome outcome_;
  uint64_t followed_ = 0;  // the fold that WaitForFold gave last
  bool is_followed_committed_ = false;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_COMING_CHANGES_H_
