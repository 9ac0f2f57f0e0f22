#include "tools/cli/batch_reader.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "common/base/status_macros.h"

namespace clv::cli {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kBlanks = " \t\r\n";

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(kBlanks) == std::string_view::npos;
}

class NdjsonReader : public BatchReader {
 public:
  NdjsonReader(std::unique_ptr<ByteSource> source, const BatchLimits& limits)
      : source_(std::move(source)), limits_(limits) {}

  absl::StatusOr<std::optional<Batch>> Next() override {
    if (!begun_) {
      CLV_RETURN_IF_ERROR(Begin());
    }
    Batch batch;
    size_t end = 0;  // of the batch's last whole line in buffer_
    while (batch.rows < limits_.rows) {
      const size_t newline = buffer_.find('\n', std::max(end, searched_));
      if (newline == std::string::npos && !at_end_) {
        searched_ = buffer_.size();
        CLV_RETURN_IF_ERROR(Fill());
        continue;
      }
      const size_t line_end = newline == std::string::npos ? buffer_.size() : newline + 1;
      const bool is_row = !IsBlank(std::string_view(buffer_).substr(end, line_end - end));
      if (line_end == end || (is_row && batch.rows > 0 && line_end > limits_.bytes)) {
        break;
      }
      batch.rows += is_row ? 1 : 0;
      end = line_end;
    }
    searched_ = 0;
    if (batch.rows == 0) {
      return std::nullopt;
    }
    batch.body = buffer_.substr(0, end);
    buffer_.erase(0, end);
    return batch;
  }

  std::optional<double> fraction_read() const override { return source_->fraction_read(); }

 private:
  absl::Status Fill() {
    const size_t size = buffer_.size();
    buffer_.resize(size + kReadBytes);
    const absl::StatusOr<size_t> got = source_->Read(std::span(buffer_.data() + size, kReadBytes));
    buffer_.resize(size + got.value_or(0));
    CLV_RETURN_IF_ERROR(got.status());
    at_end_ = *got == 0;
    return absl::OkStatus();
  }

  // Reads up to the first character of the first row.
  absl::Status Begin() {
    size_t first = std::string::npos;
    while (first == std::string::npos && !at_end_) {
      CLV_RETURN_IF_ERROR(Fill());
      if (buffer_.starts_with(kByteOrderMark)) {
        buffer_.erase(0, kByteOrderMark.size());
      }
      const bool may_be_mark = buffer_.size() < kByteOrderMark.size() && !at_end_;
      first = may_be_mark ? std::string::npos : buffer_.find_first_not_of(kBlanks);
    }
    begun_ = true;
    if (first != std::string::npos && buffer_[first] == '[') {
      return absl::InvalidArgumentError("a JSON array; want NDJSON: one object a line");
    }
    return absl::OkStatus();
  }

  std::unique_ptr<ByteSource> source_;
  BatchLimits limits_;
  std::string buffer_;
  size_t searched_ = 0;  // no newline before here, from the last whole line on
  bool begun_ = false;
  bool at_end_ = false;
};

}  // namespace

std::unique_ptr<BatchReader> NewNdjsonReader(std::unique_ptr<ByteSource> source,
                                             const BatchLimits& limits) {
  return std::make_unique<NdjsonReader>(std::move(source), limits);
}

}  // namespace clv::cli
