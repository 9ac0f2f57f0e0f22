// tools/cli/csv_reader.h: CSV files (RFC 4180) as batches of NDJSON rows.
#ifndef CLV_TOOLS_CLI_CSV_READER_H_
#define CLV_TOOLS_CLI_CSV_READER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "tools/cli/batch_reader.h"
#include "tools/cli/byte_source.h"
#include "tools/cli/data_source.h"

namespace clv::cli {

struct CsvOptions {
  char delimiter = ',';
  BatchLimits limits;
};

// Reads the header, whose names are the data source's columns in any order, whatever the case;
// columns that it does not know are left out. Fields may be quoted, with "" for a quote and line
// ends inside; lines end with "\n" or "\r\n". An empty field is a missing value. A record with
// another number of fields than the header goes out as a JSON string of its text, so that the
// server quarantines it. INVALID_ARGUMENT when the header lacks a required column or names one
// twice, and (from Next) when a quote is never closed.
absl::StatusOr<std::unique_ptr<BatchReader>> NewCsvReader(std::unique_ptr<ByteSource> source,
                                                          const DataSource& data_source,
                                                          const CsvOptions& options);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_CSV_READER_H_
