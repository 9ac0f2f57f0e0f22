#include "common/rpc/dispatcher.h"

#include <google/protobuf/descriptor.h>

#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_conversion.h"

namespace clv::rpc {
namespace {

constexpr std::string_view kBearer = "bearer ";

std::unique_ptr<const AccessTable> ReadRules(const std::string& service) {
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
  return descriptor == nullptr ? nullptr : std::make_unique<const AccessTable>(*descriptor);
}

// The token of `Authorization: Bearer`; absent for another scheme.
std::optional<std::string> BearerToken(const std::string& header) {
  if (header.size() < kBearer.size()) return std::nullopt;
  for (size_t i = 0; i < kBearer.size(); ++i) {
    const char c =
        header[i] >= 'A' && header[i] <= 'Z' ? static_cast<char>(header[i] - 'A' + 'a') : header[i];
    if (c != kBearer[i]) return std::nullopt;
  }
  const size_t begin = header.find_first_not_of(' ', kBearer.size());
  if (begin == std::string::npos) return std::nullopt;
  return header.substr(begin, header.find_last_not_of(' ') + 1 - begin);
}

std::optional<std::chrono::steady_clock::time_point> ClientDeadline(const CallPeer& peer) {
  using std::chrono::system_clock;
  const system_clock::time_point deadline = peer.Deadline();
  // Without a deadline gRPC says the end of time, which the steady clock cannot express.
  const auto now = system_clock::now();
  if (deadline > now + std::chrono::hours(24 * 365)) return std::nullopt;
  return std::chrono::steady_clock::now() + (deadline - now);
}

bool HidesText(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown ||
         code == absl::StatusCode::kDataLoss;
}

// The status as a client may see it.
absl::Status Published(const CallContext* call, const absl::Status& status) {
  if (!HidesText(status.code())) return status;
  const std::string text(status.message());
  if (call == nullptr) {
    spdlog::error("{}: {}", absl::StatusCodeToString(status.code()), text);
    return absl::Status(status.code(), "internal error");
  }
  spdlog::error("request {} to {} failed: {}: {}", call->request_id(), call->method(),
                absl::StatusCodeToString(status.code()), text);
  return absl::Status(status.code(), absl::StrCat("internal error; the log has more under request ",
                                                  call->request_id()));
}

void AddRateMetadata(const RateLimiter::Verdict& verdict, CallContext* call) {
  if (!verdict.is_limited) return;
  call->AddInitialMetadata("x-ratelimit-limit", absl::StrCat(verdict.limit));
  call->AddInitialMetadata("x-ratelimit-remaining", absl::StrCat(verdict.remaining));
  call->AddInitialMetadata("x-ratelimit-reset", absl::StrCat(verdict.reset_seconds));
}

void AddRetryAfter(const absl::Status& status, CallContext* call) {
  const std::string seconds = RetryAfterOf(status);
  if (!seconds.empty()) call->AddInitialMetadata(kRetryAfterMetadata, seconds);
}

// Writes an HTTP answer into a call's response and metadata.
void Answer(CallContext* call, V0Reply reply, google::api::HttpBody* response) {
  call->AddInitialMetadata(kHttpStatusMetadata, absl::StrCat(reply.http_status));
  for (const auto& [name, value] : reply.headers) call->AddInitialMetadata(name, value);
  response->set_content_type(reply.content_type);
  response->set_data(std::move(reply.body));
}

}  // namespace

Dispatcher::Dispatcher(const std::string& service, Options options)
    : service_(service),
      options_(options),
      access_(ReadRules(service)),
      metrics_(options.metrics, service) {}

const AccessRule* Dispatcher::FindRule(const std::string& method) const {
  return access_ == nullptr ? nullptr : access_->Find(method);
}

std::shared_ptr<CallContext> Dispatcher::MakeCall(grpc::CallbackServerContext* context,
                                                  const std::string& method) const {
  auto call = std::make_shared<CallContext>(CallPeer::Of(context), service_ + "/" + method);
  call->metrics_ = metrics_.Find(method);
  const AccessRule* rule = FindRule(method);
  if (const auto deadline = ClientDeadline(*call->peer_)) {
    call->deadline_ = *deadline;
  } else if (rule == nullptr || !rule->is_stream) {
    call->deadline_ = std::chrono::steady_clock::now() + options_.default_deadline;
  }
  return call;
}

absl::Status Dispatcher::Admit(CallContext* call, const std::string& method) const {
  const AccessRule* rule = FindRule(method);
  if (rule == nullptr)
    return absl::PermissionDeniedError(absl::StrCat(call->method(), " is open to nobody"));
  if (std::chrono::steady_clock::now() >= call->deadline_) {
    return absl::DeadlineExceededError("the deadline was over before the call's turn came");
  }
  if (rule->is_public) return absl::OkStatus();
  std::optional<std::string> token = BearerToken(call->Metadata("authorization"));
  if (!token) token = call->parameters_.token();
  if (!token || token->empty()) {
    return absl::UnauthenticatedError(
        "invalid authentication token. No token was sent: want 'Authorization: Bearer <token>', or "
        "on /v0 the parameter "
        "'token'");
  }
  CLV_ASSIGN_OR_RETURN(call->caller_, options_.authenticator->FindCaller(*token));
  CLV_RETURN_IF_ERROR(ChargeCall(call));
  return CheckAccess(*rule, call->caller_);
}

absl::Status Dispatcher::ChargeCall(CallContext* call) const {
  if (options_.limiter == nullptr) return absl::OkStatus();
  RateLimiter::Cost cost;
  if (call->request_ != nullptr && options_.limiter->CountsBytes(call->caller_)) {
    cost.bytes = static_cast<double>(call->request_->ByteSizeLong());
  }
  const RateLimiter::Verdict verdict =
      options_.limiter->Take(call->caller_, cost, std::chrono::steady_clock::now());
  AddRateMetadata(verdict, call);
  return verdict.is_admitted ? absl::OkStatus() : RateLimitError(verdict);
}

absl::Status Dispatcher::ChargeMessage(CallContext* call, absl::FunctionRef<size_t()> bytes) const {
  if (options_.limiter == nullptr) return absl::OkStatus();
  RateLimiter::Cost cost{.requests = call->had_message_ ? 1.0 : 0.0};
  call->had_message_ = true;
  if (options_.limiter->CountsBytes(call->caller_)) {
    cost.bytes = static_cast<double>(bytes());
  }
  const RateLimiter::Verdict verdict =
      options_.limiter->Take(call->caller_, cost, std::chrono::steady_clock::now());
  return verdict.is_admitted ? absl::OkStatus() : RateLimitError(verdict);
}

std::chrono::milliseconds Dispatcher::PaceBytes(CallContext* call, size_t bytes) const {
  if (options_.limiter == nullptr) return std::chrono::milliseconds(0);
  return options_.limiter->Pace(call->caller_, static_cast<double>(bytes),
                                std::chrono::steady_clock::now());
}

absl::StatusOr<std::shared_ptr<CallContext>> Dispatcher::StartCall(
    grpc::CallbackServerContext* context, const std::string& method) const {
  std::shared_ptr<CallContext> call = MakeCall(context, method);
  const absl::Status admitted = Admit(call.get(), method);
  if (admitted.ok()) return call;
  // The caller has no call to conclude.
  AddRetryAfter(admitted, call.get());
  Count(*call, admitted.code());
  return admitted;
}

void Dispatcher::Count(const CallContext& call, absl::StatusCode code,
                       std::optional<int> http_status) {
  if (call.metrics_ != nullptr) call.metrics_->Count(code, http_status, call.began_);
}

Dispatcher::StartedCall Dispatcher::StartV0Call(grpc::CallbackServerContext* context,
                                                const std::string& method) const {
  StartedCall started{.call = MakeCall(context, method), .admitted = absl::OkStatus()};
  started.call->parameters_ = V0Parameters(started.call->original_path_, "");
  started.admitted = Admit(started.call.get(), method);
  return started;
}

grpc::Status Dispatcher::AnswerV0(CallContext* call, absl::StatusOr<V0Reply> result,
                                  google::api::HttpBody* response) {
  const absl::StatusCode code = result.status().code();
  V0Reply reply = result.ok() ? *std::move(result) : V0ErrorReply(Published(call, result.status()));
  Count(*call, code, reply.http_status);
  Answer(call, std::move(reply), response);
  return grpc::Status::OK;
}

grpc::Status Dispatcher::Conclude(CallContext* call, const absl::Status& status) {
  if (call != nullptr) {
    AddRetryAfter(status, call);
    Count(*call, status.code());
  }
  return ToGrpcStatus(Published(call, status));
}

void Dispatcher::Begin(RunOn run_on, const std::shared_ptr<CallContext>& call,
                       const std::string& method, std::function<void()> prepare,
                       std::function<void()> run, Done refuse) const {
  auto begin = [this, call, method, prepare = std::move(prepare), run = std::move(run), refuse] {
    if (prepare) prepare();
    const absl::Status admitted = Admit(call.get(), method);
    if (admitted.ok()) {
      run();
    } else {
      refuse(admitted);
    }
  };
  if (run_on == RunOn::kCallingThread) {
    begin();
  } else if (!options_.workers->TrySubmit(std::move(begin))) {
    refuse(absl::ResourceExhaustedError("too many calls are waiting; try again later"));
  }
}

grpc::ServerUnaryReactor* Dispatcher::ServeAsync(grpc::CallbackServerContext* context,
                                                 const std::string& method, AsyncHandler handler,
                                                 const google::protobuf::Message* request,
                                                 RunOn run_on) const {
  const std::shared_ptr<CallContext> call = MakeCall(context, method);
  grpc::ServerUnaryReactor* const reactor = call->peer_->StartUnary();
  call->request_ = request;
  const Done done = [call](const absl::Status& status) {
    call->peer_->FinishUnary(Conclude(call.get(), status));
  };
  Begin(
      run_on, call, method, nullptr,
      [call, done, handler = std::move(handler)] { handler(*call, done); }, done);
  return reactor;
}

grpc::ServerUnaryReactor* Dispatcher::ServeV0(grpc::CallbackServerContext* context,
                                              const std::string& method,
                                              const google::api::HttpBody* form,
                                              google::api::HttpBody* response, V0Handler handler,
                                              const google::protobuf::Message* request) const {
  return ServeV0Async(
      context, method, form, response,
      [handler = std::move(handler)](CallContext& call, const V0Done& done) {
        done(handler(call));
      },
      request);
}

grpc::ServerUnaryReactor* Dispatcher::ServeV0Async(
    grpc::CallbackServerContext* context, const std::string& method,
    const google::api::HttpBody* form, google::api::HttpBody* response, V0AsyncHandler handler,
    const google::protobuf::Message* request, RunOn run_on) const {
  const std::shared_ptr<CallContext> call = MakeCall(context, method);
  grpc::ServerUnaryReactor* const reactor = call->peer_->StartUnary();
  call->request_ = request != nullptr ? request : form;
  const V0Done done = [call, response](absl::StatusOr<V0Reply> result) {
    call->peer_->FinishUnary(AnswerV0(call.get(), std::move(result), response));
  };
  // Only this face takes tokens from the query: elsewhere they would leak into the logs of proxies
  // for nothing.
  auto read_parameters = [call, form] {
    call->parameters_ =
        V0Parameters(call->original_path_, form == nullptr ? std::string_view() : form->data());
  };
  Begin(
      run_on, call, method, std::move(read_parameters),
      [call, done, handler = std::move(handler)] { handler(*call, done); }, done);
  return reactor;
}

}  // namespace clv::rpc
