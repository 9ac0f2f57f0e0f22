// services/gateway/unary_channel.h: unary gRPC calls over HTTP/2, on the event loop of their
// clients' connections.
//
// What grpc::GenericStub does for them, but without its threads and queues in between: a request is
// read, sent on, answered and written on one thread, and what one turn of the event loop brings
// together leaves by one write. Wire format: the gRPC project's PROTOCOL-HTTP2.md.
#ifndef CLV_SERVICES_GATEWAY_UNARY_CHANNEL_H_
#define CLV_SERVICES_GATEWAY_UNARY_CHANNEL_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "services/gateway/http2_connection.h"
#include "services/gateway/http_types.h"

namespace clv::gateway {

// Host and port of an address.
struct HostPort {
  std::string host;  // without brackets
  std::string port;  // a number, at most 65535
};

// `host:port` or `[IPv6]:port`; nothing for what names another scheme of gRPC's (`unix:`, `dns:`
// and so on).
std::optional<HostPort> ParseHostPort(std::string_view address);

struct UnaryRequest {
  std::string path;      // `/package.Service/Method`
  HttpHeaders metadata;  // names in lower case; values of `-bin` names are bytes
  grpc::ByteBuffer message;
  std::chrono::steady_clock::time_point deadline;  // max: none
};

struct UnaryReply {
  // As gRPC's own client would have it. UNAVAILABLE: the service is not reachable, or the
  // connection was lost; DEADLINE_EXCEEDED; INTERNAL: what came is no gRPC.
  grpc::Status status;
  HttpHeaders initial_metadata;   // values of `-bin` names are bytes
  HttpHeaders trailing_metadata;  // the same
  std::string message;            // where the status is OK
};

// Connects when there is a call and no connection, and again after one is lost; after a failure not
// before a pause, in which calls fail at once. Not thread-safe but for Cancel: belongs to the event
// loop's thread.
class UnaryChannel : public std::enable_shared_from_this<UnaryChannel> {
 public:
  struct Options {
    std::string authority;  // as the address was given
    HostPort address;
    std::chrono::milliseconds connect_timeout{20'000};
    std::chrono::milliseconds first_pause{100};
    std::chrono::milliseconds longest_pause{1'000};
    int32_t first_stream_id = 1;  // of each connection; see Http2Connection
  };
  using OnReply = std::function<void(UnaryReply)>;

  // `io` outlives what is under way.
  UnaryChannel(boost::asio::io_context& io, Options options);

  // Makes a call; its number. `on_reply` runs once, on the event loop's thread, perhaps before this
  // returns, and never after Cancel.
  uint64_t Start(UnaryRequest request, OnReply on_reply);

  // Gives a call up, if it has not ended. From any thread.
  void Cancel(uint64_t call_id);

  // Loses its connections and gives all calls up without a reply. Once the event loop has stopped.
  void Close();

 private:
  class Call;
  using Clock = std::chrono::steady_clock;

  void Send(const std::shared_ptr<Call>& call);
  void GiveUp(uint64_t call_id);
  void Connect();
  void Open(std::shared_ptr<boost::asio::ip::tcp::socket> socket,
            const boost::asio::ip::tcp::resolver::results_type& endpoints);
  void OnConnected(boost::asio::ip::tcp::socket socket);
  void OnConnectFailed();
  // Of a stream that has ended: takes the call out, and sends it again where the server has refused
  // it untouched.
  void OnStreamClosed(const std::shared_ptr<Call>& call, uint32_t error_code, bool lost);
  void End(const std::shared_ptr<Call>& call, grpc::Status status);
  void Watch(Clock::time_point deadline);
  void OnDeadline();

  boost::asio::io_context& io_;
  const Options options_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer connect_timer_;
  boost::asio::steady_timer deadline_timer_;
  std::optional<Clock::time_point> watched_deadline_;  // what the timer waits for
  std::set<std::pair<Clock::time_point, uint64_t>> deadlines_;
  std::unordered_map<uint64_t, std::shared_ptr<Call>> calls_;
  std::vector<std::shared_ptr<Call>> waiting_;  // for a connection
  std::shared_ptr<Http2Connection> connection_;
  bool is_connecting_ = false;
  Clock::time_point pause_end_{};
  std::chrono::milliseconds next_pause_;
  uint64_t last_call_id_ = 0;
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_UNARY_CHANNEL_H_
