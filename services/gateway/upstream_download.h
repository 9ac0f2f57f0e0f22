// services/gateway/upstream_download.h: one HTTP request whose answer comes down in pieces, on its
// way through a gRPC call that streams from the server.
//
// Internal to gateway.cc.
#ifndef CLV_SERVICES_GATEWAY_UPSTREAM_DOWNLOAD_H_
#define CLV_SERVICES_GATEWAY_UPSTREAM_DOWNLOAD_H_

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/client_callback.h"
#include "grpcpp/support/status.h"
#include "services/gateway/call_counter.h"
#include "services/gateway/http_types.h"
#include "services/gateway/transcoder.h"
#include "services/gateway/upstream_answer.h"

namespace clv::gateway {

// Reads a message only when the client has taken the one before, so that a slow client slows the
// service down. An error before the first message is answered as one of a unary call; one after it
// breaks the connection, so that no client takes a part for the whole. Keeps itself alive until the
// call is done. Cancels the call when the client leaves.
class UpstreamDownload final : private grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                               public std::enable_shared_from_this<UpstreamDownload> {
 public:
  // As UpstreamCall.
  UpstreamDownload(const UpstreamAnswer& answer, CallCounter& counter,
                   std::shared_ptr<HttpExchange> exchange, const HttpRule& rule,
                   std::string target);

  // Sends `request` and passes on what comes. `deadline` bounds the whole of it. Call once.
  void Start(grpc::GenericStub& stub, grpc::ByteBuffer request,
             std::chrono::system_clock::time_point deadline);

 private:
  using OnPiece = std::function<void(AnswerPiece)>;

  void BeginAnswer();
  void GivePiece();
  void Ask(OnPiece on_piece);
  void Read();
  void Abandon();
  // Lets the call end: nothing is read any more. Idempotent.
  void Release();

  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  const UpstreamAnswer& answer_;
  CallCounter& counter_;
  const std::shared_ptr<HttpExchange> exchange_;
  const HttpRule& rule_;
  const std::string target_;
  std::shared_ptr<UpstreamDownload> self_;  // until OnDone
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer message_;  // being read
  std::string first_;         // piece, until it is asked for
  bool answered_ = false;     // with a head, or as a whole

  std::mutex mutex_;
  bool reading_ = true;     // guarded by mutex_
  bool held_ = true;        // guarded by mutex_; the call is held open for more reads
  bool abandoned_ = false;  // guarded by mutex_; nobody asks for a piece any more
  OnPiece on_piece_;        // guarded by mutex_; what has been asked for
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_UPSTREAM_DOWNLOAD_H_
