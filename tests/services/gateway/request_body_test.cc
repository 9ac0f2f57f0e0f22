// What an HTTP body becomes (REST.md part B 2.4 and the HttpBody part of 2.5).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/services/gateway/test_api.pb.h"
#include "tests/services/gateway/transcoder_fixture.h"

namespace clv::gateway {
namespace {

using testing::AllServices;
using testing::Encode;
using ::testing::HasSubstr;
using testing::MakeTranscoder;
using ::testing::StartsWith;

const Transcoder& TheTranscoder() {
  static const Transcoder instance = MakeTranscoder();
  return instance;
}

struct BodyCase {
  const char* method;
  const char* target;
  const char* body;
  const char* want;
};

class BodyTest : public ::testing::TestWithParam<BodyCase> {};

TEST_P(BodyTest, Becomes) {
  const BodyCase& c = GetParam();
  const std::string got = Encode(TheTranscoder(), c.method, c.target, c.body);
  if (std::string_view(c.want).starts_with("error")) {
    EXPECT_THAT(got, StartsWith(c.want));
  } else {
    EXPECT_EQ(got, c.want);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Whole, BodyTest,
    ::testing::Values(
        BodyCase{"POST", "/v1/echo", R"({"text":"a","i32":1})", R"(i32: 1 text: "a")"},
        BodyCase{"POST", "/v1/echo", "", ""}, BodyCase{"POST", "/v1/echo", "{}", ""},
        BodyCase{"POST", "/v1/echo", R"({"nope":[1,{"a":2}],"text":"a"})", R"(text: "a")"},
        BodyCase{"POST", "/v1/echo", R"({"snakeCaseName":1})", "snake_case_name: 1"},
        BodyCase{"POST", "/v1/echo", R"({"snake_case_name":1,"renamed":"x"})",
                 R"(custom_name: "x" snake_case_name: 1)"},
        BodyCase{"POST", "/v1/echo", R"({"text":null,"value":null})",
                 "value { null_value: NULL_VALUE }"},
        BodyCase{"POST", "/v1/echo", R"({"i64":"12","i32":"3","real":"1.5"})",
                 "i32: 3 i64: 12 real: 1.5"},
        BodyCase{"POST", "/v1/echo", R"({"text":5})", "error: "},
        BodyCase{"POST", "/v1/echo", R"({"text":"a","text":"b"})", R"(text: "b")"},
        BodyCase{"POST", "/v1/echo", R"({text:'a',"numbers":[1,2,],})",
                 R"(text: "a" numbers: 1 numbers: 2)"},
        BodyCase{"POST", "/v1/echo", R"({"inners":[{"name":"a"},null,{"name":"b"}]})",
                 R"(inners { name: "a" } inners { name: "b" })"},
        BodyCase{"POST", "/v1/echo", R"({"numbers":7})", "numbers: 7"},
        BodyCase{"POST", "/v1/echo", R"({"color":77})", "color: 77"},
        BodyCase{"POST", "/v1/echo", R"({"labels":{"a":"b"}})",
                 R"(labels { key: "a" value: "b" })"},
        BodyCase{
            "POST", "/v1/echo",
            R"({"any":{"@type":"type.googleapis.com/clv.gateway.testing.Inner","name":"n"}})",
            R"(any { type_url: "type.googleapis.com/clv.gateway.testing.Inner" value: "\n\001n" })"},
        BodyCase{"POST", "/v1/echo", R"({"any":{"@type":"type.googleapis.com/un.Known"}})",
                 "error: "},
        BodyCase{"POST", "/v1/echo", R"({"left":"a","right":2})", "error: "},
        BodyCase{"REPORT", "/v1/echo", R"({"text":"a"})", R"(text: "a")"}));

INSTANTIATE_TEST_SUITE_P(
    Malformed, BodyTest,
    ::testing::Values(BodyCase{"POST", "/v1/echo", "{", "error: "},
                      BodyCase{"POST", "/v1/echo", "[]", "error: "},
                      BodyCase{"POST", "/v1/echo", "5", "error: "},
                      BodyCase{"POST", "/v1/echo", "\"a\"", "error: "},
                      BodyCase{"POST", "/v1/echo", "null", "error: "},
                      BodyCase{"POST", "/v1/echo", " ", "error: "},
                      BodyCase{"POST", "/v1/echo", "{} {}", "error: "},
                      BodyCase{"POST", "/v1/echo", "{\"text\":\"\xFF\"}", "error: "},
                      BodyCase{"POST", "/v1/echo", R"({"text":{"a":1}})", "error: "},
                      BodyCase{"POST", "/v1/echo", R"({"inner":5})", "error: "}));

INSTANTIATE_TEST_SUITE_P(
    Field, BodyTest,
    ::testing::Values(
        BodyCase{"PUT", "/v1/echo/a/inner", R"({"name":"n"})", R"(text: "a" inner { name: "n" })"},
        BodyCase{"PUT", "/v1/echo/a/inner", "", R"(text: "a" inner { })"},
        BodyCase{"PUT", "/v1/echo/a/inner", "null", R"(text: "a")"},
        BodyCase{"PUT", "/v1/echo/a/inner/deep", R"({"name":"n"})",
                 R"(text: "a" inner { inner { name: "n" } })"},
        BodyCase{"PUT", "/v1/echo/a/numbers", "[1,2]", R"(text: "a" numbers: 1 numbers: 2)"},
        BodyCase{"PUT", "/v1/echo/a/boxed", "5", R"(text: "a" boxed { value: 5 })"},
        BodyCase{"PUT", "/v1/echo/a/left", "\"x\"", R"(text: "a" left: "x")"},
        BodyCase{"PUT", "/v1/echo/a/value", "[1]",
                 R"(text: "a" value { list_value { values { number_value: 1 } } })"},
        BodyCase{"PUT", "/v1/echo/a/labels", R"({"k":"v"})",
                 R"(text: "a" labels { key: "k" value: "v" })"},
        BodyCase{"PUT", "/v1/echo/a/inner", "[]", "error: "},
        BodyCase{"PUT", "/v1/echo/a/left", R"("x","i32":5)",
                 "error: The body is not one JSON value."},
        BodyCase{"PUT", "/v1/echo/a/inner", R"({"name":"n"},"i32":5)", "error: "},
        BodyCase{"PUT", "/v1/echo/a/inner", R"({}},"i32":5,"value":{"a":{)", "error: "},
        BodyCase{"PUT", "/v1/echo/a/inner", R"({"name":"n")", "error: "},
        BodyCase{"PUT", "/v1/echo/a/left", R"("x" : 5)", "error: "}));

INSTANTIATE_TEST_SUITE_P(
    WithUrl, BodyTest,
    ::testing::Values(
        BodyCase{"POST", "/v1/echo?i32=5", R"({"text":"a"})", R"(i32: 5 text: "a")"},
        BodyCase{"POST", "/v1/echo?text=url", R"({"text":"body"})", R"(text: "body")"},
        BodyCase{"POST", "/v1/echo?i32=5", R"({"i32":0})", ""},
        BodyCase{"POST", "/v1/echo?i32=5", R"({})", "i32: 5"},
        BodyCase{"POST", "/v1/echo?i32=5", " \n{ }", "i32: 5"},
        BodyCase{"POST", "/v1/echo?maybe=5", R"({"maybe":6})", "maybe: 6"},
        BodyCase{"POST", "/v1/echo?numbers=5", R"({"numbers":[6]})", "numbers: 5 numbers: 6"},
        BodyCase{"POST", "/v1/echo?inner.name=u", R"({"inner":{"count":2}})",
                 R"(inner { name: "u" count: 2 })"},
        BodyCase{"POST", "/v1/echo?left=a", R"({"right":2})", "error: "},
        BodyCase{"PUT", "/v1/echo/a/inner?inner.count=4", R"({"name":"n"})",
                 R"(text: "a" inner { name: "n" count: 4 })"},
        BodyCase{"GET", "/v1/echo/a", R"({"i32":3})", R"(i32: 3 text: "a")"},
        BodyCase{"GET", "/v1/echo/a", "nonsense", "error: "}));

TEST(BodyTest, MalformedJsonIsQuotedWithACaret) {
  EXPECT_THAT(Encode(TheTranscoder(), "POST", "/v1/echo", "{\"text\": nope}"), HasSubstr("^"));
}

TEST(BodyTest, NestingBeyondTheLimitIsRefusedBeforeParsing) {
  const auto nested = [](int depth) {
    return "{\"value\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_THAT(Encode(TheTranscoder(), "POST", "/v1/echo", nested(40)), StartsWith("value {"));
  EXPECT_TRUE(
      TheTranscoder()
          .EncodeRequest(*TheTranscoder().Find("POST", "/v1/echo"), {"/v1/echo", "", nested(64)})
          .ok());
  EXPECT_THAT(Encode(TheTranscoder(), "POST", "/v1/echo", nested(65)),
              HasSubstr("nests 65 brackets, at most 64"));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THAT(Encode(TheTranscoder(), "POST", "/v1/echo", nested(16 * 1024)), HasSubstr("nests"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(50));
}

TEST(BodyTest, ABodyOverTheLimitIsOutOfRange) {
  TranscoderOptions options = AllServices();
  options.max_request_body_size = 10;
  const Transcoder transcoder = MakeTranscoder(options);
  const auto match = transcoder.Find("POST", "/v1/raw");
  EXPECT_TRUE(transcoder.EncodeRequest(*match, {"/v1/raw", "", "0123456789"}).ok());
  EXPECT_TRUE(absl::IsOutOfRange(
      transcoder.EncodeRequest(*match, {"/v1/raw", "", "0123456789a"}).status()));
}

TEST(HttpBodyRequestTest, AFieldTakesTheBytesAsTheyAre) {
  EXPECT_EQ(Encode(TheTranscoder(), "POST", "/v1/uploads/n", std::string("{\0\xFF", 3), "text/x"),
            R"(name: "n" body { content_type: "text/x" data: "{\000\377" })");
}

TEST(HttpBodyRequestTest, BindingsInsideTheHttpBodyAreDroppedAndOthersKept) {
  EXPECT_EQ(Encode(TheTranscoder(), "POST",
                   "/v1/uploads/n?body.content_type=evil&inner.name=i&body.data=aGk", "x", "a/b"),
            R"(name: "n" body { content_type: "a/b" data: "x" } inner { name: "i" })");
}

TEST(HttpBodyRequestTest, TheWholeMessageTakesTheBytes) {
  EXPECT_EQ(Encode(TheTranscoder(), "POST", "/v1/raw?content_type=evil", "[[[[", "a/b"),
            R"(content_type: "a/b" data: "[[[[")");
}

TEST(HttpBodyRequestTest, ADottedFieldTakesTheBytes) {
  EXPECT_EQ(Encode(TheTranscoder(), "POST", "/v1/nested-uploads/n", std::string(300, 'x'), "a/b"),
            R"(upload { name: "n" body { content_type: "a/b" data: ")" + std::string(300, 'x') +
                R"(" } })");
}

TEST(HttpBodyRequestTest, AnEmptyBodyWithoutTypeSetsAnEmptyField) {
  EXPECT_EQ(Encode(TheTranscoder(), "POST", "/v1/uploads/n", "", ""), R"(name: "n" body { })");
}

absl::StatusOr<std::string> EncodedUrl(const Transcoder::Match& match, std::string_view target) {
  const absl::StatusOr<Transcoder::UrlFields> fields = TheTranscoder().ReadUrl(match, target);
  if (!fields.ok()) return fields.status();
  return TheTranscoder().EncodeBindings(*match.rule, *fields);
}

TEST(HttpBodyPieceTest, BindingsGoInFrontOfTheFirstPiece) {
  const auto match = TheTranscoder().Find("POST", "/v1/streams/n");
  ASSERT_TRUE(match->rule->streams_body);
  const auto bindings = EncodedUrl(*match, "/v1/streams/n?inner.name=i&body.data=aGk");
  ASSERT_TRUE(bindings.ok());
  testing::UploadRequest first;
  first.ParseFromString(
      testing::Flat(Transcoder::EncodePiece(*match->rule, {*bindings, "a/b", "x"})));
  EXPECT_EQ(first.ShortDebugString(),
            R"(name: "n" body { content_type: "a/b" data: "x" } inner { name: "i" })");
  testing::UploadRequest next;
  next.ParseFromString(testing::Flat(Transcoder::EncodePiece(*match->rule, {"", "", "y"})));
  EXPECT_EQ(next.ShortDebugString(), R"(body { data: "y" })");
}

TEST(HttpBodyPieceTest, AWholeMessageIsAPieceToo) {
  const auto match = TheTranscoder().Find("POST", "/v0/raw-stream");
  ASSERT_TRUE(match->rule->streams_body);
  google::api::HttpBody body;
  body.ParseFromString(testing::Flat(Transcoder::EncodePiece(*match->rule, {"", "a/b", "x"})));
  EXPECT_EQ(body.ShortDebugString(), R"(content_type: "a/b" data: "x")");
}

TEST(HttpBodyPieceTest, AnUnknownParameterIsRefused) {
  const auto match = TheTranscoder().Find("POST", "/v1/streams/n");
  EXPECT_TRUE(absl::IsInvalidArgument(EncodedUrl(*match, "/v1/streams/n?nope=1").status()));
}

TEST(HttpBodyPieceTest, MethodsThatTakeAStreamStream) {
  for (const char* path : {"/v1/json-stream", "/v1/both-stream"}) {
    EXPECT_TRUE(TheTranscoder().Find("POST", path)->rule->streams_body) << path;
  }
  for (const char* path : {"/v1/uploads/n", "/v1/echo"}) {
    EXPECT_FALSE(TheTranscoder().Find("POST", path)->rule->streams_body) << path;
  }
}

TEST(HttpBodyRequestTest, JsonIsNeverParsedSoNestingDoesNotMatter) {
  EXPECT_THAT(Encode(TheTranscoder(), "POST", "/v1/uploads/n", std::string(1000, '['), "a/b"),
              StartsWith(R"(name: "n" body {)"));
}

}  // namespace
}  // namespace clv::gateway
