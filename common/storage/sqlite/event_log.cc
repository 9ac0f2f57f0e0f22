#include "common/storage/sqlite/event_log.h"

#include <utility>

#include "common/base/status_macros.h"
#include "common/storage/sqlite/payload_checksum.h"
#include "common/storage/sqlite/quarantine_columns.h"

namespace clv::storage {
namespace {

constexpr int64_t kQuarantineSeconds = 30 * 86'400;
// Deletions come in slices, so that appends wait for one slice at most.
constexpr int kSlice = 2'000;

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteEventLog>> SqliteEventLog::Open(const Options& options) {
  std::unique_ptr<SqliteEventLog> log(new SqliteEventLog(options));
  CLV_RETURN_IF_ERROR(log->OpenDatabase());
  return log;
}

absl::Status SqliteEventLog::OpenDatabase() {
  // Statements first: a connection with live statements does not close.
  for (Statement* statement :
       {&insert_record_, &update_state_, &insert_quarantined_, &count_quarantined_}) {
    *statement = Statement();
  }
  db_.reset();
  CLV_ASSIGN_OR_RETURN(db_, Database::Open({.path = options_.path,
                                            .mode = Database::Mode::kReadWrite,
                                            .migrations = &EventLogMigrations()}));
  CLV_ASSIGN_OR_RETURN(insert_record_,
                       db_->Prepare("INSERT INTO log_records (position, data_source, received_at, "
                                    "row_count, checksum, payload) VALUES (?, ?, ?, ?, ?, ?)"));
  CLV_ASSIGN_OR_RETURN(update_state_,
                       db_->Prepare("UPDATE log_state SET last_position = ? WHERE id = 1"));
  CLV_ASSIGN_OR_RETURN(
      insert_quarantined_,
      db_->Prepare("INSERT INTO quarantine (data_source, inserted_at, import_id, error, columns, "
                   "raw, raw_length) VALUES (?, ?, ?, ?, ?, ?, ?)"));
  CLV_ASSIGN_OR_RETURN(count_quarantined_,
                       db_->Prepare("UPDATE quarantine_state SET row_count = row_count + ?2, "
                                    "raw_bytes = raw_bytes + ?3 WHERE data_source = ?1"));
  return ReadState();
}

absl::Status SqliteEventLog::ReadState() {
  CLV_ASSIGN_OR_RETURN(Statement state,
                       db_->Prepare("SELECT last_position, (SELECT MIN(position) FROM log_records) "
                                    "FROM log_state WHERE id = 1"));
  CLV_RETURN_IF_ERROR(state.Step().status());
  last_position_ = state.Int(0);
  first_retained_ = state.Int(1);
  CLV_ASSIGN_OR_RETURN(Statement counts, db_->Prepare("SELECT data_source, row_count, dropped_rows "
                                                      "FROM quarantine_state"));
  std::lock_guard lock(counts_mutex_);
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, counts.Step());
    if (!has_row) break;
    counts_[static_cast<DataSource>(counts.Int(0))] = {static_cast<uint64_t>(counts.Int(1)),
                                                       static_cast<uint64_t>(counts.Int(2))};
  }
  return absl::OkStatus();
}

absl::Status SqliteEventLog::InsertRecord(LogPosition position, const NewRecord& record) {
  insert_record_.Bind(1, static_cast<int64_t>(position));
  insert_record_.Bind(2, static_cast<int64_t>(record.data_source));
  insert_record_.Bind(3, record.received_at_seconds);
  insert_record_.Bind(4, static_cast<int64_t>(record.row_count));
  insert_record_.Bind(5, static_cast<int64_t>(PayloadChecksum(record.payload)));
  insert_record_.BindBlob(6, record.payload);
  return insert_record_.Run();
}

