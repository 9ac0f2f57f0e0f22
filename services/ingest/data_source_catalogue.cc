#include "services/ingest/data_source_catalogue.h"

#include <span>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace clv::ingest {
namespace {

using domain::Column;
using domain::ColumnType;
using domain::DataSource;

// Type and description of what a column takes.
struct TypeText {
  const char* type;
  const char* description;
};

TypeText TextOfType(ColumnType type) {
  switch (type) {
    case ColumnType::kText:
      return {"String", "text of at most 256 bytes"};
    case ColumnType::kLongText:
      return {"String", "text of at most 1024 bytes"};
    case ColumnType::kInstant:
      return {"DateTime", "YYYY-MM-DD HH:MM:SS, ISO 8601, YYYY-MM-DD or epoch seconds, UTC"};
    case ColumnType::kAmount:
      return {"Decimal(38, 6)", "exact decimal, at most 1000000000 either way"};
    case ColumnType::kImportedTotal:
      return {"Decimal(38, 6)", "exact decimal, at most 1000000000000 either way"};
    case ColumnType::kCount:
      return {"UInt64", "integer of at least 1"};
    case ColumnType::kFlag:
      return {"UInt8", "0, 1, true or false"};
    case ColumnType::kCurrency:
      return {"String", "three letters such as USD"};
  }
  return {"String", ""};
}

const char* DescriptionOf(DataSource data_source) {
  switch (data_source) {
    case DataSource::kCustomers:
      return "Customers as they are described: the newest version of each.";
    case DataSource::kPurchases:
      return "Purchase rows: the newest version of each. Rows of one order_id are one order; "
             "negative amounts are refunds.";
    case DataSource::kCustomerClv:
      return "Imported CLV records: what customers had spent before their first purchase row.";
  }
  return "";
}

void AddColumn(std::string name, std::string type, bool nullable, std::string description,
               v1::DataSource* described) {
  v1::DataSourceColumn* column = described->add_columns();
  column->set_name(std::move(name));
  column->set_type(std::move(type));
  column->set_nullable(nullable);
  column->set_description(std::move(description));
}

void AddColumns(DataSource data_source, v1::DataSource* described) {
  for (const Column& column : domain::ColumnsOf(data_source)) {
    const TypeText text = TextOfType(column.type);
    const std::string_view default_value = DefaultOf(data_source, column.name);
    const bool is_null = !column.required && default_value.empty();
    AddColumn(std::string(column.name),
              is_null ? absl::StrCat("Nullable(", text.type, ")") : text.type, !column.required,
              default_value.empty()
                  ? text.description
                  : absl::StrCat(text.description, "; default ", std::string(default_value)),
              described);
  }
}

// The columns of the pipe of that name.
void AddQuarantineColumns(DataSource data_source, v1::DataSource* described) {
  AddColumn("c__error_column", "Array(String)", false, "the broken columns", described);
  AddColumn("c__error", "Array(String)", false, "what was got and wanted, for each", described);
  AddColumn("c__import_id", "Nullable(String)", true, "the request that sent the row", described);
  for (const Column& column : domain::ColumnsOf(data_source)) {
    AddColumn(std::string(column.name), "Nullable(String)", true, "the value as it was sent",
              described);
  }
  AddColumn("insertion_date", "DateTime", false, "when the row came", described);
  AddColumn("raw", "String", false, "the row as it was sent, cut at 16 KiB", described);
  AddColumn("raw_length", "UInt64", false, "its full length in bytes", described);
}

}  // namespace

std::string_view DefaultOf(DataSource data_source, std::string_view column) {
  if (data_source == DataSource::kCustomers && column == "active") return "1";
  if (data_source == DataSource::kPurchases && column == "order_id") return "purchase_id";
  return "";
}

storage::FactCounts DataSourceCatalogue::Facts() const {
  const auto state = options_.facts->Read();
  const absl::StatusOr<storage::FactCounts> counted =
      state.ok() ? (*state)->CountFacts() : state.status();
  std::lock_guard lock(mutex_);
  if (counted.ok()) counts_ = *counted;
  return counts_;
}

v1::DataSource DataSourceCatalogue::Describe(const NamedDataSource& named) const {
  const DataSource data_source = named.data_source;
  const uint64_t quarantined = options_.log->quarantine_counts()[data_source].rows;
  v1::DataSource described;
  described.set_name(NameOf(named));
  if (named.is_quarantine) {
    described.set_description(absl::StrCat("Rows of ",
                                           std::string(domain::DataSourceName(data_source)),
                                           " that were refused, with their reasons."));
    AddQuarantineColumns(data_source, &described);
    described.set_row_count(quarantined);
    described.add_used_by(described.name());
    return described;
  }
  const storage::FactCounts facts = Facts();
  described.set_description(DescriptionOf(data_source));
  AddColumns(data_source, &described);
  described.set_key(std::string(domain::ColumnsOf(data_source).front().name));
  described.set_row_count(data_source == DataSource::kCustomers   ? facts.customer_rows
                          : data_source == DataSource::kPurchases ? facts.purchases
                                                                  : facts.import_rows);
  described.set_quarantined_rows(quarantined);
  for (const std::string& pipe : options_.pipes) described.add_used_by(pipe);
  return described;
}

}  // namespace clv::ingest
