#include "services/ingest/json_batch.h"

#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "services/ingest/json_rows.h"

namespace clv::ingest {
namespace {

// A batch that does not grow beyond what one body may hold.
class LimitedBatch final : public RowSink {
 public:
  explicit LimitedBatch(BatchBuilder::Options options) : builder_(std::move(options)) {}

  absl::Status AddRow(const domain::RawRow& row, std::optional<std::string_view> raw) override {
    CLV_RETURN_IF_ERROR(CheckRoom());
    builder_.AddRow(row, raw);
    return absl::OkStatus();
  }

  absl::Status AddText(std::string_view raw, const std::string& error,
                       const std::string& reason) override {
    CLV_RETURN_IF_ERROR(CheckRoom());
    builder_.AddText(raw, error, reason);
    return absl::OkStatus();
  }

  absl::Status AddInvalidLine(std::string_view raw, const std::string& error,
                              const std::string& reason) override {
    return AddText(raw, error, reason);
  }

  PreparedWrite Finish() { return builder_.Finish(); }

 private:
  absl::Status CheckRoom() const {
    if (builder_.rows() < kMaxValues && builder_.refused_rows() < kMaxRefusedValues) {
      return absl::OkStatus();
    }
    return absl::ResourceExhaustedError(absl::StrCat("the body holds more than ", kMaxValues,
                                                     " values, or more than ", kMaxRefusedValues,
                                                     " that are refused; send smaller batches"));
  }

  BatchBuilder builder_;
};

}  // namespace

absl::StatusOr<PreparedWrite> ReadJsonBatch(std::string body, BatchBuilder::Options options) {
  const size_t length = body.size();
  body.append(JsonRowReader::kPadding, ' ');
  JsonRowReader reader(options.data_source);
  ValueScanner scanner(std::string_view(body).substr(0, length));
  LimitedBatch batch(std::move(options));
  CLV_RETURN_IF_ERROR(ReadValues(scanner, reader, batch));
  return batch.Finish();
}

}  // namespace clv::ingest
