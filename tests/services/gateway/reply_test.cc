// What a gRPC reply becomes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/services/gateway/test_api.pb.h"
#include "tests/services/gateway/transcoder_fixture.h"

namespace clv::gateway {
namespace {

using testing::AllServices;
using testing::MakeTranscoder;
using testing::Slices;

absl::StatusOr<Transcoder::Reply> Decode(const Transcoder& transcoder, std::string_view method,
                                         std::string_view path,
                                         const google::protobuf::Message& message) {
  return transcoder.DecodeReply(*transcoder.Find(method, path)->rule, Slices(message));
}

std::string EchoJson(const PrintOptions& print, const testing::Everything& message) {
  TranscoderOptions options = AllServices();
  options.print_options = print;
  return Decode(MakeTranscoder(options), "GET", "/v1/echo/a", message)->body;
}

testing::Inner AnInner() {
  testing::Inner inner;
  inner.set_name("n");
  return inner;
}

TEST(ReplyTest, PrintsLowerCamelNamesAndNoDefaults) {
  testing::Everything message;
  message.set_snake_case_name(3);
  message.set_custom_name("c");
  message.set_color(testing::COLOR_RED);
  message.set_i64(5);
  EXPECT_EQ(EchoJson({}, message),
            R"({"i64":"5","color":"COLOR_RED","renamed":"c","snakeCaseName":3})");
}

TEST(ReplyTest, PreservesProtoFieldNamesWhereAsked) {
  testing::Everything message;
  message.set_snake_case_name(3);
  PrintOptions print;
  print.preserve_proto_field_names = true;
  EXPECT_EQ(EchoJson(print, message), R"({"snake_case_name":3})");
}

TEST(ReplyTest, PrintsEnumsAsNumbersWhereAsked) {
  testing::Everything message;
  message.set_color(testing::COLOR_GREEN);
  PrintOptions print;
  print.always_print_enums_as_ints = true;
  EXPECT_EQ(EchoJson(print, message), R"({"color":2})");
}

TEST(ReplyTest, PrintsDefaultsButNoUnsetMessagesAndOneofsWhereAsked) {
  PrintOptions print;
  print.always_print_primitive_fields = true;
  const std::string json = EchoJson(print, {});
  EXPECT_THAT(json, ::testing::HasSubstr(R"("i32":0)"));
  EXPECT_THAT(json, ::testing::HasSubstr(R"("numbers":[])"));
  EXPECT_THAT(json, ::testing::HasSubstr(R"("labels":{})"));
  EXPECT_THAT(json, ::testing::Not(::testing::HasSubstr("left")));
  EXPECT_THAT(json, ::testing::Not(::testing::HasSubstr("\"inner\"")));
}

TEST(ReplyTest, AddsWhiteSpaceWhereAsked) {
  testing::Everything message;
  message.set_i32(1);
  PrintOptions print;
  print.add_whitespace = true;
  EXPECT_EQ(EchoJson(print, message), "{\n \"i32\": 1\n}\n");
}

TEST(ReplyTest, HttpBodyGoesOutAsItIs) {
  google::api::HttpBody body;
  body.set_content_type("text/csv");
  body.set_data(std::string("a\0,\xFF\n", 5));
  const auto reply = Decode(MakeTranscoder(), "POST", "/v1/raw", body);
  EXPECT_EQ(reply->content_type, "text/csv");
  EXPECT_EQ(reply->body, std::string("a\0,\xFF\n", 5));
}

TEST(ReplyTest, ResponseBodyTakesOneFieldOfTheReply) {
  testing::Wrapped wrapped;
  wrapped.mutable_page()->set_content_type("text/html");
  wrapped.mutable_page()->set_data("<p>");
  *wrapped.mutable_inner() = AnInner();
  const Transcoder transcoder = MakeTranscoder();
  const auto page = Decode(transcoder, "GET", "/v1/page", wrapped);
  EXPECT_EQ(page->content_type, "text/html");
  EXPECT_EQ(page->body, "<p>");
  const auto inner = Decode(transcoder, "GET", "/v1/page-inner", wrapped);
  EXPECT_EQ(inner->content_type, "application/json");
  EXPECT_EQ(inner->body, R"({"name":"n"})");
}

TEST(ReplyTest, BytesThatDoNotDecodeAreDataLoss) {
  const Transcoder transcoder = MakeTranscoder();
  const grpc::Slice garbage("\x0A\x7Fx");
  const grpc::ByteBuffer buffer(&garbage, 1);
  for (const char* path : {"/v1/garbage", "/v1/page", "/v1/page-inner"}) {
    EXPECT_TRUE(absl::IsDataLoss(
        transcoder.DecodeReply(*transcoder.Find("GET", path)->rule, buffer).status()))
        << path;
  }
}

TEST(ReplyTest, AReplyOverTheLimitIsOutOfRange) {
  TranscoderOptions options = AllServices();
  options.max_response_body_size = 10;
  EXPECT_TRUE(absl::IsOutOfRange(
      Decode(MakeTranscoder(options), "GET", "/v1/garbage", AnInner()).status()));
}

TEST(StatusJsonTest, PrintsDetailsOfKnownTypes) {
  google::rpc::Status status;
  status.set_code(3);
  status.set_message("m");
  google::rpc::BadRequest detail;
  detail.add_field_violations()->set_field("f");
  status.add_details()->PackFrom(detail);
  EXPECT_EQ(*MakeTranscoder().StatusJson(status.SerializeAsString()),
            R"({"code":3,"message":"m","details":[{"@type":)"
            R"("type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"f"}]}]})");
}

TEST(StatusJsonTest, FailsForADetailOfAnUnknownType) {
  google::rpc::Status status;
  google::protobuf::Any& detail = *status.add_details();
  detail.set_type_url("type.googleapis.com/un.Known");
  detail.set_value("x");
  EXPECT_FALSE(MakeTranscoder().StatusJson(status.SerializeAsString()).ok());
}

}  // namespace
}  // namespace clv::gateway
