// common/rpc/dispatcher.h: the one wrapper around every handler.
//
// It denies by default: a method runs only when the proto's option `(clv.v1.access)` opens it for
// the caller's token. It counts the call against the caller's rate limits, imposes a deadline where
// the client gave none, runs the handler on a worker thread, turns its absl::Status into a
// grpc::Status, logs internal errors and hides their texts.
//
// Where a limit applies, every answer carries the metadata `x-ratelimit-limit`,
// `x-ratelimit-remaining` and `x-ratelimit-reset` (seconds), and a refusal `retry-after` (seconds).
#ifndef CLV_COMMON_RPC_DISPATCHER_H_
#define CLV_COMMON_RPC_DISPATCHER_H_

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/metrics/metrics.h"
#include "common/rpc/access_table.h"
#include "common/rpc/authenticator.h"
#include "common/rpc/call_context.h"
#include "common/rpc/call_metrics.h"
#include "common/rpc/rate_limiter.h"
#include "common/rpc/v0_reply.h"
#include "common/rpc/worker_pool.h"
#include "google/api/httpbody.pb.h"

namespace clv::rpc {

// Dispatches the calls of one service. Thread-safe. Must outlive the server.
//
// Example, in a class derived from v1::QueryService::CallbackService:
//   grpc::ServerUnaryReactor* GetClvBySegment(grpc::CallbackServerContext* context, const
//   v1::GetClvBySegmentRequest* request,
//                                             v1::GetClvBySegmentResponse* response) override {
//     return dispatcher_.Serve(context, "GetClvBySegment", response,
//                              [this, request](CallContext& call) { return
//                              handlers_.GetClvBySegment(call, *request); });
//   }
class Dispatcher {
 public:
  struct Options {
    const Authenticator* authenticator = nullptr;  // must outlive the dispatcher
    WorkerPool* workers = nullptr;                 // the same
    std::chrono::milliseconds default_deadline{10'000};
    // Shared by the services of a process; null: no limits. The same.
    RateLimiter* limiter = nullptr;
    metrics::Registry* metrics = nullptr;  // must outlive the dispatcher; null: nothing is counted
  };

  // Ends a call; to be called exactly once, from any thread. Afterwards the request, the response
  // and the CallContext are gone.
  using Done = std::function<void(absl::Status)>;
  using V0Done = std::function<void(absl::StatusOr<V0Reply>)>;

  // Where a handler runs. On the thread that brings the call (gRPC's own, or a local caller's),
  // without the way to a worker and back: those that take microseconds and wait for nothing.
  enum class RunOn { kWorker, kCallingThread };

  // Handlers. Their CallContext, request and response live until the call is ended.
  using AsyncHandler = std::function<void(CallContext&, Done)>;
  using V0Handler = std::function<absl::StatusOr<V0Reply>(CallContext&)>;
  using V0AsyncHandler = std::function<void(CallContext&, V0Done)>;

  // `service`: full name (`clv.v1.QueryService`), linked into the program. Every method of an
  // unknown service is refused.
  Dispatcher(const std::string& service, Options options);

  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Runs `handler(CallContext&) -> absl::StatusOr<Response>` and answers with what it returns.
  // `request`, here and below: the message whose size counts against the caller's limit on bytes;
  // null where requests are small.
  template <typename Response, typename Handler>
  grpc::ServerUnaryReactor* Serve(grpc::CallbackServerContext* context, const std::string& method,
                                  Response* response, Handler handler,
                                  const google::protobuf::Message* request = nullptr,
                                  RunOn run_on = RunOn::kWorker) const {
    return ServeAsync(
        context, method,
        [response, handler = std::move(handler)](CallContext& call, const Done& done) {
          absl::StatusOr<Response> result = handler(call);
          if (result.ok()) *response = *std::move(result);
          done(result.status());
        },
        request, run_on);
  }

