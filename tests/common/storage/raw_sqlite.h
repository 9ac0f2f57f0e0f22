// tests/common/storage/raw_sqlite.h: SQL on a database file behind the back of its owner.
#ifndef CLV_TESTS_COMMON_STORAGE_RAW_SQLITE_H_
#define CLV_TESTS_COMMON_STORAGE_RAW_SQLITE_H_

#include <string>

namespace clv::storage {

// Runs a script on a connection of its own; an error fails the test.
void RunRawSql(const std::string& path, const std::string& sql);

// The first column of the first row as text: "" for NULL or no row.
std::string ReadRawSql(const std::string& path, const std::string& sql);

// All rows as text, `|` between columns, a newline after each row.
std::string DumpRawSql(const std::string& path, const std::string& sql);

// The same on a clv.db, read-only and with the virtual table `purchases`. Fails the test when
// pages, owners and counted texts of the purchases do not agree.
std::string DumpClvSql(const std::string& path, const std::string& sql);

}  // namespace clv::storage

#endif  // CLV_TESTS_COMMON_STORAGE_RAW_SQLITE_H_
