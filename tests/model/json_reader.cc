#include "tests/model/json_reader.h"

#include <cctype>

namespace clv::model {
namespace {

constexpr int kMaxDepth = 64;

// Decodes the code point at `position`; its length in bytes is 0 when the bytes are not UTF-8.
std::pair<char32_t, size_t> DecodeAt(const std::string& text, size_t position) {
  const auto byte = [&](size_t i) -> unsigned {
    return position + i < text.size() ? static_cast<unsigned char>(text[position + i]) : 0;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1};
  size_t length = 0;
  char32_t point = 0;
  char32_t smallest = 0;
  if ((first & 0xE0) == 0xC0) {
    length = 2, point = first & 0x1F, smallest = 0x80;
  } else if ((first & 0xF0) == 0xE0) {
    length = 3, point = first & 0x0F, smallest = 0x800;
  } else if ((first & 0xF8) == 0xF0) {
    length = 4, point = first & 0x07, smallest = 0x10000;
  } else {
    return {0, 0};
  }
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {0, 0};
    point = point << 6 | (byte(i) & 0x3F);
  }
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (point < smallest || point > 0x10FFFF || surrogate) return {0, 0};
  return {point, length};
}

void AppendUtf8(char32_t point, std::string& out) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) {}

  std::optional<JsonValue> ReadWhole() {
    SkipBlanks();
    std::optional<JsonValue> value = ReadValue(0);
    SkipBlanks();
    if (!value.has_value() || at_ != text_.size()) return std::nullopt;
    return value;
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool Take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool TakeWord(const std::string& word) {
    if (text_.compare(at_, word.size(), word) != 0) return false;
    at_ += word.size();
    return true;
  }

  void SkipBlanks() {
    while (Peek() == ' ' || Peek() == '\t' || Peek() == '\n' || Peek() == '\r') ++at_;
  }

  size_t TakeDigits() {
    const size_t start = at_;
    while (std::isdigit(static_cast<unsigned char>(Peek()))) ++at_;
    return at_ - start;
  }

  std::optional<JsonValue> ReadValue(int depth) {
    JsonValue value;
    switch (Peek()) {
      case '{':
        return depth < kMaxDepth ? ReadObject(depth) : std::nullopt;
      case '[':
        return depth < kMaxDepth ? ReadArray(depth) : std::nullopt;
      case '"':
        return ReadString();
      case 't':
      case 'f':
        value.kind = JsonValue::Kind::kBool;
        value.boolean = Peek() == 't';
        if (!TakeWord(value.boolean ? "true" : "false")) return std::nullopt;
        return value;
      case 'n':
        if (!TakeWord("null")) return std::nullopt;
        return value;
      default:
        return ReadNumber();
    }
  }

  std::optional<JsonValue> ReadNumber() {
    const size_t start = at_;
    Take('-');
    if (!Take('0') && TakeDigits() == 0) return std::nullopt;
    if (Take('.') && TakeDigits() == 0) return std::nullopt;
    if (Peek() == 'e' || Peek() == 'E') {
      ++at_;
      if (!Take('+')) Take('-');
      if (TakeDigits() == 0) return std::nullopt;
    }
    JsonValue value;
    value.kind = JsonValue::Kind::kNumber;
    value.text = text_.substr(start, at_ - start);
    return value;
  }

  std::optional<unsigned> ReadFourHex() {
    unsigned unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = Peek();
      if (!std::isxdigit(static_cast<unsigned char>(c))) return std::nullopt;
      const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      unit = unit * 16 + static_cast<unsigned>(lower <= '9' ? lower - '0' : lower - 'a' + 10);
    }
    return unit;
  }

  // After `\u`. False when it is not JSON; a lone surrogate marks the value instead.
  bool ReadUnicodeEscape(JsonValue& value) {
    const std::optional<unsigned> unit = ReadFourHex();
    if (!unit.has_value()) return false;
    if (*unit < 0xD800 || *unit > 0xDFFF) {
      AppendUtf8(*unit, value.text);
      return true;
    }
    const size_t after_first = at_;
    if (*unit <= 0xDBFF && TakeWord("\\u")) {
      const std::optional<unsigned> second = ReadFourHex();
      if (!second.has_value()) return false;
      if (*second >= 0xDC00 && *second <= 0xDFFF) {
        AppendUtf8(0x10000 + ((*unit - 0xD800) << 10) + (*second - 0xDC00), value.text);
        return true;
      }
      at_ = after_first;  // The second escape stands for itself.
    }
    value.valid_unicode = false;
    return true;
  }

  std::optional<JsonValue> ReadString() {
    JsonValue value;
    value.kind = JsonValue::Kind::kString;
    if (!Take('"')) return std::nullopt;
    while (!Take('"')) {
      if (at_ >= text_.size() || static_cast<unsigned char>(Peek()) < 0x20) return std::nullopt;
      if (!Take('\\')) {
        value.text.push_back(text_[at_++]);
        continue;
      }
      if (Take('u')) {
        if (!ReadUnicodeEscape(value)) return std::nullopt;
        continue;
      }
      static const std::string kEscapes = "\"\\/bfnrt";
      static const std::string kMeanings = "\"\\/\b\f\n\r\t";
      const size_t which = kEscapes.find(Peek());
      if (at_ >= text_.size() || which == std::string::npos) return std::nullopt;
      value.text.push_back(kMeanings[which]);
      ++at_;
    }
    return value;
  }

  std::optional<JsonValue> ReadArray(int depth) {
    JsonValue value;
    value.kind = JsonValue::Kind::kArray;
    Take('[');
    SkipBlanks();
    if (Take(']')) return value;
    while (true) {
      SkipBlanks();
      std::optional<JsonValue> item = ReadValue(depth + 1);
      if (!item.has_value()) return std::nullopt;
      value.items.push_back(*std::move(item));
      SkipBlanks();
      if (Take(']')) return value;
      if (!Take(',')) return std::nullopt;
    }
  }

  std::optional<JsonValue> ReadObject(int depth) {
    JsonValue value;
    value.kind = JsonValue::Kind::kObject;
    Take('{');
    SkipBlanks();
    if (Take('}')) return value;
    while (true) {
      SkipBlanks();
      const std::optional<JsonValue> name = ReadString();
      SkipBlanks();
      if (!name.has_value() || !Take(':')) return std::nullopt;
      SkipBlanks();
      std::optional<JsonValue> member = ReadValue(depth + 1);
      if (!member.has_value()) return std::nullopt;
      // A name that is no text is nobody's name.
      if (name->valid_unicode) value.members.emplace_back(name->text, *std::move(member));
      SkipBlanks();
      if (Take('}')) return value;
      if (!Take(',')) return std::nullopt;
    }
  }

  const std::string& text_;
  size_t at_ = 0;
};

}  // namespace

const JsonValue* JsonValue::Find(const std::string& name) const {
  for (auto member = members.rbegin(); member != members.rend(); ++member) {
    if (member->first == name) return &member->second;
  }
  return nullptr;
}

std::optional<JsonValue> ReadJson(const std::string& text) {
  if (!IsUtf8(text)) return std::nullopt;
  return Reader(text).ReadWhole();
}

bool IsUtf8(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = DecodeAt(text, at).second;
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::vector<char32_t> CodePoints(const std::string& text) {
  std::vector<char32_t> points;
  for (size_t at = 0; at < text.size();) {
    const auto [point, length] = DecodeAt(text, at);
    if (length == 0) break;
    points.push_back(point);
    at += length;
  }
  return points;
}

}  // namespace clv::model
