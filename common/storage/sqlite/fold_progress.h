// common/storage/sqlite/fold_progress.h: how far the fold is, read from `clv.db`.
#ifndef CLV_COMMON_STORAGE_SQLITE_FOLD_PROGRESS_H_
#define CLV_COMMON_STORAGE_SQLITE_FOLD_PROGRESS_H_

#include <memory>
#include <mutex>
#include <string>

#include "common/base/broadcast.h"
#include "common/base/demand.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/storage.h"

namespace clv::storage {

// Reads the checkpoint on a read-only connection of its own, opened at the first use. Folds are
// committed with synchronous=FULL, so that folded is durable.
class SqliteFoldProgress final : public FoldProgress {
 public:
  struct Options {
    std::string path;
    const Broadcast* folded =
        nullptr;                // of the worker in the same process; null: the file is polled
    Demand* awaited = nullptr;  // held while somebody waits for a fold; may be null
  };
  explicit SqliteFoldProgress(Options options) : options_(std::move(options)) {}

  absl::StatusOr<LogPosition> FoldedPosition() override;
  absl::StatusOr<LogPosition> DurablePosition() override;
  bool WaitUntilFolded(LogPosition position, std::chrono::milliseconds timeout) override;

 private:
  // With mutex_ held.
  absl::Status OpenOnce();
  absl::Status Look();

  const Options options_;
  std::mutex mutex_;
  std::unique_ptr<Database> db_;
  Statement checkpoint_;
  int64_t seen_version_ = -1;
  LogPosition folded_ = 0;
  LogPosition durable_ = 0;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_FOLD_PROGRESS_H_
