#include "services/gateway/percent_coding.h"

namespace clv::gateway {
namespace {

// The value of hexadecimal digit `c`, or -1.
int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsReserved(char c) {
  return std::string_view("!#$&'()*+,/:;=?@[]").find(c) != std::string_view::npos;
}

bool StaysEscaped(char c, UnescapeSpec spec) {
  switch (spec) {
    case UnescapeSpec::kAllCharactersExceptReserved:
      return IsReserved(c);
    case UnescapeSpec::kAllCharactersExceptSlash:
      return c == '/';
    case UnescapeSpec::kAllCharacters:
      return false;
  }
  return false;
}

}  // namespace

std::string PercentDecode(std::string_view text, UnescapeSpec spec, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '+' && plus_is_space) {
      out.push_back(' ');
      continue;
    }
    if (c == '%' && i + 2 < text.size()) {
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high >= 0 && low >= 0) {
        const char decoded = static_cast<char>(high * 16 + low);
        if (!StaysEscaped(decoded, spec)) {
          out.push_back(decoded);
          i += 2;
          continue;
        }
      }
    }
    out.push_back(c);
  }
  return out;
}

std::string PercentEncodeUnprintable(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7F) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 0xF]);
    }
  }
  return out;
}

}  // namespace clv::gateway
