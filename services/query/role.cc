#include "services/query/role.h"

#include <string>

#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/reports/sqlite_reports.h"
#include "services/query/query_metrics.h"

namespace clv::query {

QueryRole::QueryRole(const Options& options)
    : reports_(storage::SqliteReports::Create({.clv_db_path = options.directory.clv()}),
               options.dispatch.metrics),
      quarantine_(options.directory.event_log()),
      progress_({.path = options.directory.clv(), .folded = options.folded}) {
  service_ = std::make_unique<QueryService>(
      QueryService::Backends{
          .reports = reports_,
          .quarantine = quarantine_,
          .progress = progress_,
          .database_bytes = [path =
                                 options.directory.clv()] { return storage::DatabaseBytes(path); },
          .clock = *options.clock},
      options.dispatch);
  metrics_ = CollectQueryMetrics(
      options.dispatch.metrics, progress_,
      [path = options.directory.clv()] { return storage::SizeOfDatabase(path); });
}

}  // namespace clv::query
