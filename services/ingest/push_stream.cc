#include "services/ingest/push_stream.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/rpc/v0_reply.h"
#include "services/ingest/push_batch.h"

namespace clv::ingest {
namespace {

// The bytes of a message in one piece: its own where they are one, else copied.
absl::StatusOr<grpc::Slice> InOnePiece(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (buffer.TrySingleSlice(&slice).ok()) return slice;
  if (!buffer.DumpToSingleSlice(&slice).ok()) return absl::InternalError("a message is lost");
  return slice;
}

}  // namespace

PushStream::PushStream(Options options, absl::StatusOr<std::shared_ptr<rpc::CallContext>> call)
    : options_(std::move(options)), window_(options_.limits) {
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

void PushStream::OnReadDone(bool ok) {
  {
    std::lock_guard lock(mutex_);
    ++events_;
    is_reading_ = false;
    is_read_ = ok;
    is_half_closed_ = is_half_closed_ || !ok;
  }
  Proceed();
}

void PushStream::OnWriteDone(bool ok) {
  {
    std::lock_guard lock(mutex_);
    ++events_;
    is_writing_ = false;
    is_broken_ = is_broken_ || !ok;
    window_.Drop();
  }
  Proceed();
}

void PushStream::OnCancel() {
  {
    std::lock_guard lock(mutex_);
    is_broken_ = true;
  }
  pause_.Cancel();
  Proceed();
}

void PushStream::OnDone() {
  IdleWatch::Timer timer = 0;
  {
    std::lock_guard lock(mutex_);
    timer = timer_;
  }
  options_.idle->Stop(timer);
  delete this;
}

bool PushStream::MayTake() const {
  return is_read_ && !is_taking_ && !IsEnding() && window_.HasRoom();
}

bool PushStream::MayRead() const {
  return !is_reading_ && !is_read_ && !is_half_closed_ && !IsEnding() && window_.HasRoom();
}

bool PushStream::MayWrite() const {
  return !is_writing_ && !is_broken_ && !is_silent_ && window_.HasAcknowledgement();
}

bool PushStream::MayFinish() const {
  if (is_finished_ || proceeding_ > 0 || is_writing_ || is_taking_ || window_.unsettled() > 0)
    return false;
  return is_broken_ || is_silent_ || !window_.failure().ok() ||
         (is_half_closed_ && !is_read_ && window_.empty());
}

absl::Status PushStream::Outcome() const {
  if (is_silent_) return absl::DeadlineExceededError("no batch came for too long");
  if (is_broken_) return absl::CancelledError("the call was cancelled");
  return window_.failure();
}

void PushStream::WatchSilence() {
  seen_events_ = events_;
  timer_ = options_.idle->Start([this] { EndIfSilent(); });
}

void PushStream::Proceed() {
  bool takes = false;
  bool reads = false;
  bool writes = false;
  {
    std::lock_guard lock(mutex_);
    if (is_finished_) return;
    ++proceeding_;
    takes = MayTake();
    if (takes) {
      is_read_ = false;
      is_taking_ = true;
      is_charged_ = false;
      batch_id_ = 0;
      pause_length_ = kFirstPause;
      taken_.Swap(&request_);
    }
    reads = MayRead();
    writes = MayWrite();
    is_reading_ = is_reading_ || reads;
    is_writing_ = is_writing_ || writes;
    if (writes) {
      uint64_t batch_id = 0;
      v1::WriteResult result = window_.TakeResult(&batch_id);
      response_ = options_.acknowledge(batch_id, std::move(result));
    }
  }
  if (takes) SubmitBatch();
  if (writes) this->StartWrite(&response_);
  if (reads) {
    request_.Clear();
    this->StartRead(&request_);
  }
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

void PushStream::SubmitBatch() {
  if (options_.dispatcher->workers().TrySubmit([this] { TakeBatch(); })) return;
  Refuse(absl::ResourceExhaustedError("too many calls are waiting; try again later"));
}

void PushStream::TakeBatch() {
  if (!GoesOn()) return;
  if (!is_charged_) {
    if (absl::Status charged =
            options_.dispatcher->ChargeMessage(call_.get(), [this] { return taken_.Length(); });
        !charged.ok()) {
      Refuse(std::move(charged));
      return;
    }
    is_charged_ = true;
  }
  bool wait = false;
  absl::StatusOr<PreparedWrite> write = ReadBatch(&wait);
  if (write.ok()) {
    Queue(*std::move(write), wait);
  } else {
    Refuse(write.status());
  }
}

absl::StatusOr<PreparedWrite> PushStream::ReadBatch(bool* wait) {
  CLV_ASSIGN_OR_RETURN(const grpc::Slice message, InOnePiece(taken_));
  CLV_ASSIGN_OR_RETURN(const PushBatch batch,
                       ReadPushBatch(std::string_view(
                           reinterpret_cast<const char*>(message.begin()), message.size())));
  batch_id_ = batch.batch_id;
  *wait = batch.wait;
  return ReadTypedBatch(batch, options_.data_source, options_.path->Receive(0, batch.wait));
}

bool PushStream::GoesOn() {
  {
    std::lock_guard lock(mutex_);
    if (!IsEnding()) return true;
    is_taking_ = false;
  }
  Proceed();
  return false;
}

void PushStream::Refuse(absl::Status status) {
  {
    std::lock_guard lock(mutex_);
    window_.Settle(window_.Add(batch_id_, 0), std::move(status));
    is_taking_ = false;
  }
  Proceed();
}

void PushStream::Queue(PreparedWrite write, bool wait) {
  PushWindow::Ticket ticket = 0;
  {
    std::lock_guard lock(mutex_);
    ticket = window_.Add(batch_id_, write.bytes);
    found_no_room_ = false;
  }
  options_.path->WriteAndWait(std::move(write), wait, call_->deadline(),
                              [this, ticket](absl::StatusOr<v1::WriteResult> result) {
                                Settle(ticket, std::move(result));
                              });
  bool tries_again = false;
  {
    std::lock_guard lock(mutex_);
    tries_again = found_no_room_;
    is_taking_ = tries_again;
    if (!tries_again) taken_.Clear();
    // The stream must not end before the pause is set.
    if (tries_again) ++proceeding_;
  }
  if (tries_again) Pause();
  Proceed();
}

void PushStream::Settle(PushWindow::Ticket ticket, absl::StatusOr<v1::WriteResult> result) {
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

void PushStream::Pause() {
  pause_.Set(std::chrono::system_clock::now() + pause_length_,
             [this](bool /*is_over*/) { SubmitBatch(); });
  // OnCancel may have come before there was a pause to end.
  if (options_.context->IsCancelled()) pause_.Cancel();
  std::lock_guard lock(mutex_);
  pause_length_ = std::min(2 * pause_length_, kLongestPause);
  --proceeding_;
}

void PushStream::EndIfSilent() {
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

}  // namespace clv::ingest
