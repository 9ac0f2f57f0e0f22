// services/ingest/write_path.h: what every way of writing shares: names, receipt times, the queue,
// and waiting until rows are visible.
#ifndef CLV_SERVICES_INGEST_WRITE_PATH_H_
#define CLV_SERVICES_INGEST_WRITE_PATH_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clv/v1/ingest_service.pb.h"
#include "common/base/clock.h"
#include "common/storage/clv_store.h"
#include "common/storage/visibility_waiter.h"
#include "services/ingest/batch_builder.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// Thread-safe. Everything in the options must outlive the path.
class WritePath {
 public:
  struct Options {
    WriteQueue* queue = nullptr;
    storage::VisibilityWaiter* visibility = nullptr;
    const Clock* clock = nullptr;
    const ErasedCustomers* erased = nullptr;    // null: nobody ever is
    storage::FoldOutcomes* outcomes = nullptr;  // null: they are never told
  };

  // A write that is durable.
  struct Durable {
    v1::WriteResult result;  // `visible` and `duplicate_rows` are not set
    Written written;
  };

  // Receive the result of a write, or why it is not durable. Must not block.
  using DurableDone = std::function<void(absl::StatusOr<Durable>)>;
  using Done = std::function<void(absl::StatusOr<v1::WriteResult>)>;

  explicit WritePath(Options options) : options_(options) {}

  // Options of a batch that arrives now, but for its data source. `first_row`: see
  // BatchBuilder::Options; `waits`: its sender waits until it is visible.
  BatchBuilder::Options Receive(uint64_t first_row, bool waits) const;

  // Queues a write and calls `done` exactly once when it is durable, at once when it is refused.
  void Write(PreparedWrite write, DurableDone done) const;

  // Calls `done` exactly once: with whether the rows up to `position` are visible. Waits until
  // shortly before `deadline`, at most storage::kMaxVisibilityWait.
  void WaitUntilVisible(storage::LogPosition position,
                        std::chrono::steady_clock::time_point deadline,
                        storage::VisibilityWaiter::Done done) const;

  // How many rows of writes that are visible changed nothing; absent when that is not known of each
  // of them, as of those whose sender did not wait. Reads the store: some 20 microseconds a record.
  std::optional<uint64_t> DuplicatesOf(const std::vector<Written>& writes) const;

  // All in turn; `wait` says whether visibility is waited for.
  void WriteAndWait(PreparedWrite write, bool wait, std::chrono::steady_clock::time_point deadline,
                    Done done) const;

 private:
  const Options options_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_WRITE_PATH_H_
