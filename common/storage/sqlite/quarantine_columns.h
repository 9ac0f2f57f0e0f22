// common/storage/sqlite/quarantine_columns.h: the columns of a quarantined row as one BLOB.
//
// Format: for each column name, state and texts: length-prefixed (32-bit little-endian) name, one
// byte (1: raw is present), length-prefixed raw, length-prefixed error.
#ifndef CLV_COMMON_STORAGE_SQLITE_QUARANTINE_COLUMNS_H_
#define CLV_COMMON_STORAGE_SQLITE_QUARANTINE_COLUMNS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/storage.h"

namespace clv::storage {

std::string EncodeColumns(const std::vector<QuarantinedColumn>& columns);

// DATA_LOSS when the bytes do not have the format.
absl::StatusOr<std::vector<QuarantinedColumn>> DecodeColumns(std::string_view bytes);

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_QUARANTINE_COLUMNS_H_
