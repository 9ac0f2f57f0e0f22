// tests/services/gateway/conformance_server.h: the conformance API, served over TCP.
#ifndef CLV_TESTS_SERVICES_GATEWAY_CONFORMANCE_SERVER_H_
#define CLV_TESTS_SERVICES_GATEWAY_CONFORMANCE_SERVER_H_

#include <memory>
#include <string>

namespace clv::gateway::conformance {

// Every method says in its reply what it was given. Thread-safe.
class ConformanceServer {
 public:
  // Serves when it returns.
  static std::unique_ptr<ConformanceServer> Start();

  virtual ~ConformanceServer() = default;

  // `host:port`.
  virtual const std::string& address() const = 0;
};

}  // namespace clv::gateway::conformance

#endif  // CLV_TESTS_SERVICES_GATEWAY_CONFORMANCE_SERVER_H_
