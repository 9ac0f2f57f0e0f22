#include "common/rpc/v0_parameters.h"

#include <algorithm>

namespace clv::rpc {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Decode(std::string_view text, char plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      decoded += plus;
    } else if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
               HexDigit(text[i + 2]) >= 0) {
      decoded += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace

std::string DecodePathSegment(std::string_view segment) { return Decode(segment, '+'); }

V0Parameters::V0Parameters(std::string_view original_path, std::string_view form_body) {
  if (const size_t mark = original_path.find('?'); mark != std::string_view::npos) {
    Add(original_path.substr(mark + 1));
  }
  while (form_body.ends_with('\n') || form_body.ends_with('\r')) form_body.remove_suffix(1);
  Add(form_body);
}

void V0Parameters::Add(std::string_view encoded) {
  while (!encoded.empty()) {
    const size_t end = std::min(encoded.find('&'), encoded.size());
    const std::string_view part = encoded.substr(0, end);
    encoded.remove_prefix(std::min(end + 1, encoded.size()));
    const size_t equals = std::min(part.find('='), part.size());
    std::string name = Decode(part.substr(0, equals), ' ');
    if (name.empty()) continue;
    std::string value = Decode(part.substr(std::min(equals + 1, part.size())), ' ');
    if (name == "token") {
      token_ = std::move(value);
    } else {
      items_.emplace_back(std::move(name), std::move(value));
    }
  }
}

std::optional<std::string> V0Parameters::Last(std::string_view name) const {
  for (auto item = items_.rbegin(); item != items_.rend(); ++item) {
    if (item->first == name) return item->second;
  }
  return std::nullopt;
}

std::vector<std::string> V0Parameters::All(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [item_name, value] : items_) {
    if (item_name == name) values.push_back(value);
  }
  return values;
}

}  // namespace clv::rpc
