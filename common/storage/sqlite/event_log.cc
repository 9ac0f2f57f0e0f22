#include "common/storage/sqlite/event_log.h"

#include <utility>

#include "common/base/failpoints.h"
#include "common/base/seeded_bugs.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/open_erasures.h"
#include "common/storage/sqlite/payload_checksum.h"
#include "common/storage/sqlite/quarantine_columns.h"

namespace clv::storage {

absl::StatusOr<std::unique_ptr<SqliteEventLog>> SqliteEventLog::Open(const Options& options) {
  std::unique_ptr<SqliteEventLog> log(new SqliteEventLog(options));
  CLV_RETURN_IF_ERROR(log->OpenDatabase());
  CLV_RETURN_IF_ERROR(log->AbandonOpenLoads());
  return log;
}

SqliteEventLog::~SqliteEventLog() {
  // Readers, which cannot do it, may be the last to close. Whoever opens next goes on from any
  // state.
  if (db_ == nullptr) return;
  db_->GiveBackFreePages(0).IgnoreError();
  db_->TryTruncateWal().status().IgnoreError();
}

absl::Status SqliteEventLog::OpenDatabase() {
  const absl::Status opened = OpenAndPrepare();
  // Half open it would be of no use, and nobody would open it again.
  if (!opened.ok()) db_.reset();
  return opened;
}

absl::Status SqliteEventLog::OpenAndPrepare() {
  // Statements first: a connection with live statements does not close.
  for (Statement* statement :
       {&insert_record_, &update_state_, &insert_quarantined_, &insert_reason_, &count_quarantined_,
        &begin_load_, &end_load_, &resolve_, &insert_tombstone_, &open_erasure_, &count_refused_}) {
    *statement = Statement();
  }
  db_.reset();
  CLV_ASSIGN_OR_RETURN(db_, Database::Open({.path = options_.path,
                                            .mode = Database::Mode::kReadWrite,
                                            .migrations = &EventLogMigrations(),
                                            .overwrites_deleted = false,
                                            .shrinks = true}));
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
  CLV_ASSIGN_OR_RETURN(insert_reason_,
                       db_->Prepare("INSERT INTO quarantine_reasons (quarantine_id, data_source, "
                                    "column_name, reason) VALUES (?, ?, ?, ?)"));
  CLV_ASSIGN_OR_RETURN(begin_load_, db_->Prepare("INSERT OR IGNORE INTO loads (load_id, "
                                                 "first_position) VALUES (?, ?)"));
  // A load without a staged record is nothing to hold the log back for.
  CLV_ASSIGN_OR_RETURN(end_load_,
                       db_->Prepare("UPDATE loads SET end_position = ?2 WHERE load_id = ?1"));
  CLV_ASSIGN_OR_RETURN(resolve_,
                       db_->Prepare("DELETE FROM quarantine WHERE id = ? RETURNING data_source, "
                                    "length(CAST(raw AS BLOB))"));
  CLV_ASSIGN_OR_RETURN(
      insert_tombstone_,
      db_->Prepare("INSERT OR IGNORE INTO tombstones (id_hash, erased_at) VALUES (?, ?)"));
  CLV_ASSIGN_OR_RETURN(open_erasure_, db_->Prepare("INSERT INTO open_erasures VALUES (?)"));
  CLV_ASSIGN_OR_RETURN(
      count_refused_,
      db_->Prepare("UPDATE erasure_state SET refused_rows = refused_rows + ? WHERE id = 1"));
  return ReadState();
}

absl::Status SqliteEventLog::ReadState() {
  CLV_ASSIGN_OR_RETURN(Statement state,
                       db_->Prepare("SELECT last_position, (SELECT MIN(position) FROM log_records) "
                                    "FROM log_state WHERE id = 1"));
  CLV_RETURN_IF_ERROR(state.Step().status());
  last_position_ = state.Int(0);
  first_retained_ = state.Int(1);
  CLV_RETURN_IF_ERROR(ReadErasureState());
  CLV_RETURN_IF_ERROR(ReadLoads());
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

absl::Status SqliteEventLog::ReadErasureState() {
  CLV_ASSIGN_OR_RETURN(
      Statement erasure,
      db_->Prepare("SELECT hash_key, refused_rows, (SELECT COUNT(*) FROM tombstones)"
                   " FROM erasure_state WHERE id = 1"));
  CLV_RETURN_IF_ERROR(erasure.Step().status());
  CLV_ASSIGN_OR_RETURN(Statement open, db_->Prepare(kSelectOpenErasures));
  CLV_ASSIGN_OR_RETURN(std::vector<LogPosition> open_erasures, ReadOpenErasures(open));
  std::lock_guard lock(counts_mutex_);
  open_erasures_ = std::move(open_erasures);
  erasure_key_ = std::string(erasure.Blob(0));
  erased_ = {.customers = static_cast<uint64_t>(erasure.Int(2)),
             .refused_rows = static_cast<uint64_t>(erasure.Int(1))};
  return absl::OkStatus();
}

absl::Status SqliteEventLog::ReadLoads() {
  CLV_ASSIGN_OR_RETURN(Statement loads, db_->Prepare("SELECT load_id, first_position FROM loads"));
  std::lock_guard lock(counts_mutex_);
  loads_.clear();
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, loads.Step());
    if (!has_row) return absl::OkStatus();
    loads_[std::string(loads.Text(0))] = static_cast<LogPosition>(loads.Int(1));
  }
}

