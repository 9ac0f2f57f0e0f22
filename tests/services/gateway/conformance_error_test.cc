// Headers both ways, and what errors become (REST.md part B 2.6).
#include "absl/strings/str_cat.h"
#include "tests/services/gateway/conformance_fixture.h"

namespace clv::gateway::conformance {
namespace {

constexpr char kConverted[] = "convert_grpc_status: true";

INSTANTIATE_TEST_SUITE_P(
    RequestHeaders, ConformanceTest,
    ::testing::Values(
        Case{"GET /e/metadata", "", 200, R"(~"x-envoy-original-path":"/e/metadata")", "", ""},
        Case{"GET /e/metadata", "", 200, R"(~"x-envoy-original-method":"GET")", "", ""},
        Case{"POST /e/metadata", "{}", 200, R"(~"x-envoy-original-method":"POST")", "", ""},
        Case{"GET /e/metadata?from=x%20y", "", 200,
             R"(~"x-envoy-original-path":"/e/metadata?from=x%20y")",
             "ignore_unknown_query_parameters: true", ""},
        Case{"GET /e/metadata\nx-envoy-original-path: /evil", "", 200,
             R"(~"x-envoy-original-path":"/e/metadata")", "", ""},
        Case{"GET /e/metadata\nAuthorization: Bearer t", "", 200, R"(~"authorization":"Bearer t")",
             "", ""},
        Case{"GET /e/metadata\nX-Custom: a, b", "", 200, R"(~"x-custom":"a, b")", "", ""},
        Case{"GET /e/metadata\nx-bytes-bin: aGk=", "", 200, R"(~"x-bytes-bin":"hi")", "", ""},
        Case{"GET /e/metadata\nx-bytes-bin: aGk", "", 200, R"(~"x-bytes-bin":"hi")", "", ""},
        Case{"GET /e/metadata\nx-request-id: given", "", 200, R"(~"x-request-id":"given")", "",
             "x-request-id: given"},
        Case{"GET /e/metadata\ncookie: a=b", "", 200, R"(~"cookie":"a=b")", "", ""},
        Case{"GET /e/metadata\naccept: */*", "", 200, R"(~"accept":"*/*")", "", ""}));

TEST(ConformanceHeaderTest, WhatBelongsToTheConnectionDoesNotGoUp) {
  const std::string body =
      Send({"POST /e/metadata\nconnection: x-hop\nx-hop: 1\nkeep-alive: 5\nte: trailers\n"
            "upgrade: h2c\ncontent-type: a/b",
            "{}", 200, "", "", ""})
          .body;
  for (const char* name : {"connection", "x-hop", "keep-alive", "upgrade", "content-length",
                           "content-type", "host", "transfer-encoding"}) {
    EXPECT_EQ(body.find(absl::StrCat("\"", name, "\":")), std::string::npos) << name << body;
  }
}

INSTANTIATE_TEST_SUITE_P(
    ReplyHeaders, ConformanceTest,
    ::testing::Values(Case{"GET /e/metadata", "", 200, "*", "",
                           "x-initial: first\nx-bytes-bin: AQI\ngrpc-status: 0\n"
                           "content-type: application/json\n!x-trailer\n!transfer-encoding"},
                      Case{"GET /b/echo?i32=1", "", 200, R"({"i32":1})", "",
                           "content-length: 9\n!connection"},
                      Case{"GET /b/echo", "", 200, "{}", "", "content-length: 2"}));

Case Code(int code, int status) {
  return {absl::StrCat("GET /e/fail?message=m&code=", code),
          "",
          status,
          absl::StrCat("{\"code\":", code, ",\"message\":\"m\"}"),
          kConverted,
          "content-type: application/json\n!grpc-status\n!grpc-message"};
}

INSTANTIATE_TEST_SUITE_P(Codes, ConformanceTest,
                         ::testing::Values(Code(1, 499), Code(2, 500), Code(3, 400), Code(4, 504),
                                           Code(5, 404), Code(6, 409), Code(7, 403), Code(8, 429),
                                           Code(9, 400), Code(10, 409), Code(11, 400),
                                           Code(12, 501), Code(13, 500), Code(14, 503),
                                           Code(15, 500), Code(16, 401), Code(99, 503)));

INSTANTIATE_TEST_SUITE_P(
    Statuses, ConformanceTest,
    ::testing::Values(
        Case{"GET /e/fail?code=0", "", 200, "{}", kConverted, "grpc-status: 0"},
        Case{"GET /e/fail?code=5&message=a%20%C3%A9%22", "", 404,
             "{\"code\":5,\"message\":\"a \xC3\xA9\\\"\"}", kConverted, ""},
        Case{"GET /e/fail?code=5", "", 404, R"({"code":5})", kConverted, "content-length: 10"},
        Case{"GET /e/fail?code=5&message=m&headers_first=true", "", 404,
             R"({"code":5,"message":"m"})", kConverted, "x-initial: first"},
        Case{"GET /e/fail?code=3&message=m&details=known", "", 400,
             R"({"code":3,"message":"m","details":[{"@type":)"
             R"("type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"f"}]}]})",
             kConverted, "!grpc-status-details-bin\n!grpc-status\n!grpc-message"},
        Case{"GET /e/fail?code=3&message=m%20n&details=unknown", "", 400, "", kConverted,
             "grpc-status: 3\ngrpc-message: m%20n\ncontent-length: 0"},
        Case{"GET /e/fail?code=3&message=m&details=known", "", 400,
             "{\n \"code\": 3,\n \"message\": \"m\",\n \"details\": [\n  {\n   \"@type\": "
             "\"type.googleapis.com/google.rpc.BadRequest\",\n   \"field_violations\": [\n    {\n"
             "     \"field\": \"f\"\n    }\n   ]\n  }\n ]\n}\n",
             "convert_grpc_status: true\n"
             "print_options: {add_whitespace: true, preserve_proto_field_names: true}",
             ""},
        Case{"GET /e/fail?code=5&message=m", "", 404, R"({"code":5,"message":"m","details":[]})",
             "convert_grpc_status: true\nprint_options: {always_print_primitive_fields: true}", ""},
        Case{"GET /e/fail?code=5&message=a%20b", "", 404, "", "",
             "content-length: 0\ngrpc-status: 5\ngrpc-message: a%20b\n!content-type"},
        Case{"GET /e/fail?code=5&details=known", "", 404, "", "",
             "grpc-status: 5\ngrpc-status-details-bin: CAUaMgopdHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUu"
             "cnBjLkJhZFJlcXVlc3QSBQoDCgFm"},
        // The last of two of a name is seen where both are kept.
        Case{"GET /e/fail?code=5", "", 404, "*", kConverted, "x-twice: two"},
        Case{"GET /e/fail?code=14", "", 503, "*", kConverted, "retry-after: 1"},
        Case{"GET /e/fail?code=8", "", 429, "*", kConverted, "retry-after: 1"},
        Case{"GET /e/fail?code=16", "", 401, "*", kConverted, "www-authenticate: Bearer"}));

INSTANTIATE_TEST_SUITE_P(
    OwnErrors, ConformanceTest,
    ::testing::Values(
        Case{"GET /nowhere?token=secret", "", 404,
             R"({"code":5,"message":"Could not resolve /nowhere to a method.","details":[]})", "",
             "content-type: application/json"},
        Case{"GET /b/echo?x=1", "", 400,
             R"({"code":3,"message":"Could not find field \"x\" in the type )"
             R"(\"clv.gateway.testing.Everything\".","details":[]})",
             "", ""},
        Case{"POST /b/echo", "{\"text\":\"" + std::string(200, 'x') + "\"}", 413, "~\"code\":8",
             "max_request_body_size: 100", ""},
        Case{"POST /b/echo", "{\"text\":\"" + std::string(80, 'x') + "\"}", 200, "*",
             "max_request_body_size: 100", ""},
        Case{"POST /h/put/n", std::string(200, 'x'), 413, "*", "max_request_body_size: 100", ""},
        Case{"POST /h/stream/n", std::string(200, 'x'), 200, "*", "max_request_body_size: 100", ""},
        Case{"GET /b/echo?text=" + std::string(200, 'x'), "", 500, "~too large",
             "max_response_body_size: 100", ""},
        Case{"GET /b/echo?text=" + std::string(80, 'x'), "", 200, "*",
             "max_response_body_size: 100", ""},
        // The defaults are 1 MiB.
        Case{"POST /b/echo", "{\"text\":\"" + std::string(1 << 20, 'x') + "\"}", 413, "*", "", ""},
        Case{"POST /h/raw", std::string(1 << 20, 'x'), 200, "*", "", "content-length: 1048576"}));

}  // namespace
}  // namespace clv::gateway::conformance
