// The HTTP server by itself, asked byte for byte.
#include "services/gateway/http_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/services/gateway/raw_client.h"

namespace clv::gateway {
namespace {

using std::chrono::milliseconds;
using testing::RawClient;
using testing::RawResponse;

// Answers with method, target, headers asked for and body. `/hold` is kept until Release or until
// the client leaves.
class HttpServerTest : public ::testing::Test {
 protected:
  void SetUp() override { Start({}); }

  void TearDown() override {
    Release();
    server_->Stop(std::chrono::steady_clock::now());
  }

  void Start(HttpServerOptions options) {
    options.address = "127.0.0.1:0";
    HttpServer::Callbacks callbacks;
    callbacks.handle = [this](const std::shared_ptr<HttpExchange>& exchange) { Handle(exchange); };
    callbacks.render_error = [](int status, std::string_view message, std::string_view target) {
      return HttpResponse{status, {}, absl::StrCat(std::string(message), " ", std::string(target))};
    };
    callbacks.on_answered = [this](const AccessRecord& record) {
      const std::lock_guard lock(mutex_);
      answered_.push_back(absl::StrCat(std::string(record.method), " ", std::string(record.target),
                                       " ", record.status));
    };
    server_ = HttpServer::Start(options, std::move(callbacks)).value();
  }

  void Handle(const std::shared_ptr<HttpExchange>& exchange) {
    const HttpRequest& request = exchange->request();
    if (request.target == "/hold") {
      exchange->OnAbandoned([this] { abandoned_.set_value(); });
      const std::lock_guard lock(mutex_);
      held_.push_back(exchange);
      return held_once_.set_value();
    }
    if (request.target == "/block") {
      blocks_.set_value();
      return unblock_.get_future().wait();
    }
    if (request.target == "/splitting") {
      return exchange->Respond({200, {{"x-echo", "a\r\nevil: b"}}, ""});
    }
    const std::string* echo = FindHeader(request.headers, "x-echo");
    exchange->Respond({request.target == "/empty" ? 204 : 200,
                       {{"x-echo", echo == nullptr ? "" : *echo}},
                       absl::StrCat(request.method, " ", request.target, " ", request.body)});
  }

  void Release() {
    std::vector<std::shared_ptr<HttpExchange>> held;
    {
      const std::lock_guard lock(mutex_);
      held = std::exchange(held_, {});
    }
    for (const auto& exchange : held) exchange->Respond({200, {}, "released"});
  }

  bool WaitUntilHeld() {
    return held_once_.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready;
  }

  bool WaitUntilAbandoned() {
    return abandoned_.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready;
  }

