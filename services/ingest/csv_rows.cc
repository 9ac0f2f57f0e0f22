#include "services/ingest/csv_rows.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/rpc/v0_reply.h"

namespace clv::ingest {
namespace {

using domain::Column;
using domain::ColumnType;
using domain::RawRow;
using domain::RawValue;

// Bytes of the first line by which the delimiter is told.
constexpr size_t kBeginningBytes = 64 << 10;

// Digits that are a JSON number.
bool IsWholeNumber(std::string_view text) {
  if (text.size() > 1 && text[0] == '0') return false;
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

RawValue FlagOf(std::string_view text) {
  const absl::string_view word(text.data(), text.size());
  if (word == "0" || word == "1") return RawValue::Number(text);
  if (absl::EqualsIgnoreCase(word, "true")) return RawValue::Flag(true);
  if (absl::EqualsIgnoreCase(word, "false")) return RawValue::Flag(false);
  return RawValue::Text(text);
}

absl::Status HeaderError(const std::string& what) {
  return rpc::V0Error(absl::StatusCode::kInvalidArgument, 400, absl::StrCat("the header ", what),
                      "files");
}

std::string Values(size_t count) { return absl::StrCat(count, count == 1 ? " value" : " values"); }

}  // namespace

CsvRows::CsvRows(domain::DataSource data_source, const CsvFormat& format, RowSink* sink,
                 size_t max_row_bytes)
    : data_source_name_(domain::DataSourceName(data_source)),
      columns_(domain::ColumnsOf(data_source)),
      format_(format),
      sink_(sink),
      max_row_bytes_(max_row_bytes) {}

absl::Status CsvRows::Take(std::string_view piece) {
  if (parser_) {
    parser_->Feed(piece);
    return ReadAll();
  }
  beginning_.append(piece);
  return MakeParser(false) ? ReadAll() : absl::OkStatus();
}

absl::Status CsvRows::Finish() {
  if (!parser_) MakeParser(true);
  parser_->End();
  return ReadAll();
}

bool CsvRows::MakeParser(bool is_last) {
  if (!format_.delimiter) {
    const size_t begin = std::min(beginning_.find_first_not_of("\r\n"), beginning_.size());
    const size_t end = beginning_.find(format_.line_end, begin);
    const size_t length = std::min(end, beginning_.size()) - begin;
    // The same bytes whatever the pieces are.
    if (end == std::string::npos && length < kBeginningBytes && !is_last) return false;
    format_.delimiter = DetectCsvDelimiter(
        std::string_view(beginning_).substr(begin, std::min(length, kBeginningBytes)));
  }
  parser_.emplace(CsvDialect{.delimiter = *format_.delimiter,
                             .line_end = format_.line_end,
                             .escape = format_.escape,
                             .max_record_bytes = max_row_bytes_});
  parser_->Feed(beginning_);
  beginning_.clear();
  return true;
}

absl::Status CsvRows::ReadAll() {
  while (const CsvRecord* record = parser_->Next()) CLV_RETURN_IF_ERROR(ReadRecord(*record));
  return absl::OkStatus();
}

absl::Status CsvRows::ReadRecord(const CsvRecord& record) {
  has_records_ = true;
  if (record.kind != CsvRecord::Kind::kRecord) {
    const std::string error = record.kind == CsvRecord::Kind::kTooLong
                                  ? "invalid line: it is longer than a row may be"
                                  : "invalid line: a quote is not closed";
    return sink_->AddInvalidLine(record.text, error, error);
  }
  if (!has_layout_) {
    if (IsHeader(record)) return ReadHeader(record);
    GuessLayout(record);
  }
  if (record.fields.size() != places_.size()) {
    return sink_->AddInvalidLine(
        record.text,
        absl::StrCat("invalid line: got ", Values(record.fields.size()), ", want ", places_.size()),
        "invalid line: another number of values");
  }
  const bool is_valid_utf8 = IsValidUtf8(record.text);
  mended_.clear();
  RawRow row;
  for (size_t i = 0; i < places_.size(); ++i) {
    if (!places_[i]) continue;
    row.values[*places_[i]] = ValueOf(columns_[*places_[i]].type, record.fields[i], is_valid_utf8);
  }
  return sink_->AddRow(row, std::nullopt);
}

std::optional<size_t> CsvRows::PlaceOf(std::string_view name) const {
  const std::string lower = absl::AsciiStrToLower(
      absl::StripAsciiWhitespace(absl::string_view(name.data(), name.size())));
  const auto found = std::find_if(columns_.begin(), columns_.end(),
                                  [&](const Column& column) { return column.name == lower; });
  if (found == columns_.end()) return std::nullopt;
  return static_cast<size_t>(found - columns_.begin());
}

bool CsvRows::IsHeader(const CsvRecord& record) const {
  size_t names = 0;
  for (const std::string_view field : record.fields) {
    const std::optional<size_t> place = PlaceOf(field);
    if (!place) continue;
    if (columns_[*place].required) return true;
    ++names;
  }
  return 2 * names >= record.fields.size();
}

absl::Status CsvRows::ReadHeader(const CsvRecord& record) {
  std::vector<bool> is_named(columns_.size());
  for (const std::string_view field : record.fields) {
    const std::optional<size_t> place = PlaceOf(field);
    if (place && is_named[*place]) {
      return HeaderError(
          absl::StrCat("names the column ", std::string(columns_[*place].name), " twice"));
    }
    if (place) is_named[*place] = true;
    places_.push_back(place);
  }
  for (size_t place = 0; place < columns_.size(); ++place) {
    if (!columns_[place].required || is_named[place]) continue;
    return HeaderError(absl::StrCat("lacks the column ", std::string(columns_[place].name), " of ",
                                    data_source_name_));
  }
  has_layout_ = true;
  return absl::OkStatus();
}

void CsvRows::GuessLayout(const CsvRecord& record) {
  size_t fewest = 1;
  for (size_t place = 0; place < columns_.size(); ++place) {
    if (columns_[place].required) fewest = place + 1;
  }
  const size_t width = record.fields.size();
  const bool may_be = width >= fewest && width <= columns_.size();
  places_.clear();
  for (size_t place = 0; place < (may_be ? width : columns_.size()); ++place) {
    places_.emplace_back(place);
  }
  has_layout_ = true;
}

RawValue CsvRows::ValueOf(ColumnType type, std::string_view text, bool is_valid_utf8) {
  if (text.empty()) return {};
  if (!is_valid_utf8 && !IsValidUtf8(text)) {
    return {RawValue::Kind::kBrokenText, mended_.emplace_back(ToValidUtf8(text)), 0};
  }
  if (type == ColumnType::kFlag) return FlagOf(text);
  if (type == ColumnType::kInstant && IsWholeNumber(text)) return RawValue::Number(text);
  return RawValue::Text(text);
}

}  // namespace clv::ingest
