#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/failpoints.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/event_log.h"
#include "common/storage/sqlite/payload_checksum.h"
#include "common/storage/sqlite/quarantine_rows.h"

namespace clv::storage {
namespace {

constexpr int64_t kQuarantineSeconds = 30 * 86'400;
// Changes come in slices, so that appends wait for one slice at most.
constexpr int kSlice = 2'000;
// 16 MiB of an empty log.
constexpr int64_t kFreePagesKept = 4'096;

}  // namespace

absl::StatusOr<LogPosition> SqliteEventLog::FirstHeldByLoads(LogPosition folded) {
  CLV_ASSIGN_OR_RETURN(
      Statement held,
      db_->Prepare("SELECT MIN(first_position) FROM loads WHERE end_position IS NULL OR "
                   "end_position > ?"));
  held.Bind(1, static_cast<int64_t>(folded));
  CLV_RETURN_IF_ERROR(held.Step().status());
  return static_cast<LogPosition>(held.Int(0));
}

absl::Status SqliteEventLog::ForgetFoldedLoads(LogPosition folded) {
  CLV_ASSIGN_OR_RETURN(Statement forget, db_->Prepare("DELETE FROM loads WHERE end_position <= ?"));
  forget.Bind(1, static_cast<int64_t>(folded));
  CLV_RETURN_IF_ERROR(forget.Run());
  return db_->changes() > 0 ? ReadLoads() : absl::OkStatus();
}

absl::Status SqliteEventLog::TrimThrough(LogPosition position) {
  if (db_ == nullptr) CLV_RETURN_IF_ERROR(OpenDatabase());
  if (!OpenErasures().empty()) return absl::OkStatus();
  CLV_RETURN_IF_ERROR(ForgetFoldedLoads(position));
  CLV_ASSIGN_OR_RETURN(const LogPosition held, FirstHeldByLoads(position));
  if (held != 0 && held <= position) position = held - 1;
  CLV_ASSIGN_OR_RETURN(Statement trim,
                       db_->Prepare("DELETE FROM log_records WHERE position <= ?1 AND position < "
                                    "(SELECT MIN(position) FROM log_records) + ?2"));
  while (first_retained_ != 0 && first_retained_ <= position) {
    trim.Bind(1, static_cast<int64_t>(position));
    trim.Bind(2, kSlice);
    CLV_RETURN_IF_ERROR(trim.Run());
    ReachFailpoint("log.after_trim");
    CLV_ASSIGN_OR_RETURN(Statement first, db_->Prepare("SELECT MIN(position) FROM log_records"));
    CLV_RETURN_IF_ERROR(first.Step().status());
    first_retained_ = first.Int(0);
  }
  // Pages of a log that goes on are used again.
  return first_retained_ == 0 ? db_->GiveBackFreePages(kFreePagesKept) : absl::OkStatus();
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

absl::Status SqliteEventLog::AbandonOpenLoads() {
  CLV_ASSIGN_OR_RETURN(Statement open,
                       db_->Prepare("SELECT load_id FROM loads WHERE end_position IS NULL"));
  std::vector<std::string> load_ids;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, open.Step());
    if (!has_row) break;
    load_ids.emplace_back(open.Text(0));
  }
  for (const std::string& load_id : load_ids) CLV_RETURN_IF_ERROR(AbandonLoad(load_id));
  return absl::OkStatus();
}

absl::Status SqliteEventLog::AbandonLoad(const std::string& load_id) {
  if (db_ == nullptr) CLV_RETURN_IF_ERROR(OpenDatabase());
  CLV_ASSIGN_OR_RETURN(Statement read,
                       db_->Prepare("SELECT id FROM quarantine WHERE import_id = ? LIMIT ?"));
  while (true) {
    read.Bind(1, load_id);
    read.Bind(2, kSlice);
    LogBatch batch;
    while (true) {
      CLV_ASSIGN_OR_RETURN(const bool has_row, read.Step());
      if (!has_row) break;
      batch.resolved.push_back(static_cast<uint64_t>(read.Int(0)));
    }
    read.Reset();
    if (batch.resolved.empty()) break;
    CLV_RETURN_IF_ERROR(Append({batch}).status());
  }
  CLV_ASSIGN_OR_RETURN(
      Statement forget,
      db_->Prepare("DELETE FROM loads WHERE load_id = ? AND end_position IS NULL"));
  forget.Bind(1, load_id);
  CLV_RETURN_IF_ERROR(forget.Run());
  return ReadLoads();
}