  std::unique_ptr<HttpServer> server_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<HttpExchange>> held_;
  std::vector<std::string> answered_;
  std::promise<void> held_once_;
  std::promise<void> blocks_;   // `/block` occupies an I/O thread
  std::promise<void> unblock_;  // until this is set
  std::promise<void> abandoned_;
};

TEST_F(HttpServerTest, AnswersOnOneConnectionAgainAndAgain) {
  RawClient client(server_->address());
  for (int i = 0; i < 3; ++i) {
    const RawResponse response = client.Ask("GET /a HTTP/1.1\r\nHost: h\r\nX-Echo: e\r\n\r\n");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "GET /a ");
    EXPECT_EQ(response.headers.at("x-echo"), "e");
    EXPECT_FALSE(response.headers.at("date").empty());
    EXPECT_FALSE(response.headers.contains("connection"));
  }
}

TEST_F(HttpServerTest, ClosesWhereTheClientAsksForIt) {
  RawClient client(server_->address());
  const RawResponse response = client.Ask("GET /a HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(response.headers.at("connection"), "close");
  EXPECT_TRUE(client.ReadsEnd());
}

TEST_F(HttpServerTest, SpeaksHttp10) {
  RawClient client(server_->address());
  EXPECT_EQ(
      client.Ask("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").headers.at("connection"),
      "keep-alive");
  EXPECT_EQ(client.Ask("GET /a HTTP/1.0\r\n\r\n").body, "GET /a ");
  EXPECT_TRUE(client.ReadsEnd());
}

TEST_F(HttpServerTest, TakesRawSpacesInTheTarget) {
  RawClient client(server_->address());
  EXPECT_EQ(
      client.Ask("GET /p?s=2023-01-01 00:00:00&e=2023-12-31 23:59:59 HTTP/1.1\r\nA: b\r\n\r\n")
          .body,
      "GET /p?s=2023-01-01%2000:00:00&e=2023-12-31%2023:59:59 ");
  EXPECT_EQ(client.Ask("GET /next HTTP/1.1\r\n\r\n").body, "GET /next ");
}

TEST_F(HttpServerTest, TakesARequestByteByByte) {
  RawClient client(server_->address());
  for (const char c : std::string("POST /a b HTTP/1.1\r\nContent-Length: 3\r\n\r\nxyz")) {
    ASSERT_TRUE(client.Send(std::string(1, c)));
  }
  EXPECT_EQ(client.Read()->body, "POST /a%20b xyz");
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  RawClient client(server_->address());
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    absl::StrAppend(&requests, "POST /", i, " x HTTP/1.1\r\nContent-Length: 1\r\n\r\n", i % 10);
  }
  ASSERT_TRUE(client.Send(requests));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.Read()->body, absl::StrCat("POST /", i, "%20x ", i % 10));
  }
}

