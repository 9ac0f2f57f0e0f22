// tests/services/gateway/echo_server.h: the test API, implemented and served in this process.
#ifndef CLV_TESTS_SERVICES_GATEWAY_ECHO_SERVER_H_
#define CLV_TESTS_SERVICES_GATEWAY_ECHO_SERVER_H_

#include <future>
#include <memory>
#include <string>

#include "grpcpp/channel.h"
#include "grpcpp/server.h"
#include "tests/services/gateway/download_echoes.h"
#include "tests/services/gateway/stream_echoes.h"
#include "tests/services/gateway/test_api.grpc.pb.h"

namespace clv::gateway::testing {

class EchoServer {
 public:
  // Listens on `address`; port 0 is a free one.
  explicit EchoServer(const std::string& address = "127.0.0.1:0");
  ~EchoServer();

  // A channel that does not leave the process.
  std::shared_ptr<grpc::Channel> Channel();

  // Where it listens, for a channel over TCP.
  const std::string& address() const { return address_; }

  // Ready when a Hang call has begun, and when it has been cancelled. Once each.
  std::future<void>& hang_begun() { return hang_begun_; }
  std::future<void>& hang_cancelled() { return hang_cancelled_; }

  // What the streamed uploads do.
  StreamEchoes& streams() { return streams_; }
  DownloadEchoes& downloads() { return downloads_; }

  void Stop();

 private:
  class Echoes;
  class Bodies;
  class Troubles;

  std::promise<void> begun_;
  std::promise<void> cancelled_;
  std::future<void> hang_begun_ = begun_.get_future();
  std::future<void> hang_cancelled_ = cancelled_.get_future();
  std::unique_ptr<Echoes> echo_;
  std::unique_ptr<Bodies> body_;
  std::unique_ptr<Troubles> trouble_;
  StreamEchoes streams_;
  DownloadEchoes downloads_;
  SilentEchoes silence_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace clv::gateway::testing

#endif  // CLV_TESTS_SERVICES_GATEWAY_ECHO_SERVER_H_
