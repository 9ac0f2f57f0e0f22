#include "services/ingest/visibility_waiter.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace clv::ingest {
namespace {

// Longest sleep with waiters: new ones and the ends of their time are seen after it.
constexpr std::chrono::milliseconds kSlice{20};

}  // namespace

VisibilityWaiter::VisibilityWaiter(storage::FoldProgress* progress)
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

void VisibilityWaiter::Wait(storage::LogPosition position,
                            std::chrono::steady_clock::time_point until, Done done) {
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
    storage::LogPosition nearest = 0;
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
    const absl::StatusOr<storage::LogPosition> folded = progress_->FoldedPosition();
    AnswerReady(folded.ok() ? *folded : 0, std::chrono::steady_clock::now());
  }
}

void VisibilityWaiter::AnswerReady(storage::LogPosition folded,
                                   std::chrono::steady_clock::time_point now) {
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

}  // namespace clv::ingest
