#include "common/storage/sqlite/fold_outcomes.h"

#include "common/base/status_macros.h"

namespace clv::storage {

absl::Status SqliteFoldOutcomes::OpenOnce() {
  if (db_ != nullptr) return absl::OkStatus();
  CLV_ASSIGN_OR_RETURN(std::unique_ptr<Database> db,
                       Database::Open({.path = path_,
                                       .mode = Database::Mode::kReadOnly,
                                       .migrations = &ClvMigrations(),
                                       .cache_kib = 256}));
  CLV_ASSIGN_OR_RETURN(reads_, ClvReadStatements::Prepare(*db));
  db_ = std::move(db);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<FoldOutcome>> SqliteFoldOutcomes::OutcomeOf(LogPosition position) {
  std::lock_guard lock(mutex_);
  CLV_RETURN_IF_ERROR(OpenOnce());
  absl::StatusOr<std::optional<FoldOutcome>> outcome = reads_->OutcomeOf(position);
  if (!outcome.ok()) {
    reads_.reset();
    db_.reset();
  }
  return outcome;
}

}  // namespace clv::storage
