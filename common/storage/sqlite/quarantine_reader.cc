#include "common/storage/sqlite/quarantine_reader.h"

#include <utility>

#include "common/base/status_macros.h"
#include "common/storage/sqlite/quarantine_columns.h"

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
      db_->Prepare("SELECT id, inserted_at, import_id, error, columns, raw, raw_length FROM "
                   "quarantine WHERE data_source = ? ORDER BY id DESC LIMIT ? OFFSET ?"));
  list.Bind(1, static_cast<int64_t>(data_source));
  list.Bind(2, static_cast<int64_t>(limit));
  list.Bind(3, static_cast<int64_t>(offset));
  std::vector<QuarantinedRow> rows;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, list.Step());
    if (!has_row) return rows;
    CLV_ASSIGN_OR_RETURN(std::vector<QuarantinedColumn> columns, DecodeColumns(list.Blob(4)));
    rows.push_back({.id = static_cast<uint64_t>(list.Int(0)),
                    .data_source = data_source,
                    .columns = std::move(columns),
                    .error = std::string(list.Text(3)),
                    .import_id = std::string(list.Text(2)),
                    .inserted_at_seconds = list.Int(1),
                    .raw = std::string(list.Text(5)),
                    .raw_length = static_cast<uint64_t>(list.Int(6))});
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
