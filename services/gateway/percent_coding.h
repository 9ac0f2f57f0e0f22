// services/gateway/percent_coding.h: percent coding of URL text.
//
// Pure functions, no allocation beyond the result. Decoding never fails: an escape that is not `%`
// and two hexadecimal digits stays as it stands.
#ifndef CLV_SERVICES_GATEWAY_PERCENT_CODING_H_
#define CLV_SERVICES_GATEWAY_PERCENT_CODING_H_

#include <string>
#include <string_view>

namespace clv::gateway {

// Which escapes PercentDecode leaves alone (names and meanings of Envoy's `url_unescape_spec`).
enum class UnescapeSpec {
  // The reserved characters of RFC 6570 section 1.5 (`!#$&'()*+,/:;=?@[]`) stay escaped.
  kAllCharactersExceptReserved,
  // Only `%2F` stays escaped.
  kAllCharactersExceptSlash,
  kAllCharacters,
};

// `text` with its escapes decoded as far as `spec` allows. With `plus_is_space` an unescaped `+`
// becomes a space.
std::string PercentDecode(std::string_view text, UnescapeSpec spec, bool plus_is_space = false);

// `text` with every byte outside 0x21..0x7E escaped, so that it may stand in a gRPC metadata value
// or a log line. Existing escapes are not touched.
std::string PercentEncodeUnprintable(std::string_view text);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_PERCENT_CODING_H_
