// The gateway end to end: raw bytes in, a real gRPC service behind it.
#include "services/gateway/gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "tests/services/gateway/gateway_fixture.h"

namespace clv::gateway {
namespace {

using ::testing::AllOf;
using testing::EchoServer;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawClient;
using testing::RawResponse;

class GatewayTest : public testing::GatewayFixture {};

TEST_F(GatewayTest, TranscodesAGet) {
  const RawResponse response = Get("/v1/echo/a%2Fb?i32=7&words=x&words=y+z");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"i32":7,"text":"a/b","words":["x","y z"]})");
  EXPECT_EQ(response.headers.at("content-type"), "application/json");
}

TEST_F(GatewayTest, TranscodesAPostThatCallsItselfAForm) {
  EXPECT_EQ(Post("/v1/echo?i32=7", R"({"text":"a"})",
                 "Content-Type: application/x-www-form-urlencoded\r\n")
                .body,
            R"({"i32":7,"text":"a"})");
}

TEST_F(GatewayTest, TakesRawSpacesInTheTarget) {
  EXPECT_EQ(Get("/v1/echo/a b?words=2023-01-01 00:00:00").body,
            R"({"text":"a b","words":["2023-01-01 00:00:00"]})");
}

TEST_F(GatewayTest, TakesTheAbsoluteFormOfATarget) {
  EXPECT_EQ(Get("http://any.host/v1/echo/a?i32=1").body, R"({"i32":1,"text":"a"})");
}

TEST_F(GatewayTest, SendsInitialMetadataBackAsHeaders) {
  const RawResponse response = Get("/v1/echo/a");
  EXPECT_EQ(response.headers.at("x-reply"), "initial");
  EXPECT_EQ(response.headers.at("grpc-status"), "0");
  EXPECT_EQ(response.headers.at("x-reply-bin"), "YmluYXJ5");
  EXPECT_FALSE(response.headers.contains("x-trailer"));
}

TEST_F(GatewayTest, SendsHeadersUpAndOverwritesTheOriginalPathAndMethod) {
  const RawResponse response = Post(
      "/v0/inspect?token=t&a=b c", "",
      "Authorization: Bearer t\r\nX-Envoy-Original-Path: /evil\r\nX-Envoy-Original-Method: EVIL\r\n"
      "Content-Encoding: gzip\r\nGrpc-Foo: x\r\nX-Bin-Bin: aGk=\r\n");
  EXPECT_THAT(
      response.body,
      AllOf(HasSubstr(R"("authorization":"Bearer t")"),
            HasSubstr(R"("x-envoy-original-path":"/v0/inspect?token=t&a=b%20c")"),
            HasSubstr(R"("x-envoy-original-method":"POST")"),
            HasSubstr(R"("content-encoding":"gzip")"), HasSubstr(R"("x-bin-bin":"hi")"),
            Not(HasSubstr("evil")), Not(HasSubstr("grpc-foo")), Not(HasSubstr("\"host\""))));
}

TEST_F(GatewayTest, SendsAnOriginalPathOfSeveralKilobytesUp) {
  const std::string spaces(10'000, ' ');
  EXPECT_EQ(Get("/v0/pipes/x.json?q=" + spaces).status, 200);
}

TEST_F(GatewayTest, PassesABodyUpAsBytes) {
  EXPECT_EQ(Post("/v1/uploads/n", std::string("\0{\xFF", 3), "Content-Type: a/b\r\n").body,
            R"({"name":"n","contentType":"a/b","size":"3"})");
}

TEST_F(GatewayTest, PassesALargeBodyThrough) {
  std::string body(12 << 20, 'x');
  for (size_t i = 0; i < body.size(); i += 997) body[i] = static_cast<char>(i);
  const RawResponse response = Post("/v1/raw", body, "Content-Type: a/b\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-type"), "a/b");
  EXPECT_TRUE(response.body == body);
}

TEST_F(GatewayTest, PassesAChunkedBodyUp) {
  EXPECT_EQ(RawClient(gateway_->http_address())
                .Ask("POST /v1/raw HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
                .body,
            "abcde");
}

TEST_F(GatewayTest, SendsAnHttpBodyDownAsItIs) {
  const RawResponse response = Get("/v1/page");
  EXPECT_EQ(response.headers.at("content-type"), "text/html");
  EXPECT_EQ(response.body, "<p>");
}

TEST_F(GatewayTest, AppliesTheSuitesStatusAndStripsIt) {
  const RawResponse response = Get("/v0/status/403");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, R"({"error":"e"})");
  EXPECT_EQ(response.headers.at("content-type"), "application/json; charset=UTF-8");
  EXPECT_EQ(response.headers.at("x-other"), "kept");
  EXPECT_FALSE(response.headers.contains("x-clv-http-status"));
}

TEST_F(GatewayTest, IgnoresASuiteStatusThatIsNone) {
  for (const char* status : {"100", "600", "x", "-1"}) {
    EXPECT_EQ(Get(absl::StrCat("/v0/status/", status)).status, 200) << status;
  }
}

