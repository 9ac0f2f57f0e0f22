#include "services/gateway/http_head.h"

#include <algorithm>

#include "absl/status/status.h"

namespace clv::gateway {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

}  // namespace

absl::StatusOr<std::optional<size_t>> FindHeadEnd(std::string_view input) {
  const size_t end = input.find(kHeadEnd);
  const std::string_view head = input.substr(0, end);
  for (size_t i = head.find('\n'); i != std::string_view::npos; i = head.find('\n', i + 1)) {
    if (i == 0 || head[i - 1] != '\r') {
      return absl::InvalidArgumentError("A header line ends without a carriage return.");
    }
  }
  if (end == std::string_view::npos) return std::optional<size_t>();
  return std::optional<size_t>(end + kHeadEnd.size());
}

absl::StatusOr<std::string> PrepareHead(std::string_view head) {
  if (head.find("\r\n ") != std::string_view::npos ||
      head.find("\r\n\t") != std::string_view::npos) {
    return absl::InvalidArgumentError("A header is folded over several lines.");
  }
  const size_t line_end = head.find('\r');
  const size_t first = head.substr(0, line_end).find(' ');
  const size_t last = head.substr(0, line_end).rfind(' ');
  if (first == last) return std::string(head);
  std::string prepared(head.substr(0, first + 1));
  prepared.reserve(head.size() + 64);
  for (const char c : head.substr(first + 1, last - first - 1)) {
    if (c == ' ') {
      prepared.append("%20");
    } else {
      prepared.push_back(c);
    }
  }
  prepared.append(head.substr(last));
  return prepared;
}

std::string_view TargetOf(std::string_view head) {
  const std::string_view line = head.substr(0, head.find('\r'));
  const size_t first = line.find(' ');
  if (first == std::string_view::npos) return {};
  const size_t last = line.rfind(' ');
  return line.substr(first + 1, last > first ? last - first - 1 : std::string_view::npos);
}

}  // namespace clv::gateway
