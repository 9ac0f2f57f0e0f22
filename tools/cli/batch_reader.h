// tools/cli/batch_reader.h: cuts an input file into request bodies of whole rows.
#ifndef CLV_TOOLS_CLI_BATCH_READER_H_
#define CLV_TOOLS_CLI_BATCH_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/cli/byte_source.h"

namespace clv::cli {

// Limits of one batch. A single row above `bytes` is a batch by itself.
struct BatchLimits {
  int64_t rows = 10'000;
  size_t bytes = size_t{4} << 20;
};

// Whole rows as NDJSON.
struct Batch {
  std::string body;
  int64_t rows = 0;
};

// Gives the rows of one file in their order. Not thread-safe.
class BatchReader {
 public:
  virtual ~BatchReader() = default;

  // The next batch, which has at least one row; empty at the end. Errors are the source's;
  // INVALID_ARGUMENT for text that cannot be cut into rows.
  virtual absl::StatusOr<std::optional<Batch>> Next() = 0;

  // How much of the file has been read, 0..1; absent where its size is unknown.
  virtual std::optional<double> fraction_read() const = 0;

  // Columns of a CSV header that the data source does not have; their values are left out.
  virtual std::vector<std::string> ignored_columns() const { return {}; }
};

// Cuts at line ends; the lines go out byte for byte, even where they are no JSON (the server then
// quarantines them). Blank lines are no rows. A byte order mark at the begin is dropped. A file
// that is one JSON array is refused with INVALID_ARGUMENT.
std::unique_ptr<BatchReader> NewNdjsonReader(std::unique_ptr<ByteSource> source,
                                             const BatchLimits& limits);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_BATCH_READER_H_
