// services/aggregation/announcements.h: when those who wait for a fold are told of it.
#ifndef CLV_SERVICES_AGGREGATION_ANNOUNCEMENTS_H_
#define CLV_SERVICES_AGGREGATION_ANNOUNCEMENTS_H_

#include <chrono>
#include <cstdint>
#include <deque>

#include "common/storage/storage.h"

namespace clv::aggregation {

// From its announcement on every answer must contain a fold, and whoever asks before the projection
// has applied it waits for that. So a fold that takes the projection long is announced when it has
// been applied, and after some time in any case: what waits for it then cannot be waited for any
// longer. Thread-compatible; time is that of the calls.
class Announcements {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Options {
    // Fewer rows are applied in little time.
    uint64_t least_rows_later = 256;
    // The greater of the first two, the second for each row, but no more than the third. It is
    // several times what the projection takes while processors are scarce: who asks meanwhile is
    // answered from what was before, but after it waits as long as applying takes.
    std::chrono::milliseconds longest_wait{500};
    std::chrono::microseconds longest_wait_per_row{100};
    std::chrono::milliseconds most_wait{10'000};
  };
  explicit Announcements(const Options& options) : options_(options) {}
  Announcements() : Announcements(Options()) {}

  // What lies up to the checkpoint is due at once, announced or not: of an earlier process, or of a
  // fold whose end is unknown.
  void Restart(storage::LogPosition checkpoint);

  // A fold of `rows` up to `position` is committed at `now`, and with it announced what is due.
  // `applied`: the last position that the projection has applied, or need not apply for anybody who
  // asks. Returns the position up to which all is announced.
  storage::LogPosition AnnounceWith(storage::LogPosition position, uint64_t rows,
                                    storage::LogPosition applied, Time now);

  // Up to where all is announced, or taken to be.
  storage::LogPosition announced() const { return announced_; }
  // Whether something is left to announce.
  bool is_any_left() const { return !left_.empty(); }
  // Up to where all can be announced now; all of it is taken to be.
  storage::LogPosition TakeDue(storage::LogPosition applied, Time now);
  storage::LogPosition TakeAll();

 private:
  struct Fold {
    storage::LogPosition position = 0;
    Time due;
  };

  const Options options_;
  storage::LogPosition announced_ = 0;
  std::deque<Fold> left_;  // by position
};

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_ANNOUNCEMENTS_H_
