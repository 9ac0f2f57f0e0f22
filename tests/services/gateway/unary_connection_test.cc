// The connections of a unary channel: made, refused, replaced, lost and paused for.
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/gateway/unary_channel.h"
#include "tests/services/gateway/http2_server.h"
#include "tests/services/gateway/unary_fixture.h"

namespace clv::gateway {
namespace {

using boost::asio::ip::tcp;
using grpc::StatusCode;
using std::chrono::milliseconds;
using testing::Asking;
using testing::Echo;
using testing::Http2Peer;
using testing::Http2Request;
using testing::Http2Server;
using testing::MessageOf;
using testing::Saying;
using testing::StartedCall;
using testing::UnaryChannelTest;

class UnaryConnectionTest : public UnaryChannelTest {
 protected:
  // As "connection:stream:message".
  static std::vector<std::string> RequestsAt(const Http2Server& server) {
    return server.See([](const Http2Server::Record& record) {
      std::vector<std::string> requests;
      for (const Http2Request& request : record.requests) {
        requests.push_back(std::to_string(request.connection) + ":" +
                           std::to_string(request.stream_id) + ":" + MessageOf(request));
      }
      return requests;
    });
  }

  static int ConnectionsTo(const Http2Server& server) {
    return server.See([](const auto& record) { return record.connections; });
  }