absl::Status SqliteEventLog::InsertQuarantined(const QuarantinedRow& row) {
  insert_quarantined_.Bind(1, static_cast<int64_t>(row.data_source));
  insert_quarantined_.Bind(2, row.inserted_at_seconds);
  insert_quarantined_.Bind(3, row.import_id);
  insert_quarantined_.Bind(4, row.error);
  insert_quarantined_.BindBlob(5, EncodeColumns(row.columns));
  insert_quarantined_.Bind(6, row.raw);
  insert_quarantined_.Bind(7, static_cast<int64_t>(row.raw_length));
  return insert_quarantined_.Run();
}

absl::StatusOr<std::vector<LogPosition>> SqliteEventLog::Append(
    const std::vector<LogBatch>& batches) {
  if (db_ == nullptr) CLV_RETURN_IF_ERROR(OpenDatabase());
  std::vector<LogPosition> positions;
  LogPosition last = last_position_;
  std::map<DataSource, std::pair<int64_t, int64_t>> quarantined;  // rows and bytes
  uint64_t quarantined_rows = 0;
  absl::Status committed;
  {
    CLV_ASSIGN_OR_RETURN(Transaction transaction,
                         Transaction::Begin(*db_, Transaction::Kind::kImmediate));
    for (const LogBatch& batch : batches) {
      positions.push_back(batch.record ? ++last : 0);
      if (batch.record) CLV_RETURN_IF_ERROR(InsertRecord(last, *batch.record));
      for (const QuarantinedRow& row : batch.quarantined) {
        CLV_RETURN_IF_ERROR(InsertQuarantined(row));
        auto& [rows, bytes] = quarantined[row.data_source];
        ++rows;
        bytes += static_cast<int64_t>(row.raw.size());
        ++quarantined_rows;
      }
    }
    for (const auto& [data_source, added] : quarantined) {
      count_quarantined_.Bind(1, static_cast<int64_t>(data_source));
      count_quarantined_.Bind(2, added.first);
      count_quarantined_.Bind(3, added.second);
      CLV_RETURN_IF_ERROR(count_quarantined_.Run());
    }
    update_state_.Bind(1, static_cast<int64_t>(last));
    CLV_RETURN_IF_ERROR(update_state_.Run());
    committed = transaction.Commit();
  }
  if (!committed.ok())
    return LookUpOutcome(committed, std::move(positions), last, quarantined_rows);
  if (first_retained_ == 0 && last != last_position_) first_retained_ = last_position_ + 1;
  const bool has_record = last != last_position_;
  last_position_ = last;
  {
    std::lock_guard lock(counts_mutex_);
    for (const auto& [data_source, added] : quarantined) counts_[data_source].rows += added.first;
  }
  if (has_record && options_.appended != nullptr) options_.appended->Notify();
  return positions;
}

absl::StatusOr<std::vector<LogPosition>> SqliteEventLog::LookUpOutcome(
    absl::Status error, std::vector<LogPosition> positions, LogPosition last_position,
    uint64_t quarantined_rows) {
  const uint64_t rows_before = QuarantinedRowsEver();
  CLV_RETURN_IF_ERROR(OpenDatabase());
  if (last_position_ != last_position || QuarantinedRowsEver() != rows_before + quarantined_rows) {
    return error;
  }
  // What the failed COMMIT left in the write-ahead file was perhaps never synced; this syncs it
  // into the database.
  CLV_RETURN_IF_ERROR(db_->Execute("PRAGMA wal_checkpoint(FULL)"));
  if (options_.appended != nullptr) options_.appended->Notify();
  return positions;
}

uint64_t SqliteEventLog::QuarantinedRowsEver() const {
  uint64_t rows = 0;
  for (const auto& [data_source, counts] : quarantine_counts()) {
    rows += counts.rows + counts.dropped_rows;
  }
  return rows;
}

