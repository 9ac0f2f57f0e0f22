// tests/services/gateway/raw_client.h: an HTTP client that sends exactly the bytes it is given.
#ifndef CLV_TESTS_SERVICES_GATEWAY_RAW_CLIENT_H_
#define CLV_TESTS_SERVICES_GATEWAY_RAW_CLIENT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace clv::gateway::testing {

struct RawResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// One TCP connection to `host:port`. Reading gives up after ten seconds.
class RawClient {
 public:
  explicit RawClient(const std::string& address);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False where the server has closed the connection.
  bool Send(std::string_view bytes);

  // Sends until the server has taken nothing for 300 ms, and returns how many bytes went.
  size_t SendUntilStuck(std::string_view bytes);

  // How many of the bytes sent the server's program has read, as opposed to its system. Exact while
  // nothing moves.
  uint64_t ReadByServer() const;

  // The next response; `has_body` is false for the answer to a HEAD. Nothing where the connection
  // ends before it.
  std::optional<RawResponse> Read(bool has_body = true);

  // Sends and reads.
  RawResponse Ask(std::string_view bytes);

  // Whether the server closes the connection without another byte.
  bool ReadsEnd();

  // Reads what comes until `text` has come.
  bool ReadsText(std::string_view text);

  void HalfClose();

  // Closes with a reset, as a crashed client's system does.
  void Reset();

 private:
  bool Fill();

  // A chunked body; absent where the connection ends before it.
  std::optional<std::string> ReadChunks();

  int socket_;
  uint64_t sent_ = 0;
  std::string input_;
};

}  // namespace clv::gateway::testing

#endif  // CLV_TESTS_SERVICES_GATEWAY_RAW_CLIENT_H_
