// services/query/projection/follow_pace.h: when a projection follows the store by itself.
#ifndef CLV_SERVICES_QUERY_PROJECTION_FOLLOW_PACE_H_
#define CLV_SERVICES_QUERY_PROJECTION_FOLLOW_PACE_H_

#include <chrono>
#include <cstdint>
#include <optional>

namespace clv::query {

// Tells a load, whose rows nobody waits for, from other writing, and how much of the processors
// following may take. Whoever must not miss something applies it at once in any case.
// Thread-compatible; time is that of the calls.
class FollowPace {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  // Somebody asks.
  void NoteAsked(Time now) { last_asked_ = now; }
  // Somebody has asked lately.
  bool IsAsked(Time now) const;
  // All that the store has is applied.
  void NoteCalm(Time now);
  // The store has moved to `watched`, which is not applied. Returns whether many changes are to be
  // applied too: somebody asks, no load goes on, or one that goes on for long.
  bool IsTimeForMany(int64_t watched, Time now);
  // Something was applied; `many`: what is applied only where IsTimeForMany says so.
  void NoteApplied(bool many, Duration took);

  // Between applies that nobody asked for: leaves the processors to those who write, and to those
  // who ask, of whom it keeps waiting away as long as there are some.
  Duration PauseAfter(Duration took, Time now) const;

 private:
  // How long nothing moves after a load, going by the folds of this one.
  Duration CalmAfterLoad() const;

  std::optional<Time> last_asked_;
  int64_t watched_ = -1;
  std::optional<Time> last_moved_;
  std::optional<Time> behind_since_;
  Duration longest_gap_{};  // between moves
  Duration last_apply_of_many_{};
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_FOLLOW_PACE_H_
