// common/storage/sqlite/event_reader.h: the event log as the fold reads it.
#ifndef CLV_COMMON_STORAGE_SQLITE_EVENT_READER_H_
#define CLV_COMMON_STORAGE_SQLITE_EVENT_READER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/broadcast.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/storage.h"

namespace clv::storage {

// Reads `event_log.db` after the checkpoint, on a read-only connection.
class SqliteEventReader final : public EventReader {
 public:
  struct Options {
    std::string path;
    const Broadcast* appended =
        nullptr;  // of the writer in the same process; null: the file is polled
    uint64_t most_bytes_at_once = uint64_t{256} << 20;  // of payloads that ReadAfter returns
  };
  // UNAVAILABLE while the writer has not made the file.
  static absl::StatusOr<std::unique_ptr<SqliteEventReader>> Open(const Options& options);

  absl::StatusOr<std::vector<LoggedRecord>> ReadAfter(LogPosition after,
                                                      uint64_t max_rows) override;
  absl::StatusOr<LogLag> LagAfter(LogPosition after) override;
  absl::StatusOr<std::vector<LogPosition>> OpenErasures() override;
  void WaitForAppend(std::chrono::milliseconds timeout) override;

 private:
  explicit SqliteEventReader(Options options) : options_(std::move(options)) {}

  const Options options_;
  std::unique_ptr<Database> db_;
  Statement read_;
  Statement lag_;
  Statement open_erasures_;
  uint64_t seen_appends_ = 0;
  int64_t seen_version_ = 0;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_EVENT_READER_H_
