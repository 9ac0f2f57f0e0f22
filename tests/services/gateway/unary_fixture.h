// tests/services/gateway/unary_fixture.h: a unary channel on an event loop that the test runs.
#ifndef CLV_TESTS_SERVICES_GATEWAY_UNARY_FIXTURE_H_
#define CLV_TESTS_SERVICES_GATEWAY_UNARY_FIXTURE_H_

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/gateway/unary_channel.h"
#include "tests/services/gateway/http2_server.h"

namespace clv::gateway::testing {

// A call and its reply, once that is there.
struct StartedCall {
  uint64_t id = 0;
  int replies = 0;
  UnaryReply reply;

  grpc::StatusCode code() const { return reply.status.error_code(); }
};

// A request with `text` as its message, and the text of a body as a server gets it.
UnaryRequest Asking(const std::string& text);
std::string MessageOf(const Http2Request& request);

// An answer with the message `text`, and one that says nothing but a status.
Http2Answer Saying(const std::string& text);
Http2Answer Failing(grpc::StatusCode code);

// A script that answers every request with its own message.
void Echo(Http2Peer& peer, const Http2Request& request);

class UnaryChannelTest : public ::testing::Test {
 protected:
  void TearDown() override;

  // Makes the channel.
  void Open(uint16_t port, UnaryChannel::Options options = {});

  // Starts a call; its reply comes when the event loop runs.
  std::shared_ptr<StartedCall> Start(UnaryRequest request);
  std::vector<std::shared_ptr<StartedCall>> StartMany(int count);

  // Runs the event loop until the call has its reply.
  UnaryReply Call(UnaryRequest request);

  // Runs the event loop until the condition holds; false where it does not within 30 seconds.
  bool RunUntil(const std::function<bool()>& condition);
  bool RunUntilReplied(const std::vector<std::shared_ptr<StartedCall>>& calls);
  bool RunUntilRequests(const Http2Server& server, size_t count);
  bool RunUntilReset(const Http2Server& server, int32_t stream_id, uint32_t error_code);

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
      boost::asio::make_work_guard(io_);
  std::shared_ptr<UnaryChannel> channel_;
};

}  // namespace clv::gateway::testing

#endif  // CLV_TESTS_SERVICES_GATEWAY_UNARY_FIXTURE_H_
