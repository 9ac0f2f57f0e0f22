// common/storage/sqlite/open_erasures.h: reading the table `open_erasures`.
#ifndef CLV_COMMON_STORAGE_SQLITE_OPEN_ERASURES_H_
#define CLV_COMMON_STORAGE_SQLITE_OPEN_ERASURES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/storage.h"

namespace clv::storage {

inline constexpr char kSelectOpenErasures[] =
    "SELECT position FROM open_erasures ORDER BY position";

// All positions that kSelectOpenErasures gives; resets it.
inline absl::StatusOr<std::vector<LogPosition>> ReadOpenErasures(Statement& statement) {
  std::vector<LogPosition> positions;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, statement.Step());
    if (!has_row) break;
    positions.push_back(static_cast<LogPosition>(statement.Int(0)));
  }
  statement.Reset();
  return positions;
}

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_OPEN_ERASURES_H_
