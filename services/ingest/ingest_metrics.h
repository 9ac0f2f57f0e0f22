// services/ingest/ingest_metrics.h: the state of log, queue, quarantine and jobs in the
// metrics.
#ifndef CLV_SERVICES_INGEST_INGEST_METRICS_H_
#define CLV_SERVICES_INGEST_INGEST_METRICS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/metrics/metrics.h"
#include "common/storage/storage.h"
#include "services/ingest/job_board.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// What is collected; all of it must outlive the collection.
struct IngestSources {
  const storage::EventLog* log = nullptr;
  const WriteQueue* queue = nullptr;
  const JobBoard* jobs = nullptr;
  // Sizes of the databases that ingest writes, by name (`event_log`).
  std::function<std::map<std::string, storage::DatabaseSize>()> sizes;
};

// Null without a registry.
std::unique_ptr<metrics::Collection> CollectIngestMetrics(metrics::Registry* registry,
                                                          IngestSources sources);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_INGEST_METRICS_H_
