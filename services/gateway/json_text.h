// services/gateway/json_text.h: what the gateway does with JSON as text, without parsing it.
//
// Pure functions. They follow the lenient syntax of protobuf's parser: strings in double or single
// quotes.
#ifndef CLV_SERVICES_GATEWAY_JSON_TEXT_H_
#define CLV_SERVICES_GATEWAY_JSON_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace clv::gateway {

// Deepest nesting of brackets that a request body may have. Protobuf 3.21 needs quadratic time for
// nested lists.
inline constexpr int kMaxJsonDepth = 64;

// `text` as a JSON string with its quotes. Bytes from 0x80 on are kept as they are.
std::string JsonQuote(std::string_view text);

// `text` with every byte that is not part of valid UTF-8 replaced by `?`.
std::string WithValidUtf8(std::string_view text);

// Refuses JSON text that nests brackets deeper than kMaxJsonDepth: INVALID_ARGUMENT. Linear time.
absl::Status CheckJsonDepth(std::string_view json);

// Whether `json` cannot leave an object that it is pasted into as one value: no comma and no
// closing bracket stands outside its own brackets and strings. Says nothing about whether it is
// JSON otherwise.
bool IsSelfContainedJson(std::string_view json);

// Whether the first character of `json` that is not white space is `{`.
bool StartsAsJsonObject(std::string_view json);

// Puts `text` for every JSON string in `json` whose content is `value`; of the escapes those of one
// letter are understood. False: there is none.
bool ReplaceJsonString(std::string_view value, std::string_view text, std::string& json);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_JSON_TEXT_H_