  bool RunUntilClosed(const Http2Server& server, int connections) {
    return RunUntil([&] {
      return server.See(
          [&](const auto& record) { return record.closed_connections >= connections; });
    });
  }
};

using Requests = std::vector<std::string>;

TEST_F(UnaryConnectionTest, ARefusedCallIsSentOnceMore) {
  Http2Server server([](Http2Peer& peer, const Http2Request& request) {
    if (request.stream_id == 1) return peer.Reset(1, NGHTTP2_REFUSED_STREAM);
    Echo(peer, request);
  });
  Open(server.port());
  const UnaryReply reply = Call(Asking("a"));
  EXPECT_TRUE(reply.status.ok());
  EXPECT_EQ(reply.message, "a");
  EXPECT_EQ(RequestsAt(server), (Requests{"1:1:a", "1:3:a"}));
}

TEST_F(UnaryConnectionTest, ACallThatIsRefusedTwiceIsUnavailable) {
  Http2Server server([](Http2Peer& peer, const Http2Request& request) {
    peer.Reset(request.stream_id, NGHTTP2_REFUSED_STREAM);
  });
  Open(server.port());
  EXPECT_EQ(Call(Asking("a")).status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(RequestsAt(server), (Requests{"1:1:a", "1:3:a"}));
}

TEST_F(UnaryConnectionTest, ACallThatIsResetOtherwiseIsNotSentAgain) {
  Http2Server server([](Http2Peer& peer, const Http2Request& request) {
    peer.Reset(request.stream_id, request.stream_id == 1 ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR);
  });
  Open(server.port());
  EXPECT_EQ(Call(Asking("a")).status.error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(Call(Asking("b")).status.error_code(), StatusCode::INTERNAL);
  EXPECT_EQ(RequestsAt(server), (Requests{"1:1:a", "1:3:b"}));
}

TEST_F(UnaryConnectionTest, CallsThatTheServerHasNoRoomForWait) {
  Http2Server server(Echo, {.max_concurrent_streams = 10});
  Open(server.port());
  const auto calls = StartMany(100);
  ASSERT_TRUE(RunUntilReplied(calls));
  for (const auto& call : calls) EXPECT_TRUE(call->reply.status.ok());
  EXPECT_EQ(ConnectionsTo(server), 1);
}

TEST_F(UnaryConnectionTest, WhatAGoawayRefusesGoesOverANewConnection) {
  Http2Server server([](Http2Peer& peer, const Http2Request& request) {
    if (peer.number() == 2) return Echo(peer, request);
    if (request.stream_id < 7) return;
    peer.GoAway(3);
    peer.Answer(1, Saying("old 1"));
    peer.Answer(3, Saying("old 3"));
  });
  Open(server.port());
  const auto calls = StartMany(4);
  ASSERT_TRUE(RunUntilReplied(calls));
  for (const auto& call : calls) EXPECT_TRUE(call->reply.status.ok());
  EXPECT_EQ(calls[0]->reply.message, "old 1");
  EXPECT_EQ(calls[1]->reply.message, "old 3");
  EXPECT_EQ(calls[2]->reply.message, "call 2");
  EXPECT_EQ(calls[3]->reply.message, "call 3");
  EXPECT_EQ(ConnectionsTo(server), 2);
  EXPECT_TRUE(RunUntilClosed(server, 1));
}

TEST_F(UnaryConnectionTest, AfterAGoawayNewCallsTakeANewConnectionWhileOldOnesGoOn) {
  Http2Peer* old = nullptr;
  Http2Server server([&](Http2Peer& peer, const Http2Request& request) {
    if (peer.number() == 1) {
      old = &peer;
      return peer.GoAway(1);
    }
    Echo(peer, request);
    if (MessageOf(request) == "last") old->Answer(1, Saying("late"));
  });
  Open(server.port());
  const auto call = Start(Asking("old"));
  ASSERT_TRUE(RunUntilRequests(server, 1));
  // Until the GOAWAY is here a call is refused and sent again, which looks the same.
  EXPECT_EQ(Call(Asking("new")).message, "new");
  EXPECT_EQ(call->replies, 0);
  EXPECT_EQ(Call(Asking("last")).message, "last");
  ASSERT_TRUE(RunUntilReplied({call}));
  EXPECT_EQ(call->reply.message, "late");
  EXPECT_EQ(ConnectionsTo(server), 2);
  EXPECT_TRUE(RunUntilClosed(server, 1));
}

TEST_F(UnaryConnectionTest, CallsThatWaitForRoomWhenAGoawayComesGoOverANewConnection) {
  Http2Server server(
      [](Http2Peer& peer, const Http2Request& request) {
        if (request.stream_id == 3 && peer.number() == 1) peer.GoAway(3);
        Echo(peer, request);
      },
      {.max_concurrent_streams = 1});
  Open(server.port());
  ASSERT_TRUE(Call(Asking("first")).status.ok());  // now the limit is known
  const auto calls = StartMany(2);
  ASSERT_TRUE(RunUntilReplied(calls));
  for (const auto& call : calls) EXPECT_TRUE(call->reply.status.ok()) << call->code();
  EXPECT_EQ(RequestsAt(server), (Requests{"1:1:first", "1:3:call 0", "2:1:call 1"}));
}

TEST_F(UnaryConnectionTest, AConnectionWhoseNumbersRunOutIsReplacedAndEndsWithItsLastCall) {
  constexpr int32_t kLastButOne = 0x7FFF'FFFD;
  Http2Peer* old = nullptr;
  Http2Server server([&](Http2Peer& peer, const Http2Request& request) {
    if (request.stream_id == kLastButOne && peer.number() == 1) {
      old = &peer;
      return;
    }
    Echo(peer, request);
    if (MessageOf(request) == "answer it") old->Answer(kLastButOne, Saying("late"));
  });
  Open(server.port(), {.first_stream_id = kLastButOne});
  const auto call = Start(Asking("unanswered yet"));
  ASSERT_TRUE(RunUntilRequests(server, 1));
  EXPECT_EQ(Call(Asking("last number")).message, "last number");
  EXPECT_EQ(ConnectionsTo(server), 1);
  EXPECT_EQ(Call(Asking("new")).message, "new");
  EXPECT_EQ(ConnectionsTo(server), 2);
  EXPECT_EQ(server.See([](const auto& record) { return record.closed_connections; }), 0);
  EXPECT_EQ(call->replies, 0);
  EXPECT_EQ(Call(Asking("answer it")).message, "answer it");
  ASSERT_TRUE(RunUntilReplied({call}));
  EXPECT_EQ(call->reply.message, "late");
  EXPECT_TRUE(RunUntilClosed(server, 1));
}

TEST_F(UnaryConnectionTest, CloseEndsOldConnectionsToo) {
  Http2Server server([](Http2Peer& peer, const Http2Request& request) {
    if (peer.number() == 1) return peer.GoAway(1);
    if (MessageOf(request) == "new") Echo(peer, request);
  });
  Open(server.port());
  const auto old = Start(Asking("old"));
  ASSERT_TRUE(RunUntilRequests(server, 1));
  ASSERT_TRUE(Call(Asking("new")).status.ok());
  channel_->Close();
  EXPECT_TRUE(RunUntilClosed(server, 2));
  EXPECT_EQ(old->replies, 0);
  EXPECT_EQ(old.use_count(), 1);
}

TEST_F(UnaryConnectionTest, AConnectionThatIsLostMakesItsCallsUnavailable) {
  Http2Server server([](Http2Peer& peer, const Http2Request& request) {
    if (peer.number() == 2) return Echo(peer, request);
    if (request.stream_id == 5) peer.Close();
  });
  Open(server.port());
  const auto calls = StartMany(3);
  ASSERT_TRUE(RunUntilReplied(calls));
  for (const auto& call : calls) EXPECT_EQ(call->code(), StatusCode::UNAVAILABLE);
  EXPECT_TRUE(Call(Asking("next")).status.ok());
  EXPECT_EQ(ConnectionsTo(server), 2);
}

TEST_F(UnaryConnectionTest, AConnectionThatIsLostInAnIdleTimeIsReplaced) {
  Http2Server server(Echo);
  Open(server.port());
  ASSERT_TRUE(Call(Asking("a")).status.ok());
  server.CloseConnections();
  ASSERT_TRUE(RunUntilClosed(server, 1));
  io_.poll();
  EXPECT_TRUE(Call(Asking("b")).status.ok());
  EXPECT_EQ(RequestsAt(server), (Requests{"1:1:a", "2:1:b"}));
}

TEST_F(UnaryConnectionTest, AReplyOfALostConnectionMayStartACallOverTheNext) {
  Http2Server server([](Http2Peer& peer, const Http2Request& request) {
    if (peer.number() == 1) return peer.Close();
    Echo(peer, request);
  });
  Open(server.port());
  std::shared_ptr<StartedCall> next;
  channel_->Start(Asking("a"), [&](const UnaryReply&) { next = Start(Asking("b")); });
  ASSERT_TRUE(RunUntil([&] { return next != nullptr && next->replies == 1; }));
  EXPECT_TRUE(next->reply.status.ok());
}

TEST_F(UnaryConnectionTest, WhereNobodyListensCallsAreUnavailableAndOthersFailAtOnceInThePause) {
  Http2Server server(Echo, {.listens = false});
  Open(server.port(),
       {.first_pause = std::chrono::hours(1), .longest_pause = std::chrono::hours(1)});
  const auto calls = StartMany(2);
  ASSERT_TRUE(RunUntilReplied(calls));
  for (const auto& call : calls) EXPECT_EQ(call->code(), StatusCode::UNAVAILABLE);
  server.Listen();
  const auto paused = Start(Asking("paused"));
  EXPECT_EQ(paused->replies, 1);
  EXPECT_EQ(paused->code(), StatusCode::UNAVAILABLE);
  EXPECT_FALSE(paused->reply.status.error_message().empty());
  // A channel without a pause shows that the server is there, and that nobody came before.
  channel_->Close();
  Open(server.port());
  EXPECT_TRUE(Call(Asking("a")).status.ok());
  EXPECT_EQ(ConnectionsTo(server), 1);
}

TEST_F(UnaryConnectionTest, AfterThePauseCallsConnectAgain) {
  Http2Server server(Echo, {.listens = false});
  Open(server.port(), {.first_pause = milliseconds(5), .longest_pause = milliseconds(20)});
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Call(Asking("early")).status.error_code(), StatusCode::UNAVAILABLE);
  }
  server.Listen();
  std::shared_ptr<StartedCall> call;
  ASSERT_TRUE(RunUntil([&] {
    if (call == nullptr || (call->replies == 1 && !call->reply.status.ok())) {
      call = Start(Asking("a"));
    }
    return call->replies == 1 && call->reply.status.ok();
  }));
  EXPECT_EQ(ConnectionsTo(server), 1);
}

TEST_F(UnaryConnectionTest, ThePauseDoublesWithEveryFailureUpToTheLongest) {
  Http2Server server(Echo, {.listens = false});
  Open(server.port(), {.first_pause = milliseconds(10), .longest_pause = milliseconds(40)});
  using Clock = std::chrono::steady_clock;
  Clock::time_point last;  // before the failure before
  std::vector<Clock::duration> gaps;
  ASSERT_TRUE(RunUntil([&] {
    const auto before = Clock::now();
    const auto call = Start(Asking("a"));
    if (call->replies == 1) return false;  // in a pause
    gaps.push_back(Clock::now() - std::exchange(last, before));
    EXPECT_TRUE(RunUntilReplied({call}));
    return gaps.size() == 5;
  }));
  EXPECT_GE(gaps[1], milliseconds(10));
  EXPECT_GE(gaps[2], milliseconds(20));
  EXPECT_GE(gaps[3], milliseconds(40));
  EXPECT_GE(gaps[4], milliseconds(40));
}

TEST_F(UnaryConnectionTest, AServerThatSpeaksNoHttp2IsUnavailable) {
  tcp::acceptor acceptor(io_, {boost::asio::ip::address_v4::loopback(), 0});
  tcp::socket socket(io_);
  const std::string bytes = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
  acceptor.async_accept(socket, [&](const auto& failed) {
    ASSERT_FALSE(failed);
    boost::asio::async_write(socket, boost::asio::buffer(bytes), [](const auto&, size_t) {});
  });
  Open(acceptor.local_endpoint().port());
  const auto calls = StartMany(2);
  ASSERT_TRUE(RunUntilReplied(calls));
  for (const auto& call : calls) EXPECT_EQ(call->code(), StatusCode::UNAVAILABLE);
}

TEST_F(UnaryConnectionTest, TheDeadlineHoldsWhereAServerAcceptsAndNeverSpeaks) {
  tcp::acceptor acceptor(io_, {boost::asio::ip::address_v4::loopback(), 0});
  Open(acceptor.local_endpoint().port());
  UnaryRequest request = Asking("a");
  request.deadline = std::chrono::steady_clock::now() + milliseconds(30);
  EXPECT_EQ(Call(std::move(request)).status.error_code(), StatusCode::DEADLINE_EXCEEDED);
}

// A listener whose queue is full: further connections neither come about nor fail.
class FullListener {
 public:
  explicit FullListener(boost::asio::io_context& io) : acceptor_(io, tcp::v4()) {
    acceptor_.bind({boost::asio::ip::address_v4::loopback(), 0});
    acceptor_.listen(0);
    for (int i = 0; i < 4; ++i) {
      auto& socket = queue_.emplace_back(io, tcp::v4());
      socket.native_non_blocking(true);
      const tcp::endpoint address = acceptor_.local_endpoint();
      // Asio's would wait.
      ::connect(socket.native_handle(), address.data(), static_cast<socklen_t>(address.size()));
    }
  }

  uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  tcp::acceptor acceptor_;
  std::vector<tcp::socket> queue_;
};

TEST_F(UnaryConnectionTest, AConnectionThatDoesNotComeAboutInTimeIsUnavailable) {
  const FullListener listener(io_);
  Open(listener.port(), {.connect_timeout = milliseconds(30)});
  EXPECT_EQ(Call(Asking("a")).status.error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(UnaryConnectionTest, DeadlineAndCancelHoldWhileConnecting) {
  const FullListener listener(io_);
  Open(listener.port());
  UnaryRequest request = Asking("a");
  request.deadline = std::chrono::steady_clock::now() + milliseconds(30);
  const auto waiting = Start(Asking("b"));
  const auto cancelled = Start(Asking("c"));
  channel_->Cancel(cancelled->id);
  EXPECT_EQ(Call(std::move(request)).status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(waiting->replies, 0);
  EXPECT_EQ(cancelled->replies, 0);
  EXPECT_EQ(cancelled.use_count(), 1);
}

TEST_F(UnaryConnectionTest, AHostMayHaveAName) {
  Http2Server server(Echo);
  Open(server.port(), {.address = {.host = "localhost"}});
  EXPECT_TRUE(Call(Asking("a")).status.ok());
}

TEST_F(UnaryConnectionTest, ANameThatDoesNotResolveIsUnavailable) {
  // More than a name may have, so that nobody needs to be asked.
  Open(1, {.address = {.host = std::string(300, 'a')}});
  EXPECT_EQ(Call(Asking("a")).status.error_code(), StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace clv::gateway
