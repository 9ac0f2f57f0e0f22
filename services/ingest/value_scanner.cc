#include "services/ingest/value_scanner.h"

#include <bit>
#include <cstdint>
#include <cstring>

namespace clv::ingest {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlanks = " \t\r\n";

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

constexpr uint64_t Repeat(uint8_t byte) { return 0x0101010101010101ULL * byte; }

// High bits of the bytes that are zero; exact up to the first of them.
constexpr uint64_t ZeroBytes(uint64_t word) { return (word - Repeat(1)) & ~word & Repeat(0x80); }

// The first quote, backslash or control character at or after `at`; the text's end when there is
// none.
size_t FindStringSpecial(std::string_view text, size_t at) {
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof(word));
    const uint64_t controls = (word - Repeat(0x20)) & ~word & Repeat(0x80);
    const uint64_t hits = ZeroBytes(word ^ Repeat('"')) | ZeroBytes(word ^ Repeat('\\')) | controls;
    if (hits != 0) return at + static_cast<size_t>(std::countr_zero(hits)) / 8;
  }
  for (; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte == '"' || byte == '\\' || byte < 0x20) return at;
  }
  return at;
}

// The end of a number or a word: the next blank, quote or bracket.
size_t WordEnd(std::string_view text, size_t begin) {
  const size_t end = text.find_first_of(" \t\r\n\"{}[],:", begin);
  return end == std::string_view::npos ? text.size() : end;
}

// The kinds of the open brackets, innermost in the lowest bit.
class BracketStack {
 public:
  bool empty() const { return depth_ == 0; }
  bool InObject() const { return depth_ > 0 && (bits_ & 1) == 1; }

  // False when it would be too deep.
  bool Push(bool is_object) {
    if (depth_ == kMaxJsonDepth) return false;
    bits_ = bits_ << 1 | (is_object ? 1 : 0);
    ++depth_;
    return true;
  }

  // False when the innermost bracket is of the other kind.
  bool Pop(bool is_object) {
    if (depth_ == 0 || InObject() != is_object) return false;
    bits_ >>= 1;
    --depth_;
    return true;
  }

 private:
  uint64_t bits_ = 0;
  int depth_ = 0;
};

static_assert(kMaxJsonDepth <= 64);

}  // namespace

std::optional<size_t> StringEnd(std::string_view text, size_t begin) {
  for (size_t at = begin + 1;;) {
    at = FindStringSpecial(text, at);
    if (at >= text.size()) return std::nullopt;
    if (text[at] == '"') return at + 1;
    if (text[at] != '\\') return std::nullopt;
    at += 2;
  }
}

std::optional<size_t> ContainerEnd(std::string_view text, size_t begin) {
  BracketStack open;
  char previous = '\0';
  for (size_t at = begin; at < text.size();) {
    const char c = text[at];
    switch (c) {
      case '"': {
        const std::optional<size_t> end = StringEnd(text, at);
        if (!end.has_value()) return std::nullopt;
        at = *end;
        break;
      }
      case '{':
      case '[':
        // Inside an object only a colon leads to a bracket. So an object that lacks its end stops
        // before the next row, and is not read on and on.
        if (open.InObject() && previous != ':') return std::nullopt;
        if (!open.Push(c == '{')) return std::nullopt;
        ++at;
        break;
      case '}':
      case ']':
        if (!open.Pop(c == '}')) return std::nullopt;
        ++at;
        if (open.empty()) return at;
        break;
      default:
        ++at;
    }
    if (!IsBlank(c)) previous = c;
  }
  return std::nullopt;
}

ValueScanner::ValueScanner(std::string_view body) : body_(body) {
  if (body_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  SkipBlanks();
  if (at_ < body_.size() && body_[at_] == '[') {
    ++at_;
    array_ = ArrayState::kBegin;
  }
}

std::optional<ScannedValue> ValueScanner::Next() {
  SkipBlanks();
  const bool value_may_come = TakePunctuation();
  if (at_ >= body_.size()) return std::nullopt;
  if (!value_may_come) return BrokenLine("want a comma or the array's end");
  begin_ = at_;
  const char c = body_[at_];
  if (c == '}' || c == ']' || c == ',' || c == ':') return BrokenLine("want a value");
  if (c == '{' || c == '[') {
    const std::optional<size_t> end = ContainerEnd(body_, at_);
    if (!end.has_value())
      return BrokenLine("its brackets or quotes do not match, or it nests deeper than 64");
    at_ = *end;
  } else if (c == '"') {
    const std::optional<size_t> end = StringEnd(body_, at_);
    if (!end.has_value()) return BrokenLine("the string has no end in its line");
    at_ = *end;
  } else {
    at_ = WordEnd(body_, at_);
  }
  if (array_ != ArrayState::kNone) array_ = ArrayState::kElement;
  return ScannedValue{body_.substr(begin_, at_ - begin_)};
}

std::string_view ValueScanner::Refuse() {
  at_ = LineEnd(at_);
  EnterLine();
  const std::string_view text = body_.substr(begin_, at_ - begin_);
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

void ValueScanner::SkipBlanks() {
  while (at_ < body_.size() && IsBlank(body_[at_])) ++at_;
}

bool ValueScanner::TakePunctuation() {
  while (at_ < body_.size() && array_ != ArrayState::kNone) {
    const char c = body_[at_];
    if (c == ']' && array_ != ArrayState::kComma) {
      array_ = ArrayState::kNone;
    } else if (c == ',' && (array_ == ArrayState::kElement || array_ == ArrayState::kRecovering)) {
      array_ = ArrayState::kComma;
    } else {
      return array_ != ArrayState::kElement;
    }
    ++at_;
    SkipBlanks();
  }
  return true;
}

ScannedValue ValueScanner::BrokenLine(const char* reason) {
  begin_ = at_;
  return {Refuse(), true, reason};
}

void ValueScanner::EnterLine() {
  if (array_ != ArrayState::kNone) array_ = ArrayState::kRecovering;
}

size_t ValueScanner::LineEnd(size_t from) const {
  const size_t end = body_.find('\n', from);
  return end == std::string_view::npos ? body_.size() : end;
}

}  // namespace clv::ingest