TEST_F(GatewayTest, AddsWhatASuiteStatusNeeds) {
  EXPECT_EQ(Get("/v0/status/429").headers.at("retry-after"), "1");
  EXPECT_EQ(Get("/v0/status/401").headers.at("www-authenticate"), "Bearer");
}

TEST_F(GatewayTest, LeavesTheSuitesStatusAloneWhereItIsOff) {
  Gateway::Options options = SuiteOptions();
  options.suite_headers = false;
  StartGateway(std::move(options));
  const RawResponse response = Get("/v0/status/403");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("x-clv-http-status"), "403");
}

TEST_F(GatewayTest, IgnoresUnknownParametersUnderV0) {
  EXPECT_EQ(Get("/v0/echo/a?from=ts-sdk&token=t").body, R"({"text":"a"})");
}

TEST_F(GatewayTest, PipelinesAndKeepsOrder) {
  RawClient client(gateway_->http_address());
  std::string requests;
  for (int i = 0; i < 30; ++i) absl::StrAppend(&requests, "GET /v1/echo/", i, " HTTP/1.1\r\n\r\n");
  client.Send(requests);
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(client.Read()->body, absl::StrCat("{\"text\":\"", i, "\"}"));
  }
}

TEST_F(GatewayTest, ServesManyConnectionsAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, &good] {
      RawClient client(gateway_->http_address());
      for (int j = 0; j < 50; ++j) {
        const std::string text = absl::StrCat(j);
        good += client.Ask(absl::StrCat("GET /v1/echo/", text, " HTTP/1.1\r\n\r\n")).body ==
                absl::StrCat("{\"text\":\"", text, "\"}");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
}

TEST_F(GatewayTest, GivesTheCallTheDefaultDeadlineOrTheClients) {
  const auto deadline_ms = [](const RawResponse& response) {
    const size_t at = response.body.find("\"deadline-ms\":\"");
    return std::atoi(response.body.c_str() + at + 15);
  };
  EXPECT_NEAR(deadline_ms(Get("/v1/inspect")), 30'000, 5'000);
  EXPECT_NEAR(deadline_ms(Get("/v1/inspect", "grpc-timeout: 100S\r\n")), 100'000, 5'000);
}

TEST_F(GatewayTest, ADeadlineThatPassesIs504) {
  const RawResponse response = Get("/v1/hang", "grpc-timeout: 50m\r\n");
  EXPECT_EQ(response.status, 504);
  EXPECT_THAT(response.body, HasSubstr("\"code\":4"));
}

TEST_F(GatewayTest, CancelsTheCallWhenTheClientLeaves) {
  RawClient client(gateway_->http_address());
  client.Send("GET /v1/hang HTTP/1.1\r\n\r\n");
  ASSERT_EQ(server_.hang_begun().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  client.Reset();
  EXPECT_EQ(server_.hang_cancelled().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST_F(GatewayTest, ShutdownCancelsWhatIsNotFinishedAtTheDeadline) {
  RawClient client(gateway_->http_address());
  client.Send("GET /v1/hang HTTP/1.1\r\n\r\n");
  ASSERT_EQ(server_.hang_begun().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  gateway_->Shutdown(std::chrono::steady_clock::now() + std::chrono::milliseconds(50));
  EXPECT_EQ(server_.hang_cancelled().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST_F(GatewayTest, ReachesAnUpstreamByAddressAndTakesTheFirstThatServes) {
  Gateway::Options options = SuiteOptions();
  options.upstreams = {{{"clv.gateway.testing.EchoService"}, nullptr, server_.address()},
                       {{"*"}, nullptr, "127.0.0.1:1"}};
  StartGateway(std::move(options));
  EXPECT_EQ(Get("/v1/echo/a").body, R"({"text":"a"})");
  EXPECT_EQ(Get("/v1/page").status, 503);
}

TEST_F(GatewayTest, ServesFromADescriptorSet) {
  std::ifstream file(CLV_TEST_API_SET, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  Gateway::Options options = SuiteOptions();
  options.descriptor_set = bytes.str();
  StartGateway(std::move(options));
  EXPECT_EQ(Get("/v1/echo/a").body, R"({"text":"a"})");
}

TEST_F(GatewayTest, RefusesBadConfiguration) {
  Gateway::Options unknown = SuiteOptions();
  unknown.transcoder.services = {"un.Known"};
  EXPECT_THAT(Gateway::Create(std::move(unknown)).status().message(), HasSubstr("un.Known"));
  Gateway::Options homeless = SuiteOptions();
  homeless.upstreams.front().services = {"clv.gateway.testing.EchoService"};
  EXPECT_THAT(Gateway::Create(std::move(homeless)).status().message(), HasSubstr("BodyService"));
  Gateway::Options taken = SuiteOptions();
  taken.http.address = gateway_->http_address();
  EXPECT_TRUE(absl::IsUnavailable(Gateway::Create(std::move(taken)).status()));
}

}  // namespace
}  // namespace clv::gateway
