// common/storage/sqlite/wal_gathering.h: frames of the write-ahead file are written many at once.
#ifndef CLV_COMMON_STORAGE_SQLITE_WAL_GATHERING_H_
#define CLV_COMMON_STORAGE_SQLITE_WAL_GATHERING_H_

#include <sqlite3.h>

#include <cstdint>
#include <memory>

namespace clv::storage {

// SQLite writes a frame of its write-ahead file (https://sqlite.org/walformat.html) by two calls of
// the system, one of them for 24 bytes. From this call on until it is closed, what a connection
// appends to that file is kept until the frame that commits, or anything else that is done to the
// file: with that frame all is written, so that nobody is told of a frame that the file does not
// hold, and an error is that of the commit. The connection must be in WAL mode and have read or
// written; another one stays as it is. Result: how many calls have written since.
std::shared_ptr<const uint64_t> GatherWalWrites(sqlite3* db);

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_WAL_GATHERING_H_
