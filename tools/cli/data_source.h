// tools/cli/data_source.h: which data source a file belongs to, and its columns.
//
// Pure and thread-safe.
#ifndef CLV_TOOLS_CLI_DATA_SOURCE_H_
#define CLV_TOOLS_CLI_DATA_SOURCE_H_

#include <span>
#include <string_view>

namespace clv::cli {

// What the text of a CSV column becomes in JSON.
enum class ColumnKind {
  kText,     // a string
  kAmount,   // a string, since the server reads decimal strings exactly
  kInstant,  // a string; digits alone are epoch seconds, so a number
  kFlag,     // 0, 1, true or false as they are
};

struct SourceColumn {
  std::string_view name;
  ColumnKind kind;
  bool required;
};

struct DataSource {
  std::string_view name;
  std::span<const SourceColumn> columns;
};

// customers, purchases, customer_clv.
std::span<const DataSource> DataSources();

// The data source of that name, or null.
const DataSource* FindDataSource(std::string_view name);

// The data source whose name the file's own name begins with, whatever the case, with "-" for "_"
// where it has that: "demo/Purchases-2026.ndjson.gz" is purchases, "customer-clv.csv" is
// customer_clv. Null where there is none.
const DataSource* DataSourceOfFile(std::string_view path);

enum class FileFormat { kNdjson, kCsv };

// kCsv where the name, without ".gz" or ".zst", ends with ".csv" (whatever the case); else kNdjson.
FileFormat FormatOfFile(std::string_view path);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_DATA_SOURCE_H_
