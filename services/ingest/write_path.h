// services/ingest/write_path.h: what every way of writing shares: names, receipt times, the queue,
// and waiting until rows are visible.
#ifndef CLV_SERVICES_INGEST_WRITE_PATH_H_
#define CLV_SERVICES_INGEST_WRITE_PATH_H_

#include <chrono>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clv/v1/ingest_service.pb.h"
#include "common/base/clock.h"
#include "services/ingest/batch_builder.h"
#include "services/ingest/visibility_waiter.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// Longest time that a write waits until its rows are visible.
inline constexpr std::chrono::seconds kMaxVisibilityWait{10};

// When a call with this deadline is to be answered if what it waits for has not come: a little
// before the deadline, so that the answer still arrives, and at most kMaxVisibilityWait from now.
std::chrono::steady_clock::time_point EndOfWait(std::chrono::steady_clock::time_point deadline);

// Thread-safe. Everything in the options must outlive the path.
class WritePath {
 public:
  struct Options {
    WriteQueue* queue = nullptr;
    VisibilityWaiter* visibility = nullptr;
    const Clock* clock = nullptr;
  };

  // Receives the result of a write that is durable, or why it is not. Must not block.
  using Done = std::function<void(absl::StatusOr<v1::WriteResult>)>;

  explicit WritePath(Options options) : options_(options) {}

  // Options of a batch that arrives now, but for its data source. `first_row`: see
  // BatchBuilder::Options.
  BatchBuilder::Options Receive(uint64_t first_row) const;

  // Queues a write and calls `done` exactly once when it is durable (`visible` is not set), at once
  // when it is refused.
  void Write(PreparedWrite write, Done done) const;

  // Calls `done` exactly once: with whether the rows up to `position` are visible. Waits until
  // shortly before `deadline`, at most kMaxVisibilityWait.
  void WaitUntilVisible(storage::LogPosition position,
                        std::chrono::steady_clock::time_point deadline,
                        VisibilityWaiter::Done done) const;

  // Both in turn; `wait` says whether visibility is waited for.
  void WriteAndWait(PreparedWrite write, bool wait, std::chrono::steady_clock::time_point deadline,
                    Done done) const;

 private:
  const Options options_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_WRITE_PATH_H_
