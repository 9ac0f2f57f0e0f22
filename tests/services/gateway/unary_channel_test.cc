// Unary calls over real connections: what arrives, what comes back, deadlines and cancellation.
#include "services/gateway/unary_channel.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/services/gateway/http2_server.h"
#include "tests/services/gateway/unary_fixture.h"

namespace clv::gateway {
namespace {

using grpc::StatusCode;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::Asking;
using testing::Echo;
using testing::Failing;
using testing::Http2Answer;
using testing::Http2Peer;
using testing::Http2Request;
using testing::Http2Server;
using testing::MessageOf;
using testing::Saying;
using testing::StartedCall;
using testing::UnaryChannelTest;

// A script that answers nothing.
void Ignore(Http2Peer&, const Http2Request&) {}

UnaryRequest AskingUntil(const std::string& text, steady_clock::time_point deadline) {
  UnaryRequest request = Asking(text);
  request.deadline = deadline;
  return request;
}

int ConnectionsOf(const Http2Server& server) {
  return server.See([](const auto& record) { return record.connections; });
}

std::vector<Http2Request> RequestsOf(const Http2Server& server) {
  return server.See([](const auto& record) { return record.requests; });
}

std::string Joined(const HttpHeaders& fields) {
  std::string text;
  for (const HttpHeader& field : fields) absl::StrAppend(&text, field.name, "=", field.value, " ");
  return text;
}

TEST(ParseHostPortTest, TakesHostsAndNumbersWithPorts) {
  struct Case {
    std::string address;
    std::string host;
    std::string port;
  };
  for (const Case& c : {Case{"host:80", "host", "80"},
                        {"clv.example.com:50051", "clv.example.com", "50051"},
                        {"127.0.0.1:1", "127.0.0.1", "1"},
                        {"[::1]:80", "::1", "80"},
                        {"[fe80::1%lo]:65535", "fe80::1%lo", "65535"},
                        {"localhost:0", "localhost", "0"}}) {
    const std::optional<HostPort> parsed = ParseHostPort(c.address);
    ASSERT_TRUE(parsed.has_value()) << c.address;
    EXPECT_EQ(parsed->host, c.host) << c.address;
    EXPECT_EQ(parsed->port, c.port) << c.address;
  }
}

TEST(ParseHostPortTest, LeavesWhatElseGrpcKnowsAndWhatIsNoAddress) {
  for (const char* address : {"",
                              ":",
                              ":80",
                              "host",
                              "host:",
                              "host:http",
                              "host:80x",
                              "host:-1",
                              "host:+1",
                              "host: 1",
                              "host:65536",
                              "host:99999",
                              "host:123456",
                              "[]:80",
                              "[::1]",
                              "::1:80",
                              "::1",
                              "[::1:80",
                              "unix:/run/clv.sock",
                              "unix:80",
                              "unix:///run/clv.sock",
                              "unix-abstract:80",
                              "vsock:1",
                              "vsock:1:2",
                              "dns:80",
                              "dns:host:80",
                              "dns:///host:80",
                              "dns://8.8.8.8/host:80",
                              "ipv4:1.2.3.4:5",
                              "ipv6:[::1]:5",
                              "xds:80",
                              "xds:///clv:80",
                              "http://host:80"}) {
    EXPECT_FALSE(ParseHostPort(address).has_value()) << address;
  }
}

TEST_F(UnaryChannelTest, ACallArrivesWhole) {
  Http2Server server(Echo);
  Open(server.port());
  UnaryRequest request = Asking("hello");
  request.metadata = {{"authorization", "Bearer x"}, {"x-bin", std::string("\0\xFF!", 3)}};
  EXPECT_TRUE(Call(std::move(request)).status.ok());
  const Http2Request seen = RequestsOf(server).at(0);
  EXPECT_EQ(seen.body, std::string("\0\0\0\0\5hello", 10));
  EXPECT_EQ(Joined(seen.fields),
            absl::StrCat(":method=POST :scheme=http :path=/test.Echo/Say :authority=127.0.0.1:",
                         server.port(),
                         " te=trailers content-type=application/grpc grpc-accept-encoding=identity "
                         "authorization=Bearer x x-bin=AP8h "));
}

TEST_F(UnaryChannelTest, ADeadlineArrivesAsATimeout) {
  Http2Server server(Echo);
  Open(server.port());
  EXPECT_TRUE(Call(AskingUntil("a", steady_clock::now() + std::chrono::hours(1))).status.ok());
  const HttpHeaders fields = RequestsOf(server).at(0).fields;
  const std::string* timeout = FindHeader(fields, "grpc-timeout");
  ASSERT_NE(timeout, nullptr);
  int milliseconds = 0;
  ASSERT_TRUE(absl::SimpleAtoi(timeout->substr(0, timeout->size() - 1), &milliseconds));
  EXPECT_EQ(timeout->back(), 'm');
  EXPECT_GT(milliseconds, 3'500'000);
  EXPECT_LE(milliseconds, 3'600'000);
}

TEST_F(UnaryChannelTest, AnAnswerComesBackWhole) {
  Http2Server server([](Http2Peer& peer, const Http2Request& request) {
    peer.Answer(request.stream_id,
                {.heads = {{{":status", "103"}, {"link", "</a>"}},
                           {{":status", "200"}, {"x-first", "1"}, {"x-bin", "AP8h"}}},
                 .data = std::string("\0\0\0\0\3abc", 8),
                 .trailers = {{"grpc-status", "0"}, {"x-last", "2"}}});
  });
  Open(server.port());
  const UnaryReply reply = Call(Asking("a"));
  EXPECT_TRUE(reply.status.ok());
  EXPECT_EQ(reply.message, "abc");
  EXPECT_EQ(Joined(reply.initial_metadata), std::string("x-first=1 x-bin=\0\xFF! ", 20));
  EXPECT_EQ(Joined(reply.trailing_metadata), "grpc-status=0 x-last=2 ");
}

TEST_F(UnaryChannelTest, AStatusComesBackWithMessageDetailsAndMetadata) {
  Http2Server server([](Http2Peer& peer, const Http2Request& request) {
    peer.Answer(request.stream_id, {.trailers = {{":status", "200"},
                                                 {"grpc-status", "9"},
                                                 {"grpc-message", "not%20now"},
                                                 {"grpc-status-details-bin", "YQ"},
                                                 {"x-why", "because"}}});
  });
  Open(server.port());
  const UnaryReply reply = Call(Asking("a"));
  EXPECT_EQ(reply.status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(reply.status.error_message(), "not now");
  EXPECT_EQ(reply.status.error_details(), "a");
  EXPECT_EQ(Joined(reply.initial_metadata), "");
  EXPECT_EQ(*FindHeader(reply.trailing_metadata, "x-why"), "because");
  EXPECT_EQ(reply.message, "");
}

TEST_F(UnaryChannelTest, ManyCallsAtOnceShareOneConnection) {
  Http2Server server(Echo);
  Open(server.port());
  const auto calls = StartMany(200);
  ASSERT_TRUE(RunUntilReplied(calls));
  for (size_t i = 0; i < calls.size(); ++i) {
    EXPECT_TRUE(calls[i]->reply.status.ok());
    EXPECT_EQ(calls[i]->reply.message, absl::StrCat("call ", i));
    EXPECT_EQ(calls[i]->replies, 1);
  }
  EXPECT_EQ(ConnectionsOf(server), 1);
  EXPECT_EQ(RequestsOf(server).size(), 200u);
}

// More than the windows of a stream and of the connection.
TEST_F(UnaryChannelTest, BodiesOfSeveralMegabytesGoBothWays) {
  Http2Server server(Echo);
  Open(server.port());
  std::vector<std::shared_ptr<StartedCall>> calls;
  std::vector<std::string> texts;
  const std::string filling(1000, '.');
  for (int i = 0; i < 3; ++i) {
    std::string& text = texts.emplace_back();
    for (int line = 0; text.size() < 6'000'000; ++line) absl::StrAppend(&text, i, filling, line);
    calls.push_back(Start(Asking(text)));
  }
  ASSERT_TRUE(RunUntilReplied(calls));
  for (size_t i = 0; i < calls.size(); ++i) {
    EXPECT_TRUE(calls[i]->reply.status.ok());
    EXPECT_TRUE(calls[i]->reply.message == texts[i]);
  }
}

TEST_F(UnaryChannelTest, AnAnswerCountsThoughTheRequestIsNotReadToItsEnd) {
  for (const std::optional<uint32_t> then_reset :
       {std::optional<uint32_t>(), std::optional<uint32_t>(NGHTTP2_NO_ERROR)}) {
    Http2Server server(
        [&](Http2Peer& peer, const Http2Request& request) {
          peer.Answer(request.stream_id, Failing(StatusCode::RESOURCE_EXHAUSTED));
          if (then_reset) peer.Reset(request.stream_id, *then_reset);
        },
        {.reads_bodies = false});
    Open(server.port());
    EXPECT_EQ(Call(Asking(std::string(4'000'000, 'x'))).status.error_code(),
              StatusCode::RESOURCE_EXHAUSTED);
    channel_->Close();
  }
}

TEST_F(UnaryChannelTest, APageCountsThoughTheRequestIsNotReadToItsEnd) {
  Http2Server server(
      [&](Http2Peer& peer, const Http2Request& request) {
        peer.Answer(request.stream_id, {.heads = {{{":status", "503"}}}, .data = "<html>"});
      },
      {.reads_bodies = false});
  Open(server.port());
  EXPECT_EQ(Call(Asking(std::string(4'000'000, 'x'))).status.error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(UnaryChannelTest, ADeadlineThatPassesEndsTheCallHereAndThere) {
  Http2Server server(Ignore);
  Open(server.port());
  milliseconds timeout(10);
  // On a busy machine it may pass before the request is sent.
  ASSERT_TRUE(RunUntil([&] {
    const auto deadline = steady_clock::now() + (timeout *= 2);
    EXPECT_EQ(Call(AskingUntil("a", deadline)).status.error_code(), StatusCode::DEADLINE_EXCEEDED);
    EXPECT_GE(steady_clock::now(), deadline);
    return server.See([](const auto& record) { return !record.resets.empty(); });
  }));
  EXPECT_EQ(server.See([](const auto& record) { return record.resets[0].error_code; }),
            static_cast<uint32_t>(NGHTTP2_CANCEL));
}

TEST_F(UnaryChannelTest, ADeadlineThatHasPassedNeedsNoConnection) {
  Http2Server server(Echo);
  Open(server.port());
  const auto call = Start(AskingUntil("a", steady_clock::now()));
  EXPECT_EQ(call->replies, 1);
  EXPECT_EQ(call->code(), StatusCode::DEADLINE_EXCEEDED);
  // The first connection is that of the next call.
  EXPECT_TRUE(Call(Asking("b")).status.ok());
  EXPECT_EQ(RequestsOf(server).size(), 1u);
}

TEST_F(UnaryChannelTest, EveryCallHasItsOwnDeadline) {
  Http2Server server(Ignore);
  Open(server.port());
  const auto now = steady_clock::now();
  std::vector<std::string> order;
  const auto start = [&](const std::string& name, milliseconds timeout) {
    channel_->Start(AskingUntil(name, now + timeout), [&order, name](const UnaryReply& reply) {
      if (reply.status.error_code() == StatusCode::DEADLINE_EXCEEDED) order.push_back(name);
    });
  };
  start("never", std::chrono::hours(1));
  start("third", milliseconds(300));
  start("first", milliseconds(100));
  start("second", milliseconds(200));
  ASSERT_TRUE(RunUntil([&] { return order.size() == 3; }));
  EXPECT_EQ(order, (std::vector<std::string>{"first", "second", "third"}));
}

TEST_F(UnaryChannelTest, ACancelledCallGetsNoReplyAndIsResetThere) {
  Http2Server server([](Http2Peer& peer, const Http2Request& request) {
    if (MessageOf(request) != "silence") Echo(peer, request);
  });
  Open(server.port());
  const auto call = Start(Asking("silence"));
  ASSERT_TRUE(RunUntilRequests(server, 1));
  channel_->Cancel(call->id);
  EXPECT_TRUE(RunUntilReset(server, 1, NGHTTP2_CANCEL));
  EXPECT_TRUE(Call(Asking("more")).status.ok());
  EXPECT_EQ(call->replies, 0);
  EXPECT_EQ(call.use_count(), 1);
}

TEST_F(UnaryChannelTest, ACallWhoseBodyTheServerDoesNotTakeMayBeCancelled) {
  Http2Server server(Ignore, {.reads_bodies = false});
  Open(server.port());
  const auto call = Start(Asking(std::string(4'000'000, 'x')));
  ASSERT_TRUE(RunUntilRequests(server, 1));
  channel_->Cancel(call->id);
  EXPECT_TRUE(RunUntilReset(server, 1, NGHTTP2_CANCEL));
  EXPECT_EQ(call->replies, 0);
}

TEST_F(UnaryChannelTest, CancelMayComeFromAnotherThread) {
  Http2Server server(Ignore);
  Open(server.port());
  const auto calls = StartMany(20);
  ASSERT_TRUE(RunUntilRequests(server, calls.size()));
  std::thread other([&] {
    for (const auto& call : calls) channel_->Cancel(call->id);
  });
  EXPECT_TRUE(RunUntil([&] {
    return server.See([&](const auto& record) { return record.resets.size() == calls.size(); });
  }));
  other.join();
  for (const auto& call : calls) EXPECT_EQ(call->replies, 0);
}

TEST_F(UnaryChannelTest, CancelLeavesTheOtherCallsAlone) {
  Http2Server server([](Http2Peer& peer, const Http2Request& request) {
    // The others are answered once the cancelled one is gone, which its successor tells.
    if (MessageOf(request) != "last") return;
    for (int32_t stream_id = 1; stream_id <= 7; stream_id += 2) {
      if (stream_id != 3) peer.Answer(stream_id, Saying("answer"));
    }
  });
  Open(server.port());
  const auto calls = StartMany(3);
  ASSERT_TRUE(RunUntilRequests(server, 3));
  channel_->Cancel(calls[1]->id);
  ASSERT_TRUE(RunUntilReset(server, 3, NGHTTP2_CANCEL));
  EXPECT_TRUE(Call(Asking("last")).status.ok());
  ASSERT_TRUE(RunUntilReplied({calls[0], calls[2]}));
  EXPECT_TRUE(calls[0]->reply.status.ok());
  EXPECT_TRUE(calls[2]->reply.status.ok());
  EXPECT_EQ(calls[1]->replies, 0);
}

TEST_F(UnaryChannelTest, ACallThatIsCancelledBeforeItIsSentNeverArrives) {
  Http2Server server(Echo);
  Open(server.port());
  const auto while_connecting = Start(Asking("while connecting"));
  channel_->Cancel(while_connecting->id);
  EXPECT_TRUE(Call(Asking("a")).status.ok());
  // Over a connection that is there, but within one turn of the event loop.
  std::shared_ptr<StartedCall> unsent;
  boost::asio::post(io_, [&] {
    unsent = Start(Asking("unsent"));
    channel_->Cancel(unsent->id);
  });
  EXPECT_TRUE(Call(Asking("b")).status.ok());
  EXPECT_EQ(while_connecting->replies, 0);
  EXPECT_EQ(unsent->replies, 0);
  const std::vector<Http2Request> requests = RequestsOf(server);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(MessageOf(requests[0]), "a");
  EXPECT_EQ(MessageOf(requests[1]), "b");
  EXPECT_EQ(ConnectionsOf(server), 1);
}

TEST_F(UnaryChannelTest, CancelAfterTheReplyDoesNothing) {
  Http2Server server(Echo);
  Open(server.port());
  const auto call = Start(Asking("a"));
  ASSERT_TRUE(RunUntilReplied({call}));
  channel_->Cancel(call->id);
  channel_->Cancel(4711);
  EXPECT_TRUE(Call(Asking("b")).status.ok());
  EXPECT_EQ(call->replies, 1);
  EXPECT_TRUE(server.See([](const auto& record) { return record.resets.empty(); }));
}

TEST_F(UnaryChannelTest, AReplyMayStartAndCancelOtherCalls) {
  Http2Server server([](Http2Peer& peer, const Http2Request& request) {
    if (MessageOf(request) != "silence") Echo(peer, request);
  });
  Open(server.port());
  const auto silent = Start(Asking("silence"));
  ASSERT_TRUE(RunUntilRequests(server, 1));
  std::shared_ptr<StartedCall> next;
  channel_->Start(Asking("a"), [&](const UnaryReply&) {
    channel_->Cancel(silent->id);
    next = Start(Asking("b"));
  });
  ASSERT_TRUE(RunUntil([&] { return next != nullptr && next->replies == 1; }));
  EXPECT_EQ(next->reply.message, "b");
  EXPECT_TRUE(RunUntilReset(server, 1, NGHTTP2_CANCEL));
  EXPECT_EQ(silent->replies, 0);
}

TEST_F(UnaryChannelTest, CloseGivesNoRepliesAndLetsGoOfThem) {
  Http2Server server(Ignore);
  Open(server.port());
  const auto calls = StartMany(5);
  ASSERT_TRUE(RunUntilRequests(server, calls.size()));
  const auto unsent = Start(AskingUntil("unsent", steady_clock::now() + std::chrono::hours(1)));
  channel_->Close();
  for (const auto& call : calls) EXPECT_EQ(call.use_count(), 1);
  EXPECT_EQ(unsent.use_count(), 1);
  EXPECT_TRUE(RunUntil([&] {
    return server.See([](const auto& record) { return record.closed_connections == 1; });
  }));
  for (const auto& call : calls) EXPECT_EQ(call->replies, 0);
  EXPECT_EQ(unsent->replies, 0);
}

TEST_F(UnaryChannelTest, CloseWhileConnectingGivesNoRepliesAndLetsGoOfThem) {
  for (const char* host : {"127.0.0.1", "localhost"}) {
    Http2Server server(Echo);
    Open(server.port(), {.address = {.host = host}});
    const auto call = Start(Asking("a"));
    channel_->Close();
    EXPECT_EQ(call.use_count(), 1);
    io_.poll();
    EXPECT_EQ(call->replies, 0);
  }
}

}  // namespace
}  // namespace clv::gateway
