// common/rpc/table_writer.h: tables as /v0 JSON, CSV and NDJSON, cell by cell.
//
// JSON: one object with the keys `meta`, `data`, `rows`, `rows_before_limit_at_least` (where there
// is a limit), `statistics`, `context` in this order, and a newline. CSV: a header row; texts,
// dates and header names in double quotes, numbers bare, nulls `\N`, arrays as `"['a','b']"`, lines
// end with
// `\n`. NDJSON: one object a line.
#ifndef CLV_COMMON_RPC_TABLE_WRITER_H_
#define CLV_COMMON_RPC_TABLE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clv::rpc {

enum class TableFormat { kJson, kCsv, kNdjson };

// The HTTP Content-Type of a format.
std::string_view ContentTypeOf(TableFormat format);

// A column: its name and its type as `meta` shows it, for example `Nullable(UInt64)`.
struct TableColumn {
  std::string name;
  std::string type;
};

struct TableOptions {
  TableFormat format = TableFormat::kJson;
  bool quote_64bit_integers = false;  // JSON, NDJSON: 64-bit integers as texts
  bool quote_denormals = false;       // JSON, NDJSON: NaN and infinities as texts rather than null
};

// What stands around the rows of a JSON table; the other formats do not show it.
struct TableFooter {
  std::optional<uint64_t> rows_before_limit_at_least = {};
  double elapsed_seconds = 0;
  uint64_t rows_read = 0;
  uint64_t bytes_read = 0;
  std::string context_json = "{}";  // an object
};

// Writes one table: for each row BeginRow, then one cell call for each column in order; then
// Finish. Thread-compatible.
class TableWriter {
 public:
  TableWriter(TableOptions options, std::vector<TableColumn> columns);

  void BeginRow();

  void Null();
  void Text(std::string_view text);     // also dates and instants
  void Decimal(std::string_view text);  // an exact decimal, as it stands
  void Double(double value);            // NaN and infinities are null
  void Flag(bool value);                // 1 or 0
  void Unsigned(uint64_t value);
  void Signed(int64_t value);
  void Texts(const std::vector<std::string>& texts);

  // Completes the table and hands it over.
  std::string Finish(const TableFooter& footer);

 private:
  void BeginJson();
  void BeginCell();
  void EndCell();

  const TableOptions options_;
  const std::vector<TableColumn> columns_;
  std::vector<std::string> prefixes_;  // what stands before each cell
  std::string out_;
  size_t next_column_ = 0;
  uint64_t rows_ = 0;
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_TABLE_WRITER_H_
