// services/gateway/config.h: the configuration file of a gateway for arbitrary services.
//
//   listen: 127.0.0.1:8080             # port 0: a free one, named in the ready line
//   upstreams:                         # the first entry whose services match; "*" matches all
//     - services: ["pkg.Service"]
//       address: 127.0.0.1:50051
//   grpc_json_transcoder:              # names, nesting and defaults of Envoy's GrpcJsonTranscoder
//     proto_descriptor: api.pb         # beside this file, else in the working directory
//     services: ["pkg.Service"]
//     print_options: { preserve_proto_field_names: true }
//     convert_grpc_status: true
//
// Everything else may be left out:
//
//   allow_public: false                # beyond loopback without TLS
//   io_threads: 2
//   tls: { certificate_chain: chain.pem, private_key: key.pem }
//   cors_origins: ["https://shop.example"]
//   access_log: true
//   openapi: { enabled: true, title: API, version: "1" }
//   limits:
//     max_connections: 1024
//     max_connections_per_address: 512 # 0: no bound
//     max_concurrent_calls: 1024
//     max_head_bytes: 16384
//     head_timeout: 10s
//     idle_timeout: 60s
//     transfer_grace: 10s
//     min_bytes_per_second: 4096
//     max_body_pause: 60s
//     default_deadline: 30s            # of a unary call whose client names none
//     drain_timeout: 10s
#ifndef CLV_SERVICES_GATEWAY_CONFIG_H_
#define CLV_SERVICES_GATEWAY_CONFIG_H_

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "services/gateway/gateway.h"

namespace clv::gateway {

struct GatewayConfig {
  Gateway::Options options;
  bool allow_public = false;
  std::chrono::milliseconds drain_timeout{10'000};
};

// Reads the file. NOT_FOUND: it, or a descriptor set that it names, cannot be read.
// INVALID_ARGUMENT: it is no YAML, has an unknown key or a bad value; the message names line and
// key.
absl::StatusOr<GatewayConfig> ReadConfigFile(const std::string& path);

// The same for the text of a file in `directory`.
absl::StatusOr<GatewayConfig> ReadConfig(const std::string& text, const std::string& directory);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_CONFIG_H_
