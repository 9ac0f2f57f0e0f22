// A unary gRPC call as HTTP/2 fields and bytes, and what any answer becomes.
#include "services/gateway/unary_wire.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>
#include <rapidcheck.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace clv::gateway {
namespace {

using grpc::StatusCode;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr size_t kMostFieldBytes = 64 * 1024;

std::string Lines(const HttpHeaders& fields) {
  std::string lines;
  for (const HttpHeader& field : fields)
    absl::StrAppend(&lines, field.name, ": ", field.value, "\n");
  return lines;
}

std::string TimeoutFor(nanoseconds timeout) {
  const HttpHeaders fields = RequestFields("/a.B/C", "host:1", timeout, {});
  const std::string* text = FindHeader(fields, "grpc-timeout");
  return text == nullptr ? "none" : *text;
}

grpc::ByteBuffer BufferOf(const std::vector<std::string>& parts) {
  std::vector<grpc::Slice> slices(parts.begin(), parts.end());
  return {slices.data(), slices.size()};
}

std::string Framed(const std::string& message) { return FrameMessage(BufferOf({message})); }

void Give(UnaryAnswer& answer, const HttpHeaders& block, bool ends_answer = false) {
  for (const HttpHeader& field : block) answer.OnField(field.name, field.value);
  answer.OnFieldsEnd(ends_answer);
}

// An answer with head, body and trailers.
UnaryAnswer AnswerOf(const std::string& body, const HttpHeaders& trailers) {
  UnaryAnswer answer;
  Give(answer, {{":status", "200"}, {"content-type", "application/grpc"}});
  answer.OnData(body);
  Give(answer, trailers, /*ends_answer=*/true);
  return answer;
}

// An answer that is nothing but a block of fields.
UnaryAnswer TrailersOnly(const HttpHeaders& fields) {
  UnaryAnswer answer;
  Give(answer, fields, /*ends_answer=*/true);
  return answer;
}

grpc::Status StatusOfBody(const std::string& body) {
  return AnswerOf(body, {{"grpc-status", "0"}}).StatusOf(NGHTTP2_NO_ERROR);
}

TEST(RequestFieldsTest, PseudoFieldsComeFirstThenThoseOfGrpcThenTheMetadata) {
  EXPECT_EQ(Lines(RequestFields("/clv.v1.A/Get", "clv.example:443", milliseconds(1500),
                                {{"authorization", "Bearer x"}, {"x-b", "2"}, {"x-a", "1"}})),
            ":method: POST\n"
            ":scheme: http\n"
            ":path: /clv.v1.A/Get\n"
            ":authority: clv.example:443\n"
            "te: trailers\n"
            "content-type: application/grpc\n"
            "grpc-accept-encoding: identity\n"
            "grpc-timeout: 1500m\n"
            "authorization: Bearer x\n"
            "x-b: 2\n"
            "x-a: 1\n");
}

TEST(RequestFieldsTest, TimeoutsAreRoundedUpAndHaveAtMostEightDigits) {
  struct Case {
    nanoseconds timeout;
    std::string text;
  };
  for (const Case& c : {Case{nanoseconds(1), "1m"},
                        {milliseconds(1), "1m"},
                        {milliseconds(1) + nanoseconds(1), "2m"},
                        {seconds(15), "15000m"},
                        {milliseconds(99'999'999), "99999999m"},
                        {milliseconds(99'999'999) + nanoseconds(1), "100000S"},
                        {milliseconds(100'000'001), "100001S"},
                        {hours(24 * 365), "31536000S"},
                        {seconds(99'999'999) + seconds(1), "99999999S"},
                        {hours(24 * 365 * 290), "99999999S"}}) {
    EXPECT_EQ(TimeoutFor(c.timeout), c.text) << c.timeout.count() << " ns";
  }
}

TEST(RequestFieldsTest, WithoutADeadlineThereIsNoTimeout) {
  EXPECT_EQ(TimeoutFor(nanoseconds::max()), "none");
}

TEST(RequestFieldsTest, ValuesOfBinaryNamesAreBase64WithoutPadding) {
  const HttpHeaders fields = RequestFields(
      "/a.B/C", "host:1", nanoseconds::max(),
      {{"x-bin", std::string("\0\xFF!", 3)}, {"y-bin", "a"}, {"z-bin", ""}, {"x-binary", "a"}});
  EXPECT_EQ(*FindHeader(fields, "x-bin"), "AP8h");
  EXPECT_EQ(*FindHeader(fields, "y-bin"), "YQ");
  EXPECT_EQ(*FindHeader(fields, "z-bin"), "");
  EXPECT_EQ(*FindHeader(fields, "x-binary"), "a");
}

TEST(FrameMessageTest, TheLengthStandsInFrontInFourBytesBigEndian) {
  EXPECT_EQ(FrameMessage(grpc::ByteBuffer()), std::string(5, '\0'));
  EXPECT_EQ(FrameMessage(BufferOf({""})), std::string(5, '\0'));
  EXPECT_EQ(FrameMessage(BufferOf({"abc"})), std::string("\0\0\0\0\3abc", 8));
  EXPECT_EQ(FrameMessage(BufferOf({"ab", "", "c", "de"})), std::string("\0\0\0\0\5abcde", 10));
  const std::string large(0x01'02'03, 'x');
  EXPECT_EQ(FrameMessage(BufferOf({large})), std::string("\0\0\1\2\3", 5) + large);
  EXPECT_EQ(FrameMessage(BufferOf({large, large})), std::string("\0\0\2\4\6", 5) + large + large);
}

TEST(UnaryAnswerTest, AnAnswerHasInitialMetadataAMessageAndTrailingMetadata) {
  UnaryAnswer answer;
  Give(answer, {{":status", "200"}, {"content-type", "application/grpc"}, {"x-first", "1"}});
  answer.OnData(Framed("message"));
  Give(answer, {{"grpc-status", "0"}, {"x-last", "2"}}, /*ends_answer=*/true);
  EXPECT_TRUE(answer.StatusOf(NGHTTP2_NO_ERROR).ok());
  EXPECT_EQ(answer.TakeMessage(), "message");
  EXPECT_EQ(Lines(answer.TakeInitialMetadata()), "content-type: application/grpc\nx-first: 1\n");
  EXPECT_EQ(Lines(answer.TakeTrailingMetadata()), "grpc-status: 0\nx-last: 2\n");
}

TEST(UnaryAnswerTest, TheMetadataOfAStatusThatComesAloneAreTrailing) {
  UnaryAnswer answer = TrailersOnly({{":status", "200"}, {"grpc-status", "5"}, {"x-a", "1"}});
  EXPECT_EQ(answer.StatusOf(NGHTTP2_NO_ERROR).error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(Lines(answer.TakeInitialMetadata()), "");
  EXPECT_EQ(Lines(answer.TakeTrailingMetadata()), "grpc-status: 5\nx-a: 1\n");
}

TEST(UnaryAnswerTest, MessageAndDetailsOfAStatusAreDecoded) {
  const grpc::Status status = AnswerOf("", {{"grpc-status", "3"},
                                            {"grpc-message", "100%25 na%C3%AFve, 5% off%"},
                                            {"grpc-status-details-bin", "CAMSAf8"}})
                                  .StatusOf(NGHTTP2_NO_ERROR);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "100% na\xC3\xAFve, 5% off%");
  EXPECT_EQ(status.error_details(), "\x08\x03\x12\x01\xFF");
}

TEST(UnaryAnswerTest, AStatusWithoutMessageHasNone) {
  const grpc::Status status = AnswerOf("", {{"grpc-status", "14"}}).StatusOf(NGHTTP2_NO_ERROR);
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "");
  EXPECT_EQ(status.error_details(), "");
}

