// tools/demo_data/row_writer.h: customers and purchases as NDJSON or CSV text in the field names of
// the data sources.
//
// NDJSON: one object a line; a field without a value is left out. CSV (RFC 4180, "\n" ends): a
// header line, then every column in each row; a field without a value is empty. Amounts have two
// decimals, instants are "YYYY-MM-DD HH:MM:SS".
#ifndef CLV_TOOLS_DEMO_DATA_ROW_WRITER_H_
#define CLV_TOOLS_DEMO_DATA_ROW_WRITER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "tools/demo_data/purchase_stream.h"
#include "tools/demo_data/shop.h"

namespace clv::demo_data {

enum class RowFormat { kNdjson, kCsv };

// Takes a piece of the output. Pieces come in order and end anywhere.
using ByteSink = std::function<absl::Status(std::string_view)>;

// One row of the data source `customers`. An empty text is a field without a value.
struct CustomerRow {
  uint64_t customer_number = 0;
  std::string name;
  std::string email;
  int64_t signup_second = 0;  // since 1970-01-01; also created_at
  std::string_view country;
  std::string_view segment;
  std::string_view source;
  bool active = true;
};

// The row of a customer of the shop. Some of those who have left for good are not active.
CustomerRow DescribeCustomer(const Shop& shop, size_t customer);

// Formats rows of one data source into a buffer and hands it to the sink when it is full. Not
// thread-safe.
class RowWriter {
 public:
  RowWriter(RowFormat format, ByteSink sink);

  // Either only customers or only purchases may be written to one writer. Errors are the sink's.
  absl::Status Write(const CustomerRow& row);
  absl::Status Write(const PurchaseRow& row);

  // Hands over what is left. Must be called at the end: the destructor does not.
  absl::Status Finish();

  int64_t rows() const { return rows_; }
  int64_t bytes() const { return bytes_ + static_cast<int64_t>(buffer_.size()); }

 private:
  absl::Status EndRow();
  void AppendDay(int64_t day);

  void Append(std::string_view text) { buffer_.append(text); }
  void AppendNumber(uint64_t number);
  void AppendCents(int64_t cents);
  void AppendInstant(int64_t second);
  // A text value with its quotes and escapes.
  void AppendJsonText(std::string_view text);
  void AppendCsvText(std::string_view text);
  // ,"key":"text" unless `text` is empty. `prefix` is everything up to the value.
  void AppendJsonField(std::string_view prefix, std::string_view text);

  void AppendJson(const CustomerRow& row);
  void AppendJson(const PurchaseRow& row);
  void AppendCsv(const CustomerRow& row);
  void AppendCsv(const PurchaseRow& row);

  RowFormat format_;
  ByteSink sink_;
  std::string buffer_;
  int64_t rows_ = 0;
  int64_t bytes_ = 0;  // handed to the sink
  int64_t cached_day_ = -1;
  std::string cached_day_text_;
};

}  // namespace clv::demo_data

#endif  // CLV_TOOLS_DEMO_DATA_ROW_WRITER_H_
