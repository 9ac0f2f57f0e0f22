// Which pages of other origins may read answers.
#include "services/gateway/cors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/services/gateway/gateway_fixture.h"

namespace clv::gateway {
namespace {

using ::testing::HasSubstr;
using testing::RawClient;
using testing::RawResponse;

constexpr char kShop[] = "Origin: https://shop.example\r\n";
constexpr char kStranger[] = "Origin: https://stranger.example\r\n";

TEST(CorsPolicyTest, TakesOriginsAndTheStar) {
  EXPECT_TRUE(CorsPolicy::Create({"https://a.example", "http://127.0.0.1:3000", "*"}).ok());
  EXPECT_FALSE(CorsPolicy::Create({})->enabled());
}

TEST(CorsPolicyTest, NamesWhatIsNoOrigin) {
  for (const char* bad :
       {"", "shop.example", "https://", "://a", "https://a.example/", "https://a.example/path",
        "https://*.example", "https://u@a", "null", "https://a b", "https://a,https://b"}) {
    const absl::Status status = CorsPolicy::Create({"https://good.example", bad}).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << bad;
    EXPECT_THAT(status.message(), HasSubstr(absl::StrCat("\"", bad, "\", want"))) << bad;
  }
}

TEST(CorsPolicyTest, TakesAnOriginInAnyCase) {
  const HttpRequest request{"GET", "/", {{"Origin", "https://shop.example"}}, ""};
  EXPECT_EQ(*FindHeader(CorsPolicy::Create({"HTTPS://Shop.Example"})->AnswerHeaders(request),
                        "access-control-allow-origin"),
            "https://shop.example");
}

class GatewayCorsTest : public testing::GatewayFixture {
 protected:
  void SetUp() override { Allow({"https://other.example", "https://shop.example"}); }

  void Allow(std::vector<std::string> origins) {
    Gateway::Options options = SuiteOptions();
    options.cors_origins = std::move(origins);
    StartGateway(std::move(options));
  }

  RawResponse Preflight(const std::string& target, const std::string& origin,
                        const std::string& method = "POST") {
    return RawClient(gateway_->http_address())
        .Ask(absl::StrCat("OPTIONS ", target, " HTTP/1.1\r\n", origin,
                          "Access-Control-Request-Method: ", method,
                          "\r\nAccess-Control-Request-Headers: authorization\r\n\r\n"));
  }

  // Checks the answer of an allowed origin.
  static void ExpectReadable(const RawResponse& response) {
    ASSERT_TRUE(response.headers.contains("access-control-allow-origin")) << response.status;
    EXPECT_EQ(response.headers.at("access-control-allow-origin"), "https://shop.example");
    EXPECT_EQ(response.headers.at("access-control-expose-headers"),
              "X-CLV-Context, X-CLV-Log-Position, X-CLV-Visible, X-RateLimit-Limit, "
              "X-RateLimit-Remaining, "
              "X-RateLimit-Reset, Retry-After");
    EXPECT_EQ(response.headers.at("vary"), "Origin");
  }

