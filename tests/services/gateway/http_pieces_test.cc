// The HTTP server where the handler takes the body in pieces.
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/gateway/http_server.h"
#include "tests/services/gateway/raw_client.h"

namespace clv::gateway {
namespace {

using std::chrono::milliseconds;
using testing::RawClient;
using testing::RawResponse;

constexpr std::chrono::seconds kPatience{10};
constexpr size_t kPieceBytes = 1 << 20;

// How long an impatient server waits, and a time that is longer by more than the server's sweep.
constexpr milliseconds kGrace{400};
constexpr milliseconds kLongerThanGrace{1000};

std::string Head(size_t length, const std::string& headers = "") {
  return absl::StrCat("POST /pieces HTTP/1.1\r\nContent-Length: ", length, "\r\n", headers, "\r\n");
}

constexpr char kChunkedHead[] = "POST /pieces HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";

// Requests below /pieces are kept for the test to pull and answer; others are echoed.
class HttpPiecesTest : public ::testing::Test {
 protected:
  void SetUp() override { Start({}); }

  void TearDown() override { server_->Stop(std::chrono::steady_clock::now()); }

  void Start(HttpServerOptions options) {
    options.address = "127.0.0.1:0";
    HttpServer::Callbacks callbacks;
    callbacks.takes_pieces = [](const HttpRequest& head) {
      return absl::StartsWith(head.target, "/pieces");
    };
    callbacks.handle = [this](const std::shared_ptr<HttpExchange>& exchange) { Handle(exchange); };
    callbacks.render_error = [](int status, std::string_view message, std::string_view target) {
      return HttpResponse{status, {}, absl::StrCat(std::string(message), " ", std::string(target))};
    };
    server_ = HttpServer::Start(options, std::move(callbacks)).value();
  }

  void Handle(const std::shared_ptr<HttpExchange>& exchange) {
    exchange->OnAbandoned([this] {
      const std::lock_guard lock(mutex_);
      ++abandoned_;
      changed_.notify_all();
    });
    const HttpRequest& request = exchange->request();
    if (!absl::StartsWith(request.target, "/pieces")) {
      return exchange->Respond({200, {}, absl::StrCat(request.target, " ", request.body)});
    }
    const std::lock_guard lock(mutex_);
    exchanges_.push_back(exchange);
    changed_.notify_all();
  }

  // The next request whose handler has been called.
  std::shared_ptr<HttpExchange> Next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [this] { return !exchanges_.empty(); })) {
      std::abort();
    }
    const std::shared_ptr<HttpExchange> exchange = exchanges_.front();
    exchanges_.pop_front();
    return exchange;
  }

  bool WaitUntilAbandoned() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [this] { return abandoned_ > 0; });
  }

  bool IsAbandoned() {
    const std::lock_guard lock(mutex_);
    return abandoned_ > 0;
  }

  static std::future<BodyPiece> Ask(HttpExchange& exchange) {
    auto promise = std::make_shared<std::promise<BodyPiece>>();
    exchange.ReadBody([promise](BodyPiece piece) { promise->set_value(std::move(piece)); });
    return promise->get_future();
  }

  static BodyPiece Pull(HttpExchange& exchange) {
    std::future<BodyPiece> piece = Ask(exchange);
    if (piece.wait_for(kPatience) != std::future_status::ready) {
      ADD_FAILURE() << "no piece came";
      return {"", true};
    }
    return piece.get();
  }

  // The rest of the body; adds the size of its greatest piece to `sizes`.
  static std::string PullAll(HttpExchange& exchange, size_t* greatest = nullptr) {
    std::string body;
    while (true) {
      const BodyPiece piece = Pull(exchange);
      if (greatest != nullptr) *greatest = std::max(*greatest, piece.bytes.size());
      EXPECT_TRUE(piece.last || !piece.bytes.empty());
      body.append(piece.bytes);
      if (piece.last) return body;
    }
  }

  std::unique_ptr<HttpServer> server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<HttpExchange>> exchanges_;
  int abandoned_ = 0;
};

