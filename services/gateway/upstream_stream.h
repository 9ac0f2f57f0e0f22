// services/gateway/upstream_stream.h: one HTTP request on its way through a gRPC call that streams,
// up, down or both.
//
// Internal to gateway.cc.
#ifndef CLV_SERVICES_GATEWAY_UPSTREAM_STREAM_H_
#define CLV_SERVICES_GATEWAY_UPSTREAM_STREAM_H_

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/client_callback.h"
#include "grpcpp/support/status.h"
#include "services/gateway/request_messages.h"
#include "services/gateway/stream_framing.h"
#include "services/gateway/upstream_request.h"

namespace clv::gateway {

// Asks for a piece of the body only when the call has taken what came of the one before, and reads
// a message only when the client has taken the one before, so that the slower side slows the other
// down. Both directions go on at the same time.
//
// The call begins when enough of the body is there to be one. An error before the answer has begun
// is answered as one of a unary call. Behind its messages an error closes a JSON body normally, as
// Envoy does, and breaks the connection where the body is an HttpBody, so that no client takes a
// part for the whole. Keeps itself alive until the call is done; cancels it when the client leaves.
class UpstreamStream final : private grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                             public std::enable_shared_from_this<UpstreamStream> {
 public:
  UpstreamStream(UpstreamRequest request, RequestMessages messages, const PrintOptions& print);

  // Makes the call over `stub`, which outlives it. Call once.
  void Start(grpc::GenericStub& stub);

 private:
  using OnPieceWanted = std::function<void(AnswerPiece)>;

  // The way up. One thing happens at a time: a piece is awaited, or a write is under way.
  void ReadPiece();
  void OnPiece(BodyPiece piece);
  void BeginUpstream();
  void WriteNext();
  void StopWriting();
  void StopWritingLocked();
  void Refuse(const absl::Status& why);
  void OnWriteDone(bool ok) override;

  // The way down.
  void OnReadInitialMetadataDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnMessage(bool ok);
  void BeginAnswer(HttpResponse head);
  void BeginHttpBodyAnswer();
  void Ask(OnPieceWanted on_piece);
  void GiveMessage(OnPieceWanted on_piece);
  void Read();
  void Break(const OnPieceWanted& on_piece);
  AnswerPiece LastPiece(const grpc::Status& status);

  void Abandon();
  // Lets the call end: nothing is read any more. Idempotent.
  void StopReading();
  void OnDone(const grpc::Status& status) override;

  UpstreamRequest request_;  // first, because its ticket outlives the context
  RequestMessages messages_;
  StreamFraming framing_;
  const bool wants_trailers_;
  grpc::GenericStub* stub_ = nullptr;  // until the call begins
  grpc::ClientContext context_;
  grpc::ByteBuffer message_out_;  // being written
  grpc::ByteBuffer message_in_;   // being read, or read and not given yet
  bool replied_ = false;          // of a call that answers once

  std::mutex mutex_;
  std::shared_ptr<UpstreamStream> self_;  // guarded by mutex_; from the call's begin until OnDone
  bool writing_ = false;              // guarded by mutex_; the call is held open for more writes
  bool held_for_reads_ = false;       // guarded by mutex_; the same for more reads
  bool has_metadata_ = false;         // guarded by mutex_; the initial ones, or there are none
  std::optional<bool> read_;          // guarded by mutex_; a read that was done before that
  bool reading_ = false;              // guarded by mutex_
  bool ready_ = false;                // guarded by mutex_; `message_in_` is to be given
  bool answered_ = false;             // guarded by mutex_; the answer has begun
  bool abandoned_ = false;            // guarded by mutex_; nobody asks for a piece any more
  OnPieceWanted on_piece_;            // guarded by mutex_; what has been asked for
  std::optional<AnswerPiece> final_;  // guarded by mutex_; the call is done, nobody has asked yet
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_UPSTREAM_STREAM_H_
