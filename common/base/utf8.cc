#include "common/base/utf8.h"

#include <cstdint>
#include <cstring>

namespace clv {
namespace {

constexpr size_t kQuotedBytes = 64;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Eight bytes at once: the common case is ASCII.
uint64_t EightBytes(const char* at) {
  uint64_t bytes;
  std::memcpy(&bytes, at, sizeof(bytes));
  return bytes;
}

constexpr uint64_t Repeat(uint8_t byte) { return 0x0101010101010101ULL * byte; }

// The high bit of some byte is set when one of the eight is not printable ASCII.
uint64_t Unprintable(uint64_t bytes) {
  // Below 0x80, where the sums carry into no other byte, 0x7F and what is beyond reach the high
  // bit, and what is below 0x20 falls short of it.
  const uint64_t low = bytes & Repeat(0x7F);
  return (bytes | (low + Repeat(0x01)) | ~(low + Repeat(0x60))) & Repeat(0x80);
}

// Length of the ASCII beginning of the text, rounded down to whole words.
size_t AsciiWords(std::string_view text, size_t from) {
  size_t at = from;
  while (at + 8 <= text.size() && (EightBytes(text.data() + at) & Repeat(0x80)) == 0) at += 8;
  return at;
}

// Bytes of the character at `at`; 0 when there is no valid one.
size_t CharacterLength(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return 0;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  if (byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

bool IsPrintableAscii(std::string_view text) {
  if (text.empty()) return true;
  if (text.size() < 8) {
    uint64_t bytes = Repeat(' ');
    std::memcpy(&bytes, text.data(), text.size());
    return Unprintable(bytes) == 0;
  }
  uint64_t unprintable = Unprintable(EightBytes(text.data() + text.size() - 8));
  for (size_t at = 0; at + 8 < text.size(); at += 8) {
    unprintable |= Unprintable(EightBytes(text.data() + at));
  }
  return unprintable == 0;
}

bool IsValidUtf8(std::string_view text) {
  if (IsPrintableAscii(text)) return true;
  size_t at = AsciiWords(text, 0);
  while (at < text.size()) {
    const size_t length = CharacterLength(text, at);
    if (length == 0) return false;
    at = length == 1 ? at + 1 : AsciiWords(text, at + length);
  }
  return true;
}

bool HasControlCharacter(std::string_view text) {
  if (IsPrintableAscii(text)) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const uint8_t byte = static_cast<uint8_t>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    // U+0080..009F are C2 80..C2 9F.
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) < 0xA0)
      return true;
  }
  return false;
}

std::string ToValidUtf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t length = CharacterLength(text, at);
    if (length == 0) {
      result += kReplacement;
      ++at;
    } else {
      result += text.substr(at, length);
      at += length;
    }
  }
  return result;
}

std::string_view CutUtf8(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t end = max_bytes;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::string Quoted(std::string_view text) {
  // Mending at most triples the length, so a few more bytes than shown are enough to know that
  // there is more.
  const std::string valid = ToValidUtf8(text.substr(0, kQuotedBytes + 4));
  const std::string_view shown = CutUtf8(valid, kQuotedBytes);
  std::string result = "'";
  for (size_t at = 0; at < shown.size();) {
    const size_t length = CharacterLength(shown, at);
    const std::string_view character = shown.substr(at, length);
    result += HasControlCharacter(character) ? kReplacement : character;
    at += length;
  }
  if (shown.size() < valid.size() || text.size() > kQuotedBytes + 4) result += "...";
  return result + "'";
}

}  // namespace clv
