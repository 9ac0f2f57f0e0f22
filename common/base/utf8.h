// common/base/utf8.h: checking, mending, cutting and quoting UTF-8 text.
#ifndef CLV_COMMON_BASE_UTF8_H_
#define CLV_COMMON_BASE_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace clv {

// Whether all bytes are printable ASCII (0x20..0x7E), as those of most texts are.
bool IsPrintableAscii(std::string_view text);

// Whether the bytes are UTF-8: shortest forms only, no surrogates, nothing above U+10FFFF.
bool IsValidUtf8(std::string_view text);

// Whether valid UTF-8 holds a control character: U+0000..001F or U+007F..009F.
bool HasControlCharacter(std::string_view text);

// The text with each byte that belongs to no character replaced by U+FFFD; valid text is unchanged.
std::string ToValidUtf8(std::string_view text);

// The longest beginning of valid UTF-8 text that has at most `max_bytes` and splits no character.
std::string_view CutUtf8(std::string_view text, size_t max_bytes);

// The text in single quotes as messages show it: at most 64 bytes of it, then `...`; valid UTF-8,
// control characters replaced by U+FFFD.
std::string Quoted(std::string_view text);

}  // namespace clv

#endif  // CLV_COMMON_BASE_UTF8_H_
