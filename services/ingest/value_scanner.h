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

// Walks over a body once, whether it is there as a whole or comes in pieces, which changes nothing.
// Brackets, strings and the places of nested values are looked at; whether a value is JSON is for
// its reader to find out.
class ValueScanner {
 public:
  // For a body that is all there. `body` must outlive the scanner. A byte order mark is skipped.
  explicit ValueScanner(std::string_view body);

  // For a body that comes in pieces. A value of more than `max_value_bytes` is broken, and broken
  // text is cut there.
  explicit ValueScanner(size_t max_value_bytes) : max_value_bytes_(max_value_bytes) {}

  // Goes on with `text`: what is left of the text before behind its first used() bytes, and more.
  // It must outlive the pieces. `is_last`: there is no more behind it.
  void Continue(std::string_view text, bool is_last);

  // The next piece; absent at the end, or when more text must come first.
  std::optional<ScannedValue> Next();

  // Called when the reader finds that the value just returned is no JSON: skips to the end of the
  // line in which it ends, and returns the whole refused text. Absent when more text must come
  // first; Next will give the value again.
  std::optional<std::string_view> Refuse();

  // Something else than blanks has come.
  bool has_begun() const { return has_begun_; }

  // After Next or Refuse had nothing: how much of the text is done with.
  size_t used() const { return at_; }

 private:
  enum class ArrayState {
    kNone,       // a stream of values
    kBegin,      // after `[`
    kElement,    // after an element
    kComma,      // after a comma
    kRecovering  // after a broken line
  };

  // Takes what stands before the first value; false when more must come first.
  bool Begin();
  // Takes the rest of a line that was cut; the same.
  bool FinishCutLine();
  void SkipBlanks();
  // Takes commas and the end of the array; returns whether a value may come now.
  bool TakePunctuation();
  std::optional<ScannedValue> BrokenLine(const char* reason);
  // Moves to the end of the line, or to where it is cut; false when more must come first.
  bool MoveToLineEnd();
  // The text as far as the value that begins at begin_ may reach, and a byte more.
  std::string_view Reach() const;
  bool IsCut() const { return body_.size() > begin_ + max_value_bytes_; }

  std::string_view body_;
  size_t max_value_bytes_;
  bool is_last_ = false;
  bool is_behind_mark_ = false;
  bool has_begun_ = false;
  bool is_cut_line_ = false;  // the rest of the line is to be skipped
  size_t at_ = 0;
  size_t begin_ = 0;  // of the piece just returned
  ArrayState array_ = ArrayState::kNone;
  ArrayState array_before_ = ArrayState::kNone;  // before that piece
};

// The end of the string that begins at the quote text[begin], past its closing quote; absent when
// it has none, or a control character is before it.
std::optional<size_t> StringEnd(std::string_view text, size_t begin);

// The end of the object or array that begins at text[begin]; absent when it has none, or cannot be
// JSON by its brackets, or nests deeper than kMaxJsonDepth.
std::optional<size_t> ContainerEnd(std::string_view text, size_t begin);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_VALUE_SCANNER_H_
