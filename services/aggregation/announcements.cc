#include "services/aggregation/announcements.h"

#include <algorithm>

namespace clv::aggregation {

void Announcements::Restart(storage::LogPosition checkpoint) {
  left_.assign(1, {.position = checkpoint, .due = Time::min()});
}

storage::LogPosition Announcements::AnnounceWith(storage::LogPosition position, uint64_t rows,
                                                 storage::LogPosition applied, Time now) {
  TakeDue(applied, now);
  // Who must wait for it would have to wait for what is left, too.
  const bool is_small = rows < options_.least_rows_later && left_.empty();
  if (is_small || position <= applied) {
    left_.clear();
    announced_ = position;
  } else {
    const auto wait = std::min<Time::duration>(
        options_.most_wait,
        std::max<Time::duration>(options_.longest_wait,
                                 static_cast<int64_t>(rows) * options_.longest_wait_per_row));
    left_.push_back({.position = position, .due = now + wait});
  }
  return announced_;
}

storage::LogPosition Announcements::TakeDue(storage::LogPosition applied, Time now) {
  while (!left_.empty() && (left_.front().position <= applied || left_.front().due <= now)) {
    announced_ = left_.front().position;
    left_.pop_front();
  }
  return announced_;
}

storage::LogPosition Announcements::TakeAll() {
  if (!left_.empty()) announced_ = left_.back().position;
  left_.clear();
  return announced_;
}

}  // namespace clv::aggregation
