// services/ingest/push_stream.h: one bidirectional write, acknowledged batch by batch.
#ifndef CLV_SERVICES_INGEST_PUSH_STREAM_H_
#define CLV_SERVICES_INGEST_PUSH_STREAM_H_

#include <grpcpp/alarm.h>
#include <grpcpp/support/server_callback.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/dispatcher.h"
#include "common/rpc/v0_reply.h"
#include "services/ingest/idle_watch.h"
#include "services/ingest/push_window.h"
#include "services/ingest/typed_batch.h"
#include "services/ingest/write_path.h"

namespace clv::ingest {

// Reads the next batch while earlier ones are on their way to the log, as far as its window allows,
// and acknowledges them in their order. Batches are checked and queued one after another, so that
// the log has them in their order too. Deletes itself.
//
// Reads, writes and commits end on different threads. Each of them changes the state under the
// mutex and then calls Proceed, which alone starts the next read or write and ends the stream:
// without the mutex, since gRPC may run a reaction within the call that causes it.
template <typename Request, typename Response>
class PushStream final : public grpc::ServerBidiReactor<Request, Response> {
 public:
  struct Options {
    grpc::CallbackServerContext* context = nullptr;
    const rpc::Dispatcher* dispatcher = nullptr;  // must outlive the stream, as the two below
    const WritePath* path = nullptr;
    IdleWatch* idle = nullptr;
    PushLimits limits;
  };

  // Begins to read when `call` was admitted, else ends the stream with its status.
  PushStream(const Options& options, absl::StatusOr<std::shared_ptr<rpc::CallContext>> call)
      : options_(options), window_(options.limits) {
    if (!call.ok()) {
      is_finished_ = true;
      this->Finish(rpc::Dispatcher::Conclude(nullptr, call.status()));
      return;
    }
    call_ = *std::move(call);
    {
      std::lock_guard lock(mutex_);
      WatchSilence();
    }
    Proceed();
  }

  void OnReadDone(bool ok) override {
    bool takes = false;
    {
      std::lock_guard lock(mutex_);
      ++events_;
      is_reading_ = false;
      is_half_closed_ = is_half_closed_ || !ok;
      takes = is_taking_ = ok && !IsEnding();
      is_charged_ = false;
      pause_length_ = kFirstPause;
    }
    if (takes) {
      SubmitBatch();
    } else {
      Proceed();
    }
  }

  void OnWriteDone(bool ok) override {
    {
      std::lock_guard lock(mutex_);
      ++events_;
      is_writing_ = false;
      is_broken_ = is_broken_ || !ok;
      window_.Drop();
    }
    Proceed();
  }

  void OnCancel() override {
    {
      std::lock_guard lock(mutex_);
      is_broken_ = true;
    }
    pause_.Cancel();
    Proceed();
  }

  void OnDone() override {
    IdleWatch::Timer timer = 0;
    {
      std::lock_guard lock(mutex_);
      timer = timer_;
    }
    options_.idle->Stop(timer);
    delete this;
  }

 private:
  using Milliseconds = std::chrono::milliseconds;

  // How long a batch waits when the queue to the log is full; doubled up to the latter.
  static constexpr Milliseconds kFirstPause{5};
  static constexpr Milliseconds kLongestPause{160};

  // With the mutex held, as the next five: no more batches are taken.
  bool IsEnding() const { return is_broken_ || is_silent_ || window_.has_failure(); }

  bool MayRead() const {
    return !is_reading_ && !is_taking_ && !is_half_closed_ && !IsEnding() && window_.HasRoom();
  }

  bool MayWrite() const {
    return !is_writing_ && !is_broken_ && !is_silent_ && window_.HasAcknowledgement();
  }

  // Nothing of the stream is under way but perhaps a read, which ends with the stream.
  bool MayFinish() const {
    if (is_finished_ || proceeding_ > 0 || is_writing_ || is_taking_ || window_.unsettled() > 0)
      return false;
    return is_broken_ || is_silent_ || !window_.failure().ok() ||
           (is_half_closed_ && window_.empty());
  }

  absl::Status Outcome() const {
    if (is_silent_) return absl::DeadlineExceededError("no batch came for too long");
    if (is_broken_) return absl::CancelledError("the call was cancelled");
    return window_.failure();
  }

  void WatchSilence() {
    seen_events_ = events_;
    timer_ = options_.idle->Start([this] { EndIfSilent(); });
  }