absl::Status SqliteEventLog::InsertRecord(LogPosition position, const NewRecord& record) {
  insert_record_.Bind(1, static_cast<int64_t>(position));
  insert_record_.Bind(2, static_cast<int64_t>(record.data_source));
  insert_record_.Bind(3, record.received_at_seconds);
  insert_record_.Bind(4, static_cast<int64_t>(record.row_count));
  insert_record_.Bind(5, static_cast<int64_t>(PayloadChecksum(record.payload)));
  insert_record_.BindBlob(6, record.payload);
  CLV_RETURN_IF_ERROR(insert_record_.Run());
  if (!record.load_id.empty()) {
    begin_load_.Bind(1, record.load_id);
    begin_load_.Bind(2, static_cast<int64_t>(position));
    CLV_RETURN_IF_ERROR(begin_load_.Run());
  }
  if (!record.commits_load.empty()) {
    end_load_.Bind(1, record.commits_load);
    end_load_.Bind(2, static_cast<int64_t>(position));
    CLV_RETURN_IF_ERROR(end_load_.Run());
  }
  return absl::OkStatus();
}

absl::Status SqliteEventLog::InsertQuarantined(const QuarantinedRow& row) {
  if (IsSeeded(SeededBug::kDroppedQuarantineRow)) return absl::OkStatus();
  insert_quarantined_.Bind(1, static_cast<int64_t>(row.data_source));
  insert_quarantined_.Bind(2, row.inserted_at_seconds);
  insert_quarantined_.Bind(3, row.import_id);
  insert_quarantined_.Bind(4, row.error);
  insert_quarantined_.BindBlob(5, EncodeColumns(row.columns));
  insert_quarantined_.Bind(6, row.raw);
  insert_quarantined_.Bind(7, static_cast<int64_t>(row.raw_length));
  CLV_RETURN_IF_ERROR(insert_quarantined_.Run());
  const int64_t id = db_->last_insert_rowid();
  const auto insert_reason = [&](std::string_view column, std::string_view reason) {
    insert_reason_.Bind(1, id);
    insert_reason_.Bind(2, static_cast<int64_t>(row.data_source));
    insert_reason_.Bind(3, column);
    insert_reason_.Bind(4, reason);
    return insert_reason_.Run();
  };
  if (!row.error.empty()) CLV_RETURN_IF_ERROR(insert_reason("", row.reason));
  for (const QuarantinedColumn& column : row.columns) {
    if (!column.error.empty()) CLV_RETURN_IF_ERROR(insert_reason(column.name, column.reason));
  }
  return absl::OkStatus();
}

absl::Status SqliteEventLog::InsertTombstone(const LogBatch& batch, AppendedChanges* changes) {
  insert_tombstone_.BindBlob(1, batch.tombstone->id_hash);
  insert_tombstone_.Bind(2, batch.tombstone->erased_at_seconds);
  CLV_RETURN_IF_ERROR(insert_tombstone_.Run());
  changes->erased.customers += static_cast<uint64_t>(db_->changes());
  if (!batch.record) return absl::OkStatus();
  open_erasure_.Bind(1, static_cast<int64_t>(changes->last_position));
  changes->opened_erasures.push_back(changes->last_position);
  return open_erasure_.Run();
}

absl::Status SqliteEventLog::InsertBatch(const LogBatch& batch, AppendedChanges* changes) {
  changes->positions.push_back(batch.record ? ++changes->last_position : 0);
  if (batch.record) {
    CLV_RETURN_IF_ERROR(InsertRecord(changes->last_position, *batch.record));
    if (!batch.record->load_id.empty()) {
      changes->loads.emplace(batch.record->load_id, changes->last_position);
    }
  }
  for (const QuarantinedRow& row : batch.quarantined) {
    CLV_RETURN_IF_ERROR(InsertQuarantined(row));
    QuarantineChange& change = changes->quarantine[row.data_source];
    ++change.rows;
    change.bytes += static_cast<int64_t>(row.raw.size());
    ++changes->inserted_quarantined;
  }
  for (const uint64_t id : batch.resolved) {
    resolve_.Bind(1, static_cast<int64_t>(id));
    CLV_ASSIGN_OR_RETURN(const bool was_there, resolve_.Step());
    if (was_there) {
      QuarantineChange& change = changes->quarantine[static_cast<DataSource>(resolve_.Int(0))];
      --change.rows;
      change.bytes -= resolve_.Int(1);
      ++changes->resolved_quarantined;
    }
    resolve_.Reset();
  }
  if (batch.tombstone) CLV_RETURN_IF_ERROR(InsertTombstone(batch, changes));
  if (batch.refused_erased_rows > 0) {
    count_refused_.Bind(1, static_cast<int64_t>(batch.refused_erased_rows));
    CLV_RETURN_IF_ERROR(count_refused_.Run());
    changes->erased.refused_rows += batch.refused_erased_rows;
  }
  return absl::OkStatus();
}

