#include "services/ingest/row_export.h"

#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/instant.h"
#include "common/base/money.h"
#include "common/base/status_macros.h"
#include "common/domain/data_sources.h"
#include "common/rpc/json_writer.h"

namespace clv::ingest {
namespace {

using domain::Column;

constexpr int kRowsPerRead = 1'000;

// A value as it is written; JSON: in quotes unless it is a number. Absent: the row has it not.
struct Cell {
  std::optional<std::string> text;
  bool is_number = false;
};
using Cells = std::vector<Cell>;

Cell TextCell(const std::string& text) {
  return {text.empty() ? std::nullopt : std::optional(text)};
}
Cell InstantCell(std::optional<int64_t> seconds) {
  return {seconds ? std::optional(FormatInstant(*seconds)) : std::nullopt};
}
Cell AmountCell(int64_t micros) { return {FormatMicros(micros), /*is_number=*/true}; }
Cell CountCell(int64_t count) { return {std::to_string(count), /*is_number=*/true}; }

// In the order of ColumnsOf.
Cells CellsOf(const domain::Customer& row) {
  return {TextCell(row.customer_id),
          TextCell(row.name),
          TextCell(row.email),
          InstantCell(row.signup_date),
          TextCell(row.country),
          TextCell(row.customer_segment),
          TextCell(row.acquisition_source),
          CountCell(row.active ? 1 : 0),
          InstantCell(row.created_at)};
}

Cells CellsOf(const domain::Purchase& row) {
  return {TextCell(row.purchase_id),
          TextCell(row.customer_id),
          AmountCell(row.purchase_amount_micros),
          InstantCell(row.purchase_date),
          TextCell(row.product_id),
          TextCell(row.product_name),
          TextCell(row.product_category),
          TextCell(row.payment_method),
          TextCell(row.currency),
          InstantCell(row.created_at),
          TextCell(row.order_id == row.purchase_id ? "" : row.order_id)};
}

Cells CellsOf(const domain::ImportedClv& row) {
  return {TextCell(row.customer_id),
          AmountCell(row.total_spend_micros),
          CountCell(row.purchase_count),
          InstantCell(row.first_purchase_date),
          InstantCell(row.last_purchase_date),
          TextCell(row.customer_segment),
          TextCell(row.country),
          TextCell(row.acquisition_source),
          InstantCell(row.updated_at)};
}

void AddJson(std::span<const Column> columns, const Cells& cells, std::string& text) {
  rpc::JsonWriter json;
  json.BeginObject();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!cells[i].text) continue;
    json.Key(columns[i].name);
    if (cells[i].is_number) {
      json.Json(*cells[i].text);
    } else {
      json.Text(*cells[i].text);
    }
  }
  text += json.EndObject().Take();
  text += '\n';
}

void AddCsvValue(std::string_view value, std::string& text) {
  // Also white space at the ends, which some readers trim outside of quotes.
  if (value.find_first_of(",;|\t\"\r\n ") == std::string_view::npos) {
    text += value;
    return;
  }
  text += '"';
  for (const char c : value) {
    if (c == '"') text += '"';
    text += c;
  }
  text += '"';
}

void AddCsv(const Cells& cells, std::string& text) {
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) text += ',';
    if (cells[i].text) AddCsvValue(*cells[i].text, text);
  }
  text += '\n';
}

template <typename Row>
void AddAll(const std::vector<Row>& rows, const RowExport::Options& options, std::string& text) {
  const std::span<const Column> columns = domain::ColumnsOf(options.data_source);
  for (const Row& row : rows) {
    if (options.format == ExportFormat::kCsv) {
      AddCsv(CellsOf(row), text);
    } else {
      AddJson(columns, CellsOf(row), text);
    }
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowExport>> RowExport::Begin(storage::ClvReader& facts,
                                                            const Options& options) {
  CLV_ASSIGN_OR_RETURN(auto state, facts.Read());
  return std::unique_ptr<RowExport>(new RowExport(std::move(state), options));
}

absl::StatusOr<std::string> RowExport::Next() {
  std::string text;
  if (!std::exchange(has_begun_, true) && options_.format == ExportFormat::kCsv) {
    Cells header;
    for (const Column& column : domain::ColumnsOf(options_.data_source)) {
      header.push_back({std::string(column.name)});
    }
    AddCsv(header, text);
  }
  while (text.size() < options_.piece_bytes) {
    CLV_ASSIGN_OR_RETURN(const size_t rows, AddRows(text));
    if (rows == 0) break;
  }
  return text;
}

absl::StatusOr<size_t> RowExport::AddRows(std::string& text) {
  switch (options_.data_source) {
    case domain::DataSource::kCustomers: {
      CLV_ASSIGN_OR_RETURN(const auto rows, state_->ScanCustomers(last_.customer_id, kRowsPerRead));
      AddAll(rows, options_, text);
      if (!rows.empty()) last_.customer_id = rows.back().customer_id;
      return rows.size();
    }
    case domain::DataSource::kCustomerClv: {
      CLV_ASSIGN_OR_RETURN(const auto rows, state_->ScanImports(last_.customer_id, kRowsPerRead));
      AddAll(rows, options_, text);
      if (!rows.empty()) last_.customer_id = rows.back().customer_id;
      return rows.size();
    }
    case domain::DataSource::kPurchases: {
      CLV_ASSIGN_OR_RETURN(const auto rows, state_->ScanPurchases(last_, kRowsPerRead));
      AddAll(rows, options_, text);
      if (!rows.empty()) last_ = {rows.back().customer_id, rows.back().purchase_id};
      return rows.size();
    }
  }
  return absl::InternalError("unknown data source");
}

}  // namespace clv::ingest
