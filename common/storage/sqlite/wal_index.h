// common/storage/sqlite/wal_index.h: whether anybody has committed, without asking SQLite.
#ifndef CLV_COMMON_STORAGE_SQLITE_WAL_INDEX_H_
#define CLV_COMMON_STORAGE_SQLITE_WAL_INDEX_H_

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <optional>

namespace clv::storage {

// The header of the wal-index (https://sqlite.org/walformat.html#the_wal_index_header), which each
// commit of any connection and process changes before its readers see it. One that is being written
// equals neither what it was nor what it becomes.
using WalIndexHeader = std::array<uint32_t, 12>;

// As it is in the shared memory; absent where there is none. The connection must have read from a
// database in WAL mode.
std::optional<WalIndexHeader> ReadWalIndexHeader(sqlite3* db);

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_WAL_INDEX_H_
