#include "services/gateway/upstream_stream.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace clv::gateway {
namespace {

bool TakesTrailers(const HttpRequest& request) {
  const std::string* te = FindHeader(request.headers, "te");
  return te != nullptr && absl::StrContains(absl::AsciiStrToLower(*te), "trailers");
}

}  // namespace

UpstreamStream::UpstreamStream(UpstreamRequest request, RequestMessages messages,
                               const PrintOptions& print)
    : request_(std::move(request)),
      messages_(std::move(messages)),
      framing_(print),
      wants_trailers_(TakesTrailers(request_.exchange->request())) {}

void UpstreamStream::Start(grpc::GenericStub& stub) {
  stub_ = &stub;
  if (!messages_.began()) return ReadPiece();
  BeginUpstream();
  WriteNext();
}

void UpstreamStream::BeginUpstream() {
  BeginCall(request_, context_);
  {
    const std::lock_guard lock(mutex_);
    self_ = shared_from_this();
    writing_ = true;
    held_for_reads_ = true;
    reading_ = true;
  }
  std::exchange(stub_, nullptr)
      ->PrepareBidiStreamingCall(&context_, request_.rule.grpc_path, grpc::StubOptions(), this);
  // Writes and later reads start outside of reactions.
  AddMultipleHolds(2);
  StartRead(&message_in_);
  StartCall();
  // Only now: gRPC does not like a call to be cancelled before it has begun.
  request_.exchange->OnAbandoned([call = shared_from_this()] { call->Abandon(); });
}

void UpstreamStream::ReadPiece() {
  request_.exchange->ReadBody(
      [call = shared_from_this()](BodyPiece piece) { call->OnPiece(std::move(piece)); });
}

void UpstreamStream::OnPiece(BodyPiece piece) {
  const absl::Status fed = messages_.Feed(std::move(piece));
  if (!fed.ok()) return Refuse(fed);
  if (stub_ != nullptr) {
    if (!messages_.began()) return ReadPiece();
    BeginUpstream();
  }
  WriteNext();
}

void UpstreamStream::WriteNext() {
  {
    const std::lock_guard lock(mutex_);
    if (!writing_) return;
    std::optional<grpc::ByteBuffer> next = messages_.Take();
    if (next.has_value()) message_out_ = *std::move(next);
    if (messages_.ended()) {
      next.has_value() ? StartWriteLast(&message_out_, grpc::WriteOptions()) : StartWritesDone();
      return StopWritingLocked();
    }
    if (next.has_value()) return StartWrite(&message_out_);
  }
  ReadPiece();
}

void UpstreamStream::StopWriting() {
  const std::lock_guard lock(mutex_);
  StopWritingLocked();
}

void UpstreamStream::StopWritingLocked() {
  if (std::exchange(writing_, false)) RemoveHold();
}

// The body is no stream of the rule's messages. Where the answer has begun already, it breaks.
void UpstreamStream::Refuse(const absl::Status& why) {
  OnPieceWanted on_piece;
  bool answered = false;
  bool begun = false;
  {
    const std::lock_guard lock(mutex_);
    answered = std::exchange(answered_, true);
    begun = held_for_reads_ || writing_;
    on_piece = std::exchange(on_piece_, nullptr);
    abandoned_ = true;
    if (answered && !on_piece) final_ = AnswerPiece{.broken = true};
  }
  if (!answered) {
    request_.exchange->Respond(request_.answer.Refuse(why, request_.target));
  } else if (on_piece) {
    on_piece({.broken = true});
  }
  if (begun) Abandon();
}

void UpstreamStream::OnWriteDone(bool ok) {
  message_out_.Clear();
  // A write fails because the call has ended; its status is on the way.
  if (!ok) return StopWriting();
  WriteNext();
}

// Not ok: there are none, the call has failed.
void UpstreamStream::OnReadInitialMetadataDone(bool ok) {
  const bool came_first =
      ok && (!request_.in_process || !context_.GetServerInitialMetadata().empty());
  if (came_first && request_.rule.streams_reply && !request_.rule.reply_is_http_body) {
    BeginAnswer(
        request_.answer.StreamHead(context_.GetServerInitialMetadata(), framing_.content_type()));
  }
  bool has_read = false;
  bool read_ok = false;
  {
    const std::lock_guard lock(mutex_);
    has_metadata_ = true;
    has_read = read_.has_value();
    if (has_read) read_ok = *std::exchange(read_, std::nullopt);
  }
  if (has_read) OnMessage(read_ok);
}

// A message may be here before the metadata that belong in front of it.
void UpstreamStream::OnReadDone(bool ok) {
  {
    const std::lock_guard lock(mutex_);
    if (!has_metadata_) {
      read_ = ok;
      return;
    }
  }
  OnMessage(ok);
}

