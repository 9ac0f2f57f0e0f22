#include "common/storage/sqlite/quarantine_rows.h"

#include <string>
#include <utility>

#include "common/base/status_macros.h"
#include "common/storage/sqlite/quarantine_columns.h"

namespace clv::storage {

absl::StatusOr<std::vector<QuarantinedRow>> ReadQuarantined(Statement& statement,
                                                            DataSource data_source) {
  std::vector<QuarantinedRow> rows;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Step());
    if (!has_row) break;
    absl::StatusOr<std::vector<QuarantinedColumn>> columns = DecodeColumns(statement.Blob(4));
    if (!columns.ok()) {
      statement.Reset();
      return columns.status();
    }
    rows.push_back({.id = static_cast<uint64_t>(statement.Int(0)),
                    .data_source = data_source,
                    .columns = *std::move(columns),
                    .error = std::string(statement.Text(3)),
                    .import_id = std::string(statement.Text(2)),
                    .inserted_at_seconds = statement.Int(1),
                    .raw = std::string(statement.Text(5)),
                    .raw_length = static_cast<uint64_t>(statement.Int(6))});
  }
  statement.Reset();
  return rows;
}

absl::StatusOr<std::vector<QuarantinedRow>> ReadQuarantinedAfter(Statement& statement,
                                                                 DataSource data_source,
                                                                 uint64_t after, uint64_t limit) {
  statement.Bind(1, static_cast<int64_t>(data_source));
  statement.Bind(2, static_cast<int64_t>(after));
  statement.Bind(3, static_cast<int64_t>(limit));
  return ReadQuarantined(statement, data_source);
}

}  // namespace clv::storage
