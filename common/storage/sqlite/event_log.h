// common/storage/sqlite/event_log.h: the event log and its quarantine in `event_log.db`.
#ifndef CLV_COMMON_STORAGE_SQLITE_EVENT_LOG_H_
#define CLV_COMMON_STORAGE_SQLITE_EVENT_LOG_H_

#include <atomic>
#include <functional>
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

  // Leaves the files small.
  ~SqliteEventLog() override;

  absl::StatusOr<std::vector<LogPosition>> Append(const std::vector<LogBatch>& batches) override;
  absl::Status TrimThrough(LogPosition position) override;
  LogPosition LoadStart(const std::string& load_id) const override;
  absl::Status AbandonLoad(const std::string& load_id) override;
  absl::Status ReplaceRecords(const std::vector<RewrittenRecord>& records) override;
  std::vector<LogPosition> OpenErasures() const override;
  absl::Status FinishErasure(const RewrittenRecord& record) override;
  absl::StatusOr<uint64_t> RemoveQuarantined(
      DataSource data_source, const std::function<bool(const QuarantinedRow&)>& is_meant) override;
  absl::Status LimitQuarantine(int64_t now_seconds, uint64_t max_bytes) override;
  absl::Status Scrub() override;
  LogPosition LastPosition() const override { return last_position_; }
  LogPosition FirstRetainedPosition() const override { return first_retained_; }
  std::map<DataSource, QuarantineCounts> quarantine_counts() const override;
  std::string ErasureKey() const override;
  absl::StatusOr<std::vector<std::string>> ErasedHashes() override;
  ErasedCounts erased_counts() const override;
  uint64_t SizeBytes() const override;

 private:
  struct QuarantineChange {
    int64_t rows = 0;
    int64_t bytes = 0;
  };
  // What one append changes besides the files.
  struct AppendedChanges {
    LogPosition last_position = 0;
    std::vector<LogPosition> positions = {};
    std::map<DataSource, QuarantineChange> quarantine = {};
    uint64_t inserted_quarantined = 0;
    uint64_t resolved_quarantined = 0;
    std::map<std::string, LogPosition> loads = {};  // first staged records
    ErasedCounts erased = {};
    std::vector<LogPosition> opened_erasures = {};
  };

  explicit SqliteEventLog(Options options) : options_(std::move(options)) {}

  absl::Status OpenDatabase();
  absl::Status OpenAndPrepare();
  absl::Status ReadState();
  absl::Status ReadErasureState();
  absl::Status ReadLoads();
  absl::Status InsertBatch(const LogBatch& batch, AppendedChanges* changes);
  absl::Status CountQuarantined(const AppendedChanges& changes);
  // Answers for an append whose COMMIT reported `error`: opens the file again and looks whether
  // all of its changes are there; `error` when they are not.
  absl::StatusOr<std::vector<LogPosition>> LookUpOutcome(absl::Status error,
                                                         AppendedChanges changes);
  uint64_t QuarantinedRowsEver() const;
  absl::Status InsertRecord(LogPosition position, const NewRecord& record);
  absl::Status InsertQuarantined(const QuarantinedRow& row);
  absl::Status InsertTombstone(const LogBatch& batch, AppendedChanges* changes);
  absl::Status Replace(const std::vector<RewrittenRecord>& records);
  absl::Status AbandonOpenLoads();
  absl::Status ForgetFoldedLoads(LogPosition folded);
  // First position of a load that is not folded when everything up to `folded` is; 0: none.
  absl::StatusOr<LogPosition> FirstHeldByLoads(LogPosition folded);
  absl::Status DropOldestQuarantined(DataSource data_source, int64_t before_seconds,
                                     uint64_t max_bytes);

  const Options options_;
  std::unique_ptr<Database> db_;
  Statement insert_record_;
  Statement update_state_;
  Statement insert_quarantined_;
  Statement insert_reason_;
  Statement count_quarantined_;
  Statement begin_load_;
  Statement end_load_;
  Statement resolve_;
  Statement insert_tombstone_;
  Statement open_erasure_;
  Statement count_refused_;
  std::atomic<LogPosition> last_position_ = 0;
  std::atomic<LogPosition> first_retained_ = 0;
  mutable std::mutex counts_mutex_;
  std::map<DataSource, QuarantineCounts> counts_;  // guarded by counts_mutex_, as the rest
  std::map<std::string, LogPosition> loads_;       // first positions
  std::string erasure_key_;
  ErasedCounts erased_;
  std::vector<LogPosition> open_erasures_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_EVENT_LOG_H_
