#include "services/ingest/write_path.h"

#include <memory>
#include <utility>

#include "services/ingest/typed_batch.h"

namespace clv::ingest {
BatchBuilder::Options WritePath::Receive(uint64_t first_row, bool waits) const {
  return {.received_at_seconds = options_.clock->NowSeconds(),
          .import_id = NewImportId(),
          .first_row = first_row,
          .wants_outcome = waits && options_.outcomes != nullptr,
          .erased = options_.erased};
}

void WritePath::Write(PreparedWrite write, DurableDone done) const {
  v1::WriteResult result = ResultOf(write, 0);
  const auto shared_done = std::make_shared<DurableDone>(std::move(done));
  const absl::Status queued = options_.queue->Submit(
      std::move(write),
      [result = std::move(result), shared_done](absl::StatusOr<Written> written) mutable {
        if (!written.ok()) {
          (*shared_done)(written.status());
          return;
        }
        result.set_log_position(written->position);
        result.set_successful_rows(result.successful_rows() - written->erased_rows);
        result.set_quarantined_rows(result.quarantined_rows() + written->erased_rows);
        (*shared_done)(Durable{std::move(result), *written});
      });
  if (!queued.ok()) (*shared_done)(queued);
}

void WritePath::WaitUntilVisible(storage::LogPosition position,
                                 std::chrono::steady_clock::time_point deadline,
                                 storage::VisibilityWaiter::Done done) const {
  // Without a valid row there is nothing to fold.
  if (position == 0) {
    done(true);
    return;
  }
  options_.visibility->Wait(position, storage::EndOfWait(deadline), std::move(done));
}

std::optional<uint64_t> WritePath::DuplicatesOf(const std::vector<Written>& writes) const {
  if (options_.outcomes == nullptr) return std::nullopt;
  uint64_t duplicates = 0;
  for (const Written& written : writes) {
    for (uint64_t back = 0; back < written.records; ++back) {
      const auto outcome = options_.outcomes->OutcomeOf(written.position - back);
      // What a client is told beside the counts is not worth failing a write that has succeeded.
      if (!outcome.ok() || !outcome->has_value()) return std::nullopt;
      duplicates += (*outcome)->duplicate_rows;
    }
  }
  return duplicates;
}

void WritePath::WriteAndWait(PreparedWrite write, bool wait,
                             std::chrono::steady_clock::time_point deadline, Done done) const {
  Write(std::move(write),
        [this, wait, deadline, done = std::move(done)](absl::StatusOr<Durable> durable) {
          if (!durable.ok() || !wait) {
            done(durable.ok() ? absl::StatusOr<v1::WriteResult>(std::move(durable->result))
                              : durable.status());
            return;
          }
          const storage::LogPosition position = durable->written.position;
          WaitUntilVisible(position, deadline,
                           [this, done, durable = *std::move(durable)](bool visible) mutable {
                             durable.result.set_visible(visible);
                             if (visible) {
                               const auto duplicates = DuplicatesOf({durable.written});
                               if (duplicates) durable.result.set_duplicate_rows(*duplicates);
                             }
                             done(std::move(durable.result));
                           });
        });
}

}  // namespace clv::ingest
