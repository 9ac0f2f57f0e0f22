// What a configuration file may say, and what is refused with which words.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/services/gateway/conformance_fixture.h"

namespace clv::gateway::conformance {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// The error of a start with this configuration.
std::string Refusal(const std::string& text) {
  absl::StatusOr<GatewayConfig> config = ReadConfig(text, "");
  if (!config.ok()) return std::string(config.status().message());
  const auto gateway = Gateway::Create(std::move(config->options));
  return gateway.ok() ? "it starts" : std::string(gateway.status().message());
}

std::string WithServices(const std::string& services) {
  return absl::StrCat("listen: 127.0.0.1:0\nupstreams: [{services: [\"*\"], address: \"h:1\"}]\n",
                      "grpc_json_transcoder: {proto_descriptor: ", CLV_CONFORMANCE_API_SET,
                      ", services: [", services, "]}\n");
}

struct BadConfig {
  std::string from;  // of the good configuration
  std::string to;
  std::string words;
};

std::ostream& operator<<(std::ostream& out, const BadConfig& bad) { return out << bad.to; }

class ConfigRefusalTest : public ::testing::TestWithParam<BadConfig> {};

TEST_P(ConfigRefusalTest, NamesWhatIsWrong) {
  const std::string good = ConfigText("convert_grpc_status: true");
  ASSERT_NE(good.find(GetParam().from), std::string::npos);
  EXPECT_THAT(Refusal(absl::StrReplaceAll(good, {{GetParam().from, GetParam().to}})),
              HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, ConfigRefusalTest,
    ::testing::Values(
        BadConfig{"listen:", "lissen:", "line 1: unknown key \"lissen\""},
        BadConfig{"convert_grpc_status", "convert_status",
                  "line 14: grpc_json_transcoder: unknown key \"convert_status\""},
        BadConfig{"convert_grpc_status: true", "print_options: {whitespace: true}",
                  "grpc_json_transcoder.print_options: unknown key \"whitespace\""},
        BadConfig{"convert_grpc_status: true", "request_validation_options: {x: true}",
                  "grpc_json_transcoder.request_validation_options: unknown key \"x\""},
        BadConfig{"services: [\"*\"], address", "service: [\"*\"], address",
                  "unknown key \"service\""},
        BadConfig{"access_log: false", "limits: {max_conections: 1}",
                  "limits: unknown key \"max_conections\""},
        BadConfig{"convert_grpc_status: true",
                  "convert_grpc_status: true\n  convertGrpcStatus: true", "given twice"}));

INSTANTIATE_TEST_SUITE_P(
    Values, ConfigRefusalTest,
    ::testing::Values(
        BadConfig{"convert_grpc_status: true", "convert_grpc_status: maybe",
                  "grpc_json_transcoder.convert_grpc_status: \"maybe\", want true or false"},
        BadConfig{"convert_grpc_status: true", "max_request_body_size: 0",
                  "grpc_json_transcoder.max_request_body_size: \"0\", want a whole number"},
        BadConfig{"convert_grpc_status: true", "max_response_body_size: many",
                  "max_response_body_size"},
        BadConfig{"convert_grpc_status: true", "url_unescape_spec: SOME",
                  "grpc_json_transcoder.url_unescape_spec: \"SOME\", want"},
        BadConfig{"convert_grpc_status: true", "ignored_query_parameters: key",
                  "ignored_query_parameters: \"key\", want a list"},
        BadConfig{"convert_grpc_status: true", "print_options: [1]", "want a mapping"},
        BadConfig{"convert_grpc_status: true", "proto_descriptor_bin: AAAA",
                  "want one of proto_descriptor and proto_descriptor_bin"},
        BadConfig{"access_log: false", "limits: {head_timeout: 10}",
                  "limits.head_timeout: \"10\", want a duration"},
        BadConfig{"access_log: false", "io_threads: 100", "io_threads: \"100\", want"},
        BadConfig{"access_log: false", "tls: {certificate_chain: x.pem}", "tls.private_key"},
        BadConfig{"access_log: false",
                  "tls: {certificate_chain: /no/x.pem, private_key: /no/y.pem}", "/no/x.pem"},
        BadConfig{"access_log: false", "cors_origins: [shop]", "CORS origin: \"shop\""},
        BadConfig{"listen: 127.0.0.1:0", "listen: nowhere", "nowhere"},
        BadConfig{"listen: 127.0.0.1:0", "listen: [", "no YAML"},
        BadConfig{CLV_CONFORMANCE_API_SET, "/no/such.pb",
                  "grpc_json_transcoder.proto_descriptor: cannot read \"/no/such.pb\""},
        BadConfig{CLV_CONFORMANCE_API_SET, "/etc/passwd", "descriptor set"},
        BadConfig{CLV_CONFORMANCE_API_SET, "/dev/null", "is empty"},
        BadConfig{"grpc_json_transcoder", "other", "unknown key \"other\""},
        BadConfig{"[\"*\"]", "[]", "upstreams[0].services: want at least one"},
        BadConfig{"[\"*\"]", "[un.Known]", "no upstream for service"},
        BadConfig{"conformance.Matching", "conformance.Nothing",
                  "unknown service \"clv.gateway.conformance.Nothing\""}));

struct BadService {
  std::string service;
  std::string words;
};

std::ostream& operator<<(std::ostream& out, const BadService& bad) { return out << bad.service; }

class RuleRefusalTest : public ::testing::TestWithParam<BadService> {};

TEST_P(RuleRefusalTest, NamesTheRule) {
  EXPECT_THAT(Refusal(WithServices("clv.gateway.testing." + GetParam().service)),
              AllOf(HasSubstr(GetParam().service), HasSubstr(GetParam().words)));
}

INSTANTIATE_TEST_SUITE_P(Rules, RuleRefusalTest,
                         ::testing::Values(BadService{"BadVariableService", "\"nothing\""},
                                           BadService{"BadTemplateService", "/v1/{name"},
                                           BadService{"MessageVariableService", "inner"},
                                           BadService{"BadBodyService", "\"nothing\""},
                                           BadService{"BadResponseBodyService", "response_body"},
                                           BadService{"SameShapeService", "same shape"}));

TEST(ConfigTest, WithoutServicesEverythingIs404) {
  absl::StatusOr<GatewayConfig> config = ReadConfig(WithServices(""), "");
  ASSERT_TRUE(config.ok()) << config.status();
  const auto gateway = Gateway::Create(std::move(config->options)).value();
  EXPECT_EQ(
      testing::RawClient(gateway->http_address()).Ask("GET /m/items/x HTTP/1.1\r\n\r\n").status,
      404);
}

TEST(ConfigTest, TheDescriptorSetMayStandInTheFile) {
  std::ifstream file(CLV_CONFORMANCE_API_SET, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  const std::string text = absl::StrReplaceAll(
      WithServices("clv.gateway.conformance.Matching"),
      {{absl::StrCat("proto_descriptor: ", CLV_CONFORMANCE_API_SET),
        absl::StrCat("proto_descriptor_bin: \"", absl::Base64Escape(bytes.str()), "\"")}});
  EXPECT_EQ(Refusal(text), "it starts");
}

TEST(ConfigTest, TheDescriptorSetIsLookedForBesideTheFile) {
  const std::filesystem::path set(CLV_CONFORMANCE_API_SET);
  const std::string text = absl::StrReplaceAll(WithServices("clv.gateway.conformance.Matching"),
                                               {{set.string(), set.filename().string()}});
  EXPECT_TRUE(ReadConfig(text, set.parent_path().string()).ok());
  EXPECT_THAT(ReadConfig(text, "/no").status().message(), HasSubstr("cannot read"));
}

TEST(ConfigTest, NeedsATranscoder) {
  EXPECT_EQ(Refusal("listen: 127.0.0.1:0\n"), "grpc_json_transcoder: is missing");
}

TEST(ConfigTest, AFileThatIsNotThereIsNamed) {
  EXPECT_THAT(ReadConfigFile("/no/such.yaml").status().message(), HasSubstr("/no/such.yaml"));
}

TEST(ConfigTest, ReadsLimitsAndHasDefaults) {
  const GatewayConfig config =
      ReadConfig(WithServices("") +
                     "allow_public: true\nio_threads: 3\ncors_origins: [\"*\"]\n"
                     "openapi: {enabled: false}\n"
                     "limits: {max_connections: 5, max_connections_per_address: 2, "
                     "max_concurrent_calls: 4, max_head_bytes: 2048, head_timeout: 250ms, "
                     "idle_timeout: 1.5s, min_bytes_per_second: 7, default_deadline: 2s, "
                     "drain_timeout: 3s}\n",
                 "")
          .value();
  EXPECT_TRUE(config.allow_public);
  EXPECT_EQ(config.drain_timeout, std::chrono::seconds(3));
  EXPECT_EQ(config.options.http.io_threads, 3);
  EXPECT_EQ(config.options.http.max_connections, 5);
  EXPECT_EQ(config.options.http.max_connections_per_address, 2);
  EXPECT_EQ(config.options.max_concurrent_calls, 4);
  EXPECT_EQ(config.options.http.max_head_bytes, 2048u);
  EXPECT_EQ(config.options.http.head_timeout, std::chrono::milliseconds(250));
  EXPECT_EQ(config.options.http.idle_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(config.options.http.min_bytes_per_second, 7);
  EXPECT_EQ(config.options.default_deadline_ms, 2000);
  EXPECT_FALSE(config.options.serve_openapi);
  const GatewayConfig defaults = ReadConfig(WithServices(""), "").value();
  EXPECT_EQ(defaults.options.transcoder.max_request_body_size, 1 << 20);
  EXPECT_EQ(defaults.options.transcoder.max_response_body_size, 1 << 20);
  EXPECT_FALSE(defaults.options.transcoder.convert_grpc_status);
  EXPECT_FALSE(defaults.options.suite_headers);
  EXPECT_FALSE(defaults.allow_public);
}

}  // namespace
}  // namespace clv::gateway::conformance
