// services/ingest/row_splitter.h: from the plain bytes of a file to its rows.
#ifndef CLV_SERVICES_INGEST_ROW_SPLITTER_H_
#define CLV_SERVICES_INGEST_ROW_SPLITTER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/domain/raw_row.h"

namespace clv::ingest {

// Bytes that a row of a file may have.
inline constexpr size_t kMaxFileRowBytes = 1 << 20;

// Receives rows in their order. All texts are views that last for the call. An error that it
// returns ends what hands the rows over.
class RowSink {
 public:
  virtual ~RowSink() = default;

  // `raw`: the row's own text; absent where its JSON form is to be kept instead.
  virtual absl::Status AddRow(const domain::RawRow& row, std::optional<std::string_view> raw) = 0;

  // A value that is no row; for `error` and `reason` see BatchBuilder::AddText.
  virtual absl::Status AddText(std::string_view raw, const std::string& error,
                               const std::string& reason) = 0;

  // Text that is not even a value of the file's format.
  virtual absl::Status AddInvalidLine(std::string_view raw, const std::string& error,
                                      const std::string& reason) = 0;
};

// Finds the rows of a file that comes in pieces; how it is cut changes nothing. Bad text never ends
// it. Holds at most one row and one piece. Thread-compatible.
class RowSplitter {
 public:
  virtual ~RowSplitter() = default;

  // Reads a piece. INVALID_ARGUMENT when the file cannot belong to the data source, or what the
  // sink returns; not to be used again after an error.
  virtual absl::Status Take(std::string_view piece) = 0;

  // There is no more.
  virtual absl::Status Finish() = 0;

  // Nothing but blanks has come.
  virtual bool is_empty() const = 0;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_ROW_SPLITTER_H_
