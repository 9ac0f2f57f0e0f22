// tests/drills/site.h: a data directory, opened with the real classes.
#ifndef CLV_TESTS_DRILLS_SITE_H_
#define CLV_TESTS_DRILLS_SITE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/event_log.h"
#include "common/storage/sqlite/event_reader.h"
#include "common/storage/sqlite/fold_progress.h"

namespace clv::drills {

std::string LogPath(const std::string& directory);
std::string StorePath(const std::string& directory);

// The log, its reader, the store, and what ingest knows of the fold, written in turn by one thread.
class Site {
 public:
  static absl::StatusOr<std::unique_ptr<Site>> Open(const std::string& directory);

  // Folds at most about `max_rows` rows that the log holds beyond the checkpoint, as the worker
  // does; the number of records. After an error the store is opened again.
  absl::StatusOr<size_t> FoldSome(uint64_t max_rows);
  absl::Status FoldAll();

  // Trims what ingest may trim.
  absl::Status Trim();

  storage::SqliteEventLog& log() { return *log_; }
  storage::SqliteClvStore& store() { return *store_; }
  storage::SqliteEventReader& reader() { return *reader_; }

 private:
  explicit Site(const std::string& directory) : progress_({.path = StorePath(directory)}) {}
  absl::StatusOr<size_t> Fold(uint64_t max_rows);

  std::unique_ptr<storage::SqliteEventLog> log_;
  std::unique_ptr<storage::SqliteClvStore> store_;
  std::unique_ptr<storage::SqliteEventReader> reader_;
  storage::SqliteFoldProgress progress_;
};

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_SITE_H_
