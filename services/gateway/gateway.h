// services/gateway/gateway.h: serves gRPC services as JSON over HTTP/1.1, from their
// `google.api.http` rules.
//
// No route is written by hand: everything comes from descriptors at start-up. Served are unary
// methods and streams of all kinds: a stream of google.api.HttpBody is an HTTP body in pieces,
// another one a JSON list (down also a JSON text a line, or server-sent events). Behaves as Envoy's
// grpc_json_transcoder would with the same options, except that nothing is passed through
// untranslated: what matches no rule gets 404 or 405 with a JSON body. `GET /openapi.json`, unless
// a rule has that path, describes all of it.
//
// Example:
//   Gateway::Options options;
//   options.http.address = "127.0.0.1:0";
//   options.transcoder.services = {"clv.v1.QueryService"};
//   options.upstreams = {{.services = {"*"}, .address = "127.0.0.1:50051"}};
//   CLV_ASSIGN_OR_RETURN(std::unique_ptr<Gateway> gateway, Gateway::Create(std::move(options)));
//   std::cout << "ready " << gateway->http_address() << "\n";
#ifndef CLV_SERVICES_GATEWAY_GATEWAY_H_
#define CLV_SERVICES_GATEWAY_GATEWAY_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/metrics/metrics.h"
#include "common/rpc/local_methods.h"
#include "grpcpp/channel.h"
#include "services/gateway/http_server.h"
#include "services/gateway/openapi.h"
#include "services/gateway/transcoder.h"

namespace clv::gateway {

// Thread-safe.
class Gateway {
 public:
  // Where some services live.
  struct Upstream {
    // Full names; "*" stands for all. The first upstream that has a service gets its calls.
    std::vector<std::string> services;

    // Used if set, for example an in-process channel; its receive limit should be no less than
    // `transcoder.max_response_body_size`.
    std::shared_ptr<grpc::Channel> channel;

    // Otherwise a plaintext channel to this address is made, which reconnects by itself.
    std::string address;

    // Unary methods in this process, which are called without a channel; must outlive the gateway.
    // Null: none.
    const rpc::LocalMethods* local_methods = nullptr;
  };

  struct Options {
    // `http.max_body_bytes` is taken from `transcoder.max_request_body_size`, which does not bound
    // a body that goes up in pieces.
    HttpServerOptions http;
    TranscoderOptions transcoder;

    // A serialized FileDescriptorSet. Empty: what is linked into the program.
    std::string descriptor_set;

    std::vector<Upstream> upstreams;

    // Of a unary call whose client names none by `grpc-timeout` or
    // `x-envoy-expected-rq-timeout-ms`. 0: none.
    int64_t default_deadline_ms = 30'000;

    // The suite's own conventions: the upstream's initial metadata `x-clv-http-status` (200..599)
    // becomes the HTTP status and is not forwarded, and errors under /v0/ have the shape
    // {"error","documentation"}.
    bool suite_headers = false;
    std::string documentation_url;

    // Origins of web pages that may call the API from a browser (CORS): `scheme://host[:port]`, or
    // `*` for all. Empty: no page of another origin may.
    std::vector<std::string> cors_origins;

    // Calls under way at a time; beyond: 503 at once.
    int max_concurrent_calls = 1024;

    // Serves `GET /openapi.json` with this title and version.
    bool serve_openapi = true;
    OpenApiOptions openapi{.title = "API", .version = "1"};

    // One line at level info in the log for each answer: request id, method, path without query,
    // status, milliseconds. With `access_log_paths` off the rule's pattern stands for the path,
    // which may hold names of people.
    bool access_log = true;
    bool access_log_paths = true;

    // Counts requests and bytes; must outlive the gateway. Null: nothing is counted.
    metrics::Registry* metrics = nullptr;
  };

  // Serves when it returns. INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS: bad configuration, as
  // Transcoder::Create and HttpServer::Start say, and a service that no upstream has. UNAVAILABLE:
  // cannot listen.
  static absl::StatusOr<std::unique_ptr<Gateway>> Create(Options options);

  // Shuts down with no patience if Shutdown was not called.
  virtual ~Gateway() = default;

  // The address that it listens on, with the real port.
  virtual const std::string& http_address() const = 0;

  // Stops listening, lets running requests finish until `deadline`, then cancels the rest. Nothing
  // runs any more when it returns. Idempotent; not to be called from a callback of the gateway's
  // channels.
  virtual void Shutdown(std::chrono::steady_clock::time_point deadline) = 0;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_GATEWAY_H_
