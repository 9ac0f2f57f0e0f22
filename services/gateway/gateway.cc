#include "services/gateway/gateway.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "services/gateway/call_counter.h"
#include "services/gateway/cors.h"
#include "services/gateway/error_reply.h"
#include "services/gateway/gateway_metrics.h"
#include "services/gateway/header_mapping.h"
#include "services/gateway/percent_coding.h"
#include "services/gateway/request_target.h"
#include "services/gateway/upstream_answer.h"
#include "services/gateway/upstream_call.h"
#include "services/gateway/upstream_download.h"
#include "services/gateway/upstream_upload.h"

namespace clv::gateway {
namespace {

// The URL goes up as metadata, percent-encoded, so a head of 16 KiB may become three times as long.
constexpr int kMaxMetadataBytes = 64 * 1024;
constexpr int kMinReconnectMs = 100;
constexpr int kMaxReconnectMs = 1000;

std::shared_ptr<grpc::Channel> Connect(const Gateway::Upstream& upstream) {
  if (upstream.channel != nullptr) return upstream.channel;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);  // max_response_body_size decides
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kMinReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kMaxReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectMs);
  return grpc::CreateCustomChannel(upstream.address, grpc::InsecureChannelCredentials(), arguments);
}

bool Serves(const Gateway::Upstream& upstream, const std::string& service) {
  return std::any_of(upstream.services.begin(), upstream.services.end(),
                     [&](const std::string& name) { return name == "*" || name == service; });
}

class TranscodingGateway final : public Gateway {
 public:
  TranscodingGateway(Options options, Transcoder transcoder, CorsPolicy cors)
      : options_(std::move(options)),
        transcoder_(std::move(transcoder)),
        cors_(std::move(cors)),
        errors_({options_.suite_headers, options_.documentation_url}),
        metrics_(options_.metrics, transcoder_) {}

  ~TranscodingGateway() override { Shutdown(std::chrono::steady_clock::now()); }

  absl::Status Start() {
    CLV_RETURN_IF_ERROR(ConnectUpstreams());
    HttpServer::Callbacks callbacks;
    callbacks.handle = [this](std::shared_ptr<HttpExchange> exchange) {
      Handle(std::move(exchange));
    };
    callbacks.takes_pieces = [this](const HttpRequest& head) { return StreamsBody(head); };
    if (cors_.enabled()) {
      callbacks.answer_headers = [this](const HttpRequest& head) {
        return cors_.AnswerHeaders(head);
      };
    }
    callbacks.render_error = [this](int status, std::string_view message, std::string_view target) {
      return errors_.Make(status, message, target);
    };
    callbacks.on_answered = [this](const AccessRecord& record) {
      metrics_.Count(record);
      if (options_.access_log) Log(record);
    };
    HttpServerOptions http = options_.http;
    http.max_body_bytes = static_cast<uint64_t>(options_.transcoder.max_request_body_size);
    CLV_ASSIGN_OR_RETURN(server_, HttpServer::Start(std::move(http), std::move(callbacks)));
    metrics_.Watch(*server_);
    return absl::OkStatus();
  }

  const std::string& http_address() const override { return server_->address(); }

  void Shutdown(std::chrono::steady_clock::time_point deadline) override {
    if (server_ != nullptr) server_->Stop(deadline);
    // The server has abandoned what was left, which cancels the calls.
    calls_.WaitUntilNone();
  }