  // Runs `handler`; the call ends when `Done` is called, which may be later and on another thread.
  // The handler fills the response before.
  grpc::ServerUnaryReactor* ServeAsync(grpc::CallbackServerContext* context,
                                       const std::string& method, AsyncHandler handler,
                                       const google::protobuf::Message* request = nullptr,
                                       RunOn run_on = RunOn::kWorker) const;

  // The same for a method of the /v0 face, which always ends with gRPC OK: refusals and errors
  // become JSON bodies with their HTTP status in the metadata. `form`: the body where it holds
  // urlencoded parameters (a `token` among them counts), else null. Where `request` is null the
  // form's size counts.
  grpc::ServerUnaryReactor* ServeV0(grpc::CallbackServerContext* context, const std::string& method,
                                    const google::api::HttpBody* form,
                                    google::api::HttpBody* response, V0Handler handler,
                                    const google::protobuf::Message* request = nullptr) const;
  grpc::ServerUnaryReactor* ServeV0Async(grpc::CallbackServerContext* context,
                                         const std::string& method,
                                         const google::api::HttpBody* form,
                                         google::api::HttpBody* response, V0AsyncHandler handler,
                                         const google::protobuf::Message* request = nullptr,
                                         RunOn run_on = RunOn::kWorker) const;

  // For reactors of streams: checks the call as the functions above do, without running anything. A
  // stream gets no imposed deadline. May read the token table (microseconds). On an error end the
  // call with Conclude(nullptr, status).
  absl::StatusOr<std::shared_ptr<CallContext>> StartCall(grpc::CallbackServerContext* context,
                                                         const std::string& method) const;

  // For streams: counts one message against the caller's limits, RESOURCE_EXHAUSTED beyond them. As
  // a request counts each message but the first, which StartCall has counted. `bytes`: the
  // message's size, asked for where it counts.
  absl::Status ChargeMessage(CallContext* call, absl::FunctionRef<size_t()> bytes) const;

  // The same for a piece of a file, where only bytes count and nothing is refused: how long to wait
  // before the next piece is read, so that the caller keeps to his limit.
  std::chrono::milliseconds PaceBytes(CallContext* call, size_t bytes) const;

  // A call, and whether it may go on.
  struct StartedCall {
    std::shared_ptr<CallContext> call;
    absl::Status admitted;
  };

  // The same for a stream of the /v0 face: with the parameters, a `token` among them, of the query.
  // The call is there in any case, to be answered with AnswerV0.
  StartedCall StartV0Call(grpc::CallbackServerContext* context, const std::string& method) const;

  // Writes a result of a /v0 call into its response and metadata, as ServeV0 does; before metadata
  // is sent. The status to finish the call with.
  static grpc::Status AnswerV0(CallContext* call, absl::StatusOr<V0Reply> result,
                               google::api::HttpBody* response);

  // The status that goes to the client. INTERNAL, UNKNOWN and DATA_LOSS are logged under the
  // request's id, and the client sees only that id. A `retry-after` goes into the call's metadata.
  // Counts the end of the call: once for each.
  static grpc::Status Conclude(CallContext* call, const absl::Status& status);

  // The threads that handlers run on.
  WorkerPool& workers() const { return *options_.workers; }

 private:
  const AccessRule* FindRule(const std::string& method) const;
  std::shared_ptr<CallContext> MakeCall(grpc::CallbackServerContext* context,
                                        const std::string& method) const;
  // Runs `prepare` (may be empty), the check, and then `run` or `refuse`.
  void Begin(RunOn run_on, const std::shared_ptr<CallContext>& call, const std::string& method,
             std::function<void()> prepare, std::function<void()> run, Done refuse) const;
  absl::Status Admit(CallContext* call, const std::string& method) const;
  // Counts the call against the limits of its caller and tells them in its metadata.
  absl::Status ChargeCall(CallContext* call) const;
  static void Count(const CallContext& call, absl::StatusCode code,
                    std::optional<int> http_status = std::nullopt);

  const std::string service_;
  const Options options_;
  const std::unique_ptr<const AccessTable> access_;  // null: unknown service
  const CallMetrics metrics_;
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_DISPATCHER_H_
