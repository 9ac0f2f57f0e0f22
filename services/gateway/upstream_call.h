// services/gateway/upstream_call.h: one HTTP request on its way through a gRPC call.
//
// Internal to gateway.cc.
#ifndef CLV_SERVICES_GATEWAY_UPSTREAM_CALL_H_
#define CLV_SERVICES_GATEWAY_UPSTREAM_CALL_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "services/gateway/error_reply.h"
#include "services/gateway/http_types.h"
#include "services/gateway/transcoder.h"

namespace clv::gateway {

// Counts the calls under way, so that shutting down can wait for them. Thread-safe.
class CallCounter {
 public:
  void Begin();
  void End();
  void WaitUntilNone();

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  int calls_ = 0;  // guarded by mutex_
};

// Owns what the call needs until its callback has run. Cancels the call when the client leaves.
class UpstreamCall : public std::enable_shared_from_this<UpstreamCall> {
 public:
  // What all calls of a gateway share; outlives them.
  struct Environment {
    const Transcoder& transcoder;
    const ErrorReply& errors;
    bool suite_headers;
    CallCounter& counter;
  };

  // `target` is the path and query of the request, without scheme and host. `deadline` bounds the
  // call.
  UpstreamCall(const Environment& environment, std::shared_ptr<HttpExchange> exchange,
               const HttpRule& rule, std::string target);

  // Sends `request` and answers the exchange when the reply is there. Call once.
  void Start(grpc::GenericStub& stub, grpc::ByteBuffer request,
             std::chrono::system_clock::time_point deadline);

 private:
  void OnDone(const grpc::Status& status);
  HttpResponse Success();
  HttpResponse Failure(const grpc::Status& status);
  HttpHeaders FailureHeaders();
  void ApplySuiteStatus(HttpResponse& response) const;

  const Environment environment_;
  const std::shared_ptr<HttpExchange> exchange_;
  const HttpRule& rule_;
  const std::string target_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer reply_;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_UPSTREAM_CALL_H_
