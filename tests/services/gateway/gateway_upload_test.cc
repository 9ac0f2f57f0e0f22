// Uploads that go up in pieces: raw bytes in, a real gRPC service behind the gateway.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/services/gateway/gateway_fixture.h"

namespace clv::gateway {
namespace {

using ::testing::AllOf;
using testing::HashOn;
using ::testing::HasSubstr;
using testing::kEmptyHash;
using ::testing::Not;
using testing::RawClient;
using testing::RawResponse;
using Seen = testing::StreamEchoes::Seen;

constexpr std::chrono::seconds kPatience{10};
constexpr size_t kPieceBytes = 1 << 20;

std::string Head(const std::string& target, size_t length, const std::string& headers = "") {
  return absl::StrCat("POST ", target, " HTTP/1.1\r\nContent-Length: ", length, "\r\n", headers,
                      "\r\n");
}

std::string ABody(size_t size) {
  std::string body(size, 'x');
  for (size_t i = 0; i < body.size(); i += 997) body[i] = static_cast<char>(i / 997);
  return body;
}

std::string InChunks(std::string_view body, size_t chunk_bytes) {
  std::string out;
  for (size_t i = 0; i < body.size(); i += chunk_bytes) {
    const std::string chunk(body.substr(i, chunk_bytes));
    absl::StrAppend(&out, absl::Hex(chunk.size()), "\r\n", chunk, "\r\n");
  }
  return out + "0\r\n\r\n";
}

std::string WantsHash(std::string_view body) {
  return absl::StrCat("\"hash\":\"", HashOn(kEmptyHash, body), "\"");
}

// The number that the reply has for `field`.
uint64_t Number(const RawResponse& response, const std::string& field) {
  const size_t at = response.body.find("\"" + field + "\":\"");
  if (at == std::string::npos) return 0;
  return std::strtoull(response.body.c_str() + at + field.size() + 4, nullptr, 10);
}

class GatewayUploadTest : public testing::GatewayFixture {
 protected:
  testing::StreamEchoes& streams() { return server_.streams(); }

  bool WaitForMessages(int messages) {
    return streams().WaitUntil([&](const Seen& seen) { return seen.messages >= messages; });
  }

