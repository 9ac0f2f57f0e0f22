// services/ingest/push_stream.h: one bidirectional write, acknowledged batch by batch.
#ifndef CLV_SERVICES_INGEST_PUSH_STREAM_H_
#define CLV_SERVICES_INGEST_PUSH_STREAM_H_

#include <grpcpp/alarm.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/dispatcher.h"
#include "services/ingest/idle_watch.h"
#include "services/ingest/push_window.h"
#include "services/ingest/typed_batch.h"
#include "services/ingest/write_path.h"

namespace clv::ingest {

// Reads the next batch while earlier ones are on their way to the log, as far as its window allows
// and one more, and acknowledges them in their order. Batches are checked and queued one after
// another, so that the log has them in their order too. Deletes itself.
//
// Reads, writes and commits end on different threads. Each of them changes the state under the
// mutex and then calls Proceed, which alone starts the next read, the taking of a batch and the
// next write and ends the stream: without the mutex, since gRPC may run a reaction within the call
// that causes it.
class PushStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  // The message that acknowledges a batch.
  using Acknowledge = std::function<grpc::ByteBuffer(uint64_t batch_id, v1::WriteResult result)>;

  struct Options {
    grpc::CallbackServerContext* context = nullptr;
    domain::DataSource data_source = domain::DataSource::kCustomers;
    Acknowledge acknowledge;
    const rpc::Dispatcher* dispatcher = nullptr;  // must outlive the stream, as the two below
    const WritePath* path = nullptr;
    IdleWatch* idle = nullptr;
    PushLimits limits;
  };

  // Begins to read when `call` was admitted, else ends the stream with its status.
  PushStream(Options options, absl::StatusOr<std::shared_ptr<rpc::CallContext>> call);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  using Milliseconds = std::chrono::milliseconds;

  // How long a batch waits when the queue to the log is full; doubled up to the latter.
  static constexpr Milliseconds kFirstPause{5};
  static constexpr Milliseconds kLongestPause{160};

  // With the mutex held, as the next six: no more batches are taken.
  bool IsEnding() const { return is_broken_ || is_silent_ || window_.has_failure(); }
  bool MayTake() const;
  bool MayRead() const;
  bool MayWrite() const;
  // Nothing of the stream is under way but perhaps a read, which ends with the stream.
  bool MayFinish() const;
  absl::Status Outcome() const;
  void WatchSilence();

  // Starts what can be started now. The stream may be gone afterwards.
  void Proceed();

  void SubmitBatch();
  // On a worker.
  void TakeBatch();
  absl::StatusOr<PreparedWrite> ReadBatch(bool* wait);
  // Whether the batch is still to be taken. The stream may be gone when it is not.
  bool GoesOn();
  // Ends the stream with `status` once the batches before this one are acknowledged.
  void Refuse(absl::Status status);
  void Queue(PreparedWrite write, bool wait);
  // A queue without room refuses within Queue: the batch did not come then, it comes later.
  void Settle(PushWindow::Ticket ticket, absl::StatusOr<v1::WriteResult> result);
  void Pause();
  // The timer is over.
  void EndIfSilent();

  const Options options_;
  std::shared_ptr<rpc::CallContext> call_;
  grpc::ByteBuffer request_;  // of the read, or read and not taken yet
  grpc::ByteBuffer taken_;    // the batch that is being taken, as the next two
  uint64_t batch_id_ = 0;     // its own once it was read
  bool is_charged_ = false;
  grpc::ByteBuffer response_;  // of the write
  grpc::Alarm pause_;

  std::mutex mutex_;  // guards all below
  PushWindow window_;
  bool is_reading_ = false;
  bool is_read_ = false;    // a batch was read and is not taken yet
  bool is_taking_ = false;  // a batch is on its way into the queue
  bool is_writing_ = false;
  bool is_half_closed_ = false;  // by the client
  bool is_broken_ = false;       // cancelled, or the connection is gone
  bool is_silent_ = false;       // for too long
  bool is_finished_ = false;
  bool found_no_room_ = false;  // in the queue to the log, for the batch that is being taken
  int proceeding_ = 0;          // threads that may still start something
  uint64_t events_ = 0;         // whatever shows that the stream moves
  uint64_t seen_events_ = 0;    // when the timer was set
  IdleWatch::Timer timer_ = 0;
  Milliseconds pause_length_ = kFirstPause;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_PUSH_STREAM_H_
