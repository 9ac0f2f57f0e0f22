// Streams of messages (REST.md part B 2.5).
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/services/gateway/conformance_fixture.h"

namespace clv::gateway::conformance {
namespace {

constexpr char kLines[] = "print_options: {stream_newline_delimited: true}";
constexpr char kEvents[] =
    "print_options: {stream_newline_delimited: true, stream_sse_style_delimited: true}";
constexpr char kConverted[] = "convert_grpc_status: true";

INSTANTIATE_TEST_SUITE_P(
    ClientStreams, ConformanceTest,
    ::testing::Values(
        Case{"POST /s/collect", R"([{"name":"a"},{"name":"b"}])", 200,
             R"({"inners":[{"name":"a"},{"name":"b"}]})", "",
             "content-type: application/json\ngrpc-status: 0"},
        Case{"POST /s/collect", "[]", 200, "{}", "", ""},
        Case{"POST /s/collect", " [ {} , {} ] \n", 200, R"({"inners":[{},{}]})", "", ""},
        Case{"POST /s/collect", R"([{"name":"]},["},])", 200, R"({"inners":[{"name":"]},["}]})", "",
             ""},
        Case{"POST /s/collect", R"([{name:'a\'b'}])", 200, R"({"inners":[{"name":"a'b"}]})", "",
             ""},
        // The URL goes into the first message only.
        Case{"POST /s/collect?count=5", R"([{"name":"a"},{"name":"b"}])", 200,
             R"({"inners":[{"name":"a","count":5},{"name":"b"}]})", "", ""},
        // `body` applies to each element.
        Case{"POST /s/collect/u", R"([{"name":"a"},{"name":"b"}])", 200,
             R"({"inners":[{"name":"u","inner":{"name":"a"}},{"inner":{"name":"b"}}]})", "", ""},
        Case{"GET /s/collect", R"([{"name":"a"}])", 200, R"({"inners":[{"name":"a"}]})", "", ""},
        Case{"POST /s/collect", "", 400, "~list", "", ""},
        Case{"GET /s/collect", "", 400, "~list", "", ""},
        Case{"POST /s/collect", "{}", 400, "~list", "", ""},
        Case{"POST /s/collect", "   ", 400, "~list", "", ""},
        Case{"POST /s/collect", "[{}", 400, "~not closed", "", ""},
        Case{"POST /s/collect", "[{},,{}]", 400, "~element", "", ""},
        Case{"POST /s/collect", "[{}] x", 400, "~follows", "", ""},
        Case{"POST /s/collect", "[{}][{}]", 400, "~follows", "", ""},
        Case{"POST /s/collect", "[5]", 400, "~object", "", ""},
        Case{"POST /s/collect", R"([{"count":"x"}])", 400,
             R"(~count: invalid value \"x\" for type TYPE_INT32)", "", ""},
        Case{"POST /s/collect", "[" + std::string(64, '['), 400, "~brackets", "", ""},
        Case{"POST /s/collect?nothing=1", "[{}]", 400, "~nothing", "", ""},
        Case{"POST /s/collect", "[{\"name\":\"" + std::string(200, 'x') + "\"}]", 413, "~element",
             "max_request_body_size: 100", ""}));

INSTANTIATE_TEST_SUITE_P(
    ServerStreams, ConformanceTest,
    ::testing::Values(
        Case{"GET /s/spread?count=2&name=n", "", 200,
             R"([{"name":"n","count":1},{"name":"n","count":2}])", "",
             "content-type: application/json\ntransfer-encoding: chunked\n!content-length"},
        Case{"GET /s/spread?count=1", "", 200, R"([{"count":1}])", "", ""},
        Case{"GET /s/spread", "", 200, "[]", "", "content-type: application/json"},
        Case{"GET /s/spread?headers_first=true", "", 200, "[]", "", "x-initial: first"},
        Case{"GET /s/spread?count=2", "", 200, "{\"count\":1}\n{\"count\":2}\n", kLines,
             "content-type: application/json"},
        Case{"GET /s/spread", "", 200, "", kLines, ""},
        Case{"GET /s/spread?count=2", "", 200, "data: {\"count\":1}\n\ndata: {\"count\":2}\n\n",
             kEvents, "content-type: text/event-stream"},
        Case{"GET /s/spread", "", 200, "", kEvents, "content-type: text/event-stream"},
        Case{"GET /s/spread?count=1", "", 200, "[{\n \"count\": 1\n}\n]",
             "print_options: {add_whitespace: true}", ""},
        Case{"GET /s/spread?count=1", "", 200, "{\"count\":1}\n",
             "print_options: {add_whitespace: true, stream_newline_delimited: true}", ""},
        // A unary reply is no stream.
        Case{"GET /b/echo?i32=1", "", 200, R"({"i32":1})", kLines, "content-length: 9"}));