  bool WaitUntilCancelled() {
    return streams().WaitUntil([](const Seen& seen) { return seen.cancelled > 0; });
  }
};

TEST_F(GatewayUploadTest, PassesAWholeBodyUp) {
  const RawResponse response = Post("/v1/streams/n", "abc", "Content-Type: a/b\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-type"), "application/json");
  EXPECT_EQ(response.headers.at("grpc-status"), "0");
  EXPECT_THAT(response.body,
              AllOf(HasSubstr(R"("names":["n"],"contentTypes":["a/b"],"messages":"1","size":"3")"),
                    HasSubstr(WantsHash("abc"))));
}

TEST_F(GatewayUploadTest, PassesAChunkedBodyUp) {
  const std::string body = ABody(300'000);
  RawClient client(gateway_->http_address());
  const RawResponse response = client.Ask(
      "PUT /v1/streams/n HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + InChunks(body, 7'777));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Number(response, "size"), body.size());
  EXPECT_THAT(response.body, HasSubstr(WantsHash(body)));
}

TEST_F(GatewayUploadTest, AnEmptyBodyIsOneMessageWithoutData) {
  RawClient client(gateway_->http_address());
  for (const char* request :
       {"POST /v1/streams/n HTTP/1.1\r\nContent-Length: 0\r\nContent-Type: a/b\r\n\r\n",
        "POST /v1/streams/n HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Type: a/b\r\n\r\n"
        "0\r\n\r\n",
        "POST /v1/streams/n HTTP/1.1\r\nContent-Type: a/b\r\n\r\n"}) {
    EXPECT_THAT(client.Ask(request).body,
                HasSubstr(R"("names":["n"],"contentTypes":["a/b"],"messages":"1","greatest)"))
        << request;
  }
}

TEST_F(GatewayUploadTest, BindingsAndContentTypeAreInTheFirstMessageOnly) {
  RawClient client(gateway_->http_address());
  client.Send(Head("/v1/streams/n?inner.name=i&body.data=aGk", 6, "Content-Type: a/b\r\n") + "abc");
  ASSERT_TRUE(WaitForMessages(1));
  client.Send("def");
  EXPECT_THAT(client.Read()->body,
              AllOf(HasSubstr(R"("names":["n",""],"contentTypes":["a/b",""],"messages":"2")"),
                    HasSubstr(WantsHash("abcdef"))));
}

TEST_F(GatewayUploadTest, AMessageIsAtMostOnePieceAndItsBindings) {
  const std::string body = ABody(20 << 20);
  const RawResponse response = Post("/v1/streams/n", body);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Number(response, "size"), body.size());
  EXPECT_GE(Number(response, "messages"), 20);
  EXPECT_LE(Number(response, "greatestMessage"), kPieceBytes + 64);
}

// Over one channel inside the process and one over TCP, whose flow control differs.
class GatewayUploadMemoryTest : public GatewayUploadTest,
                                public ::testing::WithParamInterface<bool> {};

TEST_P(GatewayUploadMemoryTest, AnUploadPassesInBoundedMemory) {
  if (GetParam()) {
    Gateway::Options options = SuiteOptions();
    options.upstreams = {{{"*"}, nullptr, server_.address()}};
    StartGateway(std::move(options));
  }
  RawClient client(gateway_->http_address());
  const std::string body = ABody(80 << 20);
  const std::string head = Head("/v1/streams/n", body.size(), "X-Mode: held\r\n");
  client.Send(head);
  size_t sent = client.SendUntilStuck(body);
  for (const int released : {0, 1, 3}) {
    streams().Release(released);
    sent += client.SendUntilStuck(std::string_view(body).substr(sent));
    ASSERT_LT(sent, body.size());
    // One piece with the gateway, one on its way; a transport has some kilobytes of its own.
    EXPECT_LE(client.ReadByServer() - head.size() - streams().seen().bytes,
              2 * kPieceBytes + kPieceBytes / 2);
  }
  EXPECT_EQ(streams().seen().messages, 4);
  std::thread sender([&] { client.Send(std::string_view(body).substr(sent)); });
  streams().Release(1'000'000);
  const auto response = client.Read();
  sender.join();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(Number(*response, "size"), body.size());
  EXPECT_THAT(response->body, HasSubstr(WantsHash(body)));
}

INSTANTIATE_TEST_SUITE_P(Channels, GatewayUploadMemoryTest, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "Tcp" : "InProcess"; });

TEST_F(GatewayUploadTest, ASlowServiceIsNotTheClientsFault) {
  Gateway::Options options = SuiteOptions();
  options.http.transfer_grace = std::chrono::milliseconds(400);
  options.http.max_body_pause = std::chrono::milliseconds(400);
  options.default_deadline_ms = 400;
  StartGateway(std::move(options));
  const std::string body = ABody(24 << 20);
  RawClient client(gateway_->http_address());
  std::thread sender(
      [&] { client.Send(Head("/v1/streams/n", body.size(), "X-Mode: held\r\n") + body); });
  for (int messages = 1; messages < 3; ++messages) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1000));
    streams().Release(1);
    ASSERT_TRUE(WaitForMessages(messages));
  }
  streams().Release(1'000'000);
  const auto response = client.Read();
  sender.join();
  EXPECT_EQ(response->status, 200);
  EXPECT_THAT(response->body, HasSubstr(WantsHash(body)));
}

TEST_F(GatewayUploadTest, ASlowClientGets408AndTheCallIsCancelled) {
  Gateway::Options options = SuiteOptions();
  options.http.transfer_grace = std::chrono::milliseconds(100);
  options.http.max_body_pause = std::chrono::milliseconds(100);
  StartGateway(std::move(options));
  RawClient client(gateway_->http_address());
  const RawResponse response = client.Ask(Head("/v0/streams", 5) + "abc");
  EXPECT_EQ(response.status, 408);
  EXPECT_THAT(response.body, HasSubstr("{\"error\":"));
  EXPECT_TRUE(client.ReadsEnd());
  EXPECT_TRUE(WaitUntilCancelled());
}

