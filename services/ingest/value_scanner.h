// services/ingest/value_scanner.h: where the JSON values of a request body begin and end.
//
// A body is a stream of values back to back, with or without blanks between them, or one array
// whose elements are the values. One bad value never ends the stream.
#ifndef CLV_SERVICES_INGEST_VALUE_SCANNER_H_
#define CLV_SERVICES_INGEST_VALUE_SCANNER_H_

#include <cstddef>
#include <optional>
#include <string_view>

namespace clv::ingest {

// Deepest nesting of a value.
inline constexpr int kMaxJsonDepth = 64;

// A piece of the body: what looks like one value from outside, or text that cannot be one.
struct ScannedValue {
  std::string_view text;    // without blanks around it
  bool is_broken = false;   // no JSON: `text` goes to the end of the line in which it began
  const char* reason = "";  // why it is broken
};

// Walks over a body once. Brackets, strings and the places of nested values are looked at; whether
// a value is JSON is for its reader to find out.
class ValueScanner {
 public:
  // `body` must outlive the scanner. A byte order mark is skipped.
  explicit ValueScanner(std::string_view body);

  // The next piece; absent at the end.
  std::optional<ScannedValue> Next();

  // Called when the reader finds that the value just returned is no JSON: skips to the end of the
  // line in which it ends, and returns the whole refused text.
  std::string_view Refuse();

 private:
  enum class ArrayState {
    kNone,       // a stream of values
    kBegin,      // after `[`
    kElement,    // after an element
    kComma,      // after a comma
    kRecovering  // after a broken line
  };

  void SkipBlanks();
  // Takes commas and the end of the array; returns whether a value may come now.
  bool TakePunctuation();
  ScannedValue BrokenLine(const char* reason);
  void EnterLine();
  size_t LineEnd(size_t from) const;

  std::string_view body_;
  size_t at_ = 0;
  size_t begin_ = 0;  // of the piece just returned
  ArrayState array_ = ArrayState::kNone;
};

// The end of the string that begins at the quote text[begin], past its closing quote; absent when
// it has none, or a control character is before it.
std::optional<size_t> StringEnd(std::string_view text, size_t begin);

// The end of the object or array that begins at text[begin]; absent when it has none, or cannot be
// JSON by its brackets, or nests deeper than kMaxJsonDepth.
std::optional<size_t> ContainerEnd(std::string_view text, size_t begin);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_VALUE_SCANNER_H_
