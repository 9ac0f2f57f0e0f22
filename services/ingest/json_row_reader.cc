#include "services/ingest/json_row_reader.h"

#include <simdjson.h>

#include <cstring>
#include <utility>

#include "common/base/utf8.h"
#include "services/ingest/value_scanner.h"

namespace clv::ingest {
namespace {

namespace ondemand = simdjson::ondemand;
using domain::Column;
using domain::RawRow;
using domain::RawValue;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Whether the text is a number by RFC 8259. simdjson's own numbers end at 64 bits, ours do not.
bool IsJsonNumber(std::string_view text) {
  size_t at = 0;
  const auto peek = [&] { return at < text.size() ? text[at] : '\0'; };
  const auto skip_digits = [&] {
    const size_t begin = at;
    while (IsDigit(peek())) ++at;
    return at > begin;
  };
  if (peek() == '-') ++at;
  if (peek() == '0') {
    ++at;
  } else if (!skip_digits()) {
    return false;
  }
  if (peek() == '.') {
    ++at;
    if (!skip_digits()) return false;
  }
  if (peek() == 'e' || peek() == 'E') {
    ++at;
    if (peek() == '+' || peek() == '-') ++at;
    if (!skip_digits()) return false;
  }
  return at == text.size();
}

bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Whether everything behind the backslashes of a string's inside is an escape of RFC 8259,
// surrogates paired or not.
bool HasOnlyJsonEscapes(std::string_view inside) {
  for (size_t at = 0; at < inside.size(); ++at) {
    if (inside[at] != '\\') continue;
    if (++at == inside.size()) return false;
    if (inside[at] == 'u') {
      if (at + 4 >= inside.size()) return false;
      for (int i = 0; i < 4; ++i) {
        if (!IsHexDigit(inside[++at])) return false;
      }
    } else if (std::memchr("\"\\/bfnrt", inside[at], 8) == nullptr) {
      return false;
    }
  }
  return true;
}

std::string_view WithoutBlanksBehind(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

}  // namespace

// Walks a value with simdjson's On-Demand parser, which checks only what is looked at: so
// everything is.
class JsonRowReader::Parser {
 public:
  explicit Parser(domain::DataSource data_source) : columns_(ColumnsOf(data_source)) {}

  ReadValue Read(std::string_view value) {
    text_ = value;
    switch (value.front()) {
      case '{':
        return ReadObject();
      case '[':
        return IsJsonArray() ? NoObject("an array") : NotJson("the array is malformed");
      case '"':
        if (!IsValidUtf8(value)) return NotJson(simdjson::error_message(simdjson::UTF8_ERROR));
        return HasOnlyJsonEscapes(value.substr(1, value.size() - 2))
                   ? NoObject("a string")
                   : NotJson("the string has an unknown escape");
      default:
        if (value == "true" || value == "false" || value == "null")
          return NoObject(std::string(value));
        return IsJsonNumber(value) ? NoObject("a number") : NotJson("no value begins like this");
    }
  }

 private:
  static ReadValue NotJson(std::string_view why) {
    return {ReadValue::Kind::kNotJson, {}, "not JSON: " + std::string(why)};
  }
  static ReadValue NoObject(const std::string& what) {
    return {ReadValue::Kind::kNoObject, {}, "got " + what + ", want a JSON object"};
  }

  // The document of text_, whose padding the caller has promised.
  simdjson::error_code Iterate() {
    return parser_.iterate(text_.data(), text_.size(), text_.size() + simdjson::SIMDJSON_PADDING)
        .get(document_);
  }

  ReadValue ReadObject() {
    ReadValue result;
    ondemand::object object;
    if (const auto error = Iterate()) return NotJson(simdjson::error_message(error));
    if (const auto error = document_.get_object().get(object))
      return NotJson(simdjson::error_message(error));
    size_t next_place = 0;
    for (auto element : object) {
      ondemand::field field;
      if (const auto error = std::move(element).get(field))
        return NotJson(simdjson::error_message(error));
      const std::optional<size_t> place = PlaceOf(field, next_place);
      if (!place.has_value()) return NotJson("a key is malformed");
      const std::optional<RawValue> value = ReadInner(field.value(), 1);
      if (!value.has_value()) return NotJson("a value is malformed");
      if (*place == kUnknownKey) continue;
      result.row.values[*place] = *value;
      next_place = *place + 1;
    }
    // Behind the end there is no location.
    if (document_.current_location().error() == simdjson::SUCCESS)
      return NotJson("there is text behind the object");
    result.kind = ReadValue::Kind::kRow;
    return result;
  }

  bool IsJsonArray() {
    ondemand::array array;
    return Iterate() == simdjson::SUCCESS &&
           document_.get_array().get(array) == simdjson::SUCCESS && AreJsonElements(array, 1);
  }

