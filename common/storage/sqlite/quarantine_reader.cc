#include "common/storage/sqlite/quarantine_reader.h"

#include <utility>

#include "common/base/status_macros.h"
#include "common/storage/sqlite/quarantine_rows.h"

namespace clv::storage {

absl::Status SqliteQuarantineReader::OpenOnce() {
  if (db_ != nullptr) return absl::OkStatus();
  CLV_ASSIGN_OR_RETURN(db_, Database::Open({.path = path_,
                                            .mode = Database::Mode::kReadOnly,
                                            .migrations = &EventLogMigrations()}));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<QuarantinedRow>> SqliteQuarantineReader::List(DataSource data_source,
                                                                         uint64_t limit,
                                                                         uint64_t offset) {
  std::lock_guard lock(mutex_);
  CLV_RETURN_IF_ERROR(OpenOnce());
  CLV_ASSIGN_OR_RETURN(
      Statement list,
      db_->Prepare("SELECT " CLV_QUARANTINE_COLUMNS
                   " FROM quarantine WHERE data_source = ? ORDER BY id DESC LIMIT ? "
                   "OFFSET ?"));
  list.Bind(1, static_cast<int64_t>(data_source));
  list.Bind(2, static_cast<int64_t>(limit));
  list.Bind(3, static_cast<int64_t>(offset));
  return ReadQuarantined(list, data_source);
}

absl::StatusOr<std::vector<QuarantinedRow>> SqliteQuarantineReader::ListAfter(
    DataSource data_source, uint64_t after, uint64_t limit) {
  std::lock_guard lock(mutex_);
  CLV_RETURN_IF_ERROR(OpenOnce());
  CLV_ASSIGN_OR_RETURN(Statement list, db_->Prepare(kSelectQuarantinedAfter));
  return ReadQuarantinedAfter(list, data_source, after, limit);
}

absl::StatusOr<std::vector<QuarantineReasonCount>> SqliteQuarantineReader::CountByReason(
    DataSource data_source) {
  std::lock_guard lock(mutex_);
  CLV_RETURN_IF_ERROR(OpenOnce());
  CLV_ASSIGN_OR_RETURN(
      Statement count,
      db_->Prepare("SELECT column_name, reason, row_count, inserted_at FROM (SELECT column_name, "
                   "reason, COUNT(*) AS row_count, MAX(quarantine_id) AS newest FROM "
                   "quarantine_reasons WHERE data_source = ? GROUP BY column_name, reason) JOIN "
                   "quarantine ON id = newest ORDER BY row_count DESC, column_name, reason"));
  count.Bind(1, static_cast<int64_t>(data_source));
  std::vector<QuarantineReasonCount> reasons;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, count.Step());
    if (!has_row) return reasons;
    reasons.push_back({.column = std::string(count.Text(0)),
                       .reason = std::string(count.Text(1)),
                       .rows = static_cast<uint64_t>(count.Int(2)),
                       .last_inserted_at_seconds = count.Int(3)});
  }
}

absl::StatusOr<uint64_t> SqliteQuarantineReader::Count(DataSource data_source) {
  std::lock_guard lock(mutex_);
  CLV_RETURN_IF_ERROR(OpenOnce());
  CLV_ASSIGN_OR_RETURN(
      Statement count,
      db_->Prepare("SELECT row_count FROM quarantine_state WHERE data_source = ?"));
  count.Bind(1, static_cast<int64_t>(data_source));
  CLV_RETURN_IF_ERROR(count.Step().status());
  return static_cast<uint64_t>(count.Int(0));
}

}  // namespace clv::storage