 private:
  absl::Status ConnectUpstreams() {
    for (const Upstream& upstream : options_.upstreams) {
      stubs_.push_back(std::make_unique<grpc::GenericStub>(Connect(upstream)));
    }
    for (const std::string& service : options_.transcoder.services) {
      const auto upstream =
          std::find_if(options_.upstreams.begin(), options_.upstreams.end(),
                       [&](const Upstream& candidate) { return Serves(candidate, service); });
      if (upstream == options_.upstreams.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("no upstream for service \"", service, "\""));
      }
      stub_of_[service] = stubs_[static_cast<size_t>(upstream - options_.upstreams.begin())].get();
    }
    return absl::OkStatus();
  }

  bool StreamsBody(const HttpRequest& head) const {
    const std::optional<std::string> target = OriginForm(head.target);
    if (!target.has_value()) return false;
    const std::optional<Transcoder::Match> match = transcoder_.Find(head.method, *target);
    return match.has_value() && match->rule->streams_body;
  }

  void Handle(std::shared_ptr<HttpExchange> exchange) {
    HttpRequest& request = exchange->request();
    std::optional<std::string> target = OriginForm(request.target);
    if (!target.has_value()) return RefuseTarget(*exchange);
    std::optional<Transcoder::Match> match = transcoder_.Find(request.method, *target);
    if (!match.has_value()) return RefuseMethodOrPath(*exchange, *target);
    const google::protobuf::MethodDescriptor& method = *match->rule->method;
    if (match->rule->streams_body) {
      return Upload(std::move(exchange), *match, *std::move(target));
    }
    if (method.client_streaming() || (method.server_streaming() && !match->rule->streams_reply)) {
      return exchange->Respond(errors_.Make(
          501, "Of streaming methods only uploads and downloads are served over HTTP.", *target));
    }
    const std::string* content_type = FindHeader(request.headers, "content-type");
    absl::StatusOr<grpc::ByteBuffer> encoded = transcoder_.EncodeRequest(
        *match, {*target, content_type == nullptr ? std::string_view() : *content_type,
                 std::move(request.body)});
    if (!encoded.ok()) return RefuseRequest(*exchange, encoded.status(), *target);
    if (match->rule->streams_reply) {
      return Download(std::move(exchange), *match->rule, *std::move(target), *std::move(encoded));
    }
    const auto deadline = Deadline(request.headers, options_.default_deadline_ms);
    std::make_shared<UpstreamCall>(answer_, calls_, std::move(exchange), *match->rule,
                                   *std::move(target))
        ->Start(StubOf(method), *std::move(encoded), deadline);
  }

  // An upload may take hours, so its only deadline is its client's.
  void Upload(std::shared_ptr<HttpExchange> exchange, const Transcoder::Match& match,
              std::string target) {
    absl::StatusOr<std::string> bindings = transcoder_.EncodeBindings(match, target);
    if (!bindings.ok()) return RefuseRequest(*exchange, bindings.status(), target);
    const auto deadline = Deadline(exchange->request().headers, /*default_ms=*/0);
    std::make_shared<UpstreamUpload>(answer_, calls_, std::move(exchange), *match.rule,
                                     std::move(target), *std::move(bindings))
        ->Start(StubOf(*match.rule->method), deadline);
  }

  // Likewise.
  void Download(std::shared_ptr<HttpExchange> exchange, const HttpRule& rule, std::string target,
                grpc::ByteBuffer request) {
    const auto deadline = Deadline(exchange->request().headers, /*default_ms=*/0);
    std::make_shared<UpstreamDownload>(answer_, calls_, std::move(exchange), rule,
                                       std::move(target))
        ->Start(StubOf(*rule.method), std::move(request), deadline);
  }

  grpc::GenericStub& StubOf(const google::protobuf::MethodDescriptor& method) const {
    return *stub_of_.at(method.service()->full_name());
  }

  static std::chrono::system_clock::time_point Deadline(const HttpHeaders& headers,
                                                        int64_t default_ms) {
    using Clock = std::chrono::system_clock;
    if (const auto timeout = ClientTimeout(headers)) {
      return Clock::now() + std::chrono::duration_cast<Clock::duration>(*timeout);
    }
    if (default_ms <= 0) return Clock::time_point::max();
    return Clock::now() + std::chrono::milliseconds(default_ms);
  }

  void RefuseRequest(HttpExchange& exchange, const absl::Status& why,
                     const std::string& target) const {
    exchange.Respond(
        errors_.Make(absl::IsOutOfRange(why) ? 413 : 400, std::string(why.message()), target));
  }

  void RefuseTarget(HttpExchange& exchange) const {
    const HttpRequest& request = exchange.request();
    if (request.method == "OPTIONS" && request.target == "*") {
      return exchange.Respond({204, {}, ""});
    }
    exchange.Respond(errors_.Make(400, "The request target is not a path.", ""));
  }

  void RefuseMethodOrPath(HttpExchange& exchange, const std::string& target) const {
    const std::vector<std::string> allowed = transcoder_.AllowedMethods(target);
    const std::string path = target.substr(0, target.find('?'));
    if (allowed.empty()) {
      return exchange.Respond(
          errors_.Make(404, absl::StrCat("Could not resolve ", path, " to a method."), target));
    }
    const std::string allow = absl::StrJoin(allowed, ", ");
    if (exchange.request().method == "OPTIONS") {
      HttpResponse response{204, {{"allow", absl::StrCat(allow, ", OPTIONS")}}, ""};
      for (HttpHeader& header : cors_.PreflightHeaders(exchange.request(), allowed)) {
        response.headers.push_back(std::move(header));
      }
      return exchange.Respond(std::move(response));
    }
    HttpResponse response =
        errors_.Make(405,
                     absl::StrCat("Method ", exchange.request().method, " is not allowed for ",
                                  path, ", only ", allow, "."),
                     target);
    response.headers.push_back({"allow", allow});
    exchange.Respond(std::move(response));
  }

  void Log(const AccessRecord& record) const {
    const std::string_view path = record.target.substr(0, record.target.find('?'));
    spdlog::info("{} {} {} {:.3f} ms", record.method.empty() ? "-" : record.method,
                 path.empty() ? "-" : RedactTokens(PercentEncodeUnprintable(path)), record.status,
                 static_cast<double>(record.duration.count()) / 1000.0);
  }

  const Options options_;
  const Transcoder transcoder_;
  const CorsPolicy cors_;
  const ErrorReply errors_;
  const UpstreamAnswer answer_{transcoder_, errors_, options_.suite_headers};
  CallCounter calls_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  absl::flat_hash_map<std::string, grpc::GenericStub*> stub_of_;  // by full service name
  std::unique_ptr<HttpServer> server_;
  GatewayMetrics metrics_;  // watches the server
};

}  // namespace

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Create(Options options) {
  absl::StatusOr<ServiceRegistry> registry =
      options.descriptor_set.empty()
          ? ServiceRegistry::FromGeneratedPool()
          : ServiceRegistry::FromFileDescriptorSet(options.descriptor_set);
  CLV_RETURN_IF_ERROR(registry.status());
  CLV_ASSIGN_OR_RETURN(Transcoder transcoder,
                       Transcoder::Create(*std::move(registry), options.transcoder));
  CLV_ASSIGN_OR_RETURN(CorsPolicy cors, CorsPolicy::Create(options.cors_origins));
  auto gateway = std::make_unique<TranscodingGateway>(std::move(options), std::move(transcoder),
                                                      std::move(cors));
  CLV_RETURN_IF_ERROR(gateway->Start());
  return std::unique_ptr<Gateway>(std::move(gateway));
}

}  // namespace clv::gateway