absl::Status SqliteEventLog::Replace(const std::vector<RewrittenRecord>& records) {
  CLV_ASSIGN_OR_RETURN(
      Statement write,
      db_->Prepare("UPDATE log_records SET row_count = ?2, checksum = ?3, payload = "
                   "?4 WHERE position = ?1"));
  for (const RewrittenRecord& record : records) {
    write.Bind(1, static_cast<int64_t>(record.position));
    write.Bind(2, int64_t{record.row_count});
    write.Bind(3, static_cast<int64_t>(PayloadChecksum(record.payload)));
    write.BindBlob(4, record.payload);
    CLV_RETURN_IF_ERROR(write.Run());
    if (db_->changes() == 0) {
      return absl::NotFoundError(
          absl::StrCat("event log: position ", record.position, " is not retained"));
    }
  }
  return absl::OkStatus();
}

absl::Status SqliteEventLog::ReplaceRecords(const std::vector<RewrittenRecord>& records) {
  if (db_ == nullptr) CLV_RETURN_IF_ERROR(OpenDatabase());
  CLV_ASSIGN_OR_RETURN(Transaction transaction,
                       Transaction::Begin(*db_, Transaction::Kind::kImmediate));
  CLV_RETURN_IF_ERROR(Replace(records));
  return transaction.Commit();
}

std::vector<LogPosition> SqliteEventLog::OpenErasures() const {
  std::lock_guard lock(counts_mutex_);
  return open_erasures_;
}

absl::Status SqliteEventLog::FinishErasure(const RewrittenRecord& record) {
  if (db_ == nullptr) CLV_RETURN_IF_ERROR(OpenDatabase());
  CLV_ASSIGN_OR_RETURN(Transaction transaction,
                       Transaction::Begin(*db_, Transaction::Kind::kImmediate));
  CLV_RETURN_IF_ERROR(Replace({record}));
  CLV_ASSIGN_OR_RETURN(Statement close,
                       db_->Prepare("DELETE FROM open_erasures WHERE position = ?"));
  close.Bind(1, static_cast<int64_t>(record.position));
  CLV_RETURN_IF_ERROR(close.Run());
  CLV_RETURN_IF_ERROR(transaction.Commit());
  std::lock_guard lock(counts_mutex_);
  std::erase(open_erasures_, record.position);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> SqliteEventLog::RemoveQuarantined(
    DataSource data_source, const std::function<bool(const QuarantinedRow&)>& is_meant) {
  if (db_ == nullptr) CLV_RETURN_IF_ERROR(OpenDatabase());
  CLV_ASSIGN_OR_RETURN(Statement read, db_->Prepare(kSelectQuarantinedAfter));
  uint64_t removed = 0;
  uint64_t after = 0;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const std::vector<QuarantinedRow> rows,
                         ReadQuarantinedAfter(read, data_source, after, kSlice));
    if (rows.empty()) return removed;
    after = rows.back().id;
    LogBatch batch;
    for (const QuarantinedRow& row : rows) {
      if (is_meant(row)) batch.resolved.push_back(row.id);
    }
    if (batch.resolved.empty()) continue;
    CLV_RETURN_IF_ERROR(Append({batch}).status());
    removed += batch.resolved.size();
  }
}

absl::StatusOr<std::vector<std::string>> SqliteEventLog::ErasedHashes() {
  if (db_ == nullptr) CLV_RETURN_IF_ERROR(OpenDatabase());
  CLV_ASSIGN_OR_RETURN(Statement read, db_->Prepare("SELECT id_hash FROM tombstones"));
  std::vector<std::string> hashes;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, read.Step());
    if (!has_row) return hashes;
    hashes.emplace_back(read.Blob(0));
  }
}

absl::Status SqliteEventLog::Scrub() {
  if (db_ == nullptr) CLV_RETURN_IF_ERROR(OpenDatabase());
  // What was deleted lies in free pages yet.
  CLV_RETURN_IF_ERROR(db_->GiveBackFreePages(0));
  return db_->TruncateWal();
}

}  // namespace clv::storage