TEST_F(HttpServerTest, PipelinedRequestsWaitForASlowAnswer) {
  RawClient client(server_->address());
  ASSERT_TRUE(client.Send("GET /hold HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(WaitUntilHeld());
  Release();
  EXPECT_EQ(client.Read()->body, "released");
  EXPECT_EQ(client.Read()->body, "GET /b ");
}

TEST_F(HttpServerTest, SkipsEmptyLinesBetweenRequests) {
  RawClient client(server_->address());
  EXPECT_EQ(client.Ask("\r\n\r\nGET /a HTTP/1.1\r\n\r\n").body, "GET /a ");
}

TEST_F(HttpServerTest, TakesChunkedBodies) {
  RawClient client(server_->address());
  EXPECT_EQ(client
                .Ask("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nX-Echo: trailer\r\n\r\n")
                .body,
            "POST /a abcde");
  EXPECT_EQ(client.Ask("GET /b HTTP/1.1\r\n\r\n").body, "GET /b ");
}

TEST_F(HttpServerTest, TakesAChunkedBodyInPieces) {
  RawClient client(server_->address());
  for (const char* piece : {"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "1",
                            "0\r\n0123", "456789abcdef\r", "\n0\r\n", "\r\n"}) {
    ASSERT_TRUE(client.Send(piece));
    std::this_thread::sleep_for(milliseconds(2));
  }
  EXPECT_EQ(client.Read()->body, "POST /a 0123456789abcdef");
}

TEST_F(HttpServerTest, TakesALargeBody) {
  RawClient client(server_->address());
  const std::string body(5 << 20, 'x');
  client.Send(absl::StrCat("POST /a HTTP/1.1\r\nContent-Length: ", body.size(), "\r\n\r\n"));
  client.Send(body);
  EXPECT_EQ(client.Read()->body, "POST /a " + body);
}

TEST_F(HttpServerTest, SaysContinueToAClientThatWaitsForIt) {
  RawClient client(server_->address());
  client.Send("POST /a b HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  ASSERT_TRUE(client.ReadsText("HTTP/1.1 100 Continue\r\n\r\n"));
  EXPECT_EQ(client.Ask("hi").body, "POST /a%20b hi");
}

TEST_F(HttpServerTest, DoesNotSayContinueToABodyThatIsThere) {
  RawClient client(server_->address());
  EXPECT_EQ(
      client.Ask("POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi").status,
      200);
}

TEST_F(HttpServerTest, RefusesOtherExpectations) {
  RawClient client(server_->address());
  EXPECT_EQ(client.Ask("POST /a HTTP/1.1\r\nExpect: magic\r\nContent-Length: 2\r\n\r\n").status,
            417);
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  RawClient client(server_->address());
  client.Send("HEAD /a HTTP/1.1\r\n\r\n");
  const auto response = client.Read(/*has_body=*/false);
  EXPECT_EQ(response->headers.at("content-length"), "8");
  EXPECT_EQ(client.Ask("GET /b HTTP/1.1\r\n\r\n").body, "GET /b ");
}

TEST_F(HttpServerTest, SendsNoLengthWithAnEmptyAnswer) {
  RawClient client(server_->address());
  const RawResponse response = client.Ask("GET /empty HTTP/1.1\r\n\r\n");
  EXPECT_EQ(response.status, 204);
  EXPECT_FALSE(response.headers.contains("content-length"));
  EXPECT_EQ(client.Ask("GET /b HTTP/1.1\r\n\r\n").body, "GET /b ");
}

TEST_F(HttpServerTest, RefusesAHeadOverTheLimit) {
  RawClient client(server_->address());
  client.Send("GET /big HTTP/1.1\r\nX: " + std::string(17 * 1024, 'x'));
  const auto response = client.Read();
  EXPECT_EQ(response->status, 431);
  EXPECT_NE(response->body.find(" /big"), std::string::npos);
  EXPECT_TRUE(client.ReadsEnd());
}

TEST_F(HttpServerTest, RefusesAWholeHeadOverTheLimit) {
  RawClient client(server_->address());
  EXPECT_EQ(client.Ask("GET /" + std::string(17 * 1024, ' ') + " HTTP/1.1\r\n\r\n").status, 431);
}

TEST_F(HttpServerTest, TakesAHeadJustBelowTheLimitThatIsAllSpaces) {
  RawClient client(server_->address());
  const RawResponse response = client.Ask("GET /" + std::string(16'000, ' ') + " HTTP/1.1\r\n\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body.size(), 6 + 3 * 16'000);
}

TEST_F(HttpServerTest, RefusesAnAnnouncedBodyOverTheLimitAtOnce) {
  RawClient client(server_->address());
  const RawResponse response =
      client.Ask("POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 16777217\r\n\r\n");
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.headers.at("connection"), "close");
}

TEST_F(HttpServerTest, RefusesMalformedRequests) {
  for (const char* request :
       {"GET /a\r\n\r\n", "GET /a H\r\n\r\n", "GET /a HTT\r\n\r\n", "GET /a HTTP/1.1\n\n",
        "G@T{ /a HTTP/1.1\r\n\r\n", "GET /a HTTP/1.1\r\nbad header\r\n\r\n",
        "GET /a HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        "POST /a HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST /a HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        "POST /a HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    RawClient client(server_->address());
    EXPECT_EQ(client.Ask(request).status, 400) << request;
    EXPECT_TRUE(client.ReadsEnd()) << request;
  }
}

// What follows a head that is cut short would escape every check of heads.
TEST_F(HttpServerTest, TakesNoHeadForTheRestOfAnother) {
  RawClient client(server_->address());
  EXPECT_EQ(client.Ask("GET /a H\r\n\r\nGET /b HTTP/1.1\r\nA: b\r\n folded\r\n\r\n").status, 400);
  EXPECT_TRUE(client.ReadsEnd());
}

TEST_F(HttpServerTest, RefusesAnEndlessChunkHeader) {
  RawClient client(server_->address());
  client.Send("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
              std::string(40'000, 'x'));
  EXPECT_EQ(client.Read()->status, 400);
}

TEST_F(HttpServerTest, RefusesOtherVersions) {
  RawClient client(server_->address());
  EXPECT_EQ(client.Ask("PRI * HTTP/2.0\r\n\r\n").status, 505);
}

TEST_F(HttpServerTest, AbandonsTheRequestOfAClientThatResets) {
  RawClient client(server_->address());
  client.Send("GET /hold HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(WaitUntilHeld());
  client.Reset();
  EXPECT_TRUE(WaitUntilAbandoned());
}

TEST_F(HttpServerTest, AnswersAClientThatHasOnlyClosedItsSendingSide) {
  RawClient client(server_->address());
  client.Send("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
  client.HalfClose();
  EXPECT_EQ(client.Read()->body, "GET /a ");
  EXPECT_EQ(client.Read()->body, "GET /b ");
  EXPECT_TRUE(client.ReadsEnd());
}

TEST_F(HttpServerTest, ReportsEachAnswer) {
  {
    RawClient client(server_->address());
    client.Ask("GET /a?b=c HTTP/1.1\r\n\r\n");
    client.Ask("broken\r\n\r\n");
  }
  server_->Stop(std::chrono::steady_clock::now() + std::chrono::seconds(10));
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(answered_, (std::vector<std::string>{"GET /a?b=c 200", "  400"}));
}

TEST_F(HttpServerTest, StopLetsARunningRequestFinish) {
  RawClient idle(server_->address());
  auto client = std::make_unique<RawClient>(server_->address());
  client->Send("GET /hold HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(WaitUntilHeld());
  std::thread stopper(
      [this] { server_->Stop(std::chrono::steady_clock::now() + std::chrono::seconds(10)); });
  EXPECT_TRUE(idle.ReadsEnd());
  Release();
  const auto response = client->Read();
  EXPECT_EQ(response->body, "released");
  EXPECT_EQ(response->headers.at("connection"), "close");
  client.reset();
  stopper.join();
}

TEST_F(HttpServerTest, StopAbandonsWhatIsNotFinishedAtTheDeadline) {
  RawClient client(server_->address());
  client.Send("GET /hold HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(WaitUntilHeld());
  server_->Stop(std::chrono::steady_clock::now() + milliseconds(50));
  EXPECT_TRUE(WaitUntilAbandoned());
  EXPECT_FALSE(client.Read().has_value());
}

TEST_F(HttpServerTest, StopDropsNoRequestOfABusyClient) {
  constexpr int kClients = 8;
  std::atomic<int> answered = 0;
  std::atomic<int> told_to_close = 0;
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([&] {
      RawClient client(server_->address());
      bool closes = false;
      while (!closes) {
        client.Send("GET /a HTTP/1.1\r\n\r\n");
        const auto response = client.Read();
        if (!response.has_value()) return;
        ++answered;
        closes = response->headers.contains("connection");
      }
      ++told_to_close;
    });
  }
  while (answered < 200) std::this_thread::yield();
  server_->Stop(std::chrono::steady_clock::now() + std::chrono::seconds(10));
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(told_to_close, kClients);
}

TEST_F(HttpServerTest, StopServesConnectionsThatWaitToBeTaken) {
  Start({.io_threads = 1});
  RawClient busy(server_->address());
  busy.Send("GET /block HTTP/1.1\r\n\r\n");
  blocks_.get_future().wait();
  RawClient waiting(server_->address());
  RawClient another(server_->address());
  waiting.Send("GET /waiting HTTP/1.1\r\n\r\n");
  another.Send("GET /another HTTP/1.1\r\n\r\n");
  std::thread stopper(
      [this] { server_->Stop(std::chrono::steady_clock::now() + std::chrono::seconds(20)); });
  // Nothing shows that Stop has begun; where it has not, the two are taken in before.
  std::this_thread::sleep_for(milliseconds(50));
  unblock_.set_value();
  busy.Reset();
  for (RawClient* client : {&waiting, &another}) {
    const RawResponse response = client->Read().value_or(RawResponse());
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.headers.contains("connection"));
    client->HalfClose();
  }
  stopper.join();
}

// A client that heeds nothing does not hold the server up.
TEST_F(HttpServerTest, StopWaitsLittleForAClientThatGoesOnSending) {
  RawClient client(server_->address());
  client.Ask("GET /a HTTP/1.1\r\n\r\n");
  std::atomic<bool> done = false;
  std::thread sender([&] {
    while (!done && client.Send("GET /a HTTP/1.1\r\n\r\n"))
      std::this_thread::sleep_for(milliseconds(5));
  });
  const auto begin = std::chrono::steady_clock::now();
  server_->Stop(begin + std::chrono::seconds(30));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  done = true;
  sender.join();
}

TEST_F(HttpServerTest, AHeaderValueOfTheHandlerCannotEndItsLine) {
  RawClient client(server_->address());
  const RawResponse response = client.Ask("GET /splitting HTTP/1.1\r\n\r\n");
  EXPECT_EQ(response.headers.at("x-echo"), "a  evil: b");
  EXPECT_FALSE(response.headers.contains("evil"));
}

class ImpatientHttpServerTest : public HttpServerTest {
 protected:
  void SetUp() override {
    HttpServerOptions options;
    options.head_timeout = milliseconds(100);
    options.idle_timeout = milliseconds(100);
    options.transfer_grace = milliseconds(100);
    options.half_close_grace = milliseconds(100);
    options.max_connections = 2;
    Start(options);
  }
};

TEST_F(ImpatientHttpServerTest, TimesOutASlowHead) {
  RawClient client(server_->address());
  client.Send("GET /slow HTTP/1.1\r\nA");
  const auto response = client.Read();
  EXPECT_EQ(response->status, 408);
  EXPECT_NE(response->body.find(" /slow"), std::string::npos);
}

TEST_F(ImpatientHttpServerTest, TimesOutASlowBody) {
  RawClient client(server_->address());
  EXPECT_EQ(client.Ask("POST /slow HTTP/1.1\r\nContent-Length: 5\r\n\r\nab").status, 408);
}

TEST_F(ImpatientHttpServerTest, ClosesIdleConnectionsWithoutAWord) {
  RawClient fresh(server_->address());
  RawClient used(server_->address());
  used.Ask("GET /a HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(fresh.ReadsEnd());
  EXPECT_TRUE(used.ReadsEnd());
}

TEST_F(ImpatientHttpServerTest, AbandonsTheRequestOfAHalfClosedClientAfterAWhile) {
  RawClient client(server_->address());
  client.Send("GET /hold HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(WaitUntilHeld());
  client.HalfClose();
  EXPECT_TRUE(WaitUntilAbandoned());
}

TEST_F(ImpatientHttpServerTest, WaitsForTheHandlerHoweverLong) {
  RawClient client(server_->address());
  client.Send("GET /hold HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(WaitUntilHeld());
  std::this_thread::sleep_for(milliseconds(600));
  Release();
  EXPECT_EQ(client.Read()->body, "released");
}

TEST_F(ImpatientHttpServerTest, TurnsConnectionsOverTheCapAway) {
  RawClient first(server_->address());
  first.Send("GET /hold HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(WaitUntilHeld());
  RawClient second(server_->address());
  second.Ask("GET /a HTTP/1.1\r\n\r\n");
  RawClient third(server_->address());
  EXPECT_EQ(third.Read()->status, 503);
}

TEST(HttpServerStartTest, RefusesABadAddress) {
  for (const char* address : {"nonsense", "127.0.0.1:", "127.0.0.1:http"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(HttpServer::Start({.address = address}, {}).status()))
        << address;
  }
}

TEST(HttpServerStartTest, SaysWhereItCannotListen) {
  const auto first = HttpServer::Start({.address = "127.0.0.1:0"}, {});
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(
      absl::IsUnavailable(HttpServer::Start({.address = (*first)->address()}, {}).status()));
}

}  // namespace
}  // namespace clv::gateway