  // Starts what can be started now. The stream may be gone afterwards.
  void Proceed() {
    bool reads = false;
    bool writes = false;
    {
      std::lock_guard lock(mutex_);
      if (is_finished_) return;
      ++proceeding_;
      reads = MayRead();
      writes = MayWrite();
      is_reading_ = is_reading_ || reads;
      is_writing_ = is_writing_ || writes;
      if (writes) {
        uint64_t batch_id = 0;
        *response_.mutable_result() = window_.TakeResult(&batch_id);
        response_.set_batch_id(batch_id);
      }
    }
    if (writes) this->StartWrite(&response_);
    if (reads) this->StartRead(&request_);
    absl::Status outcome;
    {
      std::lock_guard lock(mutex_);
      --proceeding_;
      if (!MayFinish()) return;
      is_finished_ = true;
      outcome = Outcome();
    }
    // The header of a refusal may have gone with the first acknowledgement.
    if (const std::string seconds = rpc::RetryAfterOf(outcome); !seconds.empty())
      options_.context->AddTrailingMetadata(rpc::kRetryAfterMetadata, seconds);
    this->Finish(rpc::Dispatcher::Conclude(call_.get(), outcome));
  }

  void SubmitBatch() {
    if (options_.dispatcher->workers().TrySubmit([this] { TakeBatch(); })) return;
    Refuse(absl::ResourceExhaustedError("too many calls are waiting; try again later"));
  }

  // On a worker.
  void TakeBatch() {
    if (!GoesOn()) return;
    if (!is_charged_) {
      if (absl::Status charged = options_.dispatcher->ChargeMessage(call_.get(), request_);
          !charged.ok()) {
        Refuse(std::move(charged));
        return;
      }
      is_charged_ = true;
    }
    absl::StatusOr<PreparedWrite> write =
        ReadTypedBatch(request_, options_.path->Receive(0, request_.wait()));
    if (write.ok()) {
      Queue(*std::move(write));
    } else {
      Refuse(write.status());
    }
  }

  // Whether the batch is still to be taken. The stream may be gone when it is not.
  bool GoesOn() {
    {
      std::lock_guard lock(mutex_);
      if (!IsEnding()) return true;
      is_taking_ = false;
    }
    Proceed();
    return false;
  }

  // Ends the stream with `status` once the batches before this one are acknowledged.
  void Refuse(absl::Status status) {
    {
      std::lock_guard lock(mutex_);
      window_.Settle(window_.Add(request_.batch_id(), 0), std::move(status));
      is_taking_ = false;
    }
    Proceed();
  }

  void Queue(PreparedWrite write) {
    PushWindow::Ticket ticket = 0;
    {
      std::lock_guard lock(mutex_);
      ticket = window_.Add(request_.batch_id(), write.bytes);
      found_no_room_ = false;
    }
    options_.path->WriteAndWait(std::move(write), request_.wait(), call_->deadline(),
                                [this, ticket](absl::StatusOr<v1::WriteResult> result) {
                                  Settle(ticket, std::move(result));
                                });
    bool tries_again = false;
    {
      std::lock_guard lock(mutex_);
      tries_again = found_no_room_;
      is_taking_ = tries_again;
      // The stream must not end before the pause is set.
      if (tries_again) ++proceeding_;
    }
    if (tries_again) Pause();
    Proceed();
  }

  // A queue without room refuses within Queue: the batch did not come then, it comes later.
  void Settle(PushWindow::Ticket ticket, absl::StatusOr<v1::WriteResult> result) {
    {
      std::lock_guard lock(mutex_);
      ++events_;
      if (absl::IsResourceExhausted(result.status())) {
        window_.TakeBackLast();
        found_no_room_ = true;
        return;
      }
      window_.Settle(ticket, std::move(result));
    }
    Proceed();
  }

  void Pause() {
    pause_.Set(std::chrono::system_clock::now() + pause_length_,
               [this](bool /*is_over*/) { SubmitBatch(); });
    // OnCancel may have come before there was a pause to end.
    if (options_.context->IsCancelled()) pause_.Cancel();
    std::lock_guard lock(mutex_);
    pause_length_ = std::min(2 * pause_length_, kLongestPause);
    --proceeding_;
  }

  // The timer is over.
  void EndIfSilent() {
    bool is_stuck = false;
    {
      std::lock_guard lock(mutex_);
      if (is_finished_) return;
      if (events_ != seen_events_ || is_taking_ || window_.unsettled() > 0) {
        WatchSilence();
        return;
      }
      is_silent_ = true;
      is_stuck = is_writing_;
    }
    // A client that takes no acknowledgements does not take the status either.
    if (is_stuck) {
      options_.context->TryCancel();
    } else {
      Proceed();
    }
  }

  const Options options_;
  std::shared_ptr<rpc::CallContext> call_;
  Request request_;    // of the read or of the batch that is being taken
  Response response_;  // of the write
  grpc::Alarm pause_;
  bool is_charged_ = false;  // the batch that is being taken

  std::mutex mutex_;  // guards all below
  PushWindow window_;
  bool is_reading_ = false;
  bool is_taking_ = false;  // a batch was read and is not queued yet
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