TEST(UnaryAnswerTest, AStatusThatGrpcLacksStaysWhatItIs) {
  const grpc::Status status = AnswerOf("", {{"grpc-status", "42"}}).StatusOf(NGHTTP2_NO_ERROR);
  EXPECT_EQ(static_cast<int>(status.error_code()), 42);
}

TEST(UnaryAnswerTest, AStatusThatIsNoneIsUnknown) {
  for (const char* text : {"", "-1", "abc", "1x", "99999999999999999999", "0x0", "1.0"}) {
    EXPECT_EQ(
        AnswerOf(Framed("a"), {{"grpc-status", text}}).StatusOf(NGHTTP2_NO_ERROR).error_code(),
        StatusCode::UNKNOWN)
        << text;
  }
}

TEST(UnaryAnswerTest, WithoutAGrpcStatusTheHttpStatusDecides) {
  struct Case {
    std::string http_status;
    StatusCode code;
  };
  for (const Case& c : {Case{"200", StatusCode::UNKNOWN},
                        {"400", StatusCode::INTERNAL},
                        {"401", StatusCode::UNAUTHENTICATED},
                        {"403", StatusCode::PERMISSION_DENIED},
                        {"404", StatusCode::UNIMPLEMENTED},
                        {"429", StatusCode::UNAVAILABLE},
                        {"500", StatusCode::UNKNOWN},
                        {"502", StatusCode::UNAVAILABLE},
                        {"503", StatusCode::UNAVAILABLE},
                        {"504", StatusCode::UNAVAILABLE},
                        {"301", StatusCode::UNKNOWN},
                        {"garbage", StatusCode::UNKNOWN}}) {
    UnaryAnswer alone = TrailersOnly({{":status", c.http_status}});
    EXPECT_EQ(alone.StatusOf(NGHTTP2_NO_ERROR).error_code(), c.code) << c.http_status;
    UnaryAnswer with_body;
    Give(with_body, {{":status", c.http_status}, {"content-type", "text/html"}});
    with_body.OnData("<html>");
    EXPECT_EQ(with_body.StatusOf(NGHTTP2_NO_ERROR).error_code(), c.code) << c.http_status;
  }
  EXPECT_EQ(TrailersOnly({{":status", "503"}}).StatusOf(NGHTTP2_NO_ERROR).error_message(),
            "The service has answered with HTTP status 503.");
}

