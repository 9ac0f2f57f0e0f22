#include "common/rpc/server_host.h"

#include <gtest/gtest.h>

#include "grpc/health/v1/health.grpc.pb.h"

namespace clv::rpc {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

HealthCheckResponse::ServingStatus Check(const std::shared_ptr<grpc::Channel>& channel,
                                         const std::string& service) {
  grpc::ClientContext context;
  HealthCheckRequest request;
  request.set_service(service);
  HealthCheckResponse response;
  const grpc::Status status = Health::NewStub(channel)->Check(&context, request, &response);
  return status.ok() ? response.status() : HealthCheckResponse::SERVICE_UNKNOWN;
}

TEST(ServerHostTest, KnowsLoopback) {
  for (const char* address :
       {"127.0.0.1:1", "127.1.2.3:1", "localhost:0", "[::1]:5", "unix:/run/x"}) {
    EXPECT_TRUE(IsLoopbackAddress(address).value()) << address;
  }
  for (const char* address :
       {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "127.evil.example:1", "host:1"}) {
    EXPECT_FALSE(IsLoopbackAddress(address).value()) << address;
  }
  for (const char* address :
       {"127.0.0.1", ":80", "host:", "host:x", "host:65536", "::1:5", "host:-1"}) {
    EXPECT_FALSE(IsLoopbackAddress(address).ok()) << address;
  }
}

TEST(ServerHostTest, RefusesToListenBeyondLoopbackUnlessAllowed) {
  EXPECT_EQ(ServerHost::Start({.address = "0.0.0.0:0"}, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(ServerHost::Start({.address = "0.0.0.0:0", .allow_public = true}, {}).ok());
}

TEST(ServerHostTest, TellsThePortItWasGiven) {
  const auto host = ServerHost::Start({.address = "127.0.0.1:0"}, {});
  ASSERT_TRUE(host.ok());
  EXPECT_GT((*host)->port(), 0);
  EXPECT_EQ((*host)->address(), "127.0.0.1:" + std::to_string((*host)->port()));
}

TEST(ServerHostTest, RefusesATakenPort) {
  const auto first = ServerHost::Start({.address = "127.0.0.1:0"}, {});
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(ServerHost::Start({.address = (*first)->address()}, {}).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST(ServerHostTest, AnswersHealthChecks) {
  const auto host = ServerHost::Start({.address = "127.0.0.1:0"}, {});
  ASSERT_TRUE(host.ok());
  const auto channel = grpc::CreateChannel((*host)->address(), grpc::InsecureChannelCredentials());
  EXPECT_EQ(Check(channel, ""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Check(channel, "clv.v1.QueryService"), HealthCheckResponse::SERVICE_UNKNOWN);
  (*host)->SetServing("clv.v1.QueryService", true);
  EXPECT_EQ(Check(channel, "clv.v1.QueryService"), HealthCheckResponse::SERVING);
  (*host)->SetServing("clv.v1.QueryService", false);
  EXPECT_EQ(Check(channel, "clv.v1.QueryService"), HealthCheckResponse::NOT_SERVING);
}

TEST(ServerHostTest, ServesWithinTheProcessWithoutListening) {
  const auto host = ServerHost::Start({.address = ""}, {});
  ASSERT_TRUE(host.ok());
  (*host)->SetServing("", true);
  EXPECT_EQ(Check((*host)->InProcessChannel(), ""), HealthCheckResponse::SERVING);
}

}  // namespace
}  // namespace clv::rpc
