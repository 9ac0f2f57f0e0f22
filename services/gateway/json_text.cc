#include "services/gateway/json_text.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"

namespace clv::gateway {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";

// Length of the well-formed UTF-8 sequence at the start of `text`, or 0.
size_t Utf8SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and code points beyond U+10FFFF show in the second byte.
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) > 0x9F) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
}

// The position behind the string that opens at `begin`.
size_t SkipString(std::string_view json, size_t begin) {
  const char quote = json[begin];
  for (size_t i = begin + 1; i < json.size(); ++i) {
    if (json[i] == '\\') {
      ++i;
    } else if (json[i] == quote) {
      return i + 1;
    }
  }
  return json.size();
}

// The content of a string with its quotes.
std::string Unescaped(std::string_view quoted) {
  std::string out;
  for (size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] != '\\') {
      out.push_back(quoted[i]);
      continue;
    }
    const char c = quoted[++i];
    out.push_back(c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c);
  }
  return out;
}

struct Nesting {
  int max_depth = 0;
  bool self_contained = true;
};

Nesting ScanNesting(std::string_view json) {
  Nesting nesting;
  int depth = 0;
  size_t i = 0;
  while (i < json.size()) {
    switch (json[i]) {
      case '"':
      case '\'':
        i = SkipString(json, i);
        continue;
      case '{':
      case '[':
        nesting.max_depth = std::max(nesting.max_depth, ++depth);
        break;
      case '}':
      case ']':
        if (--depth < 0) nesting.self_contained = false;
        break;
      case ',':
        if (depth <= 0) nesting.self_contained = false;
        break;
      default:
        break;
    }
    ++i;
  }
  return nesting;
}

}  // namespace

std::string JsonQuote(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size() + 2);
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out.append("\\n");
    } else if (byte < 0x20 || byte == 0x7F) {
      out.append("\\u00");
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 0xF]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

std::string WithValidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = Utf8SequenceLength(text);
    if (length == 0) {
      out.push_back('?');
      text.remove_prefix(1);
    } else {
      out.append(text.substr(0, length));
      text.remove_prefix(length);
    }
  }
  return out;
}

absl::Status CheckJsonDepth(std::string_view json) {
  const int depth = ScanNesting(json).max_depth;
  if (depth <= kMaxJsonDepth) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "The JSON body nests ", depth, " brackets, at most ", kMaxJsonDepth, " are taken."));
}

bool IsSelfContainedJson(std::string_view json) { return ScanNesting(json).self_contained; }

bool StartsAsJsonObject(std::string_view json) {
  const size_t first = json.find_first_not_of(kWhiteSpace);
  return first != std::string_view::npos && json[first] == '{';
}

bool ReplaceJsonString(std::string_view value, std::string_view text, std::string& json) {
  bool found = false;
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i] != '"' && json[i] != '\'') continue;
    size_t end = SkipString(json, i);
    if (Unescaped(std::string_view(json).substr(i, end - i)) == value) {
      const std::string quoted = JsonQuote(text);
      json.replace(i, end - i, quoted);
      end = i + quoted.size();
      found = true;
    }
    i = end - 1;
  }
  return found;
}

}  // namespace clv::gateway