TEST(UnaryAnswerTest, AGrpcStatusCountsWhateverTheHttpStatusIs) {
  EXPECT_EQ(TrailersOnly({{":status", "503"}, {"grpc-status", "7"}})
                .StatusOf(NGHTTP2_NO_ERROR)
                .error_code(),
            StatusCode::PERMISSION_DENIED);
}

TEST(UnaryAnswerTest, TheErrorOfAStreamDecidesWhereNoStatusCame) {
  struct Case {
    uint32_t error_code;
    StatusCode code;
  };
  for (const Case& c : {Case{NGHTTP2_CANCEL, StatusCode::CANCELLED},
                        {NGHTTP2_REFUSED_STREAM, StatusCode::UNAVAILABLE},
                        {NGHTTP2_ENHANCE_YOUR_CALM, StatusCode::RESOURCE_EXHAUSTED},
                        {NGHTTP2_INADEQUATE_SECURITY, StatusCode::PERMISSION_DENIED},
                        {NGHTTP2_PROTOCOL_ERROR, StatusCode::INTERNAL},
                        {NGHTTP2_INTERNAL_ERROR, StatusCode::INTERNAL},
                        {NGHTTP2_FLOW_CONTROL_ERROR, StatusCode::INTERNAL},
                        {NGHTTP2_STREAM_CLOSED, StatusCode::INTERNAL},
                        {NGHTTP2_HTTP_1_1_REQUIRED, StatusCode::INTERNAL},
                        {0xFFFFFFFF, StatusCode::INTERNAL}}) {
    EXPECT_EQ(UnaryAnswer().StatusOf(c.error_code).error_code(), c.code) << c.error_code;
    UnaryAnswer begun;
    Give(begun, {{":status", "200"}});
    begun.OnData(Framed("whole"));
    EXPECT_EQ(begun.StatusOf(c.error_code).error_code(), c.code) << c.error_code;
  }
}