INSTANTIATE_TEST_SUITE_P(
    FailingStreams, ConformanceTest,
    ::testing::Values(
        Case{"GET /s/spread?code=5", "", 404, R"({"code":5,"message":"the stream fails"})",
             kConverted, "content-type: application/json\n!grpc-status\n!grpc-message"},
        Case{"GET /s/spread?code=5", "", 404, "", "",
             "content-length: 0\ngrpc-status: 5\ngrpc-message: the%20stream%20fails"},
        // Where the headers went out first, they cannot tell any more.
        Case{"GET /s/spread?code=5&headers_first=true", "", 200,
             R"({"code":5,"message":"the stream fails"})", kConverted, "x-initial: first"},
        Case{"GET /s/spread?code=5&headers_first=true", "", 200, "[]", "", ""},
        // Behind messages the list is closed normally.
        Case{"GET /s/spread?code=5&count=1", "", 200, R"([{"count":1}])", kConverted, ""},
        Case{"GET /s/spread?code=5&count=1", "", 200, "{\"count\":1}\n", kLines, ""}));

INSTANTIATE_TEST_SUITE_P(
    BothWays, ConformanceTest,
    ::testing::Values(Case{"POST /s/chat", R"([{"name":"a"},{"name":"b"}])", 200,
                           R"([{"name":"a"},{"name":"b"}])", "", "content-type: application/json"},
                      Case{"POST /s/chat", "[]", 200, "[]", "", ""},
                      Case{"POST /s/chat?count=5", "[{},{}]", 200, R"([{"count":5},{}])", "", ""},
                      Case{"POST /s/chat", R"([{"name":"a"}])", 200, "data: {\"name\":\"a\"}\n\n",
                           kEvents, ""},
                      Case{"POST /s/chat", R"([{"name":"fail"}])", 409,
                           R"({"code":10,"message":"told to"})", kConverted, ""},
                      Case{"POST /s/chat", "{}", 400, "~list", "", ""}));

// A chunk of HTTP's chunked coding.
std::string Chunk(const std::string& bytes) {
  return absl::StrCat(absl::Hex(bytes.size()), "\r\n", bytes, "\r\n");
}

TEST(ConformanceChatTest, AnswersWhileTheBodyStillComes) {
  testing::RawClient client(GatewayAddress(""));
  client.Send("POST /s/chat HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" +
              Chunk(R"([{"name":"first"},)"));
  ASSERT_TRUE(client.ReadsText(R"([{"name":"first"})"));
  client.Send(Chunk(R"({"name":"sec)"));
  client.Send(Chunk(R"(ond"}])"));
  ASSERT_TRUE(client.ReadsText(R"(,{"name":"second"})"));
  client.Send("0\r\n\r\n");
  EXPECT_TRUE(client.ReadsText("]\r\n0\r\n\r\n"));
}

TEST(ConformanceChatTest, ABodyThatBreaksBehindAnAnswerBreaksTheConnection) {
  testing::RawClient client(GatewayAddress(""));
  client.Send("POST /s/chat HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" +
              Chunk(R"([{"name":"first"},)"));
  ASSERT_TRUE(client.ReadsText(R"([{"name":"first"})"));
  client.Send(Chunk("nonsense,"));
  EXPECT_FALSE(client.ReadsText("0\r\n\r\n"));
}

TEST(ConformanceChatTest, CarriesALongTalk) {
  std::string body = "[";
  for (int i = 0; i < 20'000; ++i)
    absl::StrAppend(&body, i == 0 ? "" : ",", "{\"count\":", i + 1, "}");
  body.push_back(']');
  testing::RawClient client(GatewayAddress(""));
  client.Send("POST /s/chat HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" + Chunk(body) +
              "0\r\n\r\n");
  const auto response = client.Read();
  ASSERT_TRUE(response.has_value());
  EXPECT_TRUE(response->body == body);
}

TEST(ConformanceTrailerTest, AClientThatTakesTrailersGetsStatusAndMetadata) {
  testing::RawClient client(GatewayAddress(""));
  client.Send("GET /s/spread?count=1&code=5 HTTP/1.1\r\nte: trailers\r\n\r\n");
  EXPECT_TRUE(
      client.ReadsText("]\r\n0\r\ngrpc-status: 5\r\ngrpc-message: "
                       "the%20stream%20fails\r\nx-trailer: behind\r\n\r\n"));
}

TEST(ConformanceTrailerTest, OthersGetNone) {
  testing::RawClient client(GatewayAddress(""));
  client.Send("GET /s/spread?count=1 HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(client.ReadsText("]\r\n0\r\n\r\n"));
}

}  // namespace
}  // namespace clv::gateway::conformance
