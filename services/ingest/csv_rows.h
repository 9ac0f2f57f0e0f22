// services/ingest/csv_rows.h: the rows of a CSV file.
#ifndef CLV_SERVICES_INGEST_CSV_ROWS_H_
#define CLV_SERVICES_INGEST_CSV_ROWS_H_

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/base/csv_parser.h"
#include "common/domain/data_sources.h"
#include "services/ingest/row_splitter.h"

namespace clv::ingest {

// How a CSV file is written, as far as the client says it.
struct CsvFormat {
  std::optional<char> delimiter = {};  // absent: found from the first line
  char line_end = '\n';
  std::optional<char> escape = {};
};

// Lines of values. The first line is a header when it names a required column, or when at least
// half of its values name columns: then it says where each column is, whatever the order and the
// case; columns that the data source does not have are left out. Without a header the values are
// the data source's columns in their order; optional ones may be missing at the end, in all lines
// alike. An empty value is an absent one. A line with another number of values is invalid. Values
// are texts, but for digits of an instant (epoch seconds) and the words of a flag.
class CsvRows final : public RowSplitter {
 public:
  // `sink` must outlive the splitter.
  CsvRows(domain::DataSource data_source, const CsvFormat& format, RowSink* sink,
          size_t max_row_bytes = kMaxFileRowBytes);

  // INVALID_ARGUMENT (HTTP 400) also for a header that lacks a required column or names one twice.
  absl::Status Take(std::string_view piece) override;
  absl::Status Finish() override;
  bool is_empty() const override { return !has_records_; }

 private:
  // Whether the delimiter is known, or can be told from the beginning now.
  bool MakeParser(bool is_last);
  absl::Status ReadAll();
  absl::Status ReadRecord(const CsvRecord& record);
  bool IsHeader(const CsvRecord& record) const;
  absl::Status ReadHeader(const CsvRecord& record);
  void GuessLayout(const CsvRecord& record);
  domain::RawValue ValueOf(domain::ColumnType type, std::string_view text, bool is_valid_utf8);
  std::optional<size_t> PlaceOf(std::string_view name) const;

  const std::string data_source_name_;
  const std::span<const domain::Column> columns_;
  CsvFormat format_;
  RowSink* const sink_;
  const size_t max_row_bytes_;
  std::string beginning_;  // as long as there is no parser
  std::optional<CsvParser> parser_;
  bool has_records_ = false;
  bool has_layout_ = false;
  std::vector<std::optional<size_t>> places_;  // of the columns in a line; absent: unknown
  std::deque<std::string> mended_;             // texts of one row that were not UTF-8
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_CSV_ROWS_H_
