// common/storage/sqlite/event_log.h: the event log and its quarantine in `event_log.db`.
#ifndef CLV_COMMON_STORAGE_SQLITE_EVENT_LOG_H_
#define CLV_COMMON_STORAGE_SQLITE_EVENT_LOG_H_

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/broadcast.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/storage.h"

namespace clv::storage {

// The one writer of `event_log.db`. Creates the file. Every commit is synchronous=FULL: when Append
// returns, the batch is on the disk.
class SqliteEventLog final : public EventLog {
 public:
  struct Options {
    std::string path;
    Broadcast* appended = nullptr;  // told after every append with a record; may be null
  };
  static absl::StatusOr<std::unique_ptr<SqliteEventLog>> Open(const Options& options);

  absl::StatusOr<std::vector<LogPosition>> Append(const std::vector<LogBatch>& batches) override;
  absl::Status TrimThrough(LogPosition position) override;
  absl::Status LimitQuarantine(int64_t now_seconds, uint64_t max_bytes) override;
  LogPosition LastPosition() const override { return last_position_; }
  LogPosition FirstRetainedPosition() const override { return first_retained_; }
  std::map<DataSource, QuarantineCounts> quarantine_counts() const override;
  uint64_t SizeBytes() const override;

 private:
  explicit SqliteEventLog(Options options) : options_(std::move(options)) {}

  absl::Status OpenDatabase();
  absl::Status ReadState();
  // Answers for an append whose COMMIT reported `error`: opens the file again and looks whether
  // everything up to `last_position` is there; `error` when it is not.
  absl::StatusOr<std::vector<LogPosition>> LookUpOutcome(absl::Status error,
                                                         std::vector<LogPosition> positions,
                                                         LogPosition last_position,
                                                         uint64_t quarantined_rows);
  uint64_t QuarantinedRowsEver() const;
  absl::Status InsertRecord(LogPosition position, const NewRecord& record);
  absl::Status InsertQuarantined(const QuarantinedRow& row);
  absl::Status DropOldestQuarantined(DataSource data_source, int64_t before_seconds,
                                     uint64_t max_bytes);

  const Options options_;
  std::unique_ptr<Database> db_;
  Statement insert_record_;
  Statement update_state_;
  Statement insert_quarantined_;
  Statement count_quarantined_;
  std::atomic<LogPosition> last_position_ = 0;
  std::atomic<LogPosition> first_retained_ = 0;
  mutable std::mutex counts_mutex_;
  std::map<DataSource, QuarantineCounts> counts_;  // guarded by counts_mutex_
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_EVENT_LOG_H_
