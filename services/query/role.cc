#include "services/query/role.h"

#include <string>

#include "common/storage/sqlite/customer_details.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/projection_source.h"
#include "services/query/projection/projection_reports.h"
#include "services/query/query_metrics.h"

namespace clv::query {

namespace {

std::shared_ptr<Projection> MakeProjection(const QueryRole::Options& options) {
  const std::string path = options.directory.clv();
  return std::make_shared<Projection>(
      std::make_unique<storage::SqliteProjectionSource>(path),
      std::make_unique<storage::SqliteChangeWatch>(path, options.folded),
      Projection::Options{.snapshot_path = options.directory.projection_snapshot(),
                          .position_path = options.directory.projection_position(),
                          .coming = options.coming});
}

}  // namespace

QueryRole::QueryRole(const Options& options)
    : projection_(MakeProjection(options)),
      reports_(std::make_unique<ProjectionReports>(
                   projection_,
                   std::make_unique<storage::SqliteCustomerDetails>(options.directory.clv())),
               options.dispatch.metrics),
      quarantine_(options.directory.event_log()),
      models_(options.directory.clv()),
      progress_({.path = options.directory.clv(),
                 .folded = options.folded,
                 .awaited = options.fold_awaited}) {
  service_ = std::make_unique<QueryService>(
      QueryService::Backends{
          .reports = reports_,
          .quarantine = quarantine_,
          .progress = progress_,
          .database_bytes = [path =
                                 options.directory.clv()] { return storage::DatabaseBytes(path); },
          .clock = *options.clock,
          .models = &models_,
          .answers_at_once = [projection = projection_] { return projection->IsQuick(); }},
      options.dispatch);
  metrics_ = CollectQueryMetrics(
      options.dispatch.metrics, progress_,
      [path = options.directory.clv()] { return storage::SizeOfDatabase(path); },
      [projection = projection_] { return projection->Size(); });
}

}  // namespace clv::query