TEST_F(GatewayUploadTest, AnErrorBeforeTheBodysEndIsAnsweredAtOnce) {
  for (const char* mode : {"refuse", "deaf"}) {
    RawClient client(gateway_->http_address());
    client.Send(Head("/v1/streams/n", 64 << 20, absl::StrCat("X-Mode: ", mode, "\r\n")) + "begin");
    const auto response = client.Read();
    EXPECT_EQ(response->status, 403) << mode;
    EXPECT_EQ(response->body, R"({"code":7,"message":"not you"})") << mode;
    EXPECT_EQ(response->headers.at("connection"), "close") << mode;
    EXPECT_TRUE(client.Send(ABody(4 << 20))) << mode;
    client.HalfClose();
    EXPECT_TRUE(client.ReadsEnd()) << mode;
  }
}

TEST_F(GatewayUploadTest, AClientThatSendsItsWholeBodyFirstGetsTheEarlyError) {
  const RawResponse response = Post("/v0/streams", ABody(24 << 20), "X-Mode: refuse\r\n");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, R"({"error":"not you","documentation":"https://docs/"})");
}

TEST_F(GatewayUploadTest, AReplyBeforeTheBodysEndIsAnsweredAtOnce) {
  RawClient client(gateway_->http_address());
  client.Send(Head("/v1/streams/n", 64 << 20, "X-Mode: enough\r\n") + "begin");
  const auto response = client.Read();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->headers.at("connection"), "close");
  EXPECT_EQ(Number(*response, "size"), 5);
}

TEST_F(GatewayUploadTest, AServiceThatEndsWithoutAReplyIsAnError) {
  const RawResponse response = Post("/v1/silent-stream", "abc");
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, HasSubstr("without a reply"));
}

TEST_F(GatewayUploadTest, AMethodThatTheServiceLacksIs501) {
  EXPECT_EQ(Post("/v1/missing-stream", "abc").status, 501);
}

TEST_F(GatewayUploadTest, AServiceThatIsNotReachableIs503) {
  Gateway::Options options = SuiteOptions();
  options.upstreams = {{{"*"}, nullptr, "127.0.0.1:1"}};
  StartGateway(std::move(options));
  RawClient client(gateway_->http_address());
  client.Send(Head("/v1/streams/n", 64 << 20));
  EXPECT_EQ(client.Read()->status, 503);
}

TEST_F(GatewayUploadTest, AClientThatLeavesInTheMiddleCancelsTheCall) {
  RawClient client(gateway_->http_address());
  client.Send(Head("/v1/streams/n", 5) + "abc");
  ASSERT_TRUE(WaitForMessages(1));
  client.HalfClose();
  EXPECT_TRUE(WaitUntilCancelled());
}

TEST_F(GatewayUploadTest, AClientThatResetsCancelsACallThatTakesNothing) {
  RawClient client(gateway_->http_address());
  client.Send(Head("/v1/streams/n", 64 << 20, "X-Mode: held\r\n"));
  client.SendUntilStuck(ABody(64 << 20));
  client.Reset();
  EXPECT_TRUE(WaitUntilCancelled());
}

