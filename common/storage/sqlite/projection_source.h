// common/storage/sqlite/projection_source.h: what a projection is made from, read from `clv.db`.
#ifndef CLV_COMMON_STORAGE_SQLITE_PROJECTION_SOURCE_H_
#define CLV_COMMON_STORAGE_SQLITE_PROJECTION_SOURCE_H_

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/base/broadcast.h"
#include "common/storage/projection_source.h"
#include "common/storage/sqlite/db.h"

namespace clv::storage {

class StoredModelStatements;

// Opens the file, read-only, at the first reading.
class SqliteProjectionSource final : public ProjectionSource {
 public:
  explicit SqliteProjectionSource(std::string path);
  ~SqliteProjectionSource() override;

  absl::StatusOr<std::unique_ptr<ProjectionReading>> Read() override;

 private:
  class Connection;
  class Reading;
  const std::string path_;
  std::unique_ptr<Connection> connection_;
};

// Watches `clv.db`.
class SqliteChangeWatch final : public ChangeWatch {
 public:
  // `folded`: of a worker in the same process, or null: the file is polled.
  SqliteChangeWatch(std::string path, const Broadcast* folded);
  ~SqliteChangeWatch() override;

  absl::StatusOr<int64_t> Version() override;
  absl::StatusOr<AnnouncedState> Announced() override;
  void WaitBeyond(int64_t seen, std::chrono::milliseconds timeout) override;

 private:
  // With mutex_ held.
  absl::StatusOr<AnnouncedState> ReadAnnounced();

  const std::string path_;
  const Broadcast* const folded_;
  std::mutex mutex_;
  std::unique_ptr<Database> db_;
  Statement announced_;
  std::unique_ptr<StoredModelStatements> models_;
  AnnouncedState last_announced_;
  int64_t announced_as_of_ = -1;  // the version of last_announced_, or an earlier one
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_PROJECTION_SOURCE_H_
