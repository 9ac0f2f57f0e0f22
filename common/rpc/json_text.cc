#include "common/rpc/json_text.h"

#include <charconv>
#include <cmath>

#include "common/base/utf8.h"

namespace clv::rpc {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

void AppendEscape(uint32_t unit, std::string* out) {
  *out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) *out += kHexDigits[(unit >> shift) & 15];
}

void AppendAscii(unsigned char c, std::string* out) {
  switch (c) {
    case '"':
      *out += "\\\"";
      return;
    case '\\':
      *out += "\\\\";
      return;
    case '\b':
      *out += "\\b";
      return;
    case '\f':
      *out += "\\f";
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      AppendEscape(c, out);
  }
}

bool IsPlain(unsigned char c) { return c >= 0x20 && c != '"' && c != '\\' && c < 0x7f; }

// Appends the character that begins at `text[i]` of valid UTF-8 as `\u` escapes and returns its
// length.
size_t AppendEscapedCharacter(std::string_view text, size_t i, std::string* out) {
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
  const size_t length = byte(i) >= 0xf0 ? 4 : byte(i) >= 0xe0 ? 3 : 2;
  uint32_t code = byte(i) & (0x7f >> length);
  for (size_t k = 1; k < length; ++k) code = (code << 6) | (byte(i + k) & 0x3f);
  if (code >= 0x10000) {
    AppendEscape(0xd800 + ((code - 0x10000) >> 10), out);
    AppendEscape(0xdc00 + ((code - 0x10000) & 0x3ff), out);
  } else {
    AppendEscape(code, out);
  }
  return length;
}

template <typename Integer>
void AppendInteger(Integer value, std::string* out) {
  char buffer[24];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  out->append(buffer, end);
}

}  // namespace

void AppendJsonText(std::string_view text, std::string* out, JsonCharset charset) {
  std::string mended;
  bool checked = false;
  *out += '"';
  size_t plain_from = 0;
  size_t i = 0;
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (IsPlain(c)) {
      ++i;
      continue;
    }
    if (c >= 0x80 && !checked) {
      checked = true;
      if (!IsValidUtf8(text)) {
        // The plain run before this byte is the same in the mended text.
        mended = ToValidUtf8(text);
        text = mended;
        continue;
      }
    }
    if (c >= 0x80 && charset == JsonCharset::kUtf8) {
      ++i;
      continue;
    }
    out->append(text.substr(plain_from, i - plain_from));
    if (c >= 0x80) {
      i += AppendEscapedCharacter(text, i, out);
    } else {
      AppendAscii(c, out);
      ++i;
    }
    plain_from = i;
  }
  out->append(text.substr(plain_from));
  *out += '"';
}

void AppendDouble(double value, std::string* out) {
  const double magnitude = std::abs(value);
  if (magnitude == 0) {
    *out += '0';
    return;
  }
  char buffer[64];
  const bool is_plain = magnitude >= 1e-6 && magnitude < 1e21;
  const auto [end, error] =
      std::to_chars(buffer, buffer + sizeof(buffer), value,
                    is_plain ? std::chars_format::fixed : std::chars_format::scientific);
  out->append(buffer, end);
}

void AppendUnsigned(uint64_t value, std::string* out) { AppendInteger(value, out); }

void AppendSigned(int64_t value, std::string* out) { AppendInteger(value, out); }

}  // namespace clv::rpc
