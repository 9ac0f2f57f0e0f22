#include "common/rpc/table_writer.h"

#include <cmath>
#include <utility>

#include "common/rpc/json_text.h"

namespace clv::rpc {
namespace {

void AppendCsvText(std::string_view text, std::string* out) {
  *out += '"';
  for (size_t quote; (quote = text.find('"')) != std::string_view::npos;
       text.remove_prefix(quote + 1)) {
    out->append(text.substr(0, quote + 1));
    *out += '"';
  }
  out->append(text);
  *out += '"';
}

// An array as a text of its own, its elements in single quotes.
std::string CsvArray(const std::vector<std::string>& texts) {
  std::string array = "[";
  for (const std::string& text : texts) {
    if (array.size() > 1) array += ',';
    array += '\'';
    for (const char c : text) {
      if (c == '\'' || c == '\\') array += '\\';
      array += c;
    }
    array += '\'';
  }
  array += ']';
  return array;
}

std::string_view DenormalName(double value) {
  if (std::isnan(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

}  // namespace

std::string_view ContentTypeOf(TableFormat format) {
  switch (format) {
    case TableFormat::kJson:
      return "application/json; charset=UTF-8";
    case TableFormat::kCsv:
      return "text/csv; charset=UTF-8; header=present";
    case TableFormat::kNdjson:
      return "application/x-ndjson";
  }
  return "application/octet-stream";
}

TableWriter::TableWriter(TableOptions options, std::vector<TableColumn> columns)
    : options_(options), columns_(std::move(columns)), prefixes_(columns_.size()) {
  const bool is_csv = options_.format == TableFormat::kCsv;
  for (size_t i = 0; i < columns_.size(); ++i) {
    prefixes_[i] += i > 0 ? ',' : '{';
    if (is_csv) {
      if (i == 0) prefixes_[i].clear();
      out_ += prefixes_[i];
      AppendCsvText(columns_[i].name, &out_);
    } else {
      AppendJsonText(columns_[i].name, &prefixes_[i]);
      prefixes_[i] += ':';
    }
  }
  if (is_csv) out_ += '\n';
  if (options_.format == TableFormat::kJson) BeginJson();
}

void TableWriter::BeginJson() {
  out_ += "{\"meta\":[";
  for (const TableColumn& column : columns_) {
    if (&column != &columns_.front()) out_ += ',';
    out_ += "{\"name\":";
    AppendJsonText(column.name, &out_);
    out_ += ",\"type\":";
    AppendJsonText(column.type, &out_);
    out_ += '}';
  }
  out_ += "],\"data\":[";
}

void TableWriter::BeginRow() {
  if (options_.format == TableFormat::kJson && rows_ > 0) out_ += ',';
  ++rows_;
  next_column_ = 0;
}

void TableWriter::BeginCell() { out_ += prefixes_[next_column_++]; }

void TableWriter::EndCell() {
  if (next_column_ < columns_.size()) return;
  if (options_.format != TableFormat::kCsv) out_ += '}';
  if (options_.format != TableFormat::kJson) out_ += '\n';
}

void TableWriter::Null() {
  BeginCell();
  out_ += options_.format == TableFormat::kCsv ? "\\N" : "null";
  EndCell();
}

void TableWriter::Text(std::string_view text) {
  BeginCell();
  if (options_.format == TableFormat::kCsv) {
    AppendCsvText(text, &out_);
  } else {
    AppendJsonText(text, &out_);
  }
  EndCell();
}

void TableWriter::Decimal(std::string_view text) {
  BeginCell();
  out_ += text;
  EndCell();
}

void TableWriter::Double(double value) {
  if (!std::isfinite(value)) {
    const bool quoted = options_.quote_denormals && options_.format != TableFormat::kCsv;
    return quoted ? Text(DenormalName(value)) : Null();
  }
  BeginCell();
  AppendDouble(value, &out_);
  EndCell();
}

void TableWriter::Flag(bool value) {
  BeginCell();
  out_ += value ? '1' : '0';
  EndCell();
}

void TableWriter::Unsigned(uint64_t value) {
  const bool quoted = options_.quote_64bit_integers && options_.format != TableFormat::kCsv;
  BeginCell();
  if (quoted) out_ += '"';
  AppendUnsigned(value, &out_);
  if (quoted) out_ += '"';
  EndCell();
}

void TableWriter::Signed(int64_t value) {
  const bool quoted = options_.quote_64bit_integers && options_.format != TableFormat::kCsv;
  BeginCell();
  if (quoted) out_ += '"';
  AppendSigned(value, &out_);
  if (quoted) out_ += '"';
  EndCell();
}

void TableWriter::Texts(const std::vector<std::string>& texts) {
  BeginCell();
  if (options_.format == TableFormat::kCsv) {
    AppendCsvText(CsvArray(texts), &out_);
  } else {
    out_ += '[';
    for (const std::string& text : texts) {
      if (&text != &texts.front()) out_ += ',';
      AppendJsonText(text, &out_);
    }
    out_ += ']';
  }
  EndCell();
}

std::string TableWriter::Finish(const TableFooter& footer) {
  if (options_.format != TableFormat::kJson) return std::move(out_);
  out_ += "],\"rows\":";
  AppendUnsigned(rows_, &out_);
  if (footer.rows_before_limit_at_least) {
    out_ += ",\"rows_before_limit_at_least\":";
    AppendUnsigned(*footer.rows_before_limit_at_least, &out_);
  }
  out_ += ",\"statistics\":{\"elapsed\":";
  AppendDouble(footer.elapsed_seconds, &out_);
  out_ += ",\"rows_read\":";
  AppendUnsigned(footer.rows_read, &out_);
  out_ += ",\"bytes_read\":";
  AppendUnsigned(footer.bytes_read, &out_);
  out_ += "},\"context\":";
  out_ += footer.context_json;
  out_ += "}\n";
  return std::move(out_);
}

}  // namespace clv::rpc
