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
#include "services/gateway/openapi.h"
#include "services/gateway/percent_coding.h"
#include "services/gateway/request_messages.h"
#include "services/gateway/request_target.h"
#include "services/gateway/unary_upstream.h"
#include "services/gateway/upstream_answer.h"
#include "services/gateway/upstream_call.h"
#include "services/gateway/upstream_channel_call.h"
#include "services/gateway/upstream_local_call.h"
#include "services/gateway/upstream_stream.h"

namespace clv::gateway {
namespace {

// The URL goes up as metadata, percent-encoded, so a head of 16 KiB may become three times as long.
constexpr int kMaxMetadataBytes = 64 * 1024;
constexpr char kOpenApiPath[] = "/openapi.json";
constexpr int kMinReconnectMs = 100;
constexpr int kMaxReconnectMs = 1000;

std::shared_ptr<grpc::Channel> Connect(const Gateway::Upstream& upstream) {
  if (upstream.channel != nullptr) return upstream.channel;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);  // max_response_body_size decides
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  // What costs in each call and is not used: retries (Envoy does not retry of itself either, and
  // the client gets 503 with Retry-After), compression of requests, statistics that nothing reads.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);
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
        openapi_(options_.serve_openapi ? OpenApiJson(transcoder_, options_.openapi) : ""),
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
    for (Route& route : routes_) route.unary.reset();
  }

 private:
  struct Route {
    std::unique_ptr<grpc::GenericStub> stub;
    std::unique_ptr<UnaryUpstream> unary;  // of unary calls; null: they take the stub
    const rpc::LocalMethods* local;        // of those that need neither; null: there are none
    bool channel_given;
  };

  absl::Status ConnectUpstreams() {
    routes_.reserve(options_.upstreams.size());
    for (const Upstream& upstream : options_.upstreams) {
      routes_.push_back({std::make_unique<grpc::GenericStub>(Connect(upstream)),
                         UnaryUpstream::Create(upstream.channel == nullptr ? upstream.address : ""),
                         upstream.local_methods, upstream.channel != nullptr});
    }
    for (const std::string& service : options_.transcoder.services) {
      const auto upstream =
          std::find_if(options_.upstreams.begin(), options_.upstreams.end(),
                       [&](const Upstream& candidate) { return Serves(candidate, service); });
      if (upstream == options_.upstreams.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("no upstream for service \"", service, "\""));
      }
      route_of_[service] = &routes_[static_cast<size_t>(upstream - options_.upstreams.begin())];
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
    const std::string* content_type = FindHeader(request.headers, "content-type");
    if (content_type != nullptr && IsGrpcContentType(*content_type)) {
      return exchange->Respond(errors_.Make(415, "gRPC is not spoken over HTTP/1.1.", *target));
    }
    if (calls_.count() >= options_.max_concurrent_calls) {
      return exchange->Respond(errors_.Make(503, "Too many calls are under way.", *target));
    }
    Call(std::move(exchange), *match, *std::move(target),
         content_type == nullptr ? std::string() : *content_type);
  }

  void Call(std::shared_ptr<HttpExchange> exchange, const Transcoder::Match& match,
            std::string target, std::string content_type) {
    const HttpRule& rule = *match.rule;
    const Route& upstream = *route_of_.at(rule.method->service()->full_name());
    grpc::GenericStub& stub = *upstream.stub;
    const bool streams = rule.streams_body || rule.streams_reply;
    // A stream may take hours, so its only deadline is its client's.
    const auto deadline =
        Deadline(exchange->request().headers, streams ? 0 : options_.default_deadline_ms);
    absl::StatusOr<Transcoder::UrlFields> fields;
    absl::StatusOr<grpc::ByteBuffer> message;
    if (rule.streams_body) {
      fields = transcoder_.ReadUrl(match, target);
    } else {
      message = transcoder_.EncodeRequest(
          match, {target, content_type, std::move(exchange->request().body)});
    }
    const absl::Status status = rule.streams_body ? fields.status() : message.status();
    if (!status.ok()) return exchange->Respond(answer_.Refuse(status, target));
    UpstreamRequest request{CallCounter::Ticket(calls_), answer_,  std::move(exchange),   rule,
                            std::move(target),           deadline, upstream.channel_given};
    if (!streams && upstream.local != nullptr && upstream.local->Has(rule.grpc_path)) {
      return std::make_shared<UpstreamLocalCall>(std::move(request))
          ->Start(*upstream.local, *std::move(message));
    }
    if (!streams && upstream.unary != nullptr) {
      const auto channel = upstream.unary->ChannelOn(request.exchange->io());
      return std::make_shared<UpstreamChannelCall>(std::move(request))
          ->Start(channel, *std::move(message));
    }
    if (!streams) {
      return std::make_shared<UpstreamCall>(std::move(request))->Start(stub, *std::move(message));
    }
    RequestMessages messages =
        rule.streams_body
            ? RequestMessages(transcoder_, rule, *std::move(fields), std::move(content_type))
            : RequestMessages(transcoder_, rule, *std::move(message));
    std::make_shared<UpstreamStream>(std::move(request), std::move(messages),
                                     options_.transcoder.print_options)
        ->Start(stub);
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
    if (allowed.empty() && path == kOpenApiPath && !openapi_.empty()) {
      return AnswerOpenApi(exchange, target);
    }
    if (allowed.empty()) {
      return exchange.Respond(
          errors_.Make(404, absl::StrCat("Could not resolve ", path, " to a method."), target));
    }
    RefuseMethod(exchange, target, path, allowed);
  }

  void RefuseMethod(HttpExchange& exchange, const std::string& target, const std::string& path,
                    const std::vector<std::string>& allowed) const {
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

  void AnswerOpenApi(HttpExchange& exchange, const std::string& target) const {
    const std::string& method = exchange.request().method;
    if (method != "GET" && method != "HEAD") {
      return RefuseMethod(exchange, target, kOpenApiPath, {"GET", "HEAD"});
    }
    exchange.Respond({200, {{"content-type", "application/json"}}, openapi_});
  }

  void Log(const AccessRecord& record) const {
    spdlog::info("{} {} {} {} {:.3f} ms", record.request_id.empty() ? "-" : record.request_id,
                 record.method.empty() ? "-" : record.method, LoggedPath(record), record.status,
                 static_cast<double>(record.duration.count()) / 1000.0);
  }

  std::string LoggedPath(const AccessRecord& record) const {
    const std::string_view path = record.target.substr(0, record.target.find('?'));
    if (path.empty()) return "-";
    if (options_.access_log_paths) return RedactTokens(PercentEncodeUnprintable(path));
    const std::optional<std::string> target = OriginForm(record.target);
    if (!target.has_value()) return "-";
    const std::optional<Transcoder::Match> match = transcoder_.Find(record.method, *target);
    return match.has_value() ? match->rule->pattern : "-";
  }

  const Options options_;
  const Transcoder transcoder_;
  const CorsPolicy cors_;
  const ErrorReply errors_;
  const std::string openapi_;  // the document; empty: not served
  const UpstreamAnswer answer_{transcoder_, errors_, options_.suite_headers};
  CallCounter calls_;
  std::vector<Route> routes_;                                // as the upstreams
  absl::flat_hash_map<std::string, const Route*> route_of_;  // by full service name
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
