// services/ingest/write_metrics.h: counting what goes through the write queue.
#ifndef CLV_SERVICES_INGEST_WRITE_METRICS_H_
#define CLV_SERVICES_INGEST_WRITE_METRICS_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <vector>

#include "common/domain/data_sources.h"
#include "common/metrics/metrics.h"
#include "common/storage/storage.h"
#include "services/ingest/batch_builder.h"

namespace clv::ingest {

// Thread-safe.
class WriteMetrics {
 public:
  // `registry`: null (nothing is counted), or outlives this object.
  explicit WriteMetrics(metrics::Registry* registry);

  // Counts the rows of a write that is durable.
  void CountAccepted(const PreparedWrite& write) const;
  void CountQuarantined(const std::vector<storage::LogBatch>& batches) const;

  // Counts a commit that `writes` writes shared.
  void CountAppend(std::chrono::steady_clock::duration took, size_t writes, bool ok) const;

 private:
  struct DataSourceCounters {
    metrics::Counter accepted;
    metrics::Counter text;  // no JSON object
    std::array<metrics::Counter, domain::kMaxColumns> columns;
  };

  std::map<storage::DataSource, DataSourceCounters> counters_;
  metrics::Histogram durations_;
  metrics::Histogram group_;
  metrics::Counter failures_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_WRITE_METRICS_H_