TEST_F(HttpPiecesTest, HandsABodyOnAsItComes) {
  RawClient client(server_->address());
  client.Send(Head(5, "X-A: b\r\n"));
  const auto exchange = Next();
  EXPECT_EQ(exchange->request().body, "");
  EXPECT_EQ(*FindHeader(exchange->request().headers, "x-a"), "b");
  std::future<BodyPiece> first = Ask(*exchange);
  client.Send("abc");
  ASSERT_EQ(first.wait_for(kPatience), std::future_status::ready);
  const BodyPiece piece = first.get();
  EXPECT_EQ(piece.bytes, "abc");
  EXPECT_FALSE(piece.last);
  client.Send("de");
  const BodyPiece last = Pull(*exchange);
  EXPECT_EQ(last.bytes, "de");
  EXPECT_TRUE(last.last);
  exchange->Respond({200, {}, "done"});
  const auto response = client.Read();
  EXPECT_EQ(response->body, "done");
  EXPECT_FALSE(response->headers.contains("connection"));
}

TEST_F(HttpPiecesTest, HandsAChunkedBodyOnWithoutItsFraming) {
  RawClient client(server_->address());
  for (const char* part :
       {kChunkedHead, "3;x=y\r\nab", "c\r\n2\r\nde\r\n", "0\r\nX: y\r\n", "\r\n"})
    client.Send(part);
  const auto exchange = Next();
  EXPECT_EQ(PullAll(*exchange), "abcde");
  exchange->Respond({200, {}, "done"});
  EXPECT_EQ(client.Read()->body, "done");
}

TEST_F(HttpPiecesTest, ABodyThatCameWithItsHeadIsOneLastPiece) {
  RawClient client(server_->address());
  client.Send(Head(5) + "abcde");
  const BodyPiece piece = Pull(*Next());
  EXPECT_EQ(piece.bytes, "abcde");
  EXPECT_TRUE(piece.last);
}

TEST_F(HttpPiecesTest, AnEmptyBodyIsOneEmptyLastPiece) {
  for (const std::string& request : {Head(0), std::string(kChunkedHead) + "0\r\n\r\n",
                                     std::string("POST /pieces HTTP/1.1\r\n\r\n")}) {
    RawClient client(server_->address());
    client.Send(request);
    const auto exchange = Next();
    const BodyPiece piece = Pull(*exchange);
    EXPECT_EQ(piece.bytes, "") << request;
    EXPECT_TRUE(piece.last) << request;
    exchange->Respond({200, {}, "done"});
    EXPECT_EQ(client.Read()->body, "done") << request;
  }
}

TEST_F(HttpPiecesTest, ReadsAtMostOnePieceAhead) {
  RawClient client(server_->address());
  const std::string body(64 << 20, 'x');
  const std::string head = Head(body.size());
  client.Send(head);
  const auto exchange = Next();
  const size_t sent = client.SendUntilStuck(body);
  ASSERT_LT(sent, body.size());
  EXPECT_EQ(client.ReadByServer(), head.size() + kPieceBytes);
  EXPECT_EQ(Pull(*exchange).bytes.size(), kPieceBytes);
  std::thread sender([&] { client.Send(std::string_view(body).substr(sent)); });
  size_t greatest = 0;
  EXPECT_EQ(PullAll(*exchange, &greatest).size(), body.size() - kPieceBytes);
  EXPECT_LE(greatest, kPieceBytes);
  sender.join();
  exchange->Respond({200, {}, "done"});
  EXPECT_EQ(client.Read()->body, "done");
}

TEST_F(HttpPiecesTest, CutsWhatCameWithTheHeadIntoPiecesToo) {
  HttpServerOptions options;
  options.max_piece_bytes = 2;
  Start(options);
  RawClient client(server_->address());
  client.Send(Head(5) + "abcde");
  const auto exchange = Next();
  size_t greatest = 0;
  EXPECT_EQ(PullAll(*exchange, &greatest), "abcde");
  EXPECT_EQ(greatest, 2);
}

TEST_F(HttpPiecesTest, TheLimitOfWholeBodiesDoesNotApply) {
  HttpServerOptions options;
  options.max_body_bytes = 3;
  Start(options);
  RawClient client(server_->address());
  client.Send(Head(5) + "abcde");
  auto exchange = Next();
  EXPECT_EQ(PullAll(*exchange), "abcde");
  exchange->Respond({200, {}, "done"});
  EXPECT_EQ(client.Read()->body, "done");
  client.Send(std::string(kChunkedHead) + "5\r\nabcde\r\n0\r\n\r\n");
  exchange = Next();
  EXPECT_EQ(PullAll(*exchange), "abcde");
  exchange->Respond({200, {}, "done"});
  EXPECT_EQ(client.Read()->body, "done");
  EXPECT_EQ(client.Ask("POST /whole HTTP/1.1\r\nContent-Length: 5\r\n\r\n").status, 413);
}

