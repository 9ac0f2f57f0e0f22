#include "services/query/query_metrics.h"

#include <utility>

#include "common/metrics/catalogue.h"

namespace clv::query {

std::unique_ptr<metrics::Collection> CollectQueryMetrics(
    metrics::Registry* registry, storage::FoldProgress& progress,
    std::function<storage::DatabaseSize()> size, std::function<ProjectionSize()> projection) {
  return metrics::CollectInto(
      registry, "query",
      [&progress, size = std::move(size),
       projection = std::move(projection)](metrics::Scrape& scrape) -> absl::Status {
        const ProjectionSize projected = projection();
        scrape.Add(metrics::kQueryProjectionVersions, {}, static_cast<double>(projected.versions));
        scrape.Add(metrics::kQueryProjectionCustomers, {},
                   static_cast<double>(projected.customers));
        scrape.Add(metrics::kQueryProjectionOrders, {}, static_cast<double>(projected.orders));
        scrape.Add(metrics::kQueryProjectionBytes, {}, static_cast<double>(projected.memory_bytes));
        scrape.Add(metrics::kQuerySnapshotBytes, {}, static_cast<double>(projected.snapshot_bytes));
        const storage::DatabaseSize clv = size();
        scrape.Add(metrics::kQueryDatabaseBytes, {"clv"}, static_cast<double>(clv.database_bytes));
        scrape.Add(metrics::kQueryWalBytes, {"clv"}, static_cast<double>(clv.wal_bytes));
        const absl::StatusOr<storage::LogPosition> folded = progress.FoldedPosition();
        if (!folded.ok() && !absl::IsUnavailable(folded.status())) return folded.status();
        scrape.Add(metrics::kQueryFoldedPosition, {}, static_cast<double>(folded.value_or(0)));
        return absl::OkStatus();
      });
}

}  // namespace clv::query
