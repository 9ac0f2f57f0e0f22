#include "common/storage/sqlite/event_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/open_erasures.h"
#include "common/storage/sqlite/payload_checksum.h"

namespace clv::storage {

absl::StatusOr<std::unique_ptr<SqliteEventReader>> SqliteEventReader::Open(const Options& options) {
  std::unique_ptr<SqliteEventReader> reader(new SqliteEventReader(options));
  CLV_ASSIGN_OR_RETURN(reader->db_, Database::Open({.path = options.path,
                                                    .mode = Database::Mode::kReadOnly,
                                                    .migrations = &EventLogMigrations(),
                                                    .syncs_finds = true,
                                                    // No page is read twice.
                                                    .cache_kib = 512}));
  CLV_ASSIGN_OR_RETURN(
      reader->read_, reader->db_->Prepare(
                         "SELECT position, data_source, received_at, row_count, checksum, payload "
                         "FROM log_records WHERE position > ? ORDER BY position"));
  CLV_ASSIGN_OR_RETURN(
      reader->lag_,
      reader->db_->Prepare("SELECT (SELECT last_position FROM log_state), "
                           "(SELECT MIN(position) FROM log_records), SUM(row_count), "
                           "(SELECT received_at FROM log_records WHERE position > ?1 ORDER BY "
                           "position LIMIT 1) FROM log_records WHERE position > ?1"));
  CLV_ASSIGN_OR_RETURN(reader->open_erasures_, reader->db_->Prepare(kSelectOpenErasures));
  return reader;
}

absl::StatusOr<std::vector<LoggedRecord>> SqliteEventReader::ReadAfter(LogPosition after,
                                                                       uint64_t max_rows) {
  std::vector<LoggedRecord> records;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  read_.Bind(1, static_cast<int64_t>(after));
  while (true) {
    absl::StatusOr<bool> has_row = read_.Step();
    if (!has_row.ok()) return has_row.status();
    if (!*has_row) break;
    LoggedRecord record{.position = static_cast<LogPosition>(read_.Int(0)),
                        .data_source = static_cast<DataSource>(read_.Int(1)),
                        .received_at_seconds = read_.Int(2),
                        .row_count = static_cast<uint32_t>(read_.Int(3)),
                        .payload = std::string(read_.Blob(5))};
    const LogPosition expected = after + records.size() + 1;
    const auto checksum = static_cast<uint32_t>(read_.Int(4));
    if (record.position != expected || PayloadChecksum(record.payload) != checksum) {
      read_.Reset();
      return absl::DataLossError(
          absl::StrCat("event log: position ", expected,
                       record.position != expected ? " is missing" : " has a wrong checksum"));
    }
    rows += record.row_count;
    bytes += record.payload.size();
    if (!records.empty() && (rows > max_rows || bytes > options_.most_bytes_at_once)) break;
    records.push_back(std::move(record));
  }
  read_.Reset();
  return records;
}

absl::StatusOr<LogLag> SqliteEventReader::LagAfter(LogPosition after) {
  lag_.Bind(1, static_cast<int64_t>(after));
  CLV_RETURN_IF_ERROR(lag_.Step().status());
  const LogLag lag{.last_position = static_cast<LogPosition>(lag_.Int(0)),
                   .first_retained_position = static_cast<LogPosition>(lag_.Int(1)),
                   .rows = static_cast<uint64_t>(lag_.Int(2)),
                   .oldest_received_at_seconds = lag_.Int(3)};
  lag_.Reset();
  return lag;
}

absl::StatusOr<std::vector<LogPosition>> SqliteEventReader::OpenErasures() {
  return ReadOpenErasures(open_erasures_);
}

void SqliteEventReader::WaitForAppend(std::chrono::milliseconds timeout) {
  if (options_.appended != nullptr) {
    options_.appended->WaitBeyond(seen_appends_, timeout);
    seen_appends_ = options_.appended->count();
    return;
  }
  db_->WaitForCommit(&seen_version_, timeout);
}

}  // namespace clv::storage
