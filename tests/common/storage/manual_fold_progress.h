// tests/common/storage/manual_fold_progress.h: a fold that goes where the test tells it.
#ifndef CLV_TESTS_COMMON_STORAGE_MANUAL_FOLD_PROGRESS_H_
#define CLV_TESTS_COMMON_STORAGE_MANUAL_FOLD_PROGRESS_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "common/storage/storage.h"

namespace clv::storage {

// Thread-safe.
class ManualFoldProgress final : public FoldProgress {
 public:
  void FoldThrough(LogPosition position) {
    {
      std::lock_guard lock(mutex_);
      folded_ = position;
    }
    moved_.notify_all();
  }

  absl::StatusOr<LogPosition> FoldedPosition() override {
    std::lock_guard lock(mutex_);
    return folded_;
  }

  absl::StatusOr<LogPosition> DurablePosition() override { return FoldedPosition(); }

  bool WaitUntilFolded(LogPosition position, std::chrono::milliseconds timeout) override {
    std::unique_lock lock(mutex_);
    return moved_.wait_for(lock, timeout, [&] { return folded_ >= position; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable moved_;
  LogPosition folded_ = 0;
};

}  // namespace clv::storage

#endif  // CLV_TESTS_COMMON_STORAGE_MANUAL_FOLD_PROGRESS_H_
