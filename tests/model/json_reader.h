#ifndef CLV_TESTS_MODEL_JSON_READER_H_
#define CLV_TESTS_MODEL_JSON_READER_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace clv::model {

// One JSON value. Numbers keep their text.
struct JsonValue {
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::string text;              // kNumber: as written. kString: the value, UTF-8.
  bool valid_unicode = true;     // False for a string with a lone surrogate escape.
  std::vector<JsonValue> items;  // kArray.
  std::vector<std::pair<std::string, JsonValue>> members;  // kObject, in order, repeats included.

  // The last member of that name; nullptr when there is none.
  const JsonValue* Find(const std::string& name) const;
};

// Reads a text that is one JSON value (RFC 8259), blanks around it allowed; nullopt when it is not,
// when its bytes are not UTF-8, or when it nests deeper than 64.
std::optional<JsonValue> ReadJson(const std::string& text);

// Whether the bytes are well-formed UTF-8 (no surrogates, no overlong forms, up to U+10FFFF).
bool IsUtf8(const std::string& text);

// The code points of a well-formed UTF-8 text.
std::vector<char32_t> CodePoints(const std::string& text);

}  // namespace clv::model

#endif  // CLV_TESTS_MODEL_JSON_READER_H_
