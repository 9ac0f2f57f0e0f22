#include "services/ingest/json_batch.h"

#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/ingest/json_row_reader.h"
#include "services/ingest/value_scanner.h"

namespace clv::ingest {

absl::StatusOr<PreparedWrite> ReadJsonBatch(std::string body, BatchBuilder::Options options) {
  const size_t length = body.size();
  body.append(JsonRowReader::kPadding, ' ');
  JsonRowReader reader(options.data_source);
  BatchBuilder builder(std::move(options));
  ValueScanner scanner(std::string_view(body).substr(0, length));
  while (const std::optional<ScannedValue> value = scanner.Next()) {
    if (builder.rows() >= kMaxValues || builder.refused_rows() >= kMaxRefusedValues) {
      return absl::ResourceExhaustedError(absl::StrCat("the body holds more than ", kMaxValues,
                                                       " values, or more than ", kMaxRefusedValues,
                                                       " that are refused; send smaller batches"));
    }
    if (value->is_broken) {
      const std::string error = absl::StrCat("not JSON: ", value->reason);
      builder.AddText(value->text, error, error);
      continue;
    }
    const ReadValue read = reader.Read(value->text);
    switch (read.kind) {
      case ReadValue::Kind::kRow:
        builder.AddRow(read.row, value->text);
        break;
      case ReadValue::Kind::kNoObject:
        builder.AddText(value->text, read.reason, "a JSON object");
        break;
      case ReadValue::Kind::kNotJson:
        builder.AddText(scanner.Refuse(), read.reason, read.reason);
        break;
    }
  }
  return builder.Finish();
}

}  // namespace clv::ingest
