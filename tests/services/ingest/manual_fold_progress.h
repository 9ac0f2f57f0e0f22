// tests/services/ingest/manual_fold_progress.h: a fold that goes where the test tells it.
#ifndef CLV_TESTS_SERVICES_INGEST_MANUAL_FOLD_PROGRESS_H_
#define CLV_TESTS_SERVICES_INGEST_MANUAL_FOLD_PROGRESS_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "common/storage/storage.h"

namespace clv::ingest {

// Thread-safe.
class ManualFoldProgress final : public storage::FoldProgress {
 public:
  void FoldThrough(storage::LogPosition position) {
    {
      std::lock_guard lock(mutex_);
      folded_ = position;
    }
    moved_.notify_all();
  }

  absl::StatusOr<storage::LogPosition> FoldedPosition() override {
    std::lock_guard lock(mutex_);
    return folded_;
  }

  absl::StatusOr<storage::LogPosition> DurablePosition() override { return FoldedPosition(); }

  bool WaitUntilFolded(storage::LogPosition position, std::chrono::milliseconds timeout) override {
    std::unique_lock lock(mutex_);
    return moved_.wait_for(lock, timeout, [&] { return folded_ >= position; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable moved_;
  storage::LogPosition folded_ = 0;
};

}  // namespace clv::ingest

#endif  // CLV_TESTS_SERVICES_INGEST_MANUAL_FOLD_PROGRESS_H_
