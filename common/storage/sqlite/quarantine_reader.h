// common/storage/sqlite/quarantine_reader.h: the quarantine as queries read it.
#ifndef CLV_COMMON_STORAGE_SQLITE_QUARANTINE_READER_H_
#define CLV_COMMON_STORAGE_SQLITE_QUARANTINE_READER_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/storage.h"

namespace clv::storage {

// Reads the quarantine on a read-only connection, opened at the first use.
class SqliteQuarantineReader final : public QuarantineReader {
 public:
  explicit SqliteQuarantineReader(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<std::vector<QuarantinedRow>> List(DataSource data_source, uint64_t limit,
                                                   uint64_t offset) override;
  absl::StatusOr<uint64_t> Count(DataSource data_source) override;
  absl::StatusOr<std::vector<QuarantinedRow>> ListAfter(DataSource data_source, uint64_t after,
                                                        uint64_t limit) override;
  absl::StatusOr<std::vector<QuarantineReasonCount>> CountByReason(DataSource data_source) override;

 private:
  absl::Status OpenOnce();  // mutex_ is held

  const std::string path_;
  std::mutex mutex_;
  std::unique_ptr<Database> db_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_QUARANTINE_READER_H_
