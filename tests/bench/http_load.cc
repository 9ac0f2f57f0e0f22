// clv-bench-http: sends one small request after the other over many kept connections, one thread.
//
// Each line of a file is the body of one request; the file is read again from its begin when it
// ends. See README.md beside this file.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "CLI/CLI.hpp"

namespace clv::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Flags {
  std::string address;
  std::string token;
  std::string target;
  std::string bodies;
  int connections = 64;
  double seconds = 5;
  uint64_t max_requests = UINT64_MAX;
};

[[noreturn]] void Fail(const std::string& text) {
  std::fprintf(stderr, "clv-bench-http: %s\n", text.c_str());
  std::exit(1);
}

// The whole requests, head and body.
std::vector<std::string> ReadRequests(const Flags& flags) {
  std::ifstream file(flags.bodies);
  std::vector<std::string> requests;
  const std::string head = "POST " + flags.target + " HTTP/1.1\r\nHost: " + flags.address +
                           "\r\nAuthorization: Bearer " + flags.token + "\r\nContent-Length: ";
  for (std::string line; requests.size() < flags.max_requests && std::getline(file, line);)
    requests.push_back(head + std::to_string(line.size()) + "\r\n\r\n" + line);
  if (requests.empty()) Fail("no lines in " + flags.bodies);
  return requests;
}

int Connect(const std::string& address) {
  const size_t colon = address.rfind(':');
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  if (colon == std::string::npos ||
      inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr) != 1)
    Fail("--address: want IPv4:PORT, got " + address);
  to.sin_port = htons(static_cast<uint16_t>(std::atoi(address.c_str() + colon + 1)));
  const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (file < 0 || connect(file, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    Fail("cannot connect to " + address);
  const int on = 1;
  setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return file;
}

// Length of the first whole response in `received`; 0 when it is not whole yet.
size_t ResponseLength(std::string_view received) {
  const size_t end = received.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  std::string head(received.substr(0, end));
  std::transform(head.begin(), head.end(), head.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  constexpr std::string_view kField = "\r\ncontent-length:";
  const size_t field = head.find(kField);
  if (field == std::string::npos) Fail("a response without Content-Length: " + head);
  size_t body = 0;
  const char* digits = head.c_str() + field + kField.size();
  while (*digits == ' ') ++digits;
  std::from_chars(digits, head.c_str() + head.size(), body);
  const size_t length = end + 4 + body;
  return received.size() < length ? 0 : length;
}

class Load {
 public:
  explicit Load(const Flags& flags) : flags_(flags), requests_(ReadRequests(flags)) {}

  void Run() {
    poll_ = epoll_create1(EPOLL_CLOEXEC);
    connections_.resize(static_cast<size_t>(flags_.connections));
    for (size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].file = Connect(flags_.address);
      epoll_event event = {.events = EPOLLIN, .data = {.u64 = i}};
      epoll_ctl(poll_, EPOLL_CTL_ADD, connections_[i].file, &event);
    }
    begin_ = Clock::now();
    for (Connection& connection : connections_) SendNext(connection);
    std::vector<epoll_event> events(connections_.size());
    while (in_flight_ > 0) {
      const int count = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 10'000);
      if (count == 0) Fail("no answer within 10 s");
      for (int i = 0; i < count; ++i)
        Receive(connections_[events[static_cast<size_t>(i)].data.u64]);
    }
    Print();
  }

 private:
  struct Connection {
    int file = -1;
    std::string received;
    Clock::time_point sent_at;
  };

  double Elapsed() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  void SendNext(Connection& connection) {
    if (sent_ == flags_.max_requests || Elapsed() >= flags_.seconds) return;
    const std::string& request = requests_[sent_++ % requests_.size()];
    connection.sent_at = Clock::now();
    // A request is far smaller than the socket's buffer, which is empty.
    if (send(connection.file, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
      Fail("cannot send");
    ++in_flight_;
  }

  void Receive(Connection& connection) {
    char buffer[16384];
    const ssize_t got = recv(connection.file, buffer, sizeof buffer, 0);
    if (got <= 0) Fail("a connection was lost: " + connection.received);
    connection.received.append(buffer, static_cast<size_t>(got));
    const size_t length = ResponseLength(connection.received);
    if (length == 0) return;
    // "HTTP/1.1 2xx"
    if (connection.received.size() > 9 && connection.received[9] == '2') {
      ++good_;
    } else if (first_failure_.empty()) {
      first_failure_ = connection.received.substr(0, length);
    }
    const std::chrono::duration<double, std::milli> took = Clock::now() - connection.sent_at;
    latencies_.push_back(took.count());
    connection.received.erase(0, length);
    --in_flight_;
    SendNext(connection);
  }

  double Percentile(double share) {
    std::sort(latencies_.begin(), latencies_.end());
    return latencies_[static_cast<size_t>(share * static_cast<double>(latencies_.size() - 1))];
  }

  void Print() {
    const double seconds = Elapsed();
    if (!first_failure_.empty()) Fail("a request failed:\n" + first_failure_);
    std::printf(
        "{\"requests\": %zu, \"accepted\": %zu, \"seconds\": %.6f, "
        "\"requests_per_second\": %.3f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
        latencies_.size(), good_, seconds, static_cast<double>(latencies_.size()) / seconds,
        Percentile(0.5), Percentile(0.99));
  }

  const Flags& flags_;
  const std::vector<std::string> requests_;
  std::vector<Connection> connections_;
  int poll_ = -1;
  Clock::time_point begin_;
  uint64_t sent_ = 0;
  uint64_t in_flight_ = 0;
  size_t good_ = 0;
  std::vector<double> latencies_;
  std::string first_failure_;
};

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Posts the lines of a file, one a request, over kept connections. Prints JSON.");
  app.add_option("--address", flags.address, "IPv4:PORT of HTTP")->required();
  app.add_option("--token", flags.token, "bearer token")->required();
  app.add_option("--target", flags.target, "path and query")->required();
  app.add_option("--connections", flags.connections)->check(CLI::Range(1, 1'000));
  app.add_option("--seconds", flags.seconds, "begin no request later")->check(CLI::PositiveNumber);
  app.add_option("--max-requests", flags.max_requests, "requests at most");
  app.add_option("bodies", flags.bodies, "file of lines")->required();
  CLI11_PARSE(app, argc, argv);
  Load(flags).Run();
  return 0;
}

}  // namespace
}  // namespace clv::bench

int main(int argc, char** argv) { return clv::bench::Main(argc, argv); }
