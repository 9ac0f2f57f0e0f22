#include "tools/cli/csv_reader.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "tools/cli/text_format.h"

namespace clv::cli {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;
constexpr size_t kMostRecordBytes = size_t{16} << 20;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void AppendValue(std::string& json, ColumnKind kind, std::string_view text) {
  const bool bare =
      (kind == ColumnKind::kInstant && IsDigits(text) && (text.size() == 1 || text[0] != '0')) ||
      (kind == ColumnKind::kFlag &&
       (text == "0" || text == "1" || text == "true" || text == "false"));
  if (bare) {
    json.append(text);
  } else {
    AppendJsonString(json, text);
  }
}

class CsvReader : public BatchReader {
 public:
  CsvReader(std::unique_ptr<ByteSource> source, const CsvOptions& options)
      : source_(std::move(source)), options_(options) {}

  absl::Status ReadHeader(const DataSource& data_source) {
    while (!at_end_ && buffer_.size() < kByteOrderMark.size()) {
      CLV_RETURN_IF_ERROR(Fill());
    }
    if (std::string_view(buffer_).starts_with(kByteOrderMark)) {
      position_ = kByteOrderMark.size();
    }
    CLV_ASSIGN_OR_RETURN(const bool found, ReadRecord());
    if (!found) {
      return absl::InvalidArgumentError("the file is empty; want a header line");
    }
    for (const std::string& field : fields_) {
      const std::string name = absl::AsciiStrToLower(absl::StripAsciiWhitespace(field));
      const auto column = std::find_if(data_source.columns.begin(), data_source.columns.end(),
                                       [&name](const auto& c) { return c.name == name; });
      const SourceColumn* const known = column == data_source.columns.end() ? nullptr : &*column;
      if (known == nullptr) {
        ignored_columns_.push_back(field);
      } else if (std::find(columns_.begin(), columns_.end(), known) != columns_.end()) {
        return absl::InvalidArgumentError(absl::StrCat("the header names ", name, " twice"));
      }
      columns_.push_back(known);
    }
    for (const SourceColumn& column : data_source.columns) {
      if (column.required &&
          std::find(columns_.begin(), columns_.end(), &column) == columns_.end()) {
        return absl::InvalidArgumentError(absl::StrCat("the header lacks the column ",
                                                       std::string(column.name), " of data source ",
                                                       std::string(data_source.name)));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<Batch>> Next() override {
    Batch batch;
    while (batch.rows < options_.limits.rows && batch.body.size() < options_.limits.bytes) {
      if (pending_.empty()) {
        CLV_ASSIGN_OR_RETURN(const bool found, ReadRecord());
        if (!found) {
          break;
        }
        if (fields_.size() == 1 && fields_[0].empty()) {
          continue;  // a blank line
        }
        AppendRow(pending_);
      }
      if (batch.rows > 0 && batch.body.size() + pending_.size() > options_.limits.bytes) {
        break;
      }
      batch.body.append(pending_);
      pending_.clear();
      ++batch.rows;
    }
    if (batch.rows == 0) {
      return std::nullopt;
    }
    return batch;
  }

  std::optional<double> fraction_read() const override { return source_->fraction_read(); }
  std::vector<std::string> ignored_columns() const override { return ignored_columns_; }

 private:
  // Parses the next record into fields_ and record_. False at the end of the file.
  absl::StatusOr<bool> ReadRecord() {
    while (true) {
      if (const std::optional<size_t> end = ParseRecord()) {
        record_ = std::string(absl::StripTrailingAsciiWhitespace(
            absl::string_view(buffer_).substr(position_, *end - position_)));
        position_ = *end;
        return true;
      }
      if (at_end_ && position_ == buffer_.size()) {
        return false;
      }
      if (at_end_ || buffer_.size() - position_ > kMostRecordBytes) {
        return absl::InvalidArgumentError(
            absl::StrCat("a quote is not closed in the record that begins with ",
                         buffer_.substr(position_, 40)));
      }
      CLV_RETURN_IF_ERROR(Fill());
    }
  }

  // The end of the record at position_; empty when the buffer ends before it.
  std::optional<size_t> ParseRecord() {
    fields_.assign(1, "");
    bool quoted = false;
    if (position_ == buffer_.size()) {
      return std::nullopt;
    }
    for (size_t i = position_; i < buffer_.size(); ++i) {
      const char c = buffer_[i];
      if (quoted) {
        if (c != '"') {
          fields_.back() += c;
          continue;
        }
        if (i + 1 == buffer_.size() && !at_end_) {
          return std::nullopt;  // perhaps the first of two quotes
        }
        if (i + 1 < buffer_.size() && buffer_[i + 1] == '"') {
          fields_.back() += '"';
          ++i;
        } else {
          quoted = false;
        }
      } else if (c == '"' && fields_.back().empty()) {
        quoted = true;
      } else if (c == options_.delimiter) {
        fields_.emplace_back();
      } else if (c == '\n') {
        if (fields_.back().ends_with('\r')) {
          fields_.back().pop_back();
        }
        return i + 1;
      } else {
        fields_.back() += c;
      }
    }
    return at_end_ && !quoted ? std::optional(buffer_.size()) : std::nullopt;
  }

  void AppendRow(std::string& json) const {
    if (fields_.size() != columns_.size()) {
      AppendJsonString(json, record_);
      json.append("\n");
      return;
    }
    char separator = '{';
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (columns_[i] == nullptr || fields_[i].empty()) {
        continue;
      }
      json += separator;
      separator = ',';
      AppendJsonString(json, columns_[i]->name);
      json += ':';
      AppendValue(json, columns_[i]->kind, fields_[i]);
    }
    json.append(separator == '{' ? "{}\n" : "}\n");
  }

  absl::Status Fill() {
    buffer_.erase(0, position_);
    position_ = 0;
    const size_t size = buffer_.size();
    buffer_.resize(size + kReadBytes);
    const absl::StatusOr<size_t> got = source_->Read(std::span(buffer_.data() + size, kReadBytes));
    buffer_.resize(size + got.value_or(0));
    CLV_RETURN_IF_ERROR(got.status());
    at_end_ = *got == 0;
    return absl::OkStatus();
  }

  std::unique_ptr<ByteSource> source_;
  CsvOptions options_;
  std::vector<const SourceColumn*> columns_;  // of the header's fields; null for unknown ones
  std::vector<std::string> ignored_columns_;
  std::string buffer_;
  size_t position_ = 0;  // begin of the next record in buffer_
  bool at_end_ = false;
  std::vector<std::string> fields_;
  std::string record_;   // text of the record in fields_
  std::string pending_;  // a row that did not fit into the last batch
};

}  // namespace

absl::StatusOr<std::unique_ptr<BatchReader>> NewCsvReader(std::unique_ptr<ByteSource> source,
                                                          const DataSource& data_source,
                                                          const CsvOptions& options) {
  auto reader = std::make_unique<CsvReader>(std::move(source), options);
  CLV_RETURN_IF_ERROR(reader->ReadHeader(data_source));
  return reader;
}

}  // namespace clv::cli
