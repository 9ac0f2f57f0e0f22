#include "services/query/quarantine_table.h"

#include <utility>
#include <vector>

#include "common/base/instant.h"
#include "common/domain/data_sources.h"

namespace clv::query {
namespace {

void WriteErrors(const v1::QuarantinedRow& row, rpc::TableWriter* writer) {
  std::vector<std::string> names;
  std::vector<std::string> errors;
  if (!row.error().empty()) errors.push_back(row.error());
  for (const v1::QuarantinedColumn& column : row.columns()) {
    if (column.error().empty()) continue;
    names.push_back(column.name());
    errors.push_back(column.error());
  }
  writer->Texts(names);
  writer->Texts(errors);
}

// The raw text of the column at `index`; null where the text is no object, or the value was absent.
void WriteRaw(const v1::QuarantinedRow& row, int index, rpc::TableWriter* writer) {
  if (index < row.columns_size() && row.columns(index).has_raw()) {
    writer->Text(row.columns(index).raw());
  } else {
    writer->Null();
  }
}

}  // namespace

std::vector<rpc::TableColumn> QuarantineColumns(domain::DataSource data_source) {
  std::vector<rpc::TableColumn> columns = {{"c__error_column", "Array(String)"},
                                           {"c__error", "Array(String)"},
                                           {"c__import_id", "Nullable(String)"}};
  for (const domain::Column& column : domain::ColumnsOf(data_source)) {
    columns.push_back({std::string(column.name), "Nullable(String)"});
  }
  columns.push_back({"insertion_date", "DateTime"});
  columns.push_back({"raw", "String"});
  columns.push_back({"raw_length", "UInt64"});
  return columns;
}

std::string RenderQuarantine(domain::DataSource data_source,
                             const v1::ListQuarantinedRowsResponse& response,
                             const rpc::TableOptions& options, const std::string& context_json) {
  rpc::TableWriter writer(options, QuarantineColumns(data_source));
  const auto column_count = static_cast<int>(domain::ColumnsOf(data_source).size());
  for (const v1::QuarantinedRow& row : response.rows()) {
    writer.BeginRow();
    WriteErrors(row, &writer);
    if (row.import_id().empty()) {
      writer.Null();
    } else {
      writer.Text(row.import_id());
    }
    for (int i = 0; i < column_count; ++i) WriteRaw(row, i, &writer);
    writer.Text(FormatInstant(row.insertion_date().seconds()));
    writer.Text(row.raw());
    writer.Unsigned(row.raw_length());
  }
  rpc::TableFooter footer;
  footer.rows_before_limit_at_least = response.total_rows();
  footer.rows_read = static_cast<uint64_t>(response.rows_size());
  footer.context_json = context_json;
  return writer.Finish(footer);
}

}  // namespace clv::query
