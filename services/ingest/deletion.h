// services/ingest/deletion.h: removing rows of a data source by condition, or all of them.
//
// A deletion is one record of the log: what it removes is decided where it is folded. Its job is
// done when it is folded.
#ifndef CLV_SERVICES_INGEST_DELETION_H_
#define CLV_SERVICES_INGEST_DELETION_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clv/v1/job.pb.h"
#include "common/base/clock.h"
#include "common/domain/row_condition.h"
#include "common/storage/clv_store.h"
#include "common/storage/storage.h"
#include "services/ingest/job_board.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// Thread-safe. Everything in the options must outlive the board of its jobs.
class Deletion {
 public:
  struct Options {
    WriteQueue* queue = nullptr;
    JobBoard* jobs = nullptr;
    storage::FoldProgress* progress = nullptr;
    storage::ClvReader* facts = nullptr;
    const Clock* clock = nullptr;
  };
  explicit Deletion(Options options) : options_(options) {}

  // Writes the record and starts the job that follows it; without a condition all rows are removed.
  // When it returns OK the record is durable, and rows that are sent from now on stay. Blocks for
  // one commit. Errors are those of WriteQueue::Submit and its Done.
  absl::StatusOr<v1::Job> Start(domain::DataSource data_source,
                                std::optional<domain::RowCondition> condition);

  // The rows that meet the condition in the present facts; see CountMatchingRows. UNAVAILABLE while
  // there is no store.
  absl::StatusOr<uint64_t> Count(domain::DataSource data_source,
                                 const domain::RowCondition& condition,
                                 const std::function<absl::Status()>& may_go_on) const;

  // Whether the job is one of these and its record was written, so that its fold can be awaited by
  // another process; and doing so for those of the board.
  static bool CanResume(const v1::Job& job);
  void ResumeAll();

 private:
  absl::StatusOr<storage::LogPosition> Append(domain::DataSource data_source,
                                              std::optional<domain::RowCondition> condition) const;
  void Follow(const v1::Job& job);
  absl::Status AwaitFold(storage::LogPosition position, JobProgress& progress) const;
  // What the fold of the record did; absent when that was forgotten.
  absl::StatusOr<std::optional<storage::FoldOutcome>> OutcomeOf(
      storage::LogPosition position) const;

  const Options options_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_DELETION_H_
