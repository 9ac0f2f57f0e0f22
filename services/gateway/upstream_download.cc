#include "services/gateway/upstream_download.h"

#include <optional>
#include <utility>

#include "services/gateway/header_mapping.h"

namespace clv::gateway {

UpstreamDownload::UpstreamDownload(const UpstreamAnswer& answer, CallCounter& counter,
                                   std::shared_ptr<HttpExchange> exchange, const HttpRule& rule,
                                   std::string target)
    : answer_(answer),
      counter_(counter),
      exchange_(std::move(exchange)),
      rule_(rule),
      target_(std::move(target)) {}

void UpstreamDownload::Start(grpc::GenericStub& stub, grpc::ByteBuffer request,
                             std::chrono::system_clock::time_point deadline) {
  for (const HttpHeader& entry : RequestMetadata(exchange_->request(), target_)) {
    context_.AddMetadata(entry.name, entry.value);
  }
  context_.set_deadline(deadline);
  request_ = std::move(request);
  counter_.Begin();
  self_ = shared_from_this();
  exchange_->OnAbandoned([call = self_] { call->Abandon(); });
  stub.PrepareBidiStreamingCall(&context_, rule_.grpc_path, grpc::StubOptions(), this);
  // Reads start outside of reactions.
  AddHold();
  StartWriteLast(&request_, grpc::WriteOptions());
  StartRead(&message_);
  StartCall();
}

void UpstreamDownload::OnReadDone(bool ok) {
  bool goes_on = false;
  {
    const std::lock_guard lock(mutex_);
    reading_ = false;
    goes_on = ok && !abandoned_;
  }
  if (!goes_on) return Release();
  if (answered_) {
    GivePiece();
  } else {
    BeginAnswer();
  }
}

void UpstreamDownload::BeginAnswer() {
  answered_ = true;
  UpstreamAnswer::Begun begun = answer_.Begin(rule_, target_, context_, message_);
  if (!begun.is_well) {
    exchange_->Respond(std::move(begun.head));
    context_.TryCancel();
    return Release();
  }
  first_ = std::move(begun.bytes);
  exchange_->RespondInPieces(std::move(begun.head), [call = shared_from_this()](OnPiece on_piece) {
    call->Ask(std::move(on_piece));
  });
}

void UpstreamDownload::Ask(OnPiece on_piece) {
  if (!first_.empty()) return on_piece({.bytes = std::exchange(first_, {})});
  {
    const std::lock_guard lock(mutex_);
    on_piece_ = std::move(on_piece);
  }
  Read();
}

void UpstreamDownload::Read() {
  {
    const std::lock_guard lock(mutex_);
    if (!held_) return;
    reading_ = true;
  }
  StartRead(&message_);
}

void UpstreamDownload::GivePiece() {
  std::optional<std::string> bytes = answer_.Piece(rule_, message_);
  if (bytes && bytes->empty()) return Read();
  OnPiece on_piece;
  {
    const std::lock_guard lock(mutex_);
    on_piece = std::exchange(on_piece_, nullptr);
  }
  if (bytes) return on_piece({.bytes = *std::move(bytes)});
  on_piece({.broken = true});
  context_.TryCancel();
  Release();
}

void UpstreamDownload::Abandon() {
  context_.TryCancel();
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    // A read that is under way fails now, and its reaction lets the call end.
    if (reading_) return;
  }
  Release();
}

void UpstreamDownload::Release() {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(held_, false)) return;
  }
  RemoveHold();
}

void UpstreamDownload::OnDone(const grpc::Status& status) {
  const std::shared_ptr<UpstreamDownload> self = std::move(self_);
  if (!answered_) {
    // Without a message the answer of a stream that ended well is empty.
    exchange_->Respond(answer_.Make(rule_, target_, context_, status, grpc::ByteBuffer()));
  } else {
    OnPiece on_piece;
    {
      const std::lock_guard lock(mutex_);
      on_piece = std::exchange(on_piece_, nullptr);
    }
    // Where nobody asks, the client has left, or has been told of the break.
    if (on_piece) on_piece({.last = status.ok(), .broken = !status.ok()});
  }
  counter_.End();
}

}  // namespace clv::gateway
