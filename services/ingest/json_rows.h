// services/ingest/json_rows.h: the rows of a file of JSON values.
#ifndef CLV_SERVICES_INGEST_JSON_ROWS_H_
#define CLV_SERVICES_INGEST_JSON_ROWS_H_

#include <string>

#include "absl/status/status.h"
#include "services/ingest/json_row_reader.h"
#include "services/ingest/row_splitter.h"
#include "services/ingest/value_scanner.h"

namespace clv::ingest {

// Hands over all values that the scanner has now, as rows, as texts that are no rows, or as invalid
// lines. Its text must have JsonRowReader::kPadding readable bytes behind it.
absl::Status ReadValues(ValueScanner& scanner, JsonRowReader& reader, RowSink& sink);

// JSON values one a line, back to back, or as one array. What is no JSON is one invalid line to the
// end of its line.
class JsonRows final : public RowSplitter {
 public:
  // `sink` must outlive the splitter.
  JsonRows(domain::DataSource data_source, RowSink* sink, size_t max_row_bytes = kMaxFileRowBytes);

  absl::Status Take(std::string_view piece) override;
  absl::Status Finish() override;
  bool is_empty() const override { return !scanner_.has_begun(); }

 private:
  absl::Status ReadAll(bool is_last);

  RowSink* const sink_;
  const size_t max_row_bytes_;
  JsonRowReader reader_;
  ValueScanner scanner_;
  std::string buffer_;  // text, and padding behind it
  size_t length_ = 0;   // of the text
  size_t wanted_ = 0;   // length before the value at its beginning is looked at again
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_JSON_ROWS_H_
