// services/aggregation/aggregation_metrics.h: the state of the fold and of the jobs in the metrics.
#ifndef CLV_SERVICES_AGGREGATION_AGGREGATION_METRICS_H_
#define CLV_SERVICES_AGGREGATION_AGGREGATION_METRICS_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "clv/v1/aggregation_service.pb.h"
#include "common/metrics/metrics.h"
#include "common/storage/storage.h"
#include "services/aggregation/job_runner.h"

namespace clv::aggregation {

// What is collected; all of it must outlive the collection.
struct AggregationSources {
  // The same state that GetAggregationStatus answers with; it reads the store and the log.
  std::function<absl::StatusOr<v1::AggregationStatus>()> status;
  const JobRunner* jobs = nullptr;
  std::function<storage::DatabaseSize()> size;  // of `clv.db`
};

// Null without a registry.
std::unique_ptr<metrics::Collection> CollectAggregationMetrics(metrics::Registry* registry,
                                                               AggregationSources sources);

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_AGGREGATION_METRICS_H_
