// What the print options and the document of the API say (REST.md part B 2.1).
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/services/gateway/conformance_fixture.h"

namespace clv::gateway::conformance {
namespace {

Case Printed(const std::string& query, const std::string& options, const std::string& want) {
  return {absl::StrCat("GET /b/echo?", query),
          "",
          200,
          want,
          absl::StrCat("print_options: {", options, "}"),
          ""};
}

INSTANTIATE_TEST_SUITE_P(
    PrintOptions, ConformanceTest,
    ::testing::Values(
        Printed("i32=1&words=a", "add_whitespace: true",
                "{\n \"i32\": 1,\n \"words\": [\n  \"a\"\n ]\n}\n"),
        Printed("", "add_whitespace: true", "{}\n"),
        Printed("snake_case_name=1&custom_name=x", "preserve_proto_field_names: true",
                R"({"custom_name":"x","snake_case_name":1})"),
        Printed("color=1", "always_print_enums_as_ints: true", R"({"color":1})"),
        Printed("color=1", "always_print_enums_as_ints: false", R"({"color":"COLOR_RED"})"),
        Case{"GET /s/spread", "", 200, "[]", "print_options: {always_print_primitive_fields: true}",
             ""},
        Case{"GET /m/items/special", "", 200, R"({"rule":"Literal","name":""})",
             "print_options: {always_print_primitive_fields: true}", ""},
        Case{"POST /b/body/inner", "{}", 200, "~\"inner\":{\"name\":\"\",\"count\":0,\"tags\":[]}",
             "print_options: {always_print_primitive_fields: true}", ""},
        Printed("", "always_print_primitive_fields: true", R"(~"i32":0,"i64":"0","u32":0)"),
        Printed("", "always_print_primitive_fields: true",
                R"(~"numbers":[],"words":[],"inners":[],"labels":{})"),
        Printed("", "alwaysPrintPrimitiveFields: true", R"(~"flag":false)"),
        Printed("", "always_print_primitive_fields: true", R"(~"color":"COLOR_UNSPECIFIED")")));

TEST(ConformancePrintTest, UnsetMessagesAndOneofsAreNotPrinted) {
  const std::string body =
      Send({"GET /b/echo", "", 200, "", "print_options: {always_print_primitive_fields: true}", ""})
          .body;
  for (const char* name : {"inner", "left", "right", "when", "boxed", "maybe", "any"}) {
    EXPECT_EQ(body.find(absl::StrCat("\"", name, "\":")), std::string::npos) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    WithoutEffect, ConformanceTest,
    ::testing::Values(Case{"GET /b/echo?i32=1", "", 200, R"({"i32":1})",
                           "match_incoming_request_route: true", ""},
                      Case{"GET /nowhere", "", 404, "*",
                           "request_validation_options: {reject_unknown_method: true}", ""},
                      Case{"GET /nowhere", "", 404, "*",
                           "request_validation_options: {reject_unknown_method: false}", ""}));

INSTANTIATE_TEST_SUITE_P(
    OpenApi, ConformanceTest,
    ::testing::Values(Case{"GET /openapi.json", "", 200, R"(~"openapi":"3.1.0")", "",
                           "content-type: application/json"},
                      Case{"GET /openapi.json", "", 200,
                           R"(~"/m/shelves/{name}/books/{name_2}":{"get":)", "", ""},
                      Case{"GET /openapi.json", "", 200, R"(~"/m/things/{name}:cancel":{"post":)",
                           "", ""},
                      Case{"GET /openapi.json", "", 200,
                           "~Which method was called, and what it was given.", "", ""},
                      Case{"GET /openapi.json", "", 200, "~that the stream ends with", "", ""},
                      Case{"GET /openapi.json", "", 200, R"(~"snake_case_name")",
                           "print_options: {preserve_proto_field_names: true}", ""},
                      Case{"HEAD /openapi.json", "", 200, "", "", ""},
                      Case{"POST /openapi.json", "", 405, "*", "", "allow: GET, HEAD"}));

}  // namespace
}  // namespace clv::gateway::conformance
