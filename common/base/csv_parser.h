// common/base/csv_parser.h: CSV text (RFC 4180 and its dialects) as records, from pieces of any
// size.
#ifndef CLV_COMMON_BASE_CSV_PARSER_H_
#define CLV_COMMON_BASE_CSV_PARSER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clv {

// How a file is written. The characters must differ from each other and from the quote `"`.
struct CsvDialect {
  char delimiter = ',';
  char line_end = '\n';        // a "\r" before a "\n" belongs to it
  std::optional<char> escape;  // makes the next character a literal; none: quotes are doubled only
  size_t max_record_bytes = 1 << 20;
};

// One line of a file, or several where a quoted field holds line ends. Views of the parser.
struct CsvRecord {
  enum class Kind {
    kRecord,
    kUnclosedQuote,  // `text` is the line with the quote; parsing goes on behind it
    kTooLong,        // `text` is its first line, cut at the greatest length; likewise
  };

  Kind kind = Kind::kRecord;
  std::vector<std::string_view> fields;  // of kRecord: unquoted, at least one
  std::string_view text;                 // as it is written, without the line end
};

// Cuts a stream of bytes into records. How the bytes are cut into pieces changes nothing. A field
// may be quoted, with `""` for a quote and line ends inside; what follows the closing quote belongs
// to the field. Blank lines are no records, and a byte order mark at the beginning is no text.
// Holds one record and one piece at most, and takes linear time. Thread-compatible.
//
// Example:
//   parser.Feed(piece);
//   while (const CsvRecord* record = parser.Next()) Use(*record);
class CsvParser {
 public:
  explicit CsvParser(const CsvDialect& dialect) : dialect_(dialect) {}

  CsvParser(const CsvParser&) = delete;
  CsvParser& operator=(const CsvParser&) = delete;

  // Adds bytes. Ends the views of the last record.
  void Feed(std::string_view piece);

  // There is no more to feed.
  void End() { ended_ = true; }

  // The next record, valid until the next call of anything; null when more must be fed first, or
  // after the last one.
  const CsvRecord* Next();

 private:
  // A field within buffer_, or within scratch_ where it is not as it is written.
  struct Span {
    size_t begin = 0;
    size_t end = 0;
    bool is_scratch = false;
  };
  enum class Parsed { kRecord, kNeedsMore, kUnclosedQuote, kTooLong };

  bool SkipMark();
  bool FinishSkippedLine();
  Parsed ParseRecord();
  // Scan from at_ up to limit_; false when they get there without having found what ends them.
  bool ScanQuoted();
  bool ScanUnquoted(Span& span);
  void FinishRecord(size_t end);
  void RefuseLine(CsvRecord::Kind kind);
  bool IsEscape(char c) const { return dialect_.escape == c; }

  const CsvDialect dialect_;
  std::string buffer_;
  size_t position_ = 0;  // begin of the next record in buffer_
  size_t wanted_ = 0;    // bytes behind position_ before another try to find a record's end
  size_t at_ = 0;        // of the scan
  size_t limit_ = 0;     // the same: as far as the record may reach, or there are bytes
  bool is_cut_ = false;  // there may be more bytes than the record may have
  bool begun_ = false;
  bool ended_ = false;
  bool is_skipping_ = false;  // the rest of a line that was too long
  std::vector<Span> spans_;
  std::string scratch_;
  CsvRecord record_;
};

// The delimiter of a file by its first line: that of `,`, `;`, tab and `|` which stands most often
// outside of quotes, `,` when none does.
char DetectCsvDelimiter(std::string_view line);

}  // namespace clv

#endif  // CLV_COMMON_BASE_CSV_PARSER_H_
