#include "tests/services/gateway/raw_client.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"

namespace clv::gateway::testing {
namespace {

// As /proc/net/tcp writes it.
std::string ProcAddress(const sockaddr_in& address) {
  char text[32];
  std::snprintf(text, sizeof(text), "%08X:%04X", address.sin_addr.s_addr,
                static_cast<unsigned>(ntohs(address.sin_port)));
  return text;
}

// Bytes that have reached the system of the socket from `local` to `remote` and were not read.
uint64_t Unread(const sockaddr_in& local, const sockaddr_in& remote) {
  std::ifstream file("/proc/net/tcp");
  const std::string ends = ProcAddress(local) + " " + ProcAddress(remote);
  for (std::string line; std::getline(file, line);) {
    if (line.find(ends) == std::string::npos) continue;
    const size_t queues = line.find(ends) + ends.size() + std::string_view(" 01 ").size();
    return std::strtoull(line.c_str() + line.find(':', queues) + 1, nullptr, 16);
  }
  return 0;
}

}  // namespace

RawClient::RawClient(const std::string& address) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  const size_t colon = address.rfind(':');
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(static_cast<uint16_t>(std::atoi(address.c_str() + colon + 1)));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &server.sin_addr);
  const timeval patience{10, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (connect(socket_, reinterpret_cast<sockaddr*>(&server), sizeof(server)) != 0) std::abort();
}

RawClient::~RawClient() {
  if (socket_ >= 0) close(socket_);
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
    sent_ += static_cast<uint64_t>(sent);
  }
  return true;
}

size_t RawClient::SendUntilStuck(std::string_view bytes) {
  constexpr int kPatienceMs = 300;
  const uint64_t before = sent_;
  pollfd state{socket_, POLLOUT, 0};
  while (!bytes.empty() && poll(&state, 1, kPatienceMs) == 1) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) break;
    bytes.remove_prefix(static_cast<size_t>(sent));
    sent_ += static_cast<uint64_t>(sent);
  }
  return sent_ - before;
}

uint64_t RawClient::ReadByServer() const {
  sockaddr_in here{};
  sockaddr_in there{};
  socklen_t size = sizeof(here);
  getsockname(socket_, reinterpret_cast<sockaddr*>(&here), &size);
  getpeername(socket_, reinterpret_cast<sockaddr*>(&there), &size);
  int under_way = 0;
  ioctl(socket_, SIOCOUTQ, &under_way);
  return sent_ - static_cast<uint64_t>(under_way) - Unread(there, here);
}

bool RawClient::Fill() {
  char chunk[16 * 1024];
  const ssize_t size = recv(socket_, chunk, sizeof(chunk), 0);
  if (size <= 0) return false;
  input_.append(chunk, static_cast<size_t>(size));
  return true;
}

std::optional<RawResponse> RawClient::Read(bool has_body) {
  size_t end = input_.find("\r\n\r\n");
  while (end == std::string::npos) {
    if (!Fill()) return std::nullopt;
    end = input_.find("\r\n\r\n");
  }
  RawResponse response;
  response.status = std::atoi(input_.c_str() + std::string_view("HTTP/1.1 ").size());
  size_t line = input_.find("\r\n") + 2;
  while (line < end + 2) {
    const size_t line_end = input_.find("\r\n", line);
    const size_t colon = input_.find(':', line);
    const std::string name = absl::AsciiStrToLower(input_.substr(line, colon - line));
    response.headers[name] =
        std::string(absl::StripAsciiWhitespace(input_.substr(colon + 1, line_end - colon - 1)));
    line = line_end + 2;
  }
  input_.erase(0, end + 4);
  const auto coding = response.headers.find("transfer-encoding");
  if (has_body && coding != response.headers.end() && coding->second == "chunked") {
    std::optional<std::string> body = ReadChunks();
    if (!body) return std::nullopt;
    response.body = *std::move(body);
    return response;
  }
  const auto length = response.headers.find("content-length");
  const size_t size = has_body && length != response.headers.end()
                          ? std::strtoul(length->second.c_str(), nullptr, 10)
                          : 0;
  while (input_.size() < size) {
    if (!Fill()) return std::nullopt;
  }
  response.body = input_.substr(0, size);
  input_.erase(0, size);
  return response;
}

std::optional<std::string> RawClient::ReadChunks() {
  std::string body;
  while (true) {
    size_t end = 0;
    while ((end = input_.find("\r\n")) == std::string::npos) {
      if (!Fill()) return std::nullopt;
    }
    const size_t size = std::strtoul(input_.c_str(), nullptr, 16);
    while (input_.size() < end + 2 + size + 2) {
      if (!Fill()) return std::nullopt;
    }
    body.append(input_, end + 2, size);
    input_.erase(0, end + 2 + size + 2);
    if (size == 0) return body;
  }
}

RawResponse RawClient::Ask(std::string_view bytes) {
  Send(bytes);
  return Read().value_or(RawResponse());
}

bool RawClient::ReadsEnd() {
  if (!input_.empty()) return false;
  char byte;
  return recv(socket_, &byte, 1, 0) == 0;
}

bool RawClient::ReadsText(std::string_view text) {
  while (input_.find(text) == std::string::npos) {
    if (!Fill()) return false;
  }
  input_.erase(0, input_.find(text) + text.size());
  return true;
}

void RawClient::HalfClose() { shutdown(socket_, SHUT_WR); }

void RawClient::Reset() {
  const linger at_once{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(std::exchange(socket_, -1));
}

}  // namespace clv::gateway::testing