  // Which column the field is; kUnknownKey for none, absent when the key is no JSON string. Keys
  // mostly come in the columns' order, so the search begins at `expected`.
  std::optional<size_t> PlaceOf(ondemand::field& field, size_t expected) {
    const char* raw = field.key().raw();
    for (size_t i = 0; i < columns_.size(); ++i) {
      const size_t place =
          expected + i < columns_.size() ? expected + i : expected + i - columns_.size();
      const std::string_view name = columns_[place].name;
      // The padding lets the comparison run past the text's end.
      if (std::memcmp(raw, name.data(), name.size()) == 0 && raw[name.size()] == '"') return place;
    }
    std::string_view key;
    if (field.unescaped_key().get(key) == simdjson::SUCCESS) {
      for (size_t place = 0; place < columns_.size(); ++place) {
        if (columns_[place].name == key) return place;
      }
      return kUnknownKey;
    }
    // A key that is no text is nobody's name.
    const size_t begin = static_cast<size_t>(raw - text_.data());
    const std::optional<size_t> end = StringEnd(text_, begin - 1);
    if (!end.has_value() || !HasOnlyJsonEscapes(text_.substr(begin, *end - 1 - begin)))
      return std::nullopt;
    return kUnknownKey;
  }

  // A value inside a container of depth `depth`; absent when it is no JSON.
  std::optional<RawValue> ReadInner(ondemand::value value, int depth) {
    const std::string_view token = WithoutBlanksBehind(value.raw_json_token());
    if (token.empty()) return std::nullopt;
    switch (token.front()) {
      case '"': {
        if (token.size() < 2 || token.back() != '"') return std::nullopt;
        // Most strings hold no escape; then the text itself will do, and only the string must be
        // stepped over.
        if (std::memchr(token.data(), '\\', token.size()) == nullptr) {
          if (value.get_raw_json_string().error() != simdjson::SUCCESS) return std::nullopt;
          return RawValue::Text(token.substr(1, token.size() - 2));
        }
        std::string_view text;
        if (value.get_string().get(text) == simdjson::SUCCESS) return RawValue::Text(text);
        if (!HasOnlyJsonEscapes(token.substr(1, token.size() - 2))) return std::nullopt;
        return RawValue{RawValue::Kind::kBrokenText, token.substr(1, token.size() - 2), 0};
      }
      case '{': {
        ondemand::object object;
        if (depth >= kMaxJsonDepth || value.get_object().get(object) != simdjson::SUCCESS)
          return std::nullopt;
        if (!AreJsonMembers(object, depth + 1)) return std::nullopt;
        return ContainerFrom(token);
      }
      case '[': {
        ondemand::array array;
        if (depth >= kMaxJsonDepth || value.get_array().get(array) != simdjson::SUCCESS)
          return std::nullopt;
        if (!AreJsonElements(array, depth + 1)) return std::nullopt;
        return ContainerFrom(token);
      }
      default:
        if (token == "null") return RawValue();
        if (token == "true" || token == "false") return RawValue::Flag(token == "true");
        if (!IsJsonNumber(token)) return std::nullopt;
        return RawValue::Number(token);
    }
  }

  bool AreJsonMembers(ondemand::object& object, int depth) {
    for (auto element : object) {
      ondemand::field field;
      if (std::move(element).get(field) != simdjson::SUCCESS) return false;
      if (!PlaceOf(field, 0).has_value() || !ReadInner(field.value(), depth).has_value())
        return false;
    }
    return true;
  }

  bool AreJsonElements(ondemand::array& array, int depth) {
    for (auto element : array) {
      ondemand::value value;
      if (std::move(element).get(value) != simdjson::SUCCESS) return false;
      if (!ReadInner(value, depth).has_value()) return false;
    }
    return true;
  }

  std::optional<RawValue> ContainerFrom(std::string_view token) {
    const size_t begin = static_cast<size_t>(token.data() - text_.data());
    const std::optional<size_t> end = ContainerEnd(text_, begin);
    if (!end.has_value()) return std::nullopt;
    return RawValue{RawValue::Kind::kContainer, text_.substr(begin, *end - begin), 0};
  }

  static constexpr size_t kUnknownKey = domain::kMaxColumns;

  const std::span<const Column> columns_;
  ondemand::parser parser_;
  ondemand::document document_;
  std::string_view text_;
};

const size_t JsonRowReader::kPadding = simdjson::SIMDJSON_PADDING;

JsonRowReader::JsonRowReader(domain::DataSource data_source)
    : parser_(std::make_unique<Parser>(data_source)) {}
JsonRowReader::~JsonRowReader() = default;

ReadValue JsonRowReader::Read(std::string_view value) { return parser_->Read(value); }

}  // namespace clv::ingest
