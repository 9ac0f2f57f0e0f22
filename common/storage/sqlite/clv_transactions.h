// common/storage/sqlite/clv_transactions.h: reading and folding transactions on `clv.db`.
#ifndef CLV_COMMON_STORAGE_SQLITE_CLV_TRANSACTIONS_H_
#define CLV_COMMON_STORAGE_SQLITE_CLV_TRANSACTIONS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/clv_store.h"
#include "common/storage/sqlite/clv_statements.h"
#include "common/storage/sqlite/customer_changes.h"
#include "common/storage/sqlite/customer_places.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/fact_counter.h"
#include "common/storage/sqlite/fold_ahead.h"
#include "common/storage/sqlite/latest_activity.h"

namespace clv::storage {

// Reads one file. Keeps the connection of a transaction that is over for the next one: opening one
// takes a millisecond. Thread-safe.
class ClvReadConnections {
 public:
  explicit ClvReadConnections(std::string path)
      : state_(std::make_shared<State>(std::move(path))) {}

  // As ClvReader::Read; the transaction may outlive this.
  absl::StatusOr<std::unique_ptr<ClvReadTransaction>> Begin();

 private:
  class ReadTransaction;
  struct Connection {
    std::unique_ptr<Database> db;
    std::unique_ptr<ClvReadStatements> reads;
  };
  struct State {
    explicit State(std::string path) : path(std::move(path)) {}
    const std::string path;
    std::mutex mutex;
    Connection idle;  // guarded by mutex; empty: none
  };
  const std::shared_ptr<State> state_;
};

// What a fold works with: all of one writing connection, and longer there than the transaction.
struct FoldTools {
  ClvReadStatements& reads;
  ClvWriteStatements& writes;
  CustomerPlaces& places;
  LatestActivity& latest;
  FactCounter& counter;
  CustomerChanges& changes;
  FoldAhead& ahead;
  size_t least_folded_ahead = 0;  // customers from which on `ahead` reads and folds them
  // Called with the new checkpoint once it is committed.
  std::function<absl::Status(LogPosition)> committed;
};

// A fold within `transaction`; holds `lock` until it has committed or is gone.
absl::StatusOr<std::unique_ptr<FoldTransaction>> BeginFold(std::unique_lock<std::mutex> lock,
                                                           Transaction transaction,
                                                           FoldTools tools);

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_CLV_TRANSACTIONS_H_
