// tools/cli/query.h: `clv query`: asks an endpoint and prints the answer.
#ifndef CLV_TOOLS_CLI_QUERY_H_
#define CLV_TOOLS_CLI_QUERY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/cli/http_client.h"
#include "tools/cli/table_printer.h"
#include "tools/cli/url.h"

namespace clv::cli {

enum class OutputFormat { kTable, kJson, kCsv, kNdjson };

struct QueryOptions {
  std::string endpoint;              // for example clv_by_segment
  std::vector<std::string> filters;  // "key=value"
  OutputFormat format = OutputFormat::kTable;
  std::vector<std::string> columns;  // of the table, in this order; empty: all
};

// An endpoint's JSON answer.
struct Report {
  Table table;
  std::optional<uint64_t> rows_before_limit;
  std::string as_of;
  std::string reporting_currency;
  std::vector<std::string> warnings;
};

// Splits each "key=value" at its first "=". INVALID_ARGUMENT where there is none, or nothing before
// it.
absl::StatusOr<Parameters> ParseFilters(const std::vector<std::string>& filters);

// Reads the JSON form of an answer; numbers keep the digits that the server wrote. UNKNOWN for
// anything else.
absl::StatusOr<Report> ParseReport(std::string_view json);

// The table with only these columns, in this order. INVALID_ARGUMENT for a column that it does not
// have.
absl::StatusOr<Table> SelectColumns(const Table& table, const std::vector<std::string>& columns);

// Prints the answer on standard output; what belongs to a table but is no row (number of rows,
// as_of, currency, warnings) on standard error.
absl::Status RunQuery(const Server& server, const QueryOptions& options);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_QUERY_H_
