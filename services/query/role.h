// services/query/role.h: the query role of a process: reports, quarantine and service, wired.
// Everything is opened read-only, so there may be several.
#ifndef CLV_SERVICES_QUERY_ROLE_H_
#define CLV_SERVICES_QUERY_ROLE_H_

#include <memory>

#include "common/base/broadcast.h"
#include "common/base/clock.h"
#include "common/base/data_directory.h"
#include "common/base/demand.h"
#include "common/metrics/metrics.h"
#include "common/rpc/dispatcher.h"
#include "common/storage/coming_changes.h"
#include "common/storage/sqlite/fold_progress.h"
#include "common/storage/sqlite/quarantine_reader.h"
#include "common/storage/sqlite/stored_models.h"
#include "services/query/measured_reports.h"
#include "services/query/projection/projection.h"
#include "services/query/query_service.h"

namespace clv::query {

class QueryRole {
 public:
  struct Options {
    DataDirectory directory;
    rpc::Dispatcher::Options dispatch;
    const Clock* clock = nullptr;
    // Of an aggregation in the same process, else null.
    const Broadcast* folded = nullptr;
    Demand* fold_awaited = nullptr;  // held while a question waits for it, or null
    storage::ComingChanges* coming = nullptr;
  };

  // Nothing is opened yet: reports are UNAVAILABLE until the files are there.
  explicit QueryRole(const Options& options);

  grpc::Service* service() { return service_.get(); }
  // Adds the methods that report.
  void AddTo(rpc::LocalMethods* methods) { service_->AddTo(methods); }
  storage::FoldProgress& progress() { return progress_; }

 private:
  std::shared_ptr<Projection> projection_;
  MeasuredReports reports_;
  storage::SqliteQuarantineReader quarantine_;
  storage::SqliteModelReader models_;
  storage::SqliteFoldProgress progress_;
  std::unique_ptr<QueryService> service_;
  std::unique_ptr<metrics::Collection> metrics_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_ROLE_H_
