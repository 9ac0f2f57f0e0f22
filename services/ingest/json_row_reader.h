// services/ingest/json_row_reader.h: one JSON value as a row.
#ifndef CLV_SERVICES_INGEST_JSON_ROW_READER_H_
#define CLV_SERVICES_INGEST_JSON_ROW_READER_H_

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/domain/raw_row.h"

namespace clv::ingest {

// What a text is.
struct ReadValue {
  enum class Kind { kRow, kNoObject, kNotJson };

  Kind kind = Kind::kNotJson;
  domain::RawRow row;  // for kRow
  std::string reason;  // for the others
};

// Reads values of one data source. The whole text is validated, unknown keys and their values
// included: RFC 8259, UTF-8, nesting up to kMaxJsonDepth. Unknown keys are ignored, of duplicate
// keys the last counts. Numbers keep their text. A string that escapes a lone surrogate is JSON,
// but no text. Thread-compatible; reuse it, it keeps its buffers.
class JsonRowReader {
 public:
  // Bytes that must be readable after each value.
  static const size_t kPadding;

  explicit JsonRowReader(domain::DataSource data_source);
  ~JsonRowReader();

  JsonRowReader(const JsonRowReader&) = delete;
  JsonRowReader& operator=(const JsonRowReader&) = delete;

  // `value`: one piece as ValueScanner finds it. The result's views last until the next call and as
  // long as the text.
  ReadValue Read(std::string_view value);

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_JSON_ROW_READER_H_
