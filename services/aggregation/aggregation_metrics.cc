#include "services/aggregation/aggregation_metrics.h"

#include <limits>
#include <utility>

#include "common/base/status_macros.h"
#include "common/metrics/catalogue.h"
#include "common/rpc/job_metrics.h"

namespace clv::aggregation {
namespace {

constexpr rpc::JobMetrics kJobs{.waiting = metrics::kAggregationWaitingJobs,
                                .running = metrics::kAggregationRunningJobs,
                                .progress = metrics::kAggregationJobProgress};

void AddStatus(const v1::AggregationStatus& status, metrics::Scrape& scrape) {
  const auto add = [&scrape](const metrics::Metric& metric, uint64_t value) {
    scrape.Add(metric, {}, static_cast<double>(value));
  };
  add(metrics::kAggregationFoldedPosition, status.folded_position());
  add(metrics::kAggregationLogPosition, status.log_position());
  add(metrics::kAggregationLagRows, status.lag_rows());
  scrape.Add(metrics::kAggregationLag, {}, status.lag_seconds());
  add(metrics::kAggregationFoldedRows, status.folded_rows());
  add(metrics::kAggregationDuplicateRows, status.duplicate_rows());
  add(metrics::kAggregationSupersededRows, status.superseded_rows());
  add(metrics::kAggregationRemovedRows, status.removed_rows());
  add(metrics::kAggregationDeadLetters, status.dead_letters());
  add(metrics::kAggregationCustomers, status.customers());
  add(metrics::kAggregationPurchases, status.purchases());
  add(metrics::kAggregationStopped, status.stopped_because().empty() ? 0 : 1);
}

}  // namespace

std::unique_ptr<metrics::Collection> CollectAggregationMetrics(metrics::Registry* registry,
                                                               AggregationSources sources) {
  return metrics::CollectInto(
      registry, "aggregation",
      [sources = std::move(sources)](metrics::Scrape& scrape) -> absl::Status {
        const storage::DatabaseSize clv = sources.size();
        scrape.Add(metrics::kAggregationDatabaseBytes, {"clv"},
                   static_cast<double>(clv.database_bytes));
        scrape.Add(metrics::kAggregationWalBytes, {"clv"}, static_cast<double>(clv.wal_bytes));
        rpc::AddJobMetrics(kJobs, {v1::JOB_KIND_VERIFY, v1::JOB_KIND_REBUILD},
                           sources.jobs->ListJobs(std::numeric_limits<size_t>::max()), scrape);
        CLV_ASSIGN_OR_RETURN(const v1::AggregationStatus status, sources.status());
        AddStatus(status, scrape);
        return absl::OkStatus();
      });
}

}  // namespace clv::aggregation
