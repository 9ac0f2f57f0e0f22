#include "common/storage/coming_changes.h"

#include <iterator>
#include <utility>

namespace clv::storage {
namespace {

absl::Status HasEnded() { return absl::AbortedError("the fold has ended"); }

}  // namespace

bool ComingChanges::Begin(Base base) {
  const bool is_wanted = is_wanted_.exchange(false);
  {
    std::lock_guard lock(mutex_);
    state_ = State::kNone;
    told_.clear();
    if (is_wanted) {
      ++number_;
      state_ = State::kTelling;
      base_ = std::move(base);
    }
  }
  moved_.notify_one();
  return is_wanted;
}

void ComingChanges::Tell(std::vector<std::string> packed_facts) {
  {
    std::lock_guard lock(mutex_);
    told_.insert(told_.end(), std::make_move_iterator(packed_facts.begin()),
                 std::make_move_iterator(packed_facts.end()));
  }
  moved_.notify_one();
}

void ComingChanges::Complete(Outcome outcome) {
  {
    std::lock_guard lock(mutex_);
    state_ = State::kComplete;
    outcome_ = outcome;
  }
  moved_.notify_one();
}

void ComingChanges::End(bool is_committed) {
  {
    std::lock_guard lock(mutex_);
    if (state_ != State::kTelling && state_ != State::kComplete) return;
    is_committed = is_committed && state_ == State::kComplete;
    state_ = is_committed ? State::kCommitted : State::kNone;
    if (followed_ == number_) is_followed_committed_ = is_committed;
  }
  moved_.notify_one();
}

std::optional<ComingChanges::Fold> ComingChanges::WaitForFold(uint64_t after) {
  std::unique_lock lock(mutex_);
  moved_.wait(lock, [&] { return !is_followed_ || (number_ > after && state_ != State::kNone); });
  if (!is_followed_) return std::nullopt;
  followed_ = number_;
  is_followed_committed_ = state_ == State::kCommitted;
  return Fold{number_, base_};
}

absl::StatusOr<std::vector<std::string>> ComingChanges::Next(uint64_t fold) {
  std::unique_lock lock(mutex_);
  moved_.wait(lock, [&] { return !is_followed_ || !Is(fold, State::kTelling) || !told_.empty(); });
  if (!is_followed_ || number_ != fold || state_ == State::kNone) return HasEnded();
  return std::exchange(told_, {});
}

absl::StatusOr<ComingChanges::Outcome> ComingChanges::OutcomeOf(uint64_t fold) {
  std::lock_guard lock(mutex_);
  if (Is(fold, State::kComplete) || Is(fold, State::kCommitted)) return outcome_;
  return HasEnded();
}

bool ComingChanges::IsCommitted(uint64_t fold) {
  std::unique_lock lock(mutex_);
  moved_.wait(lock, [&] { return !is_followed_ || !Is(fold, State::kComplete); });
  return followed_ == fold && is_followed_committed_;
}

void ComingChanges::StartFollowing() {
  std::lock_guard lock(mutex_);
  is_followed_ = true;
}

void ComingChanges::StopFollowing() {
  {
    std::lock_guard lock(mutex_);
    is_followed_ = false;
  }
  moved_.notify_all();
}

}  // namespace clv::storage
