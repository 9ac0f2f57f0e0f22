#include "services/ingest/quarantine_truncation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "services/ingest/blocking_write.h"
#include "services/ingest/data_source_names.h"
#include "services/ingest/quarantine_slices.h"

namespace clv::ingest {

absl::StatusOr<v1::Job> QuarantineTruncation::Start(domain::DataSource data_source) {
  CLV_ASSIGN_OR_RETURN(const uint64_t last_id,
                       NewestQuarantinedId(*options_.quarantine, data_source));
  v1::Job prototype;
  prototype.set_kind(v1::JOB_KIND_TRUNCATE);
  prototype.set_data_source(NameOf({data_source, /*is_quarantine=*/true}));
  return options_.jobs->Start(std::move(prototype),
                              [this, data_source, last_id](JobProgress& progress) {
                                return Remove(data_source, last_id, progress);
                              });
}

absl::Status QuarantineTruncation::Remove(domain::DataSource data_source, uint64_t last_id,
                                          JobProgress& progress) const {
  CLV_ASSIGN_OR_RETURN(const uint64_t total, options_.quarantine->Count(data_source));
  uint64_t removed = 0;
  const auto is_patient = [&] { return !progress.stopping(); };
  return VisitQuarantine(
      *options_.quarantine, data_source, last_id,
      [&](const std::vector<storage::QuarantinedRow>& rows) -> absl::Status {
        if (progress.stopping()) return absl::CancelledError("not all rows are removed yet");
        PreparedWrite write;
        storage::LogBatch& batch = write.batches.emplace_back();
        for (const storage::QuarantinedRow& row : rows) batch.resolved.push_back(row.id);
        write.bytes = rows.size() * sizeof(uint64_t);
        CLV_RETURN_IF_ERROR(WriteAndBlock(*options_.queue, write, is_patient).status());
        removed += rows.size();
        progress.Update([&](v1::Job* job) {
          job->set_removed_quarantined_rows(removed);
          job->set_progress(static_cast<double>(removed) /
                            static_cast<double>(std::max({total, removed, uint64_t{1}})));
        });
        return absl::OkStatus();
      });
}

}  // namespace clv::ingest
