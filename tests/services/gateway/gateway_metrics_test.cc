// What the gateway counts of real requests.

#include <chrono>
#include <string>
#include <thread>

#include "common/metrics/metrics.h"
#include "tests/common/metrics/exposition.h"
#include "tests/services/gateway/gateway_fixture.h"

namespace clv::gateway {
namespace {

using metrics::Exposition;
using testing::RawClient;

class GatewayMetricsTest : public testing::GatewayFixture {
 protected:
  void SetUp() override { StartCounting(1024); }

  void TearDown() override { gateway_.reset(); }

  void StartCounting(int max_connections) {
    Gateway::Options options = SuiteOptions();
    options.metrics = &registry_;
    options.http.max_connections = max_connections;
    StartGateway(std::move(options));
  }

  // What is counted once `answers` answers are out; they are counted when they have been written.
  Exposition ScrapeAfter(int answers) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (true) {
      Exposition exposition = metrics::ReadExposition(registry_.Text());
      const double counted = exposition.Sum("clv_gateway_requests_total");
      if (counted >= answers || std::chrono::steady_clock::now() > until) {
        EXPECT_EQ(counted, answers);
        return exposition;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  static std::string Requests(const std::string& rule, int status) {
    return "clv_gateway_requests_total{rule=\"" + rule + "\",status=\"" + std::to_string(status) +
           "\"}";
  }

  metrics::Registry registry_;
};

TEST_F(GatewayMetricsTest, CountsRequestsByRuleAndStatus) {
  Get("/v1/echo/one");
  Get("/v1/echo/two?i32=7");
  Get("http://any.host/v1/echo/three");
  Get("/v1/echo/four?no_such_field=1");
  Get("/v0/status/404");
  Post("/v1/echo", R"({"text":"a"})");
  const Exposition exposition = ScrapeAfter(6);
  EXPECT_EQ(exposition.At(Requests("GET /v1/echo/{text}", 200)), 3);
  EXPECT_EQ(exposition.At(Requests("GET /v1/echo/{text}", 400)), 1);
  EXPECT_EQ(exposition.At(Requests("GET /v0/status/{status}", 404)), 1);
  EXPECT_EQ(exposition.At(Requests("POST /v1/echo", 200)), 1);
  EXPECT_EQ(
      exposition.At(R"(clv_gateway_request_duration_seconds_count{rule="GET /v1/echo/{text}"})"),
      4);
}

TEST_F(GatewayMetricsTest, WhatMatchesNoRuleCountsTogetherWhateverItsPath) {
  Get("/v1/no/such/path/customer-canary");
  Get("/v0/pipes-canary");
  Post("/v1/inspect", "");
  RawClient(gateway_->http_address()).Ask("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
  RawClient(gateway_->http_address()).Ask("canary canary canary\r\n\r\n");
  const Exposition exposition = ScrapeAfter(5);
  EXPECT_EQ(exposition.At(Requests("(none)", 404)), 2);
  EXPECT_EQ(exposition.At(Requests("(none)", 405)), 1);
  EXPECT_EQ(exposition.At(Requests("(none)", 204)), 1);
  EXPECT_EQ(exposition.At(Requests("(none)", 505)), 1);
  EXPECT_EQ(registry_.Text().find("canary"), std::string::npos);
}

TEST_F(GatewayMetricsTest, CountsConnectionsAndTheBytesOnThem) {
  StartCounting(2);
  const std::string request = "GET /v1/echo/a HTTP/1.1\r\nHost: h\r\n\r\n";
  RawClient first(gateway_->http_address());
  first.Ask(request);
  RawClient second(gateway_->http_address());
  const std::string body(5'000, 'x');
  const std::string post =
      "POST /v1/echo HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size() + 11) +
      "\r\n\r\n{\"text\":\"" + body + "\"}";
  second.Ask(post);
  const Exposition exposition = ScrapeAfter(2);
  EXPECT_EQ(exposition.At("clv_gateway_open_connections"), 2);
  EXPECT_EQ(exposition.At("clv_gateway_refused_connections_total"), 0);
  EXPECT_EQ(exposition.At("clv_gateway_received_bytes_total"),
            static_cast<double>(request.size() + post.size()));
  EXPECT_GT(exposition.At("clv_gateway_sent_bytes_total"), static_cast<double>(body.size()));
  RawClient third(gateway_->http_address());
  EXPECT_EQ(third.Read()->status, 503);
  EXPECT_EQ(ScrapeAfter(2).At("clv_gateway_refused_connections_total"), 1);
}

TEST_F(GatewayMetricsTest, AClosedConnectionIsNotOpen) {
  {
    RawClient client(gateway_->http_address());
    client.Ask("GET /v1/echo/a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(ScrapeAfter(1).At("clv_gateway_open_connections"), 1);
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (ScrapeAfter(1).At("clv_gateway_open_connections") > 0 &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(ScrapeAfter(1).At("clv_gateway_open_connections"), 0);
}

}  // namespace
}  // namespace clv::gateway