  static void ExpectNothingGranted(const RawResponse& response) {
    for (const auto& [name, value] : response.headers) {
      EXPECT_FALSE(name.starts_with("access-control-")) << name << ": " << value;
    }
  }
};

TEST_F(GatewayCorsTest, IsOffByDefault) {
  StartGateway(SuiteOptions());
  const RawResponse response = Get("/v1/echo/a", kShop);
  EXPECT_EQ(response.status, 200);
  ExpectNothingGranted(response);
  EXPECT_FALSE(response.headers.contains("vary"));
  const RawResponse preflight = Preflight("/v1/echo/a", kShop);
  EXPECT_EQ(preflight.status, 204);
  ExpectNothingGranted(preflight);
}

TEST_F(GatewayCorsTest, RefusesWhatIsNoOrigin) {
  Gateway::Options options = SuiteOptions();
  options.cors_origins = {"shop.example"};
  EXPECT_TRUE(absl::IsInvalidArgument(Gateway::Create(std::move(options)).status()));
}

TEST_F(GatewayCorsTest, AnswersAPreflightWithThePathsMethods) {
  const RawResponse response = Preflight("/v1/echo", kShop);
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.headers.at("access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(response.headers.at("access-control-allow-methods"), "POST");
  EXPECT_EQ(response.headers.at("access-control-allow-headers"),
            "Authorization, Content-Type, Content-Encoding");
  EXPECT_EQ(response.headers.at("access-control-max-age"), "7200");
  EXPECT_EQ(response.headers.at("vary"), "Origin");
  EXPECT_EQ(response.headers.at("allow"), "POST, REPORT, OPTIONS");
  EXPECT_EQ(Preflight("/v1/streams/n", kShop).headers.at("access-control-allow-methods"),
            "POST, PUT");
}

TEST_F(GatewayCorsTest, APreflightOfAnUnknownPathIs404) {
  const RawResponse response = Preflight("/v1/nowhere", kShop);
  EXPECT_EQ(response.status, 404);
  EXPECT_FALSE(response.headers.contains("access-control-allow-methods"));
}

TEST_F(GatewayCorsTest, GrantsNothingToOtherOrigins) {
  for (const char* origin :
       {kStranger, "Origin: http://shop.example\r\n", "Origin: https://shop.example:8443\r\n",
        "Origin: https://shop.example.evil\r\n", "Origin: null\r\n", ""}) {
    const RawResponse response = Get("/v1/echo/a", origin);
    EXPECT_EQ(response.status, 200) << origin;
    ExpectNothingGranted(response);
    EXPECT_EQ(response.headers.at("vary"), "Origin") << origin;
    const RawResponse preflight = Preflight("/v1/echo/a", origin);
    EXPECT_EQ(preflight.status, 204) << origin;
    ExpectNothingGranted(preflight);
  }
}

TEST_F(GatewayCorsTest, AnOptionsRequestThatIsNoPreflightGetsNoGrantOfMethods) {
  const RawResponse response =
      RawClient(gateway_->http_address())
          .Ask(absl::StrCat("OPTIONS /v1/echo/a HTTP/1.1\r\n", kShop, "\r\n"));
  EXPECT_EQ(response.status, 204);
  EXPECT_FALSE(response.headers.contains("access-control-allow-methods"));
}

TEST_F(GatewayCorsTest, MakesAnswersReadable) {
  ExpectReadable(Get("/v1/echo/a", kShop));
  ExpectReadable(Get("/v0/status/403", kShop));
  ExpectReadable(Post("/v1/streams/n", "abc", kShop));
}

TEST_F(GatewayCorsTest, MakesErrorsReadable) {
  ExpectReadable(Get("/v1/fail/16", kShop));
  ExpectReadable(Get("/v1/nowhere", kShop));
  ExpectReadable(Get("/v1/echo/a?nope=1", kShop));
  ExpectReadable(Get("/v1/watch", kShop));
  ExpectReadable(Post("/v1/echo/a", "{}", kShop));
  ExpectReadable(Post("/v1/streams/n", "abc", absl::StrCat(kShop, "X-Mode: refuse\r\n")));
}

TEST_F(GatewayCorsTest, MakesTheServersOwnErrorsReadable) {
  ExpectReadable(RawClient(gateway_->http_address())
                     .Ask(absl::StrCat("POST /v1/raw HTTP/1.1\r\nContent-Length: 16777217\r\n",
                                       kShop, "\r\n")));
  for (const char* target : {"/v1/raw", "/v1/streams/n"}) {
    RawClient client(gateway_->http_address());
    ExpectReadable(client.Ask(absl::StrCat(
        "POST ", target, " HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", kShop, "\r\nzz\r\n")));
  }
}

TEST_F(GatewayCorsTest, AGrantDoesNotOutliveItsRequest) {
  RawClient client(gateway_->http_address());
  ExpectReadable(client.Ask(absl::StrCat("GET /v1/echo/a HTTP/1.1\r\n", kShop, "\r\n")));
  ExpectNothingGranted(client.Ask("GET /v1/echo/a HTTP/1.1\r\n\r\n"));
  ExpectReadable(client.Ask(absl::StrCat("GET /v1/echo/a HTTP/1.1\r\n", kShop, "\r\n")));
  ExpectNothingGranted(client.Ask("broken\r\n\r\n"));
}

TEST_F(GatewayCorsTest, TheStarAllowsEveryOrigin) {
  Allow({"https://shop.example", "*"});
  EXPECT_EQ(Get("/v1/echo/a", kStranger).headers.at("access-control-allow-origin"), "*");
  EXPECT_EQ(Preflight("/v1/echo/a", kStranger).headers.at("access-control-allow-methods"), "GET");
  ExpectNothingGranted(Get("/v1/echo/a"));
}

}  // namespace
}  // namespace clv::gateway
