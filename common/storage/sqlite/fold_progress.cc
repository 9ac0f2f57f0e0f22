#include "common/storage/sqlite/fold_progress.h"

#include <algorithm>
#include <thread>

#include "common/base/seeded_bugs.h"
#include "common/base/status_macros.h"

namespace clv::storage {

absl::Status SqliteFoldProgress::OpenOnce() {
  if (db_ != nullptr) return absl::OkStatus();
  const bool syncs_finds = !IsSeeded(SeededBug::kTrimAtUnsyncedCheckpoint);
  CLV_ASSIGN_OR_RETURN(std::unique_ptr<Database> db,
                       Database::Open({.path = options_.path,
                                       .mode = Database::Mode::kReadOnly,
                                       .migrations = &ClvMigrations(),
                                       .syncs_finds = syncs_finds,
                                       .cache_kib = 256}));
  CLV_ASSIGN_OR_RETURN(checkpoint_,
                       db->Prepare("SELECT announced_position, durable_position FROM checkpoint"));
  db_ = std::move(db);
  return absl::OkStatus();
}

absl::Status SqliteFoldProgress::Look() {
  CLV_RETURN_IF_ERROR(OpenOnce());
  CLV_ASSIGN_OR_RETURN(const int64_t version, db_->DataVersion());
  if (version == seen_version_) return absl::OkStatus();
  const absl::StatusOr<bool> has_row = checkpoint_.Step();
  CLV_RETURN_IF_ERROR(has_row.status());
  folded_ = static_cast<LogPosition>(checkpoint_.Int(0));
  durable_ = static_cast<LogPosition>(checkpoint_.Int(1));
  checkpoint_.Reset();
  seen_version_ = version;
  return absl::OkStatus();
}

absl::StatusOr<LogPosition> SqliteFoldProgress::FoldedPosition() {
  std::lock_guard lock(mutex_);
  CLV_RETURN_IF_ERROR(Look());
  return folded_;
}

absl::StatusOr<LogPosition> SqliteFoldProgress::DurablePosition() {
  std::lock_guard lock(mutex_);
  CLV_RETURN_IF_ERROR(Look());
  return IsSeeded(SeededBug::kTrimAtUnsyncedCheckpoint) ? folded_ : durable_;
}

bool SqliteFoldProgress::WaitUntilFolded(LogPosition position, std::chrono::milliseconds timeout) {
  constexpr int kBusyPolls = 50;
  constexpr std::chrono::milliseconds kForeignFoldWait(20);
  const auto until = std::chrono::steady_clock::now() + timeout;
  const Demand::Hold hold(options_.awaited);
  for (int polls = 0;; ++polls) {
    const uint64_t seen = options_.folded != nullptr ? options_.folded->count() : 0;
    const absl::StatusOr<LogPosition> folded = FoldedPosition();
    if (folded.ok() && *folded >= position) return true;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    if (left <= std::chrono::milliseconds::zero()) return false;
    if (options_.folded != nullptr) {
      // The cap is for a fold of another process, which the broadcast does not tell of.
      options_.folded->WaitBeyond(seen, std::min(left, kForeignFoldWait));
    } else {
      std::this_thread::sleep_for(
          std::min(left, std::chrono::milliseconds(polls < kBusyPolls ? 1 : 5)));
    }
  }
}

}  // namespace clv::storage
