#include "common/rpc/server_host.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>

#include <charconv>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "grpc/health/v1/health.pb.h"

namespace clv::rpc {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr int kMaxMetadataBytes = 64 << 10;
constexpr int kKeepaliveMillis = 60'000;
constexpr int kKeepaliveTimeoutMillis = 20'000;
constexpr int kMinPingIntervalMillis = 10'000;
constexpr int kMaxStreamsPerConnection = 1024;

struct HostAndPort {
  std::string host;  // without brackets
  int port = 0;
};

absl::StatusOr<HostAndPort> SplitAddress(const std::string& address) {
  const absl::Status malformed = absl::InvalidArgumentError(
      absl::StrCat("address: got ", Quoted(address),
                   ", want host:port (an IPv6 host in brackets) or unix:path"));
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) return malformed;
  HostAndPort result;
  result.host = address.substr(0, colon);
  if (result.host.front() == '[' && result.host.back() == ']') {
    result.host = result.host.substr(1, result.host.size() - 2);
  } else if (result.host.find(':') != std::string::npos) {
    return malformed;
  }
  const char* end = address.data() + address.size();
  const auto [rest, error] = std::from_chars(address.data() + colon + 1, end, result.port);
  if (error != std::errc() || rest != end || result.port < 0 || result.port > 65535 ||
      result.host.empty()) {
    return malformed;
  }
  return result;
}

bool IsLoopbackHost(const std::string& host) {
  if (host == "localhost" || host == "::1") return true;
  // A name may begin with 127. too, so only digits and dots count.
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
}

void SetLimits(const ServerHost::Options& options, grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(options.max_receive_bytes);
  builder->SetMaxSendMessageSize(-1);
  // Without this a second process on the same port would start and take half of the calls.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMillis);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMillis);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              kMinPingIntervalMillis);
}

void SetPlugins(bool reflection) {
  grpc::EnableDefaultHealthCheckService(true);
  // gRPC answers health checks without this generated code; reflection needs its descriptors to
  // describe them.
  grpc::health::v1::HealthCheckRequest::descriptor();
  // The plug-in is process-wide: once a server reflects, later ones do too.
  if (reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
}

}  // namespace

absl::StatusOr<bool> IsLoopbackAddress(const std::string& address) {
  if (address.starts_with(kUnixPrefix)) return true;
  CLV_ASSIGN_OR_RETURN(const HostAndPort split, SplitAddress(address));
  return IsLoopbackHost(split.host);
}

absl::StatusOr<std::unique_ptr<ServerHost>> ServerHost::Start(
    const Options& options, const std::vector<grpc::Service*>& services) {
  if (!options.address.empty()) {
    CLV_ASSIGN_OR_RETURN(const bool is_loopback, IsLoopbackAddress(options.address));
    if (!is_loopback && !options.allow_public) {
      return absl::InvalidArgumentError(
          absl::StrCat("--grpc-address: ", Quoted(options.address),
                       " is not loopback and there is no TLS; say --allow-public to do it all the "
                       "same"));
    }
  }
  SetPlugins(options.reflection);
  grpc::ServerBuilder builder;
  SetLimits(options, &builder);
  int port = 0;
  if (!options.address.empty())
    builder.AddListeningPort(options.address, grpc::InsecureServerCredentials(), &port);
  for (grpc::Service* service : services) builder.RegisterService(service);

  std::unique_ptr<ServerHost> host(new ServerHost);
  host->server_ = builder.BuildAndStart();
  if (host->server_ == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", Quoted(options.address),
                     ": the address is taken, or not one of this machine"));
  }
  host->SetServing("", false);
  host->address_ = options.address;
  if (!options.address.empty() && !options.address.starts_with(kUnixPrefix)) {
    host->port_ = port;
    host->address_ = absl::StrCat(options.address.substr(0, options.address.rfind(':')), ":", port);
  }
  return host;
}

ServerHost::~ServerHost() {
  if (server_ != nullptr) Drain(std::chrono::milliseconds(0));
}

std::shared_ptr<grpc::Channel> ServerHost::InProcessChannel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  return server_->InProcessChannel(arguments);
}

void ServerHost::SetServing(const std::string& service, bool serving) {
  server_->GetHealthCheckService()->SetServingStatus(service, serving);
}

void ServerHost::Drain(std::chrono::milliseconds grace) {
  std::call_once(drained_, [this, grace] {
    server_->GetHealthCheckService()->Shutdown();
    server_->Shutdown(std::chrono::system_clock::now() + grace);
  });
}

}  // namespace clv::rpc
