// services/ingest/push_window.h: the batches of one stream that are not acknowledged yet.
#ifndef CLV_SERVICES_INGEST_PUSH_WINDOW_H_
#define CLV_SERVICES_INGEST_PUSH_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clv/v1/ingest_service.pb.h"

namespace clv::ingest {

// What one stream may have in flight. A batch of any size is taken when nothing else is.
struct PushLimits {
  size_t max_batches = 64;
  size_t max_bytes = 8 << 20;  // about what the rows occupy; the last batch may go beyond
};

// Keeps batches in the order in which they came, whatever the order in which they are settled.
// Thread-compatible.
class PushWindow {
 public:
  // Names a batch of this window.
  using Ticket = uint64_t;

  explicit PushWindow(PushLimits limits) : limits_(limits) {}

  // Whether one more batch may be taken.
  bool HasRoom() const;

  // Takes a batch of about `bytes` bytes.
  Ticket Add(uint64_t batch_id, size_t bytes);

  // Says what became of a batch; once for each.
  void Settle(Ticket ticket, absl::StatusOr<v1::WriteResult> result);

  // Forgets the batch that came last and is not settled, as if it had not come.
  void TakeBackLast();

  // The first batch is settled, and well: it can be acknowledged.
  bool HasAcknowledgement() const;

  // With HasAcknowledgement(): the acknowledgement, once. The batch stays in flight until Drop().
  v1::WriteResult TakeResult(uint64_t* batch_id);

  // Drops the first batch.
  void Drop();

  // Why the first batch was not written; OK when it was, is not settled, or there is none.
  absl::Status failure() const;

  // Some batch failed; those that came after it are not acknowledged.
  bool has_failure() const { return has_failure_; }

  bool empty() const { return batches_.empty(); }
  size_t unsettled() const { return unsettled_; }

 private:
  struct Batch {
    uint64_t batch_id = 0;
    size_t bytes = 0;
    bool is_settled = false;
    absl::StatusOr<v1::WriteResult> result = v1::WriteResult();
  };

  const PushLimits limits_;
  std::deque<Batch> batches_;
  Ticket first_ = 0;  // of the first batch
  size_t bytes_ = 0;  // of all batches
  size_t unsettled_ = 0;
  bool has_failure_ = false;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_PUSH_WINDOW_H_
