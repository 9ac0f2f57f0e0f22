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

std::optional<std::chrono::steady_clock::time_point> ClientDeadline(
    const grpc::CallbackServerContext& context) {
  const auto left = context.deadline() - std::chrono::system_clock::now();
  // Without a deadline gRPC says the end of time, which the steady clock cannot express.
  if (left > std::chrono::hours(24 * 365)) return std::nullopt;
  return std::chrono::steady_clock::now() + left;
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

// Writes an HTTP answer into a call's response and metadata.
void Answer(CallContext* call, V0Reply reply, google::api::HttpBody* response) {
  call->AddInitialMetadata(kHttpStatusMetadata, absl::StrCat(reply.http_status));
  for (const auto& [name, value] : reply.headers) call->AddInitialMetadata(name, value);
  response->set_content_type(reply.content_type);
  response->set_data(std::move(reply.body));
}

}  // namespace

Dispatcher::Dispatcher(const std::string& service, Options options)
    : service_(service), options_(options), access_(ReadRules(service)) {}

const AccessRule* Dispatcher::FindRule(const std::string& method) const {
  return access_ == nullptr ? nullptr : access_->Find(method);
}

std::shared_ptr<CallContext> Dispatcher::MakeCall(grpc::CallbackServerContext* context,
                                                  const std::string& method) const {
  auto call = std::make_shared<CallContext>(context, service_ + "/" + method);
  const AccessRule* rule = FindRule(method);
  if (const auto deadline = ClientDeadline(*context)) {
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
  return CheckAccess(*rule, call->caller_);
}

absl::StatusOr<std::shared_ptr<CallContext>> Dispatcher::StartCall(
    grpc::CallbackServerContext* context, const std::string& method) const {
  std::shared_ptr<CallContext> call = MakeCall(context, method);
  CLV_RETURN_IF_ERROR(Admit(call.get(), method));
  return call;
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
  Answer(call,
         result.ok() ? *std::move(result) : V0ErrorReply(Published(call, result.status())),
         response);
  return grpc::Status::OK;
}

grpc::Status Dispatcher::Conclude(const CallContext* call, const absl::Status& status) {
  return ToGrpcStatus(Published(call, status));
}

void Dispatcher::Enqueue(const std::shared_ptr<CallContext>& call, const std::string& method,
                         std::function<void()> prepare, std::function<void()> run,
                         const Done& refuse) const {
  const bool queued = options_.workers->TrySubmit(
      [this, call, method, prepare = std::move(prepare), run = std::move(run), refuse] {
        if (prepare) prepare();
        const absl::Status admitted = Admit(call.get(), method);
        if (admitted.ok()) {
          run();
        } else {
          refuse(admitted);
        }
      });
  if (!queued) refuse(absl::ResourceExhaustedError("too many calls are waiting; try again later"));
}

grpc::ServerUnaryReactor* Dispatcher::ServeAsync(grpc::CallbackServerContext* context,
                                                 const std::string& method,
                                                 AsyncHandler handler) const {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const std::shared_ptr<CallContext> call = MakeCall(context, method);
  const Done done = [call, reactor](const absl::Status& status) {
    reactor->Finish(Conclude(call.get(), status));
  };
  Enqueue(
      call, method, nullptr, [call, done, handler = std::move(handler)] { handler(*call, done); },
      done);
  return reactor;
}

grpc::ServerUnaryReactor* Dispatcher::ServeV0(grpc::CallbackServerContext* context,
                                              const std::string& method,
                                              const google::api::HttpBody* form,
                                              google::api::HttpBody* response,
                                              V0Handler handler) const {
  return ServeV0Async(context, method, form, response,
                      [handler = std::move(handler)](CallContext& call, const V0Done& done) {
                        done(handler(call));
                      });
}

grpc::ServerUnaryReactor* Dispatcher::ServeV0Async(grpc::CallbackServerContext* context,
                                                   const std::string& method,
                                                   const google::api::HttpBody* form,
                                                   google::api::HttpBody* response,
                                                   V0AsyncHandler handler) const {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const std::shared_ptr<CallContext> call = MakeCall(context, method);
  const V0Done done = [call, reactor, response](absl::StatusOr<V0Reply> result) {
    reactor->Finish(AnswerV0(call.get(), std::move(result), response));
  };
  // Only this face takes tokens from the query: elsewhere they would leak into the logs of proxies
  // for nothing.
  auto read_parameters = [call, form] {
    call->parameters_ =
        V0Parameters(call->original_path_, form == nullptr ? std::string_view() : form->data());
  };
  Enqueue(
      call, method, std::move(read_parameters),
      [call, done, handler = std::move(handler)] { handler(*call, done); }, done);
  return reactor;
}

}  // namespace clv::rpc
