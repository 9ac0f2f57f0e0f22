// What an upstream sends over HTTP/2: whatever it is, every call ends once, with bounded metadata.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "services/gateway/http2_connection.h"
#include "services/gateway/unary_wire.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using boost::asio::ip::tcp;
using clv::gateway::Http2Connection;
using clv::gateway::HttpHeaders;

constexpr size_t kMostBytes = 64 * 1024;

class Call final : public clv::gateway::Http2Stream {
 public:
  const HttpHeaders& request_headers() const override { return headers_; }
  const std::string& request_body() const override { return body_; }
  void OnHeader(std::string_view name, std::string_view value) override {
    CLV_FUZZ_CHECK(closed_ == 0);
    answer_.OnField(name, value);
  }
  void OnHeadersEnd(bool ends_answer) override { answer_.OnFieldsEnd(ends_answer); }
  void OnData(std::string_view bytes) override { answer_.OnData(bytes); }
  void OnClosed(uint32_t error_code, bool) override {
    ++closed_;
    const bool is_ok = answer_.StatusOf(error_code).ok();
    const std::string message = answer_.TakeMessage();
    CLV_FUZZ_CHECK(!is_ok || message.size() <= kMostBytes);
    CLV_FUZZ_CHECK(SizeOf(answer_.TakeInitialMetadata()) + SizeOf(answer_.TakeTrailingMetadata()) <=
                   kMostBytes);
  }

  int closed() const { return closed_; }

 private:
  static size_t SizeOf(const HttpHeaders& headers) {
    size_t size = 0;
    for (const auto& header : headers) size += header.name.size() + header.value.size();
    return size;
  }

  const HttpHeaders headers_ = clv::gateway::RequestFields(
      "/fuzz.Target/Call", "fuzz", std::chrono::nanoseconds::max(), {{"x-bin", "value"}});
  const std::string body_ = "body";
  clv::gateway::UnaryAnswer answer_;
  int closed_ = 0;
};

void Poll(boost::asio::io_context& io) {
  io.restart();
  io.poll();
}

}  // namespace

// The first byte says in what pieces the others come; the settings, which come first, are given.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > kMostBytes) return 0;
  const size_t piece_size = data[0] == 0 ? size : data[0];
  const std::string input =
      std::string("\0\0\0\4\0\0\0\0\0", 9) + std::string(clv::fuzz::Text(data + 1, size - 1));
  int ends[2];
  CLV_FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  {
    boost::asio::io_context io;
    tcp::socket socket(io);
    socket.assign(tcp::v4(), ends[0]);
    const auto connection = std::make_shared<Http2Connection>(std::move(socket));
    connection->Start();
    const std::shared_ptr<Call> calls[] = {std::make_shared<Call>(), std::make_shared<Call>(),
                                           std::make_shared<Call>()};
    for (const auto& call : calls) CLV_FUZZ_CHECK(connection->Submit(call) > 0);
    Poll(io);
    for (size_t at = 0; at < input.size(); at += piece_size) {
      const size_t count = std::min(piece_size, input.size() - at);
      if (send(ends[1], input.data() + at, count, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
      Poll(io);
    }
    shutdown(ends[1], SHUT_WR);
    io.restart();
    io.run();
    CLV_FUZZ_CHECK(!connection->CanSubmit());
    for (const auto& call : calls) {
      CLV_FUZZ_CHECK(call->closed() == 1);
      CLV_FUZZ_CHECK(call.use_count() == 1);
    }
  }
  close(ends[1]);
  return 0;
}
