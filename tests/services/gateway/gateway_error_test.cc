// How errors reach an HTTP client: the gateway's own and those of services.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/services/gateway/gateway_fixture.h"

namespace clv::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawClient;
using testing::RawResponse;

class GatewayErrorTest : public testing::GatewayFixture {};

TEST_F(GatewayErrorTest, UnknownPathIs404WithoutTheQuery) {
  const RawResponse response = Get("/v1/nowhere?token=secret");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.at("content-type"), "application/json");
  EXPECT_EQ(response.body,
            R"({"code":5,"message":"Could not resolve /v1/nowhere to a method.","details":[]})");
}

TEST_F(GatewayErrorTest, UnknownPathUnderV0HasTheV0Shape) {
  const RawResponse response = Get("/v0/nowhere&token=secret");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.at("content-type"), "application/json; charset=UTF-8");
  EXPECT_EQ(response.body, R"({"error":"Could not resolve /v0/nowhere&token=*** to a method.",)"
                           R"("documentation":"https://docs/"})");
}

TEST_F(GatewayErrorTest, KnownPathWithAnotherMethodIs405WithAllow) {
  const RawResponse response =
      RawClient(gateway_->http_address()).Ask("DELETE /v1/echo HTTP/1.1\r\n\r\n");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.at("allow"), "POST, REPORT");
  EXPECT_THAT(response.body, HasSubstr("\"code\":12"));
}

TEST_F(GatewayErrorTest, HeadIsNotAnsweredByAGetRule) {
  RawClient client(gateway_->http_address());
  client.Send("HEAD /v1/echo/a HTTP/1.1\r\n\r\n");
  const auto response = client.Read(/*has_body=*/false);
  EXPECT_EQ(response->status, 405);
  EXPECT_EQ(response->headers.at("allow"), "GET");
}

TEST_F(GatewayErrorTest, OptionsNamesTheMethods) {
  RawClient client(gateway_->http_address());
  const RawResponse known = client.Ask("OPTIONS /v1/echo/a HTTP/1.1\r\n\r\n");
  EXPECT_EQ(known.status, 204);
  EXPECT_EQ(known.headers.at("allow"), "GET, OPTIONS");
  EXPECT_EQ(client.Ask("OPTIONS * HTTP/1.1\r\n\r\n").status, 204);
  EXPECT_EQ(client.Ask("OPTIONS /v1/nowhere HTTP/1.1\r\n\r\n").status, 404);
}

TEST_F(GatewayErrorTest, ATargetThatIsNoPathIs400) {
  EXPECT_EQ(Get("nowhere").status, 400);
  EXPECT_EQ(RawClient(gateway_->http_address()).Ask("CONNECT h:1 HTTP/1.1\r\n\r\n").status, 400);
}

TEST_F(GatewayErrorTest, UnknownParameterIs400) {
  const RawResponse response = Get("/v1/echo/a?nope=1");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr(R"(Could not find field \"nope\" in the type)"));
}

TEST_F(GatewayErrorTest, MalformedJsonIs400WithTheParsersWords) {
  const RawResponse response = Post("/v1/echo", "{\"text\":");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("\"code\":3"));
}

TEST_F(GatewayErrorTest, ABodyOverTheLimitIs413InTheShapeOfThePath) {
  EXPECT_THAT(RawClient(gateway_->http_address())
                  .Ask("POST /v0/inspect HTTP/1.1\r\nContent-Length: 16777217\r\n\r\n")
                  .body,
              HasSubstr("{\"error\":"));
  const RawResponse response =
      RawClient(gateway_->http_address())
          .Ask("POST /v1/raw HTTP/1.1\r\nContent-Length: 16777217\r\n\r\n");
  EXPECT_EQ(response.status, 413);
  EXPECT_THAT(response.body, HasSubstr("\"code\":8"));
}

