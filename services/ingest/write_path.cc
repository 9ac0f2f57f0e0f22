#include "services/ingest/write_path.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "services/ingest/typed_batch.h"

namespace clv::ingest {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

}  // namespace

SteadyTime EndOfWait(SteadyTime deadline) {
  const SteadyTime now = std::chrono::steady_clock::now();
  const SteadyTime latest = now + kMaxVisibilityWait;
  if (deadline <= now) return now;
  if (deadline == SteadyTime::max()) return latest;
  const auto left = deadline - now;
  return std::min(latest, deadline - std::min<std::chrono::steady_clock::duration>(
                                         left / 10, std::chrono::milliseconds(200)));
}

BatchBuilder::Options WritePath::Receive(uint64_t first_row) const {
  return {.received_at_seconds = options_.clock->NowSeconds(),
          .import_id = NewImportId(),
          .first_row = first_row};
}

void WritePath::Write(PreparedWrite write, Done done) const {
  v1::WriteResult result = ResultOf(write, 0);
  const auto shared_done = std::make_shared<Done>(std::move(done));
  const absl::Status queued = options_.queue->Submit(
      std::move(write), [result = std::move(result),
                         shared_done](absl::StatusOr<storage::LogPosition> position) mutable {
        if (!position.ok()) {
          (*shared_done)(position.status());
          return;
        }
        result.set_log_position(*position);
        (*shared_done)(std::move(result));
      });
  if (!queued.ok()) (*shared_done)(queued);
}

void WritePath::WaitUntilVisible(storage::LogPosition position, SteadyTime deadline,
                                 VisibilityWaiter::Done done) const {
  // Without a valid row there is nothing to fold.
  if (position == 0) {
    done(true);
    return;
  }
  options_.visibility->Wait(position, EndOfWait(deadline), std::move(done));
}

void WritePath::WriteAndWait(PreparedWrite write, bool wait, SteadyTime deadline, Done done) const {
  if (!wait) {
    Write(std::move(write), std::move(done));
    return;
  }
  Write(std::move(write), [this, deadline,
                           done = std::move(done)](absl::StatusOr<v1::WriteResult> result) {
    if (!result.ok()) {
      done(result.status());
      return;
    }
    const storage::LogPosition position = result->log_position();
    WaitUntilVisible(position, deadline, [done, result = *std::move(result)](bool visible) mutable {
      result.set_visible(visible);
      done(std::move(result));
    });
  });
}

}  // namespace clv::ingest
