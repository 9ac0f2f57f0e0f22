#include "services/ingest/json_rows.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace clv::ingest {

absl::Status ReadValues(ValueScanner& scanner, JsonRowReader& reader, RowSink& sink) {
  while (const std::optional<ScannedValue> value = scanner.Next()) {
    if (value->is_broken) {
      const std::string error = absl::StrCat("not JSON: ", value->reason);
      CLV_RETURN_IF_ERROR(sink.AddInvalidLine(value->text, error, error));
      continue;
    }
    const ReadValue read = reader.Read(value->text);
    switch (read.kind) {
      case ReadValue::Kind::kRow:
        CLV_RETURN_IF_ERROR(sink.AddRow(read.row, value->text));
        break;
      case ReadValue::Kind::kNoObject:
        CLV_RETURN_IF_ERROR(sink.AddText(value->text, read.reason, "a JSON object"));
        break;
      case ReadValue::Kind::kNotJson: {
        const std::optional<std::string_view> line = scanner.Refuse();
        if (!line) return absl::OkStatus();
        CLV_RETURN_IF_ERROR(sink.AddInvalidLine(*line, read.reason, read.reason));
        break;
      }
    }
  }
  return absl::OkStatus();
}

JsonRows::JsonRows(domain::DataSource data_source, RowSink* sink, size_t max_row_bytes)
    : sink_(sink), max_row_bytes_(max_row_bytes), reader_(data_source), scanner_(max_row_bytes) {}

absl::Status JsonRows::Take(std::string_view piece) {
  buffer_.resize(length_);
  buffer_.append(piece);
  length_ = buffer_.size();
  // A value that is not whole is looked at from its beginning again: waiting for twice as much
  // keeps small pieces from making that quadratic.
  if (length_ < wanted_) return absl::OkStatus();
  return ReadAll(false);
}

absl::Status JsonRows::Finish() { return ReadAll(true); }

absl::Status JsonRows::ReadAll(bool is_last) {
  buffer_.resize(length_);
  buffer_.append(JsonRowReader::kPadding, ' ');
  scanner_.Continue(std::string_view(buffer_).substr(0, length_), is_last);
  CLV_RETURN_IF_ERROR(ReadValues(scanner_, reader_, *sink_));
  length_ -= scanner_.used();
  buffer_.erase(0, scanner_.used());
  wanted_ = std::min(2 * length_, max_row_bytes_ + 1);
  return absl::OkStatus();
}

}  // namespace clv::ingest
