// services/aggregation/role.h: the aggregation role of a process: its store, worker, jobs and
// service, wired.
#ifndef CLV_SERVICES_AGGREGATION_ROLE_H_
#define CLV_SERVICES_AGGREGATION_ROLE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/broadcast.h"
#include "common/base/clock.h"
#include "common/base/data_directory.h"
#include "common/base/demand.h"
#include "common/base/shown_number.h"
#include "common/metrics/metrics.h"
#include "common/rpc/dispatcher.h"
#include "common/storage/coming_changes.h"
#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/model_store.h"
#include "services/aggregation/aggregation_service.h"
#include "services/aggregation/job_runner.h"
#include "services/aggregation/model_keeper.h"
#include "services/aggregation/worker.h"

namespace clv::aggregation {

// The only aggregation of its data directory: it holds the role's lock.
class AggregationRole {
 public:
  struct Options {
    DataDirectory directory;
    std::string reporting_currency =
        "USD";  // three letters; a change rebuilds every customer before the start
    rpc::Dispatcher::Options dispatch;
    const Clock* clock = nullptr;
    const Broadcast* appended = nullptr;       // of an ingest in the same process, else null
    Broadcast* folded = nullptr;               // told after every fold, or null
    Demand* fold_awaited = nullptr;            // held by whoever waits for folds, if all can
    storage::ComingChanges* coming = nullptr;  // told of folds under way, or null
    RefitPolicy refit;
  };

  // Opens and migrates `clv.db` and starts folding. FAILED_PRECONDITION when another process has
  // the role or the schema is newer, INVALID_ARGUMENT for a bad currency.
  static absl::StatusOr<std::unique_ptr<AggregationRole>> Start(Options options);

  // Stops jobs and folding. The server must have been drained.
  ~AggregationRole();

  grpc::Service* service() { return service_.get(); }

 private:
  explicit AggregationRole(RoleLock lock) : lock_(std::move(lock)) {}

  RoleLock lock_;
  std::unique_ptr<storage::SqliteClvStore> store_;
  std::unique_ptr<storage::SqliteModelStore> model_store_;
  std::unique_ptr<ModelKeeper> models_;
  std::unique_ptr<ShownNumberReader> applied_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<JobRunner> jobs_;
  std::unique_ptr<AggregationService> service_;
  std::unique_ptr<metrics::Collection> metrics_;
};

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_ROLE_H_
