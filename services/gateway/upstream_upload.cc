#include "services/gateway/upstream_upload.h"

#include <string_view>
#include <utility>

#include "services/gateway/header_mapping.h"

namespace clv::gateway {

UpstreamUpload::UpstreamUpload(const UpstreamAnswer& answer, CallCounter& counter,
                               std::shared_ptr<HttpExchange> exchange, const HttpRule& rule,
                               std::string target, std::string bindings)
    : answer_(answer),
      counter_(counter),
      exchange_(std::move(exchange)),
      rule_(rule),
      target_(std::move(target)),
      bindings_(std::move(bindings)) {}

void UpstreamUpload::Start(grpc::GenericStub& stub,
                           std::chrono::system_clock::time_point deadline) {
  for (const HttpHeader& entry : RequestMetadata(exchange_->request(), target_)) {
    context_.AddMetadata(entry.name, entry.value);
  }
  context_.set_deadline(deadline);
  counter_.Begin();
  self_ = shared_from_this();
  exchange_->OnAbandoned([call = self_] { call->context_.TryCancel(); });
  stub.PrepareBidiStreamingCall(&context_, rule_.grpc_path, grpc::StubOptions(), this);
  AddHold();
  StartRead(&reply_);
  StartCall();
  ReadPiece();
}

void UpstreamUpload::ReadPiece() {
  exchange_->ReadBody(
      [call = shared_from_this()](BodyPiece piece) { call->OnPiece(std::move(piece)); });
}

void UpstreamUpload::OnPiece(BodyPiece piece) {
  const std::lock_guard lock(mutex_);
  if (!writing_) return;
  if (piece.bytes.empty() && !first_) {
    StartWritesDone();
    return StopWritingLocked();
  }
  message_ = Encode(std::move(piece.bytes));
  if (!piece.last) return StartWrite(&message_);
  StartWriteLast(&message_, grpc::WriteOptions());
  StopWritingLocked();
}

grpc::ByteBuffer UpstreamUpload::Encode(std::string data) {
  Transcoder::Piece piece;
  if (std::exchange(first_, false)) {
    piece.bindings = std::move(bindings_);
    const std::string* content_type = FindHeader(exchange_->request().headers, "content-type");
    if (content_type != nullptr) piece.content_type = *content_type;
  }
  piece.data = std::move(data);
  return Transcoder::EncodePiece(rule_, std::move(piece));
}

void UpstreamUpload::StopWriting() {
  const std::lock_guard lock(mutex_);
  StopWritingLocked();
}

void UpstreamUpload::StopWritingLocked() {
  if (std::exchange(writing_, false)) RemoveHold();
}

void UpstreamUpload::OnWriteDone(bool ok) {
  message_.Clear();
  // A write fails because the call has ended; its status is on the way.
  if (!ok) return StopWriting();
  {
    const std::lock_guard lock(mutex_);
    if (!writing_) return;
  }
  ReadPiece();
}

// Either the reply is there or there will be none: the service wants no more of the body.
void UpstreamUpload::OnReadDone(bool ok) {
  replied_ = ok;
  StopWriting();
}

void UpstreamUpload::OnDone(const grpc::Status& status) {
  const std::shared_ptr<UpstreamUpload> self = std::move(self_);
  const grpc::Status ended =
      status.ok() && !replied_
          ? grpc::Status(grpc::StatusCode::INTERNAL, "The service has ended without a reply.")
          : status;
  exchange_->Respond(answer_.Make(rule_, target_, context_, ended, reply_));
  counter_.End();
}

}  // namespace clv::gateway
