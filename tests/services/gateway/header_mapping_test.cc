#include "services/gateway/header_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/gateway/error_reply.h"

namespace clv::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Lines(const HttpHeaders& headers) {
  std::vector<std::string> lines;
  for (const HttpHeader& header : headers) lines.push_back(header.name + ": " + header.value);
  return lines;
}

// The metadata of a request with these headers, without the two that are always there.
std::vector<std::string> Forwarded(HttpHeaders headers) {
  std::vector<std::string> lines =
      Lines(RequestMetadata({"GET", "/", std::move(headers), ""}, "/"));
  lines.resize(lines.size() - 2);
  return lines;
}

TEST(HeaderMappingTest, ForwardsHeadersInLowerCaseAuthorizationToo) {
  EXPECT_THAT(Forwarded({{"Authorization", "Bearer t"},
                         {"X-A", "1"},
                         {"x-a", "2"},
                         {"Content-Encoding", "gzip"}}),
              ElementsAre("authorization: Bearer t", "x-a: 1", "x-a: 2", "content-encoding: gzip"));
}

TEST(HeaderMappingTest, KeepsHeadersOfTheConnectionToItself) {
  EXPECT_THAT(Forwarded({{"Host", "h"},
                         {"Connection", "keep-alive, X-Hop"},
                         {"X-Hop", "1"},
                         {"Keep-Alive", "1"},
                         {"TE", "trailers"},
                         {"Transfer-Encoding", "chunked"},
                         {"Content-Length", "3"},
                         {"Content-Type", "a/b"},
                         {"Expect", "x"},
                         {"Upgrade", "h2c"},
                         {"Grpc-Timeout", "1S"},
                         {"grpc-encoding", "gzip"},
                         {"Trailer", "x"}}),
              IsEmpty());
}

TEST(HeaderMappingTest, DropsWhatMetadataCannotCarry) {
  EXPECT_THAT(Forwarded({{"x-a!", "1"}, {"x-b", "\xC3\xA9"}, {"x-c", "a\tb"}, {"x-d", "ok"}}),
              ElementsAre("x-d: ok"));
}

TEST(HeaderMappingTest, DecodesBinaryHeaders) {
  EXPECT_THAT(Forwarded({{"x-a-bin", "aGk="}, {"x-b-bin", "aGk"}, {"x-c-bin", "!"}}),
              ElementsAre("x-a-bin: hi", "x-b-bin: hi"));
}

TEST(HeaderMappingTest, OverwritesTheOriginalPathAndMethod) {
  const HttpRequest request{
      "POST", "", {{"X-Envoy-Original-Path", "/evil"}, {"x-envoy-original-method", "EVIL"}}, ""};
  EXPECT_THAT(
      Lines(RequestMetadata(request, "/a?b=\xC3\xA9 c")),
      ElementsAre("x-envoy-original-path: /a?b=%C3%A9%20c", "x-envoy-original-method: POST"));
}

TEST(HeaderMappingTest, GivesMetadataBackAsHeaders) {
  const std::multimap<grpc::string_ref, grpc::string_ref> metadata = {{"a", "1"},
                                                                      {"a", "2"},
                                                                      {"b-bin", "x"},
                                                                      {"connection", "x"},
                                                                      {"content-type", "x"},
                                                                      {"grpc-encoding", "x"},
                                                                      {"content-length", "5"}};
  EXPECT_THAT(Lines(ResponseHeaders(metadata)), ElementsAre("a: 1", "a: 2", "b-bin: eA"));
}

TEST(HeaderMappingTest, ReadsTheClientsTimeout) {
  const auto timeout = [](const char* name, const char* value) {
    return ClientTimeout({{name, value}});
  };
  EXPECT_EQ(timeout("grpc-timeout", "2S"), std::chrono::seconds(2));
  EXPECT_EQ(timeout("Grpc-Timeout", "100m"), std::chrono::milliseconds(100));
  EXPECT_EQ(timeout("grpc-timeout", "5u"), std::chrono::microseconds(5));
  EXPECT_EQ(timeout("grpc-timeout", "5n"), std::chrono::nanoseconds(5));
  EXPECT_EQ(timeout("grpc-timeout", "1M"), std::chrono::minutes(1));
  EXPECT_EQ(timeout("grpc-timeout", "99999999H"), std::chrono::hours(24 * 365));
  EXPECT_EQ(timeout("x-envoy-expected-rq-timeout-ms", "250"), std::chrono::milliseconds(250));
  for (const char* bad : {"", "S", "1", "1x", "-1S", "123456789S", "1.5S"}) {
    EXPECT_EQ(timeout("grpc-timeout", bad), std::nullopt) << bad;
  }
}

TEST(ErrorReplyTest, RedactsEveryToken) {
  EXPECT_EQ(RedactTokens("/a?token=secret&b=1&x_token=s2 token=\"t"),
            "/a?token=***&b=1&x_token=*** token=***\"t");
}

TEST(ErrorReplyTest, AddsTheHeadersOfAStatusOnlyWhereTheyLack) {
  HttpResponse response{429, {{"Retry-After", "9"}}, ""};
  AddStatusHeaders(response);
  EXPECT_THAT(Lines(response.headers), ElementsAre("Retry-After: 9"));
}

TEST(ErrorReplyTest, ShapesTheBodyByPath) {
  const ErrorReply errors({.v0_shape = true, .documentation_url = "https://d/"});
  EXPECT_EQ(errors.Make(404, "no \"x\"", "/v0/x").body,
            R"({"error":"no \"x\"","documentation":"https://d/"})");
  EXPECT_EQ(errors.Make(404, "no", "/v0x").body, R"({"code":5,"message":"no","details":[]})");
  EXPECT_EQ(ErrorReply({}).Make(404, "no", "/v0/x").body,
            R"({"code":5,"message":"no","details":[]})");
}

}  // namespace
}  // namespace clv::gateway
