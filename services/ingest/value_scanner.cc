#include "services/ingest/value_scanner.h"

#include <algorithm>
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

// What looking for the end of a value gave.
struct EndSearch {
  enum class Kind { kFound, kBroken, kRanOut };  // it has one, it has none, the text ends before

  Kind kind = Kind::kRanOut;
  size_t end = 0;

  std::optional<size_t> found() const {
    return kind == Kind::kFound ? std::optional(end) : std::nullopt;
  }
};

constexpr EndSearch kBroken{EndSearch::Kind::kBroken};
constexpr EndSearch kRanOut{EndSearch::Kind::kRanOut};

EndSearch FoundAt(size_t end) { return {EndSearch::Kind::kFound, end}; }

EndSearch FindStringEnd(std::string_view text, size_t begin) {
  for (size_t at = begin + 1;;) {
    at = FindStringSpecial(text, at);
    if (at >= text.size()) return kRanOut;
    if (text[at] == '"') return FoundAt(at + 1);
    if (text[at] != '\\') return kBroken;
    at += 2;
  }
}

EndSearch FindContainerEnd(std::string_view text, size_t begin) {
  BracketStack open;
  char previous = '\0';
  for (size_t at = begin; at < text.size();) {
    const char c = text[at];
    switch (c) {
      case '"': {
        const EndSearch string = FindStringEnd(text, at);
        if (string.kind != EndSearch::Kind::kFound) return string;
        at = string.end;
        break;
      }
      case '{':
      case '[':
        // Inside an object only a colon leads to a bracket. So an object that lacks its end stops
        // before the next row, and is not read on and on.
        if (open.InObject() && previous != ':') return kBroken;
        if (!open.Push(c == '{')) return kBroken;
        ++at;
        break;
      case '}':
      case ']':
        if (!open.Pop(c == '}')) return kBroken;
        ++at;
        if (open.empty()) return FoundAt(at);
        break;
      default:
        ++at;
    }
    if (!IsBlank(c)) previous = c;
  }
  return kRanOut;
}

EndSearch FindWordEnd(std::string_view text, size_t begin) {
  const size_t end = WordEnd(text, begin);
  return end < text.size() ? FoundAt(end) : kRanOut;
}

}  // namespace

std::optional<size_t> StringEnd(std::string_view text, size_t begin) {
  return FindStringEnd(text, begin).found();
}

std::optional<size_t> ContainerEnd(std::string_view text, size_t begin) {
  return FindContainerEnd(text, begin).found();
}

ValueScanner::ValueScanner(std::string_view body) : max_value_bytes_(body.size()) {
  Continue(body, true);
}

void ValueScanner::Continue(std::string_view text, bool is_last) {
  body_ = text;
  is_last_ = is_last;
  at_ = 0;
  begin_ = 0;
}

bool ValueScanner::Begin() {
  if (has_begun_) return true;
  if (!is_behind_mark_) {
    const std::string_view mark = body_.substr(0, kByteOrderMark.size());
    if (!is_last_ && mark.size() < kByteOrderMark.size() && kByteOrderMark.starts_with(mark)) {
      return false;
    }
    if (mark == kByteOrderMark) at_ = mark.size();
    is_behind_mark_ = true;
  }
  SkipBlanks();
  if (at_ == body_.size()) return false;
  has_begun_ = true;
  if (body_[at_] != '[') return true;
  ++at_;
  array_ = ArrayState::kBegin;
  return true;
}

std::optional<ScannedValue> ValueScanner::Next() {
  if (!Begin() || !FinishCutLine()) return std::nullopt;
  SkipBlanks();
  const bool value_may_come = TakePunctuation();
  if (at_ >= body_.size()) return std::nullopt;
  begin_ = at_;
  if (!value_may_come) return BrokenLine("want a comma or the array's end");
  const char c = body_[at_];
  if (c == '}' || c == ']' || c == ',' || c == ':') return BrokenLine("want a value");
  EndSearch search;
  const char* broken = "no value begins like this";
  if (c == '{' || c == '[') {
    search = FindContainerEnd(Reach(), at_);
    broken = "its brackets or quotes do not match, or it nests deeper than 64";
  } else if (c == '"') {
    search = FindStringEnd(Reach(), at_);
    broken = "the string has no end in its line";
  } else {
    search = FindWordEnd(Reach(), at_);
    if (search.kind == EndSearch::Kind::kRanOut && is_last_ && !IsCut()) {
      search = FoundAt(body_.size());
    }
  }
  if (search.kind == EndSearch::Kind::kBroken) return BrokenLine(broken);
  if (search.kind == EndSearch::Kind::kRanOut && !IsCut()) {
    return is_last_ ? BrokenLine(broken) : std::nullopt;
  }
  if (search.kind == EndSearch::Kind::kRanOut || search.end - begin_ > max_value_bytes_) {
    return BrokenLine("it is longer than a row may be");
  }
  at_ = search.end;
  array_before_ = array_;
  if (array_ != ArrayState::kNone) array_ = ArrayState::kElement;
  return ScannedValue{body_.substr(begin_, at_ - begin_)};
}

std::optional<std::string_view> ValueScanner::Refuse() {
  if (!MoveToLineEnd()) {
    at_ = begin_;
    array_ = array_before_;
    return std::nullopt;
  }
  if (array_ != ArrayState::kNone) array_ = ArrayState::kRecovering;
  const std::string_view text = body_.substr(begin_, at_ - begin_);
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

std::optional<ScannedValue> ValueScanner::BrokenLine(const char* reason) {
  array_before_ = array_;
  const std::optional<std::string_view> text = Refuse();
  if (!text) return std::nullopt;
  return ScannedValue{*text, true, reason};
}

bool ValueScanner::MoveToLineEnd() {
  const size_t end = body_.find('\n', at_);
  const size_t cut = begin_ + std::min(max_value_bytes_, body_.size() - begin_);
  if (end <= cut) {
    at_ = end;
    return true;
  }
  is_cut_line_ = IsCut();
  if (!is_cut_line_ && !is_last_) return false;
  at_ = cut;
  return true;
}

bool ValueScanner::FinishCutLine() {
  if (!is_cut_line_) return true;
  at_ = std::min(body_.find('\n', at_), body_.size());
  is_cut_line_ = at_ == body_.size();
  return !is_cut_line_;
}

std::string_view ValueScanner::Reach() const {
  if (!IsCut()) return body_;
  return body_.substr(0, begin_ + max_value_bytes_ + 1);
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

}  // namespace clv::ingest