void UpstreamStream::OnMessage(bool ok) {
  OnPieceWanted on_piece;
  bool goes_on = false;
  bool answered = false;
  {
    const std::lock_guard lock(mutex_);
    reading_ = false;
    goes_on = ok && !abandoned_;
    answered = answered_;
    ready_ = goes_on;
    if (goes_on && answered) on_piece = std::exchange(on_piece_, nullptr);
  }
  if (!request_.rule.streams_reply) {
    // Either the reply is there or there will be none: the service wants no more of the body.
    replied_ = ok;
    goes_on = false;
  }
  if (!goes_on) {
    StopWriting();
    return StopReading();
  }
  if (!answered && request_.rule.reply_is_http_body) return BeginHttpBodyAnswer();
  if (!answered) {
    return BeginAnswer(
        request_.answer.StreamHead(context_.GetServerInitialMetadata(), framing_.content_type()));
  }
  if (on_piece) GiveMessage(std::move(on_piece));
}

void UpstreamStream::BeginAnswer(HttpResponse head) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(answered_, true)) return;
  }
  request_.exchange->RespondInPieces(
      std::move(head),
      [call = shared_from_this()](OnPieceWanted on_piece) { call->Ask(std::move(on_piece)); });
}

// The content type of the answer is that of its first message.
void UpstreamStream::BeginHttpBodyAnswer() {
  absl::StatusOr<HttpResponse> head =
      request_.answer.HttpBodyHead(request_.rule, context_.GetServerInitialMetadata(), message_in_);
  if (head.ok()) return BeginAnswer(*std::move(head));
  {
    const std::lock_guard lock(mutex_);
    answered_ = true;
    abandoned_ = true;
  }
  request_.exchange->Respond(request_.answer.BadReply(head.status(), request_.target));
  Abandon();
}

void UpstreamStream::Ask(OnPieceWanted on_piece) {
  bool ready = false;
  std::optional<AnswerPiece> last;
  {
    const std::lock_guard lock(mutex_);
    ready = ready_;
    last = std::exchange(final_, std::nullopt);
    if (!ready && !last.has_value()) on_piece_ = std::exchange(on_piece, nullptr);
  }
  if (last.has_value()) return on_piece(*std::move(last));
  if (ready) return GiveMessage(std::move(on_piece));
  Read();
}

void UpstreamStream::Read() {
  {
    const std::lock_guard lock(mutex_);
    if (!held_for_reads_ || reading_) return;
    reading_ = true;
  }
  StartRead(&message_in_);
}

void UpstreamStream::GiveMessage(OnPieceWanted on_piece) {
  std::optional<std::string> bytes = request_.answer.Piece(request_.rule, message_in_);
  if (!bytes.has_value()) return Break(on_piece);
  const bool gap = request_.rule.reply_is_http_body && bytes->empty();
  {
    const std::lock_guard lock(mutex_);
    ready_ = false;
    if (gap) on_piece_ = std::move(on_piece);
  }
  if (gap) return Read();
  if (!request_.rule.reply_is_http_body) *bytes = framing_.Frame(*std::move(bytes));
  on_piece({.bytes = *std::move(bytes)});
}

void UpstreamStream::Break(const OnPieceWanted& on_piece) {
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
  }
  on_piece({.broken = true});
  Abandon();
}

void UpstreamStream::Abandon() {
  context_.TryCancel();
  StopWriting();
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    // A read that is under way fails now, and its reaction lets the call end.
    if (reading_) return;
  }
  StopReading();
}

void UpstreamStream::StopReading() {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(held_for_reads_, false)) return;
  }
  RemoveHold();
}

AnswerPiece UpstreamStream::LastPiece(const grpc::Status& status) {
  if (request_.rule.reply_is_http_body && !status.ok()) return {.broken = true};
  AnswerPiece piece{.last = true};
  if (!request_.rule.reply_is_http_body) {
    piece.bytes = status.ok() || framing_.has_messages()
                      ? framing_.End()
                      : request_.answer.LateFailure(status, framing_.End());
  }
  if (wants_trailers_)
    piece.trailers = request_.answer.Trailers(context_.GetServerTrailingMetadata(), status);
  return piece;
}

void UpstreamStream::OnDone(const grpc::Status& status) {
  request_.ticket.End();
  std::shared_ptr<UpstreamStream> self;
  OnPieceWanted on_piece;
  bool answered = false;
  {
    const std::lock_guard lock(mutex_);
    self = std::move(self_);
    answered = answered_;
    on_piece = std::exchange(on_piece_, nullptr);
    // Where the client has left, or has been told of a break, nobody asks.
    if (answered && !on_piece && !abandoned_) final_ = LastPiece(status);
  }
  if (on_piece) {
    on_piece(LastPiece(status));
  } else if (!answered && request_.rule.streams_reply) {
    request_.exchange->Respond(request_.answer.MakeStreamless(
        request_.rule, request_.target, MetadataOf(context_), status, framing_));
  } else if (!answered) {
    const grpc::Status ended =
        status.ok() && !replied_
            ? grpc::Status(grpc::StatusCode::INTERNAL, "The service has ended without a reply.")
            : status;
    request_.exchange->Respond(request_.answer.Make(request_.rule, request_.target,
                                                    MetadataOf(context_), ended, message_in_));
  }
}

}  // namespace clv::gateway
