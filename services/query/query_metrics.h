// services/query/query_metrics.h: what query sees of the store, in the metrics.
#ifndef CLV_SERVICES_QUERY_QUERY_METRICS_H_
#define CLV_SERVICES_QUERY_QUERY_METRICS_H_

#include <functional>
#include <memory>

#include "common/metrics/metrics.h"
#include "common/storage/storage.h"
#include "services/query/projection/projection_size.h"

namespace clv::query {

// Null without a registry. `progress` must outlive the collection; `size`: of the database that
// reports read; `projection`: of what answers them. Without a store the position is 0, as in the
// status.
std::unique_ptr<metrics::Collection> CollectQueryMetrics(
    metrics::Registry* registry, storage::FoldProgress& progress,
    std::function<storage::DatabaseSize()> size, std::function<ProjectionSize()> projection);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_QUERY_METRICS_H_
