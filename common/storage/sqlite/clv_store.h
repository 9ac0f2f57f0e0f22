// common/storage/sqlite/clv_store.h: facts, values and the checkpoint in `clv.db`.
#ifndef CLV_COMMON_STORAGE_SQLITE_CLV_STORE_H_
#define CLV_COMMON_STORAGE_SQLITE_CLV_STORE_H_

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "common/base/broadcast.h"
#include "common/storage/clv_store.h"
#include "common/storage/sqlite/clv_statements.h"
#include "common/storage/sqlite/clv_transactions.h"
#include "common/storage/sqlite/customer_changes.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/fact_counter.h"
#include "common/storage/sqlite/fold_ahead.h"
#include "common/storage/sqlite/latest_activity.h"

namespace clv::storage {

// The one writer of `clv.db`; creates the file. Thread-safe: Begin waits until the previous writing
// transaction is gone, so never begin two on one thread.
class SqliteClvStore final : public ClvStore {
 public:
  struct Options {
    std::string path;
    Broadcast* folded = nullptr;  // told after every commit that moved the checkpoint; may be null
    ComingChanges* coming = nullptr;  // told of small folds while they are under way; may be null
    int cache_kib = 16 * 1024;
    // Customers of a fold from which on one thread reads and folds what another writes, with a
    // connection of its own (fold_ahead.h).
    size_t least_folded_ahead = 50'000;
    int ahead_cache_kib = 16 * 1024;
    // New pages (4 KiB) of the write-ahead file from which on MakeDurable writes them back, too.
    int wal_pages_at_sync = 2'048;
    // When the write-ahead file is longer, MakeDurable writes back until little is left, which the
    // next fold does, so that the file is begun anew; from twice as much on a fold writes back
    // whatever is left. Where somebody was in the way, it is tried again after so many more.
    int long_wal_pages = 65'536;
    ChangeLimits changes;
  };
  static absl::StatusOr<std::unique_ptr<SqliteClvStore>> Open(const Options& options);

  // Leaves the write-ahead file empty where no reader is in the way.
  ~SqliteClvStore() override;

  absl::StatusOr<std::unique_ptr<FoldTransaction>> Begin() override;
  absl::StatusOr<std::unique_ptr<ClvReadTransaction>> Read() override;
  void WarmUp() override;
  absl::Status MakeDurable() override;
  bool MustBeMadeDurableSoon() const override {
    return wal_pages_ - written_back_pages_ > options_.long_wal_pages / 2;
  }
  absl::Status Reopen() override;
  absl::Status Scrub() override;
  absl::Status Announce(LogPosition position) override;
  absl::StatusOr<LogPosition> Checkpoint() override;
  absl::Status PutJob(const JobRecord& job) override;
  absl::StatusOr<std::vector<JobRecord>> ListJobs(uint32_t limit) override;

  // Runs `write` in a transaction of its own on the writing connection, and tells those who wait
  // for folds. `write` may not touch what folds keep.
  absl::Status Write(absl::FunctionRef<absl::Status(Database&)> write);

 private:
  explicit SqliteClvStore(Options options)
      : options_(std::move(options)), read_connections_(options_.path) {}
  // With keeper_mutex_ held, and writer_mutex_ not.
  absl::Status SyncAndWriteBack();
  // With writer_mutex_ held, as all below.
  absl::Status OpenWriter();
  absl::Status OpenWriterOnce();
  void CloseWriter();
  // ABORTED while a reader is in the way.
  absl::Status EmptyWal();
  // What follows the commit of a fold.
  absl::Status Committed(LogPosition position);
  // Writes back what is left when the write-ahead file is long, so that the next commit begins it
  // anew.
  absl::Status KeepWalShort();
  // After an error of the disk the next call opens the file again: where a sync has failed, a later
  // one may say that all is well.
  absl::Status Checked(absl::Status status);

  const Options options_;
  ClvReadConnections read_connections_;
  std::mutex keeper_mutex_;  // before writer_mutex_
  // Guarded by keeper_mutex_: syncs and writes back while the writer goes on.
  std::unique_ptr<Database> keeper_;
  // Pages of the write-ahead file, as the last commit left it, and those of them that are back in
  // the database; about.
  std::atomic<int> wal_pages_ = 0;
  std::atomic<int> written_back_pages_ = 0;
  enum class Upkeep { kNothing, kWriting, kSyncing };
  std::atomic<Upkeep> keeper_does_ = Upkeep::kNothing;  // no fold can write back beside it

  std::mutex writer_mutex_;  // held while a writing transaction lives
  std::unique_ptr<Database> db_;
  CustomerPlaces places_;
  std::unique_ptr<ClvReadStatements> reads_;
  std::unique_ptr<ClvWriteStatements> writes_;
  std::unique_ptr<LatestActivity> latest_;
  std::unique_ptr<FactCounter> counter_;
  std::unique_ptr<CustomerChanges> changes_;
  std::unique_ptr<FoldAhead> ahead_;
  // What the write-ahead file held when it was opened may have missed its sync: nothing is called
  // durable before it was written back.
  bool must_rewrite_ = true;
  // The length of the write-ahead file when somebody was in the way of beginning it anew.
  std::optional<int> in_the_way_at_;
  LogPosition last_checkpoint_ = 0;  // as this connection knows it
};

// Reads `clv.db`, which another process or object writes. Thread-safe.
class SqliteClvReader final : public ClvReader {
 public:
  explicit SqliteClvReader(std::string path) : connections_(std::move(path)) {}

  absl::StatusOr<std::unique_ptr<ClvReadTransaction>> Read() override;

 private:
  ClvReadConnections connections_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_CLV_STORE_H_
