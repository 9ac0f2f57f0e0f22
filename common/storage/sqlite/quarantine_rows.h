// common/storage/sqlite/quarantine_rows.h: reading rows of the table `quarantine`.
#ifndef CLV_COMMON_STORAGE_SQLITE_QUARANTINE_ROWS_H_
#define CLV_COMMON_STORAGE_SQLITE_QUARANTINE_ROWS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/storage.h"

namespace clv::storage {

// The columns that ReadQuarantined reads, in its order.
#define CLV_QUARANTINE_COLUMNS "id, inserted_at, import_id, error, columns, raw, raw_length"

// Takes data source, id and limit; oldest first.
inline constexpr char kSelectQuarantinedAfter[] =
    "SELECT " CLV_QUARANTINE_COLUMNS
    " FROM quarantine WHERE data_source = ? AND id > ? ORDER BY id LIMIT ?";

// All rows of a statement that selects CLV_QUARANTINE_COLUMNS; resets it.
absl::StatusOr<std::vector<QuarantinedRow>> ReadQuarantined(Statement& statement,
                                                            DataSource data_source);

// Binds and runs kSelectQuarantinedAfter.
absl::StatusOr<std::vector<QuarantinedRow>> ReadQuarantinedAfter(Statement& statement,
                                                                 DataSource data_source,
                                                                 uint64_t after, uint64_t limit);

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_QUARANTINE_ROWS_H_
