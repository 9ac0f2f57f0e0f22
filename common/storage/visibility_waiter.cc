#include "common/storage/visibility_waiter.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace clv::storage {
namespace {

using std::chrono::steady_clock;

// Longest sleep with waiters: new ones and the ends of their time are seen after it.
constexpr std::chrono::milliseconds kSlice{20};

}  // namespace

steady_clock::time_point EndOfWait(steady_clock::time_point deadline) {
  const steady_clock::time_point now = steady_clock::now();
  const steady_clock::time_point latest = now + kMaxVisibilityWait;
  if (deadline <= now) return now;
  if (deadline == steady_clock::time_point::max()) return latest;
  const steady_clock::duration left = deadline - now;
  return std::min(latest, deadline - std::min<steady_clock::duration>(
                                         left / 10, std::chrono::milliseconds(200)));
}

VisibilityWaiter::VisibilityWaiter(FoldProgress* progress)
    : progress_(progress), thread_([this] { Work(); }) {}

VisibilityWaiter::~VisibilityWaiter() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
  for (const Waiting& waiting : waiting_) waiting.done(false);
}

void VisibilityWaiter::Wait(LogPosition position, steady_clock::time_point until, Done done) {
  if (progress_ == nullptr) {
    done(false);
    return;
  }
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back({position, until, std::move(done)});
  }
  wake_.notify_one();
}

void VisibilityWaiter::Work() {
  while (true) {
    LogPosition nearest = 0;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (ending_) return;
      nearest = std::min_element(
                    waiting_.begin(), waiting_.end(),
                    [](const Waiting& a, const Waiting& b) { return a.position < b.position; })
                    ->position;
    }
    progress_->WaitUntilFolded(nearest, kSlice);
    const absl::StatusOr<LogPosition> folded = progress_->FoldedPosition();
    AnswerReady(folded.ok() ? *folded : 0, steady_clock::now());
  }
}

void VisibilityWaiter::AnswerReady(LogPosition folded, steady_clock::time_point now) {
  std::vector<Waiting> ready;
  {
    std::lock_guard lock(mutex_);
    const auto first_ready = std::stable_partition(
        waiting_.begin(), waiting_.end(),
        [&](const Waiting& waiting) { return waiting.position > folded && waiting.until > now; });
    std::move(first_ready, waiting_.end(), std::back_inserter(ready));
    waiting_.erase(first_ready, waiting_.end());
  }
  for (const Waiting& waiting : ready) waiting.done(waiting.position <= folded);
}

}  // namespace clv::storage
