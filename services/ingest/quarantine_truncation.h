// services/ingest/quarantine_truncation.h: emptying the quarantine of a data source.
#ifndef CLV_SERVICES_INGEST_QUARANTINE_TRUNCATION_H_
#define CLV_SERVICES_INGEST_QUARANTINE_TRUNCATION_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clv/v1/job.pb.h"
#include "common/domain/data_sources.h"
#include "common/storage/storage.h"
#include "services/ingest/job_board.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// Takes the rows out in slices through the write queue, so that no write waits for more than one
// slice. Thread-safe. Everything in the options must outlive the board of its jobs.
class QuarantineTruncation {
 public:
  struct Options {
    WriteQueue* queue = nullptr;
    JobBoard* jobs = nullptr;
    storage::QuarantineReader* quarantine = nullptr;
  };
  explicit QuarantineTruncation(Options options) : options_(options) {}

  // Starts a job that removes the rows that are there now; those that come later stay. When the
  // process ends before the job, the removed part is gone and the job has failed: start another.
  absl::StatusOr<v1::Job> Start(domain::DataSource data_source);

 private:
  absl::Status Remove(domain::DataSource data_source, uint64_t last_id,
                      JobProgress& progress) const;

  const Options options_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_QUARANTINE_TRUNCATION_H_
