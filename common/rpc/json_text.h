// common/rpc/json_text.h: pieces of JSON text, appended to a string.
#ifndef CLV_COMMON_RPC_JSON_TEXT_H_
#define CLV_COMMON_RPC_JSON_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace clv::rpc {

// Which characters of a text are written as `\uXXXX`.
enum class JsonCharset { kUtf8, kAscii };

// Appends a text in double quotes. Broken UTF-8 becomes U+FFFD.
void AppendJsonText(std::string_view text, std::string* out,
                    JsonCharset charset = JsonCharset::kUtf8);

// Appends the shortest decimal that reads back as the same double, without exponent for 1e-6 <=
// |value| < 1e21: `100`, `0.1`. `value` must be finite; -0 is `0`.
void AppendDouble(double value, std::string* out);

void AppendUnsigned(uint64_t value, std::string* out);
void AppendSigned(int64_t value, std::string* out);

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_JSON_TEXT_H_
