#include "services/query/projection/follow_pace.h"

#include <algorithm>
#include <utility>

namespace clv::query {
namespace {

constexpr std::chrono::milliseconds kLeastPause(2);
constexpr std::chrono::microseconds kPauseWhileAsked(500);
constexpr int kPausePerApply = 3;
constexpr std::chrono::milliseconds kLongestPause(50);
constexpr std::chrono::seconds kAskedLately(1);
// A load has the processors for itself, but who stops or asks after a long one shall not find all
// of it undone.
constexpr std::chrono::seconds kAfterLoad(2);
constexpr std::chrono::seconds kLongestLoad(60);
// Folds of a load that are further apart are those of two.
constexpr std::chrono::seconds kLongestGap(15);
// Applies within a load take this part of its time at most.
constexpr int kLoadsPerApply = 10;

}  // namespace

FollowPace::Duration FollowPace::CalmAfterLoad() const {
  return std::max<Duration>(kAfterLoad, 2 * longest_gap_);
}

bool FollowPace::IsAsked(Time now) const {
  return last_asked_ && now - *last_asked_ <= kAskedLately;
}

void FollowPace::NoteCalm(Time now) {
  behind_since_.reset();
  if (last_moved_ && now - *last_moved_ >= CalmAfterLoad()) longest_gap_ = {};
}

bool FollowPace::IsTimeForMany(int64_t watched, Time now) {
  if (std::exchange(watched_, watched) != watched) {
    // Folds of a load may be seconds apart.
    const Duration gap = last_moved_ ? now - *last_moved_ : Duration::max();
    if (gap < kLongestGap) longest_gap_ = std::max(longest_gap_, gap);
    last_moved_ = now;
  }
  if (!behind_since_) behind_since_ = now;
  return IsAsked(now) || now - *last_moved_ >= CalmAfterLoad() ||
         now - *behind_since_ >=
             std::max<Duration>(kLongestLoad, kLoadsPerApply * last_apply_of_many_);
}

void FollowPace::NoteApplied(bool many, Duration took) {
  if (many) last_apply_of_many_ = took;
  behind_since_.reset();
}

FollowPace::Duration FollowPace::PauseAfter(Duration took, Time now) const {
  return IsAsked(now) ? kPauseWhileAsked
                      : std::clamp<Duration>(kPausePerApply * took, kLeastPause, kLongestPause);
}

}  // namespace clv::query
