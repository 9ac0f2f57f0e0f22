#include "tools/cli/csv_reader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/csv_parser.h"
#include "common/base/status_macros.h"
#include "tools/cli/text_format.h"

namespace clv::cli {
namespace {

constexpr size_t kCsvPieceBytes = size_t{1} << 20;
constexpr size_t kMostRecordBytes = size_t{16} << 20;

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
      : source_(std::move(source)),
        options_(options),
        parser_({.delimiter = options.delimiter, .max_record_bytes = kMostRecordBytes}),
        piece_(kCsvPieceBytes) {}

  absl::Status ReadHeader(const DataSource& data_source) {
    CLV_ASSIGN_OR_RETURN(const CsvRecord* const header, ReadRecord());
    if (header == nullptr) {
      return absl::InvalidArgumentError("the file is empty; want a header line");
    }
    for (const std::string_view field : header->fields) {
      const std::string name =
          absl::AsciiStrToLower(absl::StripAsciiWhitespace(std::string(field)));
      const auto column = std::find_if(data_source.columns.begin(), data_source.columns.end(),
                                       [&name](const auto& c) { return c.name == name; });
      const SourceColumn* const known = column == data_source.columns.end() ? nullptr : &*column;
      if (known == nullptr) {
        ignored_columns_.emplace_back(field);
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
        CLV_ASSIGN_OR_RETURN(const CsvRecord* const record, ReadRecord());
        if (record == nullptr) {
          break;
        }
        AppendRow(*record, pending_);
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
  // The next record; null at the end of the file.
  absl::StatusOr<const CsvRecord*> ReadRecord() {
    const CsvRecord* record = parser_.Next();
    while (record == nullptr && !at_end_) {
      CLV_RETURN_IF_ERROR(Fill());
      record = parser_.Next();
    }
    if (record != nullptr && record->kind != CsvRecord::Kind::kRecord) {
      return absl::InvalidArgumentError(
          absl::StrCat("a quote is not closed in the record that begins with ",
                       std::string(record->text.substr(0, 40))));
    }
    return record;
  }

  void AppendRow(const CsvRecord& record, std::string& json) const {
    const std::vector<std::string_view>& fields = record.fields;
    if (fields.size() != columns_.size()) {
      AppendJsonString(json, record.text);
      json.append("\n");
      return;
    }
    char separator = '{';
    for (size_t i = 0; i < fields.size(); ++i) {
      if (columns_[i] == nullptr || fields[i].empty()) {
        continue;
      }
      json += separator;
      separator = ',';
      AppendJsonString(json, columns_[i]->name);
      json += ':';
      AppendValue(json, columns_[i]->kind, fields[i]);
    }
    json.append(separator == '{' ? "{}\n" : "}\n");
  }

  absl::Status Fill() {
    CLV_ASSIGN_OR_RETURN(const size_t got, source_->Read(piece_));
    at_end_ = got == 0;
    if (at_end_) {
      parser_.End();
    } else {
      parser_.Feed({piece_.data(), got});
    }
    return absl::OkStatus();
  }

  std::unique_ptr<ByteSource> source_;
  CsvOptions options_;
  std::vector<const SourceColumn*> columns_;  // of the header's fields; null for unknown ones
  std::vector<std::string> ignored_columns_;
  CsvParser parser_;
  std::vector<char> piece_;
  bool at_end_ = false;
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
