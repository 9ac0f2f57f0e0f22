#include "tests/services/gateway/conformance_fixture.h"

#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/base/log.h"
#include "tests/services/gateway/conformance_server.h"

namespace clv::gateway::conformance {

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.request << (c.options.empty() ? "" : " with " + c.options);
}

std::string ConfigText(const std::string& options) {
  static const std::unique_ptr<ConformanceServer> server = ConformanceServer::Start();
  std::string text =
      absl::StrCat("listen: 127.0.0.1:0\naccess_log: false\nupstreams:\n",
                   "  - {services: [\"*\"], address: \"", server->address(),
                   "\"}\ngrpc_json_transcoder:\n  proto_descriptor: ", CLV_CONFORMANCE_API_SET,
                   "\n  services:\n");
  for (const char* service : {"Matching", "Binding", "Bodies", "Streams", "Errors", "Unmapped"}) {
    absl::StrAppend(&text, "    - clv.gateway.conformance.", service, "\n");
  }
  for (const absl::string_view line : absl::StrSplit(options, '\n', absl::SkipEmpty())) {
    absl::StrAppend(&text, "  ", line, "\n");
  }
  return text;
}

std::string GatewayAddress(const std::string& options) {
  static auto& gateways = *new std::map<std::string, std::unique_ptr<Gateway>>;
  std::unique_ptr<Gateway>& gateway = gateways[options];
  if (gateway == nullptr) {
    gateway = Gateway::Create(ReadConfig(ConfigText(options), "").value().options).value();
  }
  return gateway->http_address();
}

testing::RawResponse Send(const Case& c) {
  std::string text = c.request;
  const size_t line_end = std::min(text.find('\n'), text.size());
  text.insert(line_end, " HTTP/1.1\nhost: h");
  if (!c.body.empty() || text.starts_with("P")) {
    absl::StrAppend(&text, "\ncontent-length: ", c.body.size());
  }
  text = absl::StrReplaceAll(text, {{"\n", "\r\n"}});
  testing::RawClient client(GatewayAddress(c.options));
  client.Send(absl::StrCat(text, "\r\n\r\n", c.body));
  return client.Read(!c.request.starts_with("HEAD")).value_or(testing::RawResponse());
}

TEST_P(ConformanceTest, AnswersAsSpecified) {
  const Case& c = GetParam();
  const testing::RawResponse response = Send(c);
  EXPECT_EQ(response.status, c.status) << response.body;
  if (c.want.starts_with('~')) {
    EXPECT_THAT(response.body, ::testing::HasSubstr(c.want.substr(1)));
  } else if (c.want != "*") {
    EXPECT_EQ(response.body, c.want);
  }
  for (const absl::string_view line : absl::StrSplit(c.headers, '\n', absl::SkipEmpty())) {
    const std::string text(line);
    if (text.starts_with('!')) {
      EXPECT_FALSE(response.headers.contains(text.substr(1))) << text;
      continue;
    }
    const std::pair<std::string, std::string> header =
        absl::StrSplit(text, absl::MaxSplits(": ", 1));
    ASSERT_TRUE(response.headers.contains(header.first)) << text;
    EXPECT_EQ(response.headers.at(header.first), header.second);
  }
}

}  // namespace clv::gateway::conformance
