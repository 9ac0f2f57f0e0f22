#include "services/ingest/ingest_metrics.h"

#include <limits>
#include <utility>

#include "common/domain/data_sources.h"
#include "common/metrics/catalogue.h"
#include "common/rpc/job_metrics.h"

namespace clv::ingest {
namespace {

constexpr rpc::JobMetrics kIngestJobs{.waiting = metrics::kIngestWaitingJobs,
                                      .running = metrics::kIngestRunningJobs,
                                      .progress = metrics::kIngestJobProgress};

void AddLog(const storage::EventLog& log, metrics::Scrape& scrape) {
  scrape.Add(metrics::kIngestLogPosition, {}, static_cast<double>(log.LastPosition()));
  scrape.Add(metrics::kIngestFirstRetainedPosition, {},
             static_cast<double>(log.FirstRetainedPosition()));
  for (const auto& [data_source, counts] : log.quarantine_counts()) {
    const std::string name(domain::DataSourceName(data_source));
    scrape.Add(metrics::kIngestQuarantineRows, {name}, static_cast<double>(counts.rows));
    scrape.Add(metrics::kIngestQuarantineDroppedRows, {name},
               static_cast<double>(counts.dropped_rows));
  }
  const storage::ErasedCounts erased = log.erased_counts();
  scrape.Add(metrics::kIngestErasedCustomers, {}, static_cast<double>(erased.customers));
  scrape.Add(metrics::kIngestRefusedErasedRows, {}, static_cast<double>(erased.refused_rows));
}

}  // namespace

std::unique_ptr<metrics::Collection> CollectIngestMetrics(metrics::Registry* registry,
                                                          IngestSources sources) {
  return metrics::CollectInto(
      registry, "ingest", [sources = std::move(sources)](metrics::Scrape& scrape) {
        AddLog(*sources.log, scrape);
        const WriteQueue::Status queue = sources.queue->status();
        scrape.Add(metrics::kIngestQueuedRows, {}, static_cast<double>(queue.queued_rows));
        scrape.Add(metrics::kIngestQueuedBytes, {}, static_cast<double>(queue.queued_bytes));
        rpc::AddJobMetrics(kIngestJobs,
                           {v1::JOB_KIND_DELETE, v1::JOB_KIND_TRUNCATE, v1::JOB_KIND_IMPORT,
                            v1::JOB_KIND_ERASE, v1::JOB_KIND_RETRY, v1::JOB_KIND_BACKUP},
                           sources.jobs->ListJobs(std::numeric_limits<size_t>::max()), scrape);
        for (const auto& [name, size] : sources.sizes()) {
          scrape.Add(metrics::kIngestDatabaseBytes, {name},
                     static_cast<double>(size.database_bytes));
          scrape.Add(metrics::kIngestWalBytes, {name}, static_cast<double>(size.wal_bytes));
        }
        return absl::OkStatus();
      });
}

}  // namespace clv::ingest