absl::Status SqliteEventLog::TrimThrough(LogPosition position) {
  if (db_ == nullptr) CLV_RETURN_IF_ERROR(OpenDatabase());
  CLV_ASSIGN_OR_RETURN(Statement trim,
                       db_->Prepare("DELETE FROM log_records WHERE position <= ?1 AND position < "
                                    "(SELECT MIN(position) FROM log_records) + ?2"));
  while (first_retained_ != 0 && first_retained_ <= position) {
    trim.Bind(1, static_cast<int64_t>(position));
    trim.Bind(2, kSlice);
    CLV_RETURN_IF_ERROR(trim.Run());
    CLV_ASSIGN_OR_RETURN(Statement first, db_->Prepare("SELECT MIN(position) FROM log_records"));
    CLV_RETURN_IF_ERROR(first.Step().status());
    first_retained_ = first.Int(0);
  }
  return absl::OkStatus();
}

absl::Status SqliteEventLog::LimitQuarantine(int64_t now_seconds, uint64_t max_bytes) {
  if (db_ == nullptr) CLV_RETURN_IF_ERROR(OpenDatabase());
  for (const DataSource data_source :
       {DataSource::kCustomers, DataSource::kPurchases, DataSource::kCustomerClv}) {
    CLV_RETURN_IF_ERROR(
        DropOldestQuarantined(data_source, now_seconds - kQuarantineSeconds, max_bytes));
  }
  return absl::OkStatus();
}

absl::Status SqliteEventLog::DropOldestQuarantined(DataSource data_source, int64_t before_seconds,
                                                   uint64_t max_bytes) {
  CLV_ASSIGN_OR_RETURN(Statement oldest,
                       db_->Prepare("SELECT id, inserted_at, length(CAST(raw AS BLOB)), (SELECT "
                                    "raw_bytes FROM quarantine_state WHERE data_source = ?1) FROM "
                                    "quarantine WHERE data_source = ?1 ORDER BY id LIMIT ?2"));
  CLV_ASSIGN_OR_RETURN(Statement drop,
                       db_->Prepare("DELETE FROM quarantine WHERE data_source = ?1 AND id <= ?2"));
  CLV_ASSIGN_OR_RETURN(
      Statement count,
      db_->Prepare(
          "UPDATE quarantine_state SET row_count = row_count - ?2, raw_bytes = raw_bytes - "
          "?3, dropped_rows = dropped_rows + ?2 WHERE data_source = ?1"));
  const auto key = static_cast<int64_t>(data_source);
  int64_t dropped = 0;
  do {
    CLV_ASSIGN_OR_RETURN(Transaction transaction,
                         Transaction::Begin(*db_, Transaction::Kind::kImmediate));
    int64_t last_id = 0;
    int64_t bytes = 0;
    dropped = 0;
    oldest.Bind(1, key);
    oldest.Bind(2, kSlice);
    while (true) {
      CLV_ASSIGN_OR_RETURN(const bool has_row, oldest.Step());
      if (!has_row) break;
      const auto held = static_cast<uint64_t>(oldest.Int(3) - bytes);
      if (oldest.Int(1) >= before_seconds && held <= max_bytes) break;
      last_id = oldest.Int(0);
      bytes += oldest.Int(2);
      ++dropped;
    }
    oldest.Reset();
    if (dropped == 0) return absl::OkStatus();
    drop.Bind(1, key);
    drop.Bind(2, last_id);
    CLV_RETURN_IF_ERROR(drop.Run());
    count.Bind(1, key);
    count.Bind(2, dropped);
    count.Bind(3, bytes);
    CLV_RETURN_IF_ERROR(count.Run());
    CLV_RETURN_IF_ERROR(transaction.Commit());
    std::lock_guard lock(counts_mutex_);
    counts_[data_source].rows -= dropped;
    counts_[data_source].dropped_rows += dropped;
  } while (dropped == kSlice);
  return absl::OkStatus();
}

std::map<DataSource, QuarantineCounts> SqliteEventLog::quarantine_counts() const {
  std::lock_guard lock(counts_mutex_);
  return counts_;
}

uint64_t SqliteEventLog::SizeBytes() const { return DatabaseBytes(options_.path); }

}  // namespace clv::storage
