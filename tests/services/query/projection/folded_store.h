// tests/services/query/projection/folded_store.h: a clv.db that a test folds rows and commands
// into, one at a time.
#ifndef CLV_TESTS_SERVICES_QUERY_PROJECTION_FOLDED_STORE_H_
#define CLV_TESTS_SERVICES_QUERY_PROJECTION_FOLDED_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/storage/coming_changes.h"
#include "common/storage/sqlite/clv_store.h"
#include "common/wire/log_codec.h"
#include "services/aggregation/fold.h"
#include "tests/common/storage/temp_directory.h"
#include "tests/properties/histories.h"

namespace clv::query {

// Without a log and without a worker: each call is one committed fold, and an error fails the test.
// Thread-compatible; others may read the file.
class FoldedStore {
 public:
  struct Options {
    // Folds of fewer customers tell what has changed; the others are made ahead, and name customers
    // only.
    size_t least_folded_ahead = 6;
    storage::ChangeLimits changes;
  };

  // The reporting currency is USD.
  FoldedStore() : FoldedStore(Options()) {}
  explicit FoldedStore(const Options& options);

  const std::string& path() const { return path_; }
  // Told of folds while they are under way.
  storage::ComingChanges& coming() { return coming_; }
  storage::LogPosition position() const { return position_; }

  // Folds the values of a batch as ingest would have logged them. Values that it refuses are left
  // out.
  void Fold(const properties::Batch& batch, int64_t received_at_seconds);
  // Folds rows of one record, or a command; the position is the next one.
  void Fold(aggregation::LoggedRows rows) {
    Fold(std::move(rows), [] { return true; });
  }
  // Commits if `may_commit`, which is called right before, says so; rolls back else.
  void Fold(aggregation::LoggedRows rows, const std::function<bool()>& may_commit);
  void Fold(wire::LogCommand command);

  // The folds from now on leave so many of the last ones without announcement.
  void LeaveUnannounced(uint64_t folds) { unannounced_ = folds; }
  storage::LogPosition announced() const { return announced_; }
  // Announces all.
  void Announce();

  // Stores a fit, which differs with its version, and says that it has scored as of `day`.
  void PutScoring(uint64_t model_version, int64_t day);

  void Rebuild();
  void AdoptReportingCurrency(const std::string& currency);

 private:
  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/clv.db";
  storage::ComingChanges coming_;
  std::unique_ptr<storage::SqliteClvStore> store_;
  std::string currency_;
  storage::LogPosition position_ = 0;
  storage::LogPosition announced_ = 0;
  uint64_t unannounced_ = 0;
};

}  // namespace clv::query

#endif  // CLV_TESTS_SERVICES_QUERY_PROJECTION_FOLDED_STORE_H_