TEST_F(GatewayUploadTest, ABodyThatIsMalformedInTheMiddleIs400AndTheCallIsCancelled) {
  RawClient client(gateway_->http_address());
  client.Send("POST /v1/streams/n HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  ASSERT_TRUE(WaitForMessages(1));
  client.Send("zz\r\n");
  EXPECT_EQ(client.Read()->status, 400);
  EXPECT_TRUE(WaitUntilCancelled());
}

TEST_F(GatewayUploadTest, SaysContinueWhenTheCallBegins) {
  RawClient client(gateway_->http_address());
  client.Send(Head("/v1/streams/n", 2, "Expect: 100-continue\r\n"));
  ASSERT_TRUE(client.ReadsText("HTTP/1.1 100 Continue\r\n\r\n"));
  EXPECT_EQ(Number(client.Ask("hi"), "size"), 2);
}

TEST_F(GatewayUploadTest, ABadParameterIs400BeforeTheBody) {
  RawClient client(gateway_->http_address());
  client.Send(Head("/v1/streams/n?nope=1", 64 << 20, "Expect: 100-continue\r\n"));
  const auto response = client.Read();
  EXPECT_EQ(response->status, 400);
  EXPECT_THAT(response->body, HasSubstr("nope"));
  EXPECT_EQ(streams().seen().calls, 0);
}

TEST_F(GatewayUploadTest, AnswersWhatIsPipelinedBehindAnUpload) {
  RawClient client(gateway_->http_address());
  client.Send(Head("/v1/streams/n", 3) + "abcGET /v1/echo/a HTTP/1.1\r\n\r\n" +
              Head("/v1/streams/m", 2) + "de");
  EXPECT_THAT(client.Read()->body, HasSubstr(WantsHash("abc")));
  EXPECT_EQ(client.Read()->body, R"({"text":"a"})");
  EXPECT_THAT(client.Read()->body, HasSubstr(WantsHash("de")));
}

TEST_F(GatewayUploadTest, HasNoDeadlineButTheClients) {
  EXPECT_THAT(Post("/v1/streams/n", "abc").body, Not(HasSubstr("hasDeadline")));
  EXPECT_THAT(Post("/v1/streams/n", "abc", "grpc-timeout: 100S\r\n").body,
              HasSubstr("\"hasDeadline\":true"));
}

TEST_F(GatewayUploadTest, TheClientsDeadlineEndsAnUploadWith504) {
  RawClient client(gateway_->http_address());
  client.Send(Head("/v1/streams/n", 64 << 20, "grpc-timeout: 100m\r\n"));
  EXPECT_EQ(client.Read()->status, 504);
}

TEST_F(GatewayUploadTest, AnHttpBodyComesDownWithTheSuitesStatus) {
  const RawResponse response =
      Post("/v0/raw-stream?name=purchases&from=sdk", "abc", "X-Status: 207\r\n");
  EXPECT_EQ(response.status, 207);
  EXPECT_EQ(response.headers.at("content-type"), "application/json; charset=UTF-8");
  EXPECT_EQ(response.body, R"({"bytes":3})");
  EXPECT_FALSE(response.headers.contains("x-clv-http-status"));
}

TEST_F(GatewayUploadTest, StreamsThatTheServiceLacksAre501) {
  EXPECT_EQ(Post("/v1/json-stream", "[{}]").status, 501);
  EXPECT_EQ(Post("/v1/both-stream", "abc").status, 501);
}

TEST_F(GatewayUploadTest, ShutdownLetsAnUploadFinish) {
  auto client = std::make_unique<RawClient>(gateway_->http_address());
  client->Send(Head("/v1/streams/n", 5) + "abc");
  ASSERT_TRUE(WaitForMessages(1));
  RawClient idle(gateway_->http_address());
  EXPECT_EQ(idle.Ask("GET /v1/echo/a HTTP/1.1\r\n\r\n").status, 200);
  std::thread stopper([this] { gateway_->Shutdown(std::chrono::steady_clock::now() + kPatience); });
  EXPECT_TRUE(idle.ReadsEnd());
  client->Send("de");
  const auto response = client->Read();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->headers.at("connection"), "close");
  EXPECT_EQ(Number(*response, "size"), 5);
  client.reset();
  stopper.join();
}

TEST_F(GatewayUploadTest, ShutdownCancelsAnUploadThatIsNotFinishedAtTheDeadline) {
  RawClient client(gateway_->http_address());
  client.Send(Head("/v1/streams/n", 5) + "abc");
  ASSERT_TRUE(WaitForMessages(1));
  gateway_->Shutdown(std::chrono::steady_clock::now() + std::chrono::milliseconds(50));
  EXPECT_TRUE(WaitUntilCancelled());
  EXPECT_FALSE(client.Read().has_value());
}

TEST_F(GatewayUploadTest, ServesManyUploadsAtOnce) {
  const std::string body = ABody(3 << 20);
  const std::string want = WantsHash(body);
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      RawClient client(gateway_->http_address());
      for (int j = 0; j < 3; ++j) {
        good += client.Ask(Head("/v1/streams/n", body.size()) + body).body.find(want) !=
                std::string::npos;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 24);
}

}  // namespace
}  // namespace clv::gateway