TEST_F(HttpPiecesTest, SaysContinueWhenTheHandlerAsks) {
  RawClient client(server_->address());
  client.Send(Head(2, "Expect: 100-continue\r\n"));
  const auto exchange = Next();
  std::future<BodyPiece> piece = Ask(*exchange);
  ASSERT_TRUE(client.ReadsText("HTTP/1.1 100 Continue\r\n\r\n"));
  client.Send("hi");
  EXPECT_EQ(piece.get().bytes, "hi");
  exchange->Respond({200, {}, "done"});
  EXPECT_EQ(client.Read()->body, "done");
}

TEST_F(HttpPiecesTest, AnswersInsteadOfSayingContinueWhereTheHandlerDoesNotAsk) {
  RawClient client(server_->address());
  client.Send(Head(2, "Expect: 100-continue\r\n"));
  Next()->Respond({403, {}, "no"});
  const auto response = client.Read();
  EXPECT_EQ(response->status, 403);
  EXPECT_EQ(response->headers.at("connection"), "close");
  EXPECT_TRUE(client.ReadsEnd());
}

TEST_F(HttpPiecesTest, DoesNotSayContinueToABodyThatComesUnasked) {
  RawClient client(server_->address());
  client.Send(Head(2, "Expect: 100-continue\r\n") + "hi");
  const auto exchange = Next();
  EXPECT_EQ(PullAll(*exchange), "hi");
  exchange->Respond({200, {}, "done"});
  EXPECT_EQ(client.Read()->body, "done");
}

TEST_F(HttpPiecesTest, AnswersBeforeTheBodysEndAndThrowsTheRestAway) {
  RawClient client(server_->address());
  client.Send(Head(8 << 20) + "begin");
  const auto exchange = Next();
  EXPECT_EQ(Pull(*exchange).bytes, "begin");
  exchange->Respond({403, {}, "no"});
  const auto response = client.Read();
  EXPECT_EQ(response->status, 403);
  EXPECT_EQ(response->headers.at("connection"), "close");
  EXPECT_TRUE(client.Send(std::string(4 << 20, 'x')));
  client.HalfClose();
  EXPECT_TRUE(client.ReadsEnd());
}

TEST_F(HttpPiecesTest, AClientThatSendsItsWholeBodyBeforeItReadsGetsTheEarlyAnswer) {
  RawClient client(server_->address());
  client.Send(Head(32 << 20));
  Next()->Respond({403, {}, "no"});
  EXPECT_TRUE(client.Send(std::string(32 << 20, 'x')));
  EXPECT_EQ(client.Read()->status, 403);
  EXPECT_TRUE(client.ReadsEnd());
}

TEST_F(HttpPiecesTest, AsksForNothingAfterTheAnswer) {
  RawClient client(server_->address());
  client.Send(Head(2));
  const auto exchange = Next();
  std::future<BodyPiece> waiting = Ask(*exchange);
  exchange->Respond({403, {}, "no"});
  std::future<BodyPiece> late = Ask(*exchange);
  EXPECT_EQ(client.Read()->status, 403);
  EXPECT_THROW(waiting.get(), std::future_error);
  EXPECT_THROW(late.get(), std::future_error);
}

TEST_F(HttpPiecesTest, AbandonsTheRequestOfAClientThatLeavesInTheMiddle) {
  RawClient client(server_->address());
  client.Send(Head(5) + "abc");
  const auto exchange = Next();
  EXPECT_EQ(Pull(*exchange).bytes, "abc");
  std::future<BodyPiece> next = Ask(*exchange);
  client.HalfClose();
  EXPECT_TRUE(WaitUntilAbandoned());
  EXPECT_THROW(next.get(), std::future_error);
}

TEST_F(HttpPiecesTest, AbandonsTheRequestOfAClientThatResets) {
  RawClient client(server_->address());
  client.Send(Head(5));
  const auto exchange = Next();
  client.Reset();
  EXPECT_TRUE(WaitUntilAbandoned());
}

TEST_F(HttpPiecesTest, NoticesAResetWhileTheHandlerTakesNothing) {
  RawClient client(server_->address());
  client.Send(Head(64 << 20));
  const auto exchange = Next();
  client.SendUntilStuck(std::string(64 << 20, 'x'));
  client.Reset();
  EXPECT_TRUE(WaitUntilAbandoned());
}

