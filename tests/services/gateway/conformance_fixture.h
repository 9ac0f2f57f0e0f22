// tests/services/gateway/conformance_fixture.h: one request to a gateway that a configuration file
// describes, and what has to come back.
#ifndef CLV_TESTS_SERVICES_GATEWAY_CONFORMANCE_FIXTURE_H_
#define CLV_TESTS_SERVICES_GATEWAY_CONFORMANCE_FIXTURE_H_

#include <gtest/gtest.h>

#include <iosfwd>
#include <string>
#include <string_view>

#include "services/gateway/config.h"
#include "tests/services/gateway/raw_client.h"

namespace clv::gateway::conformance {

// One row of a table.
struct Case {
  std::string request;  // `GET /path`, then header lines, each behind a `\n`
  std::string body;
  int status;

  // The whole body; `~text` for one that contains the text, `*` for any.
  std::string want;

  // YAML members of `grpc_json_transcoder`, besides the descriptor and the services.
  std::string options;

  // `name: value` lines of the answer; `!name` for a header that must not be there.
  std::string headers;
};

std::ostream& operator<<(std::ostream& out, const Case& c);

// The configuration of a gateway for every service of the conformance API, with these members of
// `grpc_json_transcoder` besides.
std::string ConfigText(const std::string& options);

// The address of a gateway with these options in front of the conformance server. Both live until
// the program ends.
std::string GatewayAddress(const std::string& options);

// Sends the request of the case; lines end as HTTP wants it, a body has its length.
testing::RawResponse Send(const Case& c);

class ConformanceTest : public ::testing::TestWithParam<Case> {};

}  // namespace clv::gateway::conformance

#endif  // CLV_TESTS_SERVICES_GATEWAY_CONFORMANCE_FIXTURE_H_