TEST_F(GatewayErrorTest, AChunkedBodyOverTheLimitIs413) {
  Gateway::Options options = SuiteOptions();
  options.transcoder.max_request_body_size = 8;
  StartGateway(std::move(options));
  EXPECT_EQ(RawClient(gateway_->http_address())
                .Ask("POST /v1/raw HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "5\r\nabcde\r\n5\r\nfghij\r\n0\r\n\r\n")
                .status,
            413);
}

TEST_F(GatewayErrorTest, AHeadOverTheLimitIs431WithJson) {
  const RawResponse response =
      Get("/v0/pipes/x.json?token=secret", "X: " + std::string(17'000, 'x') + "\r\n");
  EXPECT_EQ(response.status, 431);
  EXPECT_THAT(response.body, HasSubstr("{\"error\":"));
  EXPECT_THAT(response.body, Not(HasSubstr("secret")));
}

TEST_F(GatewayErrorTest, AReplyOverTheLimitIs500) {
  Gateway::Options options = SuiteOptions();
  options.transcoder.max_response_body_size = 8;
  StartGateway(std::move(options));
  EXPECT_EQ(Get("/v1/echo/long-enough").status, 500);
}

TEST_F(GatewayErrorTest, AStreamThatTheServiceLacksIs501) {
  EXPECT_EQ(Get("/v1/watch").status, 501);
}

struct CodeCase {
  int code;
  int http_status;
};

class GatewayStatusTest : public testing::GatewayFixture,
                          public ::testing::WithParamInterface<CodeCase> {};

TEST_P(GatewayStatusTest, MapsTheCode) {
  const RawResponse response = Get(absl::StrCat("/v1/fail/", GetParam().code, "?message=m"));
  EXPECT_EQ(response.status, GetParam().http_status);
  EXPECT_EQ(response.body, absl::StrCat("{\"code\":", GetParam().code, ",\"message\":\"m\"}"));
  EXPECT_EQ(response.headers.at("content-type"), "application/json");
  EXPECT_FALSE(response.headers.contains("grpc-status"));
  EXPECT_FALSE(response.headers.contains("grpc-message"));
}

INSTANTIATE_TEST_SUITE_P(Codes, GatewayStatusTest,
                         ::testing::Values(CodeCase{1, 499}, CodeCase{2, 500}, CodeCase{3, 400},
                                           CodeCase{4, 504}, CodeCase{5, 404}, CodeCase{6, 409},
                                           CodeCase{7, 403}, CodeCase{8, 429}, CodeCase{9, 400},
                                           CodeCase{10, 409}, CodeCase{11, 400}, CodeCase{12, 501},
                                           CodeCase{13, 500}, CodeCase{14, 503}, CodeCase{15, 500},
                                           CodeCase{16, 401}));

TEST_F(GatewayErrorTest, DetailsOfKnownTypesArePrinted) {
  EXPECT_EQ(Get("/v1/fail/3?message=m&details=1").body,
            R"({"code":3,"message":"m","details":[{"@type":)"
            R"("type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"f"}]}]})");
}

TEST_F(GatewayErrorTest, DetailsOfUnknownTypesFallBackToHeaders) {
  const RawResponse response = Get("/v1/fail/3?message=m+n&details=2");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.headers.at("grpc-status"), "3");
  EXPECT_EQ(response.headers.at("grpc-message"), "m%20n");
  EXPECT_EQ(response.body, R"({"code":3,"message":"m n","details":[]})");
}

TEST_F(GatewayErrorTest, WithoutConversionTheStatusIsInHeaders) {
  Gateway::Options options = SuiteOptions();
  options.transcoder.convert_grpc_status = false;
  StartGateway(std::move(options));
  const RawResponse response = Get("/v1/fail/5?message=m");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.headers.at("content-length"), "0");
  EXPECT_EQ(response.headers.at("grpc-status"), "5");
  EXPECT_EQ(response.headers.at("grpc-message"), "m");
}

TEST_F(GatewayErrorTest, ServiceErrorsUnderV0HaveTheV0Shape) {
  EXPECT_EQ(Get("/v0/fail/5?message=m").body, R"({"error":"m","documentation":"https://docs/"})");
}

TEST_F(GatewayErrorTest, NoTokenIsEchoed) {
  for (const char* target :
       {"/v1/fail/5?message=no%20token=secret", "/v0/fail/5?message=token=secret",
        "/v1/fail/5?message=token=secret&details=2"}) {
    EXPECT_THAT(Get(target).body, Not(HasSubstr("secret"))) << target;
  }
}

TEST_F(GatewayErrorTest, TrailingMetadataOfAnErrorAreHeaders) {
  EXPECT_EQ(Get("/v1/fail/5").headers.at("x-trailer"), "trailing");
}

TEST_F(GatewayErrorTest, SomeStatusesCarryTheirHeaders) {
  EXPECT_EQ(Get("/v1/fail/8").headers.at("retry-after"), "1");
  EXPECT_EQ(Get("/v1/fail/14").headers.at("retry-after"), "1");
  EXPECT_EQ(Get("/v1/fail/16").headers.at("www-authenticate"), "Bearer");
  EXPECT_FALSE(Get("/v1/fail/5").headers.contains("retry-after"));
}

TEST_F(GatewayErrorTest, AnUpstreamThatIsDownIs503WithoutItsAddressAndComesBack) {
  Gateway::Options options = SuiteOptions();
  options.upstreams = {{{"*"}, nullptr, server_.address()}};
  StartGateway(std::move(options));
  EXPECT_EQ(Get("/v1/echo/a").status, 200);
  server_.Stop();
  const RawResponse response = Get("/v1/echo/a");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.at("retry-after"), "1");
  EXPECT_THAT(response.body, Not(HasSubstr("127.0.0.1")));
  EXPECT_THAT(Get("/v0/echo/a").body, HasSubstr("{\"error\":"));
  const testing::EchoServer restarted(server_.address());
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (Get("/v1/echo/a").status != 200 && std::chrono::steady_clock::now() < patience) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(Get("/v1/echo/a").status, 200);
}

}  // namespace
}  // namespace clv::gateway