TEST_F(HttpPiecesTest, RefusesABodyThatIsMalformedInTheMiddle) {
  RawClient client(server_->address());
  client.Send(std::string(kChunkedHead) + "3\r\nabc\r\n");
  const auto exchange = Next();
  EXPECT_EQ(Pull(*exchange).bytes, "abc");
  client.Send("zz\r\n");
  EXPECT_EQ(client.Read()->status, 400);
  EXPECT_TRUE(client.ReadsEnd());
  EXPECT_TRUE(WaitUntilAbandoned());
}

TEST_F(HttpPiecesTest, RefusesABodyThatIsMalformedFromTheStartWithoutAHandler) {
  RawClient client(server_->address());
  EXPECT_EQ(client.Ask(std::string(kChunkedHead) + "zz\r\n").status, 400);
  const std::lock_guard lock(mutex_);
  EXPECT_TRUE(exchanges_.empty());
}

TEST_F(HttpPiecesTest, RefusesAnEndlessChunkHeader) {
  RawClient client(server_->address());
  client.Send(std::string(kChunkedHead) + "3\r\nabc\r\n1;" + std::string(40'000, 'x'));
  EXPECT_EQ(client.Read()->status, 400);
}

TEST_F(HttpPiecesTest, AnswersPipelinedRequestsInOrder) {
  RawClient client(server_->address());
  client.Send(Head(3) + "abcGET /b HTTP/1.1\r\n\r\n" + kChunkedHead +
              "2\r\nde\r\n0\r\n\r\nGET /c HTTP/1.1\r\n\r\n");
  for (const char* body : {"abc", "de"}) {
    const auto exchange = Next();
    EXPECT_EQ(PullAll(*exchange), body);
    exchange->Respond({200, {}, body});
    EXPECT_EQ(client.Read()->body, body);
    EXPECT_EQ(client.Read()->body, *body == 'a' ? "/b " : "/c ");
  }
}

TEST_F(HttpPiecesTest, TheAnswerMayComeBeforeTheLastPieceIsAskedFor) {
  RawClient client(server_->address());
  client.Send(Head(3) + "abcGET /b HTTP/1.1\r\n\r\n");
  Next()->Respond({200, {}, "enough"});
  EXPECT_EQ(client.Read()->body, "enough");
  EXPECT_EQ(client.Read()->body, "/b ");
}

TEST_F(HttpPiecesTest, SpeaksHttp10) {
  RawClient client(server_->address());
  client.Send("POST /pieces HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc");
  const auto exchange = Next();
  EXPECT_EQ(PullAll(*exchange), "abc");
  exchange->Respond({200, {}, "done"});
  EXPECT_EQ(client.Read()->body, "done");
  EXPECT_TRUE(client.ReadsEnd());
}

TEST_F(HttpPiecesTest, AClientMayCloseItsSendingSideAfterTheBody) {
  RawClient client(server_->address());
  client.Send(Head(3) + "abc");
  client.HalfClose();
  const auto exchange = Next();
  EXPECT_EQ(PullAll(*exchange), "abc");
  exchange->Respond({200, {}, "done"});
  EXPECT_EQ(client.Read()->body, "done");
}

TEST_F(HttpPiecesTest, StopLetsAnUploadFinish) {
  auto client = std::make_unique<RawClient>(server_->address());
  RawClient idle(server_->address());
  EXPECT_EQ(idle.Ask("GET /a HTTP/1.1\r\n\r\n").status, 200);
  client->Send(Head(5) + "abc");
  const auto exchange = Next();
  std::thread stopper([this] { server_->Stop(std::chrono::steady_clock::now() + kPatience); });
  EXPECT_TRUE(idle.ReadsEnd());
  client->Send("de");
  EXPECT_EQ(PullAll(*exchange), "abcde");
  exchange->Respond({200, {}, "done"});
  const auto response = client->Read();
  EXPECT_EQ(response->body, "done");
  EXPECT_EQ(response->headers.at("connection"), "close");
  client.reset();
  stopper.join();
  EXPECT_FALSE(IsAbandoned());
}

TEST_F(HttpPiecesTest, StopAbandonsAnUploadThatIsNotFinishedAtTheDeadline) {
  RawClient client(server_->address());
  client.Send(Head(5) + "abc");
  const auto exchange = Next();
  std::future<BodyPiece> piece = Ask(*exchange);
  EXPECT_EQ(piece.get().bytes, "abc");
  std::future<BodyPiece> next = Ask(*exchange);
  server_->Stop(std::chrono::steady_clock::now() + milliseconds(50));
  EXPECT_TRUE(IsAbandoned());
  EXPECT_THROW(next.get(), std::future_error);
  EXPECT_THROW(Ask(*exchange).get(), std::future_error);
}

class ImpatientHttpPiecesTest : public HttpPiecesTest {
 protected:
  void SetUp() override { Start(Impatient()); }

  static HttpServerOptions Impatient() {
    HttpServerOptions options;
    options.transfer_grace = kGrace;
    options.max_body_pause = kGrace;
    options.max_piece_bytes = 4096;
    return options;
  }
};

TEST_F(ImpatientHttpPiecesTest, TimesOutAClientThatStopsInTheMiddle) {
  RawClient client(server_->address());
  client.Send(Head(5) + "abc");
  const auto exchange = Next();
  const auto response = client.Read();
  EXPECT_EQ(response->status, 408);
  EXPECT_EQ(response->headers.at("connection"), "close");
  EXPECT_TRUE(client.ReadsEnd());
  EXPECT_TRUE(WaitUntilAbandoned());
  EXPECT_THROW(Ask(*exchange).get(), std::future_error);
}

TEST_F(ImpatientHttpPiecesTest, AFastStartDoesNotPayForALongPause) {
  HttpServerOptions options = Impatient();
  options.min_bytes_per_second = 1;
  options.max_piece_bytes = kPieceBytes;
  Start(options);
  RawClient client(server_->address());
  client.Send(Head(kPieceBytes) + std::string(kPieceBytes - 1, 'x'));
  const auto exchange = Next();
  EXPECT_EQ(client.Read()->status, 408);
}

TEST_F(ImpatientHttpPiecesTest, ASlowClientThatKeepsTheRateIsServed) {
  HttpServerOptions options = Impatient();
  options.min_bytes_per_second = 100;
  options.max_body_pause = kPatience;
  Start(options);
  RawClient client(server_->address());
  client.Send(Head(2000) + std::string(1000, 'x'));
  const auto exchange = Next();
  // The first half has earned ten seconds.
  std::this_thread::sleep_for(kLongerThanGrace);
  client.Send(std::string(1000, 'x'));
  EXPECT_EQ(PullAll(*exchange).size(), 2000);
}

TEST_F(ImpatientHttpPiecesTest, TheHandlersTimeIsNotTheClients) {
  RawClient client(server_->address());
  const std::string body(1 << 20, 'x');
  std::thread sender([&] { client.Send(Head(body.size()) + body); });
  const auto exchange = Next();
  std::this_thread::sleep_for(kLongerThanGrace);
  std::string got = Pull(*exchange).bytes;
  std::this_thread::sleep_for(kLongerThanGrace);
  got.append(PullAll(*exchange));
  EXPECT_TRUE(got == body);
  sender.join();
  exchange->Respond({200, {}, "done"});
  EXPECT_EQ(client.Read()->status, 200);
  EXPECT_FALSE(IsAbandoned());
}

TEST_F(ImpatientHttpPiecesTest, TheTimeBeforeContinueIsNotTheClients) {
  RawClient client(server_->address());
  client.Send(Head(2, "Expect: 100-continue\r\n"));
  const auto exchange = Next();
  std::this_thread::sleep_for(kLongerThanGrace);
  std::future<BodyPiece> piece = Ask(*exchange);
  ASSERT_TRUE(client.ReadsText("HTTP/1.1 100 Continue\r\n\r\n"));
  client.Send("hi");
  EXPECT_EQ(piece.get().bytes, "hi");
  exchange->Respond({200, {}, "done"});
  EXPECT_EQ(client.Read()->status, 200);
}

TEST_F(ImpatientHttpPiecesTest, TimesOutAClientThatWasToldToContinueAndDoesNot) {
  RawClient client(server_->address());
  client.Send(Head(2, "Expect: 100-continue\r\n"));
  const auto exchange = Next();
  std::future<BodyPiece> piece = Ask(*exchange);
  ASSERT_TRUE(client.ReadsText("HTTP/1.1 100 Continue\r\n\r\n"));
  EXPECT_EQ(client.Read()->status, 408);
}

}  // namespace
}  // namespace clv::gateway