TEST(UnaryAnswerTest, AStatusCountsEvenIfTheStreamIsResetAfterIt) {
  EXPECT_TRUE(AnswerOf(Framed("a"), {{"grpc-status", "0"}}).StatusOf(NGHTTP2_CANCEL).ok());
}

TEST(UnaryAnswerTest, ABodyThatIsNotOneUncompressedMessageIsInternal) {
  struct Case {
    std::string body;
    std::string message;
  };
  std::string compressed = Framed("abc");
  compressed[0] = 1;
  for (const Case& c :
       {Case{"", "The service has ended without a reply."},
        {std::string(1, '\0'), "The service's reply is cut off."},
        {std::string(4, '\0'), "The service's reply is cut off."},
        {std::string("\0\0\0\0\3ab", 7), "The service's reply is not one message."},
        {std::string("\0\xFF\xFF\xFF\xFF", 5), "The service's reply is not one message."},
        {Framed("abc") + "d", "The service's reply is not one message."},
        {Framed("abc") + Framed("def"), "The service's reply is not one message."},
        {compressed, "The service has compressed its reply, which was not asked for."}}) {
    const grpc::Status status = StatusOfBody(c.body);
    EXPECT_EQ(status.error_code(), StatusCode::INTERNAL) << absl::CEscape(c.body);
    EXPECT_EQ(status.error_message(), c.message) << absl::CEscape(c.body);
  }
}

TEST(UnaryAnswerTest, AnEmptyMessageIsAMessage) {
  UnaryAnswer answer = AnswerOf(Framed(""), {{"grpc-status", "0"}});
  EXPECT_TRUE(answer.StatusOf(NGHTTP2_NO_ERROR).ok());
  EXPECT_EQ(answer.TakeMessage(), "");
}

TEST(UnaryAnswerTest, BlocksThatOnlyInformAreLeftOut) {
  UnaryAnswer answer;
  Give(answer, {{":status", "100"}});
  Give(answer, {{":status", "103"}, {"link", "</style.css>"}});
  Give(answer, {{":status", "200"}, {"x-first", "1"}});
  answer.OnData(Framed("message"));
  Give(answer, {{"grpc-status", "0"}}, /*ends_answer=*/true);
  EXPECT_TRUE(answer.StatusOf(NGHTTP2_NO_ERROR).ok());
  EXPECT_EQ(Lines(answer.TakeInitialMetadata()), "x-first: 1\n");
  EXPECT_EQ(Lines(answer.TakeTrailingMetadata()), "grpc-status: 0\n");
}

