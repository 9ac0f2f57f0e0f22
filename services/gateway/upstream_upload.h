// services/gateway/upstream_upload.h: one HTTP request whose body goes up in pieces, on its way
// through a gRPC call that streams from the client.
//
// Internal to gateway.cc.
#ifndef CLV_SERVICES_GATEWAY_UPSTREAM_UPLOAD_H_
#define CLV_SERVICES_GATEWAY_UPSTREAM_UPLOAD_H_

#include <chrono>
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

// Asks for a piece of the body only when the call has taken the one before, so that a slow service
// slows its client down. Keeps itself alive until the call is done. Cancels the call when the
// client leaves; answers as soon as the service has ended, whether or not the body has.
class UpstreamUpload final : private grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                             public std::enable_shared_from_this<UpstreamUpload> {
 public:
  // `answer` and `counter` outlive the call. `target` is the path and query of the request, without
  // scheme and host; `bindings` is what Transcoder::EncodeBindings made of it.
  UpstreamUpload(const UpstreamAnswer& answer, CallCounter& counter,
                 std::shared_ptr<HttpExchange> exchange, const HttpRule& rule, std::string target,
                 std::string bindings);

  // Begins the call and reads the body. `deadline` bounds the whole of it. Call once.
  void Start(grpc::GenericStub& stub, std::chrono::system_clock::time_point deadline);

 private:
  void ReadPiece();
  void OnPiece(BodyPiece piece);
  grpc::ByteBuffer Encode(std::string data);
  void StopWriting();
  void StopWritingLocked();

  void OnWriteDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  const UpstreamAnswer& answer_;
  CallCounter& counter_;
  const std::shared_ptr<HttpExchange> exchange_;
  const HttpRule& rule_;
  const std::string target_;
  std::string bindings_;
  std::shared_ptr<UpstreamUpload> self_;  // until OnDone
  grpc::ClientContext context_;
  grpc::ByteBuffer message_;  // being written
  grpc::ByteBuffer reply_;
  bool replied_ = false;
  bool first_ = true;  // nothing was written yet

  std::mutex mutex_;
  bool writing_ = true;  // guarded by mutex_; while set the call is held open for more pieces
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_UPSTREAM_UPLOAD_H_
