// services/ingest/quarantine_retry.h: sending quarantined rows again, as they were or mended.
#ifndef CLV_SERVICES_INGEST_QUARANTINE_RETRY_H_
#define CLV_SERVICES_INGEST_QUARANTINE_RETRY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clv/v1/data_source_service.pb.h"
#include "clv/v1/job.pb.h"
#include "common/domain/data_sources.h"
#include "common/storage/storage.h"
#include "services/ingest/job_board.h"
#include "services/ingest/write_path.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// Most rows that one call names.
inline constexpr int kMaxMendedRows = 100'000;

// Which rows are sent again.
struct RetrySelection {
  // Mended texts by id; empty: the text as it was. No rows: all, or those of `import_id`.
  std::map<uint64_t, std::string> rows;
  std::string import_id;  // empty: of every request
};

// The selection of a request. INVALID_ARGUMENT (a field violation) for an id of 0 or one that comes
// twice, for too many rows, and for rows together with an import_id.
absl::StatusOr<RetrySelection> ReadRetrySelection(const v1::RetryQuarantinedRowsRequest& request);

// Reads rows again by the reader and the rules of every other row. What is accepted goes into the
// log and leaves the quarantine in one transaction; what is refused again stays as it was, as does
// a row whose kept text is not the one that was sent (cut, or not UTF-8) unless it is mended.
// Thread-safe. Everything in the options must outlive the board of its jobs.
class QuarantineRetry {
 public:
  struct Options {
    WritePath::Options write;
    JobBoard* jobs = nullptr;
    storage::QuarantineReader* quarantine = nullptr;
  };
  explicit QuarantineRetry(const Options& options) : options_(options), path_(options.write) {}

  // Starts a job for the rows that are there now. Its counts: rows accepted, and rows left or not
  // found. When the process ends before the job, what was accepted is written and the job has
  // failed: start another.
  absl::StatusOr<v1::Job> Start(domain::DataSource data_source, RetrySelection selection);

 private:
  class OneRun;

  const Options options_;
  const WritePath path_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_QUARANTINE_RETRY_H_