TEST(UnaryAnswerTest, MetadataThatAreTooLongAreAnErrorAndAreNotKept) {
  UnaryAnswer answer;
  answer.OnField(":status", "200");
  for (int i = 0; i < 1000; ++i) answer.OnField(absl::StrCat("x-", i), std::string(1000, 'v'));
  EXPECT_TRUE(answer.is_too_long());
  answer.OnFieldsEnd(/*ends_answer=*/false);
  answer.OnData(Framed("message"));
  Give(answer, {{"grpc-status", "0"}}, /*ends_answer=*/true);
  EXPECT_EQ(answer.StatusOf(NGHTTP2_NO_ERROR).error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_LE(Lines(answer.TakeInitialMetadata()).size(), kMostFieldBytes);
  EXPECT_EQ(Lines(answer.TakeTrailingMetadata()), "");
}

TEST(UnaryAnswerTest, MetadataUpToTheLimitAreKept) {
  const std::string value(kMostFieldBytes - std::string_view(":status200xgrpc-status0").size(),
                          'v');
  for (const bool one_more : {false, true}) {
    UnaryAnswer answer;
    Give(answer, {{":status", "200"}, {"x", value + (one_more ? "v" : "")}});
    answer.OnData(Framed("message"));
    Give(answer, {{"grpc-status", "0"}}, /*ends_answer=*/true);
    EXPECT_EQ(answer.StatusOf(NGHTTP2_NO_ERROR).error_code(),
              one_more ? StatusCode::RESOURCE_EXHAUSTED : StatusCode::OK);
  }
}

TEST(UnaryAnswerTest, ValuesOfBinaryNamesBecomeBytes) {
  struct Case {
    std::string value;
    std::string bytes;
  };
  for (const Case& c : {Case{"YQ", "a"},
                        {"YQ==", "a"},
                        {"AP8h", std::string("\0\xFF!", 3)},
                        {"", ""},
                        {"YQ,Yg==,YWJj", "a,b,abc"},
                        {",YQ", ",a"},
                        {"YQ,", "a,"},
                        {"*no base64*", "*no base64*"},
                        {"YQ,*", "YQ,*"}}) {
    UnaryAnswer answer;
    Give(answer, {{":status", "200"}, {"x-bin", c.value}});
    EXPECT_EQ(Lines(answer.TakeInitialMetadata()), "x-bin: " + c.bytes + "\n") << c.value;
  }
}

TEST(UnaryAnswerTest, FieldsThatComeTwiceAreKeptTwiceInTheirOrder) {
  UnaryAnswer answer;
  Give(answer, {{":status", "200"}, {"x-a", "1"}, {"x-b", "2"}, {"x-a", "3"}});
  EXPECT_EQ(Lines(answer.TakeInitialMetadata()), "x-a: 1\nx-b: 2\nx-a: 3\n");
}

TEST(UnaryAnswerTest, AnyMessageSurvivesInWhateverPiecesItIsFramedAndComes) {
  EXPECT_TRUE(rc::check([](const std::vector<std::string>& parts, const std::string& tail,
                           const std::vector<uint8_t>& sizes) {
    std::vector<std::string> slices = parts;
    slices.push_back(tail);
    std::string message;
    for (const std::string& slice : slices) message += slice;
    const std::string framed = FrameMessage(BufferOf(slices));
    std::string_view left = framed;
    UnaryAnswer answer;
    Give(answer, {{":status", "200"}});
    for (const uint8_t size : sizes) {
      answer.OnData(left.substr(0, size));
      left.remove_prefix(std::min<size_t>(size, left.size()));
    }
    answer.OnData(left);
    Give(answer, {{"grpc-status", "0"}}, /*ends_answer=*/true);
    RC_ASSERT(answer.StatusOf(NGHTTP2_NO_ERROR).ok());
    RC_ASSERT(answer.TakeMessage() == message);
  }));
}

TEST(UnaryAnswerTest, ABodyWithAByteTooManyOrTooFewIsNeverAMessage) {
  EXPECT_TRUE(rc::check([](const std::string& message, uint8_t cut) {
    const std::string framed = Framed(message);
    RC_ASSERT(!StatusOfBody(framed + "x").ok());
    RC_ASSERT(!StatusOfBody(framed.substr(0, cut % framed.size())).ok());
  }));
}

TEST(UnaryAnswerTest, BytesOfBinaryMetadataSurvive) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) {
    const HttpHeaders sent =
        RequestFields("/a.B/C", "host:1", nanoseconds::max(), {{"x-bin", bytes}});
    UnaryAnswer answer = TrailersOnly({{"x-bin", *FindHeader(sent, "x-bin")}});
    const HttpHeaders come = answer.TakeTrailingMetadata();
    RC_ASSERT(come.size() == 1u);
    RC_ASSERT(come[0].value == bytes);
  }));
}

}  // namespace
}  // namespace clv::gateway
