#include "common/metrics/metrics_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "common/metrics/catalogue.h"
#include "tests/common/metrics/exposition.h"

namespace clv::metrics {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

absl::StatusOr<std::unique_ptr<MetricsServer>> StartAt(const std::string& address,
                                                       bool allow_public = false) {
  return MetricsServer::Start(
      {.program = "clv-test", .address = address, .allow_public = allow_public});
}

TEST(MetricsServerTest, IsOffWithoutAnAddress) {
  const auto server = StartAt("").value();
  EXPECT_EQ(server->registry(), nullptr);
  EXPECT_EQ(server->address(), "");
  EXPECT_EQ(server->ready_word(), "");
}

TEST(MetricsServerTest, ServesWhatIsCountedAtAFreePort) {
  const auto server = StartAt("127.0.0.1:0").value();
  EXPECT_THAT(server->address(), StartsWith("127.0.0.1:"));
  EXPECT_NE(server->address(), "127.0.0.1:0");
  EXPECT_EQ(server->ready_word(), " metrics=" + server->address());
  const Counter counter = CounterIn(server->registry(), kIngestFailedAppends);
  counter.Add();
  EXPECT_EQ(ScrapeOverHttp(server->address()).At("clv_ingest_failed_appends_total"), 1);
  counter.Add();
  const Exposition exposition = ScrapeOverHttp(server->address());
  EXPECT_EQ(exposition.At("clv_ingest_failed_appends_total"), 2);
  EXPECT_EQ(exposition.Sum("clv_process_build_info", R"(program="clv-test")"), 1);
}

TEST(MetricsServerTest, ServesNothingElse) {
  const auto server = StartAt("127.0.0.1:0").value();
  EXPECT_THAT(HttpGet(server->address(), "/"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(HttpGet(server->address(), "/../../etc/passwd"), Not(HasSubstr("root:")));
}

TEST(MetricsServerTest, IsGoneWithItsObject) {
  auto server = StartAt("127.0.0.1:0").value();
  const std::string address = server->address();
  server.reset();
  EXPECT_EQ(HttpGet(address, "/metrics"), "");
}

TEST(MetricsServerTest, RefusesATakenAddress) {
  const auto server = StartAt("127.0.0.1:0").value();
  const auto second = StartAt(server->address());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()),
              AllOf(HasSubstr("--metrics-address"), HasSubstr(server->address())));
}

TEST(MetricsServerTest, RefusesToListenBeyondLoopbackUnlessAsked) {
  for (const char* address : {"0.0.0.0:0", "[::]:0", "192.0.2.1:9464", "example.org:80"}) {
    const absl::Status refused = StartAt(address).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_THAT(std::string(refused.message()),
                AllOf(HasSubstr("--metrics-address"), HasSubstr(address), HasSubstr("loopback"),
                      HasSubstr("--allow-public")));
  }
  const auto server = StartAt("0.0.0.0:0", true).value();
  const std::string port = server->address().substr(server->address().rfind(':'));
  EXPECT_FALSE(ScrapeOverHttp("127.0.0.1" + port).values.empty());
}

TEST(MetricsServerTest, RefusesWhatIsNoAddress) {
  for (const char* address : {"nonsense", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:http", ":",
                              "unix:/tmp/metrics", "127.0.0.1:1,127.0.0.1:2"}) {
    const absl::Status refused = StartAt(address, true).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_THAT(std::string(refused.message()),
                AllOf(HasSubstr("--metrics-address"), HasSubstr(address), HasSubstr("host:port")));
  }
}

TEST(MetricsServerTest, SaysThatItDoesNotSpeakIpv6) {
  const absl::Status refused = StartAt("[::1]:0").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("IPv4"));
}

}  // namespace
}  // namespace clv::metrics
