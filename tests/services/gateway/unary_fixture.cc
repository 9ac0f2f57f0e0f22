#include "tests/services/gateway/unary_fixture.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/gateway/unary_wire.h"

namespace clv::gateway::testing {

UnaryRequest Asking(const std::string& text) {
  const grpc::Slice slice(text);
  return {.path = "/test.Echo/Say",
          .message = grpc::ByteBuffer(&slice, 1),
          .deadline = std::chrono::steady_clock::time_point::max()};
}

std::string MessageOf(const Http2Request& request) { return request.body.substr(5); }

Http2Answer Saying(const std::string& text) {
  const grpc::Slice slice(text);
  return {.heads = {{{":status", "200"}, {"content-type", "application/grpc"}}},
          .data = FrameMessage(grpc::ByteBuffer(&slice, 1)),
          .trailers = {{"grpc-status", "0"}}};
}

Http2Answer Failing(grpc::StatusCode code) {
  return {.trailers = {{":status", "200"},
                       {"content-type", "application/grpc"},
                       {"grpc-status", absl::StrCat(code)}}};
}

void Echo(Http2Peer& peer, const Http2Request& request) {
  peer.Answer(request.stream_id, Saying(MessageOf(request)));
}

void UnaryChannelTest::TearDown() {
  if (channel_ != nullptr) channel_->Close();
}

void UnaryChannelTest::Open(uint16_t port, UnaryChannel::Options options) {
  if (options.address.host.empty()) options.address.host = "127.0.0.1";
  options.address.port = absl::StrCat(port);
  options.authority = absl::StrCat(options.address.host, ":", port);
  channel_ = std::make_shared<UnaryChannel>(io_, std::move(options));
}

std::shared_ptr<StartedCall> UnaryChannelTest::Start(UnaryRequest request) {
  auto call = std::make_shared<StartedCall>();
  call->id = channel_->Start(std::move(request), [call](UnaryReply reply) {
    ++call->replies;
    call->reply = std::move(reply);
  });
  return call;
}

std::vector<std::shared_ptr<StartedCall>> UnaryChannelTest::StartMany(int count) {
  std::vector<std::shared_ptr<StartedCall>> calls;
  for (int i = 0; i < count; ++i) calls.push_back(Start(Asking(absl::StrCat("call ", i))));
  return calls;
}

UnaryReply UnaryChannelTest::Call(UnaryRequest request) {
  const auto call = Start(std::move(request));
  EXPECT_TRUE(RunUntilReplied({call}));
  return call->reply;
}

bool UnaryChannelTest::RunUntil(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    io_.run_one_for(std::chrono::milliseconds(5));
  }
  return true;
}

bool UnaryChannelTest::RunUntilReplied(const std::vector<std::shared_ptr<StartedCall>>& calls) {
  return RunUntil([&] {
    return std::all_of(calls.begin(), calls.end(),
                       [](const auto& call) { return call->replies > 0; });
  });
}

bool UnaryChannelTest::RunUntilRequests(const Http2Server& server, size_t count) {
  return RunUntil([&] {
    return server.See([&](const auto& record) { return record.requests.size() >= count; });
  });
}

bool UnaryChannelTest::RunUntilReset(const Http2Server& server, int32_t stream_id,
                                     uint32_t error_code) {
  return RunUntil([&] {
    return server.See([&](const Http2Server::Record& record) {
      return std::any_of(record.resets.begin(), record.resets.end(), [&](const auto& reset) {
        return reset.stream_id == stream_id && reset.error_code == error_code;
      });
    });
  });
}

}  // namespace clv::gateway::testing