absl::Status SqliteEventLog::CountQuarantined(const AppendedChanges& changes) {
  for (const auto& [data_source, change] : changes.quarantine) {
    count_quarantined_.Bind(1, static_cast<int64_t>(data_source));
    count_quarantined_.Bind(2, change.rows);
    count_quarantined_.Bind(3, change.bytes);
    CLV_RETURN_IF_ERROR(count_quarantined_.Run());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<LogPosition>> SqliteEventLog::Append(
    const std::vector<LogBatch>& batches) {
  if (db_ == nullptr) CLV_RETURN_IF_ERROR(OpenDatabase());
  AppendedChanges changes{.last_position = last_position_};
  absl::Status committed;
  {
    CLV_ASSIGN_OR_RETURN(Transaction transaction,
                         Transaction::Begin(*db_, Transaction::Kind::kImmediate));
    for (const LogBatch& batch : batches) CLV_RETURN_IF_ERROR(InsertBatch(batch, &changes));
    CLV_RETURN_IF_ERROR(CountQuarantined(changes));
    update_state_.Bind(1, static_cast<int64_t>(changes.last_position));
    CLV_RETURN_IF_ERROR(update_state_.Run());
    ReachFailpoint("log.before_commit");
    committed = transaction.Commit();
    ReachFailpoint("log.after_commit");
  }
  if (!committed.ok()) return LookUpOutcome(committed, std::move(changes));
  const bool has_record = changes.last_position != last_position_;
  if (first_retained_ == 0 && has_record) first_retained_ = last_position_ + 1;
  last_position_ = changes.last_position;
  {
    std::lock_guard lock(counts_mutex_);
    for (const auto& [data_source, change] : changes.quarantine) {
      counts_[data_source].rows += static_cast<uint64_t>(change.rows);
    }
    loads_.insert(changes.loads.begin(), changes.loads.end());
    open_erasures_.insert(open_erasures_.end(), changes.opened_erasures.begin(),
                          changes.opened_erasures.end());
    erased_.customers += changes.erased.customers;
    erased_.refused_rows += changes.erased.refused_rows;
  }
  if (has_record && options_.appended != nullptr) options_.appended->Notify();
  return std::move(changes.positions);
}

absl::StatusOr<std::vector<LogPosition>> SqliteEventLog::LookUpOutcome(absl::Status error,
                                                                       AppendedChanges changes) {
  const uint64_t rows_before = QuarantinedRowsEver();
  const ErasedCounts erased_before = erased_counts();
  CLV_RETURN_IF_ERROR(OpenDatabase());
  const ErasedCounts erased = erased_counts();
  if (last_position_ != changes.last_position ||
      QuarantinedRowsEver() + changes.resolved_quarantined !=
          rows_before + changes.inserted_quarantined ||
      erased.customers != erased_before.customers + changes.erased.customers ||
      erased.refused_rows != erased_before.refused_rows + changes.erased.refused_rows) {
    return error;
  }
  // What the failed COMMIT left in the write-ahead file was perhaps never synced; this syncs it
  // into the database.
  CLV_RETURN_IF_ERROR(db_->Execute("PRAGMA wal_checkpoint(FULL)"));
  if (options_.appended != nullptr) options_.appended->Notify();
  return std::move(changes.positions);
}

uint64_t SqliteEventLog::QuarantinedRowsEver() const {
  uint64_t rows = 0;
  for (const auto& [data_source, counts] : quarantine_counts()) {
    rows += counts.rows + counts.dropped_rows;
  }
  return rows;
}

std::map<DataSource, QuarantineCounts> SqliteEventLog::quarantine_counts() const {
  std::lock_guard lock(counts_mutex_);
  return counts_;
}

LogPosition SqliteEventLog::LoadStart(const std::string& load_id) const {
  std::lock_guard lock(counts_mutex_);
  const auto found = loads_.find(load_id);
  return found == loads_.end() ? 0 : found->second;
}

std::string SqliteEventLog::ErasureKey() const {
  std::lock_guard lock(counts_mutex_);
  return erasure_key_;
}

ErasedCounts SqliteEventLog::erased_counts() const {
  std::lock_guard lock(counts_mutex_);
  return erased_;
}

uint64_t SqliteEventLog::SizeBytes() const { return DatabaseBytes(options_.path); }

}  // namespace clv::storage
