#include "tests/common/metrics/exposition.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <sstream>

#include "gtest/gtest.h"

namespace clv::metrics {
namespace {

// The name of a series without its labels.
std::string NameOf(const std::string& series) { return series.substr(0, series.find('{')); }

void ReadSample(const std::string& line, Exposition* exposition) {
  const size_t space = line.rfind(' ');
  ASSERT_NE(space, std::string::npos) << line;
  char* end = nullptr;
  const std::string number = line.substr(space + 1);
  const double value = std::strtod(number.c_str(), &end);
  EXPECT_EQ(*end, '\0') << line;
  EXPECT_TRUE(exposition->values.emplace(line.substr(0, space), value).second) << line;
}

}  // namespace

double Exposition::At(const std::string& series) const {
  const auto found = values.find(series);
  if (found != values.end()) return found->second;
  ADD_FAILURE() << "there is no series " << series;
  return -1;
}

double Exposition::Sum(const std::string& name, std::string_view part) const {
  double sum = 0;
  for (const auto& [series, value] : values) {
    if (NameOf(series) == name && series.find(part) != std::string::npos) sum += value;
  }
  return sum;
}

Exposition ReadExposition(const std::string& text) {
  Exposition exposition;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      std::istringstream words(line.substr(7));
      std::string name;
      std::string type;
      words >> name >> type;
      EXPECT_TRUE(exposition.types.emplace(name, type).second) << name << " comes twice";
      exposition.names.push_back(name);
    } else if (!line.starts_with('#') && !line.empty()) {
      ReadSample(line, &exposition);
    }
  }
  return exposition;
}

std::string HttpGet(const std::string& address, const std::string& path) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  const size_t colon = address.rfind(':');
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  std::string answer;
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
  if (connect(connection, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0 &&
      send(connection, request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size())) {
    std::array<char, 65536> piece{};
    for (ssize_t size = 0; (size = recv(connection, piece.data(), piece.size(), 0)) > 0;) {
      answer.append(piece.data(), static_cast<size_t>(size));
    }
  }
  close(connection);
  return answer;
}

Exposition ScrapeOverHttp(const std::string& address) {
  const std::string answer = HttpGet(address, "/metrics");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer.substr(0, 200);
  const size_t body = answer.find("\r\n\r\n");
  EXPECT_NE(body, std::string::npos);
  return ReadExposition(body == std::string::npos ? "" : answer.substr(body + 4));
}

}  // namespace clv::metrics
