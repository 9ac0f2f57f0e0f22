#include "services/gateway/config.h"

#include <filesystem>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "services/gateway/config_reader.h"
#include "services/gateway/config_transcoder.h"

namespace clv::gateway {
namespace {

constexpr IntegerRange kCount{1, 1'000'000};

absl::StatusOr<std::vector<Gateway::Upstream>> ReadUpstreams(const YAML::Node& node) {
  std::vector<Gateway::Upstream> upstreams;
  if (!node.IsDefined()) return upstreams;
  if (!node.IsSequence()) return absl::InvalidArgumentError("upstreams: want a list");
  for (const YAML::Node& entry : node) {
    ConfigMap map(entry, absl::StrCat("upstreams[", upstreams.size(), "]"));
    Gateway::Upstream upstream;
    map.Read("services", &upstream.services);
    map.Read("address", &upstream.address);
    if (upstream.services.empty()) map.Refuse("services", "want at least one service or \"*\"");
    if (upstream.address.empty()) map.Refuse("address", "want host:port");
    CLV_RETURN_IF_ERROR(map.Finish());
    upstreams.push_back(std::move(upstream));
  }
  return upstreams;
}

absl::Status ReadTls(const YAML::Node& node, const std::string& directory,
                     HttpServerOptions& http) {
  if (!node.IsDefined()) return absl::OkStatus();
  ConfigMap map(node, "tls");
  for (const auto& [name, file] : {std::pair("certificate_chain", &http.tls_certificate_chain_file),
                                   std::pair("private_key", &http.tls_private_key_file)}) {
    map.Read(name, file);
    if (file->empty()) {
      map.Refuse(name, "want the name of a PEM file");
    } else if (std::filesystem::exists(std::filesystem::path(directory) / *file)) {
      *file = (std::filesystem::path(directory) / *file).string();
    }
  }
  return map.Finish();
}

absl::Status ReadOpenApi(const YAML::Node& node, Gateway::Options& options) {
  ConfigMap map(node, "openapi");
  map.Read("enabled", &options.serve_openapi);
  map.Read("title", &options.openapi.title);
  map.Read("version", &options.openapi.version);
  return map.Finish();
}

absl::Status ReadLimits(const YAML::Node& node, GatewayConfig& config) {
  HttpServerOptions& http = config.options.http;
  ConfigMap map(node, "limits");
  int64_t head_bytes = static_cast<int64_t>(http.max_head_bytes);
  std::chrono::milliseconds deadline(config.options.default_deadline_ms);
  map.Read("max_connections", &http.max_connections, kCount);
  map.Read("max_connections_per_address", &http.max_connections_per_address, {0, kCount.most});
  map.Read("max_concurrent_calls", &config.options.max_concurrent_calls, kCount);
  map.Read("max_head_bytes", &head_bytes, {1024, 64 * 1024});
  map.Read("head_timeout", &http.head_timeout);
  map.Read("idle_timeout", &http.idle_timeout);
  map.Read("transfer_grace", &http.transfer_grace);
  map.Read("min_bytes_per_second", &http.min_bytes_per_second,
           {1, std::numeric_limits<int32_t>::max()});
  map.Read("max_body_pause", &http.max_body_pause);
  map.Read("default_deadline", &deadline);
  map.Read("drain_timeout", &config.drain_timeout);
  http.max_head_bytes = static_cast<size_t>(head_bytes);
  config.options.default_deadline_ms = deadline.count();
  return map.Finish();
}

}  // namespace

absl::StatusOr<GatewayConfig> ReadConfig(const std::string& text, const std::string& directory) {
  CLV_ASSIGN_OR_RETURN(const YAML::Node root, ParseYaml(text));
  GatewayConfig config;
  Gateway::Options& options = config.options;
  ConfigMap map(root, "");
  map.Read("listen", &options.http.address);
  map.Read("allow_public", &config.allow_public);
  map.Read("io_threads", &options.http.io_threads, {1, 64});
  map.Read("cors_origins", &options.cors_origins);
  map.Read("access_log", &options.access_log);
  const YAML::Node upstreams = map.Take("upstreams");
  const YAML::Node transcoder = map.Take("grpc_json_transcoder");
  const YAML::Node tls = map.Take("tls");
  const YAML::Node openapi = map.Take("openapi");
  const YAML::Node limits = map.Take("limits");
  if (!transcoder.IsDefined()) map.Refuse("grpc_json_transcoder", "is missing");
  CLV_RETURN_IF_ERROR(map.Finish());
  CLV_ASSIGN_OR_RETURN(options.upstreams, ReadUpstreams(upstreams));
  CLV_RETURN_IF_ERROR(ReadTls(tls, directory, options.http));
  CLV_RETURN_IF_ERROR(ReadOpenApi(openapi, options));
  CLV_RETURN_IF_ERROR(ReadLimits(limits, config));
  CLV_ASSIGN_OR_RETURN(TranscoderConfig read, ReadTranscoderConfig(transcoder, directory));
  options.transcoder = std::move(read.options);
  options.descriptor_set = std::move(read.descriptor_set);
  return config;
}

absl::StatusOr<GatewayConfig> ReadConfigFile(const std::string& path) {
  CLV_ASSIGN_OR_RETURN(const std::string text, ReadNamedFile(path, ""));
  absl::StatusOr<GatewayConfig> config =
      ReadConfig(text, std::filesystem::path(path).parent_path().string());
  if (config.ok()) return config;
  return absl::Status(config.status().code(), absl::StrCat(path, ": ", config.status().message()));
}

}  // namespace clv::gateway
