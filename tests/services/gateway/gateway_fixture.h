// tests/services/gateway/gateway_fixture.h: a gateway in front of the test API, over one channel
// inside the process or, with CLV_TEST_UPSTREAM=tcp, over TCP.
#ifndef CLV_TESTS_SERVICES_GATEWAY_GATEWAY_FIXTURE_H_
#define CLV_TESTS_SERVICES_GATEWAY_GATEWAY_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/gateway/gateway.h"
#include "tests/services/gateway/echo_server.h"
#include "tests/services/gateway/raw_client.h"

namespace clv::gateway::testing {

class GatewayFixture : public ::testing::Test {
 protected:
  void SetUp() override { StartGateway(SuiteOptions()); }

  void TearDown() override { gateway_.reset(); }

  // The suite's own configuration: strict, with its conventions for /v0/.
  Gateway::Options SuiteOptions() {
    Gateway::Options options;
    options.http.address = "127.0.0.1:0";
    options.transcoder.services = {
        "clv.gateway.testing.EchoService",     "clv.gateway.testing.BodyService",
        "clv.gateway.testing.TroubleService",  "clv.gateway.testing.StreamService",
        "clv.gateway.testing.DownloadService", "clv.gateway.testing.SilentService"};
    options.transcoder.convert_grpc_status = true;
    options.transcoder.query_param_unescape_plus = true;
    options.transcoder.ignore_unknown_query_parameters_under = {"/v0/"};
    options.upstreams.push_back(Upstream());
    options.suite_headers = true;
    options.documentation_url = "https://docs/";
    options.access_log = false;
    return options;
  }

  Gateway::Upstream Upstream() {
    const char* kind = std::getenv("CLV_TEST_UPSTREAM");
    if (kind != nullptr && std::string_view(kind) == "tcp") {
      return {{"*"}, nullptr, server_.address()};
    }
    return {{"*"}, server_.Channel(), ""};
  }

  void StartGateway(Gateway::Options options) {
    gateway_ = Gateway::Create(std::move(options)).value();
  }

  RawResponse Get(const std::string& target, const std::string& headers = "") {
    return RawClient(gateway_->http_address())
        .Ask(absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: h\r\n", headers, "\r\n"));
  }

  RawResponse Post(const std::string& target, const std::string& body,
                   const std::string& headers = "") {
    return RawClient(gateway_->http_address())
        .Ask(absl::StrCat("POST ", target, " HTTP/1.1\r\nHost: h\r\nContent-Length: ", body.size(),
                          "\r\n", headers, "\r\n", body));
  }

  EchoServer server_;
  std::unique_ptr<Gateway> gateway_;
};

}  // namespace clv::gateway::testing

#endif  // CLV_TESTS_SERVICES_GATEWAY_GATEWAY_FIXTURE_H_
